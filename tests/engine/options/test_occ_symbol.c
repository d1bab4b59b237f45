#include "engine/options/occ_symbol.h"

#include "base/civil.h"
#include "base/random.h"
#include "tests/support/test.h"

#include <string.h>

static enum err parse(const char *text, struct occ_symbol *ret, struct error *e)
{
    return occ_symbol_parse(text, strlen(text), ret, e);
}

static void both_forms_of_known_contracts_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *compact, *padded, *root;
        struct civil_date expiry;
        enum option_right right;
        int64_t strike_milli;
    } rows[] = {
        {"GOOG151224C00750000",
         "GOOG  151224C00750000",
         "GOOG",
         {2015, 12, 24},
         OPTION_CALL,
         750000},
        {"GOOG1151224P00187500",
         "GOOG1 151224P00187500",
         "GOOG1",
         {2015, 12, 24},
         OPTION_PUT,
         187500},
        {"BRKB7220121C00250000",
         "BRKB7 220121C00250000",
         "BRKB7",
         {2022, 1, 21},
         OPTION_CALL,
         250000},
        {"F000229P00000001", "F     000229P00000001", "F", {2000, 2, 29}, OPTION_PUT, 1},
        {"4SPY991231P99999999",
         "4SPY  991231P99999999",
         "4SPY",
         {2099, 12, 31},
         OPTION_PUT,
         99999999},
        {"ABCDE1240315C00012345",
         "ABCDE1240315C00012345",
         "ABCDE1",
         {2024, 3, 15},
         OPTION_CALL,
         12345},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct occ_symbol from_compact, from_padded;
        char text[OCC_TEXT_MAX];
        assert_int_equal(parse(rows[i].compact, &from_compact, NULL), ERR_OK);
        assert_int_equal(parse(rows[i].padded, &from_padded, NULL), ERR_OK);
        assert_true(occ_symbol_equal(&from_compact, &from_padded));
        assert_string_equal(from_compact.root, rows[i].root);
        assert_int_equal(from_compact.expiry_days, civil_to_days(rows[i].expiry));
        assert_int_equal(from_compact.right, rows[i].right);
        assert_int_equal(from_compact.strike_milli, rows[i].strike_milli);
        assert_int_equal(occ_symbol_format_compact(&from_padded, text), strlen(rows[i].compact));
        assert_string_equal(text, rows[i].compact);
        assert_int_equal(occ_symbol_format_padded(&from_compact, text), OCC_PADDED_LENGTH);
        assert_string_equal(text, rows[i].padded);
    }
}

static void a_root_of_digits_that_look_like_a_date_is_read_from_the_right(void **state)
{
    (void)state;
    struct occ_symbol symbol;
    assert_int_equal(parse("A15122151224C00750000", &symbol, NULL), ERR_OK);
    assert_string_equal(symbol.root, "A15122");
    assert_int_equal(symbol.strike_milli, 750000);
}

static void what_is_no_symbol_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int column;
    } rows[] = {
        {"", 1},
        {"GOOG", 1},
        {"151224C00750000", 1},       /* no root */
        {"      151224C00750000", 1}, /* a root of spaces */
        {"123151224C00750000", 1},    /* a root without a letter */
        {"goog151224C00750000", 1},   /* lower case */
        {"GOOG151224c00750000", 11},  /* lower case */
        {" GOOG 151224C00750000", 1}, /* space before it */
        {"GO OG 151224C00750000", 3}, /* space within it */
        {"GOOG 151224C00750000", 5},  /* neither compact nor padded */
        {"GOOG.A151224C00750000", 5}, /* a point */
        {"GOOG151324C00750000", 5},   /* month 13 */
        {"GOOG150229C00750000", 5},   /* no leap year */
        {"GOOG15122 C00750000", 5},   /* not a digit */
        {"GOOG15-224C00750000", 5},
        {"GOOG151224X00750000", 11},   /* right */
        {"GOOG151224C0075000O", 12},   /* not a digit */
        {"GOOG151224C00000000", 12},   /* strike of zero */
        {"GOOG151224C007500000", 6},   /* nine digits */
        {"GOOGLES151224C00750000", 1}, /* a root of seven */
        {"GOOG151224C00750000 ", 6},   /* space behind it */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct occ_symbol symbol = {.strike_milli = 77};
        struct error e = {0};
        assert_int_equal(parse(rows[i].text, &symbol, &e), ERR_INVALID);
        assert_non_null(strstr(e.message, "not an OCC symbol"));
        if (e.column != rows[i].column)
            fail_msg("'%s': column %d", rows[i].text, e.column);
        assert_int_equal(symbol.strike_milli, 77);
    }
}

static void a_nul_within_is_no_character_of_a_symbol(void **state)
{
    (void)state;
    char text[] = "GOOG  151224C00750000";
    struct occ_symbol symbol;
    for (size_t i = 0; i < OCC_PADDED_LENGTH; i++) {
        char kept = text[i];
        text[i] = '\0';
        assert_int_equal(occ_symbol_parse(text, OCC_PADDED_LENGTH, &symbol, NULL), ERR_INVALID);
        text[i] = kept;
    }
}

