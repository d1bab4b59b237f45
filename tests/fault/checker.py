"""The invariants of bracket orders, each a function of what is stored and what clients were told.

Each yields one message per violation; nothing else is looked at: no server, no clock. AT_REST hold whenever the server
is dead or the database is looked at in one snapshot; RECOVERED once a restarted server has said that it is ready."""

import collections
import hashlib
import json

import stored as store

CONTRACT_MULTIPLIER = 100  # the load trades options alone
AT_REST = []
RECOVERED = []


def at_rest(function):
    AT_REST.append(function)
    return function


def recovered(function):
    RECOVERED.append(function)
    return function


def check(stored, told, invariants):
    """Every violation, as "name: message"."""
    return [f"{invariant.__name__}: {message}" for invariant in invariants for message in invariant(stored, told)]


# ---- what clients were told --------------------------------------------------------------------


@at_rest
def no_answer_contradicts_another(_, told):
    yield from told.lies


@at_rest
def acknowledged_orders_exist(stored, told):
    for order in told.orders.values():
        row = stored.orders.get(order.id)
        if row is None:
            yield f"{order.id} was answered and is not stored"
        elif row.client_order_id != order.client_order_id:
            yield f"{order.id} was answered as {order.client_order_id} and is stored as {row.client_order_id}"
    names = {row.client_order_id for row in stored.orders.values()}
    for name in told.promises - names:
        yield f"{name} was answered 201 in a head without its body, and is not stored"


@at_rest
def acknowledged_revisions_exist(stored, told):
    for order in told.orders.values():
        row = stored.orders.get(order.id)
        if row is not None and row.rev < order.rev:
            yield f"{order.id} was shown at revision {order.rev} and is stored at {row.rev}"


@at_rest
def acknowledged_fills_stand(stored, told):
    filled = collections.Counter()
    for fill in stored.fills:
        bracket = store.parse_client_id(fill["client_id"])
        if bracket and bracket[1] == "entry":
            filled[bracket[0]] += fill["quantity"]
    for order in told.orders.values():
        if filled[order.id] < order.filled * store.UNIT:
            yield f"{order.id} was shown with {order.filled} filled, and its fills make {filled[order.id] / store.UNIT}"


@at_rest
def acknowledged_requests_stand(stored, told):
    """What changes nothing makes no event: a cancel where no entry is left, a close of what is being closed."""
    for order in told.orders.values():
        row = stored.orders.get(order.id)
        if row is None or not order.asked:
            continue
        types = {event["type"] for event in row.decoded()}
        if "cancel" in order.asked and not types & {"cancel_requested", "close_requested"} and _live_entries(row):
            yield f"{order.id}: a cancel was answered, and an entry lives without an event of it"
        closing = row.final or row.status == "closing" or any(store.LEGS[intent["leg"]] == "exit" for intent in row.intents)
        if "close" in order.asked and "close_requested" not in types and not closing:
            yield f"{order.id}: a close was answered, and there is no event of it"


@at_rest
def acknowledged_changes_stand(stored, told):
    for order in told.orders.values():
        row = stored.orders.get(order.id)
        if row is None:
            continue
        stops = {(event.get("spec.stop_loss.kind", 0), event.get("spec.stop_loss.value", 0))
                 for event in row.decoded() if event["type"] in ("accepted", "modified")}
        for stop in order.stops:
            (name, value), = json.loads(stop).items()
            if (_STOP_KINDS[name], round(float(value) * store.UNIT)) not in stops:
                yield f"{order.id}: the stop {stop} was answered and is not stored"


_STOP_KINDS = {"stop_price": 1, "percent": 2, "offset": 3, "trail_percent": 4, "trail_price": 5}


def _live_entries(row):
    return [intent["client_id"] for intent in row.intents
            if store.LEGS[intent["leg"]] == "entry" and store.STATUSES[intent["status"]] not in store.DEAD]


@at_rest
def answers_to_keys_are_kept(stored, told):
    for key, (status, answer, digest) in told.keys.items():
        row = stored.idempotency.get(key)
        if row is None:
            yield f"the key {key} was answered and is not stored"
        elif (row["status"], row["response"].encode(), row["body_sha256"].hex()) != (status, answer, digest):
            yield f"the key {key} was answered {status} {answer!r} and is stored as {row['status']} {row['response']!r}"


@at_rest
def events_seen_are_stored(stored, told):
    for (order_id, seq), (sequence, shown) in told.events.items():
        row = stored.orders.get(order_id)
        event = row.events[seq - 1] if row is not None and 0 < seq <= len(row.events) else None
        if event is None:
            yield f"event {seq} of {order_id} was seen and is not stored"
        elif (event["sequence"], store.EVENTS[event["type"]]) != (sequence, shown[0]):
            yield f"event {seq} of {order_id} was seen as {sequence} {shown}, and is stored as {event['sequence']} {store.EVENTS[event['type']]}"


