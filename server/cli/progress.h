/* A line on standard error that says how far the work is: on a terminal alone, and gone when the
 * work ends.
 *
 *   [###########-------------]  46 %  11/24 shards  89k/195k bars  eta 3.1 s
 *
 * One thread draws.
 */
#ifndef SERVER_CLI_PROGRESS_H
#define SERVER_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool on;    /* standard error is a terminal */
    bool drawn; /* there is a line to wipe */
};

struct progress_counts {
    int64_t shards_done, shards_total; /* total 0: not known yet */
    int64_t bars_done, bars_total;
    double eta_s; /* NaN = unknown */
};

void progress_begin(struct progress *p);
void progress_draw(struct progress *p, const struct progress_counts *counts);
/* Bytes of `what` ("upload"). */
void progress_draw_bytes(struct progress *p, const char *what, int64_t done, int64_t total);
void progress_end(struct progress *p);

#endif
