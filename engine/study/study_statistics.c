#include "engine/study/study_state.h"

#include "base/civil.h"
#include "base/select_rank.h"
#include "engine/study/student_t.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

static const double CONFIDENCE = 0.95;

enum { FIRES_PER_STEP = 65536 }; /* between two looks at *cancel */

static bool is_canceled(const _Atomic bool *cancel)
{
    return cancel && atomic_load_explicit(cancel, memory_order_relaxed);
}

/* Reorders x. */
static double median_of(double *x, size_t count)
{
    if (count == 0)
        return NAN;
    size_t k = count / 2;
    select_rank(x, count, k);
    if (count % 2)
        return x[k];
    double below = select_rank_before(x, k);
    return below + (x[k] - below) / 2;
}

/* All bars at the minutes where the alert fired, less the fires themselves. */
static struct exact_sum base_of(const struct study_sums *sums, size_t horizon,
                                const bool fired[MINUTES_OF_DAY], const struct exact_sum *fires)
{
    struct exact_sum base = {0};
    for (int32_t m = 0; m < MINUTES_OF_DAY; m++) {
        if (fired[m])
            exact_sum_merge(&base, study_sums_cell(sums, horizon, m));
    }
    exact_sum_subtract(&base, fires);
    return base;
}

static struct sample sample_of(const struct exact_sum *s)
{
    return (struct sample){
        .n = (double)s->count, .mean = exact_sum_mean(s), .variance = exact_sum_variance(s)};
}

static struct study_horizon_stats stats_of(const struct exact_sum *fires,
                                           const struct exact_sum *base, double median)
{
    struct sample a = sample_of(fires), b = sample_of(base);
    struct welch w = welch_interval(a, b, CONFIDENCE);
    return (struct study_horizon_stats){
        .n = fires->count,
        .mean = a.mean,
        .median = median,
        .stdev = sqrt(a.variance),
        .hit_rate = exact_sum_hit_rate(fires),
        .base_n = base->count,
        .base_mean = b.mean,
        .base_stdev = sqrt(b.variance),
        .base_hit_rate = exact_sum_hit_rate(base),
        .difference = w.difference,
        .ci_low = w.low,
        .ci_high = w.high,
    };
}

enum err study_statistics(const struct fire_list *fires, size_t first, size_t end,
                          const struct study_sums *sums, const _Atomic bool *cancel,
                          struct study_horizon_stats ret[LIMIT_HORIZONS], struct error *e)
{
    double *returns = malloc((end - first + 1) * sizeof *returns);
    if (!returns)
        return error_set(e, ERR_NO_MEMORY, "no memory for the statistics");
    bool fired[MINUTES_OF_DAY] = {false};
    for (size_t i = first; i < end; i++)
        fired[fires->fires[i].minute] = true;
    enum err code = ERR_OK;
    for (size_t h = 0; code == ERR_OK && h < fires->horizon_count; h++) {
        struct exact_sum total = {0};
        size_t count = 0;
        for (size_t i = first; i < end; i++) {
            double x = fires->forward[i * fires->horizon_count + h];
            if (isnan(x))
                continue;
            exact_sum_add(&total, x);
            returns[count++] = x;
        }
        struct exact_sum base = base_of(sums, h, fired, &total);
        ret[h] = stats_of(&total, &base, median_of(returns, count));
        if (is_canceled(cancel))
            code = error_set(e, ERR_CANCELED, "canceled");
    }
    free(returns);
    return code;
}

static int32_t minute_key(const struct study_fire *f)
{
    return f->minute;
}

static int32_t weekday_key(const struct study_fire *f)
{
    return civil_weekday(f->day);
}

static int32_t month_key(const struct study_fire *f)
{
    struct civil_date date = civil_from_days(f->day);
    return date.year * 12 + date.month - 1;
}

/* Sums by key, for the keys from `lowest` on. */
struct table {
    int32_t lowest;
    size_t key_count, horizon_count;
    int64_t *fires;
    struct exact_sum *sums; /* [key_count * horizon_count] */
};

static enum err fill_table(struct table *t, const struct fire_list *l,
                           int32_t (*key_of)(const struct study_fire *), const _Atomic bool *cancel,
                           struct error *e)
{
    for (size_t i = 0; i < l->count; i++) {
        if (i % FIRES_PER_STEP == 0 && is_canceled(cancel))
            return error_set(e, ERR_CANCELED, "canceled");
        size_t row = (size_t)(key_of(&l->fires[i]) - t->lowest);
        t->fires[row]++;
        for (size_t h = 0; h < l->horizon_count; h++) {
            double x = l->forward[i * l->horizon_count + h];
            if (!isnan(x))
                exact_sum_add(&t->sums[row * t->horizon_count + h], x);
        }
    }
    return ERR_OK;
}

