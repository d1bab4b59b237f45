"""What is in bracketd.db, read without the server: by a copy after a kill, read-only beside a server that runs.

Numbers get their names from the tables in the C headers, events are decoded by the members of order_event.c: both are
read from the source, so that this file repeats neither."""

import dataclasses
import functools
import pathlib
import re
import shutil
import sqlite3
import tempfile
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _table(header, name):
    """The names in a table of X(code, "name"...), by their numbers: from 0, or as X(code, number, "name") says."""
    text = re.sub(r"/\*.*?\*/", "", (ROOT / "orders" / header).read_text(), flags=re.DOTALL)
    body = re.search(r"#define " + name + r"\(X\)((?:[^\n]*\\\n)*[^\n]*\n)", text).group(1)
    rows = re.findall(r"\bX\(\w+,\s*(?:(\d+),\s*)?\"(\w+)\"", body)
    return {int(number or i): text for i, (number, text) in enumerate(rows)}


SIDES = _table("order.h", "ORDER_SIDE_TABLE")
LEGS = _table("order.h", "LEG_TABLE")
TYPES = _table("order.h", "ORDER_TYPE_TABLE")
STATUSES = _table("order.h", "ORDER_STATUS_TABLE")
OUTCOMES = _table("outcome.h", "OUTCOME_TABLE")
REJECTS = _table("outcome.h", "REJECT_TABLE")
BRACKET_STATUSES = _table("bracket.h", "BRACKET_STATUS_TABLE")
EVENTS = _table("order_event.h", "ORDER_EVENT_TABLE")
JOURNAL_KINDS = _table("paper/paper_store.h", "PAPER_EVENT_TABLE")
ARM_FULL = next(number for number, name in _table("bracket.h", "ARM_TABLE").items() if name == "full")
DEAD = {"filled", "canceled", "expired", "rejected"}
FINAL = {"closed", "canceled", "expired", "rejected"}
UNIT = 1_000_000


def _members():
    text = (ROOT / "orders" / "order_event.c").read_text()
    body = text[text.index("static const struct member members[] = {"):]
    body = body[body.index("{"):body.index("\n};")]
    sizes = {"16": 16, "LIMIT_SYMBOL_BYTES": 32}
    return [(name, sizes[size] if size else 0)
            for name, size in re.findall(r"\b(?:I32|I64|BYTES)\(([\w.]+)(?:,\s*(\w+))?\)", body)]


MEMBERS = _members()


