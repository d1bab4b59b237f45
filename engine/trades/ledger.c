/* Three streams are merged by time: entries (the candidates, sorted), exits (a heap of the open
 * positions), and marks (the sessions' closes, sorted). Each step takes the earliest; ties go to
 * exits, then entries, then marks. A position's exit is known when it is opened, which is what
 * makes this pass cheap: it never looks at a bar but to value what is open.
 */
#include "engine/trades/ledger.h"

#include "base/decimal.h"
#include "base/limits.h"
#include "engine/trades/fills.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef __int128 wide;

enum {
    CANCEL_EVENTS = 4096,
    FIRST_BYTES = 4 << 20, /* of trades, and of points */
};

struct position {
    const struct trade_candidate *candidate;
    int64_t entry_price, quantity, entry_value, entry_commission;
};

struct account {
    const struct ledger_input *in;
    struct ledger *ledger; /* trades and points are built here */
    size_t trade_capacity, point_capacity;
    const struct trade_candidate **entries; /* sorted; NULL: the candidates are */
    int64_t *marks;                         /* sorted, each once */
    size_t mark_count;
    struct position *open; /* heap by exit */
    size_t open_count, open_capacity;
    int32_t *open_of; /* [symbol_count] */
    int64_t *session; /* [symbol_count]: the last one that opened before the instant at hand */
    int64_t cash;
};

/* ---- order ---- */

static int compare_int64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_entries(const struct trade_candidate *a, const struct trade_candidate *b)
{
    int order = fill_time_compare(a->entry_at, b->entry_at);
    if (order == 0)
        order = compare_int64(a->symbol, b->symbol);
    return order ? order : compare_int64(a->fire_bar, b->fire_bar);
}

static int compare_exits(const struct trade_candidate *a, const struct trade_candidate *b)
{
    int order = fill_time_compare(a->exit_at, b->exit_at);
    return order ? order : compare_entries(a, b);
}

static int entries_for_sort(const void *a, const void *b)
{
    return compare_entries(*(const struct trade_candidate *const *)a,
                           *(const struct trade_candidate *const *)b);
}

static int int64_for_sort(const void *a, const void *b)
{
    return compare_int64(*(const int64_t *)a, *(const int64_t *)b);
}

static enum err no_memory(struct error *e)
{
    return error_set(e, ERR_NO_MEMORY, "no memory for the account of a backtest");
}

static bool entries_are_sorted(const struct ledger_input *in)
{
    for (size_t i = 1; i < in->candidate_count; i++)
        if (compare_entries(&in->candidates[i - 1], &in->candidates[i]) > 0)
            return false;
    return true;
}

static enum err sort_entries(struct account *a, struct error *e)
{
    size_t count = a->in->candidate_count;
    for (size_t i = 0; i < count; i++)
        assert((size_t)a->in->candidates[i].symbol < a->in->symbol_count);
    if (entries_are_sorted(a->in))
        return ERR_OK;
    a->entries = malloc(count * sizeof *a->entries);
    if (!a->entries)
        return no_memory(e);
    for (size_t i = 0; i < count; i++)
        a->entries[i] = &a->in->candidates[i];
    qsort(a->entries, count, sizeof *a->entries, entries_for_sort);
    return ERR_OK;
}

static const struct trade_candidate *entry_of(const struct account *a, size_t i)
{
    return a->entries ? a->entries[i] : &a->in->candidates[i];
}

/* The closes of all sessions that overlap the range. */
static enum err list_marks(struct account *a, struct error *e)
{
    const struct ledger_input *in = a->in;
    size_t room = 0, count = 0, kept = 0;
    for (size_t s = 0; s < in->symbol_count; s++)
        room += (size_t)in->bars[s]->session_count;
    a->marks = malloc(room * sizeof *a->marks + 1);
    if (!a->marks)
        return no_memory(e);
    for (size_t s = 0; s < in->symbol_count; s++) {
        const struct bars *bars = in->bars[s];
        for (int64_t i = 0; i < bars->session_count; i++) {
            const struct bars_session *session = &bars->sessions[i];
            if (session->close_ns <= in->from_ns || session->open_ns >= in->to_ns)
                continue;
            int64_t at_ns = session->close_ns < in->to_ns ? session->close_ns : in->to_ns;
            a->marks[count++] = at_ns;
        }
    }
    if (in->symbol_count > 1)
        qsort(a->marks, count, sizeof *a->marks, int64_for_sort);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || a->marks[i] != a->marks[kept - 1])
            a->marks[kept++] = a->marks[i];
    a->mark_count = kept;
    return ERR_OK;
}

