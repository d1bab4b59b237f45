#include "server/cli/order_flags.h"

#include "base/civil.h"
#include "base/decimal.h"
#include "base/rfc3339.h"
#include "server/cli/flag_text.h"

#include <stdio.h>
#include <string.h>

static enum err refuse(const char *flag, const char *text, const char *form, struct error *e)
{
    return error_set(e, ERR_INVALID, "%s: '%.60s' is not %s", flag, text, form);
}

/* The index of the text among the names that this member of a request takes. */
static enum err fill_name(const char *flag, const char *text, const char *member, int32_t *ret,
                          struct error *e)
{
    const char *const *names = order_request_choices(member);
    if (!text)
        return ERR_OK;
    for (int32_t i = 0; names[i]; i++)
        if (strcmp(names[i], text) == 0) {
            *ret = i;
            return ERR_OK;
        }
    return error_set(e, ERR_INVALID, "%s: '%.60s' is unknown; --help has the names", flag, text);
}

/* An amount above zero. */
static enum err fill_amount(const char *flag, const char *text, int64_t *ret, bool *ret_given,
                            struct error *e)
{
    if (!text)
        return ERR_OK;
    if (decimal_parse(text, strlen(text), ret, NULL) != ERR_OK || *ret <= 0)
        return refuse(flag, text, "a number above 0 of 6 decimals at most", e);
    *ret_given = true;
    return ERR_OK;
}

/* ---- the contract ---------------------------------------------------------------------------- */

static enum err fill_words(const struct option_arguments *words, struct order_request *r,
                           struct error *e)
{
    const char *const *w = words->items;
    r->symbol = w[0];
    r->occ_symbol = NULL;
    if (!civil_parse(w[1], strlen(w[1]), &r->expiry_days))
        return refuse("the expiry", w[1], "a date such as 2026-12-18", e);
    if (decimal_parse(w[2], strlen(w[2]), &r->strike, NULL) != ERR_OK)
        return refuse("the strike", w[2], "a price", e);
    bool call = strcmp(w[3], "call") == 0 || strcmp(w[3], "c") == 0 || strcmp(w[3], "C") == 0;
    bool put = strcmp(w[3], "put") == 0 || strcmp(w[3], "p") == 0 || strcmp(w[3], "P") == 0;
    if (!call && !put)
        return refuse("the right", w[3], "call or put", e);
    r->right = call ? OPTION_CALL : OPTION_PUT;
    r->has_expiry = r->has_strike = r->has_right = true;
    return ERR_OK;
}

static enum err fill_contract(const struct option_arguments *words, bool from_json,
                              struct order_request *r, struct error *e)
{
    struct occ_symbol occ;
    if (words->count == 0 && from_json)
        return ERR_OK;
    if (words->count == 4)
        return fill_words(words, r, e);
    if (words->count != 1)
        return error_set(e, ERR_INVALID,
                         "which contract? Give a share's symbol, an OCC symbol, or symbol, expiry, "
                         "strike and right");
    const char *word = words->items[0];
    bool option = occ_symbol_parse(word, strlen(word), &occ, NULL) == ERR_OK;
    r->has_expiry = r->has_strike = r->has_right = false;
    r->symbol = option ? NULL : word;
    r->occ_symbol = option ? word : NULL;
    return ERR_OK;
}

/* ---- entry and exits ------------------------------------------------------------------------- */

static enum err fill_side(const struct order_flags *f, struct order_request *r, struct error *e)
{
    bool given = false;
    if (f->buy && f->sell)
        return error_set(e, ERR_INVALID, "--buy and --sell exclude each other");
    if (!f->buy && !f->sell && !f->order)
        return error_set(e, ERR_INVALID, "how many? Give --buy QUANTITY");
    if (f->buy || f->sell)
        r->side = f->buy ? ORDER_BUY : ORDER_SELL;
    return fill_amount(f->buy ? "--buy" : "--sell", f->buy ? f->buy : f->sell, &r->quantity, &given,
                       e);
}

static enum err fill_entry(const struct order_flags *f, struct order_request *r, struct error *e)
{
    struct order_request_entry entry = {0};
    if (!f->limit && !f->stop && !f->held)
        return ERR_OK;
    if (f->held && (f->limit || f->stop))
        return error_set(e, ERR_INVALID, "--held has no entry, so neither --limit nor --stop");
    enum err err = fill_amount("--limit", f->limit, &entry.limit_price, &entry.has_limit_price, e);
    if (!err)
        err = fill_amount("--stop", f->stop, &entry.stop_price, &entry.has_stop_price, e);
    entry.type = f->held               ? (int32_t)ORDER_ENTRY_HELD
                 : f->stop && f->limit ? ORDER_TYPE_STOP_LIMIT
                 : f->stop             ? ORDER_TYPE_STOP
                                       : ORDER_TYPE_LIMIT;
    r->entry = entry;
    r->has_entry = true;
    return err;
}

