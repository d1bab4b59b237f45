"""GET /v1/events: the log of orders as server-sent events, live and replayed, over a kill too; jobs; readers that do
not read; the server's stop."""

import contextlib
import json
import socket
import threading
import time
import unittest
import uuid

import harness
import market
import order_tools


class Stream:
    """A reader of server-sent events over a plain socket."""

    def __init__(self, server, query="", last=None, key=None, read=True):
        self.events = []  # (id or None, name, data)
        self.comments = 0
        self.begin_id = None
        self.retry = None
        self.ended = False  # by the end of the chunks, not only of the connection
        self.closed = False
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        if not read:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        head = f"GET /v1/events{query} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key or server.key}\r\n"
        if last is not None:
            head += f"Last-Event-ID: {last}\r\n"
        self.socket.sendall((head + "\r\n").encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while (line := self.file.readline().decode().strip()):
            name, value = line.split(": ", 1)
            self.headers[name.lower()] = value
        if read and self.status == 200:
            self.thread = threading.Thread(target=self._read, daemon=True)
            self.thread.start()
            harness.wait_until(lambda: self.begin_id is not None)

    def _chunks(self):
        while True:
            line = self.file.readline()
            if not line:
                return
            length = int(line, 16)
            data = self.file.read(length)
            self.file.readline()
            if length == 0:
                self.ended = True
                return
            yield data

    def _read(self):
        text = b""
        with contextlib.suppress(OSError, ValueError):
            for chunk in self._chunks():
                text += chunk
                *blocks, text = text.split(b"\n\n")
                for block in blocks:
                    self._take(block.decode())
        self.closed = True

    def _take(self, block):
        fields = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
            else:
                self.comments += 1
        if "data" in fields:
            number = int(fields["id"]) if "id" in fields else None
            self.events.append((number, fields["event"], json.loads(fields["data"])))
        elif "id" in fields:
            self.retry = int(fields["retry"])
            self.begin_id = int(fields["id"])

    def ids(self):
        return [number for number, _, _ in self.events if number is not None]

    def of(self, order):
        return [data for _, name, data in self.events if name == "order" and data["order_id"] == order["id"]]

    def jobs(self):
        return [data for _, name, data in self.events if name == "job"]

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = order_tools.server().__enter__()
        cls.client = cls.server.client()
        harness.wait_until(lambda: cls.client.get("/readyz").status == 200)
        assert cls.client.import_csv("ABC", market.csv_text(market.make_bars(days=60, seed=3))).status == 200

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def stream(self, query="", **more):
        stream = Stream(self.server, query, **more)
        self.addCleanup(stream.close)
        return stream

    def newest(self):
        return self.client.get("/v1/orders", query={"limit": 1}).json()["sequence"]

    def test_events_come_as_they_happen(self):
        stream = self.stream()
        self.assertEqual((stream.status, stream.headers["content-type"]), (200, "text/event-stream"))
        self.assertGreater(stream.retry, 0)
        symbol = order_tools.contract(900, "LIVE")
        order_tools.quote(self.client, symbol)
        order = order_tools.place(self.client, symbol, limit="5.10", client_order_id="live-1")
        order_tools.settled(self.client, order, ["protecting"])
        rev = self.client.get(f"/v1/orders/{order['id']}").json()["rev"]
        harness.wait_until(lambda: len(stream.of(order)) >= rev)
        events = stream.of(order)
        self.assertEqual([e["seq"] for e in events], list(range(1, len(events) + 1)))
        self.assertEqual(events[0]["type"], "accepted")
        last = events[-1]["order"]
        self.assertEqual((last["status"], last["client_order_id"], last["symbol"], last["occ_symbol"], last["open_quantity"]),
                         ("protecting", "live-1", "LIVE", symbol, "1"))
        log = self.client.get(f"/v1/orders/{order['id']}/events").json()["items"]
        for event, stored in zip(events, log):
            self.assertEqual({k: event[k] for k in ("sequence", "seq", "at", "type", "detail")},
                             {k: stored[k] for k in ("sequence", "seq", "at", "type", "detail")})

    def test_a_stream_ends_with_its_key(self):
        made = self.client.post("/v1/keys", json={"name": "watcher", "scopes": ["read"]}).json()
        other = self.client.post("/v1/keys", json={"name": "other", "scopes": ["read"]}).json()
        stream, stays = self.stream(key=made["key"]), self.stream(key=other["key"])
        self.assertEqual(self.client.delete(f"/v1/keys/{made['id']}").status, 204)
        harness.wait_until(lambda: stream.closed, seconds=10)
        self.assertTrue(stream.ended)
        order = order_tools.place(self.client, order_tools.contract(905, "KEYS"))
        harness.wait_until(lambda: stays.of(order))
        self.assertFalse(stays.closed)
        self.assertEqual(stream.of(order), [])
        order_tools.cancel(self.client, order)

    def test_a_replay_goes_on_live_without_a_gap_or_a_repetition(self):
        begin = self.newest()
        symbol = order_tools.contract(910, "PLAY")
        stop = threading.Event()

        def trade():
            client = self.server.client()
            while not stop.is_set():
                order_tools.cancel(client, order_tools.place(client, symbol))
        thread = threading.Thread(target=trade)
        thread.start()
        time.sleep(0.3)
        streams = [self.stream(f"?since={begin}&types=order"), self.stream(last=begin), self.stream(f"?since={begin + 7}")]
        time.sleep(1)
        late = self.stream(f"?since={begin}")
        time.sleep(0.5)
        stop.set()
        thread.join()
        harness.wait_until(lambda: self.newest() == (time.sleep(0.3), self.newest())[1])
        end = self.newest()
        for stream, start in (*zip(streams, (begin, begin, begin + 7)), (late, begin)):
            harness.wait_until(lambda: stream.ids() and stream.ids()[-1] >= end)  # noqa: B023
            self.assertEqual(stream.ids(), list(range(start + 1, stream.ids()[-1] + 1)))

    def test_one_order_alone_can_be_watched(self):
        order = order_tools.place(self.client, order_tools.contract(920, "ONE"))
        stream = self.stream(f"?order_id={order['id']}&since=0")
        other = order_tools.place(self.client, order_tools.contract(920, "TWO"))
        order_tools.cancel(self.client, order)
        final = order_tools.settled(self.client, order, ["canceled"])
        harness.wait_until(lambda: len(stream.of(order)) >= final["rev"])
        self.assertEqual([e["seq"] for e in stream.of(order)], list(range(1, final["rev"] + 1)))
        self.assertEqual(stream.of(other), [])
        self.assertEqual(stream.jobs(), [])

    def test_jobs_are_told(self):
        both, orders = self.stream(), self.stream("?types=order")
        jobs = self.stream("?types=job")
        job = self.client.post("/v1/backtests", json={"rule": "close > open", "symbols": ["ABC"]}, query={"wait": 30}).json()
        for stream in (both, jobs):
            harness.wait_until(lambda: any(j["id"] == job["id"] and j["status"] == "succeeded" for j in stream.jobs()))  # noqa: B023
            last = [j for j in stream.jobs() if j["id"] == job["id"]][-1]
            self.assertEqual(last["progress"], job["progress"])
        self.client.delete(f"/v1/backtests/{job['id']}")
        harness.wait_until(lambda: {"id": job["id"], "status": "removed"} in jobs.jobs())
        self.assertTrue(all(number is None for number, name, _ in both.events if name == "job"))
        self.assertEqual(orders.jobs(), [])

    def test_what_makes_no_sense_is_refused(self):
        for query, headers in (({"since": "x"}, {}), ({"since": -1}, {}), ({"types": "orders"}, {}), ({"types": ""}, {}),
                               ({"order_id": "1"}, {}), ({"types": "job", "order_id": str(uuid.uuid4())}, {}),
                               ({"types": "order,"}, {}), ({"sinse": 1}, {}), ({}, {"Last-Event-ID": "x"}),
                               ({}, {"Last-Event-ID": "-3"})):
            answer = self.client.get("/v1/events", query=query, headers=headers)
            self.assertEqual(answer.status, 400, (query, headers, answer))
        self.assertEqual(harness.Client(self.server.port).get("/v1/events").status, 401)
        head = self.client.request("HEAD", "/v1/events", check=False)
        self.assertEqual((head.status, head.headers["Content-Type"]), (200, "text/event-stream"))

    def test_a_place_of_another_database_begins_with_what_comes_next(self):
        stream = self.stream("?since=9000000000000")
        self.assertLess(stream.begin_id, 9000000000000)
        order = order_tools.place(self.client)
        harness.wait_until(lambda: stream.of(order))

    def test_streams_that_were_left_make_room(self):
        streams = []
        try:
            while True:
                stream = Stream(self.server, read=False)
                streams.append(stream)
                if stream.status != 200:
                    break
            self.assertEqual(stream.status, 429)
            self.assertIn("retry-after", stream.headers)
            self.assertGreater(len(streams), 400)
            self.assertEqual(self.client.get("/readyz").status, 200)
        finally:
            for stream in streams:
                stream.close()
        harness.wait_until(lambda: Stream(self.server, read=False).status == 200)

    def test_a_reader_that_does_not_read_holds_nobody_up(self):
        slow = [Stream(self.server, "?since=0", read=False) for _ in range(5)]
        quick = self.stream()
        for _ in range(40):
            order = order_tools.place(self.client)
        harness.wait_until(lambda: quick.of(order))
        for stream in slow:
            stream.close()


class Restarts(unittest.TestCase):
    def trade(self, server, stop):
        """Places and cancels until it is told to stop, or the server is gone."""
        client = server.client()
        with contextlib.suppress(Exception):
            while not stop.is_set():
                order_tools.cancel(client, order_tools.place(client))

    def test_a_stream_goes_on_over_kills_without_a_gap_or_a_repetition(self):
        with order_tools.server() as server:
            seen, last = [], 0
            for _ in range(3):
                harness.wait_until(lambda: server.client().get("/readyz").status == 200)
                stop = threading.Event()
                stream = Stream(server, "?types=order", last=last)
                thread = threading.Thread(target=self.trade, args=(server, stop))
                thread.start()
                time.sleep(0.7)
                server.kill()
                harness.wait_until(lambda: stream.closed)  # noqa: B023
                stop.set()
                thread.join()
                self.assertFalse(stream.ended)
                stream.close()
                seen += stream.ids()
                last = seen[-1]
                server.start()
            client = server.client()
            harness.wait_until(lambda: client.get("/readyz").status == 200)
            end = client.get("/v1/orders", query={"limit": 1}).json()["sequence"]
            stream = Stream(server, last=last)
            harness.wait_until(lambda: (stream.ids() or [0])[-1] >= end)
            seen += stream.ids()
            stream.close()
            self.assertEqual(seen, list(range(1, seen[-1] + 1)))

    def test_the_stop_ends_streams_and_waits(self):
        with order_tools.server() as server:
            client = server.client()
            harness.wait_until(lambda: client.get("/readyz").status == 200)
            order = order_tools.place(client)
            now = order_tools.settled(client, order, ["working"])
            streams = [Stream(server) for _ in range(30)]
            stuck = [Stream(server, "?since=0", read=False) for _ in range(3)]
            answers = []

            def wait(path):
                answers.append(server.client().get(path).status)
            waits = [threading.Thread(target=wait, args=(path,)) for path in
                     (f"/v1/orders/{order['id']}?wait=50&since={now['rev']}", "/v1/orders?since=1000000&wait=50") * 5]
            for thread in waits:
                thread.start()
            time.sleep(0.5)
            began = time.monotonic()
            server.stop()
            took = time.monotonic() - began
            for thread in waits:
                thread.join(10)
            self.assertEqual(sorted(answers), [200] * 5 + [304] * 5)
            for stream in streams:
                harness.wait_until(lambda: stream.closed)  # noqa: B023
                self.assertTrue(stream.ended)
            for stream in streams + stuck:
                stream.close()
            self.assertLess(took, 20)
            server.start()
