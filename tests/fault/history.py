"""What became of one bracket, as text for who has to find out: its events and the broker's journal of its orders, with
the starts and deaths of the server, line by line in the order of time."""

import re
import time

import stored as store

_NAMES = {"leg": store.LEGS, "status": store.STATUSES, "outcome": store.OUTCOMES, "reject": store.REJECTS, "order_type": store.TYPES}
_OF_EVERY_EVENT = {"type", "clock.wall_ns", "clock.steady_ns", "quote.at_steady_ns", "id"}
_COUNTS = {"generation", "paired", "replacing", "quote.halted"}


def _value(name, value):
    if name in _NAMES:
        return _NAMES[name].get(value, value)
    if name.endswith("_ns"):
        return f"{value / 1e9:.3f}s"
    return value if name in _COUNTS or name.startswith("spec.") and value < 100 else f"{value / store.UNIT:g}"


def _event(event):
    """Number 0 is left out in an event, and is the name of many a first: the leg of an entry, an unknown outcome."""
    shown = dict(event)
    if event["type"] in ("submit", "submit_outcome", "cancel", "cancel_outcome", "report", "absent"):
        shown.setdefault("leg", 0)
    if event["type"].endswith("_outcome"):
        shown.setdefault("outcome", 0)
    return " ".join(f"{name}={_value(name, value)}" for name, value in shown.items()
                    if name not in _OF_EVERY_EVENT and not name.startswith("spec.contract."))


def _clock(wall_ns):
    return time.strftime("%H:%M:%S", time.gmtime(wall_ns // 10**9)) + f".{wall_ns // 1000 % 10**6:06d}"


def _lines(stored, order):
    """(wall time, text); the clock of the server's own, which stands still while it is dead, is told with each event."""
    for row, event in zip(order.events, order.decoded()):
        yield row["at_ns"], f"event {row['seq']:4} {event['clock.steady_ns'] / 1e9:10.3f}  {event['type']} {_event(event)}"
    for entry in stored.journal:
        named = store.parse_client_id(entry.client_id) if entry.client_id else None
        if named and named[0] == order.id:
            pair = f" of pair {entry.pair}" if entry.pair else ""
            yield entry.at_ns, (f"broker {entry.seq:14}  {entry.kind} {named[1]} {named[2]}{pair}: {entry.quantity / store.UNIT:g} at "
                                f"{entry.price / store.UNIT:g}, an order to {entry.side} {entry.order_quantity / store.UNIT:g}")


def of(stored, order_id, marks=()):
    """`marks`: (wall time in ns, what happened to the server) pairs."""
    order = stored.orders.get(order_id)
    if order is None:
        return f"{order_id} is not stored\n"
    lines = sorted([*_lines(stored, order), *((at, f"---- {what}") for at, what in marks)], key=lambda line: line[0])
    head = f"{order.id} {order.client_order_id}: {order.status} at revision {order.rev}\n"
    intents = "".join(f"intent {store.LEGS[row['leg']]} {row['generation']}: {store.STATUSES[row['status']]}\n" for row in order.intents)
    return head + "".join(f"{_clock(at)} {text}\n" for at, text in lines) + intents


_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def named_in(messages):
    """Ids of the brackets that the messages are about, by their own or by that of an order at the broker."""
    found = {}
    for message in messages:
        for word in re.findall(r"[0-9a-z-]{30,}", message):
            named = store.parse_client_id(word)
            if named or _UUID.fullmatch(word):
                found[named[0] if named else word] = True
    return list(found)


def shortened(text, lines=80):
    """Its head, and the newest lines."""
    all_lines = text.splitlines()
    if len(all_lines) <= lines:
        return text
    return "\n".join([all_lines[0], f"... {len(all_lines) - lines} lines ...", *all_lines[1 - lines:]])
