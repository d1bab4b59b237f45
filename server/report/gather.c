#include "server/report/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more; false, and the array as it was, without memory. */
static bool grow(void **array, size_t count, size_t *capacity, size_t item_bytes)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? 2 * *capacity : 1024;
    void *grown = realloc(*array, wanted * item_bytes);
    if (!grown)
        return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

/* ---- equity ---- */

void points_gather_init(struct points_gather *g, int64_t total)
{
    *g = (struct points_gather){.run = 1, .low_at = -1, .high_at = -1, .kept_at = -1};
    if (total > GATHER_POINTS)
        g->run = (2 * total + GATHER_POINTS - 1) / GATHER_POINTS;
}

static void keep(struct points_gather *g, const struct equity_point *p, int64_t at)
{
    void *points = g->points;
    if (g->failed || !grow(&points, g->count, &g->capacity, sizeof(*p))) {
        g->failed = true;
        return;
    }
    g->points = points;
    g->points[g->count++] = *p;
    g->kept_at = at;
}

/* The extremes of the run under way, in the order they came. */
static void keep_extremes(struct points_gather *g)
{
    if (g->low_at < 0)
        return;
    if (g->low_at < g->high_at)
        keep(g, &g->low, g->low_at);
    keep(g, &g->high, g->high_at);
    if (g->low_at > g->high_at)
        keep(g, &g->low, g->low_at);
    g->low_at = g->high_at = -1;
}

void points_gather_add(struct points_gather *g, const struct equity_point *p)
{
    int64_t at = g->taken++;
    g->last = *p;
    if (g->run == 1 || at == 0 || p->is_mark) {
        keep_extremes(g);
        keep(g, p, at);
        return;
    }
    if (g->low_at < 0 || p->equity < g->low.equity) {
        g->low = *p;
        g->low_at = at;
    }
    if (g->high_at < 0 || p->equity > g->high.equity) {
        g->high = *p;
        g->high_at = at;
    }
    if (at % g->run == g->run - 1)
        keep_extremes(g);
}

enum err points_gather_end(struct points_gather *g, struct error *e)
{
    keep_extremes(g);
    if (g->kept_at + 1 < g->taken)
        keep(g, &g->last, g->taken - 1);
    return g->failed ? error_set(e, ERR_NO_MEMORY, "out of memory for the report") : ERR_OK;
}

void points_gather_release(struct points_gather *g)
{
    free(g->points);
    *g = (struct points_gather){0};
}

/* ---- trades ---- */

void trades_gather_init(struct trades_gather *g)
{
    memset(g, 0, sizeof(*g));
}

void trades_gather_add(struct trades_gather *g, const struct trade *t, const char *contract,
                       bool is_modelled)
{
    struct trade_ending *ending = &g->endings[t->exit_reason];
    void *returns = g->returns;
    if (g->failed || !grow(&returns, (size_t)g->count, &g->capacity, sizeof(*g->returns))) {
        g->failed = true;
        return;
    }
    g->returns = returns;
    g->returns[g->count++] = t->return_on_value;
    g->modelled += is_modelled;
    ending->trades++;
    ending->wins += t->pnl > 0;
    ending->pnl += t->pnl;
    ending->returns += t->return_on_value;
    if (g->first_count < GATHER_TRADES_FIRST) {
        struct gathered_trade *kept = &g->first[g->first_count++];
        kept->trade = *t;
        kept->is_modelled = is_modelled;
        snprintf(kept->contract, sizeof(kept->contract), "%s", contract);
    }
}

enum err trades_gather_end(struct trades_gather *g, struct error *e)
{
    return g->failed ? error_set(e, ERR_NO_MEMORY, "out of memory for the report") : ERR_OK;
}

void trades_gather_release(struct trades_gather *g)
{
    free(g->returns);
    memset(g, 0, sizeof(*g));
}
