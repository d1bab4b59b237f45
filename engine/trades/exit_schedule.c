#include "engine/trades/exit_schedule.h"

#include "base/bits.h"
#include "base/clock.h"

#include <stdlib.h>

enum { SECONDS_OF_A_DAY = 86400 };

/* ---- flat_at ---- */

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* The first instant in the session whose wall clock reads flat_at. */
static int64_t flat_instant(const struct zone *zone, int32_t minute, const struct bars_session *s)
{
    int64_t open_s = floor_divide(s->open_ns, NS_PER_SECOND);
    int64_t day = floor_divide(open_s + zone_offset_at(zone, open_s), SECONDS_OF_A_DAY);
    int64_t flat_s = INT64_MIN;
    for (int i = 0; i < 2 && flat_s < open_s; i++)
        flat_s = zone_local_to_utc(zone, (day + i) * SECONDS_OF_A_DAY + minute * 60, NULL);
    int64_t flat_ns = flat_s * NS_PER_SECOND;
    return flat_ns < s->close_ns ? flat_ns : s->close_ns;
}

static int64_t first_bar_from(const struct bars *bars, int64_t first, int64_t end, int64_t time_ns)
{
    while (first < end) {
        int64_t middle = first + (end - first) / 2;
        if (bars->time_ns[middle] < time_ns)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

enum err session_flats_create(const struct bars *bars, const struct zone *zone, int32_t minute,
                              struct session_flat **ret, struct error *e)
{
    struct session_flat *flat = malloc((size_t)bars->session_count * sizeof *flat + 1);
    if (!flat)
        return error_set(e, ERR_NO_MEMORY, "no memory for flat_at of %lld sessions",
                         (long long)bars->session_count);
    for (int64_t i = 0; i < bars->session_count; i++) {
        const struct bars_session *session = &bars->sessions[i];
        int64_t at_ns = flat_instant(zone ? zone : calendar_zone(bars->calendar), minute, session);
        flat[i] =
            (struct session_flat){at_ns, first_bar_from(bars, session->first, session->end, at_ns)};
    }
    *ret = flat;
    return ERR_OK;
}

/* ---- the first of them ---- */

static bool is_earlier(int64_t bar, enum bar_phase phase, const struct exit_schedule *than)
{
    return bar < than->bar ||
           (bar == than->bar && phase == PHASE_OPEN && than->phase == PHASE_CLOSE);
}

/* In the last session that is seen, the data may end before flat_at comes. */
static struct exit_schedule flat_schedule(const struct exit_search *s, int64_t session)
{
    const struct session_flat *flat = &s->flat[session];
    int64_t end = s->in.bars->sessions[session].end;
    bool is_cut = end >= s->in.end_bar;
    if (is_cut)
        end = s->in.end_bar;
    if (flat->bar < end)
        return (struct exit_schedule){flat->bar, PHASE_OPEN, EXIT_FLAT_AT};
    bool reached = !is_cut || bar_end_ns(s->in.bars, end - 1) >= flat->at_ns;
    return (struct exit_schedule){end - 1, PHASE_CLOSE, reached ? EXIT_FLAT_AT : EXIT_END_OF_DATA};
}

static int64_t session_of(const struct bars *bars, int64_t bar, int64_t guess)
{
    for (int64_t i = guess; i < bars->session_count && i <= guess + 1; i++)
        if (bar >= bars->sessions[i].first && bar < bars->sessions[i].end)
            return i;
    return bars_session_of(bars, bar);
}

/* The first bar of [entry_bar, end) at or after the instant; without gaps it is known at once. */
static int64_t due_bar(const struct bars *bars, int64_t entry_bar, int64_t end, int64_t due_ns)
{
    int64_t length_ns = timeframe_ns(bars->timeframe);
    int64_t bar = entry_bar + (due_ns - bars->time_ns[entry_bar] + length_ns - 1) / length_ns;
    if (bar > entry_bar && bar < end && bars->time_ns[bar - 1] < due_ns &&
        bars->time_ns[bar] >= due_ns)
        return bar;
    return first_bar_from(bars, entry_bar, end, due_ns);
}

bool exit_schedule_by_time(const struct exit_search *s, const struct trade_candidate *c,
                           int64_t *session, struct exit_schedule *ret)
{
    const struct strategy *y = s->in.strategy;
    *ret = (struct exit_schedule){s->in.end_bar - 1, PHASE_CLOSE, EXIT_END_OF_DATA};
    if (s->flat) {
        *session = session_of(s->in.bars, c->entry_bar, *session);
        if (c->entry_at.at_ns >= s->flat[*session].at_ns)
            return false;
        *ret = flat_schedule(s, *session);
    }
    if (y->max_holding_ns > 0) {
        int64_t due_ns = c->entry_at.at_ns + y->max_holding_ns;
        int64_t last = ret->bar + 1;
        int64_t bar = due_bar(s->in.bars, c->entry_bar, last, due_ns);
        if (bar < last && is_earlier(bar, PHASE_OPEN, ret))
            *ret = (struct exit_schedule){bar, PHASE_OPEN, EXIT_TIME};
    }
    return true;
}

void exit_schedule_by_rule(const struct exit_search *s, int64_t first, int64_t before,
                           struct exit_schedule *schedule)
{
    int64_t bar = bits_next(s->in.exit_mask, first, before + 1);
    if (bar > before)
        return;
    if (s->in.strategy->entry == ENTRY_NEXT_OPEN) {
        if (is_earlier(bar + 1, PHASE_OPEN, schedule))
            *schedule = (struct exit_schedule){bar + 1, PHASE_OPEN, EXIT_RULE};
    } else if (is_earlier(bar, PHASE_CLOSE, schedule)) {
        *schedule = (struct exit_schedule){bar, PHASE_CLOSE, EXIT_RULE};
    }
}