/* ---- the heap of open positions ---- */

static bool exits_before(const struct account *a, size_t i, size_t j)
{
    return compare_exits(a->open[i].candidate, a->open[j].candidate) < 0;
}

static void swap_open(struct account *a, size_t i, size_t j)
{
    struct position p = a->open[i];
    a->open[i] = a->open[j];
    a->open[j] = p;
}

static void push_open(struct account *a, const struct position *p)
{
    assert(a->open_count < a->open_capacity);
    size_t i = a->open_count++;
    a->open[i] = *p;
    for (; i > 0 && exits_before(a, i, (i - 1) / 2); i = (i - 1) / 2)
        swap_open(a, i, (i - 1) / 2);
}

static struct position pop_open(struct account *a)
{
    struct position first = a->open[0];
    a->open[0] = a->open[--a->open_count];
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < a->open_count && exits_before(a, child, least))
                least = child;
        if (least == i)
            return first;
        swap_open(a, i, least);
        i = least;
    }
}

/* ---- room ---- */

/* Room for one more of at most `most`. As many as there may be at once, when that is little: memory
 * that is never touched costs nothing, moving to more does. */
static enum err grow(void **items, size_t *capacity, size_t count, size_t most, size_t size,
                     struct error *e)
{
    if (count < *capacity)
        return ERR_OK;
    size_t first = most < FIRST_BYTES / size ? most : FIRST_BYTES / size;
    size_t wanted = *capacity ? *capacity * 2 : first;
    void *grown = realloc(*items, wanted * size);
    if (!grown)
        return no_memory(e);
    *items = grown;
    *capacity = wanted;
    return ERR_OK;
}

/* ---- value ---- */

/* The last session that opened before the instant; 0 before the first. Instants go forward, so a
 * symbol's sessions are passed once. */
static int64_t session_at(const struct account *a, int32_t symbol, int64_t at_ns)
{
    const struct bars *bars = a->in->bars[symbol];
    int64_t session = a->session[symbol], last = bars->session_count - 1;
    while (session < last && bars->sessions[session + 1].open_ns < at_ns)
        session++;
    if (session < last) /* the next mark's price: it lies cold in memory */
        __builtin_prefetch(&bars->column[BAR_CLOSE][bars->sessions[session + 1].end - 1]);
    a->session[symbol] = session;
    return session;
}

