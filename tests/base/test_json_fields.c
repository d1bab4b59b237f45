#include "base/json_fields.h"

#include "base/decimal.h"
#include "tests/support/child.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum side { BUY, SELL, SELL_SHORT };
static const char *const sides[] = {"buy", "sell", "sell_short", NULL};
static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", NULL};

struct window {
    int32_t from_minute, to_minute;
    const char *timezone;
    uint32_t days;
};

static const struct json_field window_fields[] = {
    JSON_FIELD(struct window, from_minute, "from", JSON_TIME_OF_DAY, .required = true),
    JSON_FIELD(struct window, to_minute, "to", JSON_TIME_OF_DAY, .min = 1, .max = 1440),
    JSON_FIELD(struct window, timezone, "timezone", JSON_TEXT, .min = 1, .max = 16),
    JSON_FIELD(struct window, days, "days", JSON_FLAGS, .choices = days, .min = 0, .max = 3),
};

struct request {
    bool has_dry_run, dry_run; /* the first place is as good as any */
    const char *name;
    int64_t quantity;
    double percent;
    int64_t price;
    bool has_price;
    int32_t side;
    int64_t at_ns;
    int32_t date;
    int64_t cooldown_ns;
    struct json_texts symbols;
    struct window window;
    bool has_window;
    int64_t open_below;
    double open_above;
};

static const struct json_field request_fields[] = {
    JSON_FIELD(struct request, name, "name", JSON_TEXT),
    JSON_FIELD(struct request, dry_run, "dry_run", JSON_BOOL,
               JSON_PRESENT(struct request, has_dry_run)),
    JSON_FIELD(struct request, quantity, "quantity", JSON_INT, .required = true, .min = 1,
               .max = INT64_MAX),
    JSON_FIELD(struct request, percent, "percent", JSON_NUMBER, .number_min = 0, .number_max = 100),
    JSON_FIELD(struct request, price, "price", JSON_DECIMAL, .min = 1, .max = 1000 * DECIMAL_ONE,
               JSON_PRESENT(struct request, has_price)),
    JSON_FIELD(struct request, side, "side", JSON_ENUM, .choices = sides),
    JSON_FIELD(struct request, at_ns, "at", JSON_TIME),
    JSON_FIELD(struct request, date, "date", JSON_DATE, .min = 10957, .max = 19722),
    JSON_FIELD(struct request, cooldown_ns, "cooldown", JSON_DURATION, .min = INT64_C(60000000000),
               .max = INT64_C(3600000000000)),
    JSON_FIELD(struct request, symbols, "symbols", JSON_TEXTS, .min = 1, .max = 3),
    JSON_FIELD(struct request, window, "window", JSON_OBJECT, .fields = window_fields,
               .field_count = 4, JSON_PRESENT(struct request, has_window)),
    JSON_FIELD(struct request, open_below, "open_below", JSON_INT, .min = INT64_MIN, .max = 10),
    JSON_FIELD(struct request, open_above, "x/~y", JSON_NUMBER, .number_min = -1,
               .number_max = INFINITY),
};
enum { REQUEST_FIELDS = sizeof request_fields / sizeof *request_fields };

static struct arena arena;
static struct request request;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 64 * 1024);
    memset(&request, 0, sizeof request);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static enum err decode(const char *text, struct error *e)
{
    /* Exactly these bytes, so that a sanitizer sees a read behind them. */
    size_t length = strlen(text);
    char *copy = malloc(length ? length : 1);
    memcpy(copy, text, length);
    enum err err = json_decode(copy, length, request_fields, REQUEST_FIELDS, &request, &arena, e);
    free(copy);
    return err;
}

static void assert_decodes(const char *text)
{
    struct error e = {0};
    if (decode(text, &e) != ERR_OK)
        fail_msg("%s: %s", text, e.message);
}

