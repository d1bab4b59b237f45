#include "base/json_scan.h"

#include "base/clock.h"
#include "base/json_pointer.h"
#include "base/limits.h"
#include "base/strbuf.h"
#include "tests/support/test.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Scans a copy of exactly `length` bytes, so that a sanitizer sees a read behind them. */
static enum err scan(const char *text, size_t length, struct error *e)
{
    char *copy = malloc(length ? length : 1);
    memcpy(copy, text, length);
    enum err err = json_scan(copy, length, e);
    assert_int_equal(json_scan(copy, length, NULL), err);
    free(copy);
    return err;
}

static void assert_accepted(const char *text, size_t length)
{
    struct error e = {0};
    if (scan(text, length, &e) != ERR_OK)
        fail_msg("'%.*s': %s at column %d", (int)length, text, e.message, e.column);
    cJSON *json = cJSON_ParseWithLength(text, length);
    if (!json)
        fail_msg("'%.*s': cJSON refuses it", (int)length, text);
    cJSON_Delete(json);
}

static void assert_refused(const char *text, size_t length, const char *why)
{
    struct error e = {0};
    if (scan(text, length, &e) != ERR_INVALID)
        fail_msg("'%.*s' was accepted", (int)length, text);
    if (!strstr(e.message, why))
        fail_msg("'%.*s' says: %s", (int)length, text, e.message);
    assert_true(e.line >= 1 && e.column >= 1);
}

#define ACCEPT(text) assert_accepted(text, sizeof(text) - 1)
#define REFUSE(text, why) assert_refused(text, sizeof(text) - 1, why)

static void well_formed_structures_are_accepted(void **state)
{
    (void)state;
    ACCEPT("[]");
    ACCEPT("{}");
    ACCEPT("[[]]");
    ACCEPT("[null]");
    ACCEPT("[true,false,null]");
    ACCEPT("[1,null,null,null,2]");
    ACCEPT("[null, 1, \"1\", {}]");
    ACCEPT(" [1 ] ");
    ACCEPT("\t\r\n[\n1\r,\t2 ]\n");
    ACCEPT("[\"a\",\"b\"]");
    ACCEPT("{\"\":0}");
    ACCEPT("{\"a\":{\"a\":{\"a\":[]}}}");
    ACCEPT("{\"a\":1,\"b\":2,\"c\":[{\"a\":1},{\"a\":2}]}");
    ACCEPT("{\"a\" : 1 , \"A\" : 2}");
    ACCEPT("{\"long key that is longer than others\":\"x\"}");
}

static void values_alone_are_accepted(void **state)
{
    (void)state;
    ACCEPT("42");
    ACCEPT("-0.1");
    ACCEPT("\"text\"");
    ACCEPT("\"\"");
    ACCEPT("true");
    ACCEPT("false");
    ACCEPT("null");
    ACCEPT(" null ");
}

static void numbers_of_the_grammar_are_accepted(void **state)
{
    (void)state;
    ACCEPT("[0]");
    ACCEPT("[-0]");
    ACCEPT("[-0.0]");
    ACCEPT("[-1]");
    ACCEPT("[123]");
    ACCEPT("[0e1]");
    ACCEPT("[0e+1]");
    ACCEPT("[1e-2]");
    ACCEPT("[1E22]");
    ACCEPT("[1E+2]");
    ACCEPT("[1E-2]");
    ACCEPT("[20e1]");
    ACCEPT("[123.456e78]");
    ACCEPT("[123.456789]");
    ACCEPT("[1e308]");
    ACCEPT("[1.7976931348623157e308]");
    ACCEPT("[-1e-400]");
    ACCEPT("[-0.000000000000000000000000000000000000000000000000001]");
    ACCEPT("[18446744073709551616]");
    ACCEPT("[0e9999999999999999999]");
    ACCEPT("[123456789012345678901234567890123456789012345678901234567890123]");
}

