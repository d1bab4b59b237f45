/* Cancel and replace of the exit legs, as a model that Spin explores in full (`make model`).
 *
 * A position of up to two contracts is protected by a stop that rests at the broker. When the take
 * profit price is reached, the tracker cancels the stop, waits for the evidence that it is dead, sends
 * the limit for what remains, and puts a new stop in its place when the limit has not filled within its
 * TTL. Meanwhile the entry may go on filling, orders fill one contract at a time at any moment, requests
 * and replies are lost, duplicated and overtaken, the broker rejects, its listings lag behind ("not
 * found" of an order that lives), and bracketd restarts between any two effects.
 *
 * What is modelled how:
 *   - The tracker's `legs`, `known_*` and `want` are what is committed: step, derive and commit are one
 *     atomic action. A leg's `send_*` flags are the effects that follow the commit, sent one at a time: a
 *     restart forgets them, and with them all replies on their way. An INTENT may or may not be at the
 *     broker: it stays so until there is evidence.
 *   - The broker keeps every order of every generation and checks nothing: it does not know client ids
 *     twice, and does not mind selling more than the position. That is for the assertions.
 *   - A poll is one action: the broker's truth at that moment, put on its way to the tracker. A "not found"
 *     counts when it was taken after the broker's stated bound (`settled`): nothing of that order is on
 *     its way any more and its listing lags no longer.
 *   - Faults share one budget (FAULTS), restarts (RESTARTS) and moves of the price (TRIGGERS) have their
 *     own: so that faults end and "in the end" has a meaning. All mixes within the budgets are explored.
 *
 * Properties: the assertions, and under weak fairness the claim `settles`. -DBUG_... plants a bug, each
 * of which must be found: tests/model/run has the list.
 */
#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef RESTARTS
#define RESTARTS 1
#endif
#ifndef TRIGGERS
#define TRIGGERS 1
#endif

#define CONTRACTS   2
/* Each of these costs a leg at most one: the first, the entry filling on, a trigger, a fault, a restart. */
#define GENERATIONS (2 + TRIGGERS + FAULTS + RESTARTS)

#define STOP  0
#define LIMIT 1

/* Of an order at the broker, and in reports. As the tracker knows it, ABSENT is "none yet". */
#define ABSENT 0
#define LIVE   1
#define DEAD   2
#define INTENT 3 /* only as the tracker knows it: committed, and no evidence of it yet */

#define SUBMIT 0
#define CANCEL 1

/* ---- the broker ---------------------------------------------------------------------------- */

typedef broker_order {
    unsigned status : 2;
    unsigned quantity : 2;
    unsigned filled : 2;
    bool listed;
}
broker_order orders[2 * GENERATIONS];
#define ORDER(leg, generation) orders[(leg) * GENERATIONS + (generation)]

bool entry_live = true;
byte bought;  /* E */
byte sold;    /* X */
byte resting; /* W: what live exits may still sell */

/* After each change of the broker's, and when the tracker says "closed". */
#define CHECK \
    assert(sold + resting <= bought); \
    assert(!closed || (sold == bought && resting == 0 && !entry_live))

inline order_ends(leg, which)
{
    resting = resting - (ORDER(leg, which).quantity - ORDER(leg, which).filled);
    ORDER(leg, which).status = DEAD
}

/* One contract of the leg's youngest generation: those before it are dead. Were one not, CHECK would have
 * told of it when the youngest was accepted. */
inline fill(leg, youngest)
{
    ORDER(leg, youngest).status == LIVE ->
    ORDER(leg, youngest).filled++;
    resting--;
    sold++;
    CHECK;
    if
    :: ORDER(leg, youngest).filled == ORDER(leg, youngest).quantity -> ORDER(leg, youngest).status = DEAD
    :: else
    fi
}

/* ---- the network --------------------------------------------------------------------------- */

chan requests[2] = [2] of { bit, byte };              /* kind, generation */
chan reports[2]  = [2] of { byte, byte, byte, bool }; /* generation, status, filled, settled */
byte faults      = FAULTS;
byte restarts    = RESTARTS;
byte triggers    = TRIGGERS;
bool idle        = true;

