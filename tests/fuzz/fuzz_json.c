/* JSON texts: the input is one.
 *
 * json_scan accepts just what the strict reader beside it accepts, and tells a place otherwise.
 * What it accepts cJSON parses, to the same values (json_value, which reads with it, is walked).
 * Decoded through a table of all kinds of fields, and as the body of a check and of a backtest,
 * what is good is written and decoded again, and that writes the same.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/strict_json.h"

#include "base/decimal.h"
#include "base/json_fields.h"
#include "base/json_scan.h"
#include "base/json_value.h"
#include "base/limits.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "server/jobs/study_spec.h"

#include <cjson/cJSON.h>

#include <math.h>

enum { ARENA_BYTES = 1 << 20, MOST_BYTES = 1 << 20 };

/* ---- refusing ---- */

static void check_refusal(enum err err, const struct error *e, size_t length)
{
    FUZZ_REQUIRE(err == ERR_INVALID && e->code == err && e->message[0] != '\0', "code %d: %s",
                 (int)err, e->message);
    FUZZ_REQUIRE(e->line >= 1 && e->line <= (int64_t)length + 1 && e->column >= 1 &&
                     e->column <= (int64_t)length + 1,
                 "line %d, column %d: %s", (int)e->line, (int)e->column, e->message);
    FUZZ_REQUIRE(e->pointer[0] == '\0' || e->pointer[0] == '/', "pointer %s", e->pointer);
}

/* Numbers written with point and exponent, strings and structure again as cJSON has them. */
static bool same_tree(const cJSON *a, const struct json_value *b)
{
    if (cJSON_IsString(a) != (json_value_text(b) != NULL) ||
        (cJSON_IsString(a) && strcmp(a->valuestring, json_value_text(b)) != 0))
        return false;
    if (cJSON_IsNumber(a) && a->valuedouble != json_value_number(b))
        return false;
    if (a->string && strcmp(a->string, json_value_name(b)) != 0)
        return false;
    const struct json_value *child = json_value_first(b);
    for (const cJSON *c = a->child; c; c = c->next, child = json_value_next(child))
        if (!child || !same_tree(c, child))
            return false;
    return child == NULL && json_value_count(b) == (size_t)cJSON_GetArraySize(a);
}

static bool is_utf8(const char *text)
{
    size_t left = strlen(text);
    for (size_t n; left > 0; text += n, left -= n)
        if ((n = utf8_length(text, left)) == 0)
            return false;
    return true;
}

static void check_texts(const cJSON *tree)
{
    for (; tree; tree = tree->next) {
        FUZZ_REQUIRE(!tree->string || is_utf8(tree->string), "a key is not UTF-8");
        FUZZ_REQUIRE(!tree->valuestring || is_utf8(tree->valuestring), "a string is not UTF-8");
        FUZZ_REQUIRE(!cJSON_IsNumber(tree) || isfinite(tree->valuedouble), "a number");
        check_texts(tree->child);
    }
}

static void check_tree(const char *text, size_t length)
{
    const char *end = NULL;
    struct json_value *value = NULL;
    struct error e = {0};
    cJSON *tree = cJSON_ParseWithLengthOpts(text, length, &end, 0);
    FUZZ_REQUIRE(tree != NULL, "cJSON refuses what the scan lets through");
    while (end < text + length && strchr(" \t\r\n", *end))
        end++;
    FUZZ_REQUIRE(end == text + length, "cJSON leaves %d bytes", (int)(text + length - end));
    check_texts(tree);
    FUZZ_REQUIRE(json_value_parse(text, length, &value, &e) == ERR_OK, "%s", e.message);
    FUZZ_REQUIRE(same_tree(tree, value), "another tree");
    json_value_free(value);
    cJSON_Delete(tree);
}

/* ---- decoding ---- */

struct inner {
    int32_t from_minute, to_minute;
    bool has_from, has_to;
    const char *zone;
    uint32_t days;
};

struct outer {
    const char *text, *short_text;
    bool truth, has_truth;
    int64_t whole, bounded;
    bool has_bounded;
    double number, percent;
    bool has_percent;
    int64_t decimal, price;
    bool has_price;
    int32_t side;
    int64_t at_ns;
    int32_t date;
    bool has_date;
    int64_t duration_ns;
    bool has_duration;
    struct json_texts texts;
    struct inner inner;
    bool has_inner;
};

static const char *const sides[] = {"buy", "sell", "sell_short", NULL};
static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", NULL};

