"""/v2: a client of Alpaca's Trading API with another base URL places, watches, replaces and cancels."""

import datetime
import unittest

import harness
import order_tools
from alpaca_client import AlpacaClient, ApiError

_contracts = iter(range(100, 1000))


class Market(unittest.TestCase):
    """One server for the tests of a class; each test trades a contract of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = order_tools.server(arguments=["--paper-latency-ms", "0"]).__enter__()
        cls.connect()

    @classmethod
    def connect(cls):
        cls.client = cls.server.client()
        cls.api = AlpacaClient(cls.client, "test", cls.server.key)
        harness.wait_until(lambda: cls.client.get("/readyz").status == 200)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def setUp(self):
        self.symbol = order_tools.contract(next(_contracts), "SPY")
        self.quote("4.90", "5.00")

    def quote(self, bid, ask):
        order_tools.quote(self.client, self.symbol, bid, ask)

    def reaches(self, order, *statuses, quote=None):
        """The order once its status is one of these; `quote` is posted meanwhile, as a market goes on."""
        def look():
            if quote:
                self.quote(*quote)
            now = self.api.order(order["id"])
            return now if now["status"] in statuses else None
        return harness.wait_until(look)

    def enter(self, qty=2, **more):
        """A bracket whose entry is filled and whose stop works: the order and its legs."""
        placed = self.api.bracket(self.symbol, qty, 5.2, 7.0, 4.0, **more)
        self.reaches(placed, "filled", quote=("4.90", "5.00"))
        take_profit, stop_loss = self.api.order(placed["id"], nested=True)["legs"]
        self.reaches(stop_loss, "new")
        return placed, take_profit, stop_loss

    def hold(self, qty):
        bought = self.api.submit(self.symbol, qty, "buy")
        return self.reaches(bought, "filled", quote=("4.90", "5.00"))

    def is_flat(self):
        return harness.wait_until(lambda: self.symbol not in [p["symbol"] for p in self.api.positions()])

    def refused(self, http_status, code, call, *arguments, **more):
        with self.assertRaises(ApiError) as caught:
            call(*arguments, **more)
        self.assertEqual((caught.exception.status, caught.exception.code), (http_status, code), caught.exception.message)
        return caught.exception.message


class Orders(Market):
    def test_a_bracket_on_an_option_is_closed_by_its_take_profit(self):
        placed = self.api.bracket(self.symbol, 2, 5.2, 7.0, 4.0, client_order_id="ä bracket/1")
        self.assertEqual(placed["client_order_id"], "ä bracket/1")
        self.assertIn(placed["status"], ("accepted", "pending_new"))
        self.assertEqual([leg["status"] for leg in placed["legs"]], ["held", "held"])
        self.assertEqual([leg["type"] for leg in placed["legs"]], ["limit", "stop"])
        self.assertEqual({leg["side"] for leg in placed["legs"]}, {"sell"})
        filled = self.reaches(placed, "filled", quote=("4.90", "5.00"))
        self.assertEqual((filled["filled_qty"], filled["filled_avg_price"]), ("2", "5"))
        self.assertIsNotNone(filled["filled_at"])
        self.assertIsNone(filled["legs"])
        self.assertEqual(filled["submitted_at"], placed["submitted_at"])
        take_profit, stop_loss = placed["legs"]
        self.reaches(stop_loss, "new")
        self.assertEqual(self.api.order(take_profit["id"])["status"], "held")
        self.assertEqual(self.api.position(self.symbol)["qty_available"], "0")
        sold = self.reaches(take_profit, "filled", quote=("7.10", "7.20"))
        self.assertGreaterEqual(float(sold["filled_avg_price"]), 7.0)
        stopped = self.reaches(stop_loss, "canceled")
        self.assertIsNotNone(stopped["canceled_at"])
        self.is_flat()
        nested = self.api.order(placed["id"], nested=True)
        self.assertEqual([leg["status"] for leg in nested["legs"]], ["filled", "canceled"])
        self.assertEqual([leg["legs"] for leg in nested["legs"]], [None, None])

    def test_a_bracket_on_an_option_is_closed_by_its_stop(self):
        placed, take_profit, stop_loss = self.enter()
        self.reaches(stop_loss, "filled", quote=("3.80", "3.90"))
        self.reaches(take_profit, "canceled")
        self.assertEqual(self.api.order(placed["id"])["status"], "filled")

    def test_an_entry_is_replaced(self):
        placed = self.api.bracket(self.symbol, 2, 3.0, 7.0, 2.0)
        self.reaches(placed, "new")
        replaced = self.api.replace(placed["id"], qty=3, limit_price=3.5)
        self.assertEqual((replaced["id"], replaced["qty"], replaced["limit_price"]), (placed["id"], "3", "3.5"))
        self.reaches(placed, "new")
        self.assertEqual(self.api.order(placed["id"])["limit_price"], "3.5")
        self.refused(422, 42210000, self.api.replace, placed["id"], limit_price=3.5)
        self.refused(422, 40010001, self.api.replace, placed["id"], stop_price=1)
        self.refused(422, 40010001, self.api.replace, placed["id"], limit_price="x")
        self.refused(422, 40010001, self.api.replace, placed["id"], limit_price=1.5) # below the stop loss
        self.api.cancel(placed["id"])

    def test_legs_are_replaced(self):
        _, take_profit, stop_loss = self.enter()
        self.assertEqual(self.api.replace(stop_loss["id"], stop_price=4.5)["stop_price"], "4.5")
        self.assertEqual(self.reaches(stop_loss, "new")["stop_price"], "4.5")
        self.assertEqual(self.api.replace(take_profit["id"], limit_price=6.0)["limit_price"], "6")
        self.refused(422, 42210000, self.api.replace, stop_loss["id"], qty=1)
        self.reaches(stop_loss, "filled", quote=("4.40", "4.45"))

    def test_a_working_order_is_canceled_once(self):
        placed = self.api.bracket(self.symbol, 1, 1.0, 7.0, 0.5)
        self.reaches(placed, "new")
        self.api.cancel(placed["id"])
        canceled = self.reaches(placed, "canceled")
        self.assertIsNotNone(canceled["canceled_at"])
        nested = self.api.order(placed["id"], nested=True)
        self.assertEqual({leg["status"] for leg in nested["legs"]}, {"canceled"})
        self.refused(422, 42210000, self.api.cancel, placed["id"])
        self.refused(422, 42210000, self.api.replace, placed["id"], qty=2)

    def test_a_canceled_leg_takes_the_other_with_it_and_leaves_the_position(self):
        placed, take_profit, stop_loss = self.enter()
        self.api.cancel(take_profit["id"])
        self.reaches(stop_loss, "canceled")
        self.reaches(take_profit, "canceled")
        self.assertEqual(self.api.position(self.symbol)["qty_available"], "2")
        self.assertEqual(self.api.order(placed["id"], nested=True)["order_class"], "bracket")
        self.refused(422, 42210000, self.api.cancel, stop_loss["id"])

    def test_plain_orders_buy_and_sell_again(self):
        self.hold(3)
        self.assertEqual(self.api.position(self.symbol)["qty"], "3")
        sold = self.api.submit(self.symbol, 3, "sell", "limit", limit_price=4.8, position_intent="sell_to_close")
        self.reaches(sold, "filled", quote=("4.90", "5.00"))
        self.is_flat()

    def test_an_oco_guards_what_is_held(self):
        self.hold(2)
        terms = {"order_class": "oco", "take_profit": {"limit_price": 7.0}, "stop_loss": {"stop_price": 4.0}}
        message = self.refused(403, 40310000, self.api.submit, self.symbol, 3, "sell", "limit", **terms)
        self.assertIn("available: 2", message)
        placed = self.api.submit(self.symbol, 2, "sell", "limit", **terms)
        self.assertEqual((placed["type"], placed["side"], placed["limit_price"]), ("limit", "sell", "7"))
        self.assertEqual([leg["type"] for leg in placed["legs"]], ["stop"])
        self.refused(403, 40310000, self.api.submit, self.symbol, 1, "sell", "limit", **terms)
        self.reaches(placed["legs"][0], "filled", quote=("3.80", "3.90"))
        self.reaches(placed, "canceled")
        self.is_flat()

    def test_a_trailing_stop_follows_the_price(self):
        self.hold(1)
        placed = self.api.submit(self.symbol, 1, "sell", "trailing_stop", trail_price=0.5)
        self.assertEqual((placed["type"], placed["order_class"], placed["trail_price"]), ("trailing_stop", "simple", "0.5"))
        def trailed():
            self.quote("6.00", "6.10")
            return self.api.order(placed["id"])["stop_price"] == "5.5"
        harness.wait_until(trailed)
        self.assertEqual(self.api.order(placed["id"])["hwm"], "6")
        self.reaches(placed, "filled", quote=("5.40", "5.50"))

    def test_orders_are_found_by_the_ids_that_clients_have(self):
        placed = self.api.bracket(self.symbol, 1, 1.0, 7.0, 0.5, client_order_id="mine " + self.symbol)
        nameless = self.api.submit(self.symbol, 1, "buy", "limit", limit_price=1.0)
        self.assertEqual(self.api.order_by_client_id("mine " + self.symbol)["id"], placed["id"])
        self.assertEqual(self.api.order_by_client_id(nameless["client_order_id"])["id"], nameless["id"])
        leg = placed["legs"][1]
        self.assertEqual(self.api.order_by_client_id(leg["client_order_id"])["id"], leg["id"])
        self.refused(404, 40410000, self.api.order_by_client_id, "nobody's")
        self.refused(404, 40410000, self.api.order, "61e69015-8549-4bfd-b9c3-01e75843f47d")
        self.refused(422, 40010001, self.api.order, "7")
        self.refused(422, 40010001, self.api.bracket, self.symbol, 1, 1.0, 7.0, 0.5, client_order_id="mine " + self.symbol)
        for order in (placed, nameless):
            self.api.cancel(order["id"])

    def test_lists_filter_and_nest(self):
        first = self.api.bracket(self.symbol, 1, 1.0, 7.0, 0.5)
        second = self.api.submit(self.symbol, 1, "buy", "limit", limit_price=1.0)
        self.reaches(first, "new")
        self.reaches(second, "new")
        self.api.cancel(second["id"])
        self.reaches(second, "canceled")
        mine = {"symbols": self.symbol.lower() + ",TSLA"}
        flat = self.api.orders(**mine)
        self.assertEqual({o["id"] for o in flat}, {first["id"], *(leg["id"] for leg in first["legs"])})
        self.assertEqual([o["legs"] for o in flat], [None] * 3)
        nested = self.api.orders(nested=True, **mine)
        self.assertEqual([o["id"] for o in nested], [first["id"]])
        self.assertEqual([leg["id"] for leg in nested[0]["legs"]], [leg["id"] for leg in first["legs"]])
        def ids(**query):
            return [o["id"] for o in self.api.orders(nested=True, **query, **mine)]
        self.assertEqual(ids(status="closed"), [second["id"]])
        self.assertEqual(ids(status="all"), [second["id"], first["id"]])
        self.assertEqual(ids(status="all", direction="asc"), [first["id"], second["id"]])
        self.assertEqual(ids(status="all", limit=1), [second["id"]])
        self.assertEqual(ids(status="all", after=first["submitted_at"]), [second["id"]])
        self.assertEqual(ids(status="all", until=second["submitted_at"]), [first["id"]])
        self.assertEqual(ids(status="all", side="sell"), [])
        self.assertEqual(len(self.api.orders(side="sell", **mine)), 2)
        self.assertEqual([o["id"] for o in self.api.orders(status="all", symbols=self.symbol.lower(), nested=True)], [second["id"], first["id"]])
        self.assertEqual(ids(after=first["submitted_at"]), [])
        self.assertEqual(ids(until=second["submitted_at"], direction="asc"), [first["id"]])
        self.refused(422, 40010001, self.api.orders, status="done")
        self.refused(422, 40010001, self.api.orders, limit=501)
        self.api.cancel(first["id"])

    def test_both_interfaces_show_the_same_orders(self):
        ours = order_tools.place(self.client, self.symbol, take_profit={"percent": "50"}, client_order_id="v1 " + self.symbol)
        theirs = self.api.order(ours["id"], nested=True)
        self.assertEqual((theirs["order_class"], theirs["client_order_id"]), ("bracket", "v1 " + self.symbol))
        self.assertIsNone(theirs["legs"][0]["limit_price"])
        placed = self.api.bracket(self.symbol, 1, 1.0, 7.0, 0.5)
        self.assertEqual(self.client.get(f"/v1/orders/{placed['id']}").json()["take_profit"], {"limit_price": "7"})
        for order in (ours, placed):
            self.api.cancel(order["id"])

    def test_a_script_of_curl_needs_no_content_type(self):
        body = f'{{"symbol": "{self.symbol}", "qty": "1", "side": "buy", "type": "limit", "limit_price": "1", "time_in_force": "day"}}'
        headers = {"Authorization": "", "APCA-API-KEY-ID": "test", "APCA-API-SECRET-KEY": self.server.key,
                   "Content-Type": "application/x-www-form-urlencoded"}
        placed = self.client.request("POST", "/v2/orders", body=body, headers=headers)
        self.assertEqual(placed.status, 200, placed)
        self.reaches(placed.json(), "new")
        replaced = self.client.request("PATCH", f"/v2/orders/{placed.json()['id']}", body='{"qty": 2}', headers=headers)
        self.assertEqual((replaced.status, replaced.json()["qty"]), (200, "2"))
        self.api.cancel(placed.json()["id"])

    def test_what_is_not_to_be_had_is_refused(self):
        submit = self.api.submit
        self.refused(422, 42210000, submit, self.symbol, 0.5, "buy")
        self.refused(422, 42210000, submit, "SPY", 1, "buy", notional="100")
        self.refused(422, 42210000, submit, "BTC/USD", 1, "buy")
        self.refused(422, 42210000, submit, "SPY", 1, "buy", time_in_force="opg")
        self.refused(422, 42210000, submit, "SPY", 1, "buy", extended_hours=True)
        self.refused(422, 42210000, submit, "SPY", 1, "buy", legs=[{"symbol": "SPY", "ratio_qty": 1}])
        self.refused(422, 40010001, submit, "SPY", 1, "buy", "limit")
        self.refused(422, 40010001, submit, "spy!", 1, "buy")
        self.refused(422, 40010001, submit, "SPY", 1, "hold")
        self.refused(422, 40010001, submit, "SPY200117C00300000", 1, "buy") # long expired
        message = self.refused(422, 40010001, self.api.bracket, self.symbol, 1, 5.0, 4.0, 6.0)
        self.assertTrue(message.startswith("stop_loss.stop_price: "), message)
        self.refused(403, 40310000, submit, self.symbol, 1000, "buy")

    def test_errors_of_the_server_are_alpacas_too(self):
        def raw(method, path, headers=None, body=None):
            return self.client.request(method, path, headers=headers, body=body)
        key = self.server.key
        codes = [
            (401, 40110000, raw("GET", "/v2/account", {"Authorization": ""})),
            (401, 40110000, raw("GET", "/v2/account", {"Authorization": "", "APCA-API-SECRET-KEY": "wrong"})),
            (401, 40110000, raw("GET", "/v2/account", {"Authorization": "", "APCA-API-KEY-ID": "other", "APCA-API-SECRET-KEY": key})),
            (404, 40410000, raw("GET", "/v2/watchlists")),
            (405, 40510000, raw("PUT", "/v2/orders")),
            (400, 40010000, raw("POST", "/v2/orders", {"Content-Type": "application/json"}, b"{")),
            (415, 41510000, raw("POST", "/v2/orders", {"Content-Type": "text/plain"}, b"{}")),
        ]
        for status, code, response in codes:
            self.assertEqual((response.status, response.json()["code"]), (status, code), response)
        self.assertEqual(raw("GET", "/v1/nothing").json()["status"], 404)

    def test_a_key_is_its_text_and_its_name(self):
        keys = self.client.get("/v1/keys").json()["items"]
        for name in ("test", keys[0]["id"], self.server.key):
            self.assertEqual(AlpacaClient(self.client, name, self.server.key).account()["status"], "ACTIVE")
        bearer = {"Authorization": f"Bearer {self.server.key}"}
        self.assertEqual(self.client.request("GET", "/v2/account", headers=bearer).status, 200)
        made = self.client.post("/v1/keys", json={"name": "reader", "scopes": ["read"]}).json()
        reader = AlpacaClient(self.client, "reader", made["key"])
        reader.positions()
        self.refused(403, 40310000, reader.cancel_all)


class Closing(Market):
    def test_a_position_is_closed_in_parts_and_as_a_whole(self):
        self.hold(4)
        part = self.api.close(self.symbol, qty="1")
        self.assertEqual((part["side"], part["qty"], part["type"]), ("sell", "1", "market"))
        self.reaches(part, "filled", quote=("4.90", "5.00"))
        self.assertEqual(self.api.position(self.symbol)["qty"], "3")
        self.assertEqual(self.api.close(self.symbol, percentage="50")["qty"], "1")
        harness.wait_until(lambda: self.quote("4.90", "5.00") or self.api.position(self.symbol)["qty"] == "2")
        self.refused(422, 40010001, self.api.close, self.symbol, qty="0")
        self.refused(422, 40010001, self.api.close, self.symbol, qty="1", percentage="1")
        asset = self.api.position(self.symbol)["asset_id"]
        self.reaches(self.api.close(asset), "filled", quote=("4.90", "5.00"))
        self.is_flat()
        self.refused(404, 40410000, self.api.close, self.symbol)
        self.refused(404, 40410000, self.api.position, self.symbol)

    def test_what_a_bracket_holds_it_closes_itself(self):
        placed, take_profit, stop_loss = self.enter()
        self.refused(403, 40310000, self.api.close, self.symbol, qty="1")
        closing = self.api.close(self.symbol)
        self.assertEqual((closing["order_class"], closing["type"], closing["qty"]), ("simple", "market", "2"))
        self.reaches(closing, "filled", quote=("4.90", "5.00"))
        self.reaches(stop_loss, "canceled")
        self.reaches(take_profit, "canceled")
        self.is_flat()
        self.assertIn(closing["id"], [o["id"] for o in self.api.orders(status="all", nested=True, symbols=self.symbol)])

    def test_all_positions_are_closed(self):
        self.enter()
        free = self.symbol
        self.symbol = order_tools.contract(next(_contracts), "SPY")
        self.quote("4.90", "5.00")
        self.hold(1)
        waiting = self.api.bracket(self.symbol, 1, 1.0, 7.0, 0.5)
        results = self.api.close_all(cancel_orders=True)
        self.assertEqual({(r["symbol"], r["status"], r["body"]["qty"]) for r in results}, {(free, 200, "2"), (self.symbol, 200, "1")})
        self.reaches(waiting, "canceled")
        harness.wait_until(lambda: not self.api.positions())
        self.assertEqual(self.api.close_all(), [])

    def test_cancel_all_cancels_every_open_order(self):
        placed, take_profit, stop_loss = self.enter()
        waiting = self.api.bracket(self.symbol, 1, 1.0, 7.0, 0.5)
        self.reaches(waiting, "new")
        results = self.api.cancel_all()
        expected = {take_profit["id"], stop_loss["id"], waiting["id"], *(leg["id"] for leg in waiting["legs"])}
        self.assertEqual({r["id"] for r in results}, expected)
        self.assertEqual({r["status"] for r in results}, {200})
        harness.wait_until(lambda: not self.api.orders())
        self.assertEqual(self.api.position(self.symbol)["qty_available"], "2")
        self.assertEqual(self.api.cancel_all(), [])
        self.reaches(self.api.close(self.symbol), "filled", quote=("4.90", "5.00"))


class Account(Market):
    def test_the_account_adds_up(self):
        before = self.api.account()
        self.hold(2)
        after = self.api.account()
        self.assertEqual(float(before["cash"]) - float(after["cash"]), 1000)
        self.assertEqual(after["long_market_value"], "980")
        self.assertEqual((after["id"], after["account_blocked"]), (before["id"], False))
        position = self.api.position(self.symbol)
        self.assertEqual((position["cost_basis"], position["market_value"], position["unrealized_pl"]), ("1000", "980", "-20"))
        self.assertEqual((position["avg_entry_price"], position["unrealized_plpc"]), ("5", "-0.02"))
        self.client.request("PUT", "/v1/kill-switch", json={"on": True})
        self.assertTrue(self.api.account()["trade_suspended_by_user"])
        self.refused(403, 40310000, self.api.submit, self.symbol, 1, "buy")
        self.client.request("PUT", "/v1/kill-switch", json={"on": False})

    def test_assets_are_what_can_be_traded(self):
        share, option = self.api.asset("SPY"), self.api.asset(self.symbol)
        self.assertEqual((share["class"], option["class"]), ("us_equity", "us_option"))
        self.assertFalse(self.api.asset("SPY200117C00300000")["tradable"])
        self.refused(404, 40410000, self.api.asset, "no%20such")
        self.client.import_csv("QQQ", "time,open,high,low,close,volume\n2024-01-02 09:30,1,1,1,1,1\n", timezone="America/New_York")
        listed = self.api.assets()
        self.assertEqual([asset["symbol"] for asset in listed], ["QQQ"])
        self.assertEqual(self.api.asset(listed[0]["id"])["symbol"], "QQQ")
        self.assertEqual(self.api.assets(asset_class="us_option"), [])

    def test_the_market_is_open(self):
        clock = self.api.clock()
        self.assertTrue(clock["is_open"])
        self.assertGreater(clock["next_close"], clock["timestamp"])
        self.assertEqual(len(self.api.calendar(start="2026-11-01", end="2026-11-30")), 30)


class Hours(unittest.TestCase):
    def test_clock_and_calendar_are_the_exchanges(self):
        with harness.Server() as server:
            api = AlpacaClient(server.client(), "test", server.key)
            days = api.calendar(start="2026-11-23", end="2026-11-27")
            self.assertEqual([(d["date"], d["open"], d["close"]) for d in days], [
                ("2026-11-23", "09:30", "16:00"), ("2026-11-24", "09:30", "16:00"), ("2026-11-25", "09:30", "16:00"),
                ("2026-11-27", "09:30", "13:00")])
            clock = api.clock()
            today = datetime.date.fromisoformat(clock["timestamp"][:10])
            self.assertLess(today, datetime.date.fromisoformat(clock["next_open"][:10]) + datetime.timedelta(days=1))
            self.assertGreater(len(api.calendar()), 400)


class Restart(Market):
    def test_orders_are_the_same_after_a_kill(self):
        placed, _, stop_loss = self.enter(client_order_id="survivor")
        done = self.api.submit(self.symbol, 1, "buy", "limit", limit_price=1.0)
        self.reaches(done, "new")
        self.api.cancel(done["id"])
        self.reaches(done, "canceled")
        before = {o["id"]: o for o in self.api.orders(status="all")}
        self.server.kill()
        self.server.start()
        type(self).connect()
        after = {o["id"]: o for o in self.api.orders(status="all")}
        self.assertEqual(set(after), set(before))
        for name in ("created_at", "filled_at", "canceled_at", "filled_qty", "client_order_id"):
            self.assertEqual({i: o[name] for i, o in after.items()}, {i: o[name] for i, o in before.items()})
        self.assertEqual(self.api.order_by_client_id("survivor")["id"], placed["id"])
        self.reaches(stop_loss, "new")
        self.quote("4.90", "5.00")
        self.api.replace(stop_loss["id"], stop_price=4.5)
        self.reaches(stop_loss, "new")
        self.reaches(stop_loss, "filled", quote=("4.40", "4.45"))
        self.is_flat()