#define UNLISTED(leg, g) (ORDER(leg, g).status != ABSENT && !ORDER(leg, g).listed)
#define SETTLED(leg, g)  (!UNLISTED(leg, g) && !(requests[leg]??[SUBMIT, eval(g)]))

/* ---- the tracker --------------------------------------------------------------------------- */

typedef leg_state {
    unsigned status : 2;
    unsigned quantity : 2;
    unsigned filled : 2;
    byte generation;
    bool send_submit;
    bool send_cancel;
#ifdef BUG_CANCEL_ONCE
    bool canceled;
#endif
}
leg_state legs[2];

bool want = STOP; /* the leg that should stand */
byte known_bought;
byte known_sold; /* of dead legs; what live ones filled is in them */
bool known_entry_dead;
bool closed;

#define GONE(leg)      (legs[leg].status == ABSENT || legs[leg].status == DEAD)
#define KNOWN_POSITION (known_bought - known_sold - LEG_FILLED(STOP) - LEG_FILLED(LIMIT))
#define LEG_FILLED(l)  (legs[l].status == DEAD -> 0 : legs[l].filled)
#define LEG_RESTS(l)   (GONE(l) -> 0 : legs[l].quantity - legs[l].filled)

#ifdef BUG_STOP_FOR_WHOLE_ENTRY
#define NEW_QUANTITY known_bought
#else
#define NEW_QUANTITY KNOWN_POSITION
#endif

inline new_generation(leg)
{
    legs[leg].quantity = NEW_QUANTITY;
    legs[leg].filled = 0;
    if
    :: legs[leg].status == DEAD -> legs[leg].generation++
    :: else
    fi;
    assert(legs[leg].generation < GENERATIONS); /* else the model is cut short */
#ifndef BUG_EFFECT_BEFORE_COMMIT
    legs[leg].status = INTENT;
#endif
    legs[leg].send_submit = true
}

/* Said again whenever a report still calls the order live: a cancel may be lost. */
inline cancel(leg)
{
#ifdef BUG_CANCEL_ONCE
    legs[leg].send_cancel = !legs[leg].canceled;
    legs[leg].canceled = true
#else
    legs[leg].send_cancel = true
#endif
}

/* What should stand now, from the state alone. */
inline derive()
{
    if
    :: known_entry_dead && KNOWN_POSITION == 0 && GONE(STOP) && GONE(LIMIT) ->
        closed = true;
        CHECK
#ifdef BUG_CLOSED_WITH_ENTRY_LIVE
    :: !known_entry_dead && known_bought > 0 && KNOWN_POSITION == 0 && GONE(STOP) && GONE(LIMIT) ->
        closed = true;
        CHECK
#endif
#ifdef BUG_LIMIT_BEFORE_EVIDENCE
    :: want == LIMIT && legs[STOP].status == LIVE && GONE(LIMIT) && KNOWN_POSITION > 0 ->
        cancel(STOP);
        new_generation(LIMIT)
#endif
    :: else ->
        if
        :: KNOWN_POSITION > 0 && want == LIMIT && GONE(STOP) && GONE(LIMIT) -> new_generation(LIMIT)
        :: KNOWN_POSITION > 0 && want == STOP && GONE(STOP) && GONE(LIMIT) -> new_generation(STOP)
        :: else
        fi;
        /* In the way, or of the wrong size since the entry filled on. */
        if
        :: legs[STOP].status == LIVE && (want == LIMIT || LEG_RESTS(STOP) < KNOWN_POSITION) ->
            cancel(STOP)
        :: else
        fi;
        if
        :: legs[LIMIT].status == LIVE && want == STOP -> cancel(LIMIT)
        :: else
        fi
    fi
}

/* One leg's report: of another generation it is old news, and what is dead by evidence stays dead. */
inline step_leg(leg, generation_, status_, filled_, settled_)
{
    if
    :: generation_ == legs[leg].generation && !GONE(leg) ->
#ifdef BUG_CANCEL_FORGETS_FILL
        if
        :: status_ == LIVE && filled_ > legs[leg].filled -> legs[leg].filled = filled_
        :: else
        fi;
#else
        if
        :: filled_ > legs[leg].filled -> legs[leg].filled = filled_
        :: else
        fi;
#endif
        if
        :: status_ == LIVE -> legs[leg].status = LIVE
        :: status_ == DEAD -> leg_died(leg)
#ifdef BUG_FIRST_NOT_FOUND
        :: status_ == ABSENT && legs[leg].status == INTENT -> leg_died(leg)
#else
        :: status_ == ABSENT && settled_ && legs[leg].status == INTENT -> leg_died(leg)
#endif
        :: else
        fi
    :: else
    fi
}

