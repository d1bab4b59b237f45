/* The sums that limits are held against are those of the brackets, whatever was done to them: after
 * random placings, changes, cancels, fills and closes, many of them at the same time, and across
 * restarts, they are what a walk over the book finds; and no limit was ever passed. */
#include "orders/desk/desk_private.h"

#include "base/random.h"
#include "tests/orders/desk/desk_bench.h"
#include "tests/support/test.h"

enum { ROUNDS = 60, AT_ONCE = 6, ORDERS_MAX = 24, KEYS = 2, SYMBOLS = 2 };

static const struct uuid keys[KEYS] = {{{1}}, {{2}}};
static const char *const symbols[SYMBOLS] = {"SPY", "QQQ"};
static const struct risk_limits limits = {.quantity = 60 * ONE, .notional = 9000 * ONE};
static const struct risk_key_limits key_limits = {.order_notional = 3000 * ONE,
                                                  .open_notional = 5000 * ONE};

struct sums {
    int64_t quantity[SYMBOLS], notional, of_key[KEYS];
};

static size_t place_of(const char *symbol)
{
    return strcmp(symbol, symbols[0]) != 0;
}

static void add(struct sums *sums, const struct order_header *header,
                const struct bracket_state *state)
{
    struct risk_part part;
    if (bracket_status_final(state->status))
        return;
    risk_of(state, 0, &part);
    sums->quantity[place_of(state->spec.contract.symbol)] += part.quantity;
    sums->notional += part.notional;
    sums->of_key[memcmp(&header->key_id, &keys[0], sizeof keys[0]) != 0] += part.notional;
}

/* What the desk counts, and what a walk over the book finds. */
static void look(struct desk *d, struct sums *counted, struct sums *found)
{
    struct desk_order *o, *next;
    struct bracket_state state;
    memset(counted, 0, sizeof *counted);
    memset(found, 0, sizeof *found);
    mutex_lock(&d->mutex);
    HASH_ITER (by_id, d->book, o, next) {
        if (!atomic_load(&o->rev))
            continue; /* nothing of it is on disk yet */
        mutex_lock(&o->mutex);
        desk_state(o, &state);
        add(found, &o->header, &state);
        mutex_unlock(&o->mutex);
    }
    for (size_t i = 0; i < SYMBOLS; i++) {
        const struct market *m = desk_market(d, symbols[i], false);
        counted->quantity[i] = m ? m->quantity : 0;
    }
    for (size_t i = 0; i < KEYS; i++)
        counted->of_key[i] = desk_key_use(d, &keys[i])->notional;
    counted->notional = d->notional;
    mutex_unlock(&d->mutex);
}

static bool sums_agree(struct bench *b)
{
    struct sums counted, found;
    look(b->desk, &counted, &found);
    return !memcmp(&counted, &found, sizeof counted);
}

static void no_limit_is_passed(struct bench *b)
{
    struct sums counted, found;
    look(b->desk, &counted, &found);
    for (size_t i = 0; i < SYMBOLS; i++) {
        assert_true(counted.quantity[i] >= 0 && counted.quantity[i] <= limits.quantity);
        assert_true(found.quantity[i] <= limits.quantity);
    }
    for (size_t i = 0; i < KEYS; i++)
        assert_true(counted.of_key[i] >= 0 && counted.of_key[i] <= key_limits.open_notional);
    assert_true(counted.notional <= limits.notional && found.notional <= limits.notional);
}

/* ---- what is done ---------------------------------------------------------------------------- */

struct play {
    struct bench *bench;
    struct random random;
    struct answer answers[AT_ONCE];
    struct desk_order *open[ORDERS_MAX];
    size_t count;
};

static struct bracket_spec random_spec(struct random *r)
{
    struct bracket_spec spec = bench_terms();
    const char *symbol = symbols[random_below(r, SYMBOLS)];
    assert_int_equal(contract_share(symbol, strlen(symbol), &spec.contract, NULL), ERR_OK);
    spec.quantity = (1 + (int64_t)random_below(r, 20)) * ONE;
    spec.limit_price = (96 + (int64_t)random_below(r, 13)) * ONE;
    return spec;
}

