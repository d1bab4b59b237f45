#include "tests/sim/schedule.h"

#include "base/clock.h"
#include "orders/broker.h"
#include "tests/sim/faults.h"

#include <string.h>

static bool chance(struct random *r, uint64_t of)
{
    return random_below(r, of) == 0;
}

static int64_t between(struct random *r, int64_t low, int64_t high)
{
    return low + (int64_t)random_below(r, (uint64_t)(high - low) + 1);
}

static int64_t seconds(struct random *r, int64_t low, int64_t high)
{
    return between(r, low * 1000, high * 1000) * (NS_PER_SECOND / 1000);
}

/* The price `cents` on the good side of the start, for this side of the trade. */
static int64_t price_at(const struct bracket_spec *spec, int64_t cents)
{
    int64_t distance = cents * (PRICE_ONE / 100);
    return START_PRICE + (spec->side == ORDER_BUY ? distance : -distance);
}

static void draw_contract(struct bracket_spec *spec, struct random *r)
{
    struct contract *c = &spec->contract;
    if (!chance(r, 3)) {
        memcpy(c->symbol, "SIM", sizeof("SIM"));
        c->multiplier = 1;
        return;
    }
    memcpy(c->symbol, "SIM260601C00100000", sizeof("SIM260601C00100000"));
    c->kind = CONTRACT_OPTION;
    c->multiplier = CONTRACT_OPTION_MULTIPLIER;
    if (chance(r, 2)) {
        c->cutoff_ns = START_WALL_NS + seconds(r, 15, 90);
        c->end_ns = c->cutoff_ns + seconds(r, 20, 90);
    }
}

static void draw_entry(struct bracket_spec *spec, struct random *r)
{
    static const enum order_type types[] = {ORDER_TYPE_MARKET, ORDER_TYPE_MARKET, ORDER_TYPE_LIMIT,
                                            ORDER_TYPE_STOP, ORDER_TYPE_STOP_LIMIT};
    static const enum time_in_force times[] = {TIF_DAY, TIF_DAY, TIF_GTC,
                                               TIF_GTC, TIF_IOC, TIF_FOK};
    spec->side = chance(r, 4) ? ORDER_SELL : ORDER_BUY;
    spec->quantity = between(r, 1, 5) * PRICE_ONE;
    spec->adopts_position = chance(r, 12);
    if (spec->adopts_position)
        return;
    spec->entry_type = types[random_below(r, 5)];
    spec->time_in_force = times[random_below(r, 6)];
    if (spec->entry_type == ORDER_TYPE_LIMIT || spec->entry_type == ORDER_TYPE_STOP_LIMIT)
        spec->limit_price = price_at(spec, between(r, -40, 60));
    if (spec->entry_type == ORDER_TYPE_STOP || spec->entry_type == ORDER_TYPE_STOP_LIMIT)
        spec->stop_price = price_at(spec, between(r, -20, 40));
}

static struct exit_terms draw_exit(const struct bracket_spec *spec, struct random *r, bool stop)
{
    struct exit_terms t = {.kind = EXIT_PRICE};
    int64_t cents = between(r, 70, 300);
    if (!spec->adopts_position && chance(r, 3))
        t.kind = chance(r, 2) ? EXIT_PERCENT : EXIT_OFFSET;
    if (stop && chance(r, 4))
        t.kind = chance(r, 2) ? EXIT_TRAIL_PERCENT : EXIT_TRAIL_PRICE;
    /* Of about 100, so that a percent is about an offset. */
    t.value = cents * (PRICE_ONE / 100);
    if (t.kind != EXIT_PRICE)
        return t;
    t.value = price_at(spec, stop ? -cents : cents);
    if (stop && chance(r, 6))
        t.limit_price = price_at(spec, -cents - 20);
    return t;
}

