"""The paper broker as users meet it: orders over HTTP, filled by the quotes that are posted."""

import sqlite3
import unittest
from decimal import Decimal

import harness
import order_tools
from order_tools import settled


def post(client, symbol, bid, ask, size=None):
    sizes = {"bid_size": size, "ask_size": size} if size else {}
    answer = client.post("/v1/quotes", json=[{"symbol": symbol, "bid": bid, "ask": ask, **sizes}])
    assert answer.status == 200, answer


def ready(server):
    client = server.client()
    harness.wait_until(lambda: client.get("/readyz").status == 200)
    return client


def share(symbol, quantity, **fields):
    return {"symbol": symbol, "side": "buy", "quantity": quantity, "entry": {"type": "limit", "limit_price": "100"},
            "take_profit": {"limit_price": "110"}, "stop_loss": {"stop_price": "90"}, **fields}


def place(client, body):
    answer = client.post("/v1/orders", json=body)
    assert answer.status == 201, answer
    return answer.json()


def account(client):
    now = client.get("/v1/account").json()
    return {name: Decimal(now[name]) for name in ("cash", "equity", "buying_power")}


class Paper(unittest.TestCase):
    def setUp(self):
        self.server = order_tools.server(arguments=["--paper-cash", "10000"])
        self.server.start()
        self.client = ready(self.server)

    def tearDown(self):
        self.server.__exit__(None)

    def filled(self, order, quantity):
        """The order, once that much of its entry is filled."""
        def look():
            now = self.client.get(f"/v1/orders/{order['id']}").json()
            return now if Decimal(now["filled_quantity"]) == quantity else None
        return harness.wait_until(look)

    def test_an_entry_that_ended_partly_filled_holds_no_further_one(self):
        post(self.client, "ABC", "99", "100", 3)
        order = self.filled(place(self.client, share("ABC", 5, time_in_force="ioc")), 3)
        order = settled(self.client, order, ["protecting"])
        entries = [leg for leg in order["legs"] if leg["leg"] == "entry"]
        self.assertEqual([(leg["generation"], leg["status"]) for leg in entries], [(1, "canceled")])

    def test_a_quote_fills_what_it_offers_and_a_gap_fills_at_the_gap(self):
        order = place(self.client, share("ABC", 5))
        settled(self.client, order, ["working"])
        post(self.client, "ABC", "99", "100", 3)
        self.assertEqual(self.filled(order, 3)["average_fill_price"], "100")
        post(self.client, "ABC", "98", "99", 3)
        self.assertEqual(self.filled(order, 5)["average_fill_price"], "99.6")
        settled(self.client, order, ["protecting"])
        harness.wait_until(lambda: self.stop_of(order) == "5")
        post(self.client, "ABC", "80", "81")
        closed = settled(self.client, order, ["closed"])
        self.assertEqual(closed["close_reason"], "stop_loss")
        self.assertEqual(Decimal(closed["realized_pnl"]), 5 * 80 - 498)
        self.assertEqual(account(self.client)["cash"], 10000 + 400 - 498)

    def stop_of(self, order):
        """The quantity of the stop that rests for it."""
        legs = self.client.get(f"/v1/orders/{order['id']}").json()["legs"]
        return next((leg["quantity"] for leg in legs if leg["leg"] == "stop_loss" and leg["status"] == "new"), None)

    def test_what_costs_more_than_the_buying_power_is_rejected(self):
        rests = place(self.client, share("ABC", 60))
        settled(self.client, rests, ["working"])
        self.assertEqual(account(self.client), {"cash": 10000, "equity": 10000, "buying_power": 4000})
        dear = place(self.client, share("XYZ", 41))
        settled(self.client, dear, ["rejected"])
        order_tools.cancel(self.client, rests)
        settled(self.client, rests, ["canceled"])
        self.assertEqual(account(self.client)["buying_power"], 10000)

    def test_an_option_is_worth_a_hundred_times_its_price(self):
        symbol = order_tools.contract()
        order = place(self.client, order_tools.bracket(symbol, limit="5", quantity=2, take_profit={"limit_price": "8"}))
        settled(self.client, order, ["working"])
        post(self.client, symbol, "4.8", "5")
        settled(self.client, order, ["protecting"])
        self.assertEqual(account(self.client), {"cash": 9000, "equity": 9980, "buying_power": 9000})

    def test_a_pair_rests_and_one_leg_ends_the_other(self):
        order = place(self.client, share("ABC", 5, protection="resting_both"))
        settled(self.client, order, ["working"])
        post(self.client, "ABC", "99", "100")
        settled(self.client, order, ["protecting"])
        post(self.client, "ABC", "111", "112")
        closed = settled(self.client, order, ["closed"])
        self.assertEqual(closed["close_reason"], "take_profit")
        self.assertEqual(account(self.client)["cash"], 10000 + 5 * 11)

    def test_after_a_kill_it_goes_on_with_what_it_had_told(self):
        order = place(self.client, share("ABC", 5))
        settled(self.client, order, ["working"])
        post(self.client, "ABC", "99", "100", 3)
        self.filled(order, 3)
        told = account(self.client)
        self.server.kill()
        self.server.start()
        self.client = ready(self.server)
        now = account(self.client)
        self.assertEqual((now["cash"], now["buying_power"]), (told["cash"], told["buying_power"]))
        post(self.client, "ABC", "95", "96")
        self.assertEqual(Decimal(self.filled(order, 5)["average_fill_price"]), Decimal("98.4"))
        self.assertEqual(account(self.client)["cash"], 10000 - 492)

    def test_the_journal_adds_up(self):
        for i in range(3):
            order = place(self.client, share(f"S{i}", i + 1))
            settled(self.client, order, ["working"])
            post(self.client, f"S{i}", "99", "100")
            settled(self.client, order, ["protecting"])
            post(self.client, f"S{i}", "85", "86")
            settled(self.client, order, ["closed"])
        database = sqlite3.connect(f"file:{self.server.data}/bracketd.db?mode=ro", uri=True)
        rows = database.execute("SELECT j.seq, j.kind, o.side, j.quantity, j.price, j.cash FROM paper_journal j"
                                " JOIN paper_orders o ON o.id = j.order_id ORDER BY j.seq").fetchall()
        self.assertEqual([row[0] for row in rows], list(range(1, len(rows) + 1)))
        cash = 10000 * 10 ** 6
        for _, kind, side, quantity, price, told in rows:
            if kind == 4:
                cash += (1 if side == 1 else -1) * quantity * price // 10 ** 6
            self.assertEqual(cash, told)
        self.assertEqual(database.execute("SELECT cash FROM paper_account").fetchone(), (cash,))
        self.assertEqual(database.execute("SELECT count(*) FROM paper_positions WHERE quantity <> 0").fetchone(), (0,))
        database.close()


class Latency(unittest.TestCase):
    def test_an_order_trades_at_the_prices_of_when_it_arrives(self):
        with order_tools.server(arguments=["--paper-latency-ms", "2500"]) as server:
            client = ready(server)
            post(client, "ABC", "99", "100")
            order = place(client, share("ABC", 1, entry={"type": "market"}))
            settled(client, order, ["working"])
            post(client, "ABC", "101", "102")
            self.assertEqual(settled(client, order, ["protecting"])["average_fill_price"], "102")


if __name__ == "__main__":
    unittest.main()