static bool place(struct play *p, struct answer *a)
{
    struct bracket_spec spec = random_spec(&p->random);
    const struct desk_placement placement = {
        .spec = &spec, .key_id = keys[random_below(&p->random, KEYS)], .key_limits = key_limits};
    return desk_place(p->bench->desk, &placement, bench_answered, a, NULL) == ERR_OK;
}

static bool change(struct play *p, struct desk_order *o, struct answer *a)
{
    struct desk_view view;
    desk_view(o, &view);
    struct bracket_spec wanted = random_spec(&p->random);
    struct desk_change c = {.spec = view.state.spec,
                            .key_id = keys[random_below(&p->random, KEYS)],
                            .key_limits = key_limits};
    c.spec.quantity = wanted.quantity;
    c.spec.limit_price = wanted.limit_price;
    return desk_modify(o, &c, bench_answered, a, NULL) == ERR_OK;
}

static void fill(struct play *p, const struct desk_order *o)
{
    static const enum leg legs[] = {LEG_ENTRY, LEG_ENTRY, LEG_STOP_LOSS, LEG_EXIT};
    struct uuid id = desk_order_id(o);
    enum leg leg = legs[random_below(&p->random, sizeof legs / sizeof *legs)];
    int64_t quantity;
    if (script_broker_live(p->bench->broker, &id, leg, &quantity) != 1 || quantity <= 0)
        return;
    int64_t part = (1 + (int64_t)random_below(&p->random, (uint64_t)(quantity / ONE))) * ONE;
    script_broker_fill(p->bench->broker, &id, leg, part, 95 * ONE);
}

/* Returns whether an answer is to come. */
static bool act(struct play *p, struct answer *a)
{
    uint64_t what = random_below(&p->random, 16);
    struct desk_order *o = p->count ? p->open[random_below(&p->random, p->count)] : NULL;
    if (!o || what < 4)
        return place(p, a);
    if (what < 10)
        return change(p, o, a);
    if (what == 10)
        return desk_cancel(o, 0, bench_answered, a, NULL) == ERR_OK;
    if (what == 11)
        return desk_close(o, 0, bench_answered, a, NULL) == ERR_OK;
    if (what == 12)
        memory_store_fail(p->bench->store, COMMIT_REFUSED, 1);
    fill(p, o);
    return false;
}

static void play_round(struct play *p)
{
    bool awaited[AT_ONCE];
    p->count = desk_open(p->bench->desk, NULL, p->open, ORDERS_MAX);
    memset(p->answers, 0, sizeof p->answers);
    for (size_t i = 0; i < AT_ONCE; i++)
        awaited[i] = act(p, &p->answers[i]);
    for (size_t i = 0; i < AT_ONCE; i++)
        if (awaited[i])
            answer_outcome(&p->answers[i]);
    while (p->count > 0)
        desk_unref(p->open[--p->count]);
}

static void the_sums_are_those_of_the_brackets(void **state)
{
    struct play p = {.bench = *state};
    struct bench *b = p.bench;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        random_seed(&p.random, seed);
        for (int round = 0; round < ROUNDS; round++) {
            play_round(&p);
            no_limit_is_passed(b);
            EVENTUALLY(sums_agree(b));
        }
        memory_store_fail(b->store, COMMIT_REFUSED, 0);
        bench_stop(b);
        bench_open(b);
        EVENTUALLY(sums_agree(b));
        no_limit_is_passed(b);
    }
}

static int set_up(void **state)
{
    bench_set_up(state);
    struct bench *b = *state;
    bench_stop(b);
    b->options.limits = limits;
    b->options.linger_ns = 50 * NS_PER_MS;
    bench_open(b);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_sums_are_those_of_the_brackets, set_up,
                                        bench_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
