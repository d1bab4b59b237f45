/* Results that are kept and recalled, and shards that fail: whatever comes from where, the answer
 * is the one of a study that did everything itself, to the last bit. */
#include "base/random.h"
#include "engine/study/study.h"
#include "engine/study/study_codec.h"
#include "tests/engine/make_bars.h"

#include <stdatomic.h>
#include <stdio.h>

static struct worker_pool *pool;

static int make_pool(void **state)
{
    (void)state;
    return worker_pool_create(3, false, &pool, NULL) == ERR_OK ? 0 : -1;
}

static int free_pool(void **state)
{
    (void)state;
    worker_pool_free(pool);
    return 0;
}

/* --- a store of kept results --- */

enum { ENTRIES_MAX = 20000 };

struct entry {
    unsigned char key[DATA_HASH_BYTES];
    char *bytes;
    size_t size_bytes;
};

struct memory {
    size_t count;
    struct entry entries[ENTRIES_MAX];
};

static struct entry *find(struct memory *m, const unsigned char *key)
{
    for (size_t i = 0; i < m->count; i++)
        if (memcmp(m->entries[i].key, key, DATA_HASH_BYTES) == 0)
            return &m->entries[i];
    return NULL;
}

static void forget(struct memory *m, size_t i)
{
    free(m->entries[i].bytes);
    m->entries[i] = m->entries[--m->count];
}

static void forget_all(struct memory *m)
{
    while (m->count > 0)
        forget(m, 0);
}

/* --- symbols whose bars can be changed --- */

enum { SYMBOLS_MAX = 3 };

struct market {
    struct memory *memory; /* NULL = nothing is kept */
    size_t symbol_count;
    const struct bars *bars[SYMBOLS_MAX];
    int loads[SYMBOLS_MAX];
    int failing_loads[SYMBOLS_MAX]; /* so many of them still fail */
    int64_t done, cached;           /* as the sink was told */
    int32_t attempts_failed;
    char failed[ERROR_MESSAGE_MAX];
};

static enum err load(void *context, size_t symbol, const struct bars **ret, struct error *e)
{
    struct market *m = context;
    m->loads[symbol]++;
    if (m->failing_loads[symbol] > 0 && m->failing_loads[symbol]--)
        return error_set(e, ERR_IO, "the disk does not answer");
    *ret = bars_ref(m->bars[symbol]);
    return ERR_OK;
}

static bool recall(void *context, const unsigned char *key, struct strbuf *into)
{
    struct market *m = context;
    const struct entry *entry = find(m->memory, key);
    if (entry)
        strbuf_add(into, entry->bytes, entry->size_bytes);
    return entry != NULL;
}

static void keep(void *context, const unsigned char *key, const void *bytes, size_t size_bytes)
{
    struct market *m = context;
    struct entry *entry = find(m->memory, key);
    if (!entry) {
        assert_true(m->memory->count < ENTRIES_MAX);
        entry = &m->memory->entries[m->memory->count++];
        entry->bytes = NULL;
    }
    free(entry->bytes);
    memcpy(entry->key, key, DATA_HASH_BYTES);
    entry->bytes = malloc(size_bytes);
    memcpy(entry->bytes, bytes, size_bytes);
    entry->size_bytes = size_bytes;
}

static enum err note(void *context, const struct study_shard_done *done, struct error *e)
{
    (void)e;
    struct market *m = context;
    assert_int_equal(done->index, m->done);
    assert_true(done->cached ? done->attempts == 0 : done->attempts >= 1);
    for (size_t i = 0; i < done->fire_count; i++)
        assert_int_equal(done->fires[i].symbol, done->shard->symbol);
    m->done++;
    m->cached += done->cached;
    return ERR_OK;
}

static void note_failure(void *context, const struct study_shard_failed *failed)
{
    struct market *m = context;
    m->attempts_failed = failed->attempts;
    snprintf(m->failed, sizeof m->failed, "%s", failed->error->message);
}

