/* What a user asks of a replay: the body of POST /v1/replays, decoded, and checked as far as that
 * goes without looking at stored bars. */
#ifndef SERVER_MARKET_REPLAY_SPEC_H
#define SERVER_MARKET_REPLAY_SPEC_H

#include "base/json_fields.h"
#include "base/limits.h"
#include "server/jobs/study_spec.h"

/* How the replay goes between the corners of a bar. */
enum replay_steps { REPLAY_TICKS, REPLAY_CORNERS };

struct replay_spread {
    bool has_percent, has_price, has_ticks;
    int64_t percent, price; /* 1e-6 */
    int64_t ticks;
};

struct replay_spec {
    /* As decoded; strings live in the arena given. */
    struct json_texts symbols, as;
    const char *timeframe_text, *from_text, *to_text, *speed_text; /* NULL = the default */
    struct replay_spread spread;
    int64_t size;           /* 1e-6; 0 = any size trades */
    int32_t intrabar, side; /* enum intrabar, enum trade_side */
    int32_t steps;          /* enum replay_steps */
    bool has_as, has_spread, has_size, has_intrabar, has_side, has_steps;
    /* Read from the texts. */
    struct timeframe timeframe;
    struct study_spec_when from, to;
    double speed;                        /* REPLAY_SPEED_MAX is "max" */
    char (*targets)[LIMIT_SYMBOL_BYTES]; /* by symbol: under which name it is quoted */
};

/* Market seconds a second. As fast as the market takes the quotes: infinite. */
#define REPLAY_SPEED_MAX ((double)INFINITY)

/* ERR_INVALID with a JSON pointer; NO_MEMORY. */
enum err replay_spec_decode(const char *text, size_t length, struct arena *arena,
                            struct replay_spec *ret, struct error *e);
/* The object that decodes to the same. */
void replay_spec_encode(const struct replay_spec *s, struct json_writer *w);

/* What PATCH asks for; speed 0 = as it is. */
enum replay_wish { REPLAY_AS_IT_IS, REPLAY_RUN, REPLAY_PAUSE };
struct replay_change {
    enum replay_wish wish;
    double speed;
};
enum err replay_change_decode(const char *text, size_t length, struct arena *arena,
                              struct replay_change *ret, struct error *e);

#endif
