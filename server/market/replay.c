#include "server/market/replay.h"

#include "base/clock.h"
#include "base/decimal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *replay_status_name(enum replay_status status)
{
    static const char *const names[] = {
#define X(code, name) name,
        REPLAY_STATUS_TABLE(X)
#undef X
    };
    return names[status];
}

void replay_free(struct replay *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->source_count; i++)
        for (int32_t lane = 0; lane < BAR_PATH_LANES; lane++)
            bars_unref(r->sources[i].bars[lane]);
    free(r->sources);
    free(r->request);
    free(r);
}

/* ---- bars ------------------------------------------------------------------------------------ */

/* Stored prices are decimals but for a few; what an order could not name is no price. */
static int64_t price_of(double x)
{
    double scaled = round(x * DECIMAL_ONE);
    return scaled >= 1 && scaled <= LIMIT_ORDER_PRICE ? (int64_t)scaled : 0;
}

static struct bar_shape shape_of(const struct bars *bars, int64_t i)
{
    struct bar_shape shape = {
        .open = price_of(bars->column[BAR_OPEN][i]),
        .high = price_of(bars->column[BAR_HIGH][i]),
        .low = price_of(bars->column[BAR_LOW][i]),
        .close = price_of(bars->column[BAR_CLOSE][i]),
    };
    bool whole = shape.open && shape.high && shape.low && shape.close;
    return whole ? shape : (struct bar_shape){0};
}

static int64_t lane_next_ns(const struct replay_source *s, int32_t lane)
{
    return s->next[lane] < s->end[lane] ? s->bars[lane]->time_ns[s->next[lane]] : INT64_MAX;
}

static int64_t next_bar_ns(const struct replay_source *s)
{
    int64_t next_ns = INT64_MAX;
    for (int32_t lane = 0; lane < s->lanes; lane++)
        if (lane_next_ns(s, lane) < next_ns)
            next_ns = lane_next_ns(s, lane);
    return next_ns;
}

/* The session and the length of the bar that a lane is at. */
static void time_bar(struct replay_source *s, int32_t lane)
{
    const struct bars *bars = s->bars[lane];
    const struct bars_session *session = &bars->sessions[bars_session_of(bars, s->next[lane])];
    int64_t length_ns = timeframe_ns(bars->timeframe);
    int64_t left_ns = session->close_ns - s->bar_ns;
    s->session_close_ns = session->close_ns;
    s->length_ns = length_ns < left_ns ? length_ns : left_ns;
}

static struct contract contract_like(const struct replay_source *s)
{
    return (struct contract){.kind = s->kind};
}

static void begin_bar(const struct replay *r, struct replay_source *s)
{
    int64_t ticks[BAR_PATH_LANES] = {0};
    const struct contract contract = contract_like(s);
    s->bar_ns = next_bar_ns(s);
    s->in_bar = true;
    for (int32_t lane = 0; lane < s->lanes; lane++) {
        struct bar_shape *shape = &s->shape[lane];
        if (lane_next_ns(s, lane) == s->bar_ns) {
            time_bar(s, lane);
            *shape = shape_of(s->bars[lane], s->next[lane]++);
        } else {
            *shape = (struct bar_shape){shape->close, shape->close, shape->close, shape->close};
        }
        ticks[lane] = r->corners ? 0 : contract_tick(&contract, shape->low);
    }
    bar_path_init(&s->path, s->shape, ticks, s->lanes,
                  bar_path_low_first(&s->shape[0], r->intrabar, r->side), LIMIT_REPLAY_STEPS);
    bar_path_next(&s->path, &s->point);
}

/* What comes after the point that was told: another of the bar, or the next bar. */
static void look_ahead(struct replay *r, struct replay_source *s)
{
    if (s->in_bar && bar_path_next(&s->path, &s->point)) {
        s->due_ns = s->bar_ns + (int64_t)((__int128)s->length_ns * s->point.part / BAR_PATH_PARTS);
        return;
    }
    r->bars_done += s->in_bar;
    s->in_bar = false;
    s->due_ns = next_bar_ns(s);
}

/* ---- quotes ---------------------------------------------------------------------------------- */

static int64_t half_spread(const struct replay *r, int64_t price, int64_t tick)
{
    const struct replay_spread *spread = &r->spread;
    if (spread->has_percent)
        return (int64_t)((__int128)price * spread->percent / (200 * DECIMAL_ONE));
    return (spread->has_ticks ? spread->ticks * tick : spread->price) / 2;
}

/* A spread is rounded outwards to ticks, which keeps the bid on the grid that stops are on; without
 * one both sides are the price itself. */
static void quote_around(const struct replay *r, const struct replay_source *s, int64_t price,
                         struct market_quote *q)
{
    const struct contract contract = contract_like(s);
    int64_t tick = contract_tick(&contract, price);
    int64_t half = half_spread(r, price, tick);
    q->last = q->bid = q->ask = price;
    if (half == 0 || price == 0)
        return;
    q->bid = price > half ? (price - half) / tick * tick : 0;
    q->ask = (price + half + tick - 1) / tick * tick;
}

static void make_quote(const struct replay *r, struct replay_source *s)
{
    struct market_quote *q = &s->quote;
    const int64_t *price = s->point.price;
    memset(q, 0, sizeof(*q));
    memcpy(q->symbol, s->as, sizeof(q->symbol));
    if (s->lanes == 1) {
        quote_around(r, s, price[0], q);
    } else {
        q->bid = price[0];
        /* Side by side they may pass each other by a tick within a leg. */
        q->ask = price[1] && price[1] < price[0] ? price[0] : price[1];
    }
    q->bid_size = q->bid ? r->size : 0;
    q->ask_size = q->ask ? r->size : 0;
}