/* What a server knows of stored days: their counts, and hashes of what is in them. */
static struct shard_day *hashed_days(const struct bars *b, int64_t *ret_count)
{
    struct shard_day *days = NULL;
    assert_int_equal(shard_days_of(b, &days, ret_count, NULL), ERR_OK);
    for (int64_t i = 0; i < *ret_count; i++) {
        const struct bars_session *s = &b->sessions[i];
        struct strbuf bytes;
        strbuf_init(&bytes, 1 << 20);
        size_t size_bytes = (size_t)(s->end - s->first) * 8;
        strbuf_add(&bytes, b->time_ns + s->first, size_bytes);
        for (int c = 0; c < BAR_COLUMN_COUNT; c++)
            strbuf_add(&bytes, b->column[c] + s->first, size_bytes);
        data_hash_of(bytes.data, bytes.length, days[i].hash);
        strbuf_release(&bytes);
    }
    return days;
}

static struct study *study_of(const struct market *m, const struct study_request *r)
{
    static const char *const names[SYMBOLS_MAX] = {"AAA", "BBB", "CCC"};
    struct study_symbol symbols[SYMBOLS_MAX] = {0};
    struct study *s = NULL;
    for (size_t i = 0; i < m->symbol_count; i++) {
        struct shard_symbol *stored = &symbols[i].stored;
        stored->days = hashed_days(m->bars[i], &stored->day_count);
        stored->name = names[i];
        stored->calendar = m->bars[i]->calendar;
    }
    assert_int_equal(study_create(r, symbols, m->symbol_count, &s, NULL), ERR_OK);
    for (size_t i = 0; i < m->symbol_count; i++)
        free((void *)symbols[i].stored.days);
    return s;
}

static enum err run(struct market *m, const struct study_request *r, struct study_result **ret,
                    struct error *e)
{
    struct study *s = study_of(m, r);
    struct study_source source = {.load = load, .context = m};
    struct study_sink sink = {.shard_done = note, .context = m, .shard_failed = note_failure};
    if (m->memory) {
        source.recall = recall;
        sink.keep = keep;
    }
    m->done = m->cached = 0;
    m->attempts_failed = 0;
    memset(m->loads, 0, sizeof m->loads);
    enum err code = study_run(s, pool, &source, &sink, NULL, e);
    struct study_progress p;
    study_progress(s, &p);
    if (code == ERR_OK) {
        assert_int_equal(p.shards_done, p.shards_total);
        assert_int_equal(p.bars_done, p.bars_total);
        assert_int_equal(p.shards_cached, m->cached);
        code = study_finish(s, NULL, ret, e);
    }
    study_free(s);
    return code;
}

