/* What is traded: a share, or one option contract.
 *
 * A plain value without padding: it is part of the state that is compared byte by byte.
 */
#ifndef ORDERS_CONTRACT_H
#define ORDERS_CONTRACT_H

#include "base/limits.h"
#include "engine/options/occ_symbol.h"

struct calendar;

enum contract_kind { CONTRACT_SHARE, CONTRACT_OPTION };
enum { CONTRACT_OPTION_MULTIPLIER = 100 };

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"
struct contract {
    char symbol[LIMIT_SYMBOL_BYTES]; /* the share's, or the compact OCC symbol; filled up with NULs
                                      */
    enum contract_kind kind;
    int32_t multiplier; /* units of the underlying by contract: 1, or 100 for options */
    /* options, else 0 */
    enum option_right right;
    int32_t expiry_days;  /* days since 1970-01-01 */
    int64_t strike_milli; /* 1e-3 */
    int64_t cutoff_ns;    /* UTC; from here on no entry, and what is open is closed; 0 = never */
    int64_t end_ns; /* UTC; the last session's close: no order at all from then on; 0 = never */
};
#pragma GCC diagnostic pop

/* A share by its symbol: 1..31 of A-Z 0-9 . - with a letter or digit first. ERR_INVALID otherwise.
 */
enum err contract_share(const char *symbol, size_t length, struct contract *ret, struct error *e);

/* An option on US listed shares. It ends at the close of its expiry day, or of the last session
 * before when that day has none. The cutoff is cutoff_minute (of the day, New York; negative:
 * 15:00) on that day, and an hour before the close at the latest, so that a half day has its own.
 * ERR_INVALID when a field is out of range or the calendar does not know the day. */
enum err contract_option(const struct occ_symbol *symbol, int32_t cutoff_minute,
                         struct contract *ret, struct error *e);

/* New York's: that of US listed shares and options. */
const struct calendar *contract_calendar(void);

/* The smallest step of a price near `price` (1e-6): 0.01, and 0.0001 for shares below 1. */
int64_t contract_tick(const struct contract *c, int64_t price);
/* To the nearest step, half up; from one step to LIMIT_ORDER_PRICE. */
int64_t contract_round(const struct contract *c, int64_t price);

#endif
