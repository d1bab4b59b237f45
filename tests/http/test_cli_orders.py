"""bracketd orders: bracket orders from the command line, against a server."""

import json
import subprocess
import time
import unittest

import harness
from harness import run

CONTRACT = ("AAPL", "2030-12-20", "200", "call")
OCC = "AAPL301220C00200000"
FINAL = ("closed", "canceled", "expired", "rejected")


def until(look, what, seconds=20):
    """The first value of look() that holds; the market's own threads need their time."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class CliOrders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(arguments=["--market-hours", "24x7"])
        cls.server.__enter__()
        cls.client = harness.Client(cls.server.port, cls.server.key)
        until(lambda: cls.client.get("/readyz", check=False).status == 200, "ready")

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.server.__exit__(None, None, None)

    def orders(self, *arguments, code=0):
        done = run("orders", *arguments, "--data", self.server.data)
        self.assertEqual(done.returncode, code, (arguments, done.stdout, done.stderr))
        return done

    def place(self, name, *more):
        done = self.orders("place", "--buy", "2", "--limit", "5.10", "--take-profit", "7", "--stop-loss", "4",
                           "--client-order-id", name, "--json", *more, *CONTRACT)
        return json.loads(done.stdout)

    def quote(self, bid, ask):
        answer = self.client.post("/v1/quotes", json=[{"symbol": OCC, "bid": bid, "ask": ask}])
        self.assertEqual(answer.status, 200, answer)

    def show(self, name):
        return json.loads(self.orders("show", name, "--json").stdout)

    def await_status(self, name, *statuses):
        return until(lambda: (o := self.show(name))["status"] in statuses and o, (name, statuses))

    def test_place_list_show_cancel(self):
        self.quote("5.90", "6.00")
        order = self.place("cli-1")
        self.assertEqual((order["client_order_id"], order["occ_symbol"], order["quantity"]), ("cli-1", OCC, "2"))
        text = self.orders("show", "cli-1").stdout
        self.assertIn("buy 2 AAPL 2030-12-20 200 call", text)
        self.assertIn(order["id"], text)
        self.assertIn("take_profit", text)
        listed = self.orders("list", "--symbol", OCC, "--status", "submitting,working").stdout
        self.assertIn(order["id"], listed)
        page = json.loads(self.orders("list", "--client-order-id", "cli-1", "--json").stdout)
        self.assertEqual([o["id"] for o in page["items"]], [order["id"]])
        self.assertEqual(self.orders("list", "--client-order-id", "nobody").stdout, "no orders\n")
        self.orders("cancel", "cli-1")
        self.await_status("cli-1", "canceled")
        log = self.orders("events", order["id"]).stdout
        self.assertRegex(log, r"(?m)^ *1  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+  accepted")

    def test_the_same_key_makes_no_second_order(self):
        self.quote("5.90", "6.00")
        first = self.place("cli-2", "--idempotency-key", "cli-key-2")
        again = self.place("cli-2", "--idempotency-key", "cli-key-2")
        self.assertEqual(first["id"], again["id"])
        refused = self.orders("place", "--buy", "1", "--client-order-id", "cli-2", *CONTRACT, code=1)
        self.assertIn("client_order_id already", refused.stderr)
        self.orders("cancel", first["id"])

    def test_watch_tells_until_the_order_is_done(self):
        self.quote("5.90", "6.00")
        order = self.place("cli-3")
        watch = subprocess.Popen([harness.BINARY, "orders", "watch", "--json", "--since", "0", "--data", self.server.data,
                                  "cli-3"], stdout=subprocess.PIPE, text=True)
        try:
            self.quote("5.00", "5.10")
            self.await_status("cli-3", "protecting")
            self.quote("7.00", "7.10")
            out, _ = watch.communicate(timeout=60)
        finally:
            watch.kill()
            watch.wait()
        self.assertEqual(watch.returncode, 0)
        events = [json.loads(line) for line in out.splitlines()]
        self.assertEqual({e["order_id"] for e in events}, {order["id"]})
        self.assertEqual([e["seq"] for e in events], list(range(1, len(events) + 1)))
        self.assertEqual(events[-1]["order"]["status"], "closed")
        self.assertEqual(events[-1]["seq"], self.show("cli-3")["rev"], "to the last event")
        self.assertEqual(self.show("cli-3")["close_reason"], "take_profit")
        # What is done already is told at once.
        self.assertIn("closed by take_profit", self.orders("watch", "cli-3").stdout)

    def test_cancel_all_and_close(self):
        self.quote("5.00", "5.10")
        self.place("cli-4")
        self.await_status("cli-4", "protecting")
        self.assertRegex(self.orders("cancel", "--all", "--close").stdout, r"^Asked \d+ order")
        self.assertEqual(self.await_status("cli-4", *FINAL)["close_reason"], "manual")

    def test_mistakes_are_told(self):
        self.assertIn("--buy", self.orders("place", *CONTRACT, code=2).stderr)
        self.assertIn("which contract", self.orders("place", "--buy", "1", code=2).stderr)
        self.assertIn("did you mean 'cancel'", run("orders", "cancle").stderr)
        self.assertIn("no order", self.orders("show", "nobody", code=1).stderr)
        self.assertIn("which orders", self.orders("cancel", code=2).stderr)
        refused = self.orders("place", "--buy", "1.5", "--limit", "5", *CONTRACT, code=1)
        self.assertIn("quantity", refused.stderr)
        nowhere = run("orders", "list", "--data", self.server.data + "-nowhere")
        self.assertEqual(nowhere.returncode, 1)


if __name__ == "__main__":
    unittest.main()