/* Each member that cannot be 0 has a flag: then it is not written when it was left out. */
#define HAS(type, member) JSON_PRESENT(type, member)
static const struct json_field inner_fields[] = {
    JSON_FIELD(struct inner, from_minute, "from", JSON_TIME_OF_DAY, HAS(struct inner, has_from)),
    JSON_FIELD(struct inner, to_minute, "to", JSON_TIME_OF_DAY, HAS(struct inner, has_to), .min = 1,
               .max = 1440),
    JSON_FIELD(struct inner, zone, "zone", JSON_TEXT, .min = 1, .max = 16),
    JSON_FIELD(struct inner, days, "days", JSON_FLAGS, .choices = days),
};
static const struct json_field outer_fields[] = {
    JSON_FIELD(struct outer, text, "text", JSON_TEXT),
    JSON_FIELD(struct outer, short_text, "a/b~c", JSON_TEXT, .min = 1, .max = 4),
    JSON_FIELD(struct outer, truth, "truth", JSON_BOOL, HAS(struct outer, has_truth)),
    JSON_FIELD(struct outer, whole, "whole", JSON_INT),
    JSON_FIELD(struct outer, bounded, "bounded", JSON_INT, HAS(struct outer, has_bounded),
               .min = -5, .max = INT64_MAX),
    JSON_FIELD(struct outer, number, "number", JSON_NUMBER),
    JSON_FIELD(struct outer, percent, "percent", JSON_NUMBER, HAS(struct outer, has_percent),
               .number_min = -INFINITY, .number_max = 100),
    JSON_FIELD(struct outer, decimal, "decimal", JSON_DECIMAL),
    JSON_FIELD(struct outer, price, "price", JSON_DECIMAL, HAS(struct outer, has_price), .min = 1,
               .max = 1000 * DECIMAL_ONE),
    JSON_FIELD(struct outer, side, "side", JSON_ENUM, .choices = sides),
    JSON_FIELD(struct outer, at_ns, "at", JSON_TIME),
    JSON_FIELD(struct outer, date, "date", JSON_DATE, HAS(struct outer, has_date), .min = 10957,
               .max = 19722),
    JSON_FIELD(struct outer, duration_ns, "duration", JSON_DURATION,
               HAS(struct outer, has_duration)),
    JSON_FIELD(struct outer, texts, "texts", JSON_TEXTS),
    JSON_FIELD(struct outer, inner, "inner", JSON_OBJECT, HAS(struct outer, has_inner),
               .fields = inner_fields, .field_count = sizeof inner_fields / sizeof *inner_fields),
};
enum { OUTER_FIELDS = sizeof outer_fields / sizeof *outer_fields };

static void encode(struct strbuf *out, const struct outer *o)
{
    struct json_writer w;
    strbuf_init(out, MOST_BYTES);
    json_writer_init(&w, out);
    json_begin_object(&w);
    json_encode(&w, outer_fields, OUTER_FIELDS, o);
    json_end_object(&w);
    FUZZ_REQUIRE(!strbuf_failed(out), "memory");
}

static void check_decoding(const char *text, size_t length)
{
    struct arena arena;
    struct outer first = {0}, second = {0};
    struct error e = {0};
    arena_init(&arena, ARENA_BYTES);
    enum err err = json_decode(text, length, outer_fields, OUTER_FIELDS, &first, &arena, &e);
    if (err == ERR_OK) {
        struct strbuf once, twice;
        encode(&once, &first);
        err = json_decode(once.data, once.length, outer_fields, OUTER_FIELDS, &second, &arena, &e);
        FUZZ_REQUIRE(err == ERR_OK, "%s\n%s%s", once.data, e.pointer, e.message);
        encode(&twice, &second);
        FUZZ_REQUIRE(strcmp(once.data, twice.data) == 0, "\n%s\n%s", once.data, twice.data);
        strbuf_release(&once);
        strbuf_release(&twice);
    } else {
        FUZZ_REQUIRE(err == ERR_INVALID && e.message[0] != '\0', "code %d: %s", (int)err,
                     e.message);
    }
    arena_release(&arena);
}

static void encode_spec(struct strbuf *out, const struct study_spec *spec,
                        enum study_spec_kind kind)
{
    struct json_writer w;
    strbuf_init(out, MOST_BYTES);
    json_writer_init(&w, out);
    json_begin_object(&w);
    study_spec_encode(spec, kind, &w);
    json_end_object(&w);
    FUZZ_REQUIRE(!strbuf_failed(out), "memory");
}

static void check_body(const char *text, size_t length, enum study_spec_kind kind)
{
    struct arena arena;
    struct study_spec spec;
    struct error e = {0};
    arena_init(&arena, ARENA_BYTES);
    enum err err = study_spec_decode(text, length, kind, &arena, &spec, &e);
    if (err == ERR_OK) {
        struct strbuf once, twice;
        encode_spec(&once, &spec, kind);
        err = study_spec_decode(once.data, once.length, kind, &arena, &spec, &e);
        FUZZ_REQUIRE(err == ERR_OK, "%s\n%s %s", once.data, e.pointer, e.message);
        encode_spec(&twice, &spec, kind);
        FUZZ_REQUIRE(strcmp(once.data, twice.data) == 0, "\n%s\n%s", once.data, twice.data);
        strbuf_release(&once);
        strbuf_release(&twice);
    } else {
        FUZZ_REQUIRE(err == ERR_INVALID && e.message[0] != '\0', "code %d: %s", (int)err,
                     e.message);
    }
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error e = {0};
    char *text = fuzz_copy(data, size, 0);
    enum err err = json_scan(text, size, &e);
    bool good = strict_json_is_good(text, size);
    FUZZ_REQUIRE(good == (err == ERR_OK), "%s", good ? e.message : "a bad text is accepted");
    if (err == ERR_OK) {
        check_tree(text, size);
        check_decoding(text, size);
        check_body(text, size, STUDY_SPEC_CHECK);
        check_body(text, size, STUDY_SPEC_BACKTEST);
    } else {
        check_refusal(err, &e, size);
        FUZZ_REQUIRE(json_scan(text, size, NULL) == err, "without a place it is another code");
    }
    free(text);
    return 0;
}