static void assert_refused(const char *text, const char *pointer, const char *message)
{
    struct error e = {0};
    if (decode(text, &e) != ERR_INVALID)
        fail_msg("%s was accepted", text);
    if (strcmp(e.pointer, pointer) != 0 || strcmp(e.message, message) != 0)
        fail_msg("%s: [%s] %s", text, e.pointer, e.message);
    assert_int_equal(decode(text, NULL), ERR_INVALID);
}

static const char whole[] =
    "{\"name\":\"first\",\"dry_run\":true,\"quantity\":9007199254740993,\"percent\":0.5,"
    "\"price\":\"12.5\",\"side\":\"sell\",\"at\":\"2024-01-02T09:30:00Z\",\"date\":\"2023-12-31\","
    "\"cooldown\":\"30m\",\"symbols\":[\"SPY\",\"QQQ\"],\"window\":{\"from\":\"09:45\","
    "\"to\":\"11:30\",\"timezone\":\"UTC\",\"days\":[\"mon\",\"wed\"]},\"open_below\":-5,"
    "\"x/~y\":1e-7}";

static void every_kind_is_decoded(void **state)
{
    (void)state;
    assert_decodes(whole);
    assert_string_equal(request.name, "first");
    assert_true(request.dry_run && request.has_dry_run);
    assert_true(request.quantity == INT64_C(9007199254740993));
    assert_true(request.percent == 0.5);
    assert_true(request.price == 12500000 && request.has_price);
    assert_int_equal(request.side, SELL);
    assert_true(request.at_ns == INT64_C(1704187800000000000));
    assert_int_equal(request.date, 19722);
    assert_true(request.cooldown_ns == INT64_C(1800000000000));
    assert_int_equal(request.symbols.count, 2);
    assert_string_equal(request.symbols.items[0], "SPY");
    assert_string_equal(request.symbols.items[1], "QQQ");
    assert_true(request.has_window);
    assert_int_equal(request.window.from_minute, 585);
    assert_int_equal(request.window.to_minute, 690);
    assert_string_equal(request.window.timezone, "UTC");
    assert_int_equal(request.window.days, 1 << 0 | 1 << 2);
    assert_true(request.open_below == -5);
    assert_true(request.open_above == 1e-7);
}

static void what_is_encoded_is_what_was_decoded(void **state)
{
    (void)state;
    assert_decodes(whole);
    struct strbuf b;
    struct json_writer w;
    strbuf_init(&b, 10000);
    json_writer_init(&w, &b);
    json_begin_object(&w);
    json_encode(&w, request_fields, REQUEST_FIELDS, &request);
    json_end_object(&w);
    assert_string_equal(strbuf_text(&b), whole);
    strbuf_release(&b);
}

static void what_is_absent_is_left_out_when_encoded(void **state)
{
    (void)state;
    static const struct json_field fields[] = {
        JSON_FIELD(struct request, name, "name", JSON_TEXT),
        JSON_FIELD(struct request, price, "price", JSON_DECIMAL,
                   JSON_PRESENT(struct request, has_price)),
        JSON_FIELD(struct request, symbols, "symbols", JSON_TEXTS),
        JSON_FIELD(struct request, window, "window", JSON_OBJECT, .fields = window_fields,
                   .field_count = 4, JSON_PRESENT(struct request, has_window)),
        JSON_FIELD(struct request, quantity, "quantity", JSON_INT),
    };
    struct strbuf b;
    struct json_writer w;
    strbuf_init(&b, 10000);
    json_writer_init(&w, &b);
    json_begin_object(&w);
    json_encode(&w, fields, 5, &request);
    json_end_object(&w);
    assert_string_equal(strbuf_text(&b), "{\"symbols\":[],\"quantity\":0}");
    strbuf_release(&b);
}

struct pair {
    struct json_range days;
    const char *volatility;
};

static const struct json_field pair_fields[] = {
    JSON_FIELD(struct pair, days, "days", JSON_RANGE, .min = 0, .max = 30),
    JSON_FIELD(struct pair, volatility, "volatility", JSON_SCALAR, .min = 1, .max = 12),
};

