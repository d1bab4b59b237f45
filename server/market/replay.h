/* One replay: stored bars of some symbols as quotes of now, in order of time, at a speed.
 *
 * Market time is the bars'; it starts at the first bar's start and runs `speed` times as fast as
 * the monotonic clock. Where no symbol is inside a session it jumps to the next bar. At one instant
 * a bar's close comes before the open of the next, then symbols in their order. Each bar goes along
 * its path (bar_path.h). While a bar is under way its last quote is told again each REPLAY_REPEAT
 * of real time, so that it does not look stale; where the data has a gap it is not.
 *
 * Not thread safe: replay_service.h guards it. Nothing here blocks.
 */
#ifndef SERVER_MARKET_REPLAY_H
#define SERVER_MARKET_REPLAY_H

#include "base/uuid.h"
#include "engine/bars/bars.h"
#include "orders/contract.h"
#include "orders/market_quote.h"
#include "server/market/bar_path.h"
#include "server/market/replay_spec.h"

#define REPLAY_REPEAT_NS (500 * NS_PER_MS)

/* clang-format off */
#define REPLAY_STATUS_TABLE(X)                                                                     \
    X(RUNNING, "running")                                                                          \
    X(PAUSED, "paused")                                                                            \
    X(STOPPED, "stopped")   /* by a user */                                                        \
    X(FINISHED, "finished") /* the last bar is through */
/* clang-format on */
enum replay_status {
#define X(code, name) REPLAY_##code,
    REPLAY_STATUS_TABLE(X)
#undef X
};
const char *replay_status_name(enum replay_status status);
static inline bool replay_status_is_final(enum replay_status status)
{
    return status >= REPLAY_STOPPED;
}

/* A symbol: its bars, and where it stands. */
struct replay_source {
    char as[LIMIT_SYMBOL_BYTES];
    enum contract_kind kind;
    int32_t lanes;                           /* 1: of trades; 2: a stored bid, a stored ask */
    const struct bars *bars[BAR_PATH_LANES]; /* references */
    int64_t next[BAR_PATH_LANES], end[BAR_PATH_LANES]; /* bars to come: [next, end) */
    /* The bar under way. */
    bool in_bar;
    int64_t bar_ns, length_ns;
    int64_t session_close_ns;               /* of its session; 0 = none was begun */
    struct bar_shape shape[BAR_PATH_LANES]; /* all 0: the lane has had no price yet */
    struct bar_path path;
    /* What comes next. */
    struct bar_path_point point;
    int64_t due_ns; /* market time; INT64_MAX = nothing */
    /* What was told last. */
    struct market_quote quote;
    int64_t told_ns; /* monotonic */
};

struct replay {
    struct uuid id; /* given by the service */
    char *request;  /* as JSON; owned */
    size_t request_bytes;
    struct replay_source *sources; /* owned */
    size_t source_count;
    /* How quotes are made. */
    struct replay_spread spread;
    int64_t size;
    enum intrabar intrabar;
    enum trade_side side;
    bool corners;
    /* How far it is. */
    enum replay_status status;
    double speed;
    int64_t anchor_ns, anchor_market_ns; /* monotonic, and what market time it was then */
    int64_t market_ns;                   /* of the newest point */
    int64_t bar_ns;                      /* the start of the newest bar; 0 = none yet */
    int64_t bars_done, bars_total, quotes;
    int64_t created_at_ns, ended_at_ns; /* UTC; 0 = not yet */
    char expired[LIMIT_SYMBOL_BYTES];   /* a contract that had ended when it began; "" = none */
};

/* Takes sources, terms and speed as they are filled in, and starts. now_ns: monotonic. */
void replay_begin(struct replay *r, int64_t now_ns);
/* Writes up to `max` quotes that are due, and returns how many. *ret_wake_ns: when to come again
 * (monotonic; INT64_MAX = not by itself). Becomes FINISHED behind the last. */
size_t replay_advance(struct replay *r, int64_t now_ns, struct market_quote *out, size_t max,
                      int64_t *ret_wake_ns);
void replay_pause(struct replay *r);
void replay_resume(struct replay *r, int64_t now_ns);
void replay_set_speed(struct replay *r, double speed, int64_t now_ns);
/* Real time that is left at this speed, or -1: paused, ended, at any speed. */
int64_t replay_eta_ns(const struct replay *r);

void replay_free(struct replay *r); /* NULL is fine; gives the bars back */

#endif