@at_rest
def polls_missed_no_change(stored, told):
    """Who polls with `since` knows each order as it stands, unless it changed behind the place where the polls are."""
    for order in stored.orders.values():
        if order.events and order.events[-1]["sequence"] <= told.polled_to and told.revs.get(order.id, 0) < order.rev:
            yield f"{order.id} is at revision {order.rev}, polls have come to {told.polled_to} and know of {told.revs.get(order.id)}"


@at_rest
def the_kill_switch_is_as_told(stored, told):
    if bool(stored.owner["paused"]) not in told.paused:
        yield f"paused is {bool(stored.owner['paused'])}, told was {told.paused}"


# ---- the log -----------------------------------------------------------------------------------


@at_rest
def the_database_is_whole(stored, _):
    if stored.integrity != ["ok"]:
        yield f"quick_check: {stored.integrity[:3]}"
    yield from (f"a row of {table} without its order {bracket}" for table, bracket in stored.orphans)


@at_rest
def sequences_are_dense(stored, _):
    for i, sequence in enumerate(stored.sequences):
        if sequence != i + 1:
            yield f"after sequence {i} comes {sequence}"
            return


_DOMAIN = len(b"bracketd event").to_bytes(8, "little") + b"bracketd event"


@at_rest
def chains_are_whole(stored, _):
    for order in stored.orders.values():
        yield from _chain(order)


def _chain(order):
    head, at = bytes(32), 0
    id_bytes = bytes.fromhex(order.id.replace("-", ""))
    for event in order.events:
        at += 1
        if event["seq"] != at:
            yield f"{order.id}: after event {at - 1} comes {event['seq']}"
            return
        if event["prev_hash"] != head:
            yield f"{order.id}: event {at} does not follow from the one before"
            return
        body = event["body"]
        sha = hashlib.sha256(_DOMAIN + head + id_bytes)
        sha.update(at.to_bytes(8, "little") + len(body).to_bytes(8, "little") + body)
        head = sha.digest()
    if (order.rev, order.head) != (at, head):
        yield f"{order.id}: its row is at revision {order.rev}, its events end at {at}, hashes {order.head.hex()[:8]} and {head.hex()[:8]}"


@at_rest
def events_are_what_their_rows_say(stored, _):
    for order in stored.orders.values():
        for row, event in zip(order.events, order.decoded()):
            if event["type"] != store.EVENTS[row["type"]]:
                yield f"{order.id}: event {row['seq']} is {event['type']}, its row says {store.EVENTS[row['type']]}"
        if not order.events or order.decoded()[0]["type"] != "accepted":
            yield f"{order.id}: its first event does not accept it"


@at_rest
def final_is_what_the_status_says(stored, _):
    for order in stored.orders.values():
        if order.final != (order.status in store.FINAL):
            yield f"{order.id}: final is {order.final} with status {order.status}"


# ---- intents -----------------------------------------------------------------------------------


def _key(event):
    return store.LEGS[event.get("leg", 0)], event.get("generation", 0)


@at_rest
def intents_are_events(stored, _):
    """Each submit in the log has one intent, and each intent one submit; the second leg of a pair has its intent too."""
    for order in stored.orders.values():
        submits = collections.Counter()
        for event in order.decoded():
            if event["type"] == "submit":
                submits[_key(event)] += 1
                if event.get("paired"):
                    submits[("stop_loss", event["paired"])] += 1
        intents = {(store.LEGS[row["leg"]], row["generation"]) for row in order.intents}
        for key, count in submits.items():
            if count > 1:
                yield f"{order.id}: {key} was intended {count} times"
            if key not in intents:
                yield f"{order.id}: the event that intends {key} has no intent"
        for key in intents - set(submits):
            yield f"{order.id}: the intent {key} has no event"


@at_rest
def intents_are_named_by_their_order(stored, _):
    for order in stored.orders.values():
        for row in order.intents:
            if store.parse_client_id(row["client_id"]) != (order.id, store.LEGS[row["leg"]], row["generation"]):
                yield f"{order.id}: {store.LEGS[row['leg']]} {row['generation']} is named {row['client_id']}"


@at_rest
def one_entry_lives(stored, _):
    for order in stored.orders.values():
        if len(_live_entries(order)) > 1:
            yield f"{order.id}: entries {_live_entries(order)} may all live"


# ---- the broker's truth ------------------------------------------------------------------------


