/* Kept results of shards and sums, as a study recalls them. The first byte picks the record that is
 * replaced, the others are good; the second one says what the rest is: `r` a record as it is read
 * from disk, anything else the body of one, whose header and check sum are put right.
 *
 * Bytes are taken, or they are as none: the study runs to the very answer that it would have had.
 * A record that was forged with a right check sum may change the answer, but nothing else.
 */
#include "tests/fuzz/fuzz.h"

#include "base/civil.h"
#include "base/strbuf.h"
#include "engine/bars/demo.h"
#include "engine/study/study.h"

enum { MOST_RECORDS = 32, MAGIC_BYTES = 8, HEADER_BYTES = MAGIC_BYTES + DATA_HASH_BYTES };

static struct {
    const struct bars *bars;
    struct rule *rule;
    struct study_request request;
    struct study_symbol symbol;
    struct worker_pool *pool;
    struct record {
        unsigned char key[DATA_HASH_BYTES];
        struct strbuf bytes;
    } records[MOST_RECORDS]; /* as they are kept */
    int64_t record_count;
    const struct record *replaced; /* by these bytes */
    const char *bytes;
    size_t size_bytes;
    char digest[SHA256_TEXT];
} the;

static enum err load(void *context, size_t symbol, const struct bars **ret, struct error *e)
{
    (void)context;
    (void)symbol;
    (void)e;
    *ret = bars_ref(the.bars);
    return ERR_OK;
}

static void keep_record(void *context, const unsigned char *key, const void *bytes,
                        size_t size_bytes)
{
    (void)context;
    FUZZ_REQUIRE(the.record_count < MOST_RECORDS, "records");
    struct record *record = &the.records[the.record_count++];
    memcpy(record->key, key, sizeof record->key);
    strbuf_init(&record->bytes, 1 << 20);
    strbuf_add(&record->bytes, bytes, size_bytes);
}

static bool recall(void *context, const unsigned char *key, struct strbuf *into)
{
    (void)context;
    for (int64_t i = 0; i < the.record_count; i++) {
        const struct record *record = &the.records[i];
        if (memcmp(record->key, key, sizeof record->key) != 0)
            continue;
        if (record == the.replaced)
            strbuf_add(into, the.bytes, the.size_bytes);
        else
            strbuf_add(into, record->bytes.data, record->bytes.length);
        return true;
    }
    return false;
}

static struct study *new_study(void)
{
    struct study *s = NULL;
    struct error e = {0};
    FUZZ_REQUIRE(study_create(&the.request, &the.symbol, 1, &s, &e) == ERR_OK, "%s", e.message);
    return s;
}

/* Does what is missing and answers. */
static struct study_result *finish(struct study *s, const struct study_sink *sink)
{
    const struct study_source source = {.load = load, .recall = recall};
    struct study_result *result = NULL;
    struct error e = {0};
    FUZZ_REQUIRE(study_run(s, the.pool, &source, sink, NULL, &e) == ERR_OK, "%s", e.message);
    FUZZ_REQUIRE(study_finish(s, NULL, &result, &e) == ERR_OK, "%s", e.message);
    study_free(s);
    return result;
}

/* Half-hour bars of a few days in New York, a recursive rule, a shard a day. */
static void make_study(void)
{
    static const char text[] = "close > ema(3) or rsi(2)[1] < 20";
    struct demo_options o = {.seed = 5,
                             .from_day = civil_to_days((struct civil_date){2024, 7, 1}),
                             .to_day = civil_to_days((struct civil_date){2024, 7, 9}),
                             .first_price = 100,
                             .price_decimals = 2};
    const struct bars *minutes = NULL;
    struct shard_day *days = NULL;
    struct rule_options options = {.timeframe = {30}};
    FUZZ_REQUIRE(calendar_find("XNYS", &o.calendar, NULL) == ERR_OK &&
                     demo_bars(&o, &minutes, NULL) == ERR_OK &&
                     bars_resample(minutes, options.timeframe, BAR_ALL_COLUMNS, &the.bars, NULL) ==
                         ERR_OK &&
                     rule_compile(text, strlen(text), &options, &the.rule, NULL) == ERR_OK &&
                     shard_days_of(the.bars, &days, &the.symbol.stored.day_count, NULL) == ERR_OK &&
                     worker_pool_create(1, false, &the.pool, NULL) == ERR_OK,
                 "the study");
    bars_unref(minutes);
    the.symbol.stored.name = "DEMO";
    the.symbol.stored.calendar = o.calendar;
    the.symbol.stored.days = days;
    the.request = (struct study_request){.rule = the.rule, .timeframe = options.timeframe};
    study_request_defaults(&the.request);
    the.request.from_ns = the.bars->time_ns[0];
    the.request.to_ns = the.bars->time_ns[the.bars->count - 1] + 1;
    the.request.cooldown_ns = INT64_C(3600000000000);
    the.request.shard_size.unit = SHARD_BY_DAY;
    the.request.horizon_count = 2;
    FUZZ_REQUIRE(
        study_horizon_parse("60m", strlen("60m"), &the.request.horizons[0], NULL) == ERR_OK &&
            study_horizon_parse("close", strlen("close"), &the.request.horizons[1], NULL) == ERR_OK,
        "horizons");
}

static void begin(void)
{
    const struct study_sink sink = {.keep = keep_record};
    make_study();
    struct study_result *result = finish(new_study(), &sink);
    FUZZ_REQUIRE(the.record_count > 3 && result->fire_count > 5, "%d records, %d fires",
                 (int)the.record_count, (int)result->fire_count);
    memcpy(the.digest, result->digest, sizeof the.digest);
    study_result_free(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (the.bars == NULL)
        begin();
    if (size < 2)
        return 0;
    const struct record *own = &the.records[data[0] % the.record_count];
    bool raw = data[1] == 'r';
    struct strbuf record;
    strbuf_init(&record, 1 << 20);
    if (!raw)
        strbuf_add(&record, own->bytes.data, HEADER_BYTES);
    strbuf_add(&record, data + 2, size - 2);
    if (!raw) {
        unsigned char hash[DATA_HASH_BYTES];
        data_hash_of(record.data, record.length, hash);
        strbuf_add(&record, hash, sizeof hash);
    }
    FUZZ_REQUIRE(!strbuf_failed(&record), "memory");
    char *copy = fuzz_copy(record.data, record.length, 0);
    the.replaced = own;
    the.bytes = copy;
    the.size_bytes = record.length;
    struct study_result *result = finish(new_study(), NULL);
    bool same = record.length == own->bytes.length &&
                memcmp(record.data, own->bytes.data, record.length) == 0;
    FUZZ_REQUIRE((!raw && !same) || strcmp(result->digest, the.digest) == 0, "another answer");
    study_result_free(result);
    strbuf_release(&record);
    free(copy);
    return 0;
}
