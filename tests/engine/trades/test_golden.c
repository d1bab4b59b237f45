/* The golden cases of tests/data/backtests: bars, strategy and what must come of them, as text.
 * Each runs through the search and its reference, and through the ledger in all three cases. */
#include "base/rfc3339.h"
#include "base/strbuf.h"
#include "engine/trades/ledger.h"
#include "engine/trades/option_search.h"
#include "tests/engine/make_bars.h"
#include "tests/engine/trades/naive_exit.h"
#include "tests/engine/trades/option_world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BARS = 32, MAX_WORDS = 12, LINE_BYTES = 256 };

struct golden {
    char name[LINE_BYTES];
    const struct calendar *calendar;
    int32_t minutes, day;
    struct strategy strategy;
    int64_t bar_count;
    struct made_bar rows[MAX_BARS];
    double volume[MAX_BARS], atr[MAX_BARS];
    uint64_t fires, exits;
    struct option_world options;
    struct strbuf expected;
};

static void begin_case(struct golden *g, const char *name)
{
    memset(g, 0, sizeof *g);
    g->calendar = calendar_named("XNYS");
    g->minutes = 1;
    g->options.calendar = "XNYS";
    snprintf(g->name, sizeof g->name, "%s", name);
    strategy_defaults(&g->strategy);
    g->strategy.sizing.kind = SIZING_FIXED_QUANTITY;
    g->strategy.sizing.value = 100 * DECIMAL_ONE;
    strbuf_init(&g->expected, 1 << 16);
}

/* ---- reading ---- */

static int64_t decimal_of(const struct golden *g, const char *text)
{
    int64_t x = 0;
    if (decimal_parse(text, strlen(text), &x, NULL) != ERR_OK)
        fail_msg("%s: '%s' is no decimal", g->name, text);
    return x;
}

static int32_t minute_of(const struct golden *g, const char *text)
{
    int32_t minute = 0;
    if (time_of_day_parse(text, strlen(text), &minute, NULL) != ERR_OK)
        fail_msg("%s: '%s' is no time", g->name, text);
    return minute;
}

/* Five words: a time of the day and four prices. */
static struct made_bar made_bar_of(const struct golden *g, char *const *words)
{
    int64_t local_s = (int64_t)g->day * 86400 + minute_of(g, words[0]) * 60;
    return (struct made_bar){zone_local_to_utc(calendar_zone(g->calendar), local_s, NULL) *
                                 NS_PER_SECOND,
                             strtod(words[1], NULL), strtod(words[2], NULL), strtod(words[3], NULL),
                             strtod(words[4], NULL)};
}

static void read_bar(struct golden *g, char *const *words, int count)
{
    assert_true(g->bar_count < MAX_BARS && count >= 6);
    int64_t i = g->bar_count++;
    g->rows[i] = made_bar_of(g, words + 1);
    g->volume[i] = 1000;
    g->atr[i] = NAN;
    for (int w = 6; w < count; w++) {
        if (strcmp(words[w], "fire") == 0)
            g->fires |= UINT64_C(1) << i;
        else if (strcmp(words[w], "exit") == 0)
            g->exits |= UINT64_C(1) << i;
        else if (strncmp(words[w], "v=", 2) == 0)
            g->volume[i] = strtod(words[w] + 2, NULL);
        else if (strncmp(words[w], "atr=", 4) == 0)
            g->atr[i] = strtod(words[w] + 4, NULL);
        else
            fail_msg("%s: unknown word '%s'", g->name, words[w]);
    }
}

static void read_distance(const struct golden *g, struct strategy_distance *d, char *const *words)
{
    d->kind = strcmp(words[1], "percent") == 0  ? DISTANCE_PERCENT
              : strcmp(words[1], "offset") == 0 ? DISTANCE_OFFSET
                                                : DISTANCE_ATR;
    d->value = decimal_of(g, words[2]);
    d->atr_period = 14;
}

static bool read_exit(struct golden *g, char *const *words, int count)
{
    struct strategy *s = &g->strategy;
    if (strcmp(words[0], "take_profit") == 0)
        read_distance(g, &s->take_profit, words);
    else if (strcmp(words[0], "stop_loss") == 0)
        read_distance(g, &s->stop_loss, words);
    else if (strcmp(words[0], "exit_rule") == 0)
        s->has_exit_rule = true;
    else if (strcmp(words[0], "max_holding") == 0)
        assert_int_equal(duration_parse(words[1], strlen(words[1]), &s->max_holding_ns, NULL), 0);
    else if (strcmp(words[0], "flat_at") == 0)
        s->flat_at_minute = minute_of(g, words[1]);
    else
        return false;
    if (strcmp(words[0], "flat_at") == 0 && count > 2)
        assert_int_equal(zone_find(words[2], &s->flat_zone, NULL), ERR_OK);
    return true;
}