class AtBroker:
    """An order as the journal has it so far."""

    def __init__(self, leg, entry):
        self.leg, self.quantity, self.pair = leg, entry.order_quantity, entry.pair
        self.filled, self.live = 0, True


class Ledger:
    """Of one bracket at the broker: E, X and W as they stand while its journal is read."""

    def __init__(self):
        self.orders = {}  # client id -> AtBroker
        self.entered = self.exited = 0

    def working(self):
        """What live exits may still fill; a native OCO fills no more than its quantity over both legs."""
        live = [order for order in self.orders.values() if order.live and order.leg != "entry"]
        alone = sum(order.quantity - order.filled for order in live if not order.pair)
        return alone + sum(self._rest_of_pair(pair) for pair in {order.pair for order in live if order.pair})

    def _rest_of_pair(self, pair):
        both = [order for order in self.orders.values() if order.pair == pair]
        return max(order.quantity for order in both) - sum(order.filled for order in both)

    def live_entries(self):
        return [name for name, order in self.orders.items() if order.live and order.leg == "entry"]

    def take(self, leg, entry):
        """True when the order was submitted before."""
        if entry.kind == "submitted":
            again = entry.client_id in self.orders
            self.orders.setdefault(entry.client_id, AtBroker(leg, entry))
            return again
        order = self.orders.get(entry.client_id)
        if order is None:
            return False  # the_journal_is_dense tells
        if entry.kind == "filled":
            order.filled += entry.quantity
            order.live = order.live and order.filled < order.quantity
            if leg == "entry":
                self.entered += entry.quantity
            else:
                self.exited += entry.quantity
        elif entry.kind in ("canceled", "expired", "rejected"):
            order.live = False
        return False


def _play(stored):
    """Yields (bracket's id, its ledger, entry of the journal, whether it submits again) after each entry of ours."""
    playing = collections.defaultdict(Ledger)
    for entry in stored.journal:
        named = store.parse_client_id(entry.client_id) if entry.client_id else None
        if named is not None:
            ledger = playing[named[0]]
            yield named[0], ledger, entry, ledger.take(named[1], entry)


def ledgers(stored):
    """By bracket's id, at the journal's end."""
    return {bracket: ledger for bracket, ledger, _, _ in _play(stored)}


@at_rest
def the_journal_is_dense(stored, _):
    for i, entry in enumerate(stored.journal):
        if entry.seq != i + 1:
            yield f"after entry {i} comes {entry.seq}"
            return
    known = set()
    for entry in stored.journal:
        if entry.kind == "submitted":
            known.add(entry.client_id)
        elif entry.client_id and entry.client_id not in known:
            yield f"entry {entry.seq} is about {entry.client_id}, which was never submitted"


@at_rest
def orders_are_submitted_once(stored, _):
    for bracket, _, entry, again in _play(stored):
        if again:
            yield f"{bracket}: {entry.client_id} was accepted twice, again as entry {entry.seq}"


@at_rest
def submits_were_intended(stored, _):
    for entry in stored.journal:
        if entry.kind != "submitted":
            continue
        named = store.parse_client_id(entry.client_id)
        order = stored.orders.get(named[0]) if named else None
        intent = order.intent(*named[1:]) if order else None
        if intent is None:
            yield f"the broker has {entry.client_id}, which nobody intended"
        elif (intent["quantity"], store.SIDES[intent["side"]], order.symbol) != (entry.order_quantity, entry.side, entry.symbol):
            yield f"the broker has {entry.client_id} with other terms than were intended"


@at_rest
def at_most_one_entry_lives_at_the_broker(stored, _):
    for bracket, ledger, entry, _ in _play(stored):
        if entry.kind == "submitted" and len(ledger.live_entries()) > 1:
            yield f"{bracket}: entries {ledger.live_entries()} live at once, at entry {entry.seq}"


@at_rest
def no_bracket_is_over_entered(stored, _):
    """E <= Q, by the quantity that was accepted or set last before."""
    for bracket, ledger, entry, _ in _play(stored):
        order = stored.orders.get(bracket)
        if order is None or entry.kind != "filled":
            continue
        asked = max(event["spec.quantity"] for event in order.decoded() if event["type"] in ("accepted", "modified"))
        if ledger.entered > asked:
            yield f"{bracket}: {ledger.entered / store.UNIT} entered of {asked / store.UNIT}, at entry {entry.seq}"


@at_rest
def no_bracket_is_over_closed(stored, _):
    """X + W <= E at every instant."""
    for bracket, ledger, entry, _ in _play(stored):
        if ledger.exited + ledger.working() > ledger.entered:
            yield (f"{bracket}: {ledger.exited / store.UNIT} exited and {ledger.working() / store.UNIT} working "
                   f"of {ledger.entered / store.UNIT} entered, at entry {entry.seq}")


