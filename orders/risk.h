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

/* A bracket's part of the sums: what it has open or may still open. */
struct risk_part {
    int64_t quantity;
    /* The quantity times the multiplier and the entry's price: the higher of what its terms and its
     * entries at the broker name as limit or stop, else its average fill, else `reference_price`
     * (the newest quote's). 0 when none is known. */
    int64_t notional;
};
/* While an entry is replaced, the old one counts until it is dead. */
void risk_of(const struct bracket_state *s, int64_t reference_price, struct risk_part *ret);
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

/* ---- growth ---------------------------------------------------------------------------------- */

/* A bracket of other terms. For a new one, everything before is 0. */
struct risk_growth {
    struct risk_part before, after;
    int64_t whole_before, whole_after; /* notional of all that its terms ask for */
};
/* From state to state, both at the same price. */
void risk_growth_of(const struct bracket_state *before, const struct bracket_state *after,
                    int64_t reference_price, struct risk_growth *ret);
/* What does not grow is held to no limit: somebody may always make it less. */
bool risk_grows(const struct risk_growth *g);
/* As risk_check, but for the rate; `others`: what is used without this bracket. */
enum err risk_check_growth(const struct risk_limits *limits, const struct risk_use *others,
                           const struct risk_growth *g, struct error *e);
/* As risk_check_key. */
enum err risk_check_key_growth(const struct risk_key_limits *limits, int64_t others_notional,
                               const struct risk_growth *g, struct error *e);

#endif
