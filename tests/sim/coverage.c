#include "tests/sim/coverage.h"

#include "orders/broker.h"

#include <stddef.h>
#include <stdio.h>

void coverage_add(struct coverage *c, const struct coverage *more)
{
    uint64_t *to = (uint64_t *)c;
    const uint64_t *from = (const uint64_t *)more;
    for (size_t i = 0; i < sizeof(*c) / sizeof(*to); i++)
        to[i] += from[i];
}

static void count_bits(uint64_t counters[32], uint32_t bits)
{
    for (; bits; bits &= bits - 1)
        counters[__builtin_ctz(bits)]++;
}

void coverage_step(struct coverage *c, const struct bracket_state *before,
                   const struct bracket_state *after)
{
    for (size_t i = 0; i < BRACKET_ORDERS_MAX; i++) {
        const struct leg_order *a = &before->orders[i], *b = &after->orders[i];
        if (!b->generation || (a->status == b->status && a->generation == b->generation))
            continue;
        bool same = a->generation == b->generation && a->leg == b->leg;
        c->order_moves[same ? a->status : ORDER_STATUS_NONE][b->status]++;
        c->deaths[b->death]++;
    }
    c->bracket_moves[before->status][after->status]++;
    if (after->review & ~before->review)
        count_bits(c->reviews, after->review & ~before->review);
    if (before->status != after->status)
        count_bits(c->alerts, bracket_alerts(before, after));
}

/* ---- the report ------------------------------------------------------------------------------ */

static unsigned row(const char *kind, const char *name, uint64_t count, const char *excuse)
{
    bool missing = count == 0 && !excuse;
    printf("  %-12s %-40.40s %14llu%s%s\n", kind, name, (unsigned long long)count,
           missing      ? "  NEVER"
           : count == 0 ? "  "
                        : "",
           count == 0 && excuse ? excuse : "");
    return missing;
}

/* Why the simulator does not show this transition; NULL = it does. */
static const char *excuse_of(const struct order_transition *t)
{
    if (t->signal == SIGNAL_STRAY || t->signal == SIGNAL_REVIVED)
        return "left again within the same step";
    if (t->from == ORDER_STATUS_EXPIRED)
        return "orders expire at night, when the broker is left alone";
    return NULL;
}

static unsigned report_order_moves(const struct coverage *c)
{
    unsigned missing = 0;
    for (size_t i = 0; i < order_transition_count; i++) {
        const struct order_transition *t = &order_transitions[i];
        bool again = false;
        for (size_t j = 0; j < i; j++)
            again |= order_transitions[j].from == t->from && order_transitions[j].to == t->to;
        char name[64];
        snprintf(name, sizeof(name), "%s -> %s", order_status_name(t->from),
                 order_status_name(t->to));
        if (!again)
            missing += row("order", name, c->order_moves[t->from][t->to], excuse_of(t));
    }
    return missing;
}

static const struct bracket_edge *find_edge(int from, int to)
{
    for (size_t i = 0; i < bracket_edge_count; i++)
        if ((int)bracket_edges[i].from == from && (int)bracket_edges[i].to == to)
            return &bracket_edges[i];
    return NULL;
}

/* Edges of the normal kind must all be taken; some of the late ones need the rarest of accidents. A
 * way that is no edge is wrong. */
static unsigned report_bracket_move(const struct coverage *c, int from, int to)
{
    const struct bracket_edge *edge = find_edge(from, to);
    uint64_t count = c->bracket_moves[from][to];
    bool review = from == BRACKET_NEEDS_REVIEW || to == BRACKET_NEEDS_REVIEW;
    if (from == to || (!edge && !count))
        return 0;
    char name[64];
    snprintf(name, sizeof(name), "%s -> %s", bracket_status_name((enum bracket_status)from),
             bracket_status_name((enum bracket_status)to));
    if (!edge && !review)
        printf("  the next is no edge of the table:\n");
    unsigned missing = row("bracket", name, count, edge && edge->kind == EDGE_LATE ? "" : NULL);
    return missing + (!edge && !review);
}

static unsigned report_bracket_moves(const struct coverage *c)
{
    unsigned missing = 0;
    for (int from = 0; from < BRACKET_STATUS_COUNT; from++)
        for (int to = 0; to < BRACKET_STATUS_COUNT; to++)
            missing += report_bracket_move(c, from, to);
    return missing;
}

static unsigned report_tables(const struct coverage *c)
{
    unsigned missing = 0;
#define X(code, ...)                                                                               \
    missing += row("event", order_event_name(EVENT_##code), c->event_types[EVENT_##code], NULL);
    ORDER_EVENT_TABLE(X)
#undef X
#define X(code, name) missing += row("action", name, c->actions[ACTION_##code], NULL);
    ACTION_TABLE(X)
#undef X
#define X(code, name) missing += row("mode", name, c->protections[PROTECTION_##code], NULL);
    PROTECTION_TABLE(X)
#undef X
#define X(code, bit, name) missing += row("ability", name, c->abilities[bit], NULL);
    BROKER_ABILITY_TABLE(X)
#undef X
#define X(code, name) missing += row("reason", name, c->close_reasons[CLOSE_##code], NULL);
    CLOSE_REASON_TABLE(X)
#undef X
#define X(code, name) missing += row("death", name, c->deaths[DEATH_##code], NULL);
    DEATH_TABLE(X)
#undef X
/* A folded order that fills late takes more orders than most schedules have. */
#define X(code, bit, name)                                                                         \
    missing += row("review", name, c->reviews[bit], (bit) == 3 ? "rare; see tests/orders" : NULL);
    REVIEW_TABLE(X)
#undef X
    return missing;
}

unsigned coverage_report(const struct coverage *c)
{
    unsigned missing = 0;
    for (int f = 0; f < FAULT_COUNT; f++)
        missing += row("fault", fault_text((enum fault)f), c->faults[f], NULL);
    missing += report_tables(c);
    missing += report_order_moves(c);
    missing += report_bracket_moves(c);
    for (int status = 0; status < BRACKET_STATUS_COUNT; status++)
        row("end", bracket_status_name((enum bracket_status)status), c->ends[status], "");
    return missing;
}