static void strings_of_the_grammar_are_accepted(void **state)
{
    (void)state;
    ACCEPT("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]");
    ACCEPT("[\"\\u0060\\u012a\\u12AB\\u00e9\"]");
    ACCEPT("[\"\\uD801\\udc37\"]");
    ACCEPT("[\"\\ud83d\\ude39\\ud83d\\udc8d\"]");
    ACCEPT("[\"\\uDBFF\\uDFFF\"]");
    ACCEPT("[\"\\\\u0000\"]");
    ACCEPT("[\"a/*b*/c//d#e\"]");
    ACCEPT("[\"\\u0012\"]");
    ACCEPT("[\"\\uFFFF\\uFFFE\\uFDD0\"]");
    ACCEPT("[\" \"]");
    ACCEPT("[\"\x7f\"]");
    ACCEPT("[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]");
    ACCEPT("[\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"]");
    ACCEPT("[\"\xed\x9f\xbf\xee\x80\x80\"]");
    ACCEPT("[\"\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\"]");
    ACCEPT("{\"\xe2\x82\xac\":1,\"\\u0001a\\\\\":2}");
}

static void broken_structures_are_refused(void **state)
{
    (void)state;
    REFUSE("", "is empty");
    REFUSE("  \n", "is empty");
    REFUSE("[", "ends where a value");
    REFUSE("]", "']' where a value");
    REFUSE("[1", "ends where ',' or ']'");
    REFUSE("[1,", "ends where a value");
    REFUSE("[1,]", "']' where a value");
    REFUSE("[,1]", "',' where a value");
    REFUSE("[1,,2]", "',' where a value");
    REFUSE("[1 2]", "'2' where ',' or ']'");
    REFUSE("[1}", "'}' where ',' or ']'");
    REFUSE("[\"a\" \"b\"]", "where ',' or ']'");
    REFUSE("[1:2]", "':' where ',' or ']'");
    REFUSE("{", "ends where a key");
    REFUSE("}", "'}' where a value");
    REFUSE("{\"a\"", "ends where ':'");
    REFUSE("{\"a\"}", "'}' where ':'");
    REFUSE("{\"a\":", "ends where a value");
    REFUSE("{\"a\":}", "'}' where a value");
    REFUSE("{\"a\":1", "ends where ',' or '}'");
    REFUSE("{\"a\":1,", "ends where a key");
    REFUSE("{\"a\":1,}", "'}' where a key");
    REFUSE("{,}", "',' where a key");
    REFUSE("{\"a\" 1}", "'1' where ':'");
    REFUSE("{\"a\"::1}", "':' where a value");
    REFUSE("{\"a\",1}", "',' where ':'");
    REFUSE("{1:1}", "'1' where a key");
    REFUSE("{a:1}", "'a' where a key");
    REFUSE("{'a':1}", "''' where a key");
    REFUSE("{null:1}", "'n' where a key");
    REFUSE("{[]:1}", "'[' where a key");
    REFUSE("{\"a\":1]", "']' where ',' or '}'");
    REFUSE("{\"a\":1 \"b\":2}", "where ',' or '}'");
    REFUSE("[{]", "']' where a key");
    REFUSE("*", "'*' where a value");
    REFUSE("<null>", "'<' where a value");
    REFUSE("['a']", "''' where a value");
    REFUSE("[\x01]", "byte 0x01 where a value");
    REFUSE("[1\x0c]", "byte 0x0c where");
    REFUSE("[\xc2\xa0]", "byte 0xc2 where a value");
    REFUSE("[1]\xe2\x80\xa8", "byte 0xe2 where the end");
    REFUSE("[/* c */1]", "'/' where a value");
    REFUSE("[1]//", "'/' where the end");
    REFUSE("[1]#", "'#' where the end");
    REFUSE("\xef\xbb\xbf{}", "byte order mark");
    REFUSE("\xef\xbb", "byte 0xef where a value");
    REFUSE("[\0]", "byte 0x00 where a value");
}

