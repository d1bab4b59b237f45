#include "base/digest.h"

#include "tests/support/test.h"

#include <math.h>
#include <string.h>

static void assert_hex(const unsigned char *bytes, size_t size_bytes, const char *expected)
{
    char text[129];
    hex_format(bytes, size_bytes, text);
    assert_string_equal(text, expected);
}

/* FIPS 180-4's examples, and the empty text. */
static void sha256_matches_the_standards_examples(void **state)
{
    (void)state;
    unsigned char out[SHA256_BYTES];
    sha256_of("", 0, out);
    assert_hex(out, sizeof out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_of(NULL, 0, out);
    assert_hex(out, sizeof out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_of("abc", 3, out);
    assert_hex(out, sizeof out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    sha256_of(two_blocks, strlen(two_blocks), out);
    assert_hex(out, sizeof out, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void parts_give_the_digest_of_the_whole(void **state)
{
    (void)state;
    unsigned char bytes[300], whole[SHA256_BYTES], parts[SHA256_BYTES];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7);
    sha256_of(bytes, sizeof bytes, whole);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        struct sha256 s;
        sha256_init(&s);
        sha256_add(&s, bytes, cut);
        sha256_add(&s, bytes + cut, sizeof bytes - cut);
        sha256_finish(&s, parts);
        assert_memory_equal(parts, whole, sizeof whole);
    }
}

static void numbers_are_little_endian(void **state)
{
    (void)state;
    unsigned char expected[SHA256_BYTES], out[SHA256_BYTES];
    struct sha256 s;
    sha256_init(&s);
    sha256_add_u64(&s, UINT64_C(0x0807060504030201));
    sha256_finish(&s, out);
    sha256_of("\1\2\3\4\5\6\7\10", 8, expected);
    assert_memory_equal(out, expected, sizeof out);
}

static void words_are_numbers_one_after_the_other(void **state)
{
    (void)state;
    int64_t words[150];
    for (int i = 0; i < 150; i++)
        words[i] = (i - 70) * INT64_C(0x123456789ABCDEF);
    for (size_t count = 0; count <= 150; count += 15) {
        unsigned char expected[SHA256_BYTES], out[SHA256_BYTES];
        struct sha256 one, all;
        sha256_init(&one);
        sha256_init(&all);
        for (size_t i = 0; i < count; i++)
            sha256_add_u64(&one, (uint64_t)words[i]);
        sha256_add_words(&all, words, count);
        sha256_finish(&one, expected);
        sha256_finish(&all, out);
        assert_memory_equal(out, expected, sizeof out);
    }
}

static void digest_of_double(double value, unsigned char out[SHA256_BYTES])
{
    struct sha256 s;
    sha256_init(&s);
    sha256_add_double(&s, value);
    sha256_finish(&s, out);
}

static void doubles_count_by_their_bits_and_every_nan_is_the_same(void **state)
{
    (void)state;
    unsigned char a[SHA256_BYTES], b[SHA256_BYTES], expected[SHA256_BYTES];
    digest_of_double(1.0, a);
    sha256_of("\0\0\0\0\0\0\xF0\x3F", 8, expected);
    assert_memory_equal(a, expected, sizeof a);
    digest_of_double(0.0, a);
    digest_of_double(-0.0, b);
    assert_memory_not_equal(a, b, sizeof a);
    digest_of_double(nan(""), a);
    digest_of_double(-nan("123"), b);
    assert_memory_equal(a, b, sizeof a);
}

static void strings_that_meet_differently_differ(void **state)
{
    (void)state;
    unsigned char a[SHA256_BYTES], b[SHA256_BYTES];
    struct sha256 s;
    sha256_init(&s);
    sha256_add_string(&s, "ab");
    sha256_add_string(&s, "c");
    sha256_finish(&s, a);
    sha256_init(&s);
    sha256_add_string(&s, "a");
    sha256_add_string(&s, "bc");
    sha256_finish(&s, b);
    assert_memory_not_equal(a, b, sizeof a);
    sha256_of("\2\0\0\0\0\0\0\0ab\1\0\0\0\0\0\0\0c", 19, b);
    assert_memory_equal(a, b, sizeof a);
}

/* Made with Python's hashlib.blake2b(data, digest_size=16). */
static void data_hash_is_blake2b_of_128_bits(void **state)
{
    (void)state;
    unsigned char out[DATA_HASH_BYTES];
    data_hash_of("", 0, out);
    assert_hex(out, sizeof out, "cae66941d9efbd404e4d88758ea67670");
    data_hash_of("abc", 3, out);
    assert_hex(out, sizeof out, "cf4ab791c62b8d2b2109c90275287816");
}

static void hex_goes_both_ways(void **state)
{
    (void)state;
    unsigned char bytes[256], back[256];
    char text[513];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    hex_format(bytes, sizeof bytes, text);
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text, "000102", 6);
    assert_true(hex_parse(text, 512, back, sizeof back));
    assert_memory_equal(back, bytes, sizeof bytes);
    assert_true(hex_parse("aBcDeF", 6, back, 3));
    assert_memory_equal(back, "\xAB\xCD\xEF", 3);
    assert_true(hex_parse("", 0, back, 0));
    hex_format(bytes, 0, text);
    assert_string_equal(text, "");
}

static void bad_hex_is_refused_and_writes_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {"0",    "000",  "00000", "0g",   "000g", " 000", "00 0",
                                      "0x00", "00:0", "@000",  "`000", "/000", "000G"};
    unsigned char out[2] = {0x55, 0x66};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(hex_parse(bad[i], strlen(bad[i]), out, 2));
        assert_memory_equal(out, "\x55\x66", 2);
    }
}

static void constant_time_compare_sees_each_bit(void **state)
{
    (void)state;
    unsigned char a[32] = {0}, b[32] = {0};
    assert_true(equal_in_constant_time(a, b, sizeof a));
    for (size_t bit = 0; bit < 256; bit++) {
        b[bit / 8] = (unsigned char)(1 << bit % 8);
        assert_false(equal_in_constant_time(a, b, sizeof a));
        b[bit / 8] = 0;
    }
    b[31] = 1;
    assert_true(equal_in_constant_time(a, b, 31));
    assert_true(equal_in_constant_time(a, b, 0));
}

static void constant_time_compare_sees_each_byte_of_any_length(void **state)
{
    (void)state;
    unsigned char a[80], b[80];
    for (size_t i = 0; i < sizeof a; i++)
        a[i] = b[i] = (unsigned char)(i * 7);
    for (size_t length = 1; length <= sizeof a; length++) {
        assert_true(equal_in_constant_time(a, b, length));
        for (size_t at = 0; at < sizeof a; at++) {
            b[at] ^= 1;
            assert_int_equal(equal_in_constant_time(a, b, length), at >= length);
            b[at] ^= 1;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_matches_the_standards_examples),
        cmocka_unit_test(parts_give_the_digest_of_the_whole),
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(words_are_numbers_one_after_the_other),
        cmocka_unit_test(doubles_count_by_their_bits_and_every_nan_is_the_same),
        cmocka_unit_test(strings_that_meet_differently_differ),
        cmocka_unit_test(data_hash_is_blake2b_of_128_bits),
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(bad_hex_is_refused_and_writes_nothing),
        cmocka_unit_test(constant_time_compare_sees_each_bit),
        cmocka_unit_test(constant_time_compare_sees_each_byte_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
