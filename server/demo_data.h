/* Demo bars for a first start: two symbols, two years of minutes, the same on every machine. */
#ifndef SERVER_DEMO_DATA_H
#define SERVER_DEMO_DATA_H

#include "base/clock.h"
#include "db/storage.h"

/* Fills bars.db when it has no series yet; *ret_made tells. Blocks for about a second. */
enum err demo_data_fill(struct storage *storage, const struct clock *clock, bool *ret_made,
                        struct error *e);

#endif