static bool read_cost(struct golden *g, char *const *words)
{
    struct strategy *s = &g->strategy;
    if (strcmp(words[0], "per_share") == 0)
        s->commission.per_share = decimal_of(g, words[1]);
    else if (strcmp(words[0], "per_contract") == 0)
        s->commission.per_contract = decimal_of(g, words[1]);
    else if (strcmp(words[0], "commission_percent") == 0)
        s->commission.percent = decimal_of(g, words[1]);
    else if (strcmp(words[0], "minimum") == 0)
        s->commission.minimum = decimal_of(g, words[1]);
    else if (strcmp(words[0], "slippage") == 0 && strcmp(words[1], "percent") == 0)
        s->slippage = (struct strategy_slippage){SLIPPAGE_PERCENT, decimal_of(g, words[2]), 0, 0};
    else if (strcmp(words[0], "slippage") == 0)
        s->slippage = (struct strategy_slippage){
            SLIPPAGE_TICKS, 0, (int32_t)strtol(words[2], NULL, 10), decimal_of(g, words[3])};
    else
        return false;
    return true;
}

/* contract RIGHT DTE DTE STRIKE | model VOLATILITY RATE | option SYMBOL bid|ask|trade BAR */
static bool read_option(struct golden *g, char *const *words, int count)
{
    struct contract_rule *r = &g->strategy.contract;
    enum err code = ERR_OK;
    if (strcmp(words[0], "contract") == 0 && count == 5) {
        r->given = true;
        r->right = strcmp(words[1], "call") == 0 ? OPTION_CALL : OPTION_PUT;
        r->dte_min = (int32_t)strtol(words[2], NULL, 10);
        r->dte_max = (int32_t)strtol(words[3], NULL, 10);
        code = contract_strike_parse(words[4], strlen(words[4]), r, NULL);
        g->strategy.sizing.value = DECIMAL_ONE;
    } else if (strcmp(words[0], "model") == 0 && count == 3) {
        r->has_model = true;
        r->rate = strtod(words[2], NULL);
        code = contract_volatility_parse(words[1], strlen(words[1]), r, NULL);
    } else if (strcmp(words[0], "option") == 0 && count == 8) {
        option_world_add(&g->options, words[1], words[2], made_bar_of(g, words + 3));
    } else {
        return false;
    }
    return code == ERR_OK;
}

static bool read_rest(struct golden *g, char *const *words)
{
    struct strategy *s = &g->strategy;
    size_t length = words[1] ? strlen(words[1]) : 0;
    enum err code = ERR_OK;
    if (strcmp(words[0], "calendar") == 0)
        g->calendar = calendar_named(words[1]);
    else if (strcmp(words[0], "minutes") == 0)
        g->minutes = (int32_t)strtol(words[1], NULL, 10);
    else if (strcmp(words[0], "day") == 0)
        g->day = day_of(words[1]);
    else if (strcmp(words[0], "side") == 0)
        code = trade_side_parse(words[1], length, &s->side, NULL);
    else if (strcmp(words[0], "entry") == 0)
        code = trade_entry_parse(words[1], length, &s->entry, NULL);
    else if (strcmp(words[0], "intrabar") == 0)
        code = intrabar_parse(words[1], length, &s->intrabar, NULL);
    else if (strcmp(words[0], "step") == 0)
        s->sizing.step = decimal_of(g, words[1]);
    else if (strcmp(words[0], "max_positions") == 0)
        s->max_positions = (int32_t)strtol(words[1], NULL, 10);
    else if (strcmp(words[0], "sizing") == 0) {
        code = sizing_kind_parse(words[1], length, &s->sizing.kind, NULL);
        s->sizing.value = decimal_of(g, words[2]);
    } else
        return false;
    return code == ERR_OK;
}

static void read_line(struct golden *g, char *line)
{
    char *words[MAX_WORDS + 1] = {NULL}, *save = NULL;
    int count = 0;
    for (char *w = strtok_r(line, " ", &save); w && count < MAX_WORDS;
         w = strtok_r(NULL, " ", &save))
        words[count++] = w;
    if (strcmp(words[0], "bar") == 0)
        read_bar(g, words, count);
    else if (!read_exit(g, words, count) && !read_cost(g, words) && !read_option(g, words, count) &&
             !read_rest(g, words))
        fail_msg("%s: '%s' is no line of a case", g->name, words[0]);
}

/* ---- running ---- */

