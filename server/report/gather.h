/* What a report keeps of a ledger, while it is read: so many points that no eye misses the rest,
 * and of the trades their totals, their returns and the first few. Memory is bounded, however long
 * the ledger is.
 */
#ifndef SERVER_REPORT_GATHER_H
#define SERVER_REPORT_GATHER_H

#include "engine/trades/ledger.h"

enum { GATHER_POINTS = 16384, GATHER_TRADES_FIRST = 100 };

/* ---- equity ---- */

/* Up to GATHER_POINTS points are kept as they are. Of more, consecutive runs of equal length keep
 * their lowest and highest; all marks, the first and the last are kept always. */
struct points_gather {
    int64_t run;   /* points of one run; 1 = all are kept */
    int64_t taken; /* points that came */
    struct equity_point low, high, last;
    int64_t low_at, high_at; /* which of those that came, of the run under way; -1 = none */
    int64_t kept_at;         /* which was kept last; -1 = none */
    size_t count, capacity;
    struct equity_point *points; /* [count], in time order; owned */
    bool failed;                 /* memory was out */
};
void points_gather_init(struct points_gather *g, int64_t total);
void points_gather_add(struct points_gather *g, const struct equity_point *p);
enum err points_gather_end(struct points_gather *g, struct error *e); /* ERR_NO_MEMORY */
void points_gather_release(struct points_gather *g);

/* ---- trades ---- */

/* Trades that ended for one reason. */
struct trade_ending {
    int64_t trades, wins, pnl;
    double returns; /* their sum */
};

/* A trade with what it was in: the symbol's own share, or an option. */
struct gathered_trade {
    struct trade trade;
    char contract[OCC_TEXT_MAX]; /* "" = the share */
    bool is_modelled;            /* its prices are a model's */
};

struct trades_gather {
    int64_t count, modelled;
    struct trade_ending endings[EXIT_REASON_COUNT];
    size_t first_count;
    struct gathered_trade first[GATHER_TRADES_FIRST];
    size_t capacity;
    double *returns; /* [count]; owned */
    bool failed;     /* memory was out */
};
void trades_gather_init(struct trades_gather *g);
/* contract: the OCC symbol, "" for a share. */
void trades_gather_add(struct trades_gather *g, const struct trade *t, const char *contract,
                       bool is_modelled);
enum err trades_gather_end(struct trades_gather *g, struct error *e); /* ERR_NO_MEMORY */
void trades_gather_release(struct trades_gather *g);

#endif