static enum err decode_pair(const char *text, struct pair *ret, struct error *e)
{
    return json_decode(text, strlen(text), pair_fields, 2, ret, &arena, e);
}

static void ranges_and_scalars_come_back_as_they_were(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"days\":[5,9],\"volatility\":\"realized:20d\"}",
                                        "{\"days\":[0,0],\"volatility\":\"0.35\"}",
                                        "{\"days\":[30,30],\"volatility\":\"1e-1\"}"};
    for (size_t i = 0; i < 3; i++) {
        struct pair pair = {0};
        struct strbuf b;
        struct json_writer w;
        assert_int_equal(decode_pair(texts[i], &pair, NULL), ERR_OK);
        strbuf_init(&b, 1000);
        json_writer_init(&w, &b);
        json_begin_object(&w);
        json_encode(&w, pair_fields, 2, &pair);
        json_end_object(&w);
        assert_string_equal(strbuf_text(&b), texts[i]);
        strbuf_release(&b);
    }
    struct pair pair = {0};
    assert_int_equal(decode_pair("{\"volatility\": 0.350}", &pair, NULL), ERR_OK);
    assert_string_equal(pair.volatility, "0.350"); /* a number as it is written */
}

static void other_ranges_and_scalars_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pointer, *message;
    } rows[] = {
        {"{\"days\": 5}", "/days", "'days' must be an array of two whole numbers"},
        {"{\"days\": [5]}", "/days", "'days' must be an array of two whole numbers"},
        {"{\"days\": [5, 6, 7]}", "/days", "'days' must be an array of two whole numbers"},
        {"{\"days\": [5, \"9\"]}", "/days", "'days' must be an array of two whole numbers"},
        {"{\"days\": [5, 9.5]}", "/days", "'days' must be an array of two whole numbers"},
        {"{\"days\": [5, 1e300]}", "/days", "'days' must be an array of two whole numbers"},
        {"{\"days\": [9, 5]}", "/days", "'days' must have the lower number first"},
        {"{\"days\": [-1, 5]}", "/days", "'days' must be 0 to 30, not -1"},
        {"{\"days\": [1, 31]}", "/days", "'days' must be 0 to 30, not 31"},
        {"{\"volatility\": true}", "/volatility",
         "'volatility' must be a number or a string, not true or false"},
        {"{\"volatility\": \"\"}", "/volatility", "'volatility' must be 1 to 12 bytes long, not 0"},
        {"{\"volatility\": 0.1234567890123}", "/volatility",
         "'volatility' must be 1 to 12 bytes long, not 15"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pair pair = {0};
        struct error e = {0};
        assert_int_equal(decode_pair(rows[i].text, &pair, &e), ERR_INVALID);
        assert_string_equal(e.pointer, rows[i].pointer);
        assert_string_equal(e.message, rows[i].message);
    }
}

static void absent_and_null_leave_the_members_alone(void **state)
{
    (void)state;
    const char *texts[] = {"{\"quantity\":1}",
                           "{\"quantity\":1,\"name\":null,\"price\":null,\"window\":null,"
                           "\"symbols\":null,\"side\":null,\"dry_run\":null}"};
    for (size_t i = 0; i < 2; i++) {
        request = (struct request){.name = "as it was", .price = 7, .side = SELL_SHORT};
        assert_decodes(texts[i]);
        assert_string_equal(request.name, "as it was");
        assert_true(request.price == 7 && !request.has_price);
        assert_int_equal(request.side, SELL_SHORT);
        assert_false(request.has_window || request.has_dry_run);
    }
}

static void space_order_and_escapes_do_not_matter(void **state)
{
    (void)state;
    assert_decodes(
        " \r\n{ \"symbols\" : [ \"a]\" , \"\\\"}\\\\\" ] ,\t\"window\":{ \"days\" : [ ] , "
        "\"from\" : \"00:00\" } ,\n\"\\u0071uantity\" : 9223372036854775807 , "
        "\"x\\/~y\" :-0.25, \"price\" : 1e-05 }\n ");
    assert_string_equal(request.symbols.items[0], "a]");
    assert_string_equal(request.symbols.items[1], "\"}\\");
    assert_true(request.quantity == INT64_MAX);
    assert_true(request.open_above == -0.25);
    assert_true(request.price == 10);
    assert_int_equal(request.window.days, 0);
    assert_int_equal(request.window.from_minute, 0);
}