static bool same_stats(const struct study_horizon_stats *a, const struct study_horizon_stats *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Runs with what is kept and without, compares, and returns how many shards came from before. */
static int64_t compare(struct market *m, const struct study_request *r)
{
    struct market plain = *m;
    struct study_result *whole = NULL, *result = NULL;
    plain.memory = NULL;
    assert_int_equal(run(&plain, r, &whole, NULL), ERR_OK);
    assert_int_equal(plain.cached, 0);
    assert_int_equal(run(m, r, &result, NULL), ERR_OK);
    assert_string_equal(result->digest, whole->digest);
    assert_memory_equal(&result->counts, &whole->counts, sizeof whole->counts);
    for (size_t h = 0; h < r->horizon_count; h++)
        assert_true(same_stats(&result->horizons[h], &whole->horizons[h]));
    for (size_t i = 0; i < m->symbol_count; i++)
        for (size_t h = 0; h < r->horizon_count; h++)
            assert_true(
                same_stats(&result->symbols[i].horizons[h], &whole->symbols[i].horizons[h]));
    assert_int_equal(result->map_count, whole->map_count);
    assert_memory_equal(result->map, whole->map, whole->map_count * sizeof *whole->map);
    study_result_free(whole);
    study_result_free(result);
    return m->cached;
}

/* --- requests and bars --- */

static struct rule *compiled(const char *text)
{
    struct rule_options options = {.timeframe = {1}};
    struct rule *rule = NULL;
    struct error e = {0};
    if (rule_compile(text, strlen(text), &options, &rule, &e) != ERR_OK)
        fail_msg("%s: %s", text, e.message);
    return rule;
}

static struct study_request request_for(const struct rule *rule, enum shard_unit unit)
{
    struct study_request r = {.rule = rule, .timeframe = {1}, .from_ns = 0, .to_ns = INT64_MAX};
    study_request_defaults(&r);
    r.shard_size.unit = unit;
    return r;
}

static void copy_into(struct bars_builder *ret, const struct bars *from, int64_t sessions)
{
    int64_t count = from->sessions[sessions - 1].end;
    assert_int_equal(bars_builder_init(ret, count, BAR_ALL_COLUMNS, NULL), ERR_OK);
    memcpy(ret->time_ns, from->time_ns, (size_t)count * 8);
    for (int c = 0; c < BAR_COLUMN_COUNT; c++)
        memcpy(ret->column[c], from->column[c], (size_t)count * 8);
}

static const struct bars *published(struct bars_builder *b, const struct bars *like)
{
    const struct bars *bars = NULL;
    assert_int_equal(bars_publish(b, like->calendar, like->timeframe, -2, &bars, NULL), ERR_OK);
    bars_builder_release(b);
    return bars;
}

/* The first `sessions` of the bars, with opens and closes of session `changed` (-1 = none) moved.
 */
static const struct bars *copied(const struct bars *from, int64_t sessions, int64_t changed)
{
    struct bars_builder b;
    copy_into(&b, from, sessions);
    for (int64_t i = 0; changed >= 0 && i < b.count; i++) {
        if (bars_session_of(from, i) != changed)
            continue;
        b.column[BAR_OPEN][i] = b.column[i % 2 ? BAR_HIGH : BAR_LOW][i];
        b.column[BAR_CLOSE][i] = b.column[i % 2 ? BAR_LOW : BAR_HIGH][i];
    }
    return published(&b, from);
}

struct scene {
    struct market market;
    const struct bars *full; /* all sessions that the market's symbols may have */
};

static void scene_init(struct scene *s)
{
    memset(s, 0, sizeof *s);
    s->full = generated_bars("XNYS", "2024-04-01", "2024-06-28", 7, 0.02, 0);
    s->market.memory = calloc(1, sizeof *s->market.memory);
    s->market.symbol_count = 1;
    s->market.bars[0] = bars_ref(s->full);
}

static void scene_release(struct scene *s)
{
    for (size_t i = 0; i < s->market.symbol_count; i++)
        bars_unref(s->market.bars[i]);
    bars_unref(s->full);
    forget_all(s->market.memory);
    free(s->market.memory);
}

static void set_bars(struct scene *s, size_t symbol, const struct bars *bars)
{
    bars_unref(s->market.bars[symbol]);
    s->market.bars[symbol] = bars;
}

static int64_t sessions_before(const struct bars *b, const char *date)
{
    return bars_session_lower_bound(b, day_of(date));
}

/* --- tests --- */

static void the_same_question_is_answered_from_memory(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.market.symbol_count = 2;
    s.market.bars[1] = generated_bars("XNYS", "2024-05-01", "2024-06-28", 8, 0, 0);
    static const char *const rules[] = {"rsi(5) < 30", "close > open and close > sma(20)"};
    for (int i = 0; i < 2; i++) {
        struct rule *rule = compiled(rules[i]);
        struct study_request r = request_for(rule, SHARD_BY_WEEK);
        assert_int_equal(compare(&s.market, &r), 0);
        assert_int_equal(compare(&s.market, &r), s.market.done);
        assert_int_equal(s.market.loads[0] + s.market.loads[1], 0);
        /* The cooldown is the merge's, and who asks with another cut asks for other shards. */
        r.cooldown_ns = 90 * NS_PER_MINUTE;
        assert_int_equal(compare(&s.market, &r), s.market.done);
        assert_int_equal(s.market.loads[0] + s.market.loads[1], 0);
        /* All else is another question. */
        r.trigger = STUDY_EVERY_BAR;
        assert_int_equal(compare(&s.market, &r), 0);
        r.window.to_minute = 12 * 60;
        assert_int_equal(compare(&s.market, &r), 0);
        r.horizon_count = 2;
        assert_int_equal(compare(&s.market, &r), 0);
        assert_int_equal(compare(&s.market, &r), s.market.done);
        rule_free(rule);
    }
    scene_release(&s);
}

static void a_later_range_recalls_the_shards_that_it_does_not_cut(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    struct rule *rule = compiled("rsi(5) < 30");
    struct study_request r = request_for(rule, SHARD_BY_MONTH);
    assert_int_equal(compare(&s.market, &r), 0);
    assert_int_equal(s.market.done, 3);
    r.to_ns = instant("2024-06-12", 17 * 60); /* cuts June */
    assert_int_equal(compare(&s.market, &r), 2);
    /* Another cut through the same days is another question of them. */
    r.to_ns += 60 * NS_PER_MINUTE;
    assert_int_equal(compare(&s.market, &r), 2);
    r.from_ns = instant("2024-04-01", 15 * 60);
    assert_int_equal(compare(&s.market, &r), 2);
    r.from_ns += 60 * NS_PER_MINUTE;
    assert_int_equal(compare(&s.market, &r), 2);
    r.from_ns = instant("2024-05-01", 0); /* April is history now: other shards, for their state */
    assert_int_equal(compare(&s.market, &r), 2);
    rule_free(rule);
    scene_release(&s);
}

static void an_appended_day_recomputes_the_last_shard_only(void **state)
{
    (void)state;
    static const char *const rules[] = {"rsi(5) < 30", "close > sma(50)"};
    for (int i = 0; i < 2; i++) {
        struct scene s;
        scene_init(&s);
        struct rule *rule = compiled(rules[i]);
        struct study_request r = request_for(rule, SHARD_BY_MONTH);
        int64_t may = sessions_before(s.full, "2024-06-01"), june = may + 10;
        set_bars(&s, 0, copied(s.full, june, -1));
        assert_int_equal(compare(&s.market, &r), 0);
        set_bars(&s, 0, copied(s.full, june + 1, -1));
        assert_int_equal(compare(&s.market, &r), 2);
        assert_int_equal(s.market.done, 3);
        /* The first day of a month also ends the month before: its returns to the next open. */
        set_bars(&s, 0, copied(s.full, may, -1));
        forget_all(s.market.memory);
        assert_int_equal(compare(&s.market, &r), 0);
        set_bars(&s, 0, copied(s.full, may + 1, -1));
        assert_int_equal(compare(&s.market, &r), 1);
        assert_int_equal(s.market.done, 3);
        rule_free(rule);
        scene_release(&s);
    }
}

/* What comes after a shard's last session is unknown until its bars are there, and then known. */
static void the_end_of_the_data_is_part_of_what_a_shard_depends_on(void **state)
{
    (void)state;
    static const char *const horizons[] = {"5m", "next_open"};
    struct rule *rule = compiled("rsi(5) < 30");
    for (int i = 0; i < 2; i++) {
        struct scene s;
        scene_init(&s);
        struct study_request r = request_for(rule, SHARD_BY_MONTH);
        r.trigger = STUDY_EVERY_BAR;
        r.horizon_count = 1;
        study_horizon_parse(horizons[i], strlen(horizons[i]), &r.horizons[0], NULL);
        int64_t may = sessions_before(s.full, "2024-06-01");
        set_bars(&s, 0, copied(s.full, may, -1));
        assert_int_equal(compare(&s.market, &r), 0);
        set_bars(&s, 0, bars_ref(s.full));
        assert_int_equal(compare(&s.market, &r), 1);
        set_bars(&s, 0, copied(s.full, s.full->session_count, may)); /* the first day of June */
        assert_int_equal(compare(&s.market, &r), i == 0 ? 2 : 1);
        scene_release(&s);
    }
    rule_free(rule);
}

/* Windows are summed exactly up to that price, whatever comes later. */
static void a_price_that_is_no_decimal_leaves_the_shards_before_it_as_they_were(void **state)
{
    (void)state;
    struct scene s;
    struct bars_builder b;
    scene_init(&s);
    struct rule *rule = compiled("close > sma(50)");
    struct study_request r = request_for(rule, SHARD_BY_MONTH);
    assert_int_equal(compare(&s.market, &r), 0);
    copy_into(&b, s.full, s.full->session_count);
    double high = b.column[BAR_HIGH][b.count - 1];
    b.column[BAR_HIGH][b.count - 1] = high + high / 3e7;
    set_bars(&s, 0, published(&b, s.full));
    assert_int_equal(s.market.bars[0]->decimal_end, s.full->count - 1);
    assert_int_equal(compare(&s.market, &r), s.market.done - 1);
    rule_free(rule);
    scene_release(&s);
}

static void a_day_changed_in_the_middle_recomputes_what_follows(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    struct rule *rule = compiled("close > ema(20)");
    struct study_request r = request_for(rule, SHARD_BY_WEEK);
    r.horizon_count = 1; /* inside the session: the week before does not see the change */
    assert_int_equal(compare(&s.market, &r), 0);
    int64_t weeks = s.market.done;
    for (int64_t changed = 1; changed < s.full->session_count; changed += 13) {
        set_bars(&s, 0, copied(s.full, s.full->session_count, changed));
        int64_t cached = compare(&s.market, &r);
        assert_true(cached >= changed / 5 && cached <= changed / 5 + 1 && cached < weeks);
        set_bars(&s, 0, bars_ref(s.full));
        assert_int_equal(compare(&s.market, &r), weeks);
    }
    rule_free(rule);
    scene_release(&s);
}

static void any_hole_is_filled(void **state)
{
    (void)state;
    struct scene s;
    struct random random;
    scene_init(&s);
    random_seed(&random, 5);
    struct rule *rule = compiled("rsi(5) < 30 or close crosses above ema(100)");
    struct study_request r = request_for(rule, SHARD_BY_DAY);
    compare(&s.market, &r);
    for (int round = 0; round < 30; round++) {
        size_t holes = 1 + random_below(&random, s.market.memory->count);
        for (size_t i = 0; i < holes; i++)
            forget(s.market.memory, random_below(&random, s.market.memory->count));
        compare(&s.market, &r);
        assert_int_equal(compare(&s.market, &r), s.market.done);
    }
    rule_free(rule);
    scene_release(&s);
}

static void damaged_results_are_as_none(void **state)
{
    (void)state;
    struct scene s;
    struct random random;
    scene_init(&s);
    random_seed(&random, 6);
    struct rule *rule = compiled("rsi(5) < 30");
    struct study_request r = request_for(rule, SHARD_BY_MONTH);
    compare(&s.market, &r);
    for (size_t i = 0; i < s.market.memory->count; i++) {
        struct entry *entry = &s.market.memory->entries[i];
        entry->bytes[random_below(&random, entry->size_bytes)] ^= 0x20;
    }
    assert_int_equal(compare(&s.market, &r), 0);
    for (size_t i = 0; i < s.market.memory->count; i++)
        s.market.memory->entries[i].size_bytes /= 1 + i;
    assert_true(compare(&s.market, &r) <= 1);
    /* Each under the key of the next. */
    char *first = s.market.memory->entries[0].bytes;
    size_t first_bytes = s.market.memory->entries[0].size_bytes;
    for (size_t i = 0; i + 1 < s.market.memory->count; i++) {
        s.market.memory->entries[i].bytes = s.market.memory->entries[i + 1].bytes;
        s.market.memory->entries[i].size_bytes = s.market.memory->entries[i + 1].size_bytes;
    }
    s.market.memory->entries[s.market.memory->count - 1].bytes = first;
    s.market.memory->entries[s.market.memory->count - 1].size_bytes = first_bytes;
    assert_int_equal(compare(&s.market, &r), 0);
    rule_free(rule);
    scene_release(&s);
}

/* A result that is whole, but of a run in another state: only the proof can tell. */
static void a_result_from_another_state_is_not_believed(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    struct rule *rule = compiled("close > ema(200)");
    struct study_request r = request_for(rule, SHARD_BY_MONTH);
    compare(&s.market, &r);
    int forged = 0;
    for (size_t i = 0; i < s.market.memory->count; i++) {
        struct entry *entry = &s.market.memory->entries[i];
        struct shard_result result = {.fires.horizon_count = r.horizon_count};
        if (shard_record_decode(entry->bytes, entry->size_bytes, entry->key, &result, NULL) ==
            ERR_OK) {
            struct strbuf bytes;
            strbuf_init(&bytes, LIMIT_SHARD_RECORD_BYTES);
            result.entry_hash[3]++;
            result.fires.count = (size_t)--result.counts.candidates;
            shard_record_encode(&result, entry->key, &bytes);
            free(entry->bytes);
            entry->bytes = strbuf_take(&bytes, &entry->size_bytes);
            forged++;
        }
        shard_result_release(&result);
    }
    assert_int_equal(forged, 3);
    /* The first shard has no state before it to be proved by. */
    for (size_t i = s.market.memory->count; i-- > 0;) {
        struct shard_result result = {.fires.horizon_count = r.horizon_count};
        struct entry *entry = &s.market.memory->entries[i];
        bool first = shard_record_decode(entry->bytes, entry->size_bytes, entry->key, &result,
                                         NULL) == ERR_OK &&
                     result.fires.fires[0].bar < s.full->sessions[20].first;
        shard_result_release(&result);
        if (first)
            forget(s.market.memory, i);
    }
    assert_int_equal(compare(&s.market, &r), 0);
    assert_int_equal(compare(&s.market, &r), 3);
    rule_free(rule);
    scene_release(&s);
}

#ifdef VARIANT_SANITIZED
enum { ROUNDS = 30 };
#else
enum { ROUNDS = 150 };
#endif

static void random_request(struct random *random, const struct bars *full, struct study_request *r)
{
    static const char *const zones[] = {"UTC", "America/New_York", "Asia/Kolkata"};
    static const char *const horizons[] = {"5m", "1h", "close", "next_open"};
    r->trigger = (enum study_trigger)random_below(random, 3);
    r->cooldown_ns = (int64_t)random_below(random, 3) * 77 * NS_PER_MINUTE;
    zone_find(zones[random_below(random, 3)], &r->window.zone, NULL);
    r->window.from_minute = (int32_t)random_below(random, 4) * 200;
    r->window.to_minute = MINUTES_OF_DAY - (int32_t)random_below(random, 3) * 200;
    r->horizon_count = 0;
    for (int h = 0; h < 4; h++)
        if (random_below(random, 2))
            study_horizon_parse(horizons[h], strlen(horizons[h]), &r->horizons[r->horizon_count++],
                                NULL);
    if (r->horizon_count == 0)
        study_horizon_parse("30m", 3, &r->horizons[r->horizon_count++], NULL);
    if (random_below(random, 2))
        r->from_ns = full->time_ns[random_below(random, (uint64_t)full->count / 2)];
    if (random_below(random, 2))
        r->to_ns = full->time_ns[full->count / 2 +
                                 (int64_t)random_below(random, (uint64_t)full->count / 2)];
    r->shard_size.unit = (enum shard_unit)random_below(random, 3);
}

static void random_jobs_on_changing_bars_give_what_they_give_alone(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "rsi(5) < 30",         "close > sma(50)", "close > ema(20) and ema(3) > ema(9)",
        "close > day_high[1]", "close > vwap",    "tf(\"15m\", close > ema(4))",
        "close[390] < close",  "atr(14) > 0.05",  "volume > sma(volume, 30)",
    };
    struct scene s;
    struct random random;
    int64_t cached = 0, done = 0;
    scene_init(&s);
    random_seed(&random, 11);
    s.market.symbol_count = 3;
    s.market.bars[1] = bars_ref(s.full);
    s.market.bars[2] = generated_bars("XNSE", "2024-04-15", "2024-06-28", 9, 0.1, 0);
    for (int round = 0; round < ROUNDS; round++) {
        if (random_below(&random, 3) == 0)
            set_bars(&s, random_below(&random, 2),
                     copied(s.full, s.full->session_count - (int64_t)random_below(&random, 12),
                            random_below(&random, 2) ? (int64_t)random_below(&random, 60) : -1));
        struct rule *rule = NULL;
        const char *text = rules[random_below(&random, sizeof rules / sizeof *rules)];
        struct rule_options options = {.timeframe = {1}};
        if (rule_compile(text, strlen(text), &options, &rule, NULL) != ERR_OK)
            fail_msg("%s", text);
        struct study_request r = request_for(rule, SHARD_BY_MONTH);
        random_request(&random, s.full, &r);
        cached += compare(&s.market, &r);
        done += s.market.done;
        r.cooldown_ns = 5 * NS_PER_MINUTE;
        cached += compare(&s.market, &r);
        done += s.market.done;
        if (s.market.memory->count > ENTRIES_MAX / 2)
            forget_all(s.market.memory);
        rule_free(rule);
    }
    assert_true(cached > done / 2 - done / 10 && cached < done);
    scene_release(&s);
}

