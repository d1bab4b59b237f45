"""Backtests that buy options: GOOG's real day against a second reading of its zips, and modelled contracts anywhere."""

import datetime
import decimal
import unittest

import harness
import market
import naive_options

FOLDER = harness.SHARED / "options_goog_20151224"


def select(right, dte, strike, **more):
    return {"contract": {"select": {"right": right, "dte": dte, "strike": strike}}, "sizing": {"type": "fixed_quantity", "value": 1},
            "max_positions": 100, "initial_cash": 10000000, **more}


STRATEGIES = [
    select("call", [5, 9], "atm", take_profit={"percent": 20}, stop_loss={"percent": 10}, max_holding="30m"),
    select("put", [5, 30], "otm2", take_profit={"percent": 15}, flat_at="12:30"),
    select("call", [0, 0], "itm1", stop_loss={"percent": 50}),
    select("put", [0, 2], "otm1", max_holding="90m"),
    select("call", [20, 40], "delta:0.30", max_holding="45m", stop_loss={"percent": 4}),
    select("put", [100, 800], "delta:0.25", entry="close", take_profit={"percent": 0.5}, max_holding="20m"),
    select("call", [5, 9], "otm30", entry="close", max_holding="60m"),
    select("put", [1, 1100], "itm40", max_holding="15m"),
    select("call", [100, 300], "itm3", take_profit={"percent": 1}, stop_loss={"percent": 20}),
]


def ms_of(at):
    when = datetime.datetime.fromisoformat(at.replace("Z", "+00:00")) - datetime.datetime(2015, 12, 24, 5, tzinfo=datetime.timezone.utc)
    return round(when.total_seconds() * 1000)


def units(price):
    return int(decimal.Decimal(price) * 10**6)


def run_job(client, **request):
    answer = client.post("/v1/backtests", json=request, query={"wait": 60})
    assert answer.status in (200, 202), answer
    job = answer.json()
    harness.wait_until(lambda: client.get(f"/v1/backtests/{job['id']}").json()["status"] not in ("queued", "running"))
    return client.get(f"/v1/backtests/{job['id']}").json()


def all_trades(client, job):
    items, cursor = [], None
    while True:
        page = client.get(f"/v1/backtests/{job['id']}/trades", query={"limit": 1000, **({"cursor": cursor} if cursor else {})}).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


class RealDay(unittest.TestCase):
    def test_every_trade_is_that_of_the_zips(self):
        if not FOLDER.exists():
            self.skipTest("the sample data is not here")
        names = ("20151224_trade.zip", "20151224_quote_american.zip", "20151224_trade_american.zip")
        contracts = naive_options.merge(*(naive_options.read_zip(FOLDER / name) for name in names))
        with harness.Server() as server:
            client = server.client()
            for name in names:
                answer = client.post("/v1/bars", body=(FOLDER / name).read_bytes(), headers={"Content-Type": "application/zip"}, query={"format": "lean"})
                self.assertEqual(answer.status, 200, answer)
            everything = run_job(client, symbols=["*"], rule="close > open")
            self.assertEqual(everything["request"]["symbols"], ["GOOG"])  # contracts are no symbols of a universe
            reasons, count = set(), 0
            for strategy in STRATEGIES:
                job = run_job(client, symbols=["GOOG"], rule="close > open", trigger="every_bar", strategy=strategy)
                self.assertEqual(job["status"], "succeeded", job)
                found = sorted((t["occ_symbol"], ms_of(t["entry_at"]), units(t["entry_price"]), ms_of(t["exit_at"]), units(t["exit_price"]), t["exit_reason"])
                               for t in all_trades(client, job))
                expected = sorted(naive_options.trades(contracts, strategy))
                self.assertEqual(found, expected, strategy)
                for t in all_trades(client, job):
                    self.assertFalse(t["modelled"])
                    self.assertEqual(units(t["pnl"]), 100 * (units(t["exit_price"]) - units(t["entry_price"])))
                reasons |= {trade[5] for trade in found}
                count += len(found)
            self.assertGreater(count, 400)
            self.assertEqual(reasons, {"take_profit", "stop_loss", "time_exit", "flat_at", "expiry", "end_of_data"})


class Modelled(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()
        bars = market.make_bars(days=40, first="2024-05-06", seed=5, step=10)
        assert cls.client.import_csv("ABC", market.csv_text(bars)).status == 200

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def job(self, **strategy):
        return run_job(self.client, symbols=["ABC"], rule="close > sma(30)", strategy=strategy)

    def test_trades_are_marked_and_named(self):
        job = self.job(**{**select("call", [5, 12], "atm", stop_loss={"percent": 30}, flat_at="15:55"), "max_positions": 1},
                       model={"volatility": 0.35, "rate": 0.04})
        self.assertEqual(job["status"], "succeeded", job)
        trades = all_trades(self.client, job)
        self.assertGreater(len(trades), 20)
        for t in trades:
            self.assertTrue(t["modelled"])
            self.assertRegex(t["occ_symbol"], r"^ABC24\d{4}C\d{8}$")
            expiry = datetime.datetime.strptime(t["occ_symbol"][3:9], "%y%m%d").date()
            self.assertIn(expiry.weekday(), (3, 4))
            entered = datetime.datetime.fromisoformat(t["entry_at"].replace("Z", "+00:00")).date()
            self.assertTrue(5 - 4 <= (expiry - entered).days <= 12, t)  # a fire at the close is entered a weekend later
        self.assertEqual(job["request"]["strategy"]["contract"], {"select": {"right": "call", "dte": [5, 12], "strike": "atm"}})
        self.assertEqual(job["request"]["strategy"]["model"]["volatility"], "0.35")

    def test_realised_volatility_needs_its_days(self):
        job = self.job(**select("put", [5, 12], "delta:0.30", max_holding="2h"), model={"volatility": "realized:20d"})
        trades = all_trades(self.client, job)
        self.assertGreater(len(trades), 5)
        first = min(t["entry_at"] for t in trades)
        self.assertGreater(first, "2024-06-04")  # twenty moves between twenty-one closes

    def test_without_model_or_contract_nothing_is_bought(self):
        job = self.job(**select("call", [5, 12], "atm"))
        self.assertEqual(job["status"], "succeeded")
        self.assertEqual(all_trades(self.client, job), [])

    def test_what_cannot_be_is_refused_at_its_field(self):
        for strategy, pointer in (
                ({**select("call", [5, 12], "atm"), "side": "short"}, "/strategy/side"),
                (select("call", [12, 5], "atm"), "/strategy/contract/select/dte"),
                (select("call", [5, 12], "near"), "/strategy/contract/select/strike"),
                ({**select("call", [5, 12], "atm"), "model": {"volatility": "realised"}}, "/strategy/model/volatility"),
                ({"model": {"volatility": 0.3}}, "/strategy/model")):
            answer = self.client.post("/v1/backtests", json={"symbols": ["ABC"], "rule": "close > 1", "strategy": strategy}, check=False)
            self.assertEqual(answer.status, 400, answer)
            self.assertEqual(answer.json()["errors"][0]["pointer"], pointer)


if __name__ == "__main__":
    unittest.main()
