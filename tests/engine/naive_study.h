/* A study as its definition reads, bar by bar, without any thought of speed: what the engine is
 * compared with. Small data only. */
#ifndef TESTS_ENGINE_NAIVE_STUDY_H
#define TESTS_ENGINE_NAIVE_STUDY_H

#include "base/clock.h"
#include "engine/study/study_request.h"
#include "engine/study/study_result.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

static inline bool naive_is_last_session(const struct bars *b, int64_t i)
{
    return bars_session_of(b, i) == b->session_count - 1;
}

static inline double naive_forward(const struct bars *b, int64_t i, const struct study_horizon *h)
{
    const struct bars_session *s = &b->sessions[bars_session_of(b, i)];
    const double *close = b->column[BAR_CLOSE];
    int64_t bar_ns = timeframe_ns(b->timeframe);
    int64_t last = s->end - 1;
    bool is_last = naive_is_last_session(b, i);
    if (close[i] == 0)
        return NAN;
    if (h->kind == HORIZON_NEXT_OPEN)
        return is_last ? NAN : b->column[BAR_OPEN][s->end] / close[i] - 1;
    if (h->kind == HORIZON_CLOSE) {
        bool open_end = is_last && b->time_ns[last] + bar_ns < s->close_ns;
        return open_end ? NAN : close[last] / close[i] - 1;
    }
    int64_t target_ns = b->time_ns[i] + h->duration_ns;
    if (h->duration_ns < bar_ns || target_ns > s->close_ns)
        return NAN;
    if (is_last && target_ns > b->time_ns[last])
        return NAN;
    int64_t j = i;
    for (int64_t k = i; k <= last; k++) {
        if (b->time_ns[k] <= target_ns)
            j = k;
    }
    return close[j] / close[i] - 1;
}

static inline void naive_excursions(const struct bars *b, int64_t i, const struct study_request *r,
                                    double *mfe, double *mae)
{
    const struct bars_session *s = &b->sessions[bars_session_of(b, i)];
    int64_t reach_ns = 0;
    for (size_t h = 0; h < r->horizon_count; h++) {
        if (r->horizons[h].kind == HORIZON_CLOSE)
            reach_ns = INT64_MAX / 4;
        if (r->horizons[h].kind == HORIZON_DURATION && r->horizons[h].duration_ns > reach_ns)
            reach_ns = r->horizons[h].duration_ns;
    }
    double highest = NAN, lowest = NAN;
    for (int64_t k = i + 1; k < s->end && b->time_ns[k] <= b->time_ns[i] + reach_ns; k++) {
        highest = fmax(highest, b->column[BAR_HIGH][k]);
        lowest = fmin(lowest, b->column[BAR_LOW][k]);
    }
    double price = b->column[BAR_CLOSE][i];
    *mfe = price > 0 ? highest / price - 1 : NAN;
    *mae = price > 0 ? lowest / price - 1 : NAN;
}

struct naive_study {
    int64_t count;   /* of bars */
    bool *inside;    /* in the window and range */
    bool *fires;     /* after the cooldown */
    double *forward; /* [count * horizon_count] */
    int32_t *day, *minute;
    struct study_counts counts;
};

static inline void naive_release(struct naive_study *n)
{
    free(n->inside);
    free(n->fires);
    free(n->forward);
    free(n->day);
    free(n->minute);
}

/* The value of the rule on every bar, from one pass over all of them. */
static inline double *naive_values(const struct rule *rule, const struct bars *b)
{
    struct rule_run *run = NULL;
    double *values = calloc((size_t)b->count + 1, sizeof *values);
    assert_int_equal(rule_run_create(rule, b, &run, NULL), ERR_OK);
    rule_run_start(run, 0);
    for (int64_t at = 0; at < b->count;) {
        int64_t end = at + 1000 < b->count ? at + 1000 : b->count;
        rule_run_values(run, end, values + at);
        at = end;
    }
    rule_run_free(run);
    return values;
}

static inline bool naive_candidate(const struct bars *b, const struct study_request *r,
                                   const double *values, const bool *in_window, int64_t i)
{
    int64_t first = b->sessions[bars_session_of(b, i)].first;
    if (!in_window[i] || values[i] != 1)
        return false;
    if (r->trigger == STUDY_ON_TRUE)
        return i == first || !in_window[i - 1] || values[i - 1] != 1;
    for (int64_t k = first; r->trigger == STUDY_ONCE_PER_DAY && k < i; k++) {
        if (in_window[k] && values[k] == 1)
            return false;
    }
    return true;
}

static inline struct naive_study naive_study_of(const struct bars *b, const struct study_request *r)
{
    size_t room = (size_t)b->count + 1;
    struct naive_study n = {.count = b->count,
                            .inside = calloc(room, sizeof(bool)),
                            .fires = calloc(room, sizeof(bool)),
                            .forward = calloc(room * r->horizon_count, sizeof(double)),
                            .day = calloc(room, sizeof(int32_t)),
                            .minute = calloc(room, sizeof(int32_t))};
    double *values = naive_values(r->rule, b);
    bool *in_window = calloc(room, sizeof *in_window);
    const struct zone *zone = r->window.zone ? r->window.zone : calendar_zone(b->calendar);
    int64_t last_ns = 0, last_day_counted = -1, last_day_fired = -1;
    bool fired_before = false;
    for (int64_t i = 0; i < b->count; i++) {
        struct study_moment m = study_window_at(&r->window, zone, b->time_ns[i]);
        int64_t session = bars_session_of(b, i);
        in_window[i] = m.inside;
        n.day[i] = m.day;
        n.minute[i] = m.minute;
        n.inside[i] = m.inside && b->time_ns[i] >= r->from_ns && b->time_ns[i] < r->to_ns;
        for (size_t h = 0; h < r->horizon_count; h++)
            n.forward[(size_t)i * r->horizon_count + h] = naive_forward(b, i, &r->horizons[h]);
        if (!n.inside[i])
            continue;
        n.counts.bars_in_window++;
        n.counts.days += session != last_day_counted;
        last_day_counted = session;
        if (!naive_candidate(b, r, values, in_window, i))
            continue;
        n.counts.candidates++;
        if (fired_before && b->time_ns[i] - last_ns < r->cooldown_ns)
            continue;
        fired_before = true;
        last_ns = b->time_ns[i];
        n.fires[i] = true;
        n.counts.fires++;
        n.counts.days_with_fires += session != last_day_fired;
        last_day_fired = session;
    }
    free(values);
    free(in_window);
    return n;
}

/* Moments of the returns at one horizon over the bars for which `wanted` is true. */
struct naive_moments {
    int64_t n, hits;
    long double mean, variance;
};

static inline struct naive_moments naive_moments_of(const struct naive_study *n, size_t horizon,
                                                    size_t horizon_count, const bool *wanted)
{
    struct naive_moments m = {0};
    long double total = 0, squares = 0;
    for (int64_t i = 0; i < n->count; i++) {
        double x = n->forward[(size_t)i * horizon_count + horizon];
        if (!wanted[i] || isnan(x))
            continue;
        m.n++;
        m.hits += x > 0;
        total += x;
    }
    m.mean = m.n ? total / m.n : NAN;
    for (int64_t i = 0; i < n->count; i++) {
        double x = n->forward[(size_t)i * horizon_count + horizon];
        if (wanted[i] && !isnan(x))
            squares += (x - m.mean) * (x - m.mean);
    }
    m.variance = m.n > 1 ? squares / (m.n - 1) : NAN;
    return m;
}

/* Equal to the bit, or both NaN. */
static inline bool same_double(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

#endif
