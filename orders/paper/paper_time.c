/* What time brings about in the paper broker's book: arrivals, sessions, expiries. */
#include "orders/paper/paper_market.h"
#include "orders/paper/paper_terms.h"

#include "base/decimal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* When there is no memory for the events. */
#define RETRY_NS (100 * NS_PER_MS)
/* While a settlement waits for a price. */
#define SETTLE_AGAIN_NS NS_PER_SECOND
/* After that long without any price the contract is settled at its own last bid. */
#define SETTLE_WITHOUT_NS NS_PER_DAY

enum { ENDED_MAX = 100000 }; /* in memory */

/* ---- sessions -------------------------------------------------------------------------------- */

bool paper_book_is_open(struct paper_book *b, int64_t wall_ns)
{
    if (wall_ns >= b->session_from_ns && wall_ns < b->session_until_ns)
        return b->session_open;
    int64_t open_ns = 0, close_ns = 0;
    bool known = paper_session(b, wall_ns, &open_ns, &close_ns);
    b->session_open = known && wall_ns >= open_ns;
    b->session_from_ns = b->session_open ? open_ns : wall_ns;
    b->session_until_ns = b->session_open ? close_ns : known ? open_ns : wall_ns + NS_PER_DAY;
    return b->session_open;
}

/* ---- arrivals -------------------------------------------------------------------------------- */

static void carry_out_cancel(struct paper_book *b, struct order_clock now)
{
    struct paper_order *o = b->cancels;
    b->cancels = o->cancel_next;
    o->cancel_next = NULL;
    o->cancels_ns = 0;
    if (!order_status_dead(o->row.status))
        paper_book_end(b, o, PAPER_EVENT_CANCELED, PAPER_REASON_ASKED, now);
}

static void let_in(struct paper_book *b, struct order_clock now)
{
    struct paper_order *o = b->arriving;
    DL_DELETE2(b->arriving, o, prev, next);
    o->arrives_ns = 0;
    paper_market_enter(b, o, now);
}

bool paper_book_arrive(struct paper_book *b, struct order_clock now)
{
    for (;;) {
        int64_t arrival_ns = b->arriving ? b->arriving->arrives_ns : INT64_MAX;
        int64_t cancel_ns = b->cancels ? b->cancels->cancels_ns : INT64_MAX;
        if (arrival_ns > now.steady_ns && cancel_ns > now.steady_ns)
            return true;
        if (!paper_outbox_room(b->outbox, PAPER_STEP_EVENTS))
            return false;
        if (arrival_ns <= cancel_ns)
            let_in(b, now);
        else
            carry_out_cancel(b, now);
    }
}

/* ---- expiry ---------------------------------------------------------------------------------- */

static bool expire_orders(struct paper_book *b, struct order_clock now)
{
    int64_t next_ns = INT64_MAX;
    for (struct paper_order *o = b->all; o; o = o->all_next) {
        int64_t expires_ns = o->row.expires_ns, end_ns = o->market->position.contract.end_ns;
        if (!expires_ns || order_status_dead(o->row.status))
            continue;
        if (expires_ns > now.wall_ns) {
            next_ns = expires_ns < next_ns ? expires_ns : next_ns;
            continue;
        }
        if (!paper_outbox_room(b->outbox, PAPER_STEP_EVENTS))
            return false;
        bool contract = end_ns && expires_ns >= end_ns;
        paper_book_end(b, o, PAPER_EVENT_EXPIRED,
                       contract ? PAPER_REASON_CONTRACT : PAPER_REASON_SESSION, now);
    }
    b->expiry_ns = next_ns;
    return true;
}

/* The share named as the option's root, or the one whose standard contracts have that root (BRK.B
 * has BRKB); NULL when neither was ever quoted. */
static const struct paper_market *underlying_of(struct paper_book *b, const struct contract *c)
{
    char root[LIMIT_SYMBOL_BYTES] = "", other[OCC_ROOT_MAX + 1];
    memcpy(root, c->symbol, strlen(c->symbol) - (OCC_COMPACT_MIN - 1));
    const struct paper_market *m = paper_book_market(b, root);
    if (m)
        return m;
    for (m = b->markets; m; m = m->by_symbol.next) {
        const char *symbol = m->position.contract.symbol;
        if (strlen(symbol) < OCC_COMPACT_MIN && occ_root_of(symbol, other) &&
            strcmp(other, root) == 0)
            return m;
    }
    return NULL;
}