struct distance {
    int64_t value;
    bool percent, relative;
};

/* "7.00", "40%" or "+2.00". */
static bool parse_distance(const char *text, struct distance *ret)
{
    size_t length = strlen(text);
    ret->relative = text[0] == '+';
    ret->percent = length > 0 && text[length - 1] == '%';
    text += ret->relative;
    length -= (size_t)ret->relative + ret->percent;
    return decimal_parse(text, length, &ret->value, NULL) == ERR_OK && ret->value > 0;
}

static enum err fill_take_profit(const char *text, struct order_request *r, struct error *e)
{
    struct order_request_exit x = {0};
    struct distance d;
    if (!text)
        return ERR_OK;
    if (!parse_distance(text, &d))
        return refuse("--take-profit", text, "7.00, 40% or +2.00", e);
    x.has_percent = d.percent;
    x.has_offset = d.relative && !d.percent;
    x.has_limit_price = !d.relative && !d.percent;
    *(d.percent ? &x.percent : d.relative ? &x.offset : &x.limit_price) = d.value;
    r->take_profit = x;
    r->has_take_profit = true;
    return ERR_OK;
}

static enum err fill_stop_loss(const char *text, struct order_request *r, struct error *e)
{
    static const char trail[] = "trail:";
    struct order_request_exit x = {0};
    struct distance d;
    if (!text)
        return ERR_OK;
    bool trails = strncmp(text, trail, strlen(trail)) == 0;
    if (!parse_distance(trails ? text + strlen(trail) : text, &d))
        return refuse("--stop-loss", text, "4.00, 20%, +1.00, trail:10% or trail:0.50", e);
    if (trails) {
        x.has_trail_percent = d.percent;
        x.has_trail_price = !d.percent;
        *(d.percent ? &x.trail_percent : &x.trail_price) = d.value;
    } else {
        x.has_percent = d.percent;
        x.has_offset = d.relative && !d.percent;
        x.has_stop_price = !d.relative && !d.percent;
        *(d.percent ? &x.percent : d.relative ? &x.offset : &x.stop_price) = d.value;
    }
    r->stop_loss = x;
    r->has_stop_loss = true;
    return ERR_OK;
}

static enum err fill_exits(const struct order_flags *f, struct order_request *r, struct error *e)
{
    struct order_request_exit *stop = &r->stop_loss;
    enum err err;
    if ((err = fill_take_profit(f->take_profit, r, e)) ||
        (err = fill_stop_loss(f->stop_loss, r, e)))
        return err;
    if (f->stop_limit && !r->has_stop_loss)
        return error_set(e, ERR_INVALID, "--stop-limit goes with --stop-loss");
    return fill_amount("--stop-limit", f->stop_limit, &stop->limit_price, &stop->has_limit_price,
                       e);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static enum err fill_terms(const struct order_flags *f, struct order_request *r, struct error *e)
{
    struct error inner;
    enum err err;
    if ((err = fill_name("--tif", f->time_in_force, "time_in_force", &r->time_in_force, e)) ||
        (err = fill_name("--arm", f->arm, "arm", &r->arm, e)) ||
        (err = fill_name("--protection", f->protection, "protection", &r->protection, e)))
        return err;
    r->has_protection = r->has_protection || f->protection;
    r->accept_unprotected_if_down = r->accept_unprotected_if_down || f->accept_unprotected;
    if (f->client_order_id)
        r->client_order_id = f->client_order_id;
    if (f->flat_at) {
        if (time_of_day_parse(f->flat_at, strlen(f->flat_at), &r->flat_at_minute, &inner))
            return error_set(e, ERR_INVALID, "--flat-at: %s", inner.message);
        r->has_flat_at = true;
    }
    return ERR_OK;
}

static enum err fill_json(const char *flag, struct arena *arena, struct order_request *r,
                          struct error *e)
{
    const char *text;
    struct error inner;
    enum err err = flag_text("--order", flag, arena, &text, e);
    if (err)
        return err;
    err = order_request_decode(text, strlen(text), arena, r, &inner);
    return err ? error_set(e, err, "--order: %s%s%s", inner.pointer, inner.pointer[0] ? ": " : "",
                           inner.message)
               : ERR_OK;
}

enum err order_flags_fill(const struct order_flags *f, const struct option_arguments *contract,
                          struct arena *arena, struct order_request *ret, struct error *e)
{
    struct order_request r;
    enum err err;
    order_request_init(&r);
    if ((f->order && (err = fill_json(f->order, arena, &r, e))) ||
        (err = fill_contract(contract, f->order != NULL, &r, e)) || (err = fill_side(f, &r, e)) ||
        (err = fill_entry(f, &r, e)) || (err = fill_exits(f, &r, e)) ||
        (err = fill_terms(f, &r, e)))
        return err;
    *ret = r;
    return ERR_OK;
}
