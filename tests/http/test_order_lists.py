"""GET /v1/orders and GET /v1/orders/{id}/events: filters, pages that stay put, what changed, the chain of hashes;
and requests that wait for a change."""

import csv
import hashlib
import io
import json
import struct
import threading
import time
import unittest
import uuid

import harness
import order_tools


class OrderLists(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = order_tools.server().__enter__()
        cls.client = cls.server.client()
        harness.wait_until(lambda: cls.client.get("/readyz").status == 200)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def list(self, **query):
        answer = self.client.get("/v1/orders", query=query)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def ids(self, **query):
        return [order["id"] for order in self.list(**query)["items"]]

    def quiet(self):
        """The log's end, once nothing moves any more."""
        def same():
            before = self.list(limit=1)["sequence"]
            time.sleep(0.3)
            moves = self.ids(status="submitting,closing") or self.list(limit=1)["sequence"] != before
            return None if moves else before
        return harness.wait_until(same)

    def test_filters_pick_and_the_newest_come_first(self):
        a, b = order_tools.contract(300, "MSFT"), order_tools.contract(310, "MSFT")
        first = order_tools.place(self.client, a, client_order_id="list-1")
        second = order_tools.place(self.client, b)
        share = self.client.post("/v1/orders", json={"symbol": "MSFT", "side": "buy", "quantity": 1, "entry": {"type": "limit", "limit_price": "1"}}).json()
        other = order_tools.place(self.client, order_tools.contract(300, "MSFTX"))
        self.assertEqual(self.ids(symbol="MSFT"), [share["id"], second["id"], first["id"]])
        self.assertEqual(self.ids(symbol=a), [first["id"]])
        self.assertEqual(self.ids(symbol="msft", limit=2), [share["id"], second["id"]])
        self.assertEqual(self.ids(client_order_id="list-1"), [first["id"]])
        self.assertEqual(self.ids(client_order_id="nobody"), [])
        self.assertEqual(self.ids(symbol="MSFT", to=first["created_at"]), [])
        self.assertEqual(self.ids(symbol="MSFT", **{"from": second["created_at"]}), [share["id"], second["id"]])
        order_tools.cancel(self.client, second)
        order_tools.settled(self.client, second, ["canceled"])
        self.assertEqual(self.ids(symbol="MSFT", status="canceled"), [second["id"]])
        self.assertEqual(self.ids(symbol="MSFT", status="open"), [share["id"], first["id"]])
        self.assertEqual(len(self.ids(symbol="MSFT", status="canceled,working,submitting")), 3)
        self.assertIn(other["id"], self.ids())
        item = self.list(symbol=b)["items"][0]
        one = self.client.get(f"/v1/orders/{second['id']}").json()
        self.assertEqual({**item, "tracker": None}, {**one, "tracker": None})

    def test_what_makes_no_sense_is_refused_with_its_parameter(self):
        for query in ({"status": "opened"}, {"status": ""}, {"limit": 0}, {"limit": 1001}, {"cursor": "x"}, {"since": -1},
                      {"since": 1, "cursor": "x"}, {"wait": 5}, {"client_order_id": "a", "status": "open"},
                      {"from": "2030-01-02", "to": "2030-01-01"}, {"symbols": "A"}, {"format": "html"}):
            answer = self.client.get("/v1/orders", query=query)
            self.assertIn(answer.status, (400, 406), (query, answer))
        self.assertEqual(self.client.get("/v1/orders", query={"statsu": "open"}).json()["errors"][0]["parameter"], "statsu")

    def test_pages_stay_put_while_orders_are_placed(self):
        symbol = order_tools.contract(400, "PAGE")
        placed = [order_tools.place(self.client, symbol)["id"] for _ in range(25)]
        seen, cursor = [], None
        while True:
            page = self.list(symbol="PAGE", limit=4, **({"cursor": cursor} if cursor else {}))
            seen += [order["id"] for order in page["items"]]
            order_tools.place(self.client, symbol)  # newer than the first page: on none
            cursor = page["next_cursor"]
            if not cursor:
                break
        self.assertEqual(seen, placed[::-1])

    def test_forms_hold_the_same(self):
        symbol = order_tools.contract(500, "FORM")
        placed = [order_tools.place(self.client, symbol)["id"] for _ in range(5)][::-1]
        for order in placed:
            order_tools.settled(self.client, {"id": order}, ["working"])
        refused = self.client.get("/v1/orders", headers={"Accept": "image/png"})
        self.assertEqual(refused.status, 406)
        self.assertIn("text/csv or application/x-ndjson", refused.json()["detail"])
        answer = self.client.get("/v1/orders", query={"symbol": "FORM"}, headers={"Accept": "text/csv"})
        rows = list(csv.DictReader(io.StringIO(answer.text())))
        self.assertEqual([row["id"] for row in rows], placed)
        self.assertEqual((rows[0]["symbol"], rows[0]["occ_symbol"], rows[0]["close_reason"]), ("FORM", symbol, ""))
        self.assertGreater(int(answer.headers["X-Sequence"]), 0)
        page = self.client.get("/v1/orders", query={"symbol": "FORM", "format": "csv", "limit": 2})
        self.assertEqual(len(page.text().splitlines()), 3)
        rest = self.client.get("/v1/orders", query={"symbol": "FORM", "format": "csv", "cursor": page.headers["X-Next-Cursor"]})
        self.assertEqual(len(rest.text().splitlines()), 4)
        lines = self.client.get("/v1/orders", query={"symbol": "FORM", "format": "ndjson"}).text().splitlines()
        self.assertEqual([json.loads(line)["id"] for line in lines], placed)

    def test_a_list_of_everything_is_longer_than_a_part(self):
        symbol = order_tools.contract(600, "LONG")
        placed = {order_tools.place(self.client, symbol)["id"] for _ in range(230)}
        lines = self.client.get("/v1/orders", query={"symbol": "LONG", "format": "ndjson"}).text().splitlines()
        self.assertEqual(len(lines), 230)
        self.assertEqual({json.loads(line)["id"] for line in lines}, placed)

    def test_an_unchanged_list_is_not_sent_again(self):
        order = order_tools.place(self.client)
        self.quiet()
        first = self.client.get("/v1/orders")
        again = self.client.get("/v1/orders", headers={"If-None-Match": first.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))
        csv_tag = self.client.get("/v1/orders", query={"format": "csv", "limit": 5}).headers["ETag"]
        self.assertNotEqual(csv_tag, first.headers["ETag"])
        order_tools.cancel(self.client, order)
        order_tools.settled(self.client, order, ["canceled"])
        changed = self.client.get("/v1/orders", headers={"If-None-Match": first.headers["ETag"]})
        self.assertEqual(changed.status, 200)
        self.assertEqual(next(o["status"] for o in changed.json()["items"] if o["id"] == order["id"]), "canceled")

    def test_an_order_is_on_the_list_as_soon_as_it_is_acknowledged(self):
        for _ in range(50):
            order = order_tools.place(self.client)
            self.assertEqual(self.ids(limit=1), [order["id"]])

    def test_since_tells_each_change_once(self):
        symbol = order_tools.contract(700, "DIFF")
        orders = [order_tools.place(self.client, symbol) for _ in range(6)]
        for order in orders:
            order_tools.settled(self.client, order, ["working"])
        start = self.quiet()
        self.assertEqual(self.list(since=start), {"items": [], "next_cursor": None, "sequence": start})
        for order in (orders[4], orders[1]):
            order_tools.cancel(self.client, order)
            order_tools.settled(self.client, order, ["canceled"])
        self.quiet()
        page = self.list(since=start)
        self.assertEqual([o["id"] for o in page["items"]], [orders[4]["id"], orders[1]["id"]])
        self.assertEqual(self.list(since=page["sequence"])["items"], [])
        one = self.list(since=start, limit=1)
        self.assertEqual([o["id"] for o in one["items"]], [orders[4]["id"]])
        rest = self.list(since=one["sequence"], limit=1)
        self.assertEqual([o["id"] for o in rest["items"]], [orders[1]["id"]])
        self.assertEqual(self.list(since=start, status="working")["items"], [])
        everything = self.list(since=0, limit=1000)
        self.assertEqual(len({o["id"] for o in everything["items"]}), len(everything["items"]))

    def test_a_poller_by_since_misses_nothing(self):
        symbol = order_tools.contract(710, "POLL")
        known, at, stop = {}, self.quiet(), threading.Event()

        def trade():
            client = self.server.client()
            for i in range(30):
                order = order_tools.place(client, symbol)
                if i % 2:
                    order_tools.cancel(client, order)
            stop.set()
        thread = threading.Thread(target=trade)
        thread.start()
        while not stop.is_set() or self.list(limit=1)["sequence"] > at:
            page = self.list(since=at, limit=7, wait=1)
            known |= {order["id"]: order for order in page["items"]}
            self.assertGreaterEqual(page["sequence"], at)
            at = page["sequence"]
        thread.join()
        self.quiet()
        known |= {order["id"]: order for order in self.list(since=at)["items"]}
        now = {order["id"]: order["rev"] for order in self.list(symbol="POLL", limit=1000)["items"]}
        self.assertEqual(len(now), 30)
        self.assertEqual({name: order["rev"] for name, order in known.items() if order["symbol"] == "POLL"}, now)

    def test_a_list_waits_for_what_it_asks_for(self):
        other = order_tools.contract(720, "ELSE")
        at = self.quiet()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.server.client().get(
            "/v1/orders", query={"since": at, "wait": 20, "symbol": "WAIT"}).json()))
        thread.start()
        time.sleep(0.2)
        for _ in range(3):  # changes, but not of these
            order_tools.settled(self.client, order_tools.place(self.client, other), ["working"])
        self.assertEqual(answers, [])
        order = order_tools.place(self.client, order_tools.contract(720, "WAIT"))
        thread.join(10)
        self.assertEqual([o["id"] for o in answers[0]["items"]], [order["id"]])
        at = self.quiet()
        began = time.monotonic()
        self.assertEqual(self.list(since=at, wait=1)["items"], [])
        self.assertGreater(time.monotonic() - began, 0.9)

    # ---- one order -----------------------------------------------------------------------------------

    def test_the_log_of_an_order_is_a_chain(self):
        symbol = order_tools.contract(800, "CHAIN")
        order_tools.quote(self.client, symbol)
        order = order_tools.place(self.client, symbol, limit="5.10")
        order_tools.settled(self.client, order, ["protecting"])
        self.quiet()
        path = f"/v1/orders/{order['id']}/events"
        events = self.client.get(path).json()["items"]
        self.assertEqual([e["seq"] for e in events], list(range(1, len(events) + 1)))
        self.assertEqual(len(events), self.client.get(f"/v1/orders/{order['id']}").json()["rev"])
        self.assertEqual((events[0]["type"], events[0]["detail"]["occ_symbol"]), ("accepted", symbol))
        fill = next(e for e in events if e["type"] == "report" and e["detail"]["status"] == "filled")
        self.assertEqual((fill["detail"]["leg"], fill["detail"]["filled_quantity"], fill["detail"]["average_fill_price"]), ("entry", "1", "5"))
        before = bytes(32)
        for event in events:
            self.assertEqual(event["prev_hash"], before.hex())
            body = bytes.fromhex(event["bytes"])
            text = b"bracketd event"
            before = hashlib.sha256(struct.pack("<Q", len(text)) + text + before + uuid.UUID(order["id"]).bytes +
                                    struct.pack("<QQ", event["seq"], len(body)) + body).digest()
            self.assertEqual(event["hash"], before.hex())
        first = self.client.get(path, query={"limit": 2}).json()
        rest = self.client.get(path, query={"cursor": first["next_cursor"]}).json()
        self.assertEqual(first["items"] + rest["items"], events)
        self.assertEqual(self.client.get(path, query={"since": events[2]["sequence"]}).json()["items"], events[3:])
        rows = list(csv.DictReader(io.StringIO(self.client.get(path, query={"format": "csv"}).text())))
        self.assertEqual([json.loads(row["detail"]) for row in rows], [e["detail"] for e in events])
        lines = self.client.get(path, query={"format": "ndjson"}).text().splitlines()
        self.assertEqual([json.loads(line) for line in lines], events)

    def test_the_log_of_nobody_is_not_found(self):
        for name in (str(uuid.uuid4()), "nobody"):
            self.assertEqual(self.client.get(f"/v1/orders/{name}/events").status, 404)

    def waiting(self, path, results, **headers):
        def ask():
            client = self.server.client()
            answer = client.get(path, headers=headers)
            results.append((answer.status, answer, time.monotonic()))
            client.close()
        thread = threading.Thread(target=ask)
        thread.start()
        return thread

    def test_an_order_is_waited_for(self):
        order = order_tools.place(self.client)
        now = order_tools.settled(self.client, order, ["working"])
        path, results = f"/v1/orders/{order['id']}", []
        threads = [self.waiting(path + "?wait=20", results),
                   self.waiting(path + f"?wait=20&since={now['rev']}", results),
                   self.waiting(path, results, **{"Prefer": "wait=20", "If-None-Match": f'"{now["rev"]}"'})]
        time.sleep(0.3)
        self.assertEqual(results, [])
        began = time.monotonic()
        order_tools.cancel(self.client, order)
        for thread in threads:
            thread.join(10)
        for status, answer, at in results:
            self.assertEqual(status, 200)
            self.assertGreater(answer.json()["rev"], now["rev"])
            self.assertLess(at - began, 15)
        self.assertEqual(len(results), 3)

    def test_a_wait_ends_at_its_deadline_and_never_for_a_final_order(self):
        order = order_tools.place(self.client)
        now = order_tools.settled(self.client, order, ["working"])
        path = f"/v1/orders/{order['id']}"
        began = time.monotonic()
        self.assertEqual(self.client.get(path, query={"wait": 1, "since": now["rev"]}).status, 304)
        self.assertEqual(self.client.get(path, query={"wait": 1}, headers={"If-None-Match": f'"{now["rev"]}"'}).status, 304)
        self.assertEqual(self.client.get(path, query={"wait": 1}).json()["rev"], now["rev"])
        self.assertGreater(time.monotonic() - began, 2.5)
        began = time.monotonic()
        self.assertEqual(self.client.get(path, query={"wait": 30, "since": now["rev"] - 1}).status, 200)
        self.assertEqual(self.client.get(path, query={"wait": 30}, headers={"If-None-Match": '"1"'}).status, 200)
        order_tools.cancel(self.client, order)
        final = order_tools.settled(self.client, order, ["canceled"])
        self.assertEqual(self.client.get(path, query={"wait": 30, "since": final["rev"]}).json()["status"], "canceled")
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual(self.client.get(path, query={"since": 1}).status, 400)

    def test_three_hundred_waiting_polls_are_answered(self):
        order = order_tools.place(self.client)
        now = order_tools.settled(self.client, order, ["working"])
        path, results = f"/v1/orders/{order['id']}", []
        threads = [self.waiting(path + f"?wait=50&since={now['rev']}", results) for _ in range(300)]
        time.sleep(1)
        self.assertEqual(results, [])
        self.assertEqual(self.client.get("/readyz").status, 200)  # and nobody stands in the way
        order_tools.cancel(self.client, order)
        for thread in threads:
            thread.join(20)
        self.assertEqual([status for status, _, _ in results], [200] * 300)
