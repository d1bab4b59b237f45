"""What clients were told, as it came: the record that a crash must not make untrue.

A request is written down before it is sent and struck out by its answer, so what is left is in doubt: it may have
happened or not, and nothing was promised. Any thread may write."""

import dataclasses
import hashlib
import json
import threading
import time


@dataclasses.dataclass
class Request:
    """One request under way, or whose answer never came."""

    method: str
    path: str
    body: bytes = b""
    key: str | None = None  # Idempotency-Key
    order: str | None = None  # the order that it is about
    client_order_id: str | None = None
    at: float = dataclasses.field(default_factory=time.monotonic)


@dataclasses.dataclass
class Placed:
    """An order whose 201 was read to its end."""

    id: str
    client_order_id: str
    key: str | None
    body: bytes
    answer: bytes
    at: float
    rev: int = 1  # the greatest that anybody saw
    filled: float = 0  # of the entry, the most that anybody saw
    asked: set = dataclasses.field(default_factory=set)  # "cancel", "close": answered 202
    stops: set = dataclasses.field(default_factory=set)  # stop losses that a change was answered with, as JSON


class Told:
    def __init__(self):
        self.lock = threading.Lock()
        self.orders = {}  # id -> Placed
        self.promises = set()  # client_order_ids of placements whose 201 was cut off behind its head
        self.keys = {}  # idempotency key -> (status, answer, sha256 of the body)
        self.events = {}  # (order id, seq) -> what was shown of it
        self.sequences = {}  # sequence in the whole log -> (order id, seq)
        self.stream_at = 0  # the last sequence that a stream has told
        self.revs = {}  # order id -> its revision, by polls with `since`
        self.polled_to = 0  # the place in the log that they have come to
        self.doubt = {}  # number -> Request
        self.paused = {False}  # what the kill switch may be
        self.switches = {}  # number -> what it is set to by a request under way
        self.crossed = False  # requests to set it were under way at once: either may have been the last
        self.lies = []  # what contradicted an earlier answer, found at once
        self.counts = {}
        self.number = 0

    def __getstate__(self):
        return {**self.__dict__, "lock": None}  # as evidence, nobody writes it any more

    # ---- requests

    def begin(self, request):
        with self.lock:
            self.number += 1
            self.doubt[self.number] = request
            return self.number

    def end(self, number):
        """An answer came; what it says is told by the calls below, before this."""
        with self.lock:
            return self.doubt.pop(number)

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def lie(self, text):
        with self.lock:
            self.lies.append(text)

    # ---- answers

    def placed(self, request, status, answer, order):
        """A 2xx to a placement; `order` is its body."""
        digest = hashlib.sha256(request.body).hexdigest()
        with self.lock:
            if request.key is not None:
                before = self.keys.setdefault(request.key, (status, answer, digest))
                if before[2] == digest and before[:2] != (status, answer):
                    self.lies.append(f"the key {request.key} was answered {before[0]} {before[1]!r}, and now {status} {answer!r}")
            known = self.orders.get(order["id"])
            if known is None:
                self.orders[order["id"]] = Placed(order["id"], order["client_order_id"], request.key, request.body, answer, time.monotonic())
            elif (known.client_order_id, known.body) != (order["client_order_id"], request.body):
                self.lies.append(f"the order {order['id']} was given to two requests: {known.client_order_id} and {order['client_order_id']}")
        self.seen(order)

    def promised(self, client_order_id):
        with self.lock:
            self.promises.add(client_order_id)

    def seen(self, order):
        """An order in any answer."""
        with self.lock:
            known = self.orders.get(order["id"])
            if known is not None:
                known.rev = max(known.rev, order["rev"])
                known.filled = max(known.filled, float(order["filled_quantity"] or 0))

    def polled(self, revs, sequence):
        """A page of what changed, up to a place in the log."""
        with self.lock:
            self.revs.update(revs)
            self.polled_to = sequence

    def asked(self, order_id, what):
        with self.lock:
            if order_id in self.orders:
                self.orders[order_id].asked.add(what)

    def changed(self, order_id, stop):
        with self.lock:
            if order_id in self.orders:
                self.orders[order_id].stops.add(json.dumps(stop, sort_keys=True))

    def switching(self, paused):
        """The number of a request that is about to set it."""
        with self.lock:
            self.number += 1
            self.switches[self.number] = paused
            self.crossed = self.crossed or len(self.switches) > 1
            self.paused = self.paused | {paused}
            return self.number

    def switched(self, number, done):
        """The request is over; `done`: it was answered so."""
        with self.lock:
            paused = self.switches.pop(number)
            if done and not self.crossed:
                self.paused = {paused}
            self.crossed = self.crossed and bool(self.switches)

    def event(self, order_id, seq, sequence, shown):
        """An event in a stream or a list; `shown` is whatever of it must never change."""
        with self.lock:
            before = self.events.setdefault((order_id, seq), (sequence, shown))
            if before != (sequence, shown):
                self.lies.append(f"event {seq} of {order_id} was {before}, and now {(sequence, shown)}")
            if self.sequences.setdefault(sequence, (order_id, seq)) != (order_id, seq):
                self.lies.append(f"the sequence {sequence} was told of {self.sequences[sequence]}, and now of {(order_id, seq)}")

    # ---- between a kill and the next start

    def take_doubt(self):
        """The requests without an answer, which nobody waits for any more."""
        with self.lock:
            left, self.doubt = list(self.doubt.values()), {}
            return left