static void numbers_behind_nested_values_are_still_found(void **state)
{
    (void)state;
    assert_decodes("{\"window\":{\"days\":[\"mon\",\"tue\"],\"from\":\"01:00\"},\"quantity\":3,"
                   "\"symbols\":[\"{[\",\"\\\\\"],\"open_below\":4}");
    assert_true(request.quantity == 3);
    assert_true(request.open_below == 4);
}

static void decimals_come_as_strings_or_numbers(void **state)
{
    (void)state;
    const char *texts[] = {
        "{\"quantity\":1,\"price\":\"187.45\"}", "{\"quantity\":1,\"price\":187.45}",
        "{\"quantity\":1,\"price\":187.450}", "{\"quantity\":1,\"price\":1.8745e2}"};
    for (size_t i = 0; i < 4; i++) {
        request.price = 0;
        assert_decodes(texts[i]);
        assert_true(request.price == 187450000);
    }
}

static void unknown_fields_are_refused_with_the_nearest(void **state)
{
    (void)state;
    assert_refused("{\"quantity\":1,\"quantty\":2}", "/quantty",
                   "unknown field 'quantty'; did you mean 'quantity'?");
    assert_refused("{\"quantity\":1,\"window\":{\"from\":\"01:00\",\"timezon\":\"x\"}}",
                   "/window/timezon", "unknown field 'timezon'; did you mean 'timezone'?");
    assert_refused("{\"quantity\":1,\"zzzzzzzzz\":null}", "/zzzzzzzzz",
                   "unknown field 'zzzzzzzzz'");
    assert_refused("{\"a/b~\":1}", "/a~1b~0", "unknown field 'a/b~'");
}

static void missing_required_fields_are_named(void **state)
{
    (void)state;
    assert_refused("{}", "/quantity", "'quantity' is required");
    assert_refused("{\"quantity\":null}", "/quantity", "'quantity' is required");
    assert_refused("{\"quantity\":1,\"window\":{}}", "/window/from", "'from' is required");
}

