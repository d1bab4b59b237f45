/* Numbers and times as people read them. Each writes into `out` and returns it. */
#ifndef SERVER_CLI_TEXT_FORMAT_H
#define SERVER_CLI_TEXT_FORMAT_H

#include "base/zone.h"

#include <stdint.h>

enum { TEXT_FORMAT_MAX = 40 };

const char *format_grouped(int64_t value, char out[TEXT_FORMAT_MAX]); /* 1,234,567 */
const char *format_short(int64_t value, char out[TEXT_FORMAT_MAX]);   /* 999, 12k, 1.2M, 35M */
/* A share as percent: "53.4%"; "-" for NaN. */
const char *format_percent(double share, int decimals, char out[TEXT_FORMAT_MAX]);
const char *format_signed_percent(double share, int decimals, char out[TEXT_FORMAT_MAX]);
/* A decimal's text to two decimals, in groups: "-12,345.68"; "-" for NULL. */
const char *format_money(const char *decimal, char out[TEXT_FORMAT_MAX]);
const char *format_elapsed(double seconds, char out[TEXT_FORMAT_MAX]); /* 12 ms, 3.4 s, 2 min 5 s */
/* Wall clock of the zone, to the minute: "2024-01-02 09:45". */
const char *format_local(int64_t ns, const struct zone *zone, char out[TEXT_FORMAT_MAX]);

#endif
