#include "orders/contract.h"

#include "base/clock.h"
#include "base/decimal.h"
#include "engine/bars/calendar.h"

#include <assert.h>
#include <string.h>

enum { CUTOFF_MINUTE = 15 * 60, CUTOFF_BEFORE_CLOSE_MINUTES = 60, DAYS_WITHOUT_SESSION_MAX = 7 };

static bool share_letter(char c, bool first)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (!first && (c == '.' || c == '-'));
}

enum err contract_share(const char *symbol, size_t length, struct contract *ret, struct error *e)
{
    if (length < 1 || length >= LIMIT_SYMBOL_BYTES)
        return error_set(e, ERR_INVALID, "a symbol has 1 to %d characters", LIMIT_SYMBOL_BYTES - 1);
    for (size_t i = 0; i < length; i++)
        if (!share_letter(symbol[i], i == 0))
            return error_set(e, ERR_INVALID,
                             "a symbol is of A-Z, 0-9, '.' and '-', a letter or digit first");
    *ret = (struct contract){.kind = CONTRACT_SHARE, .multiplier = 1};
    memcpy(ret->symbol, symbol, length);
    return ERR_OK;
}

const struct calendar *contract_calendar(void)
{
    const struct calendar *calendar = NULL;
    enum err err = calendar_find("XNYS", &calendar, NULL);
    assert(!err);
    (void)err;
    return calendar;
}

/* The session in which the contract is last traded: of its expiry day, or before. Contracts that
 * expired on Saturdays had it the day before. */
static bool last_session(const struct calendar *calendar, int32_t expiry_days, struct session *ret)
{
    for (int32_t back = 0; back < DAYS_WITHOUT_SESSION_MAX; back++)
        if (calendar_session(calendar, expiry_days - back, ret))
            return true;
    return false;
}

enum err contract_option(const struct occ_symbol *symbol, int32_t cutoff_minute,
                         struct contract *ret, struct error *e)
{
    if (!occ_symbol_valid(symbol))
        return error_set(e, ERR_INVALID, "no option contract has these terms");
    const struct calendar *calendar = contract_calendar();
    struct session session;
    if (!last_session(calendar, symbol->expiry_days, &session))
        return error_set(e, ERR_INVALID, "the calendar has no session of this expiry");
    int64_t minute = cutoff_minute < 0 ? CUTOFF_MINUTE : cutoff_minute;
    int64_t cutoff_s = zone_local_to_utc(calendar_zone(calendar),
                                         (int64_t)session.day * 86400 + minute * 60, NULL);
    int64_t latest_ns = session.close_ns - CUTOFF_BEFORE_CLOSE_MINUTES * NS_PER_MINUTE;
    int64_t cutoff_ns = cutoff_s * NS_PER_SECOND;
    char text[OCC_TEXT_MAX];
    size_t length = occ_symbol_format_compact(symbol, text);
    *ret = (struct contract){
        .kind = CONTRACT_OPTION,
        .multiplier = CONTRACT_OPTION_MULTIPLIER,
        .right = symbol->right,
        .expiry_days = symbol->expiry_days,
        .strike_milli = symbol->strike_milli,
        .cutoff_ns = cutoff_ns < latest_ns ? cutoff_ns : latest_ns,
        .end_ns = session.close_ns,
    };
    memcpy(ret->symbol, text, length);
    return ERR_OK;
}

int64_t contract_tick(const struct contract *c, int64_t price)
{
    bool fine = c->kind == CONTRACT_SHARE && price < DECIMAL_ONE;
    return fine ? DECIMAL_ONE / 10000 : DECIMAL_ONE / 100;
}

int64_t contract_round(const struct contract *c, int64_t price)
{
    if (price > LIMIT_ORDER_PRICE)
        price = LIMIT_ORDER_PRICE;
    int64_t tick = contract_tick(c, price);
    return price < tick ? tick : (price + tick / 2) / tick * tick;
}
