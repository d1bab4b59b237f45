#include "server/alpaca/alpaca_query.h"

#include "base/decimal.h"
#include "engine/bars/calendar.h"
#include "orders/contract.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { SYMBOLS_BYTES = 2048 };

static bool is_one_of(const char *text, const char *const words[3])
{
    for (int i = 0; i < 3; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

enum err alpaca_query_bool(const struct http_request *r, const char *name, bool *ret,
                           struct error *e)
{
    static const char *const yes[3] = {"true", "t", "1"}, *const no[3] = {"false", "f", "0"};
    const char *text = http_query(r, name);
    if (!text)
        return ERR_OK;
    if (!is_one_of(text, yes) && !is_one_of(text, no))
        return error_set(e, ERR_INVALID, "%s must be true or false, not '%.40s'", name, text);
    *ret = is_one_of(text, yes);
    return ERR_OK;
}

enum err alpaca_query_time(const struct http_request *r, const char *name, bool *ret_given,
                           int64_t *ret_ns, struct error *e)
{
    struct http_when when = {.given = false};
    enum err err = http_query_when(r, name, &when, e);
    if (err)
        return err;
    *ret_given = when.given;
    if (when.is_date) {
        const struct zone *zone = calendar_zone(contract_calendar());
        *ret_ns = zone_local_to_utc(zone, (int64_t)when.days * 86400, NULL) * NS_PER_SECOND;
    } else if (when.given) {
        *ret_ns = when.ns;
    }
    return ERR_OK;
}

enum err alpaca_query_decimal(const struct http_request *r, const char *name, int64_t max,
                              bool *ret_given, int64_t *ret, struct error *e)
{
    const char *text = http_query(r, name);
    int64_t value;
    *ret_given = text != NULL;
    if (!text)
        return ERR_OK;
    if (decimal_parse(text, strlen(text), &value, NULL) || value <= 0 || value > max)
        return error_set(e, ERR_INVALID, "%s must be above 0 and at most %lld, not '%.40s'", name,
                         (long long)(max / DECIMAL_ONE), text);
    *ret = value;
    return ERR_OK;
}

enum err alpaca_query_symbols(const struct http_request *r, const char *name, const char **ret,
                              struct error *e)
{
    const char *text = NULL;
    enum err err = http_query_text(r, name, SYMBOLS_BYTES, &text, e);
    if (err || !text)
        return err;
    char *symbols = arena_strdup(r->arena, text);
    if (!symbols)
        return error_set(e, ERR_NO_MEMORY, "no memory for the symbols");
    for (char *p = symbols; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    *ret = symbols;
    return ERR_OK;
}

bool alpaca_list_has(const char *list, const char *item)
{
    if (!list)
        return true;
    size_t length = strlen(item);
    for (const char *p = list; *p;) {
        size_t one = strcspn(p, ",");
        if (one == length && memcmp(p, item, length) == 0)
            return true;
        p += one + (p[one] == ',');
    }
    return false;
}
