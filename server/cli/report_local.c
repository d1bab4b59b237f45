#include "server/cli/report_local.h"

#include "base/strbuf.h"
#include "server/report/report_read.h"

#include <string.h>

enum { ARENA_BYTES = 64 << 20 };

static void gather_trades(const struct report_local *in, const struct report_input *page,
                          struct trades_gather *ret)
{
    const struct ledger *l = in->simulation->ledger;
    for (int64_t i = 0; i < l->counts.trades; i++) {
        const struct trade *t = &l->trades[i];
        char contract[OCC_TEXT_MAX] = "";
        trade_contract_format(&t->contract, page->symbols[t->symbol].name, contract);
        trades_gather_add(ret, t, contract, trade_is_modelled(&t->contract));
    }
}

static enum err write_page(const struct report_local *in, const struct json_value *answer,
                           struct arena *arena, struct strbuf *out, struct error *e)
{
    struct report_parts parts;
    struct trades_gather trades;
    enum err err = report_read(answer, STUDY_ENGINE_VERSION, arena, &parts, e);
    if (err)
        return err;
    parts.input.map = in->result->map;
    parts.input.map_count = in->result->map_count;
    trades_gather_init(&trades);
    if (in->simulation) {
        gather_trades(in, &parts.input, &trades);
        parts.account.trades = &trades;
        parts.account.points = in->simulation->ledger->points;
        parts.account.point_count = in->simulation->ledger->point_count;
        err = trades_gather_end(&trades, e);
    }
    if (!err)
        err = report_write(&parts.input, out, e);
    trades_gather_release(&trades);
    return err;
}

enum err report_local_write(const struct report_local *in, struct strbuf *out, struct error *e)
{
    struct json_value *answer = NULL;
    struct arena arena;
    enum err err = json_value_parse(strbuf_text(in->answer), in->answer->length, &answer, e);
    if (err)
        return err;
    arena_init(&arena, ARENA_BYTES);
    err = write_page(in, answer, &arena, out, e);
    arena_release(&arena);
    json_value_free(answer);
    return err;
}