inline leg_died(leg)
{
    known_sold = known_sold + legs[leg].filled;
    legs[leg].status = DEAD;
    legs[leg].send_cancel = false;
    if
    :: leg == LIMIT -> want = STOP /* whatever is left is protected again */
    :: else
    fi;
    forget_order(leg)
}

/* Nobody reads the dead order's numbers any more: histories that differ in them alone are one. */
inline forget_order(leg)
{
    if
    :: ORDER(leg, legs[leg].generation).status == DEAD ->
        ORDER(leg, legs[leg].generation).quantity = 0;
        ORDER(leg, legs[leg].generation).filled = 0
    :: else
    fi
}

/* ---- the tracker at work ------------------------------------------------------------------- */

/* It asks for a leg that it sent, or may have sent, and does not know to be dead; the answer is on its way. */
proctype poll(bit leg)
{
end:
    do
    :: atomic {
        !GONE(leg) && !legs[leg].send_submit && nfull(reports[leg]) ->
        if
        :: ORDER(leg, legs[leg].generation).listed ->
            reports[leg]!legs[leg].generation, ORDER(leg, legs[leg].generation).status,
                         ORDER(leg, legs[leg].generation).filled, true
        :: else ->
            reports[leg]!legs[leg].generation, ABSENT, 0, SETTLED(leg, legs[leg].generation)
        fi
       }
    od
}

/* A leg's reports arrive. */
proctype hear(bit leg)
{
    byte generation, status, filled;
    bool settled;
end:
    do
    :: atomic {
        reports[leg]?generation, status, filled, settled ->
        step_leg(leg, generation, status, filled, settled);
        derive();
        generation = 0;
        status = 0;
        filled = 0;
        settled = false
       }
    od
}

/* The effects of the last commits, one at a time. */
proctype act(bit leg)
{
end:
    do
    :: atomic {
        legs[leg].send_submit && nfull(requests[leg]) ->
        ORDER(leg, legs[leg].generation).quantity = legs[leg].quantity;
        requests[leg]!SUBMIT, legs[leg].generation;
#ifndef BUG_EFFECT_BEFORE_COMMIT
        legs[leg].send_submit = false
#endif
       }
#ifdef BUG_EFFECT_BEFORE_COMMIT
       atomic {
        if
        :: legs[leg].send_submit -> legs[leg].status = INTENT; legs[leg].send_submit = false
        :: else
        fi
       }
#endif
    :: atomic {
        legs[leg].send_cancel && nfull(requests[leg]) ->
        legs[leg].send_cancel = false;
        requests[leg]!CANCEL, legs[leg].generation
       }
    od
}

/* The entry's own order, which it polls too. */
proctype watch_entry()
{
end:
    do
    :: atomic {
        known_bought != bought || (!known_entry_dead && !entry_live) ->
        known_bought = bought;
        known_entry_dead = !entry_live;
        derive()
       }
    od
}

/* The take profit price is reached, some times. */
proctype watch_price()
{
end:
    do
    :: atomic {
        triggers > 0 && want == STOP && known_bought > 0 ->
        triggers--;
        want = LIMIT;
        derive()
       }
    :: idle = true
    od
}

/* The limit has not filled within its TTL. */
proctype watch_ttl()
{
end:
    do
    :: atomic {
        want == LIMIT && legs[LIMIT].status == LIVE ->
#ifndef BUG_NO_TTL
        want = STOP;
#endif
        derive()
       }
#ifdef BUG_EVIDENCE_BY_TIME
    :: atomic {
        legs[STOP].status == INTENT && !legs[STOP].send_submit ->
        leg_died(STOP);
        derive()
       }
#endif
    od
}