static void bytes_behind_the_value_are_refused(void **state)
{
    (void)state;
    REFUSE("[] x", "'x' where the end");
    REFUSE("[][]", "'[' where the end");
    REFUSE("{}}", "'}' where the end");
    REFUSE("1 2", "'2' where the end");
    REFUSE("\"a\"b", "'b' where the end");
    REFUSE("null,", "',' where the end");
    REFUSE("{}\0", "byte 0x00 where the end");
    REFUSE("truetrue", "'t' where the end");
}

static void broken_literals_are_refused(void **state)
{
    (void)state;
    REFUSE("[tru]", "where a value");
    REFUSE("tru", "where a value");
    REFUSE("[True]", "where a value");
    REFUSE("[TRUE]", "where a value");
    REFUSE("[nul", "where a value");
    REFUSE("[fals e]", "where a value");
    REFUSE("[undefined]", "where a value");
    REFUSE("[NaN]", "where a value");
    REFUSE("[Infinity]", "where a value");
    REFUSE("[nan]", "where a value");
    REFUSE("[nullx]", "'x' where ',' or ']'");
}

static void numbers_outside_the_grammar_are_refused(void **state)
{
    (void)state;
    REFUSE("[-]", "']' where a digit");
    REFUSE("[+1]", "'+' where a value");
    REFUSE("[01]", "leading zero");
    REFUSE("[-01]", "leading zero");
    REFUSE("[00]", "leading zero");
    REFUSE("[.5]", "'.' where a value");
    REFUSE("[-.5]", "'.' where a digit");
    REFUSE("[1.]", "a digit after the point");
    REFUSE("[1.e1]", "a digit after the point");
    REFUSE("[1.2.3]", "where ',' or ']'");
    REFUSE("[1e]", "a digit of the exponent");
    REFUSE("[1e+]", "a digit of the exponent");
    REFUSE("[1eE2]", "a digit of the exponent");
    REFUSE("[1e1.5]", "where ',' or ']'");
    REFUSE("[0x10]", "where ',' or ']'");
    REFUSE("[1a]", "where ',' or ']'");
    REFUSE("[--1]", "'-' where a digit");
    REFUSE("[-Infinity]", "'I' where a digit");
    REFUSE("[-NaN]", "'N' where a digit");
    REFUSE("[1 000]", "where ',' or ']'");
    REFUSE("[1_000]", "where ',' or ']'");
    REFUSE("[1,5e]", "a digit of the exponent");
    REFUSE("[2-1]", "where ',' or ']'");
    REFUSE("[\xef\xbc\x91]", "byte 0xef where a value");
    REFUSE("-", "ends where a digit");
    REFUSE("1.", "ends where a digit after");
    REFUSE("1e", "ends where a digit of");
}

static void numbers_beyond_a_double_are_refused(void **state)
{
    (void)state;
    REFUSE("[1e400]", "beyond the range");
    REFUSE("[-1e400]", "beyond the range");
    REFUSE("[1e99999999999999999999]", "beyond the range");
    REFUSE("[1.8e308]", "beyond the range");
    REFUSE("[123123e100000]", "beyond the range");
    REFUSE("[1234567890123456789012345678901234567890123456789012345678901234]", "more than 63");
    char digits[500];
    memset(digits, '9', sizeof digits);
    assert_refused(digits, sizeof digits, "beyond the range");
}

static void broken_strings_are_refused(void **state)
{
    (void)state;
    REFUSE("\"", "ends within a string");
    REFUSE("[\"a", "ends within a string");
    REFUSE("[\"a\\", "ends within a string");
    REFUSE("[\"a\\\"]", "ends within a string");
    REFUSE("[\"\\x41\"]", "a backslash escapes only");
    REFUSE("[\"\\'\"]", "a backslash escapes only");
    REFUSE("[\"\\a\"]", "a backslash escapes only");
    REFUSE("[\"\\U0041\"]", "a backslash escapes only");
    REFUSE("[\"\\\0\"]", "a backslash escapes only");
    REFUSE("[\"\\\xc3\xa9\"]", "a backslash escapes only");
    REFUSE("[\"\\u\"]", "four hexadecimal digits");
    REFUSE("[\"\\u00\"]", "four hexadecimal digits");
    REFUSE("[\"\\u00g0\"]", "four hexadecimal digits");
    REFUSE("[\"\\u004", "four hexadecimal digits");
    REFUSE("[\"a\nb\"]", "0x0a in a string must be escaped");
    REFUSE("[\"\t\"]", "0x09 in a string must be escaped");
    REFUSE("[\"\x1f\"]", "0x1f in a string must be escaped");
    REFUSE("[\"a\0b\"]", "0x00 in a string must be escaped");
    REFUSE("[\"\\u0000\"]", "NUL character");
    REFUSE("{\"a\\u0000\":1}", "NUL character");
}

