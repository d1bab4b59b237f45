#include "engine/rule/series.h"

#include "base/civil.h"
#include "base/zone.h"
#include "engine/indicators/compensated.h"
#include "engine/indicators/decimals.h"
#include "engine/rule/clones.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MINUTE (60 * NS_PER_SECOND)
#define SECONDS_PER_DAY INT64_C(86400)

/* ---- prices of several columns ----------------------------------------------------------- */

/* On a decimal grid the sum is taken in whole numbers and divided once: the double nearest to the
 * true value, so that a price which equals it compares equal. */

CLONES static void hl2_decimal(const double *h, const double *l, int64_t count, double scale,
                               double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = (nearest_whole(h[i] * scale) + nearest_whole(l[i] * scale)) / (2 * scale);
}

CLONES static void hlc3_decimal(const double *h, const double *l, const double *c, int64_t count,
                                double scale, double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = (nearest_whole(h[i] * scale) + nearest_whole(l[i] * scale) +
                  nearest_whole(c[i] * scale)) /
                 (3 * scale);
}

CLONES static void ohlc4_decimal(const double *o, const double *h, const double *l, const double *c,
                                 int64_t count, double scale, double *restrict out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = (nearest_whole(o[i] * scale) + nearest_whole(h[i] * scale) +
                  nearest_whole(l[i] * scale) + nearest_whole(c[i] * scale)) /
                 (4 * scale);
}