static void a_load_that_fails_twice_is_tried_a_third_time(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.market.symbol_count = 2;
    s.market.bars[1] = bars_ref(s.full);
    struct rule *rule = compiled("rsi(5) < 30");
    struct study_request r = request_for(rule, SHARD_BY_MONTH);
    struct study_result *whole = NULL, *result = NULL;
    struct error e = {0};
    assert_int_equal(run(&s.market, &r, &whole, &e), ERR_OK);
    forget_all(s.market.memory);
    s.market.failing_loads[1] = LIMIT_SHARD_ATTEMPTS - 1;
    assert_int_equal(run(&s.market, &r, &result, &e), ERR_OK);
    assert_int_equal(s.market.loads[0], 1);
    assert_int_equal(s.market.loads[1], LIMIT_SHARD_ATTEMPTS);
    assert_string_equal(result->digest, whole->digest);
    assert_true(same_stats(&result->horizons[0], &whole->horizons[0]));
    study_result_free(whole);
    study_result_free(result);
    rule_free(rule);
    scene_release(&s);
}

static void a_shard_that_fails_three_times_fails_the_study_by_name(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    s.market.symbol_count = 2;
    s.market.bars[1] = bars_ref(s.full);
    struct rule *rule = compiled("rsi(5) < 30");
    struct study_request r = request_for(rule, SHARD_BY_MONTH);
    struct study_result *result = NULL;
    struct error e = {0};
    s.market.failing_loads[1] = 100;
    assert_int_equal(run(&s.market, &r, &result, &e), ERR_IO);
    assert_int_equal(s.market.loads[1], LIMIT_SHARD_ATTEMPTS);
    assert_int_equal(s.market.attempts_failed, LIMIT_SHARD_ATTEMPTS);
    assert_string_equal(e.message, "BBB 2024-04-01..2024-04-30: the disk does not answer");
    assert_string_equal(s.market.failed, e.message);
    s.market.failing_loads[1] = 0;
    assert_int_equal(run(&s.market, &r, &result, &e), ERR_OK);
    study_result_free(result);
    rule_free(rule);
    scene_release(&s);
}