static void lone_surrogates_are_refused(void **state)
{
    (void)state;
    REFUSE("[\"\\uD800\"]", "surrogate");
    REFUSE("[\"\\uDC00\"]", "surrogate");
    REFUSE("[\"\\uDFAA\"]", "surrogate");
    REFUSE("[\"\\uD800\\uD800\"]", "surrogate");
    REFUSE("[\"\\uD800\\u0041\"]", "surrogate");
    REFUSE("[\"\\uD800abcdef\"]", "surrogate");
    REFUSE("[\"\\uD800\\n\"]", "surrogate");
    REFUSE("[\"\\uD834\\uDd\"]", "surrogate");
    REFUSE("[\"\\uDD1E\\uD834\"]", "surrogate");
    REFUSE("[\"\\uD800\\", "surrogate");
    REFUSE("[\"\\uD800\\u", "surrogate");
    REFUSE("[\"\\uD800\\uDC0", "surrogate");
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
    (void)state;
    REFUSE("[\"\xff\"]", "not UTF-8");
    REFUSE("[\"\xfe\"]", "not UTF-8");
    REFUSE("[\"\x80\"]", "not UTF-8");
    REFUSE("[\"\xbf\"]", "not UTF-8");
    REFUSE("[\"\xe9\"]", "not UTF-8"); /* Latin-1 */
    REFUSE("[\"\xc3\"]", "not UTF-8"); /* cut off by the quote */
    REFUSE("[\"\xe2\x82\"]", "not UTF-8");
    REFUSE("[\"\xf0\x9f\x98\"]", "not UTF-8");
    REFUSE("[\"\xf0\x9f\x98", "not UTF-8"); /* cut off by the end */
    REFUSE("[\"\xc3", "not UTF-8");
    REFUSE("[\"\xc0\xaf\"]", "not UTF-8"); /* overlong */
    REFUSE("[\"\xc1\xbf\"]", "not UTF-8");
    REFUSE("[\"\xe0\x80\xaf\"]", "not UTF-8");
    REFUSE("[\"\xe0\x9f\xbf\"]", "not UTF-8");
    REFUSE("[\"\xf0\x80\x80\xaf\"]", "not UTF-8");
    REFUSE("[\"\xf0\x8f\xbf\xbf\"]", "not UTF-8");
    REFUSE("[\"\xed\xa0\x80\"]", "not UTF-8"); /* surrogates */
    REFUSE("[\"\xed\xbf\xbf\"]", "not UTF-8");
    REFUSE("[\"\xf4\x90\x80\x80\"]", "not UTF-8"); /* past U+10FFFF */
    REFUSE("[\"\xf5\x80\x80\x80\"]", "not UTF-8");
    REFUSE("[\"\xf8\x88\x80\x80\x80\"]", "not UTF-8");
    REFUSE("{\"\xff\":1}", "not UTF-8");
    REFUSE("[\xff]", "byte 0xff where a value");
}

static void duplicate_keys_are_refused(void **state)
{
    (void)state;
    REFUSE("{\"a\":1,\"a\":1}", "\"a\" is there twice");
    REFUSE("{\"a\":1,\"b\":2,\"a\":3}", "\"a\" is there twice");
    REFUSE("{\"\":1,\"\":2}", "\"\" is there twice");
    REFUSE("[{\"x\":{\"k\":1,\"j\":2,\"k\":3}}]", "\"k\" is there twice");
    REFUSE("{\"a\":{\"b\":1},\"c\":2,\"a\":3}", "\"a\" is there twice");
}

