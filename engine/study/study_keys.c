#include "engine/study/study_keys.h"

#include <string.h>

/* When bars count, and what is measured after each. */
static void add_measures(struct sha256 *h, const struct study_request *r)
{
    sha256_add_u64(h, (uint64_t)r->timeframe.minutes);
    sha256_add_u64(h, (uint64_t)r->window.from_minute);
    sha256_add_u64(h, (uint64_t)r->window.to_minute);
    sha256_add_u64(h, r->window.weekdays ? r->window.weekdays : WEEKDAYS_ALL);
    sha256_add_string(h, r->window.zone ? zone_name(r->window.zone) : "");
    sha256_add_u64(h, r->horizon_count);
    for (size_t i = 0; i < r->horizon_count; i++) {
        sha256_add_u64(h, r->horizons[i].kind);
        sha256_add_u64(h, (uint64_t)r->horizons[i].duration_ns);
    }
}

static void add_day(struct sha256 *h, const struct shard_day *d)
{
    sha256_add_u64(h, (uint64_t)d->day);
    sha256_add_u64(h, (uint64_t)d->count);
    sha256_add(h, d->hash, sizeof d->hash);
}

/* The range only matters where it cuts through the sessions. */
static void add_cuts(struct sha256 *h, const struct study *s, const struct shard *first,
                     const struct shard *last)
{
    const struct calendar *calendar = s->symbols[first->symbol].stored.calendar;
    struct session opening = {0}, closing = {0};
    calendar_session(calendar, first->from_day, &opening);
    calendar_session(calendar, last->to_day, &closing);
    bool cuts_start = s->request.from_ns > opening.open_ns;
    bool cuts_end = s->request.to_ns < closing.close_ns;
    sha256_add_u64(h, (uint64_t)(cuts_start ? s->request.from_ns : INT64_MIN));
    sha256_add_u64(h, (uint64_t)(cuts_end ? s->request.to_ns : INT64_MAX));
}

/* What forward returns look at after a shard's last session. */
static void add_future(struct sha256 *h, const struct study *s, const struct shard *last)
{
    const struct shard_symbol *stored = &s->symbols[last->symbol].stored;
    bool is_last = last->end_session == stored->day_count;
    bool looks = false;
    for (size_t i = 0; i < s->request.horizon_count; i++)
        looks |= s->request.horizons[i].kind == HORIZON_NEXT_OPEN;
    sha256_add_u64(h, is_last);
    if (looks && !is_last)
        add_day(h, &stored->days[last->end_session]);
}

static void finish_key(struct sha256 *h, unsigned char key[DATA_HASH_BYTES])
{
    unsigned char hash[SHA256_BYTES];
    sha256_finish(h, hash);
    memcpy(key, hash, DATA_HASH_BYTES);
}

/* The question, asked of one symbol; its days follow. A rule may look at sessions of the first
 * symbol's calendar. */
static void begin_history(struct sha256 *h, const struct study *s, int32_t symbol)
{
    const struct study_symbol *of = &s->symbols[symbol];
    sha256_init(h);
    sha256_add_string(h, "bracketd shard " STUDY_ENGINE_VERSION);
    sha256_add_string(h, rule_normal_form(s->request.rule));
    sha256_add_string(h, calendar_name(s->symbols[0].stored.calendar));
    sha256_add_u64(h, s->request.trigger);
    add_measures(h, &s->request);
    sha256_add_string(h, calendar_name(of->stored.calendar));
}

void study_shard_keys(const struct study *s, int64_t first, int64_t end,
                      unsigned char (*keys)[DATA_HASH_BYTES])
{
    struct sha256 history; /* of the symbol, up to `session` */
    int64_t session = 0;
    for (int64_t i = first; i < end; i++) {
        const struct shard *shard = &s->plan.shards[i];
        if (i == first || shard->symbol != shard[-1].symbol) {
            begin_history(&history, s, shard->symbol);
            session = 0;
        }
        for (; session < shard->end_session; session++)
            add_day(&history, &s->symbols[shard->symbol].stored.days[session]);
        struct sha256 h = history;
        sha256_add_u64(&h, (uint64_t)shard->first_session);
        sha256_add_u64(&h, shard->state_only);
        if (!shard->state_only) {
            add_cuts(&h, s, shard, shard);
            add_future(&h, s, shard);
        }
        finish_key(&h, keys[i - first]);
    }
}

void study_sums_key(const struct study *s, int64_t first, int64_t end,
                    unsigned char key[DATA_HASH_BYTES])
{
    const struct shard *head = &s->plan.shards[first], *last = &s->plan.shards[end - 1];
    const struct shard_symbol *stored = &s->symbols[head->symbol].stored;
    struct sha256 h;
    sha256_init(&h);
    sha256_add_string(&h, "bracketd sums " STUDY_ENGINE_VERSION);
    sha256_add_string(&h, calendar_name(stored->calendar));
    add_measures(&h, &s->request);
    for (int64_t session = head->first_session; session < last->end_session; session++)
        add_day(&h, &stored->days[session]);
    add_cuts(&h, s, head, last);
    add_future(&h, s, last);
    finish_key(&h, key);
}
