/* Option contracts by the name that the Options Clearing Corporation gives them.
 *
 *   root, up to 6 characters | expiry YYMMDD | C or P | strike x 1000, 8 digits
 *
 * written in two forms: padded, where spaces fill the root to six ("GOOG  151224C00750000", always
 * 21 characters), and compact without them ("GOOG151224C00750000"). The last fifteen characters
 * have fixed places and the root is whatever stands before them, so a name is read from the right:
 * roots may hold digits ("GOOG1" after a corporate action, "BRKB7", "4SPY").
 *
 * Two symbols are the same contract when all fields are equal. A root is the name of what is
 * traded, not of what is delivered: adjusted contracts ("GOOG1") deliver something else than 100
 * shares.
 *
 * source: OCC, Options Symbology Initiative (2010)
 */
#ifndef ENGINE_OPTIONS_OCC_SYMBOL_H
#define ENGINE_OPTIONS_OCC_SYMBOL_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_right { OPTION_CALL, OPTION_PUT };

enum {
    OCC_ROOT_MAX = 6,
    OCC_PADDED_LENGTH = 21,
    OCC_COMPACT_MIN = 16,      /* a root of one character */
    OCC_TEXT_MAX = 22,         /* either form with its NUL */
    OCC_STRIKE_ONE = 1000,     /* units of strike_milli in 1 */
    OCC_STRIKE_MAX = 99999999, /* of strike_milli: eight digits */
};

struct occ_symbol {
    char root[OCC_ROOT_MAX + 1]; /* 1..6 of A-Z 0-9, one letter at least */
    enum option_right right;
    int32_t expiry_days;  /* days since 1970-01-01, of the years 2000..2099 */
    int64_t strike_milli; /* price at 1e-3, 1..OCC_STRIKE_MAX */
};

/* Reads either form, strictly: upper case, nothing around it, a date that there is, a strike above
 * zero; ERR_INVALID otherwise, *ret untouched, the place of the fault in e->column. */
enum err occ_symbol_parse(const char *text, size_t length, struct occ_symbol *ret, struct error *e);

/* Whether all fields are in their ranges: what the two below ask of their argument. */
bool occ_symbol_valid(const struct occ_symbol *symbol);

/* Both return the length. */
size_t occ_symbol_format_compact(const struct occ_symbol *symbol, char out[OCC_TEXT_MAX]);
size_t occ_symbol_format_padded(const struct occ_symbol *symbol, char out[OCC_TEXT_MAX]);

bool occ_symbol_equal(const struct occ_symbol *a, const struct occ_symbol *b);
const char *option_right_name(enum option_right right); /* "call", "put" */

/* The root of the standard contracts on a symbol: its letters and digits in upper case ("BRK.B" has
 * BRKB). false when that is no root. */
bool occ_root_of(const char *symbol, char ret_root[OCC_ROOT_MAX + 1]);

/* A price such as "750", "187.5" or "0.125" at 1e-3. ERR_INVALID when it is no decimal, has more
 * decimals, or is not in 0.001..99999.999. */
enum err occ_strike_parse(const char *text, size_t length, int64_t *ret_milli, struct error *e);

#endif
