/* What makes sense as a bracket, and what may be changed of one. The pointers are those of the
 * request's JSON (api.md). */
#include "base/clock.h"
#include "base/decimal.h"
#include "orders/machine.h"
#include "orders/step.h"

#include <string.h>

static enum err check_price(const struct bracket_spec *spec, const char *pointer, int64_t price,
                            struct error *e)
{
    if (price <= 0 || price > LIMIT_ORDER_PRICE)
        return error_field(e, ERR_INVALID, pointer,
                           price == 0 ? "this price is required"
                                      : "a price is above 0 and at most 1000000");
    if (price % contract_tick(&spec->contract, price))
        return error_field(e, ERR_INVALID, pointer, "the price is no multiple of the price step");
    return ERR_OK;
}

/* A price that the entry's type has, or that it must not have. */
static enum err check_entry_price(const struct bracket_spec *spec, const char *pointer, bool has,
                                  int64_t price, struct error *e)
{
    if (has)
        return check_price(spec, pointer, price, e);
    if (price)
        return error_field(e, ERR_INVALID, pointer, "this type of entry has no such price");
    return ERR_OK;
}

static enum err check_entry(const struct bracket_spec *spec, struct error *e)
{
    bool stops = spec->entry_type == ORDER_TYPE_STOP || spec->entry_type == ORDER_TYPE_STOP_LIMIT;
    bool limits = spec->entry_type == ORDER_TYPE_LIMIT || spec->entry_type == ORDER_TYPE_STOP_LIMIT;
    if (spec->quantity <= 0 || spec->quantity > LIMIT_ORDER_QUANTITY ||
        spec->quantity % DECIMAL_ONE)
        return error_field(e, ERR_INVALID, "/quantity", "a quantity is whole, from 1 to 1000000");
    if (spec->adopts_position && (spec->limit_price || spec->stop_price))
        return error_field(e, ERR_INVALID, "/entry", "a position that is held has no entry");
    if (spec->adopts_position)
        return ERR_OK;
    enum err err = check_entry_price(spec, "/entry/limit_price", limits, spec->limit_price, e);
    if (!err)
        err = check_entry_price(spec, "/entry/stop_price", stops, spec->stop_price, e);
    return err;
}

/* Percent and offset of a take profit, percent, offset and trail of a stop loss. A distance against
 * the price must leave something of it. */
static enum err check_distance(const struct bracket_spec *spec, const char *pointer,
                               const struct exit_terms *t, bool falls, struct error *e)
{
    bool percent = t->kind == EXIT_PERCENT || t->kind == EXIT_TRAIL_PERCENT;
    bool trails = t->kind == EXIT_TRAIL_PERCENT || t->kind == EXIT_TRAIL_PRICE;
    if (t->value <= 0 || t->value > LIMIT_ORDER_PRICE)
        return error_field(e, ERR_INVALID, pointer, "a distance is above 0 and at most 1000000");
    if (percent && falls && t->value >= 100 * DECIMAL_ONE)
        return error_field(e, ERR_INVALID, pointer, "a fall is of less than 100 percent");
    if (spec->adopts_position && !trails)
        return error_field(e, ERR_INVALID, pointer,
                           "a position that is held has no entry price to count from");
    return ERR_OK;
}

static enum err check_take_profit(const struct bracket_spec *spec, struct error *e)
{
    const struct exit_terms *t = &spec->take_profit;
    if (t->limit_price || t->reserved)
        return error_field(e, ERR_INVALID, "/take_profit", "a take profit has one price");
    switch (t->kind) {
    case EXIT_NONE:
        return ERR_OK;
    case EXIT_PRICE:
        return check_price(spec, "/take_profit/limit_price", t->value, e);
    case EXIT_PERCENT:
    case EXIT_OFFSET:
        return check_distance(spec, "/take_profit", t, spec->side == ORDER_SELL, e);
    default:
        return error_field(e, ERR_INVALID, "/take_profit", "a take profit does not trail");
    }
}

static enum err check_stop_loss(const struct bracket_spec *spec, struct error *e)
{
    const struct exit_terms *t = &spec->stop_loss;
    bool fixed = t->kind == EXIT_PRICE;
    if ((size_t)t->kind >= EXIT_KIND_COUNT || t->reserved || (t->limit_price && !fixed))
        return error_field(e, ERR_INVALID, "/stop_loss",
                           "a limit price goes with a stop price alone");
    if (t->kind == EXIT_NONE)
        return ERR_OK;
    if (!fixed)
        return check_distance(spec, "/stop_loss", t, spec->side == ORDER_BUY, e);
    enum err err = check_price(spec, "/stop_loss/stop_price", t->value, e);
    if (!err && t->limit_price)
        err = check_price(spec, "/stop_loss/limit_price", t->limit_price, e);
    return err;
}

