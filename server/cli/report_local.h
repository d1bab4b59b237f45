/* The report of a backtest that this process made, from what it holds in memory. */
#ifndef SERVER_CLI_REPORT_LOCAL_H
#define SERVER_CLI_REPORT_LOCAL_H

#include "engine/trades/simulation.h"

struct strbuf;

struct report_local {
    const struct strbuf *answer; /* the JSON that the command prints */
    const struct study_result *result;
    const struct simulation *simulation; /* NULL without a strategy */
};

/* Appends the page. The errors of report_read and report_write. */
enum err report_local_write(const struct report_local *in, struct strbuf *out, struct error *e);

#endif
