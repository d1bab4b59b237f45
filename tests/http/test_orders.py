"""Bracket orders from outside: placed, filled by posted quotes, looked at, changed, canceled, closed; the same after
a restart. Times are short and nothing is asserted about how fast it is."""

import concurrent.futures
import datetime
import http.client
import itertools
import json
import os
import sqlite3
import unittest

import harness

ARGUMENTS = ("--market-hours", "24x7", "--poll-interval-ms", "100")


def expiry():
    """A Friday at least two months ahead: far from any cutoff, whenever this runs."""
    day = datetime.date.today() + datetime.timedelta(days=60)
    return day + datetime.timedelta(days=(4 - day.weekday()) % 7)


EXPIRY = expiry()
STRIKES = itertools.count(100)


class Contract:
    """An option of its own for each test, so that no quote of another test moves it."""

    def __init__(self):
        self.strike = next(STRIKES)
        self.symbol = f"AAPL{EXPIRY:%y%m%d}C{self.strike * 1000:08d}"

    def order(self, **more):
        return {"symbol": "AAPL", "expiry": EXPIRY.isoformat(), "strike": str(self.strike), "right": "call", "side": "buy",
                "quantity": 2, "entry": {"type": "limit", "limit_price": "5.10"}, "take_profit": {"limit_price": "7.00"},
                "stop_loss": {"stop_price": "4.00"}, **more}


class Desk:
    """What every test does with a server."""

    def __init__(self, server):
        self.client = server.client()

    def place(self, body, key=None, **more):
        headers = {"Idempotency-Key": key} if key else {}
        return self.client.post("/v1/orders", json=body, headers=headers, **more)

    def placed(self, body, **more):
        answer = self.place(body, **more)
        assert answer.status == 201, answer
        return answer.json()

    def get(self, order_id, **more):
        return self.client.get(f"/v1/orders/{order_id}", **more)

    def order(self, order_id):
        answer = self.get(order_id)
        assert answer.status == 200, answer
        return answer.json()

    def change(self, order_id, body, **headers):
        return self.client.request("PATCH", f"/v1/orders/{order_id}", json=body, headers={
            "Content-Type": "application/merge-patch+json", **headers})

    def quote(self, symbol, bid, ask):
        answer = self.client.post("/v1/quotes", json={"symbol": symbol, "bid": bid, "ask": ask})
        assert answer.status == 200, answer

    def when(self, order_id, fits):
        """The order as soon as it fits."""
        def look():
            order = self.order(order_id)
            return order if fits(order) else None
        return harness.wait_until(look)

    def until(self, order_id, *statuses):
        return self.when(order_id, lambda order: order["status"] in statuses)

    def filled(self, contract, **more):
        """An order whose entry was filled and whose stop works."""
        order = self.placed(contract.order(**more))
        self.quote(contract.symbol, "5.00", "5.05")
        return self.when(order["id"], lambda o: o["open_quantity"] == o["quantity"] and legs(o, "stop_loss")[0]["status"] == "new")

    def switch(self, on):
        answer = self.client.request("PUT", "/v1/kill-switch", json={"on": on})
        assert answer.status == 200 and answer.json() == {"on": on}, answer


def legs(order, name):
    return [leg for leg in order["legs"] if leg["leg"] == name]