static void duplicate_keys_are_seen_through_escapes(void **state)
{
    (void)state;
    REFUSE("{\"a\":1,\"\\u0061\":2}", "is there twice");
    REFUSE("{\"\\u0061\":1,\"a\":2}", "is there twice");
    REFUSE("{\"\\u0061b\":1,\"a\\u0062\":2}", "is there twice");
    REFUSE("{\"\xc3\xa9\":1,\"\\u00E9\":2}", "is there twice");
    REFUSE("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", "is there twice");
    REFUSE("{\"/\":1,\"\\/\":2}", "is there twice");
    REFUSE("{\"\\n\":1,\"\\u000a\":2}", "is there twice");
    REFUSE("{\"\\u0022\":1,\"\\\"\":2}", "is there twice");
    REFUSE("{\"\\\\\":1,\"\\u005C\":2}", "is there twice");
    REFUSE("{\"\\b\\f\\r\\t\":1,\"\\u0008\\u000c\\u000d\\u0009\":2}", "is there twice");
    ACCEPT("{\"\\\\u0061\":1,\"\\u0061\":2}");
    ACCEPT("{\"a\":1,\"\\u0062\":2,\"\\u0061b\":3,\"ab\\u0063\":4,\"\\u0041\":5}");
}

static void keys_of_other_objects_do_not_count(void **state)
{
    (void)state;
    ACCEPT("{\"a\":{\"a\":{\"a\":1},\"b\":{\"a\":2}},\"b\":[{\"a\":1},{\"a\":1}]}");
    ACCEPT("[{\"a\":1},{\"a\":1},{\"a\":{\"a\":1}}]");
}

static void nesting_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    char text[2 * (LIMIT_JSON_DEPTH + 1)];
    for (int depth = LIMIT_JSON_DEPTH; depth <= LIMIT_JSON_DEPTH + 1; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        if (depth <= LIMIT_JSON_DEPTH)
            assert_accepted(text, 2 * (size_t)depth);
        else
            assert_refused(text, 2 * (size_t)depth, "more than 32 levels");
    }
    char *deep = malloc(1000000);
    memset(deep, '[', 1000000);
    assert_refused(deep, 1000000, "more than 32 levels");
    for (size_t i = 0; i + 5 <= 1000000; i += 5)
        memcpy(deep + i, "{\"a\":", 5);
    assert_refused(deep, 1000000, "more than 32 levels");
    free(deep);
}

static void add_keys(struct strbuf *b, int count)
{
    strbuf_add_char(b, '{');
    for (int i = 0; i < count; i++)
        strbuf_add_format(b, "%s\"k%d\":1", i ? "," : "", i);
    strbuf_add_char(b, '}');
}

static void keys_beyond_the_limit_are_refused(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 1 << 20);
    add_keys(&b, LIMIT_JSON_KEYS);
    assert_accepted(b.data, b.length);
    strbuf_clear(&b);
    add_keys(&b, LIMIT_JSON_KEYS + 1);
    assert_refused(b.data, b.length, "more than 256 keys");
    /* the last of the limit is still compared with all */
    strbuf_clear(&b);
    add_keys(&b, LIMIT_JSON_KEYS - 1);
    b.length--;
    strbuf_add_string(&b, ",\"\\u006b0\":1}");
    assert_refused(b.data, b.length, "is there twice");
    strbuf_release(&b);
}

/* Full objects at every level: the most keys that can be open at once. */
static void full_objects_at_every_level_are_kept_apart(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 4 << 20);
    for (int depth = 0; depth < LIMIT_JSON_DEPTH; depth++) {
        strbuf_add_char(&b, '{');
        for (int i = 0; i < LIMIT_JSON_KEYS - 1; i++)
            strbuf_add_format(&b, "\"k%d\":0,", i);
        strbuf_add_string(&b, "\"in\":");
    }
    strbuf_add_string(&b, "0");
    for (int depth = 0; depth < LIMIT_JSON_DEPTH; depth++)
        strbuf_add_char(&b, '}');
    assert_false(strbuf_failed(&b));
    assert_accepted(b.data, b.length);
    strbuf_release(&b);
}

