/* A price that wanders like a share's: the size of its moves follows a slowly reverting volatility,
 * is larger at the open and the close, jumps overnight, and volume grows with the move. Only the
 * four operations of IEEE arithmetic are used, no library function that may differ between
 * machines, so a seed gives the same bars everywhere.
 */
#include "engine/bars/demo.h"

#include "base/clock.h"
#include "base/random.h"

#include <assert.h>
#include <math.h>

enum { STEPS = 4 }; /* moves inside a minute */

static const double step_size = 0.0002; /* of a minute's quarter, at rest */
static const double overnight_size = 0.006;
static const double drift = 0.00000025; /* a minute */
static const double base_volume = 1800;

struct market {
    struct random random;
    double price;
    double volatility; /* around 1 */
    double scale;      /* 10^decimals */
    double missing_share;
};

struct minute_bar {
    double value[BAR_COLUMN_COUNT];
};

/* Near enough to normal: four uniforms, mean 0, variance 1. */
static double noise(struct random *r)
{
    uint64_t bits = random_next(r);
    int64_t sum = 0;
    for (int i = 0; i < 4; i++, bits >>= 16)
        sum += (int64_t)(bits & 0xffff);
    return (double)(2 * sum - 4 * 65535) / 65536.0 * 0.8660254037844386;
}

/* 1 at midday, more towards the open and the close; x in [0, 1]. */
static double smile(double x)
{
    double from_noon = 2 * x - 1;
    return 0.7 + 1.6 * from_noon * from_noon;
}

static double to_tick(const struct market *m, double price)
{
    double ticks = floor(price * m->scale + 0.5);
    return (ticks < 1 ? 1 : ticks) / m->scale;
}

static void revert_volatility(struct market *m, double pull, double push)
{
    m->volatility += pull * (1 - m->volatility) + push * m->volatility * noise(&m->random);
    if (m->volatility < 0.3)
        m->volatility = 0.3;
    if (m->volatility > 4)
        m->volatility = 4;
}

static void move_price(struct market *m, double share)
{
    m->price *= 1 + share;
    if (m->price < 1 / m->scale)
        m->price = 1 / m->scale;
}

static void open_session(struct market *m)
{
    revert_volatility(m, 0.05, 0.18);
    move_price(m, overnight_size * m->volatility * noise(&m->random));
}

static void make_minute(struct market *m, double x, struct minute_bar *bar)
{
    revert_volatility(m, 0.002, 0.02);
    double size = step_size * m->volatility * smile(x);
    double open = to_tick(m, m->price), high = open, low = open, price = open;
    for (int i = 0; i < STEPS; i++) {
        move_price(m, size * noise(&m->random));
        price = to_tick(m, m->price);
        high = price > high ? price : high;
        low = price < low ? price : low;
    }
    move_price(m, drift);
    double range = (high - low) / (open * size);
    double volume = base_volume * smile(x) * (0.3 + random_unit(&m->random)) * (0.5 + range / 3);
    bar->value[BAR_OPEN] = open;
    bar->value[BAR_HIGH] = high;
    bar->value[BAR_LOW] = low;
    bar->value[BAR_CLOSE] = price;
    bar->value[BAR_VOLUME] = floor(volume) + 1;
}

/* Bars of one session from index n on; returns the next index. */
static int64_t make_session(struct market *m, const struct session *s, struct bars_builder *out,
                            int64_t n)
{
    int64_t minutes = (s->close_ns - s->open_ns) / NS_PER_MINUTE;
    open_session(m);
    for (int64_t i = 0; i < minutes && n < out->count; i++) {
        struct minute_bar bar;
        make_minute(m, (double)i / (double)minutes, &bar);
        if (random_unit(&m->random) < m->missing_share)
            continue;
        out->time_ns[n] = s->open_ns + i * NS_PER_MINUTE;
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            out->column[c][n] = bar.value[c];
        n++;
    }
    return n;
}

static int64_t most_bars(const struct demo_options *o)
{
    int64_t most = 0;
    struct session s;
    for (int32_t day = o->from_day;
         calendar_next_session(o->calendar, day, &s) && s.day <= o->to_day; day = s.day + 1) {
        most += (s.close_ns - s.open_ns) / NS_PER_MINUTE;
        if (o->max_count > 0 && most >= o->max_count)
            return o->max_count;
    }
    return most;
}

enum err demo_bars(const struct demo_options *options, const struct bars **ret, struct error *e)
{
    static const double scales[5] = {1, 10, 100, 1000, 10000};
    const struct demo_options *o = options;
    assert(o->price_decimals >= 0 && o->price_decimals <= 4 && o->first_price > 0);
    assert(o->missing_share >= 0 && o->missing_share <= 0.5);
    struct bars_builder builder;
    enum err err = bars_builder_init(&builder, most_bars(o), BAR_ALL_COLUMNS, e);
    if (err != ERR_OK)
        return err;
    struct market m = {.price = o->first_price,
                       .volatility = 1,
                       .scale = scales[o->price_decimals],
                       .missing_share = o->missing_share};
    random_seed(&m.random, o->seed);
    int64_t n = 0;
    struct session s;
    for (int32_t day = o->from_day;
         n < builder.count && calendar_next_session(o->calendar, day, &s) && s.day <= o->to_day;
         day = s.day + 1)
        n = make_session(&m, &s, &builder, n);
    builder.count = n;
    err = bars_publish(&builder, o->calendar, (struct timeframe){1}, o->price_decimals, ret, e);
    bars_builder_release(&builder);
    return err;
}