static void wrong_types_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *text, *pointer, *message;
    } rows[] = {
        {"{\"name\":5}", "/name", "'name' must be a string, not a number"},
        {"{\"dry_run\":\"yes\"}", "/dry_run", "'dry_run' must be true or false, not a string"},
        {"{\"dry_run\":1}", "/dry_run", "'dry_run' must be true or false, not a number"},
        {"{\"quantity\":\"5\"}", "/quantity", "'quantity' must be a whole number, not a string"},
        {"{\"quantity\":true}", "/quantity",
         "'quantity' must be a whole number, not true or false"},
        {"{\"percent\":\"0.5\"}", "/percent", "'percent' must be a number, not a string"},
        {"{\"price\":[]}", "/price", "'price' must be a decimal such as \"12.5\", not an array"},
        {"{\"side\":1}", "/side", "'side' must be a string, not a number"},
        {"{\"at\":0}", "/at", "'at' must be a time such as \"2024-01-31T14:30:00Z\", not a number"},
        {"{\"date\":20240131}", "/date",
         "'date' must be a date such as \"2024-01-31\", not a number"},
        {"{\"cooldown\":30}", "/cooldown",
         "'cooldown' must be a duration such as \"30m\", not a number"},
        {"{\"symbols\":\"SPY\"}", "/symbols",
         "'symbols' must be an array of strings, not a string"},
        {"{\"symbols\":[\"SPY\",{}]}", "/symbols/1", "'symbols' must hold strings, not an object"},
        {"{\"symbols\":[null]}", "/symbols/0", "'symbols' must hold strings, not null"},
        {"{\"window\":[]}", "/window", "'window' must be an object, not an array"},
        {"{\"window\":{\"from\":945}}", "/window/from",
         "'from' must be a time of day such as \"09:45\", not a number"},
        {"{\"window\":{\"days\":\"mon\"}}", "/window/days",
         "'days' must be an array of strings, not a string"},
        {"{\"window\":{\"days\":[1]}}", "/window/days/0", "'days' must be a string, not a number"},
        {"[]", "", "the JSON text must be an object, not an array"},
        {"null", "", "the JSON text must be an object, not null"},
        {"7", "", "the JSON text must be an object, not a number"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_refused(rows[i].text, rows[i].pointer, rows[i].message);
}

static void values_out_of_bounds_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *text, *pointer, *message;
    } rows[] = {
        {"{\"quantity\":0}", "/quantity", "'quantity' must be at least 1, not 0"},
        {"{\"open_below\":11}", "/open_below", "'open_below' must be at most 10, not 11"},
        {"{\"percent\":100.5}", "/percent", "'percent' must be 0 to 100, not 100.5"},
        {"{\"percent\":-1e-9}", "/percent", "'percent' must be 0 to 100, not -1e-9"},
        {"{\"x/~y\":-2}", "/x~1~0y", "'x/~y' must be at least -1, not -2"},
        {"{\"price\":\"0\"}", "/price", "'price' must be 0.000001 to 1000, not 0"},
        {"{\"price\":1000.000001}", "/price", "'price' must be 0.000001 to 1000, not 1000.000001"},
        {"{\"date\":\"1999-12-31\"}", "/date",
         "'date' must be 2000-01-01 to 2023-12-31, not 1999-12-31"},
        {"{\"cooldown\":\"59s\"}", "/cooldown", "'cooldown' must be 1m to 1h, not 59s"},
        {"{\"symbols\":[]}", "/symbols", "'symbols' must be 1 to 3 items, not 0"},
        {"{\"symbols\":[\"a\",\"b\",\"c\",\"d\"]}", "/symbols",
         "'symbols' must be 1 to 3 items, not 4"},
        {"{\"window\":{\"timezone\":\"\"}}", "/window/timezone",
         "'timezone' must be 1 to 16 bytes long, not 0"},
        {"{\"window\":{\"timezone\":\"12345678901234567\"}}", "/window/timezone",
         "'timezone' must be 1 to 16 bytes long, not 17"},
        {"{\"window\":{\"to\":\"00:00\"}}", "/window/to", "'to' must be 00:01 to 24:00, not 00:00"},
        {"{\"window\":{\"days\":[\"mon\",\"tue\",\"wed\",\"thu\"]}}", "/window/days",
         "'days' must be 0 to 3 items, not 4"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_refused(rows[i].text, rows[i].pointer, rows[i].message);
}

static void values_that_cannot_be_read_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *text, *pointer, *says;
    } rows[] = {
        {"{\"quantity\":1.5}", "/quantity",
         "'quantity' must be a whole number: 1.5 has a fraction"},
        {"{\"quantity\":9223372036854775808}", "/quantity", "has more than 64 bits"},
        {"{\"price\":\"1e3\"}", "/price", "'price' must be a decimal: '1e3' is not a decimal"},
        {"{\"price\":0.1234567}", "/price", "has more than 6 decimals"},
        {"{\"side\":\"buyy\"}", "/side",
         "'side' must be one of buy, sell, sell_short, not 'buyy'; did you mean 'buy'?"},
        {"{\"side\":\"BUY\"}", "/side", "must be one of buy, sell, sell_short, not 'BUY'"},
        {"{\"at\":\"2024-01-02\"}", "/at",
         "'at' cannot be read: '2024-01-02' is not an RFC 3339 time"},
        {"{\"date\":\"2023-02-29\"}", "/date",
         "'date' must be a date such as 2024-01-31, not '2023-02-29'"},
        {"{\"cooldown\":\"30\"}", "/cooldown", "'cooldown' cannot be read: '30' is not a duration"},
        {"{\"window\":{\"from\":\"24:01\"}}", "/window/from", "'24:01' is not a time of day"},
        {"{\"window\":{\"days\":[\"mon\",\"sun\"]}}", "/window/days/1",
         "must be one of mon, tue, wed, thu, fri, not 'sun'"},
        {"{\"window\":{\"days\":[\"mon\",\"mon\"]}}", "/window/days/1", "'days' has 'mon' twice"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error e = {0};
        assert_int_equal(decode(rows[i].text, &e), ERR_INVALID);
        assert_string_equal(e.pointer, rows[i].pointer);
        if (!strstr(e.message, rows[i].says))
            fail_msg("%s: %s", rows[i].text, e.message);
    }
}