/* The process dies and comes back: what was not committed is gone, then derive runs on what was. */
proctype restart()
{
end:
    do
    :: atomic {
        restarts > 0 ->
        restarts--;
        do
        :: reports[STOP]?_, _, _, _
        :: reports[LIMIT]?_, _, _, _
        :: empty(reports[STOP]) && empty(reports[LIMIT]) -> break
        od;
#ifdef BUG_RESEND_AFTER_RESTART
        legs[STOP].send_submit = (legs[STOP].status == INTENT);
        legs[LIMIT].send_submit = (legs[LIMIT].status == INTENT);
#else
        legs[STOP].send_submit = false;
        legs[LIMIT].send_submit = false;
#endif
        legs[STOP].send_cancel = false;
        legs[LIMIT].send_cancel = false;
        derive()
       }
    :: idle = true
    od
}

/* ---- the world -----------------------------------------------------------------------------
 * `idle` is its freedom to do nothing for ever: without it, fairness would make orders fill. */

/* Requests arrive, and listings catch up. */
proctype broker(bit leg)
{
    byte generation;
end:
    do
    :: atomic {
        requests[leg]?SUBMIT, generation ->
        assert(ORDER(leg, generation).status == ABSENT); /* each (leg, generation) at most once */
        if
        :: ORDER(leg, generation).status = LIVE;
            resting = resting + ORDER(leg, generation).quantity;
            CHECK
        :: faults > 0 -> faults--; ORDER(leg, generation).status = DEAD /* rejected */
        fi;
        if
        :: ORDER(leg, generation).listed = true
        :: true
        fi;
        generation = 0
       }
    :: atomic {
        requests[leg]?CANCEL, generation ->
        if
        :: ORDER(leg, generation).status == LIVE -> order_ends(leg, generation)
        :: else
        fi;
        generation = 0
       }
    :: atomic {
        UNLISTED(leg, legs[leg].generation) -> ORDER(leg, legs[leg].generation).listed = true
       }
    od
}

/* Orders fill, one contract at a time, whenever they like or never. */
proctype market()
{
end:
    do
    :: atomic {
        entry_live ->
        if
        :: bought++; entry_live = (bought < CONTRACTS); CHECK
        :: entry_live = false /* canceled or expired, perhaps partly filled */
        fi
       }
    :: atomic { fill(STOP, legs[STOP].generation) }
    :: atomic { fill(LIMIT, legs[LIMIT].generation) }
    :: idle = true
    od
}

/* Messages are lost, overtaken and doubled. A submit is never doubled: what sends it sends it once. */
proctype network(bit leg)
{
    bit kind;
    byte generation, status, filled;
    bool settled;
end:
    do
    :: atomic {
        faults > 0 && nempty(requests[leg]) ->
        faults--;
        requests[leg]?kind, generation;
        if
        :: true /* lost */
        :: nempty(requests[leg]) -> requests[leg]!kind, generation
        fi;
        kind = 0;
        generation = 0
       }
    :: atomic {
        faults > 0 && nempty(reports[leg]) ->
        faults--;
        reports[leg]?generation, status, filled, settled;
        if
        :: true
        :: nempty(reports[leg]) -> reports[leg]!generation, status, filled, settled
        :: empty(reports[leg]) ->
            reports[leg]!generation, status, filled, settled;
            reports[leg]!generation, status, filled, settled
        fi;
        generation = 0;
        status = 0;
        filled = 0;
        settled = false
       }
    :: atomic {
        faults > 0 && requests[leg]?[CANCEL, generation] && nfull(requests[leg]) ->
        faults--;
        requests[leg]?<kind, generation>;
        requests[leg]!kind, generation;
        kind = 0;
        generation = 0
       }
    :: idle = true
    od
}

init
{
    atomic {
        run poll(STOP);
        run poll(LIMIT);
        run hear(STOP);
        run hear(LIMIT);
        run act(STOP);
        run act(LIMIT);
        run broker(STOP);
        run broker(LIMIT);
        run watch_entry();
        run watch_price();
        run watch_ttl();
        run restart();
        run market();
        run network(STOP);
        run network(LIMIT)
    }
}

#define PROTECTED (legs[STOP].status == LIVE && GONE(LIMIT) && resting == bought - sold)
#define FLAT      (bought == sold && resting == 0)
#define STABLE    ((FLAT && (entry_live || closed)) || (bought > sold && PROTECTED))

ltl settles { <>[] STABLE }