/* 256 KiB of objects whose keys all share one chain: bounded, far from quadratic in the body. */
static void keys_made_to_collide_do_not_stall(void **state)
{
    (void)state;
    struct strbuf keys;
    strbuf_init(&keys, 1 << 20);
    int found = 0;
    for (uint32_t i = 0; found < LIMIT_JSON_KEYS; i++) {
        char key[16];
        int length = snprintf(key, sizeof key, "%x", i);
        uint32_t hash = 2166136261u;
        for (int k = 0; k < length; k++)
            hash = (hash ^ (unsigned char)key[k]) * 16777619u;
        if (hash % 512 == 0) {
            strbuf_add_format(&keys, "%s\"%s\":1", found ? "," : "", key);
            found++;
        }
    }
    struct strbuf b;
    strbuf_init(&b, LIMIT_BODY_BYTES + 8192);
    strbuf_add_char(&b, '[');
    while (b.length < LIMIT_BODY_BYTES) {
        strbuf_add_string(&b, b.length > 1 ? ",{" : "{");
        strbuf_add(&b, keys.data, keys.length);
        strbuf_add_char(&b, '}');
    }
    strbuf_add_char(&b, ']');
    assert_false(strbuf_failed(&b));
    int64_t start_ns = clock_monotonic_ns(clock_real());
    assert_int_equal(json_scan(b.data, b.length, NULL), ERR_OK);
    assert_true(clock_monotonic_ns(clock_real()) - start_ns < NS_PER_SECOND);
    strbuf_release(&b);
    strbuf_release(&keys);
}

static void an_error_tells_line_column_and_pointer(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int line, column;
        const char *pointer;
    } rows[] = {{"", 1, 1, ""},
                {"x", 1, 1, ""},
                {"{\n  \"a\": 01\n}", 2, 8, "/a"},
                {"{\"a\":1,\n\"a\":2}", 2, 1, "/a"},
                {"{\"window\":{\"from\":\"09:45\",\"from\":1}}", 1, 27, "/window/from"},
                {"[1,2,tru]", 1, 6, "/2"},
                {"[[],[0,[1,{\"x\":[.1]}]]]", 1, 17, "/1/1/1/x/0"},
                {"{\"a/b~c\":[0x]}", 1, 12, "/a~1b~0c/0"},
                {"{\"\\u0061\\/\\u00e9\":nul}", 1, 19, "/a~1\xc3\xa9"},
                {"{\"\xc3\xa9\xc3\xa9\":x}", 1, 7, "/\xc3\xa9\xc3\xa9"},
                {"{\"a\":[1],\"b\":{},c}", 1, 17, ""},
                {"{\"o\":{\"a\":[1],\"b\":{},c}}", 1, 22, "/o"},
                {"[1]\n\n ]", 3, 2, ""},
                {"[\"a\\ud800\"]", 1, 4, "/0"},
                {"[\"abc\\q\"]", 1, 6, "/0"},
                {"{\"\":-}", 1, 6, "/"},
                {"[1\r\n,\r\n]", 3, 1, "/1"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error e = {0};
        assert_int_equal(scan(rows[i].text, strlen(rows[i].text), &e), ERR_INVALID);
        if (e.line != rows[i].line || e.column != rows[i].column ||
            strcmp(e.pointer, rows[i].pointer) != 0)
            fail_msg("'%s': %d:%d %s (%s)", rows[i].text, (int)e.line, e.column, e.pointer,
                     e.message);
    }
}

