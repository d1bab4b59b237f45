"""Keys that trade with a limit: of each order, and of all that are open."""

import concurrent.futures
import unittest

import harness

TRIALS = ["--market-hours", "24x7", "--paper-latency-ms", "0", "--poll-interval-ms", "100"]
OPTION = "AAPL291221C00200000"


def order(limit="100", quantity=10, symbol="SPY", **more):
    return {"symbol": symbol, "side": "buy", "quantity": quantity,
            "entry": {"type": "limit", "limit_price": limit}, "stop_loss": {"stop_price": "50"}, **more}


class KeyLimits(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server(arguments=TRIALS).__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)
        self.admin = self.server.client()
        self.admin.post("/v1/quotes", json=[{"symbol": "SPY", "bid": 100, "ask": 101}])
        harness.wait_until(lambda: self.admin.get("/readyz").status == 200)

    def make(self, name="robot", scopes=("read", "trade"), **limits):
        return self.admin.post("/v1/keys", json={"name": name, "scopes": list(scopes), **limits})

    def trader(self, **limits):
        return self.server.client(self.make(**limits).json()["key"])

    def assert_refused(self, answer, pointer, text):
        self.assertEqual((answer.status, answer.json()["code"]), (403, "forbidden"), answer)
        self.assertEqual(answer.json()["errors"][0]["pointer"], pointer)
        self.assertIn(text, answer.json()["detail"])

    def test_limits_are_shown_with_the_key(self):
        made = self.make(max_order_notional="5000.50", max_open_notional=20000)
        self.assertEqual(made.status, 201)
        wanted = {"max_order_notional": "5000.5", "max_open_notional": "20000"}
        self.assertEqual(made.json() | wanted, made.json())
        listed = {k["name"]: k for k in self.admin.get("/v1/keys").json()["items"]}
        self.assertEqual(listed["robot"] | wanted, listed["robot"])
        self.assertIsNone(listed["test"]["max_order_notional"])
        self.assertIsNone(listed["test"]["max_open_notional"])

    def test_limits_that_make_no_sense_are_refused(self):
        for limits, pointer in (({"max_order_notional": 0}, "/max_order_notional"),
                                ({"max_order_notional": "-1"}, "/max_order_notional"),
                                ({"max_open_notional": "1.1234567"}, "/max_open_notional"),
                                ({"max_open_notional": "1000000001"}, "/max_open_notional")):
            answer = self.make(**limits)
            self.assertEqual((answer.status, answer.json()["errors"][0]["pointer"]), (400, pointer), limits)
        for scopes in (["read"], ["trade", "admin"]):
            answer = self.make(scopes=scopes, max_order_notional=5)
            self.assertEqual((answer.status, answer.json()["errors"][0]["pointer"]), (400, "/scopes"))

    def test_an_order_over_the_limit_is_refused(self):
        trader = self.trader(max_order_notional="1000")
        self.assertEqual(trader.post("/v1/orders", json=order()).status, 201)
        self.assert_refused(trader.post("/v1/orders", json=order(quantity=11)), "/quantity", "max_order_notional")
        self.assert_refused(trader.post("/v1/orders", json=order(limit="100.01")), "/quantity", "max_order_notional")
        # A contract is a hundred shares, a market order is measured by the quote, and not at all without one.
        contract = order(symbol=None, occ_symbol=OPTION, quantity=1, limit="10.01", stop_loss={"stop_price": "1"})
        del contract["symbol"]
        self.assert_refused(trader.post("/v1/orders", json=contract), "/quantity", "max_order_notional")
        market = order() | {"entry": {"type": "market"}}
        self.assert_refused(trader.post("/v1/orders", json=market), "/quantity", "max_order_notional")
        self.assertEqual(trader.post("/v1/orders", json=market | {"quantity": 9}).status, 201)
        self.assert_refused(trader.post("/v1/orders", json=market | {"symbol": "QQQ"}), "/entry", "without")
        self.assertEqual(self.admin.post("/v1/orders", json=order(quantity=11)).status, 201)

    def test_a_change_is_held_to_the_limit(self):
        trader = self.trader(max_order_notional="1000")
        mine = trader.post("/v1/orders", json=order(limit="90")).json()["id"]
        path = f"/v1/orders/{mine}"
        harness.wait_until(lambda: trader.get(path).json()["status"] == "working")
        headers = {"Content-Type": "application/merge-patch+json"}
        up = trader.request("PATCH", path, json={"quantity": 12}, headers=headers)
        self.assert_refused(up, "/quantity", "max_order_notional")
        self.assertEqual(trader.request("PATCH", path, json={"quantity": 11}, headers=headers).status, 200)
        self.assertEqual(trader.request("PATCH", path, json={"stop_loss": {"stop_price": 60}}, headers=headers).status, 200)

    def test_changes_at_the_same_time_share_the_room_that_is_left(self):
        trader = self.trader(max_open_notional="4000")
        paths = [f"/v1/orders/{trader.post('/v1/orders', json=order(limit='90')).json()['id']}" for _ in range(4)]
        for path in paths:
            harness.wait_until(lambda path=path: trader.get(path).json()["status"] == "working")

        def grow(path):
            return self.server.client(trader.key).request("PATCH", path, json={"quantity": 14},
                                                          headers={"Content-Type": "application/merge-patch+json"})

        with concurrent.futures.ThreadPoolExecutor(len(paths)) as pool:
            answers = list(pool.map(grow, paths))
        self.assertEqual(sorted(a.status for a in answers), [200, 403, 403, 403], answers)
        self.assertEqual(sorted(trader.get(p).json()["quantity"] for p in paths), ["10", "10", "10", "14"])

    def test_a_limited_key_makes_no_other_keys_order_larger(self):
        trader = self.trader(max_open_notional="4000")
        path = f"/v1/orders/{self.admin.post('/v1/orders', json=order(limit='90')).json()['id']}"
        headers = {"Content-Type": "application/merge-patch+json"}
        answer = trader.request("PATCH", path, json={"quantity": 11}, headers=headers)
        self.assertEqual((answer.status, answer.json()["code"]), (403, "forbidden"), answer)
        self.assertEqual(trader.request("PATCH", path, json={"quantity": 9}, headers=headers).status, 200)

    def test_open_orders_count_together_across_a_restart(self):
        trader = self.trader(max_open_notional="2000")
        first = trader.post("/v1/orders", json=order(limit="90")).json()["id"]
        self.assertEqual(trader.post("/v1/orders", json=order(limit="90")).status, 201)
        self.assert_refused(trader.post("/v1/orders", json=order(limit="90")), "/quantity", "max_open_notional")
        self.server.kill()
        self.server.start()
        trader, self.admin = self.server.client(trader.key), self.server.client()
        harness.wait_until(lambda: self.admin.get("/readyz").status == 200)
        self.assert_refused(trader.post("/v1/orders", json=order(limit="90")), "/quantity", "max_open_notional")
        trader.delete(f"/v1/orders/{first}")
        harness.wait_until(lambda: trader.get(f"/v1/orders/{first}").json()["status"] == "canceled")
        self.assertEqual(trader.post("/v1/orders", json=order(limit="90")).status, 201)

    def test_writes_need_the_scope_trade(self):
        reader = self.server.client(self.make("reader", ["read"]).json()["key"])
        mine = self.admin.post("/v1/orders", json=order(limit="90")).json()["id"]
        self.assertEqual(reader.get(f"/v1/orders/{mine}").status, 200)
        for method, path, body in (("POST", "/v1/orders", order()), ("PATCH", f"/v1/orders/{mine}", {"quantity": 1}),
                                   ("DELETE", f"/v1/orders/{mine}", None), ("POST", "/v1/orders/cancel-all", {}),
                                   ("PUT", "/v1/kill-switch", {"on": True}),
                                   ("POST", "/v1/quotes", {"symbol": "SPY", "bid": 1})):
            more = {} if body is None else {"json": body}
            self.assertEqual(reader.request(method, path, **more).status, 403, path)
        self.assertNotEqual(self.admin.get(f"/v1/orders/{mine}").json()["status"], "canceled")

    def test_the_command_line_makes_and_shows_them(self):
        done = harness.run("keys", "create", "--data", self.server.data, "--name", "cli", "--scopes", "trade",
                           "--max-order-notional", "250.25", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(harness.json.loads(done.stdout)["max_order_notional"], "250.25")
        shown = harness.run("keys", "list", "--data", self.server.data)
        self.assertIn("250.25", shown.stdout)
        for bad in ("0", "-5", "much", "1000000001"):
            done = harness.run("keys", "create", "--data", self.server.data, "--name", "bad", "--scopes", "trade",
                               "--max-open-notional", bad)
            self.assertEqual(done.returncode, 2, done)
            self.assertIn("--max-open-notional", done.stderr)
