#include "server/jobs/equity_record.h"

#include "base/decimal.h"

#include <math.h>
#include <string.h>

/* No pointers and no padding: what is stored is what is in memory. */
struct record {
    int64_t at_ns;
    int64_t equity, cash, peak;
    int32_t open_positions;
    int32_t is_mark;
};
_Static_assert(sizeof(struct record) == EQUITY_RECORD_BYTES, "stored records have no padding");

void equity_record_write(struct strbuf *out, const struct equity_record *r)
{
    struct record record = {.at_ns = r->point.at_ns,
                            .equity = r->point.equity,
                            .cash = r->point.cash,
                            .peak = r->peak,
                            .open_positions = r->point.open_positions,
                            .is_mark = r->point.is_mark};
    strbuf_add(out, &record, sizeof(record));
}

void equity_record_read(const void *record, struct equity_record *ret)
{
    struct record r;
    memcpy(&r, record, sizeof(r));
    *ret = (struct equity_record){.point = {.at_ns = r.at_ns,
                                            .equity = r.equity,
                                            .cash = r.cash,
                                            .open_positions = r.open_positions,
                                            .is_mark = r.is_mark != 0},
                                  .peak = r.peak};
}

double equity_record_drawdown(const struct equity_record *r)
{
    if (r->peak <= 0)
        return NAN;
    double top = decimal_to_double(r->peak); /* as metrics.c has it: its maximum is among these */
    return (top - decimal_to_double(r->point.equity)) / top;
}