static void draw_protection(struct schedule *s, struct random *r)
{
    struct bracket_spec *spec = &s->spec;
    bool stops = spec->contract.kind == CONTRACT_SHARE || (s->abilities & BROKER_CAN_OPTION_STOPS);
    if (!stops || chance(r, 6))
        spec->protection = PROTECTION_WATCHED;
    else if ((s->abilities & BROKER_CAN_NATIVE_OCO) && chance(r, 2))
        spec->protection = PROTECTION_RESTING_BOTH;
    spec->arm = chance(r, 5) ? ARM_FULL : ARM_PARTIAL;
    spec->exit_time_in_force = chance(r, 2) ? TIF_GTC : TIF_DAY;
    if (!chance(r, 8))
        spec->take_profit = draw_exit(spec, r, false);
    if (!chance(r, 8) || (spec->adopts_position && spec->take_profit.kind == EXIT_NONE))
        spec->stop_loss = draw_exit(spec, r, true);
    if (chance(r, 8))
        spec->flat_ns = START_WALL_NS + seconds(r, 10, 120);
    spec->take_profit_ttl_ns = between(r, 1, 8) * NS_PER_SECOND;
    spec->quote_max_age_ns = between(r, 2, 10) * NS_PER_SECOND;
    spec->not_found_bound_ns = NOT_FOUND_BOUND_NS;
}

static void draw_commands(struct schedule *s, struct random *r)
{
    static const enum order_event_type types[] = {
        EVENT_MODIFIED, EVENT_MODIFIED, EVENT_CANCEL_REQUESTED, EVENT_CLOSE_REQUESTED,
        EVENT_PAUSED,   EVENT_RESUMED,  EVENT_REVIEWED,
    };
    s->command_count = (uint32_t)random_below(r, 2 * COMMANDS_MAX);
    if (s->command_count > COMMANDS_MAX)
        s->command_count = 0;
    int64_t at_ns = 0;
    for (uint32_t i = 0; i < s->command_count; i++) {
        at_ns += seconds(r, 0, 25);
        s->commands[i] = (struct command){at_ns, types[random_below(r, 7)]};
    }
}

/* One in 32 is long and busy: a stop that trails closely, many contracts, a price that runs. */
static void draw_busy(struct schedule *s, struct random *r)
{
    struct bracket_spec *spec = &s->spec;
    if (!chance(r, 32) || spec->adopts_position || spec->protection == PROTECTION_WATCHED)
        return;
    s->busy = true;
    spec->quantity = between(r, 20, 40) * PRICE_ONE;
    spec->entry_type = ORDER_TYPE_MARKET;
    spec->limit_price = spec->stop_price = 0;
    spec->take_profit = (struct exit_terms){.kind = EXIT_NONE};
    spec->stop_loss = (struct exit_terms){.kind = EXIT_TRAIL_PRICE, .value = 2 * PRICE_ONE};
    spec->flat_ns = spec->contract.cutoff_ns = spec->contract.end_ns = 0;
    s->faults |= UINT64_C(1) << FAULT_FILL_IN_CANCEL | UINT64_C(1) << FAULT_PARTIAL_FILL;
    /* What was taken for dead wrongly is, among so many, not looked for any more. */
    s->faults &= ~(UINT64_C(1) << FAULT_HIDDEN | UINT64_C(1) << FAULT_LIE);
    s->close_ns = 0;
    s->fair_ns = seconds(r, 100, 200);
    s->command_count = 0;
}

bool schedule_session(const struct schedule *s, int64_t wall_ns, int64_t *ret_open_ns,
                      int64_t *ret_close_ns)
{
    if (!s->close_ns)
        return false;
    int64_t open_ns = START_WALL_NS - NS_PER_SECOND, close_ns = START_WALL_NS + s->close_ns;
    while (close_ns <= wall_ns) {
        open_ns = close_ns + NIGHT_NS;
        close_ns = open_ns + 100 * s->close_ns;
    }
    *ret_open_ns = open_ns;
    *ret_close_ns = close_ns;
    return true;
}

void schedule_draw(struct schedule *s, uint64_t seed, struct random *r)
{
    memset(s, 0, sizeof(*s));
    s->seed = seed;
    s->abilities = (uint32_t)random_next(r) & ((1 << 7) - 1);
    s->checks_held = chance(r, 2);
    s->closes_at_end = chance(r, 2);
    s->reconciles = chance(r, 2);
    draw_contract(&s->spec, r);
    draw_entry(&s->spec, r);
    draw_protection(s, r);
    draw_commands(s, r);
    s->faults = chance(r, 8) ? 0 : random_next(r) & ((UINT64_C(1) << FAULT_COUNT) - 1);
    s->crashes = (int32_t)random_below(r, 3);
    s->drift = between(r, -20, 25) * (PRICE_ONE / 100);
    if (s->spec.side == ORDER_SELL)
        s->drift = -s->drift;
    if (chance(r, 3))
        s->close_ns = seconds(r, 10, 60);
    s->fair_ns = seconds(r, 10, 60);
    draw_busy(s, r);
}