static void fill_hl2(const struct series_context *context, struct series_state *state,
                     int64_t start, int64_t count, double *out)
{
    (void)state;
    const struct bars *bars = context->bars;
    const double *h = bars->column[BAR_HIGH] + start, *l = bars->column[BAR_LOW] + start;
    if (context->decimals >= 0) {
        hl2_decimal(h, l, count, decimals_scale(context->decimals), out);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        out[i] = (h[i] + l[i]) / 2;
}

static struct compensated sum_of_three(double a, double b, double c)
{
    return compensated_add(compensated_add((struct compensated){a, 0}, b), c);
}

static void fill_hlc3(const struct series_context *context, struct series_state *state,
                      int64_t start, int64_t count, double *out)
{
    (void)state;
    const struct bars *bars = context->bars;
    const double *h = bars->column[BAR_HIGH] + start, *l = bars->column[BAR_LOW] + start;
    const double *c = bars->column[BAR_CLOSE] + start;
    if (context->decimals >= 0) {
        hlc3_decimal(h, l, c, count, decimals_scale(context->decimals), out);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        out[i] = compensated_divide(sum_of_three(h[i], l[i], c[i]), 3);
}

static void fill_ohlc4(const struct series_context *context, struct series_state *state,
                       int64_t start, int64_t count, double *out)
{
    (void)state;
    const struct bars *bars = context->bars;
    const double *o = bars->column[BAR_OPEN] + start, *h = bars->column[BAR_HIGH] + start;
    const double *l = bars->column[BAR_LOW] + start, *c = bars->column[BAR_CLOSE] + start;
    if (context->decimals >= 0) {
        ohlc4_decimal(o, h, l, c, count, decimals_scale(context->decimals), out);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        out[i] = ((o[i] + h[i]) + (l[i] + c[i])) / 4;
}

/* ---- series that follow the session ------------------------------------------------------ */

/* Bars [from, to), all in one session; from == the session's first bar means: begin anew. */
typedef void session_function(const struct series_context *context, struct series_state *state,
                              int64_t session, int64_t from, int64_t to, double *out);

/* Cuts the block at sessions. A series that accumulates is first brought up to the block's start.
 */
static void walk_sessions(const struct series_context *context, struct series_state *state,
                          int64_t start, int64_t count, double *out, session_function *step)
{
    const struct bars *bars = context->bars;
    if (state->next != start || start == 0) {
        double unused[256];
        state->session = bars_session_of(bars, start);
        for (int64_t from = bars->sessions[state->session].first; from < start;) {
            int64_t to = start - from < 256 ? start : from + 256;
            step(context, state, state->session, from, to, unused);
            from = to;
        }
    }
    int64_t end = start + count;
    for (int64_t from = start; from < end;) {
        if (from >= bars->sessions[state->session].end)
            state->session++;
        int64_t to = bars->sessions[state->session].end;
        to = to < end ? to : end;
        step(context, state, state->session, from, to, out + (from - start));
        from = to;
    }
    state->next = end;
}

static void fill_constant(double value, int64_t count, double *out)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = value;
}

/* num / den = sum(hlc3 * volume) / sum(volume), both as compensated pairs: on a flat session the
 * quotient is the price itself. value: numerator high, low, denominator high, low. */
static void step_vwap(const struct series_context *context, struct series_state *state,
                      int64_t session, int64_t from, int64_t to, double *out)
{
    const struct bars *bars = context->bars;
    if (from == bars->sessions[session].first)
        memset(state->value, 0, sizeof(state->value));
    const double *h = bars->column[BAR_HIGH], *l = bars->column[BAR_LOW];
    const double *c = bars->column[BAR_CLOSE], *v = bars->column[BAR_VOLUME];
    bool decimal = context->decimals >= 0;
    double scale = decimal ? decimals_scale(context->decimals) : 1;
    struct compensated num = {state->value[0], state->value[1]};
    struct compensated den = {state->value[2], state->value[3]};
    for (int64_t i = from; i < to; i++) {
        struct compensated price = decimal ? (struct compensated){nearest_whole(h[i] * scale) +
                                                                      nearest_whole(l[i] * scale) +
                                                                      nearest_whole(c[i] * scale),
                                                                  0}
                                           : sum_of_three(h[i], l[i], c[i]);
        struct compensated traded = compensated_product(price.high, v[i]);
        traded.low += price.low * v[i];
        num = compensated_join(num, traded);
        den = compensated_add(den, v[i]);
        struct compensated divisor = compensated_product(den.high, 3 * scale);
        divisor.low += den.low * (3 * scale);
        double quotient = num.high / divisor.high;
        struct compensated back = compensated_product(quotient, divisor.high);
        double rest = ((num.high - back.high) - back.low) + (num.low - quotient * divisor.low);
        out[i - from] = den.high > 0 ? quotient + rest / divisor.high : NAN;
    }
    memcpy(state->value, (double[]){num.high, num.low, den.high, den.low}, sizeof(state->value));
}

static void step_day_open(const struct series_context *context, struct series_state *state,
                          int64_t session, int64_t from, int64_t to, double *out)
{
    const struct bars *bars = context->bars;
    (void)state;
    fill_constant(bars->column[BAR_OPEN][bars->sessions[session].first], to - from, out);
}

static void step_day_high(const struct series_context *context, struct series_state *state,
                          int64_t session, int64_t from, int64_t to, double *out)
{
    const struct bars *bars = context->bars;
    const double *h = bars->column[BAR_HIGH];
    double high = from == bars->sessions[session].first ? h[from] : state->value[0];
    for (int64_t i = from; i < to; i++)
        out[i - from] = high = h[i] > high ? h[i] : high;
    state->value[0] = high;
}

static void step_day_low(const struct series_context *context, struct series_state *state,
                         int64_t session, int64_t from, int64_t to, double *out)
{
    const struct bars *bars = context->bars;
    const double *l = bars->column[BAR_LOW];
    double low = from == bars->sessions[session].first ? l[from] : state->value[0];
    for (int64_t i = from; i < to; i++)
        out[i - from] = low = l[i] < low ? l[i] : low;
    state->value[0] = low;
}

static double previous_close(const struct bars *bars, int64_t session)
{
    return session > 0 ? bars->column[BAR_CLOSE][bars->sessions[session - 1].end - 1] : NAN;
}

static void step_prev_close(const struct series_context *context, struct series_state *state,
                            int64_t session, int64_t from, int64_t to, double *out)
{
    const struct bars *bars = context->bars;
    (void)state;
    fill_constant(previous_close(bars, session), to - from, out);
}

/* The extreme of the whole previous session, found once per session. */
static void step_prev_high(const struct series_context *context, struct series_state *state,
                           int64_t session, int64_t from, int64_t to, double *out)
{
    const struct bars *bars = context->bars;
    if (from == bars->sessions[session].first) {
        state->value[0] = NAN;
        if (session > 0) {
            const struct bars_session *before = &bars->sessions[session - 1];
            double high = bars->column[BAR_HIGH][before->first];
            for (int64_t i = before->first; i < before->end; i++)
                high = bars->column[BAR_HIGH][i] > high ? bars->column[BAR_HIGH][i] : high;
            state->value[0] = high;
        }
    }
    fill_constant(state->value[0], to - from, out);
}

static void step_prev_low(const struct series_context *context, struct series_state *state,
                          int64_t session, int64_t from, int64_t to, double *out)
{
    const struct bars *bars = context->bars;
    if (from == bars->sessions[session].first) {
        state->value[0] = NAN;
        if (session > 0) {
            const struct bars_session *before = &bars->sessions[session - 1];
            double low = bars->column[BAR_LOW][before->first];
            for (int64_t i = before->first; i < before->end; i++)
                low = bars->column[BAR_LOW][i] < low ? bars->column[BAR_LOW][i] : low;
            state->value[0] = low;
        }
    }
    fill_constant(state->value[0], to - from, out);
}

static void step_gap(const struct series_context *context, struct series_state *state,
                     int64_t session, int64_t from, int64_t to, double *out)
{
    const struct bars *bars = context->bars;
    (void)state;
    double close = previous_close(bars, session);
    double open = bars->column[BAR_OPEN][bars->sessions[session].first];
    fill_constant(close != 0 ? open / close - 1 : NAN, to - from, out);
}

static double whole_minutes(int64_t ns)
{
    int64_t minutes = ns / NS_PER_MINUTE;
    return (double)minutes;
}

static void step_minutes_since_open(const struct series_context *context,
                                    struct series_state *state, int64_t session, int64_t from,
                                    int64_t to, double *out)
{
    const struct bars *bars = context->bars;
    (void)state;
    int64_t open_ns = bars->sessions[session].open_ns;
    for (int64_t i = from; i < to; i++)
        out[i - from] = whole_minutes(bars->time_ns[i] - open_ns);
}

static void step_minutes_to_close(const struct series_context *context, struct series_state *state,
                                  int64_t session, int64_t from, int64_t to, double *out)
{
    const struct bars *bars = context->bars;
    (void)state;
    int64_t close_ns = bars->sessions[session].close_ns;
    for (int64_t i = from; i < to; i++)
        out[i - from] = whole_minutes(close_ns - bars->time_ns[i]);
}

static void step_bar_of_day(const struct series_context *context, struct series_state *state,
                            int64_t session, int64_t from, int64_t to, double *out)
{
    const struct bars *bars = context->bars;
    (void)state;
    for (int64_t i = from; i < to; i++)
        out[i - from] = (double)(i - bars->sessions[session].first + 1);
}

#define SESSION_SERIES(name)                                                                       \
    static void fill_##name(const struct series_context *context, struct series_state *state,      \
                            int64_t start, int64_t count, double *out)                             \
    {                                                                                              \
        walk_sessions(context, state, start, count, out, step_##name);                             \
    }
SESSION_SERIES(vwap)
SESSION_SERIES(day_open)
SESSION_SERIES(day_high)
SESSION_SERIES(day_low)
SESSION_SERIES(prev_close)
SESSION_SERIES(prev_high)
SESSION_SERIES(prev_low)
SESSION_SERIES(gap)
SESSION_SERIES(minutes_since_open)
SESSION_SERIES(minutes_to_close)
SESSION_SERIES(bar_of_day)

/* ---- series that follow the clock -------------------------------------------------------- */

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Local midnight of the day that holds t, under the offset that holds at t, and until when both
 * hold. */
static void find_day(const struct zone *zone, struct series_state *state, int64_t time_ns)
{
    int64_t utc_s = floor_divide(time_ns, NS_PER_SECOND);
    int64_t offset_s = zone_offset_at(zone, utc_s);
    int64_t day = floor_divide(utc_s + offset_s, SECONDS_PER_DAY);
    int64_t base_s = day * SECONDS_PER_DAY - offset_s;
    int64_t until_s = base_s + SECONDS_PER_DAY;
    int64_t change_s = zone_next_change(zone, utc_s);
    state->base_ns = base_s * NS_PER_SECOND;
    state->until_ns = (change_s < until_s ? change_s : until_s) * NS_PER_SECOND;
    state->value[0] = civil_weekday((int32_t)day);
}

static void begin_clock(struct series_state *state, int64_t start, int64_t count)
{
    if (state->next != start || start == 0)
        state->until_ns = INT64_MIN;
    state->next = start + count;
}

static void fill_time(const struct series_context *context, struct series_state *state,
                      int64_t start, int64_t count, double *out)
{
    const int64_t *time_ns = context->bars->time_ns + start;
    begin_clock(state, start, count);
    for (int64_t i = 0; i < count; i++) {
        if (time_ns[i] >= state->until_ns)
            find_day(context->zone, state, time_ns[i]);
        out[i] = whole_minutes(time_ns[i] - state->base_ns);
    }
}

static void fill_weekday(const struct series_context *context, struct series_state *state,
                         int64_t start, int64_t count, double *out)
{
    const int64_t *time_ns = context->bars->time_ns + start;
    begin_clock(state, start, count);
    for (int64_t i = 0; i < count; i++) {
        if (time_ns[i] >= state->until_ns)
            find_day(context->zone, state, time_ns[i]);
        out[i] = state->value[0];
    }
}

/* ---- the table --------------------------------------------------------------------------- */

#define O BAR_COLUMN_BIT(BAR_OPEN)
#define H BAR_COLUMN_BIT(BAR_HIGH)
#define L BAR_COLUMN_BIT(BAR_LOW)
#define C BAR_COLUMN_BIT(BAR_CLOSE)
#define V BAR_COLUMN_BIT(BAR_VOLUME)

/* clang-format off */
#define RAW(name, column, summary) \
    {name, summary, BAR_COLUMN_BIT(column), column, false, SERIES_OF_BAR, 0, INFINITY, NULL}
#define MADE(name, columns, computed, reach, min, max, summary) \
    {#name, summary, columns, -1, computed, SERIES_OF_##reach, min, max, fill_##name}

static const struct series table[] = {
    RAW("open", BAR_OPEN, "The bar's open"),
    RAW("high", BAR_HIGH, "The bar's high"),
    RAW("low", BAR_LOW, "The bar's low"),
    RAW("close", BAR_CLOSE, "The bar's close"),
    RAW("volume", BAR_VOLUME, "The bar's volume"),
    MADE(hl2, H | L, true, BAR, 0, INFINITY, "(high + low) / 2"),
    MADE(hlc3, H | L | C, true, BAR, 0, INFINITY, "(high + low + close) / 3"),
    MADE(ohlc4, O | H | L | C, true, BAR, 0, INFINITY, "(open + high + low + close) / 4"),
    MADE(vwap, H | L | C | V, true, SESSION, 0, INFINITY,
         "Volume-weighted average price of the session so far: sum(hlc3 * volume) / sum(volume)"),
    MADE(time, 0, false, BAR, 0, 1439,
         "The bar's start in minutes after midnight, in the rule's time zone; compare with 09:45"),
    MADE(weekday, 0, false, BAR, 1, 7, "Day of the week in the rule's time zone: 1 = Monday .. 7 = Sunday"),
    MADE(minutes_since_open, 0, false, BAR, 0, INFINITY, "Minutes from the session's open to the bar's start"),
    MADE(minutes_to_close, 0, false, BAR, 0, INFINITY, "Minutes from the bar's start to the session's close"),
    MADE(bar_of_day, 0, false, SESSION, 1, INFINITY, "Bars of the session so far: 1 on its first bar"),
    MADE(day_open, O, false, SESSION, 0, INFINITY, "Open of the session"),
    MADE(day_high, H, false, SESSION, 0, INFINITY, "Highest high of the session so far"),
    MADE(day_low, L, false, SESSION, 0, INFINITY, "Lowest low of the session so far"),
    MADE(prev_close, C, false, PREVIOUS_SESSION, 0, INFINITY, "Close of the previous session"),
    MADE(prev_high, H, false, PREVIOUS_SESSION, 0, INFINITY, "Highest high of the previous session"),
    MADE(prev_low, L, false, PREVIOUS_SESSION, 0, INFINITY, "Lowest low of the previous session"),
    MADE(gap, O | C, true, PREVIOUS_SESSION, -1, INFINITY, "day_open / prev_close - 1"),
};
/* clang-format on */

size_t series_count(void)
{
    return sizeof(table) / sizeof(table[0]);
}

const struct series *series_at(size_t i)
{
    assert(i < series_count());
    return &table[i];
}

const struct series *series_find(const char *name)
{
    for (size_t i = 0; i < series_count(); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}