static void a_pointer_that_is_too_long_names_the_nearest_place(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 10000);
    strbuf_add_format(&b, "{\"short\":{\"%0300d\":{\"in\":x}}}", 0);
    struct error e = {0};
    assert_int_equal(scan(b.data, b.length, &e), ERR_INVALID);
    assert_string_equal(e.pointer, "/short");
    strbuf_release(&b);
}

static void pointers_grow_and_shrink(void **state)
{
    (void)state;
    struct json_pointer p;
    json_pointer_init(&p);
    assert_string_equal(p.text, "");
    json_pointer_push_name(&p, "a/~", 3);
    json_pointer_push_index(&p, 12);
    assert_string_equal(p.text, "/a~1~0/12");
    char name[ERROR_POINTER_MAX];
    memset(name, '~', sizeof name);
    json_pointer_push_name(&p, name, sizeof name);
    json_pointer_push_name(&p, "x", 1);
    assert_string_equal(p.text, "/a~1~0/12");
    json_pointer_pop(&p);
    json_pointer_pop(&p);
    json_pointer_pop(&p);
    assert_string_equal(p.text, "/a~1~0");
    json_pointer_pop(&p);
    assert_string_equal(p.text, "");
    /* the longest that fits: a slash, the name, the NUL */
    memset(name, 'n', sizeof name);
    json_pointer_push_name(&p, name, ERROR_POINTER_MAX - 2);
    assert_int_equal(strlen(p.text), ERROR_POINTER_MAX - 1);
    json_pointer_pop(&p);
    json_pointer_push_name(&p, name, ERROR_POINTER_MAX - 1);
    assert_string_equal(p.text, "");
}

/* Any change of one byte is either refused or still something that cJSON reads. */
static void no_changed_byte_does_harm(void **state)
{
    (void)state;
    const char sample[] =
        "{\"a\":[1,-2.5e3,\"x\\u00e9\\ud83d\\ude00\xe2\x82\xac\"],\"b\":{\"c\":null,\"d\":true}}";
    char text[sizeof sample];
    for (size_t i = 0; i < sizeof sample - 1; i++)
        for (int byte = 0; byte < 256; byte++) {
            memcpy(text, sample, sizeof sample);
            text[i] = (char)byte;
            if (scan(text, sizeof sample - 1, NULL) == ERR_OK)
                assert_accepted(text, sizeof sample - 1);
        }
    for (size_t length = 0; length < sizeof sample - 1; length++)
        assert_int_equal(scan(sample, length, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_structures_are_accepted),
        cmocka_unit_test(values_alone_are_accepted),
        cmocka_unit_test(numbers_of_the_grammar_are_accepted),
        cmocka_unit_test(strings_of_the_grammar_are_accepted),
        cmocka_unit_test(broken_structures_are_refused),
        cmocka_unit_test(bytes_behind_the_value_are_refused),
        cmocka_unit_test(broken_literals_are_refused),
        cmocka_unit_test(numbers_outside_the_grammar_are_refused),
        cmocka_unit_test(numbers_beyond_a_double_are_refused),
        cmocka_unit_test(broken_strings_are_refused),
        cmocka_unit_test(lone_surrogates_are_refused),
        cmocka_unit_test(bytes_that_are_not_utf8_are_refused),
        cmocka_unit_test(duplicate_keys_are_refused),
        cmocka_unit_test(duplicate_keys_are_seen_through_escapes),
        cmocka_unit_test(keys_of_other_objects_do_not_count),
        cmocka_unit_test(nesting_beyond_the_limit_is_refused),
        cmocka_unit_test(keys_beyond_the_limit_are_refused),
        cmocka_unit_test(full_objects_at_every_level_are_kept_apart),
        cmocka_unit_test(keys_made_to_collide_do_not_stall),
        cmocka_unit_test(an_error_tells_line_column_and_pointer),
        cmocka_unit_test(a_pointer_that_is_too_long_names_the_nearest_place),
        cmocka_unit_test(pointers_grow_and_shrink),
        cmocka_unit_test(no_changed_byte_does_harm),
    };
    return cmocka_run_group_tests_name("json_scan", tests, NULL, NULL);
}
