#include "server/app.h"
#include "server/cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static int help(void)
{
    struct strbuf text;
    strbuf_init(&text, 1 << 16);
    strbuf_add_string(&text, "Usage: bracketd serve [--data DIR] [--listen ADDRESS:PORT] ...\n\n"
                             "Serve a data folder over HTTP until SIGINT or SIGTERM.\n\n");
    config_write_help(&text);
    fputs(strbuf_text(&text), stdout);
    strbuf_release(&text);
    return CLI_OK;
}

static void greet(const struct app *app, const char *url)
{
    printf("bracketd listens on %s, data in %s\n", url, app->config->data);
    if (app->demo_made)
        printf(
            "\nDemo bars of two symbols, DEMO and THIN, are in: 2023 and 2024, one minute each.\n");
    if (app->first_key[0]) {
        printf("\nYour key, shown this once (scope admin):\n\n    export KEY=%s\n", app->first_key);
    } else {
        printf("\nKeys were made before; another: bracketd keys create --data %s --name mine "
               "--scopes admin\n",
               app->config->data);
    }
    printf("\nTry:\n\n"
           "    curl -s -H \"Authorization: Bearer $KEY\" '%s/v1/check?symbol=DEMO' \\\n"
           "         -H 'Content-Type: text/plain' -d 'rsi(14) < 30 and close > sma(200)'\n"
           "    curl -s -H \"Authorization: Bearer $KEY\" %s/v1/symbols\n"
           "    curl -s %s/openapi.yaml\n\n",
           url, url, url);
    fflush(stdout);
}

static void wait_for_end(const sigset_t *signals)
{
    int number;
    while (sigwait(signals, &number) != 0)
        ;
    log_event(LOG_INFO, "stopping", LOG_TEXT("signal", number == SIGINT ? "SIGINT" : "SIGTERM"));
}

static int run(const struct config *config, const sigset_t *signals)
{
    struct app app;
    struct error e;
    char url[96];
    bool v6 = strchr(config->address, ':') != NULL;
    if (app_start(&app, config, clock_real(), &e)) {
        bool held = e.code == ERR_CONFLICT && data_folder_is_held(config->data, NULL);
        return cli_fail(held ? CLI_HELD : CLI_FAILED, &e);
    }
    int port = http_server_port(app.http);
    snprintf(url, sizeof(url), "http://%s%s%s:%d", v6 ? "[" : "", config->address, v6 ? "]" : "",
             port);
    log_event(LOG_INFO, "listening", LOG_TEXT("address", config->address), LOG_INT("port", port),
              LOG_TEXT("data", config->data), LOG_INT("workers", config->workers));
    greet(&app, url);
    wait_for_end(signals);
    if (app.failed)
        app_abandon(&app);
    app_stop(&app);
    log_event(LOG_INFO, "stopped");
    return CLI_OK;
}

int cli_serve(int argc, char **argv)
{
    struct arena arena;
    struct config config;
    struct error e;
    bool wants_help = false;
    int code;
    arena_init(&arena, 1 << 20);
    if (config_load(argc, argv, &arena, &config, &wants_help, &e)) {
        code = cli_fail(CLI_USAGE, &e);
    } else if (wants_help) {
        code = help();
    } else {
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &signals, NULL);
        signal(SIGPIPE, SIG_IGN);
        log_set_level(config.log_level);
        code = run(&config, &signals);
    }
    arena_release(&arena);
    return code;
}