static void emit_groups(const struct table *t, struct study_groups *ret)
{
    for (size_t row = 0; row < t->key_count; row++) {
        if (t->fires[row] == 0)
            continue;
        struct study_group *group = &ret->items[ret->count++];
        group->key = t->lowest + (int32_t)row;
        group->fires = t->fires[row];
        for (size_t h = 0; h < t->horizon_count; h++) {
            const struct exact_sum *s = &t->sums[row * t->horizon_count + h];
            group->horizon[h].n = s->count;
            group->horizon[h].mean = exact_sum_mean(s);
            group->horizon[h].hit_rate = exact_sum_hit_rate(s);
        }
    }
}

static enum err group_by(const struct fire_list *l, int32_t (*key_of)(const struct study_fire *),
                         const _Atomic bool *cancel, struct study_groups *ret, struct error *e)
{
    if (l->count == 0)
        return ERR_OK;
    int32_t lowest = INT32_MAX, highest = INT32_MIN;
    for (size_t i = 0; i < l->count; i++) {
        int32_t key = key_of(&l->fires[i]);
        lowest = key < lowest ? key : lowest;
        highest = key > highest ? key : highest;
    }
    struct table t = {.lowest = lowest,
                      .key_count = (size_t)(highest - lowest) + 1,
                      .horizon_count = l->horizon_count};
    t.fires = calloc(t.key_count, sizeof *t.fires);
    t.sums = calloc(t.key_count * t.horizon_count, sizeof *t.sums);
    ret->items = calloc(t.key_count, sizeof *ret->items);
    enum err code = t.fires && t.sums && ret->items
                        ? fill_table(&t, l, key_of, cancel, e)
                        : error_set(e, ERR_NO_MEMORY, "no memory for the aggregates");
    if (code == ERR_OK)
        emit_groups(&t, ret);
    free(t.fires);
    free(t.sums);
    return code;
}

/* The minutes of all fires, day by day. */
struct day_lists {
    int32_t first_day;
    size_t day_count;
    size_t *end;      /* [day_count + 1]: day k has minutes [end[k], end[k + 1]) */
    int16_t *minutes; /* [fires] */
};

static enum err sort_by_day(const struct fire_list *l, struct day_lists *ret, struct error *e)
{
    int32_t first = INT32_MAX, last = INT32_MIN;
    for (size_t i = 0; i < l->count; i++) {
        first = l->fires[i].day < first ? l->fires[i].day : first;
        last = l->fires[i].day > last ? l->fires[i].day : last;
    }
    ret->first_day = first;
    ret->day_count = l->count > 0 ? (size_t)(last - first) + 1 : 0;
    ret->end = calloc(ret->day_count + 2, sizeof *ret->end);
    ret->minutes = malloc((l->count + 1) * sizeof *ret->minutes);
    if (!ret->end || !ret->minutes)
        return error_set(e, ERR_NO_MEMORY, "no memory for the fire map");
    /* Counted two places up, added up one place up, and moved down by filling in. */
    for (size_t i = 0; i < l->count; i++)
        ret->end[l->fires[i].day - first + 2]++;
    for (size_t k = 2; k < ret->day_count + 2; k++)
        ret->end[k] += ret->end[k - 1];
    for (size_t i = 0; i < l->count; i++)
        ret->minutes[ret->end[l->fires[i].day - first + 1]++] = (int16_t)l->fires[i].minute;
    return ERR_OK;
}

static void emit_day(const struct day_lists *d, size_t k, struct study_result *r)
{
    int64_t fires[MINUTES_OF_DAY] = {0};
    if (d->end[k] == d->end[k + 1])
        return;
    for (size_t i = d->end[k]; i < d->end[k + 1]; i++)
        fires[d->minutes[i]]++;
    for (int32_t m = 0; m < MINUTES_OF_DAY; m++)
        if (fires[m] > 0)
            r->map[r->map_count++] =
                (struct study_map_cell){d->first_day + (int32_t)k, m, fires[m]};
}

static enum err make_map(const struct fire_list *l, const _Atomic bool *cancel,
                         struct study_result *r, struct error *e)
{
    struct day_lists days = {0};
    enum err code = sort_by_day(l, &days, e);
    r->map = calloc(l->count + 1, sizeof *r->map);
    if (code == ERR_OK && !r->map)
        code = error_set(e, ERR_NO_MEMORY, "no memory for the fire map");
    for (size_t k = 0; code == ERR_OK && k < days.day_count; k++) {
        emit_day(&days, k, r);
        if (is_canceled(cancel))
            code = error_set(e, ERR_CANCELED, "canceled");
    }
    free(days.end);
    free(days.minutes);
    return code;
}

enum err study_aggregates(const struct fire_list *fires, const _Atomic bool *cancel,
                          struct study_result *r, struct error *e)
{
    enum err code = group_by(fires, minute_key, cancel, &r->by_minute, e);
    if (code == ERR_OK)
        code = group_by(fires, weekday_key, cancel, &r->by_weekday, e);
    if (code == ERR_OK)
        code = group_by(fires, month_key, cancel, &r->by_month, e);
    return code == ERR_OK ? make_map(fires, cancel, r, e) : code;
}