class Orders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(arguments=ARGUMENTS).__enter__()
        cls.desk = Desk(cls.server)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    # ---- placing ----

    def test_an_order_is_answered_with_all_its_legs(self):
        contract = Contract()
        answer = self.desk.place(contract.order(client_order_id=f"mine-{contract.strike}"))
        order = answer.json()
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.headers["Location"], f"/v1/orders/{order['id']}")
        self.assertEqual(answer.headers["ETag"], f'"{order["rev"]}"')
        self.assertEqual((order["symbol"], order["occ_symbol"], order["expiry"], order["strike"], order["right"], order["multiplier"]),
                         ("AAPL", contract.symbol, EXPIRY.isoformat(), str(contract.strike), "call", 100))
        self.assertEqual((order["client_order_id"], order["quantity"], order["filled_quantity"]), (f"mine-{contract.strike}", "2", "0"))
        self.assertEqual([(leg["leg"], leg["generation"]) for leg in order["legs"]], [("entry", 1), ("take_profit", 0), ("stop_loss", 0)])
        self.assertEqual([leg["status"] for leg in order["legs"][1:]], ["held", "held"])
        self.assertTrue(order["tracker"]["thread"].startswith("trk-"))
        self.assertIn(order["tracker"]["thread"], self.threads())

    def threads(self):
        task = f"/proc/{self.server.process.pid}/task"
        names = []
        for thread in os.listdir(task):
            with open(f"{task}/{thread}/comm", encoding="ascii") as comm:
                names.append(comm.read().strip())
        return names

    def test_what_is_wrong_is_told_with_its_place(self):
        contract = Contract()
        cases = [
            (contract.order(side="hold"), "/side"),
            (contract.order(quantity="-1"), "/quantity"),
            (contract.order(strike=None), "/strike"),
            (contract.order(symbol="A APL"), "/symbol"),
            (contract.order(expiry="2020-01-17"), "/expiry"),
            (contract.order(entry={"type": "limit"}), "/entry/limit_price"),
            (contract.order(stop_loss={"stop_price": 9}), None),
            (contract.order(stop_loss={"stop_price": 4, "percent": 3}), "/stop_loss"),
            (contract.order(protection="watched"), "/accept_unprotected_if_down"),
            (contract.order(quantity="1.0000001"), "/quantity"),
            (contract.order(take_profits={}), "/take_profits"),
        ]
        for body, pointer in cases:
            with self.subTest(pointer=pointer, body=body):
                answer = self.desk.place(body)
                self.assertEqual(answer.status, 400, answer)
                if pointer:
                    self.assertEqual([e.get("pointer") for e in answer.json()["errors"]], [pointer], answer)

    def test_client_order_ids_are_unique(self):
        contract = Contract()
        first = self.desk.placed(contract.order(client_order_id="once"))
        again = self.desk.place(contract.order(client_order_id="once", quantity=3))
        self.assertEqual((again.status, again.json()["code"]), (409, "conflict"), again)
        found = self.desk.client.get("/v1/orders/by-client-id/once")
        self.assertEqual((found.status, found.json()["id"]), (200, first["id"]))
        self.assertEqual(self.desk.client.get("/v1/orders/by-client-id/never").status, 404)

    def test_the_same_idempotency_key_gives_the_same_answer(self):
        body = Contract().order()
        first = self.desk.place(body, key="k-1")
        second = self.desk.place(body, key="k-1")
        self.assertEqual((first.status, second.status), (201, 201))
        self.assertEqual(first.body, second.body)
        self.assertEqual(second.headers["Idempotency-Replayed"], "true")
        self.assertEqual(first.headers["Location"], second.headers["Location"])
        self.assertEqual(first.headers["ETag"], f'"{first.json()["rev"]}"')
        self.assertEqual(first.headers["ETag"], second.headers["ETag"])
        self.assertIsNone(first.headers["Idempotency-Replayed"])
        other = self.desk.place({**body, "quantity": 3}, key="k-1")
        self.assertEqual((other.status, other.json()["code"]), (422, "idempotency_mismatch"))
        self.assertEqual(self.desk.place(body, key="x" * 256).status, 400)

    def test_idempotency_keys_are_those_of_one_api_key(self):
        body = Contract().order()
        other = self.server.client(self.server.make_key("other trader", "read,trade"))
        first = self.desk.place(body, key="k-mine")
        second = other.post("/v1/orders", json=body, headers={"Idempotency-Key": "k-mine"})
        self.assertEqual((first.status, second.status), (201, 201))
        self.assertNotEqual(first.json()["id"], second.json()["id"])

    def test_many_at_once_with_one_key_are_one_order(self):
        body = Contract().order()

        def send(_):
            client = self.server.client()
            answer = client.post("/v1/orders", json=body, headers={"Idempotency-Key": "k-many"})
            client.close()
            return answer.status, answer.body
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = set(pool.map(send, range(48)))
        self.assertEqual(len(answers), 1, answers)
        self.assertEqual(next(iter(answers))[0], 201)

    def test_scopes(self):
        reader = self.server.client(self.server.make_key("order reader", "read"))
        order = self.desk.placed(Contract().order())
        self.assertEqual(reader.get(f"/v1/orders/{order['id']}").status, 200)
        for method, path in (("POST", "/v1/orders"), ("PATCH", f"/v1/orders/{order['id']}"), ("DELETE", f"/v1/orders/{order['id']}"),
                             ("POST", f"/v1/orders/{order['id']}/review"), ("POST", "/v1/orders/cancel-all"), ("PUT", "/v1/kill-switch")):
            body = {} if method == "DELETE" or path.endswith(("review", "cancel-all")) else {"json": {}}
            self.assertEqual(reader.request(method, path, **body).status, 403, path)

    def test_a_client_that_leaves_has_placed_its_order(self):
        body = json.dumps(Contract().order(client_order_id="left"))
        for _ in range(20):
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port)
            connection.request("POST", "/v1/orders", body, {"Content-Type": "application/json", "Authorization": f"Bearer {self.server.key}"})
            connection.close()
        found = harness.wait_until(lambda: self.desk.client.get("/v1/orders/by-client-id/left").status == 200)
        self.assertTrue(found)

    # ---- looking ----

    def test_an_order_that_has_not_changed_is_a_304(self):
        order = self.desk.filled(Contract())
        answer = self.desk.get(order["id"])
        tag = answer.headers["ETag"]
        same = self.desk.get(order["id"], headers={"If-None-Match": tag})
        self.assertEqual((same.status, same.body, same.headers["ETag"]), (304, b"", tag))
        self.desk.change(order["id"], {"take_profit": {"limit_price": "7.50"}})
        changed = self.desk.get(order["id"], headers={"If-None-Match": tag})
        self.assertEqual(changed.status, 200)
        self.assertNotEqual(changed.headers["ETag"], tag)

    def test_the_tracker_is_fresh_although_the_order_has_not_changed(self):
        order = self.desk.filled(Contract())
        first = self.desk.order(order["id"])["tracker"]["polls"]
        self.desk.when(order["id"], lambda o: o["tracker"]["polls"] > first + 2)

    def test_what_is_not_there_is_not_found(self):
        missing = "0190163d-8694-739b-aea5-966c26f8ad91"
        for method, path, body in (("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("POST", "/review", None)):
            more = {} if body is None else {"json": body}
            self.assertEqual(self.desk.client.request(method, f"/v1/orders/{missing}{path}", **more).status, 404, method + path)
        self.assertEqual(self.desk.get("nothing").status, 404)

    # ---- a life ----

    def test_a_filled_entry_is_protected_and_a_stop_closes_it(self):
        contract = Contract()
        order = self.desk.filled(contract)
        self.assertEqual((order["filled_quantity"], order["average_fill_price"], order["open_quantity"], order["unprotected_quantity"]),
                         ("2", "5.05", "2", "0"))
        (stop,) = legs(order, "stop_loss")
        self.assertEqual((stop["status"], stop["stop_price"], stop["quantity"], stop["generation"]), ("new", "4", "2", 1))
        self.assertEqual(legs(order, "take_profit")[0]["status"], "held")
        self.desk.quote(contract.symbol, "3.90", "4.00")
        order = self.desk.until(order["id"], "closed")
        self.assertEqual((order["close_reason"], order["realized_pnl"], order["open_quantity"]), ("stop_loss", "-230", "0"))

    def test_a_take_profit_closes_it(self):
        contract = Contract()
        order = self.desk.filled(contract)
        self.desk.quote(contract.symbol, "7.10", "7.20")
        order = self.desk.until(order["id"], "closed")
        self.assertEqual((order["close_reason"], order["realized_pnl"]), ("take_profit", "410"))
        self.assertEqual(legs(order, "stop_loss")[0]["status"], "canceled")

    def test_a_plain_order_has_no_exits(self):
        contract = Contract()
        order = self.desk.placed(contract.order(take_profit=None, stop_loss=None))
        self.assertEqual([leg["leg"] for leg in order["legs"]], ["entry"])
        self.desk.quote(contract.symbol, "5.00", "5.05")
        self.assertEqual(self.desk.until(order["id"], "closed")["filled_quantity"], "2")

    def test_positions_and_account_follow(self):
        contract = Contract()
        before = self.desk.client.get("/v1/account").json()
        self.desk.filled(contract)
        after = self.desk.client.get("/v1/account").json()
        self.assertEqual(float(before["cash"]) - float(after["cash"]), 1010.0)
        self.assertEqual((after["broker"], after["accepts_orders"], after["unprotected_quantity"]), ("paper", True, "0"))
        items = {p["occ_symbol"]: p for p in self.desk.client.get("/v1/positions").json()["items"]}
        held = items[contract.symbol]
        self.assertEqual((held["quantity"], held["average_price"], held["market_price"], held["unrealized_pnl"], held["market_value"]),
                         ("2", "5.05", "5", "-10", "1000"))

    # ---- changes ----

    def test_exits_may_be_changed(self):
        order = self.desk.filled(Contract())
        answer = self.desk.change(order["id"], {"stop_loss": {"stop_price": "4.50"}})
        self.assertEqual((answer.status, answer.json()["stop_loss"]), (200, {"stop_price": "4.5"}), answer)
        moved = self.desk.when(order["id"], lambda o: legs(o, "stop_loss")[-1]["status"] == "new")
        self.assertEqual((legs(moved, "stop_loss")[-1]["stop_price"], legs(moved, "stop_loss")[-1]["generation"]), ("4.5", 2))
        answer = self.desk.change(order["id"], {"take_profit": None})
        self.assertEqual((answer.status, answer.json()["take_profit"], legs(answer.json(), "take_profit")), (200, None, []))
        answer = self.desk.change(order["id"], {"stop_loss": {"stop_price": None, "trail_percent": 10}})
        self.assertEqual((answer.status, answer.json()["stop_loss"]), (200, {"trail_percent": "10"}), answer)

    def test_an_unfilled_entry_may_be_changed(self):
        contract = Contract()
        order = self.desk.placed(contract.order())
        answer = self.desk.change(order["id"], {"quantity": 3, "entry": {"limit_price": "5.20"}})
        self.assertEqual((answer.status, answer.json()["quantity"], answer.json()["entry"]["limit_price"]), (200, "3", "5.2"), answer)
        self.desk.when(order["id"], lambda o: legs(o, "entry")[-1]["status"] == "new" and legs(o, "entry")[-1]["quantity"] == "3")
        self.desk.quote(contract.symbol, "5.10", "5.15")
        self.assertEqual(self.desk.until(order["id"], "protecting")["filled_quantity"], "3")

    def test_what_may_not_change_is_refused(self):
        order = self.desk.filled(Contract())
        cases = [
            ({"side": "sell"}, 400), ({"occ_symbol": Contract().symbol}, 400), ({"client_order_id": "x"}, 400), ({"stop": 1}, 400),
            ({"stop_loss": {"percent": 3}}, 400), ([1], 400), ({"quantity": 1}, 409), ({"entry": {"limit_price": "5.50"}}, 409),
        ]
        for body, status in cases:
            with self.subTest(body=body):
                answer = self.desk.change(order["id"], body)
                self.assertEqual(answer.status, status, answer)
        self.assertEqual(self.desk.order(order["id"])["rev"], order["rev"])

    def test_flat_at_is_any_time_of_the_day_where_the_market_never_closes(self):
        order = self.desk.placed({**Contract().order(), "flat_at": "03:30"})
        self.assertRegex(order["flat_time"], r"T03:30:00Z$")
        changed = self.desk.change(order["id"], {"flat_at": "00:00"})
        self.assertEqual(changed.status, 200, changed)
        self.assertRegex(changed.json()["flat_time"], r"T00:00:00Z$")
        kept = self.desk.change(order["id"], {"quantity": 1})
        self.assertEqual(kept.json()["flat_time"], changed.json()["flat_time"], kept)

    def test_the_contract_and_the_side_are_fixed_and_said_to_be(self):
        order = self.desk.placed(Contract().order())
        for body, pointer in (({"symbol": "MSFT"}, "/symbol"), ({"strike": 210}, "/occ_symbol"), ({"side": "sell"}, "/side")):
            answer = self.desk.change(order["id"], body)
            self.assertEqual(answer.status, 400, answer)
            self.assertEqual([e["pointer"] for e in answer.json()["errors"]], [pointer])
            self.assertIn("is fixed", answer.json()["detail"])

    def test_if_match_holds_a_change_to_a_revision(self):
        order = self.desk.filled(Contract())
        tag = self.desk.get(order["id"]).headers["ETag"]
        first = self.desk.change(order["id"], {"take_profit": {"limit_price": "7.10"}}, **{"If-Match": tag})
        self.assertEqual(first.status, 200, first)
        second = self.desk.change(order["id"], {"take_profit": {"limit_price": "7.20"}}, **{"If-Match": tag})
        self.assertEqual((second.status, second.json()["code"]), (412, "precondition_failed"), second)
        self.assertEqual(second.headers["ETag"], self.desk.get(order["id"]).headers["ETag"])
        self.assertEqual(self.desk.change(order["id"], {"arm": "full"}, **{"If-Match": "*"}).status, 200)
        self.assertEqual(self.desk.change(order["id"], {"arm": "partial"}, **{"If-Match": "W/\"1\""}).status, 412)

    def test_if_match_holds_a_cancel_to_a_revision(self):
        order = self.desk.placed(Contract().order())
        path = f"/v1/orders/{order['id']}"
        old = self.desk.get(order["id"]).headers["ETag"]
        changed = self.desk.change(order["id"], {"flat_at": "15:30"})
        self.assertEqual(changed.status, 200, changed)
        for query in ("", "?close=true"):
            answer = self.desk.client.request("DELETE", path + query, headers={"If-Match": old})
            self.assertEqual((answer.status, answer.json()["code"]), (412, "precondition_failed"), answer)
        now = answer.headers["ETag"]
        self.assertEqual(now, self.desk.get(order["id"]).headers["ETag"])
        self.assertEqual(self.desk.order(order["id"])["status"], "working")
        self.assertEqual(self.desk.client.request("DELETE", path, headers={"If-Match": "1"}).status, 412)
        answer = self.desk.client.request("DELETE", path, headers={"If-Match": now})
        self.assertIn(answer.status, (200, 202), answer)
        self.desk.until(order["id"], "canceled")

    def test_if_match_holds_for_an_order_that_has_ended_too(self):
        order = self.desk.placed(Contract().order())
        path = f"/v1/orders/{order['id']}"
        old = self.desk.get(order["id"]).headers["ETag"]
        self.desk.client.delete(path)
        self.desk.until(order["id"], "canceled")
        answer = self.desk.client.request("DELETE", path, headers={"If-Match": old})
        now = self.desk.get(order["id"]).headers["ETag"]
        self.assertEqual((answer.status, answer.headers["ETag"]), (412, now), answer)
        answer = self.desk.client.request("DELETE", path, headers={"If-Match": now})
        self.assertEqual((answer.status, answer.headers["ETag"]), (200, now), answer)

    def test_changes_at_the_same_time_do_not_undo_each_other(self):
        order = self.desk.filled(Contract())
        changes = [{"take_profit": {"limit_price": "8.00"}}, {"flat_at": "15:30"}, {"take_profit_ttl": "20s"}, {"quote_max_age": "9s"}]

        def send(body):
            desk = Desk(self.server)
            answer = desk.change(order["id"], body)
            desk.client.close()
            return answer
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(send, changes))
        self.assertEqual([a.status for a in answers], [200] * 4, answers)
        now = self.desk.order(order["id"])
        self.assertEqual((now["take_profit"], now["take_profit_ttl"], now["quote_max_age"]), ({"limit_price": "8"}, "20s", "9s"))
        self.assertIsNotNone(now["flat_time"])

    # ---- ends ----

    def test_a_working_entry_is_canceled(self):
        order = self.desk.placed(Contract().order())
        answer = self.desk.client.delete(f"/v1/orders/{order['id']}")
        self.assertIn(answer.status, (200, 202), answer)
        ended = self.desk.until(order["id"], "canceled")
        self.assertEqual([leg["status"] for leg in ended["legs"]], ["canceled"] * 3)
        again = self.desk.client.delete(f"/v1/orders/{order['id']}")
        self.assertEqual((again.status, again.json()["status"]), (200, "canceled"))

    def test_positions_come_in_pages_by_symbol(self):
        contracts = [Contract() for _ in range(5)]
        for contract in contracts:
            self.desk.filled(contract)
        symbols, cursor = [], None
        while True:
            page = self.desk.client.get("/v1/positions?limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
            self.assertLessEqual(len(page["items"]), 2)
            symbols += [p["occ_symbol"] for p in page["items"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        everything = self.desk.client.get("/v1/positions?limit=1000").json()
        self.assertIsNone(everything["next_cursor"])
        self.assertEqual(symbols, [p["occ_symbol"] for p in everything["items"]])
        self.assertEqual(symbols, sorted(symbols))
        self.assertLessEqual({c.symbol for c in contracts}, set(symbols))
        for bad in ("limit=0", "limit=1001", "cursor=x"):
            self.assertEqual(self.desk.client.get(f"/v1/positions?{bad}").status, 400, bad)

    def test_close_flattens_at_market(self):
        order = self.desk.filled(Contract())
        answer = self.desk.client.delete(f"/v1/orders/{order['id']}", query={"close": "true"})
        self.assertEqual(answer.status, 202, answer)
        ended = self.desk.until(order["id"], "closed")
        self.assertEqual((ended["close_reason"], ended["realized_pnl"]), ("manual", "-10"))
        self.assertEqual(self.desk.change(order["id"], {"take_profit": None}).status, 409)

    def test_a_cancel_leaves_the_position_protected(self):
        order = self.desk.filled(Contract())
        answer = self.desk.client.delete(f"/v1/orders/{order['id']}")
        self.assertEqual(answer.status, 202, answer)
        now = self.desk.order(order["id"])
        self.assertEqual((now["status"], now["open_quantity"], now["unprotected_quantity"]), ("protecting", "2", "0"))

    def test_a_review_of_nothing_changes_nothing(self):
        order = self.desk.filled(Contract())
        answer = self.desk.client.post(f"/v1/orders/{order['id']}/review")
        self.assertEqual((answer.status, answer.json()["rev"]), (200, order["rev"]), answer)

    def test_metrics_tell_of_the_desk(self):
        self.desk.filled(Contract())
        text = self.desk.client.get("/metrics").text()
        values = {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if not line.startswith("#")}
        self.assertGreaterEqual(values["bracketd_orders_live"], 1)
        self.assertGreaterEqual(values["bracketd_orders_threads"], 1)
        self.assertEqual((values["bracketd_orders_unprotected"], values["bracketd_orders_needs_review"], values["bracketd_orders_stuck"]), (0, 0, 0))
        self.assertGreaterEqual(values["bracketd_orders_placed_total"], 1)
        self.assertGreaterEqual(values["bracketd_broker_calls_total"], 2)


class Watched(unittest.TestCase):
    """A stop that the server watches itself protects while there are quotes. Polls are a minute apart: none is waited for."""

    def setUp(self):
        self.server = harness.Server(arguments=("--market-hours", "24x7", "--poll-interval-ms", "60000")).__enter__()
        self.addCleanup(lambda: self.server.__exit__(None, None, None))

    def watched(self, contract):
        return contract.order(protection="watched", accept_unprotected_if_down=True)

    def alerts(self, order_id):
        """What the log says of the order's protection."""
        records = (json.loads(line) for line in self.server.log_lines if line.startswith("{"))
        return [(r["alert"], r["reason"]) for r in records if r.get("event") == "order_alert" and r.get("order") == order_id
                and r["alert"].startswith("unprotected")]

    def metric(self, name):
        lines = self.server.client().get("/metrics").text().splitlines()
        return float(next(line for line in lines if line.startswith(name + " ")).split()[1])

    def test_without_quotes_after_a_restart_it_is_unprotected_until_one_comes(self):
        contract, desk = Contract(), Desk(self.server)
        desk.quote(contract.symbol, "5.00", "5.05")
        order = desk.placed(self.watched(contract))
        now = desk.until(order["id"], "protecting")
        self.assertEqual((now["unprotected_quantity"], now["unprotected_since"], now["unprotected_reason"], now["alarms"]), ("0", None, None, []))
        self.server.kill()
        self.server.start()
        desk = Desk(self.server)
        now = desk.until(order["id"], "unprotected")
        self.assertEqual((now["unprotected_quantity"], now["unprotected_reason"], now["alarms"]), ("2", "no_quote", ["unprotected"]))
        self.assertIsNotNone(now["unprotected_since"])
        self.assertEqual((self.metric("bracketd_orders_unprotected"), self.metric("bracketd_orders_unprotected_quantity")), (1, 2))
        self.assertEqual(desk.client.get("/v1/account").json()["unprotected_quantity"], "2")
        harness.wait_until(lambda: self.alerts(order["id"]) == [("unprotected", "no_quote")])
        self.assertIn("UNPROTECTED: 2 since", self.shown(order["id"]))

        desk.quote(contract.symbol, "5.00", "5.05")
        now = desk.until(order["id"], "protecting")
        self.assertEqual((now["unprotected_quantity"], now["unprotected_since"], now["unprotected_reason"], now["alarms"]), ("0", None, None, []))
        self.assertEqual((self.metric("bracketd_orders_unprotected"), self.metric("bracketd_orders_unprotected_quantity")), (0, 0))
        harness.wait_until(lambda: self.alerts(order["id"]) == [("unprotected", "no_quote"), ("unprotected_over", "none")])
        desk.quote(contract.symbol, "3.90", "3.95")
        self.assertEqual(desk.until(order["id"], "closed")["close_reason"], "stop_loss")

    def shown(self, order_id):
        done = harness.run("orders", "show", order_id, "--data", self.server.data)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_a_quote_that_cannot_be_used_and_one_of_age_are_told_apart(self):
        contract, desk = Contract(), Desk(self.server)
        desk.quote(contract.symbol, "5.00", "5.05")
        order = desk.placed({**self.watched(contract), "quote_max_age": "1s"})
        now = desk.when(order["id"], lambda o: o["unprotected_reason"] == "stale_quote" and o["status"] == "unprotected")
        desk.quote(contract.symbol, "5.10", "5.05")
        now = desk.when(order["id"], lambda o: o["unprotected_reason"] == "bad_quote")
        self.assertEqual(now["status"], "unprotected")
        events = desk.client.get(f"/v1/orders/{order['id']}/events").json()["items"]
        self.assertIn("tick", {event["type"] for event in events})


class Controls(unittest.TestCase):
    """What concerns all orders at once has a server of its own."""

    def test_cancel_all_and_close_all(self):
        with harness.Server(arguments=ARGUMENTS) as server:
            desk = Desk(server)
            working = [desk.placed(Contract().order())["id"] for _ in range(3)]
            held = desk.filled(Contract())
            answer = desk.client.post("/v1/orders/cancel-all")
            self.assertEqual((answer.status, answer.json()), (202, {"orders": 4, "close": False}))
            for order_id in working:
                desk.until(order_id, "canceled")
            self.assertEqual(desk.order(held["id"])["status"], "protecting")
            answer = desk.client.post("/v1/orders/cancel-all", query={"close": "true"})
            self.assertEqual(answer.json(), {"orders": 1, "close": True})
            self.assertEqual(desk.until(held["id"], "closed")["close_reason"], "manual")
            self.assertEqual(desk.client.get("/v1/positions").json(), {"items": [], "next_cursor": None})
            self.assertEqual(desk.client.get("/v1/positions?closed=1").json()["items"][0]["quantity"], "0")

    def test_the_kill_switch_outlasts_a_restart(self):
        data = harness.tempfile.mkdtemp(prefix="bracketd-test-")
        self.addCleanup(harness.shutil.rmtree, data, ignore_errors=True)
        with harness.Server(data=data, arguments=ARGUMENTS) as server:
            desk = Desk(server)
            self.assertEqual(desk.client.get("/v1/kill-switch").json(), {"on": False})
            waiting = desk.placed(Contract().order())
            held = desk.filled(Contract())
            desk.switch(True)
            refused = desk.place(Contract().order())
            self.assertEqual((refused.status, refused.json()["code"]), (409, "conflict"), refused)
            account = desk.client.get("/v1/account").json()
            self.assertEqual((account["kill_switch"], account["accepts_orders"], account["why_not"]),
                             (True, False, "the kill switch is on"))
            desk.when(waiting["id"], lambda o: legs(o, "entry")[-1]["status"] in ("canceled", "held"))
            self.assertEqual(desk.order(held["id"])["status"], "protecting")
            key = server.key
        again = harness.Server(data=data, arguments=ARGUMENTS)
        again.key = key
        with again as server:
            desk = Desk(server)
            self.assertEqual(desk.client.get("/v1/kill-switch").json(), {"on": True})
            self.assertEqual(desk.place(Contract().order()).status, 409)
            desk.switch(False)
            desk.when(waiting["id"], lambda o: legs(o, "entry")[-1]["status"] == "new")

    def test_limits_refuse_before_acceptance(self):
        arguments = (*ARGUMENTS, "--max-open-quantity", "3", "--max-live-orders", "2")
        with harness.Server(arguments=arguments) as server:
            desk = Desk(server)
            contract = Contract()
            body = contract.order()
            first = desk.place(body, key="limits")
            self.assertEqual(first.status, 201)
            over = desk.place(contract.order())
            self.assertEqual((over.status, over.json()["errors"][0]["pointer"]), (403, "/quantity"), over)
            again = desk.place(body, key="limits")
            self.assertEqual((again.status, again.body), (201, first.body), "what was accepted stays accepted")
            grown = desk.change(first.json()["id"], {"quantity": 4})
            self.assertEqual((grown.status, grown.json()["errors"][0]["pointer"]), (403, "/quantity"), grown)
            self.assertEqual(desk.change(first.json()["id"], {"quantity": 3}).status, 200)
            self.assertEqual(desk.place(Contract().order()).status, 201)
            full = desk.place(Contract().order())
            self.assertEqual((full.status, full.headers["Retry-After"] is not None), (429, True), full)

    def test_market_hours_are_a_calendar(self):
        done = harness.run("serve", "--market-hours", "XNYC")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--market-hours", done.stderr)


class Restarts(unittest.TestCase):
    def setUp(self):
        self.data = harness.tempfile.mkdtemp(prefix="bracketd-test-")
        self.addCleanup(harness.shutil.rmtree, self.data, ignore_errors=True)
        self.key = None

    def server(self):
        server = harness.Server(data=self.data, arguments=ARGUMENTS)
        server.key = self.key
        return server

    def test_open_brackets_go_on_after_a_kill(self):
        contract = Contract()
        body = Contract().order()
        server = self.server().start()
        self.key = server.key
        desk = Desk(server)
        held = desk.filled(contract)
        working = desk.placed(Contract().order())
        keyed = desk.place(body, key="across")
        ended = desk.filled(Contract())
        desk.client.delete(f"/v1/orders/{ended['id']}?close=true")
        ended = desk.until(ended["id"], "closed")
        server.kill()
        with self.server() as server:
            desk = Desk(server)
            now = desk.order(held["id"])
            self.assertEqual((now["open_quantity"], now["created_at"]), (held["open_quantity"], held["created_at"]))
            self.assertEqual([leg["client_order_id"] for leg in now["legs"]], [leg["client_order_id"] for leg in held["legs"]])
            harness.wait_until(lambda: desk.client.get("/readyz").status == 200)
            self.assertEqual(desk.client.get("/readyz").json()["checks"]["orders"], "ok")
            self.assertEqual(desk.until(working["id"], "working")["filled_quantity"], "0")
            again = desk.place(body, key="across")
            self.assertEqual((again.status, again.body, again.headers["Idempotency-Replayed"]), (201, keyed.body, "true"))
            self.assertEqual(again.headers["ETag"], keyed.headers["ETag"])
            then = desk.order(ended["id"])
            self.assertEqual((then["tracker"], then["legs"], then["realized_pnl"]), (None, ended["legs"], ended["realized_pnl"]))
            answer = desk.get(ended["id"])
            self.assertEqual(desk.get(ended["id"], headers={"If-None-Match": answer.headers["ETag"]}).status, 304)
            self.assertEqual(desk.client.delete(f"/v1/orders/{ended['id']}").status, 200)
            self.assertEqual(desk.change(ended["id"], {"take_profit": None}).status, 409)
            desk.quote(contract.symbol, "3.90", "4.00")
            self.assertEqual(desk.until(held["id"], "closed")["close_reason"], "stop_loss")

    def test_a_tampered_log_stops_the_start(self):
        with self.server() as server:
            self.key = server.key
            Desk(server).filled(Contract())
        with sqlite3.connect(f"{self.data}/bracketd.db") as database:
            database.execute("UPDATE order_events SET body = zeroblob(length(body)) WHERE seq = 1")
        done = harness.run("serve", "--data", self.data, "--listen", "127.0.0.1:0")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("order", done.stderr)

    def test_a_copy_of_the_data_takes_new_names(self):
        with self.server() as server:
            self.key = server.key
            desk = Desk(server)
            first = legs(desk.filled(Contract()), "entry")[0]["client_order_id"]
            desk.client.post("/v1/orders/cancel-all?close=true")
            harness.wait_until(lambda: desk.client.get("/v1/positions").json()["items"] == [])
        copy = self.data + "-copy"
        harness.shutil.copytree(self.data, copy)
        self.addCleanup(harness.shutil.rmtree, copy, ignore_errors=True)
        self.data = copy
        with self.server() as server:
            second = legs(Desk(server).placed(Contract().order()), "entry")[0]["client_order_id"]
        self.assertEqual(first.split("-")[0][:-4], second.split("-")[0][:-4])
        self.assertEqual(int(second.split("-")[0][-4:], 36), int(first.split("-")[0][-4:], 36) + 1)
