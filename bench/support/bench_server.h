/* The whole server in this process, on a data folder that goes away, with one event loop. */
#ifndef BENCH_SUPPORT_BENCH_SERVER_H
#define BENCH_SUPPORT_BENCH_SERVER_H

#include "bench/support/bench_folder.h"
#include "server/app.h"

struct bench_server {
    char folder[BENCH_FOLDER_BYTES];
    struct arena arena;
    struct config config;
    struct app app; /* its first key is admin */
};

/* Further arguments as of `bracketd serve`, NULL-terminated; NULL = none. Ends the program when it
 * fails. */
void bench_server_start(struct bench_server *s, const char *const *arguments);
void bench_server_stop(struct bench_server *s);

#endif