static void tell(struct replay *r, struct replay_source *s, int64_t now_ns,
                 struct market_quote *out)
{
    if (!s->in_bar) {
        begin_bar(r, s);
        r->bar_ns = s->bar_ns;
    }
    make_quote(r, s);
    *out = s->quote;
    s->told_ns = now_ns;
    r->quotes++;
    r->market_ns = s->due_ns;
    look_ahead(r, s);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* The source whose point comes first; NULL when all are through. */
static struct replay_source *earliest(const struct replay *r)
{
    struct replay_source *first = NULL;
    for (size_t i = 0; i < r->source_count; i++) {
        struct replay_source *s = &r->sources[i];
        if (s->due_ns == INT64_MAX)
            continue;
        if (!first || s->due_ns < first->due_ns ||
            (s->due_ns == first->due_ns && s->in_bar && !first->in_bar))
            first = s;
    }
    return first;
}

/* When a market time is, on the monotonic clock. */
static int64_t real_ns(const struct replay *r, int64_t market_ns)
{
    double distance_ns = (double)(market_ns - r->anchor_market_ns) / r->speed;
    return distance_ns < (double)(INT64_MAX / 4) ? r->anchor_ns + (int64_t)distance_ns : INT64_MAX;
}

static void anchor(struct replay *r, int64_t now_ns, int64_t market_ns)
{
    r->anchor_ns = now_ns;
    r->anchor_market_ns = market_ns;
}

/* Whether no symbol is inside a session: all that come begin one. */
static bool is_between_sessions(const struct replay *r)
{
    for (size_t i = 0; i < r->source_count; i++) {
        const struct replay_source *s = &r->sources[i];
        if (s->in_bar || (s->due_ns != INT64_MAX && s->due_ns < s->session_close_ns))
            return false;
    }
    return true;
}

/* What stands still within its bar is told again. */
static size_t repeat(struct replay *r, int64_t now_ns, struct market_quote *out, size_t max,
                     int64_t *wake_ns)
{
    size_t count = 0;
    for (size_t i = 0; i < r->source_count; i++) {
        struct replay_source *s = &r->sources[i];
        if (!s->in_bar)
            continue;
        if (now_ns - s->told_ns >= REPLAY_REPEAT_NS && count < max) {
            out[count++] = s->quote;
            s->told_ns = now_ns;
            r->quotes++;
        }
        if (s->told_ns + REPLAY_REPEAT_NS < *wake_ns)
            *wake_ns = s->told_ns + REPLAY_REPEAT_NS;
    }
    return count;
}

size_t replay_advance(struct replay *r, int64_t now_ns, struct market_quote *out, size_t max,
                      int64_t *ret_wake_ns)
{
    size_t count = 0;
    *ret_wake_ns = INT64_MAX;
    if (r->status != REPLAY_RUNNING)
        return 0;
    *ret_wake_ns = now_ns;
    while (count < max) {
        struct replay_source *s = earliest(r);
        if (!s) {
            r->status = REPLAY_FINISHED;
            *ret_wake_ns = INT64_MAX;
            return count;
        }
        if (!s->in_bar && s->due_ns > r->market_ns && is_between_sessions(r)) {
            anchor(r, real_ns(r, r->market_ns), s->due_ns);
            r->market_ns = s->due_ns;
        }
        int64_t due_ns = real_ns(r, s->due_ns);
        if (due_ns > now_ns) {
            *ret_wake_ns = due_ns;
            break;
        }
        tell(r, s, now_ns, &out[count++]);
    }
    return count + repeat(r, now_ns, out + count, max - count, ret_wake_ns);
}

void replay_begin(struct replay *r, int64_t now_ns)
{
    r->status = REPLAY_RUNNING;
    for (size_t i = 0; i < r->source_count; i++)
        look_ahead(r, &r->sources[i]);
    const struct replay_source *first = earliest(r);
    r->market_ns = first ? first->due_ns : 0;
    anchor(r, now_ns, r->market_ns);
}

void replay_pause(struct replay *r)
{
    r->status = REPLAY_PAUSED;
}

/* It goes on from the newest point. */
void replay_resume(struct replay *r, int64_t now_ns)
{
    if (r->status == REPLAY_PAUSED)
        anchor(r, now_ns, r->market_ns);
    r->status = REPLAY_RUNNING;
}

void replay_set_speed(struct replay *r, double speed, int64_t now_ns)
{
    const struct replay_source *next = earliest(r);
    double passed_ns = (double)(now_ns - r->anchor_ns) * r->speed;
    int64_t market_ns = r->market_ns;
    if (next && r->status == REPLAY_RUNNING && isfinite(r->speed)) {
        double reached = (double)(r->anchor_market_ns - r->market_ns) + passed_ns;
        int64_t ahead_ns = next->due_ns - r->market_ns;
        if (reached > 0)
            market_ns += reached < (double)ahead_ns ? (int64_t)reached : ahead_ns;
    }
    r->speed = speed;
    anchor(r, now_ns, market_ns);
}

int64_t replay_eta_ns(const struct replay *r)
{
    int64_t longest_ns = 0;
    if (!isfinite(r->speed) || r->status != REPLAY_RUNNING)
        return -1;
    for (size_t i = 0; i < r->source_count; i++) {
        const struct replay_source *s = &r->sources[i];
        for (int32_t lane = 0; lane < s->lanes; lane++) {
            int64_t left = s->end[lane] - s->next[lane] + s->in_bar;
            int64_t left_ns =
                left * (s->length_ns ? s->length_ns : timeframe_ns(s->bars[lane]->timeframe));
            longest_ns = left_ns > longest_ns ? left_ns : longest_ns;
        }
    }
    return (int64_t)((double)longest_ns / r->speed);
}
