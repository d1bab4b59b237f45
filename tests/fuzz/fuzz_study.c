/* Stored results of shards (study_restore). The first byte picks how many shards are restored from
 * good bytes before; the second one says what the rest is: `r` a record as it is read from disk,
 * anything else the body of one, whose header and check sum are put right.
 *
 * Bytes are restored, or refused, and then the study is as before: it runs to the very answer that
 * it would have had. What is not one of our own records is refused as it is read from disk. A
 * record that was forged with a right check sum may change the answer, but nothing else.
 */
#include "tests/fuzz/fuzz.h"

#include "base/civil.h"
#include "base/strbuf.h"
#include "engine/bars/demo.h"
#include "engine/study/study.h"

enum { MOST_SHARDS = 16, MAGIC_BYTES = 8, HEADER_BYTES = MAGIC_BYTES + DATA_HASH_BYTES };

static struct {
    const struct bars *bars;
    struct rule *rule;
    struct study_request request;
    struct study_symbol symbol;
    struct worker_pool *pool;
    struct strbuf record[MOST_SHARDS]; /* of each shard, as it is stored */
    int64_t record_count;
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

static enum err keep_record(void *context, const struct study_shard_done *done, struct error *e)
{
    (void)context;
    (void)e;
    FUZZ_REQUIRE(done->index == the.record_count && done->index < MOST_SHARDS, "shard");
    struct strbuf *record = &the.record[the.record_count++];
    strbuf_init(record, 1 << 20);
    strbuf_add(record, done->bytes, done->size_bytes);
    return ERR_OK;
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
    const struct study_source source = {.load = load};
    struct study_result *result = NULL;
    struct error e = {0};
    FUZZ_REQUIRE(study_run(s, the.pool, &source, sink, NULL, &e) == ERR_OK, "%s", e.message);
    FUZZ_REQUIRE(study_finish(s, &result, &e) == ERR_OK, "%s", e.message);
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
    const struct study_sink sink = {.shard_done = keep_record};
    make_study();
    struct study_result *result = finish(new_study(), &sink);
    FUZZ_REQUIRE(the.record_count > 3 && result->fire_count > 5, "%d shards, %d fires",
                 (int)the.record_count, (int)result->fire_count);
    memcpy(the.digest, result->digest, sizeof the.digest);
    study_result_free(result);
}

static enum err restore(struct study *s, const void *bytes, size_t size)
{
    struct error e = {0};
    char *copy = fuzz_copy(bytes, size, 0);
    int64_t before = study_merged_shards(s);
    enum err err = study_restore(s, copy, size, &e);
    free(copy);
    FUZZ_REQUIRE(err == ERR_OK || (err == ERR_DATA && e.message[0] != '\0'), "code %d: %s",
                 (int)err, e.message);
    FUZZ_REQUIRE(study_merged_shards(s) == before + (err == ERR_OK), "shards");
    return err;
}

/* magic, fingerprint, body, check sum */
static enum err restore_body(struct study *s, const uint8_t *body, size_t size)
{
    struct strbuf record;
    unsigned char hash[DATA_HASH_BYTES];
    strbuf_init(&record, 1 << 20);
    strbuf_add(&record, the.record[0].data, HEADER_BYTES);
    strbuf_add(&record, body, size);
    data_hash_of(record.data, record.length, hash);
    strbuf_add(&record, hash, sizeof hash);
    FUZZ_REQUIRE(!strbuf_failed(&record), "memory");
    enum err err = restore(s, record.data, record.length);
    strbuf_release(&record);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (the.bars == NULL)
        begin();
    if (size < 2)
        return 0;
    struct study *s = new_study();
    int64_t good = data[0] % the.record_count;
    for (int64_t i = 0; i < good; i++)
        FUZZ_REQUIRE(restore(s, the.record[i].data, the.record[i].length) == ERR_OK, "shard %d",
                     (int)i);
    const struct strbuf *own = &the.record[good];
    const uint8_t *rest = data + 2;
    enum err err;
    bool same;
    if (data[1] == 'r') {
        same = size - 2 == own->length && memcmp(rest, own->data, own->length) == 0;
        err = restore(s, rest, size - 2);
        FUZZ_REQUIRE(same == (err == ERR_OK), "a record that is not our own");
    } else {
        same = size - 2 + HEADER_BYTES + DATA_HASH_BYTES == own->length &&
               memcmp(rest, own->data + HEADER_BYTES, size - 2) == 0;
        err = restore_body(s, rest, size - 2);
        FUZZ_REQUIRE(!same || err == ERR_OK, "our own record");
    }
    struct study_result *result = finish(s, NULL);
    FUZZ_REQUIRE((err == ERR_OK && !same) || strcmp(result->digest, the.digest) == 0,
                 "another answer");
    study_result_free(result);
    return 0;
}
