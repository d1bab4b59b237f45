/* Made-up backtests of any size, as the input of a report: random walks from a seed, no engine. */
#ifndef TESTS_SERVER_REPORT_FIXTURE_H
#define TESTS_SERVER_REPORT_FIXTURE_H

#include "base/arena.h"
#include "server/report/report.h"

struct report_size {
    int32_t days;       /* sessions, weekdays from 3 January 2022 on */
    int64_t fires;      /* in the study */
    int64_t trades;     /* -1 = no strategy */
    int32_t day_points; /* equity points of a session, the mark included */
    size_t symbols;
    uint64_t seed;
};

struct report_fixture {
    struct arena arena; /* owns all that the input points to */
    struct report_input input;
    struct report_account account;
    struct metrics chosen, best, worst;
    struct trade_stats stats;
    struct trades_gather trades;
};

void report_fixture_init(struct report_fixture *f, const struct report_size *size);
void report_fixture_release(struct report_fixture *f);

#endif