static void a_text_that_is_not_json_is_refused_with_its_place(void **state)
{
    (void)state;
    struct error e = {0};
    assert_int_equal(decode("{\n \"quantity\": 1,\n \"quantity\": 2}", &e), ERR_INVALID);
    assert_int_equal(e.line, 3);
    assert_int_equal(e.column, 2);
    assert_string_equal(e.pointer, "/quantity");
    assert_int_equal(decode("{\"quantity\":1e400}", &e), ERR_INVALID);
    assert_int_equal(decode("{\"name\":\"\xff\"}", &e), ERR_INVALID);
    assert_int_equal(decode("", &e), ERR_INVALID);
    assert_int_equal(decode("{\"quantity\":1} x", &e), ERR_INVALID);
}

static void a_full_arena_is_an_error(void **state)
{
    (void)state;
    const char *texts[] = {"{\"quantity\":1,\"name\":\"longer than sixteen bytes of text\"}",
                           "{\"quantity\":1,\"symbols\":[\"a\",\"b\",\"c\"]}"};
    for (size_t t = 0; t < 2; t++)
        for (size_t max = 0; max <= 96; max += 16) {
            struct error e = {0};
            struct arena small;
            arena_init(&small, max);
            enum err err = json_decode(texts[t], strlen(texts[t]), request_fields, REQUEST_FIELDS,
                                       &request, &small, &e);
            assert_int_equal(err, max < (t == 0 ? 48 : 80) ? ERR_NO_MEMORY : ERR_OK);
            arena_release(&small);
        }
}

static void encode_a_choice_that_is_none(void *context)
{
    struct strbuf b;
    struct json_writer w;
    request.side = *(int32_t *)context;
    strbuf_init(&b, 1000);
    json_writer_init(&w, &b);
    json_begin_object(&w);
    json_encode(&w, request_fields, REQUEST_FIELDS, &request);
}

static void an_impossible_choice_aborts(void **state)
{
    (void)state;
    const char *texts[] = {"ssertion", NULL};
    assert_decodes(whole);
    assert_true(child_aborts(encode_a_choice_that_is_none, &(int32_t){3}, texts));
    assert_true(child_aborts(encode_a_choice_that_is_none, &(int32_t){-1}, texts));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_kind_is_decoded),
        TEST(what_is_encoded_is_what_was_decoded),
        TEST(what_is_absent_is_left_out_when_encoded),
        TEST(ranges_and_scalars_come_back_as_they_were),
        TEST(other_ranges_and_scalars_are_refused),
        TEST(absent_and_null_leave_the_members_alone),
        TEST(space_order_and_escapes_do_not_matter),
        TEST(numbers_behind_nested_values_are_still_found),
        TEST(decimals_come_as_strings_or_numbers),
        TEST(unknown_fields_are_refused_with_the_nearest),
        TEST(missing_required_fields_are_named),
        TEST(wrong_types_are_refused),
        TEST(values_out_of_bounds_are_refused),
        TEST(values_that_cannot_be_read_are_refused),
        TEST(a_text_that_is_not_json_is_refused_with_its_place),
        TEST(a_full_arena_is_an_error),
        TEST(an_impossible_choice_aborts),
    };
    return cmocka_run_group_tests_name("json_fields", tests, NULL, NULL);
}
