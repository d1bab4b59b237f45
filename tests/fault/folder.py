"""A data folder with its server, its page of faults, and what clients were told of it: one life with many deaths."""

import contextlib
import pathlib
import pickle
import shutil
import tempfile
import threading
import time

import checker
import history
import page as faults
import process
import stored as store
from client import Client, Lost
from told import Told

RECOVERY_SECONDS = 2.0  # from the start of the process until every open position is protected or flagged
READY_SECONDS = 20.0
ARGUMENTS = ("--market-hours", "24x7", "--paper-cash", "100000000", "--workers", "1", "--http-threads", "1", "--api-threads", "2",
             "--cache-mb", "64", "--shard-cache-mb", "0", "--ballast-mb", "0", "--disk-reserve-mb", "1")


class Violation(AssertionError):
    """Messages of the checker, and where the evidence was put."""


class Stalls:
    """How much longer than asked for this process slept: what a busy machine took from everybody. Bounds in seconds
    are of a machine that runs what is ready, so they are longer by this."""

    def __init__(self):
        self.total = 0.0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.ending.is_set():
            begin = time.monotonic()
            time.sleep(0.005)
            self.total += max(0, time.monotonic() - begin - 0.015)


STALLS = None


def stalls():
    """Those of this process: a fork, as for each life, has taken no thread with it."""
    global STALLS
    if STALLS is None or not STALLS.thread.is_alive():
        STALLS = Stalls()
    return STALLS


def stalled():
    return stalls().total


class Folder:
    """Use as a context manager. `evidence`: where a violation leaves copies of the database."""

    def __init__(self, name, evidence, arguments=("--poll-interval-ms", "100"), limits=None, shim=True):
        self.name = name
        self.evidence = pathlib.Path(evidence)
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="bracketd-crash-"))
        self.data = self.root / "data"
        self.page = faults.Page(self.root / "page") if shim else None
        self.told = Told()
        self.server = process.Process(self.data, self.root / "log", (*ARGUMENTS, *arguments), self.page, limits)
        self.key = None
        self.recoveries = []  # seconds from a start to the last position protected
        self.kills = 0
        self.marks = []  # (UTC in ns, what happened to the server)

    def __enter__(self):
        done = process.bracketd("keys", "create", "--data", self.data, "--name", "crash", "--scopes", "admin", "--plain")
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        self.key = done.stdout.strip()
        return self

    def __exit__(self, kind, *_):
        self.server.kill()
        shutil.rmtree(self.root, ignore_errors=True)

    def client(self, told=None):
        return Client(self.server.port, self.key, told or self.told)

    # ---- deaths

    def killed(self):
        """The server is dead: nobody is told anything any more, and what is on the disk must bear out what was."""
        self.kills += 1
        self.mark("dead")
        self.require(store.read_copy(self.data), checker.AT_REST, "after the kill")

    def require(self, stored, invariants, when):
        found = checker.check(stored, self.told, invariants)
        if found:
            self.fail(found, when, stored)

    def mark(self, what):
        self.marks.append((time.time_ns(), what))

    def fail(self, found, when, stored=None):
        """`stored`: what was looked at; the orders that are named tell their histories, the first of them at once, as who
        reads it may not have the folder."""
        self.mark("looked at")
        where = self.keep_evidence()
        text = "\n  ".join(found[:20]) + (f"\n  and {len(found) - 20} more" if len(found) > 20 else "")
        stories = [history.of(stored, order, self.marks) for order in history.named_in(found[:20])] if stored else []
        with contextlib.suppress(OSError):
            (where / "history").write_text("\n".join(stories))
        first = "\n" + history.shortened(stories[0]) if stories else ""
        raise Violation(f"{self.name}, {when} (start {self.server.starts}):\n  {text}\nevidence: {where}{first}")

    def keep_evidence(self):
        where = self.evidence / self.name.replace(" ", "-").replace("/", "-")
        with contextlib.suppress(OSError):
            shutil.rmtree(where, ignore_errors=True)
            where.mkdir(parents=True)
            shutil.copytree(self.data, where / "data")
            shutil.copyfile(self.root / "log", where / "log")
            (where / "told.pickle").write_bytes(pickle.dumps(self.told))
        return where

    # ---- starts

    def start(self):
        """Starts the server, and checks that within two seconds it has taken up everything that was left open."""
        before = stalled()
        self.mark("start")
        self.server.start()
        self.mark("listens")
        try:
            self.wait_ready()
            self.mark("ready")
            self.wait_recovered(before)
        except Lost as lost:
            self.server.wait(1)
            status = self.server.child.returncode
            self.fail([f"the server does not answer ({lost}), its status is {status}:\n{self.server.log_tail()}"], "after the restart")

    def wait_ready(self):
        client = self.client()
        deadline = time.monotonic() + READY_SECONDS
        try:
            while True:
                answer = client.send("GET", "/readyz")
                if answer.status == 200:
                    return
                if time.monotonic() > deadline:
                    self.fail([f"not ready after {READY_SECONDS} s: {answer!r}"], "after the restart")
                time.sleep(0.005)
        finally:
            client.close()

    def wait_recovered(self, stalled_before):
        """Nothing moves now: no client, no quote."""
        while True:
            looked_at = time.monotonic()  # the snapshot is of later, and to read it takes its time
            stored = store.read_live(self.data)
            found = checker.check(stored, self.told, checker.RECOVERED)
            if not found:
                break
            took = looked_at - self.server.started_at
            if took > RECOVERY_SECONDS and took > RECOVERY_SECONDS + self.hindered(stalled_before) + self.disk_stalled():
                self.fail(found, f"{took:.2f} s after the restart", stored)
            time.sleep(0.01)
        took = time.monotonic() - self.server.started_at
        self.recoveries.append(took)
        if took > RECOVERY_SECONDS:
            print(f"note {self.name}: recovered after {took:.2f} s, of which a busy machine took {self.hindered(stalled_before):.2f} s "
                  f"and its disk {self.disk_stalled():.2f} s", flush=True)
        self.require(stored, checker.AT_REST, "after the restart")
        self.settle_doubt(stored)

    def hindered(self, stalled_before):
        """Seconds that a busy machine took: seen from here, or from within the server, whichever was longer."""
        return max(stalled() - stalled_before, self.server.starved())

    def disk_stalled(self):
        return self.page.stalled_ns / 1e9 if self.page else 0

    def settle_doubt(self, stored):
        """What was asked without an answer is asked again, as a client does that lost its connection."""
        by_client_order_id = {order.client_order_id: order for order in stored.orders.values()}
        client = self.client()
        try:
            for request in self.told.take_doubt():
                if request.path == "/v1/orders" and request.method == "POST":
                    self.ask_again(client, request, by_client_order_id.get(request.client_order_id))
        finally:
            client.close()

    def ask_again(self, client, request, before):
        """`before`: the order that the lost request made, None when it made none."""
        answer = client.place_bytes(request.body, request.key, request.client_order_id)
        if before is None and answer.status in (201, 400, 403, 409):  # what was never accepted may be refused
            return
        if before is not None and request.key is None and answer.status == 409:
            return
        if before is not None and request.key is not None and answer.status == 201 and answer.json()["id"] == before.id:
            return
        self.fail([f"{request.client_order_id} was {'stored as ' + before.id if before else 'not stored'}, and asked for again, "
                   f"key {request.key}: {answer!r}"], "asking again")