static struct occ_symbol random_symbol(struct random *r)
{
    static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    int32_t first = civil_to_days((struct civil_date){2000, 1, 1});
    int32_t last = civil_to_days((struct civil_date){2099, 12, 31});
    struct occ_symbol symbol = {
        .right = random_below(r, 2) ? OPTION_PUT : OPTION_CALL,
        .expiry_days = first + (int32_t)random_below(r, (uint64_t)(last - first) + 1),
        .strike_milli = 1 + (int64_t)random_below(r, OCC_STRIKE_MAX),
    };
    size_t length = 1 + random_below(r, OCC_ROOT_MAX);
    for (size_t i = 0; i < length; i++)
        symbol.root[i] = characters[random_below(r, sizeof characters - 1)];
    symbol.root[random_below(r, length)] = characters[random_below(r, 26)];
    return symbol;
}

static void random_contracts_come_back_from_both_forms(void **state)
{
    (void)state;
    struct random r;
    random_seed(&r, 20151224);
    for (int i = 0; i < 20000; i++) {
        struct occ_symbol symbol = random_symbol(&r), back;
        char text[OCC_TEXT_MAX];
        assert_true(occ_symbol_valid(&symbol));
        size_t length = occ_symbol_format_compact(&symbol, text);
        assert_int_equal(occ_symbol_parse(text, length, &back, NULL), ERR_OK);
        assert_true(occ_symbol_equal(&symbol, &back));
        length = occ_symbol_format_padded(&symbol, text);
        assert_int_equal(occ_symbol_parse(text, length, &back, NULL), ERR_OK);
        assert_true(occ_symbol_equal(&symbol, &back));
    }
}

static void fields_out_of_range_are_no_valid_symbol(void **state)
{
    (void)state;
    struct occ_symbol good;
    assert_int_equal(parse("GOOG151224C00750000", &good, NULL), ERR_OK);
    struct occ_symbol bad = good;
    bad.strike_milli = 0;
    assert_false(occ_symbol_valid(&bad));
    bad.strike_milli = OCC_STRIKE_MAX + 1;
    assert_false(occ_symbol_valid(&bad));
    bad = good;
    bad.root[0] = '\0';
    assert_false(occ_symbol_valid(&bad));
    memcpy(bad.root, "123", 4);
    assert_false(occ_symbol_valid(&bad));
    bad = good;
    bad.expiry_days = civil_to_days((struct civil_date){1999, 12, 31});
    assert_false(occ_symbol_valid(&bad));
    bad.expiry_days = civil_to_days((struct civil_date){2100, 1, 1});
    assert_false(occ_symbol_valid(&bad));
}

static void strikes_are_read_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t milli; /* 0: refused */
    } rows[] = {
        {"750", 750000},    {"187.5", 187500}, {"0.001", 1}, {"99999.999", 99999999},
        {"2.50", 2500},     {"0", 0},          {"-5", 0},    {"0.0005", 0},
        {"100000", 0},      {"1e3", 0},        {"", 0},      {"12.3456", 0},
        {"1.234000", 1234},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t milli = 0;
        enum err err = occ_strike_parse(rows[i].text, strlen(rows[i].text), &milli, NULL);
        assert_int_equal(err, rows[i].milli ? ERR_OK : ERR_INVALID);
        assert_int_equal(milli, rows[i].milli);
    }
}

static void a_symbol_s_root_is_its_letters_and_digits(void **state)
{
    (void)state;
    static const struct {
        const char *symbol, *root; /* NULL: none */
    } rows[] = {
        {"GOOG", "GOOG"}, {"BRK.B", "BRKB"},     {"spy", "SPY"}, {"^SPX", "SPX"},
        {"4SPY", "4SPY"}, {"BTCUSDT", NULL},     {"123", NULL},  {"", NULL},
        {"...", NULL},    {"ABC-DEF", "ABCDEF"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char root[OCC_ROOT_MAX + 1] = "kept";
        assert_int_equal(occ_root_of(rows[i].symbol, root), rows[i].root != NULL);
        assert_string_equal(root, rows[i].root ? rows[i].root : "kept");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_of_known_contracts_are_read_and_written),
        cmocka_unit_test(a_root_of_digits_that_look_like_a_date_is_read_from_the_right),
        cmocka_unit_test(what_is_no_symbol_is_refused_with_its_place),
        cmocka_unit_test(a_nul_within_is_no_character_of_a_symbol),
        cmocka_unit_test(random_contracts_come_back_from_both_forms),
        cmocka_unit_test(fields_out_of_range_are_no_valid_symbol),
        cmocka_unit_test(a_symbol_s_root_is_its_letters_and_digits),
        cmocka_unit_test(strikes_are_read_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
