#include "tests/sim/world.h"

#include "base/clock.h"

#include <stdarg.h>
#include <string.h>

enum { EVENTS_MAX = 2000, CALL_TIMEOUT_MS = 3000, LATENCY_MS = 60 };

int64_t world_wall_ns(const struct world *w)
{
    return START_WALL_NS + w->now_ns + w->wall_offset_ns;
}

uint64_t world_below(struct world *w, uint64_t bound)
{
    return random_below(&w->random, bound);
}

int64_t world_between(struct world *w, int64_t low, int64_t high)
{
    return low + (int64_t)random_below(&w->random, (uint64_t)(high - low) + 1);
}

bool world_chance(struct world *w, uint64_t of)
{
    return random_below(&w->random, of) == 0;
}

void world_trace(const struct world *w, const char *format, ...)
{
    fprintf(w->trace, "%10.3f s  ", (double)w->now_ns / 1e9);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(w->trace, format, arguments);
    va_end(arguments);
    fputc('\n', w->trace);
}

/* ---- the network ----------------------------------------------------------------------------- */

static int64_t latency(struct world *w)
{
    return world_between(w, 1, LATENCY_MS) * NS_PER_MS;
}

static struct message *free_message(struct world *w, size_t *ret_slot)
{
    for (size_t i = 0; i < MESSAGES_MAX; i++) {
        if (w->at_ns[SLOT_MESSAGES + i] == INT64_MAX) {
            *ret_slot = SLOT_MESSAGES + i;
            return &w->messages[i];
        }
    }
    return NULL;
}

bool world_calling(const struct world *w, enum call call, enum leg leg, int32_t generation)
{
    for (size_t i = 0; i < MESSAGES_MAX; i++) {
        const struct message *m = &w->messages[i];
        if (w->at_ns[SLOT_MESSAGES + i] != INT64_MAX && m->call == call &&
            m->process == w->tracker.process &&
            (!generation || (m->action.leg == leg && m->action.generation == generation)))
            return true;
    }
    return false;
}

/* The caller is told this outcome at that time, whatever the broker did. */
static void answer(struct world *w, struct message *m, size_t slot, enum outcome outcome,
                   int64_t at_ns)
{
    m->answered = true;
    m->outcome = outcome;
    m->reject = outcome == OUTCOME_REJECTED ? m->reject : REJECT_NONE;
    if (outcome != OUTCOME_OK)
        m->report_count = 0;
    w->at_ns[slot] = at_ns;
}

bool world_call(struct world *w, enum call call, const struct bracket_action *a)
{
    static const char *const names[] = {"submit", "cancel", "find", "list", "reconcile"};
    size_t slot;
    struct message *m = free_message(w, &slot);
    if (!m) {
        if (call == CALL_SUBMIT || call == CALL_CANCEL)
            violate(w, 21, "more than %d calls under way", MESSAGES_MAX);
        return false;
    }
    int64_t folded = 0;
    for (int leg = 0; leg < LEG_COUNT; leg++) {
        const struct leg_ledger *l = &w->tracker.state->legs[leg];
        folded += l->folded - l->folded_busted;
    }
    m->call = call;
    m->answered = false;
    m->process = w->tracker.process;
    m->deadline_ns = w->now_ns + CALL_TIMEOUT_MS * NS_PER_MS;
    m->asked_steady_ns = tracker_clock(w).steady_ns;
    m->folded = folded;
    m->action = *a;
    m->reject = REJECT_NONE;
    m->report_count = 0;
    TRACE(w, "call: %s %s %d%s, %lld", names[call], leg_name(a->leg), a->generation,
          a->paired ? " (pair)" : "", (long long)(a->quantity / PRICE_ONE));
    w->at_ns[slot] = w->now_ns + latency(w);
    if (fault_strikes(w, FAULT_NOT_SENT))
        answer(w, m, slot, OUTCOME_NOT_SENT, w->now_ns + latency(w));
    else if (fault_strikes(w, FAULT_REQUEST_LOST))
        answer(w, m, slot, OUTCOME_UNKNOWN, m->deadline_ns);
    else if (fault_strikes(w, FAULT_REQUEST_DELAYED))
        w->at_ns[slot] = w->now_ns + world_between(w, 50, 2000) * NS_PER_MS;
    return true;
}