@functools.lru_cache(maxsize=500_000)
def decode(body):
    """An event's members that are not 0, by name; ValueError when the bytes are none."""
    if len(body) < 3 or body[0] != 1 or body[1] not in EVENTS:
        raise ValueError("no event")
    event, at = {"type": EVENTS[body[1]]}, 2
    while body[at]:
        name, size = MEMBERS[body[at] - 1]
        at += 1
        if size:
            event[name] = body[at:at + size]
            at += size
            continue
        value = shift = 0
        while True:
            byte = body[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                break
        event[name] = value >> 1 ^ -(value & 1)
    if at + 1 != len(body):
        raise ValueError("bytes behind the event")
    return event


_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_LETTERS = {"e": "entry", "t": "take_profit", "s": "stop_loss", "x": "exit"}
_CLIENT_ID = re.compile(r"[a-z0-9]{5,10}-([0-7][0-9a-hjkmnp-tv-z]{25})-([etsx])([1-9][0-9]{0,6})")


@functools.lru_cache(maxsize=500_000)
def parse_client_id(text):
    """(bracket's id, leg, generation) of an order at the broker; None when it is not one of ours."""
    found = _CLIENT_ID.fullmatch(text)
    if not found:
        return None
    number = 0
    for digit in found.group(1):
        number = number * 32 + _CROCKFORD.index(digit)
    return str(uuid.UUID(int=number)), _LETTERS[found.group(2)], int(found.group(3))


class Order:
    """A bracket as stored: its header row, events (rows), intents and fills (rows)."""

    def __init__(self, row):
        self.seq = row["seq"]
        self.id = str(uuid.UUID(bytes=row["id"]))
        self.client_order_id = row["client_order_id"]
        self.symbol = row["symbol"]
        self.status = BRACKET_STATUSES[row["status"]]
        self.final = bool(row["final"])
        self.rev = row["rev"]
        self.head = row["head"]
        self.events = []
        self.intents = []
        self._decoded = None

    def decoded(self):
        if self._decoded is None:
            self._decoded = [decode(event["body"]) for event in self.events]
        return self._decoded

    def intent(self, leg, generation):
        for row in self.intents:
            if LEGS[row["leg"]] == leg and row["generation"] == generation:
                return row
        return None


@dataclasses.dataclass
class Entry:
    """One entry of the paper broker's journal, with what never changes of the order that it is about."""

    seq: int
    at_ns: int  # UTC
    kind: str
    symbol: str
    quantity: int  # of a fill or a settlement
    price: int
    cash: int  # after it
    client_id: str | None = None
    side: str | None = None
    order_quantity: int = 0
    pair: int = 0  # the same number for both legs of a native OCO; 0 = none


def read_journal(connection):
    rows = connection.execute(
        "SELECT j.seq, j.at_ns, j.kind, j.symbol, j.quantity, j.price, j.cash, o.client_id, o.side, o.quantity AS order_quantity,"
        " CASE o.pair_id WHEN 0 THEN 0 ELSE min(o.id, o.pair_id) END AS pair"
        " FROM paper_journal j LEFT JOIN paper_orders o ON o.id = j.order_id ORDER BY j.seq")
    return [Entry(row["seq"], row["at_ns"], JOURNAL_KINDS[row["kind"]], row["symbol"], row["quantity"], row["price"], row["cash"],
                  row["client_id"], SIDES.get(row["side"]), row["order_quantity"], row["pair"]) for row in rows]


class Stored:
    """All of bracketd.db that orders are about."""

    def __init__(self, connection):
        connection.row_factory = sqlite3.Row
        self.connection = connection
        with connection:
            connection.execute("BEGIN")  # one snapshot
            self.integrity = [row[0] for row in connection.execute("PRAGMA quick_check")]
            self.orders = {order.id: order for order in map(Order, connection.execute("SELECT * FROM orders ORDER BY seq"))}
            by_seq = {order.seq: order for order in self.orders.values()}
            self.orphans = []  # rows of no order
            self.sequences = []
            for row in connection.execute("SELECT * FROM order_events ORDER BY sequence"):
                self.sequences.append(row["sequence"])
                self._attach(by_seq, row, "events")
            for row in connection.execute("SELECT * FROM intents ORDER BY bracket, leg, generation"):
                self._attach(by_seq, row, "intents")
            self.fills = list(connection.execute("SELECT * FROM fills ORDER BY id"))
            self.idempotency = {row["key"]: row for row in connection.execute("SELECT * FROM idempotency")}
            self.owner = dict(connection.execute("SELECT * FROM owner").fetchone())
            self.journal = read_journal(connection)
            self.cash = connection.execute("SELECT ifnull(sum(cash), 0) FROM paper_account").fetchone()[0]
            self.positions = dict(connection.execute("SELECT symbol, quantity FROM paper_positions WHERE quantity <> 0").fetchall())

    def _attach(self, by_seq, row, name):
        if row["bracket"] in by_seq:
            getattr(by_seq[row["bracket"]], name).append(row)
        else:
            self.orphans.append((name, row["bracket"]))


def read_copy(data):
    """After a kill: of a copy, so that the look changes nothing that the server will find."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bracketd-crash-look-"))
    try:
        for name in ("bracketd.db", "bracketd.db-wal"):
            if (pathlib.Path(data) / name).exists():
                shutil.copyfile(pathlib.Path(data) / name, folder / name)
        connection = sqlite3.connect(folder / "bracketd.db")
        try:
            return Stored(connection)
        finally:
            connection.close()
    finally:
        shutil.rmtree(folder)


def read_live(data):
    """Beside a server that runs: one more reader."""
    connection = sqlite3.connect(f"file:{pathlib.Path(data) / 'bracketd.db'}?mode=ro", uri=True, timeout=10)
    try:
        return Stored(connection)
    finally:
        connection.close()
