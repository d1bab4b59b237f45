/* Risk limits: what a new bracket may add to what may be open already.
 *
 * Everything that may be filled counts in full: what is open, what of an entry may still fill, and
 * what was accepted and not sent yet. So an order in doubt uses its whole quantity until evidence
 * says otherwise. Exits need no limit: the guard bounds them by the position.
 *
 * Plain values; the caller serializes check and acceptance.
 */
#ifndef ORDERS_RISK_H
#define ORDERS_RISK_H

#include "orders/bracket.h"

/* 0 = no limit. */
struct risk_limits {
    int64_t quantity; /* of one contract or share, over all brackets */
    int64_t notional; /* cash over all brackets */
    int32_t orders_per_minute;
};

/* What is used, summed by the caller over all brackets that are not final. */
struct risk_use {
    int64_t quantity; /* of the contract that is asked for */
    int64_t notional; /* of all */
};

/* What the bracket has open or may still open. */
int64_t risk_quantity(const struct bracket_state *s);
/* The same at the entry's price: limit, stop, average fill, else `reference_price` (the newest
 * quote's), whichever is known first; times the multiplier. 0 when none is known. */
int64_t risk_notional(const struct bracket_state *s, int64_t reference_price);
/* Adds the bracket to the sums: its quantity when it is in `symbol`. */
void risk_add(struct risk_use *use, const struct bracket_state *s, const char *symbol,
              int64_t reference_price);

/* How many orders were accepted in the last minute, by whole seconds (so up to a second more). */
enum { RISK_RATE_SECONDS = 61 };
struct risk_rate {
    int64_t newest_s; /* steady */
    int32_t counts[RISK_RATE_SECONDS];
};
void risk_rate_add(struct risk_rate *rate, int64_t steady_ns);
int32_t risk_rate_count(const struct risk_rate *rate, int64_t steady_ns);

/* What the brackets of one API key may come to. 0 = no limit. */
struct risk_key_limits {
    int64_t order_notional; /* of each, whole */
    int64_t open_notional;  /* of all that are open or may still open */
};
/* Whether a bracket of `spec` may be the key's, beside the `open_notional` of its others. FORBIDDEN
 * when it would go over, or when its notional cannot be told although one is limited: a market
 * order without a quote. */
enum err risk_check_key(const struct risk_key_limits *limits, int64_t open_notional,
                        const struct bracket_spec *spec, int64_t reference_price, struct error *e);
/* Quantity times price (limit, stop, else `reference_price`) times multiplier; 0 when no price is
 * known. */
int64_t risk_spec_notional(const struct bracket_spec *spec, int64_t reference_price);

/* Whether the bracket of `spec` may be accepted beside what is used. FORBIDDEN when quantity or
 * notional would go over, or the notional cannot be told although it is limited; BUSY for the rate.
 */
enum err risk_check(const struct risk_limits *limits, const struct risk_use *use,
                    const struct risk_rate *rate, const struct bracket_spec *spec,
                    int64_t reference_price, int64_t steady_ns, struct error *e);

#endif
