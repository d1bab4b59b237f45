/* A point of the equity curve as stored: a record of fixed size, with the highest equity up to it,
 * so that its drawdown is known without reading what is before it. Little-endian, as the machines
 * this runs on.
 */
#ifndef SERVER_JOBS_EQUITY_RECORD_H
#define SERVER_JOBS_EQUITY_RECORD_H

#include "base/strbuf.h"
#include "engine/trades/ledger.h"

enum { EQUITY_RECORD_BYTES = 40 };

struct equity_record {
    struct equity_point point;
    int64_t peak; /* the highest equity up to and with this point; decimal */
};

void equity_record_write(struct strbuf *out, const struct equity_record *r);
/* `record` has EQUITY_RECORD_BYTES. */
void equity_record_read(const void *record, struct equity_record *ret);

/* How far the equity is below its peak, as a fraction of it: 0 .. ; NaN when the peak is not above
 * 0. */
double equity_record_drawdown(const struct equity_record *r);

#endif
