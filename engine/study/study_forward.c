#include "engine/study/study_forward.h"

#include "engine/rule/clones.h"

#include <math.h>

enum { LANES = 8 };

void forward_plan_init(struct forward_plan *p, const struct study_request *request)
{
    *p = (struct forward_plan){
        .horizon_count = request->horizon_count,
        .horizons = request->horizons,
        .timeframe_ns = timeframe_ns(request->timeframe),
    };
    for (size_t h = 0; h < p->horizon_count; h++) {
        const struct study_horizon *horizon = &p->horizons[h];
        if (horizon->kind == HORIZON_CLOSE)
            p->excursion_ns = INT64_MAX;
        else if (horizon->kind == HORIZON_DURATION && horizon->duration_ns > p->excursion_ns)
            p->excursion_ns = horizon->duration_ns;
    }
}

/* The division comes first, whatever the price: so loops over this are vectorised. */
static inline double relative(double x, double price)
{
    double change = x / price - 1;
    return price > 0 ? change : NAN;
}

static bool is_last_session(const struct bars *bars, int64_t session)
{
    return session == bars->session_count - 1;
}

/* The latest instant of the session at which the price is known from stored bars. */
static int64_t known_until_ns(const struct bars *bars, int64_t session)
{
    const struct bars_session *s = &bars->sessions[session];
    return is_last_session(bars, session) ? bars->time_ns[s->end - 1] : s->close_ns;
}

/* Bars without a gap between them: bar i starts i timeframes after the first. */
CLONES static bool is_gapless(const int64_t *time_ns, int64_t count, int64_t length_ns)
{
    int64_t off = 0;
    for (int64_t i = 1; i < count; i++)
        off |= (time_ns[i] - time_ns[i - 1]) ^ length_ns;
    return off == 0;
}

CLONES static void ratios(const double *later, const double *close, int64_t count, double *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = relative(later[i], close[i]);
}

CLONES static void ratios_to(double price, const double *close, int64_t count, double *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = relative(price, close[i]);
}

static void missing(double *out, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = NAN;
}

/* The session has no gap: the bar in force after_ns later is a fixed number of bars away. */
static void returns_after_gapless(const double *close, int64_t count, int64_t known,
                                  int64_t distance, double *out)
{
    int64_t inside = known < count - distance ? known : count - distance;
    inside = inside > 0 ? inside : 0;
    if (inside > 0)
        ratios(close + distance, close, inside, out);
    ratios_to(close[count - 1], close + inside, known - inside, out + inside);
    missing(out + known, count - known);
}

static void returns_after(const struct forward_plan *p, const struct bars *bars, int64_t session,
                          int64_t after_ns, double *out)
{
    const struct bars_session *s = &bars->sessions[session];
    const int64_t *time_ns = bars->time_ns + s->first;
    const double *close = bars->column[BAR_CLOSE] + s->first;
    int64_t count = s->end - s->first;
    int64_t known_ns = known_until_ns(bars, session);
    if (is_gapless(time_ns, count, p->timeframe_ns)) {
        int64_t last_ns = known_ns - after_ns - time_ns[0]; /* the last start with a return */
        int64_t known = last_ns < 0 ? 0 : last_ns / p->timeframe_ns + 1;
        returns_after_gapless(close, count, known < count ? known : count,
                              after_ns / p->timeframe_ns, out);
        return;
    }
    int64_t i = 0, j = 0;
    for (; i < count && time_ns[i] <= known_ns - after_ns; i++) {
        while (j + 1 < count && time_ns[j + 1] <= time_ns[i] + after_ns)
            j++;
        out[i] = relative(close[j], close[i]);
    }
    missing(out + i, count - i);
}

/* The returns to one price; `known` is false when there is none. */
static void returns_to(const struct bars *bars, int64_t session, bool known, double price,
                       double *out)
{
    const struct bars_session *s = &bars->sessions[session];
    if (known)
        ratios_to(price, bars->column[BAR_CLOSE] + s->first, s->end - s->first, out);
    else
        missing(out, s->end - s->first);
}

void forward_returns(const struct forward_plan *p, const struct bars *bars, int64_t session,
                     size_t horizon, double *out)
{
    const struct bars_session *s = &bars->sessions[session];
    const struct study_horizon *h = &p->horizons[horizon];
    switch (h->kind) {
    case HORIZON_DURATION:
        if (h->duration_ns < p->timeframe_ns)
            returns_to(bars, session, false, 0, out);
        else
            returns_after(p, bars, session, h->duration_ns, out);
        return;
    case HORIZON_CLOSE: {
        bool complete = bars->time_ns[s->end - 1] + p->timeframe_ns >= s->close_ns;
        returns_to(bars, session, complete || !is_last_session(bars, session),
                   bars->column[BAR_CLOSE][s->end - 1], out);
        return;
    }
    case HORIZON_NEXT_OPEN: {
        bool known = !is_last_session(bars, session);
        returns_to(bars, session, known, known ? bars->column[BAR_OPEN][s->end] : 0, out);
        return;
    }
    }
}

