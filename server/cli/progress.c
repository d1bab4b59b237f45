#include "server/cli/progress.h"

#include "server/cli/terminal.h"
#include "server/cli/text_format.h"

#include <math.h>
#include <stdio.h>

enum { BAR_CELLS = 24, LINE_BYTES = 256 };

void progress_begin(struct progress *p)
{
    *p = (struct progress){.on = terminal_is(stderr)};
}

static void draw_line(struct progress *p, double share, const char *rest)
{
    char line[LINE_BYTES], bar[BAR_CELLS + 1];
    int done = (int)(share * BAR_CELLS + 0.5);
    for (int i = 0; i < BAR_CELLS; i++)
        bar[i] = i < done ? '#' : '-';
    bar[BAR_CELLS] = '\0';
    snprintf(line, sizeof(line), "[%s] %3.0f %%  %s", bar, floor(100 * share), rest);
    /* A line that wraps could not be wiped: it is cut. */
    fprintf(stderr, "\r%.*s\033[K", terminal_width(stderr) - 1, line);
    fflush(stderr);
    p->drawn = true;
}

void progress_draw(struct progress *p, const struct progress_counts *c)
{
    char rest[LINE_BYTES], done[TEXT_FORMAT_MAX], total[TEXT_FORMAT_MAX], eta[TEXT_FORMAT_MAX];
    if (!p->on)
        return;
    if (c->shards_total == 0) {
        draw_line(p, 0, "waiting");
        return;
    }
    snprintf(rest, sizeof(rest), "%lld/%lld shards  %s/%s bars%s%s", (long long)c->shards_done,
             (long long)c->shards_total, format_short(c->bars_done, done),
             format_short(c->bars_total, total), isnan(c->eta_s) ? "" : "  eta ",
             isnan(c->eta_s) ? "" : format_elapsed(c->eta_s, eta));
    draw_line(p, c->bars_total > 0 ? (double)c->bars_done / (double)c->bars_total : 0, rest);
}

void progress_draw_bytes(struct progress *p, const char *what, int64_t done, int64_t total)
{
    char rest[LINE_BYTES];
    if (!p->on)
        return;
    snprintf(rest, sizeof(rest), "%s: %.1f of %.1f MB", what, (double)done / 1e6,
             (double)total / 1e6);
    draw_line(p, total > 0 ? (double)done / (double)total : 1, rest);
}

void progress_end(struct progress *p)
{
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = false;
}
