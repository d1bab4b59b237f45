/* The parts of the page, in their order. Each writes one <section> or nothing, when there is
 * nothing to tell.
 */
#ifndef SERVER_REPORT_SECTIONS_H
#define SERVER_REPORT_SECTIONS_H

#include "base/strbuf.h"
#include "server/report/report.h"
#include "server/report/timeline.h"

struct page {
    struct strbuf *out;
    const struct report_input *in;
    struct timeline timeline; /* of the account; no days without one */
};

void section_summary(const struct page *p); /* what came out, in sentences, tiles and warnings */
void section_account(const struct page *p); /* equity, drawdown, months */
void section_metrics(const struct page *p); /* chosen, worst and best beside each other */
void section_forward(const struct page *p); /* forward returns against the base rate */
void section_times(const struct page *p);   /* map, time of day, weekdays, months */
void section_trades(const struct page *p);  /* how they ended, their returns, a table */
void section_symbols(const struct page *p); /* when there are several */
void section_request(const struct page *p); /* what was asked, and where the answer comes from */
void section_reading(const struct page *p); /* how the figures are defined */

/* The list of warnings, or nothing. */
void write_warnings(const struct page *p);

/* The horizon that figures by time and weekday are told for: 30m, or else the last duration, or
 * else the first, of those with a return. horizon_count when there is none. */
size_t report_main_horizon(const struct report_input *in);

/* "<td>" with a class that colours what is below 0 and above it, both as text. */
void cell_change(struct strbuf *out, double share, int decimals);
/* "1 fire", "1,234 fires". */
void write_counted(struct strbuf *out, int64_t n, const char *one, const char *many);

#endif
