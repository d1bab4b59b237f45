/* Longer bars from shorter ones. A bin never reaches over a session: a day is one bin that starts
 * at the open, and shorter bins count from the open, the last one cut by the close. A bin without
 * bars makes no bar.
 */
#include "engine/bars/bars.h"

#include <assert.h>

/* Start of the bin in which a bar of the session lies. */
static int64_t bin_start(const struct bars_session *s, int64_t time_ns, struct timeframe timeframe)
{
    if (timeframe.minutes == 0)
        return s->open_ns;
    return time_ns - (time_ns - s->open_ns) % timeframe_ns(timeframe);
}

static int64_t full_bars(struct timeframe shorter, struct timeframe longer)
{
    return shorter.minutes > 0 ? longer.minutes / shorter.minutes : 1;
}

/* The end of the bin that begins at bar `first`. */
static int64_t bin_end(const struct bars *b, const struct bars_session *s, int64_t first,
                       int64_t start_ns, struct timeframe timeframe)
{
    if (timeframe.minutes == 0)
        return s->end;
    int64_t stop_ns = start_ns + timeframe_ns(timeframe), end = first + 1;
    int64_t full = first + full_bars(b->timeframe, timeframe); /* the end when none is missing */
    if (full <= s->end && b->time_ns[full - 1] < stop_ns &&
        (full == s->end || b->time_ns[full] >= stop_ns))
        return full;
    while (end < s->end && b->time_ns[end] < stop_ns)
        end++;
    return end;
}

static double fold(enum bar_column c, const double *x, int64_t first, int64_t end)
{
    double value = x[first];
    switch (c) {
    case BAR_HIGH:
        for (int64_t i = first + 1; i < end; i++)
            value = x[i] > value ? x[i] : value;
        return value;
    case BAR_LOW:
        for (int64_t i = first + 1; i < end; i++)
            value = x[i] < value ? x[i] : value;
        return value;
    case BAR_CLOSE:
        return x[end - 1];
    case BAR_VOLUME:
        for (int64_t i = first + 1; i < end; i++)
            value += x[i];
        return value;
    default:
        return value;
    }
}

int64_t bars_resample_session(const struct bars *source, int64_t session,
                              struct timeframe timeframe, struct bars_builder *out, int64_t at)
{
    const struct bars_session *s = &source->sessions[session];
    int64_t bin = at;
    for (int64_t first = s->first, end; first < s->end; first = end, bin++) {
        int64_t start_ns = bin_start(s, source->time_ns[first], timeframe);
        end = bin_end(source, s, first, start_ns, timeframe);
        if (!out)
            continue;
        out->time_ns[bin] = start_ns;
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            if (out->column[c])
                out->column[c][bin] = fold((enum bar_column)c, source->column[c], first, end);
    }
    return bin - at;
}

int64_t bars_resample_before(const struct bars *source, int64_t session, struct timeframe timeframe,
                             int64_t end)
{
    const struct bars_session *s = &source->sessions[session];
    int64_t count = 0;
    for (int64_t first = s->first; first < s->end && first < end; count++) {
        first =
            bin_end(source, s, first, bin_start(s, source->time_ns[first], timeframe), timeframe);
        if (first > end)
            break;
    }
    return count;
}

/* All sessions; fills `out` unless it is NULL. Returns the number of bins. */
static int64_t walk_sessions(const struct bars *b, struct timeframe timeframe,
                             struct bars_builder *out)
{
    int64_t bins = 0;
    for (int64_t k = 0; k < b->session_count; k++)
        bins += bars_resample_session(b, k, timeframe, out, bins);
    return bins;
}

enum err bars_resample(const struct bars *source, struct timeframe timeframe, uint32_t column_mask,
                       const struct bars **ret, struct error *e)
{
    if (!timeframe_is_multiple(timeframe, source->timeframe)) {
        char from[8], to[8];
        timeframe_format(source->timeframe, from);
        timeframe_format(timeframe, to);
        return error_set(e, ERR_INVALID, "%s bars can't be made from %s bars", to, from);
    }
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        assert(!(column_mask & BAR_COLUMN_BIT(c)) || source->column[c]);
    if (timeframe.minutes == source->timeframe.minutes) {
        *ret = bars_ref(source);
        return ERR_OK;
    }
    struct bars_builder builder;
    enum err err =
        bars_builder_init(&builder, walk_sessions(source, timeframe, NULL), column_mask, e);
    if (err != ERR_OK)
        return err;
    walk_sessions(source, timeframe, &builder);
    int32_t decimals = source->decimal_end == source->count ? source->price_decimals : -2;
    err = bars_publish(&builder, source->calendar, timeframe, decimals, ret, e);
    bars_builder_release(&builder);
    return err;
}
