"""A bracket on a replay fills as the same trade does in a backtest: entry, exit, price and reason, to the last digit."""

import datetime
import random
import unittest

import harness
import market
import order_tools

QUANTITY = 2
SHARE_CASES = 30
OPTION_CASES = 12
STORED, NAME = "UND240119C00100000", "UND301220C{:08d}"


def widened(bars, generator):
    """The same bars as the asks above these bids."""
    out = []
    for b in bars:
        spread = generator.randint(2, 9)
        out.append(market.Bar(b.at, b.open + spread, b.high + spread, b.low + spread, b.close + spread, b.volume))
    return out


def minute_of(bar):
    at = bar.at.astimezone(market.NEW_YORK)
    return {"from": f"{at:%H:%M}", "to": f"{at + datetime.timedelta(minutes=1):%H:%M}"}


class SameFills(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = order_tools.server().__enter__()
        cls.client = cls.server.client()
        cls.shares = market.make_bars(days=1, seed=5, step=10)
        generator = random.Random(6)
        cls.bids = [market.Bar(b.at, b.open - 9000, b.high - 9000, b.low - 9000, b.close - 9000, b.volume)
                    for b in market.make_bars(days=1, seed=7, missing=0, step=6)]
        cls.asks = widened(cls.bids, generator)
        for symbol, bars in (("SAME", cls.shares), ("UND", market.make_bars(days=1, seed=8, missing=0)),
                             (STORED + ":bid", cls.bids), (STORED + ":ask", cls.asks)):
            answer = cls.client.import_csv(symbol, market.csv_text(bars))
            assert answer.status == 200, answer

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def backtest(self, symbol, bar, side, exits, intrabar, **more):
        """The trade that a fire of the bar becomes."""
        strategy = {"side": side, "take_profit": {"offset": exits[0]}, "stop_loss": {"offset": exits[1]}, "intrabar": intrabar,
                    "sizing": {"type": "fixed_quantity", "value": QUANTITY}, **more}
        job = self.client.post("/v1/backtests?wait=60", json={
            "rule": "close > 0", "symbols": [symbol], "trigger": "every_bar", "window": minute_of(bar), "strategy": strategy})
        self.assertEqual(job.status, 200, job)
        trades = self.client.get(f"/v1/backtests/{job.json()['id']}/trades").json()["items"]
        self.assertEqual(len(trades), 1)
        return trades[0]

    def at_first_quote(self, symbol, name, first, side, intrabar):
        """A replay that stands at the open of its first bar."""
        answer = self.client.post("/v1/replays", json={"symbols": [symbol], "as": [name], "from": market.stamp(first), "speed": 0.1,
                                                       "side": side, "intrabar": intrabar})
        self.assertEqual(answer.status, 201, answer)
        path = f"/v1/replays/{answer.json()['id']}"
        harness.wait_until(lambda: self.client.get(f"/v1/quotes/{name}", check=False).status == 200)
        self.assertEqual(self.client.request("PATCH", path, json={"status": "paused"}).status, 200)
        return path

    def bracket(self, target, side, exits, protection):
        """Filled at the quote that stands, what protects it at work."""
        working = ["filled", "new" if protection == "resting_both" else "held", "new"]
        answer = self.client.post("/v1/orders", json={
            **target, "side": side, "quantity": QUANTITY, "entry": {"type": "market"}, "protection": protection,
            "take_profit": {"offset": exits[0]}, "stop_loss": {"offset": exits[1]}})
        self.assertEqual(answer.status, 201, answer)

        def protected():
            order = self.client.get(f"/v1/orders/{answer.json()['id']}").json()
            self.assertNotIn(order["status"], ("rejected", "canceled"), order)
            return order if [leg["status"] for leg in order["legs"][:3]] == working else None
        return harness.wait_until(protected)

    def run_case(self, trade, path, target, side, exits, protection):
        order = self.bracket(target, side, exits, protection)
        self.assertEqual(self.client.request("PATCH", path, json={"status": "running", "speed": "max"}).status, 200)
        order = order_tools.settled(self.client, order, ("closed",))
        leg = next(l for l in order["legs"] if l["leg"] == order["close_reason"])
        self.assertEqual((order["average_fill_price"], leg["average_fill_price"], order["close_reason"]),
                         (trade["entry_price"], trade["exit_price"], trade["exit_reason"]))
        self.assertEqual(order["realized_pnl"], trade["pnl"])
        self.client.delete(path)

    def test_shares(self):
        generator, reasons, ambiguous = random.Random(1), set(), 0
        for i in range(SHARE_CASES):
            side, intrabar = ("long", "short")[i % 2], ("pessimistic", "adaptive", "optimistic")[i % 3]
            start = generator.randrange(len(self.shares) * 2 // 3)
            exits = [f"0.{generator.randint(2, 5 if i % 5 == 0 else 20):02d}" for _ in range(2)]  # some within one bar
            with self.subTest(side=side, intrabar=intrabar, start=start, exits=exits):
                trade = self.backtest("SAME", self.shares[start], side, exits, intrabar)
                self.assertEqual(trade["entry_at"], market.stamp(self.shares[start + 1].at))
                path = self.at_first_quote("SAME", f"S{i}", self.shares[start + 1].at, side, intrabar)
                self.run_case(trade, path, {"symbol": f"S{i}"}, {"long": "buy", "short": "sell"}[side], exits,
                              "resting_both" if i % 4 == 3 else "resting_stop")
                reasons.add(trade["exit_reason"])
                ambiguous += trade["ambiguous"]
        self.assertEqual(reasons, {"take_profit", "stop_loss"})
        self.assertGreater(ambiguous, 0)

    def test_options_bought_at_the_stored_ask_and_sold_at_the_stored_bid(self):
        generator, reasons = random.Random(2), set()
        rule = {"select": {"right": "call", "dte": [10, 20], "strike": "atm"}}
        for i in range(OPTION_CASES):
            start, name = generator.randrange(len(self.bids) * 2 // 3), NAME.format(100000 + i * 1000)
            exits = [f"0.{generator.randint(3, 15):02d}", f"0.{generator.randint(12, 35):02d}"]
            with self.subTest(start=start, exits=exits):
                trade = self.backtest("UND", self.bids[start], "long", exits, "pessimistic", contract=rule)
                self.assertEqual((trade["occ_symbol"], trade["modelled"]), (STORED, False))
                path = self.at_first_quote(STORED, name, self.bids[start + 1].at, "long", "pessimistic")
                self.run_case(trade, path, {"occ_symbol": name}, "buy", exits, "resting_both" if i % 4 == 3 else "resting_stop")
                reasons.add(trade["exit_reason"])
        self.assertEqual(reasons, {"take_profit", "stop_loss"})


if __name__ == "__main__":
    unittest.main()