/* The last bar of the symbol that is complete at the instant; below 0 when none is. */
static int64_t last_bar_at(const struct account *a, int32_t symbol, int64_t at_ns)
{
    const struct bars *bars = a->in->bars[symbol];
    const struct bars_session *session = &bars->sessions[session_at(a, symbol, at_ns)];
    if (session->close_ns <= at_ns)
        return session->end - 1;
    /* Of a bar that is cut by the session's end nothing is known before that. */
    int64_t length_ns = timeframe_ns(bars->timeframe);
    int64_t low = session->first - 1, high = session->end;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (bars->time_ns[middle] + length_ns <= at_ns)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The last close that is known at the instant; the entry's price when none is since then. */
static int64_t price_at(const struct account *a, const struct position *p, int64_t at_ns)
{
    const struct trade_candidate *c = p->candidate;
    if (at_ns <= c->entry_at.at_ns)
        return c->entry_price;
    if (trade_is_option(&c->contract))
        return a->in->marks->price_at(a->in->marks->context, c, at_ns);
    int64_t bar = last_bar_at(a, c->symbol, at_ns);
    if (bar < c->entry_bar)
        return c->entry_price;
    double close = a->in->bars[c->symbol]->column[BAR_CLOSE][bar];
    return close < (double)LIMIT_STRATEGY_PRICE ? (int64_t)(close * (double)DECIMAL_ONE + 0.5)
                                                : LIMIT_STRATEGY_PRICE * DECIMAL_ONE;
}

/* Of a position in the candidate's shares or contracts. */
static int64_t value_of(const struct trade_candidate *c, int64_t price, int64_t quantity,
                        bool round_up)
{
    return fill_value(price * trade_multiplier(&c->contract), quantity, round_up);
}

static wide profit(const struct strategy *s, int64_t entry_value, int64_t exit_value)
{
    return s->side == SIDE_LONG ? (wide)exit_value - entry_value : (wide)entry_value - exit_value;
}

static enum err check_money(wide money, struct error *e)
{
    wide limit = (wide)LIMIT_ACCOUNT_MONEY * DECIMAL_ONE;
    if (money > limit || money < -limit)
        return error_set(e, ERR_TOO_LARGE, "the account went beyond %lld",
                         (long long)LIMIT_ACCOUNT_MONEY);
    return ERR_OK;
}

static enum err equity_at(const struct account *a, int64_t at_ns, int64_t *ret, struct error *e)
{
    const struct strategy *s = a->in->strategy;
    wide equity = a->cash;
    for (size_t i = 0; i < a->open_count; i++) {
        const struct position *p = &a->open[i];
        int64_t price = price_at(a, p, at_ns);
        int64_t value = value_of(p->candidate, price, p->quantity, s->side == SIDE_SHORT);
        equity += p->entry_value + profit(s, p->entry_value, value);
    }
    enum err code = check_money(equity, e);
    if (code == ERR_OK)
        *ret = (int64_t)equity;
    return code;
}

static enum err add_point(struct account *a, int64_t at_ns, bool is_mark, struct error *e)
{
    struct ledger *l = a->ledger;
    int64_t equity;
    enum err code = equity_at(a, at_ns, &equity, e);
    if (code == ERR_OK)
        code = grow((void **)&l->points, &a->point_capacity, l->point_count,
                    2 * a->in->candidate_count + a->mark_count + 2, sizeof *l->points, e);
    if (code == ERR_OK)
        l->points[l->point_count++] =
            (struct equity_point){at_ns, equity, a->cash, (int32_t)a->open_count, is_mark};
    return code;
}

/* ---- events ---- */

static void refuse(int64_t *count, int64_t *first_price, int64_t unit_price)
{
    if ((*count)++ == 0)
        *first_price = unit_price;
}

static enum err take_entry(struct account *a, const struct trade_candidate *c, struct error *e)
{
    const struct strategy *s = a->in->strategy;
    struct ledger_counts *counts = &a->ledger->counts;
    struct ledger_refused *refused = &a->ledger->refused;
    if (a->open_of[c->symbol] >= s->max_positions) {
        counts->in_position++;
        return ERR_OK;
    }
    struct position p = {.candidate = c};
    int64_t equity = 0;
    enum err code = ERR_OK;
    if (s->sizing.kind == SIZING_PERCENT_EQUITY)
        code = equity_at(a, c->entry_at.at_ns, &equity, e);
    p.entry_price = fill_price(&s->slippage, c->entry_price, s->side == SIDE_LONG);
    if (code != ERR_OK)
        return code;
    int64_t unit_price = p.entry_price * trade_multiplier(&c->contract);
    if (unit_price > 0)
        p.quantity = fill_quantity(s, unit_price, equity, a->cash);
    if (p.quantity == 0) {
        refuse(&counts->too_small, &refused->too_small_price, unit_price);
        return ERR_OK;
    }
    p.entry_value = value_of(c, p.entry_price, p.quantity, s->side == SIDE_LONG);
    p.entry_commission = fill_commission(&s->commission, p.entry_value, p.quantity);
    if ((wide)p.entry_value + p.entry_commission > a->cash) {
        refuse(&counts->unaffordable, &refused->unaffordable_price, unit_price);
        return ERR_OK;
    }
    code = grow((void **)&a->open, &a->open_capacity, a->open_count, a->in->candidate_count,
                sizeof *a->open, e);
    if (code != ERR_OK)
        return code;
    a->cash -= p.entry_value + p.entry_commission;
    a->open_of[c->symbol]++;
    push_open(a, &p);
    return add_point(a, c->entry_at.at_ns, false, e);
}

static struct exit_fill fill_of(const struct trade_candidate *c, enum ledger_case which)
{
    if (which == LEDGER_CHOSEN)
        return c->chosen;
    return which == LEDGER_BEST ? c->best : c->worst;
}

static struct trade trade_of(const struct position *p, struct exit_fill fill,
                             const struct strategy *s)
{
    const struct trade_candidate *c = p->candidate;
    int64_t stop_distance = llabs(p->entry_price - c->stop_price);
    struct trade t = {
        .symbol = c->symbol,
        .exit_reason = fill.reason,
        .ambiguous = c->ambiguous,
        .fire_bar = c->fire_bar,
        .entry_bar = c->entry_bar,
        .exit_bar = c->exit_bar,
        .entry_at = c->entry_at,
        .exit_at = c->exit_at,
        .entry_price = p->entry_price,
        .exit_price = fill_price(&s->slippage, fill.price, s->side == SIDE_SHORT),
        .quantity = p->quantity,
        .entry_value = p->entry_value,
        .risk = c->stop_price > 0 ? value_of(c, stop_distance, p->quantity, true) : 0,
        .bars_held = c->bars_held,
        .contract = c->contract,
    };
    t.exit_value = value_of(c, t.exit_price, t.quantity, s->side == SIDE_SHORT);
    return t;
}

static enum err take_exit(struct account *a, struct error *e)
{
    const struct strategy *s = a->in->strategy;
    struct ledger *l = a->ledger;
    struct position p = pop_open(a);
    struct trade t = trade_of(&p, fill_of(p.candidate, a->in->which), s);
    int64_t exit_commission = fill_commission(&s->commission, t.exit_value, t.quantity);
    wide gain = profit(s, t.entry_value, t.exit_value) - exit_commission;
    wide cash = a->cash + p.entry_value + gain;
    enum err code = check_money(gain, e);
    if (code == ERR_OK)
        code = check_money(cash, e);
    if (code == ERR_OK)
        code = grow((void **)&l->trades, &a->trade_capacity, (size_t)l->counts.trades,
                    a->in->candidate_count, sizeof *l->trades, e);
    if (code != ERR_OK)
        return code;
    t.commission = p.entry_commission + exit_commission;
    t.pnl = (int64_t)gain - p.entry_commission;
    t.return_on_value = (double)t.pnl / (double)t.entry_value;
    a->cash = (int64_t)cash;
    a->open_of[t.symbol]--;
    l->trades[l->counts.trades++] = t;
    return add_point(a, t.exit_at.at_ns, false, e);
}

/* Whether the mark comes before the fill: at an instant after its closes, before its opens. */
static bool mark_is_next(int64_t mark_ns, const struct fill_time *fill)
{
    return !fill || mark_ns < fill->at_ns || (mark_ns == fill->at_ns && fill->phase != PHASE_CLOSE);
}

/* Takes the next event: an exit goes before an entry at the same time. */
static enum err step(struct account *a, size_t *entry, size_t *mark, bool *ret_more,
                     struct error *e)
{
    const struct fill_time *in =
        *entry < a->in->candidate_count ? &entry_of(a, *entry)->entry_at : NULL;
    const struct fill_time *out = a->open_count > 0 ? &a->open[0].candidate->exit_at : NULL;
    const struct fill_time *next = in;
    if (out && (!in || fill_time_compare(*out, *in) <= 0))
        next = out;
    *ret_more = next || *mark < a->mark_count;
    if (!*ret_more)
        return ERR_OK;
    if (*mark < a->mark_count && mark_is_next(a->marks[*mark], next))
        return add_point(a, a->marks[(*mark)++], true, e);
    return next == out ? take_exit(a, e) : take_entry(a, entry_of(a, (*entry)++), e);
}

static enum err run(struct account *a, struct error *e)
{
    const _Atomic bool *cancel = a->in->cancel;
    size_t entry = 0, mark = 0;
    bool more = true;
    enum err code = add_point(a, a->in->from_ns, true, e);
    for (int64_t i = 0; code == ERR_OK && more; i++) {
        if (i % CANCEL_EVENTS == 0 && cancel && atomic_load_explicit(cancel, memory_order_relaxed))
            return error_set(e, ERR_CANCELED, "canceled");
        code = step(a, &entry, &mark, &more, e);
    }
    if (code != ERR_OK)
        return code;
    const struct ledger *l = a->ledger;
    int64_t last_ns = l->points[l->point_count - 1].at_ns;
    return l->points[l->point_count - 1].is_mark ? ERR_OK : add_point(a, last_ns, true, e);
}

enum err ledger_run(const struct ledger_input *in, struct ledger **ret, struct error *e)
{
    assert(in->from_ns <= in->to_ns && in->symbol_count > 0);
    struct account a = {.in = in, .cash = in->strategy->initial_cash};
    enum err code = ERR_OK;
    a.ledger = calloc(1, sizeof *a.ledger);
    a.open_of = calloc(in->symbol_count, sizeof *a.open_of);
    a.session = calloc(in->symbol_count, sizeof *a.session);
    if (!a.ledger || !a.open_of || !a.session) {
        code = no_memory(e);
        goto out;
    }
    a.ledger->initial_cash = a.cash;
    a.ledger->counts.candidates = (int64_t)in->candidate_count;
    code = sort_entries(&a, e);
    if (code == ERR_OK)
        code = list_marks(&a, e);
    if (code == ERR_OK)
        code = run(&a, e);
    if (code == ERR_OK) {
        *ret = a.ledger;
        a.ledger = NULL;
    }
out:
    ledger_free(a.ledger);
    free(a.open_of);
    free(a.session);
    free(a.open);
    free(a.marks);
    free(a.entries);
    return code;
}

void ledger_free(struct ledger *l)
{
    if (!l)
        return;
    free(l->trades);
    free(l->points);
    free(l);
}
