#include "engine/lean/lean_name.h"

#include "base/civil.h"
#include "engine/options/occ_symbol.h"

#include <string.h>

enum { PARTS_MAX = 8, PARTS_OF_SYMBOL = 4, TICKER_MAX = 20, STRIKE_DIGITS_MAX = 12 };

/* Parts of a name, between its underscores. */
struct parts {
    int count;
    const char *text[PARTS_MAX];
    size_t length[PARTS_MAX];
};

static bool is_word(const struct parts *p, int i, const char *word)
{
    return p->length[i] == strlen(word) && memcmp(p->text[i], word, p->length[i]) == 0;
}

/* false when there are too many. */
static bool split(const char *name, size_t length, struct parts *ret)
{
    const char *at = name, *end = name + length;
    ret->count = 0;
    for (;;) {
        const char *stop = memchr(at, '_', (size_t)(end - at));
        if (ret->count == PARTS_MAX)
            return false;
        ret->text[ret->count] = at;
        ret->length[ret->count++] = (size_t)((stop ? stop : end) - at);
        if (!stop)
            return true;
        at = stop + 1;
    }
}

/* At most STRIKE_DIGITS_MAX digits as a number, or -1. */
static int64_t number(const struct parts *p, int i)
{
    int64_t value = 0;
    if (p->length[i] == 0 || p->length[i] > STRIKE_DIGITS_MAX)
        return -1;
    for (size_t k = 0; k < p->length[i]; k++) {
        char c = p->text[i][k];
        if (c < '0' || c > '9')
            return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

/* YYYYMMDD */
static bool date(const struct parts *p, int i, int32_t *ret_days)
{
    int64_t value = p->length[i] == 8 ? number(p, i) : -1;
    if (value < 0)
        return false;
    struct civil_date d = {(int32_t)(value / 10000), (int32_t)(value / 100 % 100),
                           (int32_t)(value % 100)};
    if (!civil_valid(d))
        return false;
    *ret_days = civil_to_days(d);
    return true;
}

/* In upper case, with letters, digits and dots, a letter or digit first. */
static bool ticker(const struct parts *p, int i, char out[LIMIT_SYMBOL_BYTES + 1])
{
    size_t length = p->length[i];
    if (length == 0 || length > TICKER_MAX || p->text[i][0] == '.')
        return false;
    for (size_t k = 0; k < length; k++) {
        char c = p->text[i][k];
        c = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '.')
            return false;
        out[k] = c;
    }
    out[length] = '\0';
    return true;
}

static enum err refuse(struct error *e, const char *name, size_t length, const char *why)
{
    return error_set(e, ERR_DATA, "'%.*s' is no file of LEAN's market data that is read: %s",
                     (int)(length < 120 ? length : 120), name, why);
}

/* Style, right, strike and expiry behind the kind. NULL, or what is wrong. */
static const char *read_contract(const struct parts *p, struct lean_name *n)
{
    const int64_t unit = 10000 / OCC_STRIKE_ONE;
    struct occ_symbol occ = {0};
    int64_t strike = number(p, 6);
    if (!is_word(p, 4, "american") && !is_word(p, 4, "european"))
        return "a contract is american or european";
    if (!is_word(p, 5, "call") && !is_word(p, 5, "put"))
        return "a contract is a call or a put";
    occ.right = is_word(p, 5, "call") ? OPTION_CALL : OPTION_PUT;
    if (strike <= 0 || strike % unit != 0)
        return "its strike is no price x 10,000 of at most 3 decimals";
    occ.strike_milli = strike / unit;
    if (!date(p, 7, &occ.expiry_days))
        return "its expiry is no date YYYYMMDD";
    char symbol[LIMIT_SYMBOL_BYTES + 1];
    memcpy(symbol, n->symbol, sizeof symbol);
    if (!occ_root_of(symbol, occ.root) || !occ_symbol_valid(&occ))
        return "its contract has no OCC symbol";
    occ_symbol_format_compact(&occ, n->symbol);
    n->is_option = true;
    return NULL;
}

static const char *read_minutes(const struct parts *p, struct lean_name *n)
{
    if (!date(p, 0, &n->day))
        return "it does not begin with a date YYYYMMDD";
    if (!ticker(p, 1, n->symbol))
        return "its ticker is not of letters, digits and dots";
    if (!is_word(p, 2, "minute"))
        return "of intraday bars only minutes are stored";
    if (!is_word(p, 3, "trade") && !is_word(p, 3, "quote"))
        return "only trades and quotes are bars";
    n->kind = is_word(p, 3, "trade") ? LEAN_MINUTE_TRADES : LEAN_MINUTE_QUOTES;
    return p->count == PARTS_OF_SYMBOL ? NULL : read_contract(p, n);
}

enum err lean_name_parse(const char *name, size_t length, struct lean_name *ret, struct error *e)
{
    static const char suffix[] = ".csv";
    const size_t suffix_length = sizeof suffix - 1;
    struct lean_name n = {.kind = LEAN_DAYS_OR_HOURS};
    struct parts p;
    const char *problem = NULL;
    if (length <= suffix_length ||
        memcmp(name + length - suffix_length, suffix, suffix_length) != 0)
        problem = "it does not end in .csv";
    else if (!split(name, length - suffix_length, &p))
        problem = "it has too many parts";
    else if (p.count == 1)
        problem = ticker(&p, 0, n.symbol) ? NULL : "its ticker is not of letters, digits and dots";
    else if (p.count != PARTS_OF_SYMBOL && p.count != PARTS_MAX)
        problem = "it has neither 4 parts (a symbol) nor 8 (a contract)";
    else
        problem = read_minutes(&p, &n);
    if (problem)
        return refuse(e, name, length, problem);
    *ret = n;
    return ERR_OK;
}