/* What the contract is worth at its end. false when nothing tells yet. */
static bool settlement_price(struct paper_book *b, const struct paper_market *m, int64_t wall_ns,
                             int64_t *ret)
{
    const struct contract *c = &m->position.contract;
    const struct paper_market *underlying = underlying_of(b, c);
    int64_t spot = !underlying        ? 0
                   : underlying->last ? underlying->last
                                      : paper_market_price(underlying);
    int64_t strike = c->strike_milli * (DECIMAL_ONE / OCC_STRIKE_ONE);
    int64_t intrinsic = c->right == OPTION_CALL ? spot - strike : strike - spot;
    if (spot <= 0 && wall_ns < c->end_ns + SETTLE_WITHOUT_NS)
        return false;
    *ret = spot <= 0 ? m->bid : intrinsic > 0 ? intrinsic : 0;
    return true;
}

static void settle(struct paper_book *b, struct paper_market *m, int64_t price,
                   struct order_clock now)
{
    struct position *p = &m->position;
    struct paper_event *event = paper_outbox_add(b->outbox);
    int64_t quantity = p->quantity;
    p->realized = order_add(p->realized, position_unrealized(p, price));
    p->sold = order_add(p->sold, quantity);
    p->quantity = p->cost = 0;
    b->cash = order_add(b->cash, paper_cash(price, quantity, p->contract.multiplier, false));
    paper_market_list_position(b, m);
    event->seq = ++b->last_seq;
    event->at_ns = now.wall_ns;
    event->kind = PAPER_EVENT_SETTLED;
    event->quantity = quantity;
    event->price = price;
    event->position = *p;
    event->cash = b->cash;
}

/* Positions of options are long: none is sold to open. */
static bool settle_positions(struct paper_book *b, struct order_clock now)
{
    int64_t next_ns = INT64_MAX;
    for (struct paper_market *m = b->positions, *next; m; m = next) {
        int64_t end_ns = m->position.contract.end_ns, price;
        next = m->position_next;
        if (!end_ns)
            continue;
        if (end_ns > now.wall_ns || !settlement_price(b, m, now.wall_ns, &price)) {
            int64_t again_ns = end_ns > now.wall_ns ? end_ns : now.wall_ns + SETTLE_AGAIN_NS;
            next_ns = again_ns < next_ns ? again_ns : next_ns;
            continue;
        }
        if (!paper_outbox_room(b->outbox, PAPER_STEP_EVENTS))
            return false;
        settle(b, m, price, now);
    }
    b->settle_ns = next_ns;
    return true;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* An order whose last change is not on disk yet, or whose cancel is under way, stays. */
static bool may_leave(const struct paper_book *b, const struct paper_order *o, int64_t wall_ns)
{
    int64_t kept_ns = order_subtract(wall_ns, o->row.ended_ns);
    int64_t count = (int64_t)HASH_CNT(by_client_id, b->orders) - b->live;
    return (kept_ns >= b->options.keep_ns || count > ENDED_MAX) &&
           o->batch <= b->outbox->stored_number && !o->cancels_ns;
}

static void evict(struct paper_book *b, int64_t wall_ns)
{
    while (b->ended && may_leave(b, b->ended, wall_ns)) {
        struct paper_order *o = b->ended;
        DL_DELETE2(b->ended, o, prev, next);
        DL_DELETE2(b->all, o, all_prev, all_next);
        HASH_DELETE(by_client_id, b->orders, o);
        if (o->row.ended_ns > b->evicted_until_ns)
            b->evicted_until_ns = o->row.ended_ns;
        if (o->pair)
            o->pair->pair = NULL;
        free(o);
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Steady time of an instant on the wall. */
static int64_t steady_of(int64_t wall_ns, struct order_clock now)
{
    return wall_ns == INT64_MAX ? INT64_MAX
                                : order_add(now.steady_ns, order_subtract(wall_ns, now.wall_ns));
}

int64_t paper_book_advance(struct paper_book *b, struct order_clock now, bool keep)
{
    bool done = paper_book_arrive(b, now) &&
                (b->expiry_ns > now.wall_ns || expire_orders(b, now)) &&
                (b->settle_ns > now.wall_ns || settle_positions(b, now));
    if (!keep) {
        evict(b, now.wall_ns);
        paper_market_sweep(b, now);
    }
    if (!done)
        return now.steady_ns + RETRY_NS;
    int64_t candidates[] = {
        b->arriving ? b->arriving->arrives_ns : INT64_MAX,
        b->cancels ? b->cancels->cancels_ns : INT64_MAX,
        steady_of(b->expiry_ns, now),
        steady_of(b->settle_ns, now),
    };
    int64_t next_ns = INT64_MAX;
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++)
        next_ns = candidates[i] < next_ns ? candidates[i] : next_ns;
    return next_ns;
}
