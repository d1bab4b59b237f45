#include "server/jobs/trade_record.h"

#include <assert.h>
#include <string.h>

/* No pointers and no padding: what is stored is what is in memory. */
struct record {
    int64_t fire_bar, entry_bar, exit_bar;
    int64_t entry_at_ns, exit_at_ns;
    int64_t entry_price, exit_price;
    int64_t quantity;
    int64_t entry_value, exit_value;
    int64_t commission, pnl, risk;
    double return_on_value;
    int64_t bars_held;
    int32_t symbol;
    uint8_t entry_phase, exit_phase;
    uint8_t exit_reason;
    uint8_t flags;
    char occ_symbol[TRADE_OCC_SYMBOL_MAX]; /* filled up with NUL */
    uint64_t reserved[3];
};
_Static_assert(sizeof(struct record) == TRADE_RECORD_BYTES, "stored records have no padding");

enum { FLAG_AMBIGUOUS = 1, FLAG_MODELLED = 2 };

void trade_record_write(struct strbuf *out, const struct trade *t,
                        const struct stored_contract *contract)
{
    struct record r = {.fire_bar = t->fire_bar,
                       .entry_bar = t->entry_bar,
                       .exit_bar = t->exit_bar,
                       .entry_at_ns = t->entry_at.at_ns,
                       .exit_at_ns = t->exit_at.at_ns,
                       .entry_price = t->entry_price,
                       .exit_price = t->exit_price,
                       .quantity = t->quantity,
                       .entry_value = t->entry_value,
                       .exit_value = t->exit_value,
                       .commission = t->commission,
                       .pnl = t->pnl,
                       .risk = t->risk,
                       .return_on_value = t->return_on_value,
                       .bars_held = t->bars_held,
                       .symbol = t->symbol,
                       .entry_phase = (uint8_t)t->entry_at.phase,
                       .exit_phase = (uint8_t)t->exit_at.phase,
                       .exit_reason = (uint8_t)t->exit_reason,
                       .flags = t->ambiguous ? FLAG_AMBIGUOUS : 0};
    if (contract) {
        size_t length = strlen(contract->occ_symbol);
        assert(length <= TRADE_OCC_SYMBOL_MAX);
        memcpy(r.occ_symbol, contract->occ_symbol, length);
        r.flags |= contract->modelled ? FLAG_MODELLED : 0;
    }
    strbuf_add(out, &r, sizeof(r));
}

void trade_record_read(const void *record, struct trade *ret_trade,
                       struct stored_contract *ret_contract)
{
    struct record r;
    memcpy(&r, record, sizeof(r));
    *ret_trade = (struct trade){.symbol = r.symbol,
                                .exit_reason = (enum exit_reason)r.exit_reason,
                                .ambiguous = r.flags & FLAG_AMBIGUOUS,
                                .fire_bar = r.fire_bar,
                                .entry_bar = r.entry_bar,
                                .exit_bar = r.exit_bar,
                                .entry_at = {r.entry_at_ns, (enum bar_phase)r.entry_phase},
                                .exit_at = {r.exit_at_ns, (enum bar_phase)r.exit_phase},
                                .entry_price = r.entry_price,
                                .exit_price = r.exit_price,
                                .quantity = r.quantity,
                                .entry_value = r.entry_value,
                                .exit_value = r.exit_value,
                                .commission = r.commission,
                                .pnl = r.pnl,
                                .risk = r.risk,
                                .return_on_value = r.return_on_value,
                                .bars_held = r.bars_held};
    memcpy(ret_contract->occ_symbol, r.occ_symbol, sizeof(r.occ_symbol));
    ret_contract->occ_symbol[sizeof(r.occ_symbol)] = '\0';
    ret_contract->modelled = r.flags & FLAG_MODELLED;
}
