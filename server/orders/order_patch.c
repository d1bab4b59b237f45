#include "server/orders/order_patch.h"

#include "base/json_merge.h"
#include "base/json_scan.h"

#include <string.h>

enum { REQUEST_BYTES = 64 * 1024 };

static bool merge(const struct order_request *request, const char *patch, struct arena *arena,
                  struct strbuf *out)
{
    struct strbuf text;
    struct json_writer w;
    strbuf_init(&text, REQUEST_BYTES);
    json_writer_init(&w, &text);
    json_begin_object(&w);
    order_request_encode(request, &w);
    json_end_object(&w);
    json_writer_init(&w, out);
    bool merged =
        json_merge_patch(json_slice_of(strbuf_text(&text)), json_slice_of(patch), arena, &w) &&
        !strbuf_failed(&text) && !strbuf_failed(out);
    strbuf_release(&text);
    return merged;
}

/* What a change cannot be of. The contract is there as an occ_symbol: parts of one beside it are
 * those of another. */
static enum err check_fixed(const struct order_request *before, const struct order_request *after,
                            struct error *e)
{
    bool parts = after->symbol || after->has_expiry || after->has_strike || after->has_right;
    if (after->client_order_id)
        return error_field(e, ERR_INVALID, "/client_order_id", "it cannot be changed");
    if (after->occ_symbol && parts)
        return error_field(e, ERR_INVALID, after->symbol ? "/symbol" : "/occ_symbol",
                           "the contract of an order is fixed");
    if (after->side != before->side)
        return error_field(e, ERR_INVALID, "/side", "the side of an order is fixed");
    return ERR_OK;
}

/* A day that was found once stays, whatever the time is by now. */
static void keep_flat_day(const struct order_request *before, const struct order_request *after,
                          const struct bracket_spec *spec, struct bracket_spec *ret)
{
    if (before->has_flat_at && after->has_flat_at &&
        before->flat_at_minute == after->flat_at_minute)
        ret->flat_ns = spec->flat_ns;
}

enum err order_patch(const struct bracket_spec *spec, const char *patch, size_t length,
                     const struct broker_capabilities *capabilities, const struct calendar *hours,
                     int64_t now_ns, struct arena *arena, struct bracket_spec *ret, struct error *e)
{
    struct order_request before, after;
    struct strbuf merged;
    enum err err = json_scan(patch, length, e);
    if (err)
        return err;
    if (!json_slice_is_object(json_slice_of(patch)))
        return error_set(e, ERR_INVALID, "a change is a JSON object");
    order_request_of(spec, hours, &before);
    strbuf_init(&merged, REQUEST_BYTES);
    if (!merge(&before, patch, arena, &merged))
        err = error_set(e, ERR_NO_MEMORY, "no memory for the change");
    else
        err = order_request_decode(strbuf_text(&merged), merged.length, arena, &after, e);
    strbuf_release(&merged);
    if (!err)
        err = check_fixed(&before, &after, e);
    if (!err)
        err = order_request_settle(&after, capabilities, hours, now_ns, ret, e);
    if (!err)
        keep_flat_day(&before, &after, spec, ret);
    return err;
}

struct bracket_spec order_patch_rebase(const struct bracket_spec *base,
                                       const struct bracket_spec *wanted,
                                       const struct bracket_spec *current)
{
    struct bracket_spec result = *current;
#define REBASE(member)                                                                             \
    if (memcmp(&base->member, &wanted->member, sizeof base->member) != 0)                          \
    result.member = wanted->member
    REBASE(contract);
    REBASE(side);
    REBASE(entry_type);
    REBASE(time_in_force);
    REBASE(protection);
    REBASE(arm);
    REBASE(adopts_position);
    REBASE(quantity);
    REBASE(limit_price);
    REBASE(stop_price);
    REBASE(take_profit);
    REBASE(stop_loss);
    REBASE(flat_ns);
    REBASE(take_profit_ttl_ns);
    REBASE(quote_max_age_ns);
#undef REBASE
    return result;
}