/* All that the tracker keeps, or all that the broker knows, and the position: at one instant. */
static void reconcile(struct world *w, struct message *m)
{
    struct exposure x;
    broker_exposure(w, &x);
    m->position = x.open;
    if (w->schedule.abilities & BROKER_CAN_BULK_LIST) {
        m->report_count = broker_list(w, m->reports);
        return;
    }
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *o = &w->tracker.state->orders[i];
        if (o->generation > 0 &&
            broker_find(w, o->leg, o->generation, &m->reports[m->report_count]))
            m->report_count++;
    }
}

static enum outcome serve(struct world *w, struct message *m)
{
    const struct bracket_action *a = &m->action;
    enum outcome outcome = OUTCOME_OK;
    m->report_count = 0;
    switch (m->call) {
    case CALL_SUBMIT:
        outcome = broker_submit(w, a, &m->reject);
        if (outcome == OUTCOME_OK && world_chance(w, 2))
            m->report_count = broker_find(w, a->leg, a->generation, &m->reports[0]);
        break;
    case CALL_CANCEL:
        outcome = broker_cancel(w, a->leg, a->generation, &m->reject);
        break;
    case CALL_FIND:
        m->report_count = broker_find(w, a->leg, a->generation, &m->reports[0]);
        break;
    case CALL_LIST:
        m->report_count = broker_list(w, m->reports);
        break;
    default:
        reconcile(w, m);
    }
    return outcome;
}

static void double_answer(struct world *w, const struct message *m)
{
    size_t slot;
    struct message *copy = free_message(w, &slot);
    if (!copy)
        return;
    memcpy(copy, m, offsetof(struct message, reports) + m->report_count * sizeof(m->reports[0]));
    w->at_ns[slot] = w->now_ns + world_between(w, 1, 4000) * NS_PER_MS;
}

static void arrive_at_broker(struct world *w, struct message *m, size_t slot)
{
    bool lost = fault_strikes(w, FAULT_REPLY_LOST);
    bool vague = fault_strikes(w, FAULT_STATUS_5XX) || fault_strikes(w, FAULT_STATUS_4XX);
    bool cut = fault_strikes(w, FAULT_REPLY_TRUNCATED);
    int64_t at_ns = w->now_ns + latency(w);
    if (fault_strikes(w, FAULT_REPLY_DELAYED))
        at_ns = w->now_ns + world_between(w, 50, 2000) * NS_PER_MS;
    if (lost || at_ns > m->deadline_ns)
        at_ns = m->deadline_ns;
    enum outcome outcome = OUTCOME_UNKNOWN;
    if (!vague || world_chance(w, 2))
        outcome = serve(w, m);
    if (lost || vague || cut || at_ns == m->deadline_ns)
        outcome = OUTCOME_UNKNOWN;
    answer(w, m, slot, outcome, at_ns);
    if (fault_strikes(w, FAULT_REPLY_DOUBLED))
        double_answer(w, m);
}

/* A slot is free once its message is read: what is sent while it is handled may take it. */
static void arrive(struct world *w, size_t slot)
{
    struct message *m = &w->messages[slot - SLOT_MESSAGES];
    if (!m->answered) {
        arrive_at_broker(w, m, slot);
        return;
    }
    w->at_ns[slot] = INT64_MAX - 1;
    tracker_hear(w, m);
    w->at_ns[slot] = INT64_MAX;
}

/* ---- who acts -------------------------------------------------------------------------------- */