static const struct bars *bars_of_case(const struct golden *g)
{
    struct bars_builder b;
    assert_int_equal(bars_builder_init(&b, g->bar_count, BAR_ALL_COLUMNS, NULL), ERR_OK);
    for (int64_t i = 0; i < g->bar_count; i++) {
        b.time_ns[i] = g->rows[i].time_ns;
        b.column[BAR_OPEN][i] = g->rows[i].open;
        b.column[BAR_HIGH][i] = g->rows[i].high;
        b.column[BAR_LOW][i] = g->rows[i].low;
        b.column[BAR_CLOSE][i] = g->rows[i].close;
        b.column[BAR_VOLUME][i] = g->volume[i];
    }
    const struct bars *bars = NULL;
    struct error e = {0};
    if (bars_publish(&b, g->calendar, (struct timeframe){g->minutes}, -2, &bars, &e) != ERR_OK)
        fail_msg("%s: %s", g->name, e.message);
    bars_builder_release(&b);
    return bars;
}

static void add_fill(struct strbuf *out, const struct golden *g, int64_t at_ns, int64_t price)
{
    int64_t utc_s = at_ns / NS_PER_SECOND;
    int64_t local_s = utc_s + zone_offset_at(calendar_zone(g->calendar), utc_s);
    char date[11], time[TIME_OF_DAY_MAX], text[DECIMAL_MAX_TEXT];
    civil_format((int32_t)(local_s / 86400), date);
    time_of_day_format((int32_t)(local_s % 86400 / 60), time);
    decimal_format(price, text);
    strbuf_add_format(out, "%s %s %s", date, time, text);
}

static void add_decimal(struct strbuf *out, const char *before, int64_t value)
{
    char text[DECIMAL_MAX_TEXT];
    decimal_format(value, text);
    strbuf_add_format(out, "%s%s", before, text);
}

static int64_t final_equity(const struct ledger *l)
{
    assert_int_equal(l->points[l->point_count - 1].equity, l->points[l->point_count - 1].cash);
    return l->points[l->point_count - 1].equity;
}

static void describe(struct strbuf *out, const struct golden *g, struct ledger *const ledgers[3],
                     int64_t not_entered)
{
    const struct ledger *l = ledgers[LEDGER_CHOSEN];
    for (int64_t i = 0; i < l->counts.trades; i++) {
        const struct trade *t = &l->trades[i];
        add_fill(out, g, t->entry_at.at_ns, t->entry_price);
        strbuf_add_string(out, " > ");
        add_fill(out, g, t->exit_at.at_ns, t->exit_price);
        add_decimal(out, " x ", t->quantity);
        add_decimal(out, " = ", t->pnl);
        strbuf_add_format(out, " %s%s held %lld", exit_reason_name(t->exit_reason),
                          t->ambiguous ? " ambiguous" : "", (long long)t->bars_held);
        char symbol[OCC_TEXT_MAX];
        if (trade_contract_format(&t->contract, "TEST", symbol) > 0)
            strbuf_add_format(out, " %s%s", symbol,
                              trade_is_modelled(&t->contract) ? " modelled" : "");
        strbuf_add_char(out, '\n');
    }
    static const char *const names[] = {"final ", "best ", "worst "};
    for (int i = 0; i < 3; i++)
        if (i == 0 || final_equity(ledgers[i]) != final_equity(l)) {
            add_decimal(out, names[i], final_equity(ledgers[i]));
            strbuf_add_char(out, '\n');
        }
    const struct {
        const char *name;
        int64_t count;
    } skipped[] = {{"in_position", l->counts.in_position},
                   {"too_small", l->counts.too_small},
                   {"unaffordable", l->counts.unaffordable},
                   {"not_entered", not_entered}};
    for (int i = 0; i < 4; i++)
        if (skipped[i].count > 0)
            strbuf_add_format(out, "skipped %s %lld\n", skipped[i].name,
                              (long long)skipped[i].count);
}

static size_t find_candidates(const struct golden *g, const struct exit_inputs *in,
                              struct trade_candidate *out)
{
    struct exit_search search;
    size_t count = 0;
    assert_int_equal(exit_search_init(&search, in, NULL), ERR_OK);
    for (int64_t i = 0; i < g->bar_count; i++) {
        struct trade_candidate naive = {0};
        if (!(g->fires >> i & 1))
            continue;
        bool found = exit_search_find(&search, i, &out[count]);
        assert_int_equal(found, naive_exit_find(in, i, &naive));
        assert_true(!found || same_candidate(&out[count], &naive));
        count += found;
    }
    exit_search_release(&search);
    return count;
}

/* What the account values options by. */
struct marks_context {
    const struct golden *g;
    const struct bars *bars;
    struct option_chain *chain;
};