/* Highest and lowest of [0, count), count > 0: some side by side, then those. */
CLONES static void range_of(const double *high, const double *low, int64_t count,
                            double *ret_highest, double *ret_lowest)
{
    double highest[LANES], lowest[LANES];
    for (int lane = 0; lane < LANES; lane++) {
        highest[lane] = high[0];
        lowest[lane] = low[0];
    }
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES)
#pragma GCC unroll 1
        for (int lane = 0; lane < LANES; lane++) {
            double h = high[i + lane], l = low[i + lane];
            highest[lane] = h > highest[lane] ? h : highest[lane];
            lowest[lane] = l < lowest[lane] ? l : lowest[lane];
        }
    for (; i < count; i++) {
        highest[0] = high[i] > highest[0] ? high[i] : highest[0];
        lowest[0] = low[i] < lowest[0] ? low[i] : lowest[0];
    }
    *ret_highest = highest[0];
    *ret_lowest = lowest[0];
    for (int lane = 1; lane < LANES; lane++) {
        *ret_highest = highest[lane] > *ret_highest ? highest[lane] : *ret_highest;
        *ret_lowest = lowest[lane] < *ret_lowest ? lowest[lane] : *ret_lowest;
    }
}

/* The end of the bars of the session that start at most excursion_ns after bar i. */
static int64_t reach_of(const struct forward_plan *p, const struct bars *bars, int64_t i,
                        int64_t end)
{
    if (p->excursion_ns == INT64_MAX)
        return end;
    int64_t low = i + 1;
    while (low < end) {
        int64_t middle = low + (end - low) / 2;
        if (bars->time_ns[middle] - bars->time_ns[i] <= p->excursion_ns)
            low = middle + 1;
        else
            end = middle;
    }
    return end;
}

void forward_excursion(const struct forward_plan *p, const struct bars *bars, int64_t session,
                       int64_t bar, double *ret_mfe, double *ret_mae)
{
    const struct bars_session *s = &bars->sessions[session];
    const double *high = bars->column[BAR_HIGH], *low = bars->column[BAR_LOW];
    int64_t i = s->first + bar;
    double highest = NAN, lowest = NAN;
    int64_t end = reach_of(p, bars, i, s->end);
    if (end > i + 1)
        range_of(high + i + 1, low + i + 1, end - i - 1, &highest, &lowest);
    *ret_mfe = relative(highest, bars->column[BAR_CLOSE][i]);
    *ret_mae = relative(lowest, bars->column[BAR_CLOSE][i]);
}

/* Walking back from the session's end, bar i's window (i, last] loses bars at its right and gains
 * bar i + 1 at its left. The queue holds the bars that are the extreme of some window still to
 * come: from left to right each beats all before it, so that the rightmost is the window's extreme.
 */
struct window_extreme {
    const double *value;
    double sign;    /* 1 = highest, -1 = lowest */
    int32_t *items; /* items[0..count): right to left, from `head` on */
    int32_t head, count;
};

static void extreme_gain(struct window_extreme *w, int32_t i)
{
    while (w->count > w->head &&
           w->sign * w->value[w->items[w->count - 1]] <= w->sign * w->value[i])
        w->count--;
    w->items[w->count++] = i;
}

static void extreme_lose(struct window_extreme *w, int64_t last)
{
    while (w->head < w->count && w->items[w->head] > last)
        w->head++;
}

static double extreme_value(const struct window_extreme *w)
{
    return w->head < w->count ? w->value[w->items[w->head]] : NAN;
}

void forward_excursions(const struct forward_plan *p, const struct bars *bars, int64_t session,
                        int32_t *queue, double *mfe, double *mae)
{
    const struct bars_session *s = &bars->sessions[session];
    const int64_t *time_ns = bars->time_ns + s->first;
    const double *close = bars->column[BAR_CLOSE] + s->first;
    int64_t count = s->end - s->first;
    struct window_extreme high = {bars->column[BAR_HIGH] + s->first, 1, queue, 0, 0};
    struct window_extreme low = {bars->column[BAR_LOW] + s->first, -1, queue + count, 0, 0};
    int64_t last = count - 1;
    for (int64_t i = count - 1; i >= 0; i--) {
        if (i + 1 < count) {
            extreme_gain(&high, (int32_t)(i + 1));
            extreme_gain(&low, (int32_t)(i + 1));
        }
        while (last > i && time_ns[last] - time_ns[i] > p->excursion_ns)
            last--;
        extreme_lose(&high, last);
        extreme_lose(&low, last);
        mfe[i] = relative(extreme_value(&high), close[i]);
        mae[i] = relative(extreme_value(&low), close[i]);
    }
}
