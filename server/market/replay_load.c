#include "server/market/replay_load.h"

#include "base/rfc3339.h"
#include "server/series_lookup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct load {
    struct storage *storage;
    struct worker_pool *pool;
    const struct replay_spec *spec;
    int64_t now_ns; /* UTC */
};

/* ---- bars ------------------------------------------------------------------------------------ */

static enum err load_bars(const struct load *l, const char *symbol, const struct bars **ret,
                          struct error *e)
{
    const uint32_t prices = BAR_ALL_COLUMNS & ~BAR_COLUMN_BIT(BAR_VOLUME);
    return bar_cache_get(l->storage->bar_cache, l->pool, symbol, l->spec->timeframe, prices, ret,
                         NULL, e);
}

static bool is_stored(const struct load *l, const char *symbol)
{
    struct series_row series;
    return !series_lookup(l->storage, symbol, l->spec->timeframe, "", &series, NULL);
}

/* Both sides of a contract, when both are there. */
static enum err load_sides(const struct load *l, const char *symbol, struct replay_source *s,
                           struct error *e)
{
    static const char *const suffixes[BAR_PATH_LANES] = {":bid", ":ask"};
    char names[BAR_PATH_LANES][OCC_TEXT_MAX + sizeof ":bid"];
    for (int32_t i = 0; i < BAR_PATH_LANES; i++) {
        snprintf(names[i], sizeof names[i], "%s%s", symbol, suffixes[i]);
        if (!is_stored(l, names[i]))
            return ERR_OK;
    }
    for (int32_t i = 0; i < BAR_PATH_LANES; i++) {
        enum err err = load_bars(l, names[i], &s->bars[i], e);
        if (err)
            return err;
        s->lanes++;
    }
    return ERR_OK;
}

static enum err find_bars(const struct load *l, size_t index, struct replay_source *s,
                          struct error *e)
{
    struct series_row series;
    struct occ_symbol occ;
    char pointer[32], compact[OCC_TEXT_MAX];
    const char *symbol = l->spec->symbols.items[index];
    snprintf(pointer, sizeof pointer, "/symbols/%zu", index);
    if (!occ_symbol_parse(symbol, strlen(symbol), &occ, NULL)) {
        occ_symbol_format_compact(&occ, compact);
        symbol = compact;
        enum err err = load_sides(l, symbol, s, e);
        if (err || s->lanes > 0)
            return err;
    }
    enum err err = series_lookup(l->storage, symbol, l->spec->timeframe, pointer, &series, e);
    if (!err)
        err = load_bars(l, symbol, &s->bars[0], e);
    if (!err)
        s->lanes = 1;
    return err;
}

/* ---- the range ------------------------------------------------------------------------------- */

static void cut(const struct load *l, struct replay_source *s)
{
    const struct replay_spec *spec = l->spec;
    for (int32_t lane = 0; lane < s->lanes; lane++) {
        const struct bars *bars = s->bars[lane];
        const struct zone *zone = calendar_zone(bars->calendar);
        s->end[lane] = bars->count;
        if (spec->from.given)
            s->next[lane] = bars_lower_bound(bars, study_spec_when_begin(&spec->from, zone));
        if (spec->to.given)
            s->end[lane] = bars_lower_bound(bars, study_spec_when_end(&spec->to, zone));
    }
}

/* Bars of the symbol, those of its two sides that stand side by side counted once. */
static int64_t count_bars(const struct replay_source *s)
{
    int64_t count = 0, next[BAR_PATH_LANES] = {s->next[0], s->next[1]};
    for (;; count++) {
        int64_t first_ns = INT64_MAX;
        for (int32_t i = 0; i < s->lanes; i++)
            if (next[i] < s->end[i] && s->bars[i]->time_ns[next[i]] < first_ns)
                first_ns = s->bars[i]->time_ns[next[i]];
        if (first_ns == INT64_MAX)
            return count;
        for (int32_t i = 0; i < s->lanes; i++)
            next[i] += next[i] < s->end[i] && s->bars[i]->time_ns[next[i]] == first_ns;
    }
}

static enum err refuse_range(const struct replay_spec *spec, const struct bars *bars, size_t index,
                             struct error *e)
{
    char first[RFC3339_MAX], last[RFC3339_MAX];
    rfc3339_format(bars->time_ns[0], first);
    rfc3339_format(bars->time_ns[bars->count - 1], last);
    return error_field(e, ERR_INVALID, spec->from.given ? "/from" : "/to",
                       "'%s' has no bars in this range: they are from %s to %s",
                       spec->symbols.items[index], first, last);
}

/* ---- all together ---------------------------------------------------------------------------- */

/* Remembers the first contract that has ended: what is quoted under its name nobody can trade. */
static void note_target(const struct load *l, struct replay *r, struct replay_source *s)
{
    struct occ_symbol occ;
    struct contract contract;
    s->kind = CONTRACT_SHARE;
    if (occ_symbol_parse(s->as, strlen(s->as), &occ, NULL))
        return;
    s->kind = CONTRACT_OPTION;
    if (!*r->expired && !contract_option(&occ, -1, &contract, NULL) && contract.end_ns <= l->now_ns)
        memcpy(r->expired, s->as, sizeof(r->expired));
}

static enum err load_source(const struct load *l, struct replay *r, size_t index, struct error *e)
{
    struct replay_source *s = &r->sources[index];
    memcpy(s->as, l->spec->targets[index], sizeof(s->as));
    note_target(l, r, s);
    enum err err = find_bars(l, index, s, e);
    if (err)
        return err;
    cut(l, s);
    int64_t bars = count_bars(s);
    if (bars == 0)
        return refuse_range(l->spec, s->bars[0], index, e);
    r->bars_total += bars;
    return ERR_OK;
}

static bool keep_request(const struct replay_spec *spec, struct replay *r)
{
    enum { REQUEST_BYTES_MAX = 64 * 1024 };
    struct strbuf text;
    struct json_writer w;
    strbuf_init(&text, REQUEST_BYTES_MAX);
    json_writer_init(&w, &text);
    replay_spec_encode(spec, &w);
    r->request = strbuf_take(&text, &r->request_bytes);
    strbuf_release(&text);
    return r->request != NULL;
}

enum err replay_load(struct storage *storage, struct worker_pool *pool, const struct clock *clock,
                     const struct replay_spec *spec, struct replay **ret, struct error *e)
{
    const struct load l = {storage, pool, spec, clock_realtime_ns(clock)};
    struct replay *r = calloc(1, sizeof *r);
    enum err err = ERR_NO_MEMORY;
    if (r)
        r->sources = calloc(spec->symbols.count, sizeof *r->sources);
    if (!r || !r->sources || !keep_request(spec, r)) {
        error_set(e, err, "out of memory for the replay");
        goto out;
    }
    r->spread = spec->spread;
    r->size = spec->size;
    r->intrabar = (enum intrabar)spec->intrabar;
    r->side = (enum trade_side)spec->side;
    r->corners = spec->steps == REPLAY_CORNERS;
    r->speed = spec->speed;
    r->created_at_ns = l.now_ns;
    err = ERR_OK;
    while (!err && r->source_count < spec->symbols.count)
        err = load_source(&l, r, r->source_count++, e);
out:
    if (err) {
        replay_free(r);
        return err;
    }
    *ret = r;
    return ERR_OK;
}
