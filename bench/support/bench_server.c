#include "bench/support/bench_server.h"

#include "bench/support/bench_bars.h"

enum { ARGUMENTS_MAX = 24 };

void bench_server_start(struct bench_server *s, const char *const *arguments)
{
    struct error e;
    bool help;
    const char *all[ARGUMENTS_MAX] = {"--data",         s->folder, "--listen",  "127.0.0.1:0",
                                      "--http-threads", "1",       "--workers", "1"};
    int count = 8;
    bench_folder_make(s->folder);
    while (arguments && *arguments && count < ARGUMENTS_MAX)
        all[count++] = *arguments++;
    arena_init(&s->arena, 1 << 20);
    bench_must(config_load(count, (char **)all, &s->arena, &s->config, &help, &e), &e);
    bench_must(app_start(&s->app, &s->config, clock_real(), &e), &e);
}

void bench_server_stop(struct bench_server *s)
{
    app_stop(&s->app);
    bench_folder_remove(s->folder);
    arena_release(&s->arena);
}
