/* OCC option symbols: any text.
 *
 * It is refused with a place and a message, or its fields are in range and both forms of them are
 * read as the same contract; the form in which it came is one of the two.
 */
#include "tests/fuzz/fuzz.h"

#include "engine/options/occ_symbol.h"

static void check_form(const struct occ_symbol *symbol, const char *form, size_t length)
{
    struct occ_symbol back;
    FUZZ_REQUIRE(strlen(form) == length, "'%s' is not of %zu", form, length);
    FUZZ_REQUIRE(occ_symbol_parse(form, length, &back, NULL) == ERR_OK, "'%s'", form);
    FUZZ_REQUIRE(occ_symbol_equal(symbol, &back), "'%s'", form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_copy(data, size, 0);
    struct occ_symbol symbol = {.strike_milli = -1};
    struct error e = {0};
    enum err err = occ_symbol_parse(text, size, &symbol, &e);
    if (err == ERR_OK) {
        char compact[OCC_TEXT_MAX], padded[OCC_TEXT_MAX];
        FUZZ_REQUIRE(occ_symbol_valid(&symbol), "fields out of range");
        size_t compact_length = occ_symbol_format_compact(&symbol, compact);
        size_t padded_length = occ_symbol_format_padded(&symbol, padded);
        check_form(&symbol, compact, compact_length);
        check_form(&symbol, padded, padded_length);
        FUZZ_REQUIRE((size == compact_length && memcmp(text, compact, size) == 0) ||
                         (size == padded_length && memcmp(text, padded, size) == 0),
                     "accepted is neither '%s' nor '%s'", compact, padded);
    } else {
        FUZZ_REQUIRE(err == ERR_INVALID && e.code == err && e.message[0] != '\0', "code %d",
                     (int)err);
        FUZZ_REQUIRE(e.column >= 1 && e.column <= OCC_PADDED_LENGTH, "column %d", e.column);
        FUZZ_REQUIRE(symbol.strike_milli == -1, "written");
    }
    free(text);
    return 0;
}