void world_crash(struct world *w)
{
    static const int64_t most_ms[] = {50, 1000, 10000, 60000};
    w->tracker.up = false;
    w->at_ns[SLOT_WAKE] = INT64_MAX;
    w->at_ns[SLOT_PROCESS] =
        w->now_ns + world_between(w, 1, most_ms[world_below(w, 4)]) * NS_PER_MS;
    w->coverage->crashes++;
}

static struct order_quote make_quote(struct world *w)
{
    const struct market *m = &w->broker.market;
    struct order_quote q = {
        .bid = m->price - world_between(w, 1, 5) * (PRICE_ONE / 100),
        .ask = m->price + world_between(w, 1, 5) * (PRICE_ONE / 100),
        .at_steady_ns = tracker_clock(w).steady_ns,
        .halted = w->now_ns < m->halted_until_ns,
    };
    if (fault_strikes(w, FAULT_QUOTE_STALE)) {
        q.at_steady_ns -= 60 * NS_PER_SECOND;
        q.bid = q.ask = START_PRICE + world_between(w, -8, 8) * PRICE_ONE;
    } else if (fault_strikes(w, FAULT_QUOTE_CROSSED)) {
        q.bid = START_PRICE + 8 * PRICE_ONE;
        q.ask = START_PRICE - 8 * PRICE_ONE;
    } else if (fault_strikes(w, FAULT_QUOTE_ZERO)) {
        *(world_chance(w, 2) ? &q.bid : &q.ask) = 0;
    }
    return q;
}

static void set_clock(struct world *w)
{
    if (fault_strikes(w, FAULT_CLOCK_JUMP))
        w->wall_offset_ns = world_between(w, -600, 600) * NS_PER_SECOND;
}

static void act_market(struct world *w)
{
    w->at_ns[SLOT_MARKET] = w->now_ns + world_between(w, 300, 2500) * NS_PER_MS;
    set_clock(w);
    if (!w->broker.market.open)
        return;
    broker_move(w);
    struct order_quote q = make_quote(w);
    tracker_quote(w, &q);
}

static void act_command(struct world *w)
{
    const struct schedule *s = &w->schedule;
    if (!w->tracker.up) {
        w->at_ns[SLOT_COMMAND] = w->at_ns[SLOT_PROCESS] + NS_PER_MS;
        return;
    }
    enum order_event_type type = s->commands[w->next_command++].type;
    w->at_ns[SLOT_COMMAND] =
        w->next_command < s->command_count ? s->commands[w->next_command].at_ns : INT64_MAX;
    tracker_command(w, type);
}

/* The close of the only short session, or the open of the long one after the night. */
static void act_session(struct world *w)
{
    struct market *m = &w->broker.market;
    m->open = !m->open;
    TRACE(w, "session: %s", m->open ? "open" : "closed");
    if (!m->open)
        broker_expire(w, false);
    w->at_ns[SLOT_SESSION] = m->open ? INT64_MAX : w->now_ns + NIGHT_NS;
    w->at_ns[SLOT_MARKET] = m->open ? w->now_ns + NS_PER_SECOND : INT64_MAX;
}

/* Nothing goes wrong any more: the clock is right, trading is on, users are done but for a pause
 * that they end. */
static void act_fair(struct world *w)
{
    TRACE(w, "from here on nothing goes wrong");
    w->at_ns[SLOT_FAIR] = INT64_MAX;
    w->at_ns[SLOT_COMMAND] = INT64_MAX;
    w->fair = true;
    w->wall_offset_ns = 0;
    w->broker.market.halted_until_ns = 0;
}