/* Above for a bought entry, below for a sold one. */
static bool beyond(const struct bracket_spec *spec, int64_t price, int64_t than)
{
    return spec->side == ORDER_BUY ? price > than : price < than;
}

/* Fixed prices that would close the position at once are mistakes. */
static enum err check_sides(const struct bracket_spec *spec, struct error *e)
{
    bool profit = spec->take_profit.kind == EXIT_PRICE, stop = spec->stop_loss.kind == EXIT_PRICE;
    int64_t entry = spec->limit_price ? spec->limit_price : spec->stop_price;
    if (profit && stop && !beyond(spec, spec->take_profit.value, spec->stop_loss.value))
        return error_field(e, ERR_INVALID, "/stop_loss/stop_price",
                           "the stop loss is on the take profit's side");
    /* Stopped at a fall to 95, it would wait for a rise to its limit: that protects nothing. */
    int64_t limit = spec->stop_loss.limit_price;
    if (limit && beyond(spec, limit, spec->stop_loss.value))
        return error_field(e, ERR_INVALID, "/stop_loss/limit_price",
                           "the limit of a stop loss is on the wrong side of its stop");
    if (entry && profit && !beyond(spec, spec->take_profit.value, entry))
        return error_field(e, ERR_INVALID, "/take_profit/limit_price",
                           "the take profit is on the wrong side of the entry's price");
    if (entry && stop && !beyond(spec, entry, spec->stop_loss.value))
        return error_field(e, ERR_INVALID, "/stop_loss/stop_price",
                           "the stop loss is on the wrong side of the entry's price");
    return ERR_OK;
}

static bool enums_in_range(const struct bracket_spec *spec)
{
    return (size_t)spec->contract.kind <= CONTRACT_OPTION &&
           (size_t)spec->contract.right <= OPTION_PUT && spec->contract.multiplier > 0 &&
           spec->contract.symbol[0] && !spec->contract.symbol[LIMIT_SYMBOL_BYTES - 1] &&
           (size_t)spec->side < ORDER_SIDE_COUNT && (size_t)spec->entry_type < ORDER_TYPE_COUNT &&
           (size_t)spec->time_in_force < TIF_COUNT && (size_t)spec->exit_time_in_force <= TIF_GTC &&
           (size_t)spec->protection < PROTECTION_COUNT && (size_t)spec->arm < ARM_COUNT &&
           (uint32_t)spec->adopts_position <= 1 && !spec->reserved;
}

enum err bracket_spec_check(const struct bracket_spec *spec, struct error *e)
{
    if (!enums_in_range(spec))
        return error_field(e, ERR_INVALID, "", "no such bracket");
    if (spec->flat_ns < 0 || spec->contract.cutoff_ns < 0 || spec->contract.end_ns < 0 ||
        spec->not_found_bound_ns < 0 || spec->take_profit_ttl_ns < NS_PER_SECOND ||
        spec->quote_max_age_ns < 0)
        return error_field(e, ERR_INVALID, "", "a time is out of range");
    if (spec->adopts_position && spec->take_profit.kind == EXIT_NONE &&
        spec->stop_loss.kind == EXIT_NONE)
        return error_field(e, ERR_INVALID, "/stop_loss", "a held position needs an exit");
    enum err err = check_entry(spec, e);
    if (!err)
        err = check_take_profit(spec, e);
    if (!err)
        err = check_stop_loss(spec, e);
    return err ? err : check_sides(spec, e);
}

/* ---- modification ---------------------------------------------------------------------------- */

static bool same_entry(const struct bracket_spec *a, const struct bracket_spec *b)
{
    return a->quantity == b->quantity && a->limit_price == b->limit_price &&
           a->stop_price == b->stop_price && a->time_in_force == b->time_in_force;
}

/* What a bracket is, as against how it is worked. */
static bool same_kind(const struct bracket_spec *a, const struct bracket_spec *b)
{
    return memcmp(&a->contract, &b->contract, sizeof(a->contract)) == 0 && a->side == b->side &&
           a->entry_type == b->entry_type && a->adopts_position == b->adopts_position &&
           a->protection == b->protection && a->not_found_bound_ns == b->not_found_bound_ns;
}

enum err bracket_may_modify(const struct bracket_state *s, const struct bracket_spec *spec,
                            struct error *e)
{
    enum err err = bracket_spec_check(spec, e);
    if (err)
        return err;
    if (!same_kind(&s->spec, spec))
        return error_field(e, ERR_INVALID, "", "contract, side and kind of a bracket are fixed");
    struct bracket_sums sums;
    bracket_sum(s, &sums);
    if (!same_entry(&s->spec, spec) && bracket_entry_done(s, &sums))
        return error_field(e, ERR_CONFLICT, "/entry", "the entry is done");
    if (spec->quantity < sums.entered)
        return error_field(e, ERR_CONFLICT, "/quantity", "more than that is filled already");
    return ERR_OK;
}