static void a_canceled_finish_can_be_asked_for_again(void **state)
{
    (void)state;
    struct scene s;
    scene_init(&s);
    struct rule *rule = compiled("close > open");
    struct study_request r = request_for(rule, SHARD_BY_MONTH);
    struct study *study = study_of(&s.market, &r);
    struct study_source source = {.load = load, .context = &s.market};
    struct study_result *result = NULL;
    struct error e = {0};
    _Atomic bool cancel = true;
    assert_int_equal(study_run(study, pool, &source, NULL, NULL, &e), ERR_OK);
    assert_int_equal(study_finish(study, &cancel, &result, &e), ERR_CANCELED);
    assert_null(result);
    cancel = false;
    assert_int_equal(study_finish(study, &cancel, &result, &e), ERR_OK);
    assert_true(result->counts.fires > 0 && result->map_count > 0);
    study_result_free(result);
    study_free(study);
    rule_free(rule);
    scene_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_question_is_answered_from_memory),
        cmocka_unit_test(a_later_range_recalls_the_shards_that_it_does_not_cut),
        cmocka_unit_test(an_appended_day_recomputes_the_last_shard_only),
        cmocka_unit_test(the_end_of_the_data_is_part_of_what_a_shard_depends_on),
        cmocka_unit_test(a_price_that_is_no_decimal_leaves_the_shards_before_it_as_they_were),
        cmocka_unit_test(a_day_changed_in_the_middle_recomputes_what_follows),
        cmocka_unit_test(any_hole_is_filled),
        cmocka_unit_test(damaged_results_are_as_none),
        cmocka_unit_test(a_result_from_another_state_is_not_believed),
        cmocka_unit_test(random_jobs_on_changing_bars_give_what_they_give_alone),
        cmocka_unit_test(a_load_that_fails_twice_is_tried_a_third_time),
        cmocka_unit_test(a_shard_that_fails_three_times_fails_the_study_by_name),
        cmocka_unit_test(a_canceled_finish_can_be_asked_for_again),
    };
    return cmocka_run_group_tests(tests, make_pool, free_pool);
}