@at_rest
def fills_are_the_brokers(stored, _):
    """The desk never knows of more than there is."""
    truth = collections.Counter()
    for entry in stored.journal:
        if entry.kind == "filled":
            truth[entry.client_id] += entry.quantity
    known = collections.Counter()
    for fill in stored.fills:
        known[fill["client_id"]] += fill["quantity"]
    for client_id, quantity in known.items():
        if quantity > truth[client_id]:
            yield f"{client_id} has fills of {quantity / store.UNIT}, the broker filled {truth[client_id] / store.UNIT}"


@at_rest
def the_account_adds_up(stored, _):
    """Cash after each fill is that before and the fill's; positions are the sums of fills."""
    cash, positions = None, collections.Counter()
    for entry in stored.journal:
        change = 0
        if entry.kind in ("filled", "settled"):
            signed = entry.quantity if entry.kind == "settled" or entry.side == "buy" else -entry.quantity
            positions[entry.symbol] += signed
            change = -signed * entry.price * CONTRACT_MULTIPLIER // store.UNIT
        if cash is not None and entry.cash != cash + change:
            yield f"entry {entry.seq}: the cash is {entry.cash}, by the fills {cash + change}"
            return
        cash = entry.cash
    if cash is not None and stored.cash != cash:
        yield f"the account's cash is {stored.cash}, the journal's {cash}"
    if stored.positions != {symbol: quantity for symbol, quantity in positions.items() if quantity}:
        yield f"the positions are {stored.positions}, by the fills {dict(positions)}"


# ---- after a restart ---------------------------------------------------------------------------


def _spec(order):
    return next((event for event in reversed(order.decoded()) if event["type"] in ("accepted", "modified")), {})


def _has_stop(order):
    return "spec.stop_loss.kind" in _spec(order)


def _arms_late(order):
    """Its user wants exits once the entry is done."""
    return _spec(order).get("spec.arm", 0) == store.ARM_FULL


def unprotected(stored):
    """Messages of open positions behind which nothing works, and which no status tells of. A stop that is watched is none
    here: nobody has posted a quote since the start."""
    truth = ledgers(stored)
    for order in stored.orders.values():
        ledger = truth.get(order.id)
        if ledger is None or not _has_stop(order) or (_arms_late(order) and ledger.live_entries()):
            continue
        uncovered = ledger.entered - ledger.exited - ledger.working()
        if uncovered > 0 and order.status not in ("unprotected", "needs_review"):
            yield f"{order.id}: {uncovered / store.UNIT} of {(ledger.entered - ledger.exited) / store.UNIT} is open without an exit, status {order.status}"


@recovered
def positions_are_protected_or_flagged(stored, _):
    yield from unprotected(stored)


@recovered
def what_ended_is_over(stored, _):
    """`closed`, `canceled`, `expired`, `rejected`: P = 0, W = 0, the entry dead, at the broker."""
    truth = ledgers(stored)
    settled = {entry.symbol for entry in stored.journal if entry.kind == "settled"}
    for order in stored.orders.values():
        ledger = truth.get(order.id)
        if ledger is None or not order.final or not _has_stop(order) or order.symbol in settled:
            continue
        if ledger.entered != ledger.exited or ledger.working() or ledger.live_entries():
            yield (f"{order.id} is {order.status} with {(ledger.entered - ledger.exited) / store.UNIT} open, "
                   f"{ledger.working() / store.UNIT} in exits, entries {ledger.live_entries()}")


@recovered
def fills_are_all_known(stored, _):
    truth = collections.Counter()
    for entry in stored.journal:
        if entry.kind == "filled":
            truth[entry.client_id] += entry.quantity
    for fill in stored.fills:
        truth[fill["client_id"]] -= fill["quantity"]
    for client_id, missing in truth.items():
        if missing:
            yield f"{client_id}: {missing / store.UNIT} was filled and is not known"


@recovered
def nothing_is_in_doubt(stored, _):
    """An intent may be live or dead, but not without the broker having been asked."""
    submitted = {entry.client_id for entry in stored.journal if entry.kind == "submitted"}
    for order in stored.orders.values():
        for row in order.intents:
            status = store.STATUSES[row["status"]]
            if status == "unknown" and not order.final:
                yield f"{order.id}: {row['client_id']} is unknown"
            if row["client_id"] not in submitted and status in ("new", "partially_filled", "filled"):
                yield f"{order.id}: {row['client_id']} is {status}, and the broker never had it"