static void act(struct world *w, size_t slot)
{
    switch (slot) {
    case SLOT_PROCESS:
        w->at_ns[slot] = INT64_MAX;
        TRACE(w, "bracketd starts");
        tracker_start(w);
        break;
    case SLOT_WAKE:
        tracker_wake(w);
        break;
    case SLOT_MARKET:
        act_market(w);
        break;
    case SLOT_COMMAND:
        act_command(w);
        break;
    case SLOT_SESSION:
        act_session(w);
        break;
    case SLOT_CONTRACT_END:
        w->at_ns[slot] = INT64_MAX;
        w->broker.market.open = false;
        w->broker.market.ended = true;
        w->at_ns[SLOT_MARKET] = w->at_ns[SLOT_SESSION] = INT64_MAX;
        broker_expire(w, true);
        break;
    case SLOT_CANCELS:
        broker_carry_out_cancels(w);
        break;
    case SLOT_FAIR:
        act_fair(w);
        break;
    default:
        arrive(w, slot);
    }
}

static size_t earliest(const struct world *w)
{
    size_t slot = 0;
    for (size_t i = 1; i < SLOT_COUNT; i++)
        if (w->at_ns[i] < w->at_ns[slot])
            slot = i;
    return slot;
}

/* ---- a run ----------------------------------------------------------------------------------- */

static void set_up(struct world *w, uint64_t seed)
{
    random_seed(&w->random, seed);
    schedule_draw(&w->schedule, seed, &w->random);
    const struct schedule *s = &w->schedule;
    w->now_ns = 1;
    w->wall_offset_ns = 0;
    w->fair = w->closing_at_end = false;
    w->next_command = 0;
    w->crashes_left = s->crashes;
    w->checks = (struct checks){.violated = 0};
    for (size_t i = 0; i < SLOT_COUNT; i++)
        w->at_ns[i] = INT64_MAX;
    w->at_ns[SLOT_PROCESS] = 1;
    w->at_ns[SLOT_MARKET] = 500 * NS_PER_MS;
    w->at_ns[SLOT_FAIR] = s->fair_ns;
    if (s->command_count)
        w->at_ns[SLOT_COMMAND] = s->commands[0].at_ns;
    if (s->close_ns)
        w->at_ns[SLOT_SESSION] = s->close_ns;
    if (s->spec.contract.end_ns)
        w->at_ns[SLOT_CONTRACT_END] = s->spec.contract.end_ns - START_WALL_NS;
    broker_init(&w->broker);
    tracker_init(&w->tracker);
    w->coverage->schedules++;
    w->coverage->protections[s->spec.protection]++;
    for (size_t i = 0; i < 32; i++)
        w->coverage->abilities[i] += s->abilities >> i & 1;
}

/* All is stable. The first time, half of the schedules have a user close the bracket. */
static bool done(struct world *w)
{
    if (!w->fair || !w->tracker.up || !check_settled(w))
        return false;
    const struct bracket_state *s = w->tracker.state;
    if (s->paused) {
        tracker_command(w, EVENT_RESUMED);
        return false;
    }
    bool open = s->status == BRACKET_PROTECTING || s->status == BRACKET_WORKING;
    if (w->closing_at_end || !w->schedule.closes_at_end || !open)
        return !w->closing_at_end || !open;
    w->closing_at_end = true;
    tracker_command(w, EVENT_CLOSE_REQUESTED);
    return false;
}

bool world_run(struct world *w, uint64_t seed)
{
    set_up(w, seed);
    for (int events = 0; !w->checks.violated; events++) {
        size_t slot = earliest(w);
        if (w->at_ns[slot] > w->now_ns) {
            if (done(w))
                break;
            slot = earliest(w); /* a command given at the end moves the wake */
        }
        if (events == EVENTS_MAX || w->at_ns[slot] == INT64_MAX) {
            violate(w, 22, "%s, neither closed nor stable after %d events",
                    bracket_status_name(w->tracker.state->status), events);
            break;
        }
        if (w->at_ns[slot] > w->now_ns)
            w->now_ns = w->at_ns[slot];
        act(w, slot);
    }
    if (!w->checks.violated) {
        check_fold(w, w->tracker.spare);
        w->coverage->ends[w->tracker.state->status]++;
        w->coverage->close_reasons[w->tracker.state->close_reason]++;
    }
    return !w->checks.violated;
}