static int64_t mark_price(void *context, const struct trade_candidate *c, int64_t at_ns)
{
    const struct marks_context *m = context;
    return option_mark_price(&m->g->strategy.contract, m->bars, m->chain, c, at_ns);
}

static size_t find_options(const struct golden *g, const struct exit_inputs *in,
                           struct option_chain *chain, struct trade_candidate *out)
{
    struct exit_search timeline;
    size_t count = 0;
    assert_int_equal(exit_search_init(&timeline, in, NULL), ERR_OK);
    const struct option_search search = {&timeline, chain};
    for (int64_t i = 0; i < g->bar_count; i++) {
        bool found = false;
        if (g->fires >> i & 1)
            assert_int_equal(option_search_find(&search, i, &out[count], &found, NULL), ERR_OK);
        count += found;
    }
    exit_search_release(&timeline);
    return count;
}

static bool run_case(struct golden *g)
{
    struct error e = {0};
    if (strategy_check(&g->strategy, &e) != ERR_OK)
        fail_msg("%s: %s: %s", g->name, e.pointer, e.message);
    const struct bars *bars = bars_of_case(g);
    struct price_blocks *blocks = NULL;
    assert_int_equal(price_blocks_create(bars, &blocks, NULL), ERR_OK);
    struct exit_inputs in = {&g->strategy, bars, blocks, bars->count, &g->exits, g->atr, g->atr, 0};
    struct trade_candidate candidates[MAX_BARS];
    const struct option_source source = option_world_source(&g->options);
    struct marks_context context = {g, bars, NULL};
    const struct option_marks marks = {mark_price, &context};
    _Atomic int64_t held_bytes = 0;
    assert_int_equal(option_chain_create(&source, 0, &held_bytes, &context.chain, NULL), ERR_OK);
    size_t count = g->strategy.contract.given ? find_options(g, &in, context.chain, candidates)
                                              : find_candidates(g, &in, candidates);
    struct ledger_input input = {.strategy = &g->strategy,
                                 .bars = &bars,
                                 .symbol_count = 1,
                                 .candidates = candidates,
                                 .candidate_count = count,
                                 .marks = &marks,
                                 .from_ns = bars->time_ns[0],
                                 .to_ns = bars->time_ns[bars->count - 1] + NS_PER_DAY};
    struct ledger *ledgers[3] = {NULL};
    for (int i = 0; i < 3; i++) {
        input.which = (enum ledger_case)i;
        assert_int_equal(ledger_run(&input, &ledgers[i], NULL), ERR_OK);
    }
    struct strbuf actual;
    strbuf_init(&actual, 1 << 16);
    describe(&actual, g, ledgers, __builtin_popcountll(g->fires) - (int64_t)count);
    bool same = strcmp(strbuf_text(&actual), strbuf_text(&g->expected)) == 0;
    if (!same)
        print_error("case %s\nexpected\n%sactual\n%s\n", g->name, strbuf_text(&g->expected),
                    strbuf_text(&actual));
    strbuf_release(&actual);
    for (int i = 0; i < 3; i++)
        ledger_free(ledgers[i]);
    option_chain_free(context.chain);
    price_blocks_free(blocks);
    bars_unref(bars);
    return same;
}

static void run_file(const char *path, int *ret_count, int *ret_failed)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    static struct golden g;
    bool open = false, expecting = false, more = true;
    while (more) {
        char line[LINE_BYTES];
        more = fgets(line, sizeof line, file) != NULL;
        line[more ? strcspn(line, "\n") : 0] = '\0';
        if (open && (!more || strncmp(line, "case ", 5) == 0)) {
            assert_true(expecting);
            (*ret_count)++;
            *ret_failed += !run_case(&g);
            strbuf_release(&g.expected);
            open = expecting = false;
        }
        if (line[0] == '\0' || line[0] == '#')
            continue;
        if (strncmp(line, "case ", 5) == 0) {
            begin_case(&g, line + 5);
            open = true;
        } else if (expecting) {
            strbuf_add_format(&g.expected, "%s\n", line);
        } else if (strcmp(line, "expect") == 0) {
            expecting = true;
        } else {
            read_line(&g, line);
        }
    }
    fclose(file);
}

static void every_case_comes_out_as_worked_by_hand(void **state)
{
    (void)state;
    static const char *const files[] = {
        "tests/data/backtests/levels.txt", "tests/data/backtests/times.txt",
        "tests/data/backtests/account.txt", "tests/data/backtests/options.txt"};
    int count = 0, failed = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        run_file(files[i], &count, &failed);
    assert_int_equal(failed, 0);
    assert_true(count >= 75);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_comes_out_as_worked_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
