"""Backtests with a strategy: trades, account and metrics against an independent reference; refusals."""

import datetime
import json
import random
import unittest

import harness
import market
import naive_metrics
import naive_trades

RULE, EXIT = "close > sma(30)", "close < sma(12)"
RANGE = {"from": "2024-06-26", "to": "2024-07-10T17:30:00Z"}  # with a half day, and an end within a session


def strategies():
    """Every field alone or beside others, then drawn by lot."""
    yield {}
    yield {"take_profit": {"percent": 0.5}, "stop_loss": {"percent": 0.25}}
    yield {"take_profit": {"offset": "0.06"}, "stop_loss": {"offset": 0.05}, "intrabar": "adaptive", "max_positions": 3}
    yield {"take_profit": {"offset": "0.06"}, "stop_loss": {"offset": 0.05}, "intrabar": "optimistic", "side": "short"}
    yield {"stop_loss": {"atr": {"period": 14, "multiple": "1.5"}}, "take_profit": {"atr": {"period": 5, "multiple": 3}}, "risk_free_rate": 0.05}
    yield {"exit_rule": EXIT, "entry": "close", "commission": {"per_share": 0.005, "minimum": 1}}
    yield {"max_holding": "45m", "slippage": {"ticks": 2, "tick_size": "0.01"}, "sizing": {"type": "percent_equity", "value": 60}}
    yield {"flat_at": "15:55", "side": "short", "slippage": {"percent": "0.013"}, "sizing": {"type": "fixed_quantity", "value": 37}}
    yield {"flat_at": "12:00", "entry": "close", "commission": {"percent": 0.05}, "initial_cash": "15000.5"}
    lot = random.Random(8)
    for _ in range(30):
        yield drawn(lot)


def drawn_distance(lot):
    kind = lot.choice(["percent", "offset", "atr"])
    if kind == "atr":
        return {"atr": {"period": lot.choice([3, 14, 60]), "multiple": lot.choice([0.5, "1.25", 4])}}
    return {kind: lot.choice([0.04, 0.1, "0.333333", 1])}


def drawn(lot):
    y = {"side": lot.choice(["long", "short"]), "entry": lot.choice(["next_open", "close"]),
         "intrabar": lot.choice(["pessimistic", "optimistic", "adaptive"]), "max_positions": lot.choice([1, 1, 2, 5]),
         "sizing": lot.choice([{"type": "fixed_cash", "value": 30000, "step": "0.001"}, {"type": "percent_equity", "value": 33},
                               {"type": "fixed_quantity", "value": 100}])}
    for name, value in (("take_profit", drawn_distance(lot)), ("stop_loss", drawn_distance(lot)), ("exit_rule", EXIT),
                        ("max_holding", lot.choice(["7m", "1h30m", "1d"])), ("flat_at", lot.choice(["10:00", "13:00", "15:59"])),
                        ("slippage", lot.choice([{"percent": 0.02}, {"ticks": 1, "tick_size": 0.01}])),
                        ("commission", {"per_share": "0.01", "percent": 0.01, "minimum": "0.35"}), ("initial_cash", 40000)):
        if lot.random() < 0.45:
            y[name] = value
    return y


def holds(bars, period, above):
    closes = [b.close for b in bars]
    means = market.sma(closes, period)
    return [m is not None and (c > m if above else c < m) for c, m in zip(closes, means)]


class Strategies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()
        cls.bars = {name: market.make_bars(days=14, first="2024-06-24", seed=seed, step=10) for name, seed in (("ABC", 31), ("XYZ", 32))}
        for name, bars in cls.bars.items():
            assert cls.client.import_csv(name, market.csv_text(bars)).status == 200

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def symbols(self):
        """What the reference needs of each symbol: fires within the range, bits of the exit rule, first and last bar."""
        begin = datetime.datetime(2024, 6, 26, tzinfo=market.NEW_YORK)
        end = datetime.datetime(2024, 7, 10, 17, 30, tzinfo=datetime.timezone.utc)
        for name, bars in self.bars.items():
            bits = holds(bars, 30, True)
            fires = [i for i, bit in enumerate(bits) if bit and begin <= bars[i].at < end
                     and not (i and bits[i - 1] and bars[i - 1].at.date() == bars[i].at.date())]
            symbol = naive_trades.Symbol(name, bars, fires, None, sum(b.at < end for b in bars))
            symbol.first = sum(b.at < begin for b in bars)
            yield symbol

    def accounts(self, strategy):
        symbols = list(self.symbols())
        for symbol in symbols:
            symbol.exit_bits = holds(symbol.bars, 12, False) if "exit_rule" in strategy else None
        candidates = naive_trades.candidates_of(strategy, symbols)
        return {case: naive_trades.Account(strategy, symbols, candidates, case) for case in ("chosen", "best", "worst")}, len(candidates)

    def backtest(self, strategy, client=None, **fields):
        answer = (client or self.client).post("/v1/backtests", json={
            "rule": RULE, "symbols": ["ABC", "XYZ"], "horizons": ["5m"], **RANGE, "strategy": strategy, **fields}, query={"wait": 30})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json()["status"], "succeeded", answer)
        return answer.json()

    def assert_near(self, name, actual, want):
        if isinstance(want, datetime.datetime):
            want = market.stamp(want)
        if want is None or isinstance(want, str):
            self.assertEqual(actual, want, name)
            return
        self.assertIsNotNone(actual, name)
        self.assertLessEqual(abs(float(actual) - want), 1e-9 * max(1, abs(want)), f"{name}: {actual}, not {want}")

    def assert_metrics(self, actual, want):
        self.assertEqual(set(actual), set(want))
        for name, value in want.items():
            if name == "expectancy" and value is not None:
                self.assertAlmostEqual(float(actual[name]), value, delta=1e-6)
            else:
                self.assert_near(name, actual[name], value)

    def assert_trades(self, trades, account, candidates):
        mine = account.trades
        reasons = {name: sum(t["exit_reason"] == name for t in mine) for name in trades["by_exit_reason"]}
        self.assertEqual(trades["by_exit_reason"], reasons)
        self.assertEqual((trades["count"], trades["candidates"]), (len(mine), candidates))
        self.assertEqual({name: trades[name] for name in account.counts}, account.counts)
        self.assertEqual(naive_trades.micros(trades["pnl"]), sum(t["pnl"] for t in mine))
        self.assertEqual(naive_trades.micros(trades["commission"]), sum(t["commission"] for t in mine))
        self.assertEqual(naive_trades.micros(trades["final_equity"]), account.points[-1]["equity"])
        self.assertEqual((trades["from"], trades["to"]), (market.stamp(account.points[0]["at"]), market.stamp(account.points[-1]["at"])))

    def lines(self, job, what):
        answer = self.client.get(f"/v1/backtests/{job['id']}/{what}", query={"format": "ndjson"})
        self.assertEqual(answer.status, 200, answer)
        return [json.loads(line) for line in answer.text().splitlines()]

    def assert_listed(self, job, account):
        """Each trade and each point of the equity, in order."""
        trades, points = self.lines(job, "trades"), self.lines(job, "equity")
        self.assertEqual((len(trades), len(points)), (len(account.trades), len(account.points)))
        for trade, want in zip(trades, account.trades):
            for name in ("entry_price", "exit_price", "quantity", "pnl", "commission"):
                self.assertEqual(naive_trades.micros(trade[name]), want[name], name)
            for name in ("symbol", "exit_reason", "ambiguous", "bars_held"):
                self.assertEqual(trade[name], want[name], name)
            for name in ("entry_at", "exit_at"):
                self.assertEqual(trade[name], market.stamp(want[name]), name)
            self.assert_near("return", trade["return"], want["return"])
        for point, want in zip(points, account.points):
            self.assertEqual((point["at"], point["open_positions"], point["mark"]), (market.stamp(want["at"]), want["open"], want["mark"]))
            self.assertEqual((naive_trades.micros(point["equity"]), naive_trades.micros(point["cash"])), (want["equity"], want["cash"]))

    def test_trades_and_metrics_are_those_of_the_definition(self):
        total = ambiguous = 0
        for strategy in strategies():
            with self.subTest(strategy=strategy):
                accounts, candidates = self.accounts(strategy)
                job = self.backtest(strategy)
                result = job["result"]
                self.assert_listed(job, accounts["chosen"])
                self.assert_trades(result["trades"], accounts["chosen"], candidates)
                firsts = [s.first for s in accounts["chosen"].symbols]
                rate = strategy.get("risk_free_rate", 0)
                for key, case in (("metrics", "chosen"), ("metrics_best", "best"), ("metrics_worst", "worst")):
                    self.assert_metrics(result[key], naive_metrics.metrics(accounts[case], rate, firsts))
                for symbol in result["symbols"]:
                    mine = [t for t in accounts["chosen"].trades if t["symbol"] == symbol["symbol"]]
                    self.assertEqual(symbol["trades"]["count"], len(mine))
                    self.assertEqual(naive_trades.micros(symbol["trades"]["pnl"]), sum(t["pnl"] for t in mine))
                total += result["trades"]["count"]
                ambiguous += result["trades"]["ambiguous"]
        self.assertGreater(total, 3000)
        self.assertGreater(ambiguous, 100)

    def test_the_digest_does_not_depend_on_shards_or_workers(self):
        strategy = {"stop_loss": {"atr": {"period": 14, "multiple": 1}}, "take_profit": {"percent": 0.1}, "exit_rule": EXIT,
                    "flat_at": "15:55", "intrabar": "adaptive"}
        jobs = [self.backtest(strategy, shard=shard) for shard in ("day", "week", "month")]
        for workers in (1, 5, 16):
            with harness.Server(workers=workers) as server:
                client = server.client()
                for name, bars in self.bars.items():
                    client.import_csv(name, market.csv_text(bars))
                jobs += [self.backtest(strategy, client, shard=shard) for shard in ("day", "month")]
        self.assertEqual(len({job["result"]["digest"] for job in jobs}), 1)
        self.assertTrue(all(job["result"] == jobs[0]["result"] for job in jobs))
        self.assertNotEqual(self.backtest({**strategy, "side": "short"})["result"]["digest"], jobs[0]["result"]["digest"])

    def test_the_request_is_kept_as_it_was_given(self):
        strategy = {"take_profit": {"percent": "0.5"}, "exit_rule": EXIT, "sizing": {"type": "fixed_quantity", "value": "7"}, "risk_free_rate": 0.01}
        job = self.backtest(strategy)
        self.assertEqual(job["request"]["strategy"], strategy)
        self.assertEqual(self.client.get(f"/v1/backtests/{job['id']}").json()["request"]["strategy"], strategy)

    def test_bad_strategies_are_refused_with_a_pointer(self):
        for strategy, pointer in (({"side": "up"}, "/side"), ({"tp": 1}, "/tp"), ({"take_profit": {}}, "/take_profit"),
                                  ({"take_profit": {"percent": -1}}, "/take_profit/percent"),
                                  ({"stop_loss": {"atr": {"period": 0, "multiple": 1}}}, "/stop_loss/atr/period"),
                                  ({"sizing": {"type": "fixed_cash"}}, "/sizing/value"), ({"flat_at": "4pm"}, "/flat_at")):
            answer = self.client.post("/v1/backtests", json={"rule": RULE, "symbols": ["ABC"], "strategy": strategy})
            self.assertEqual((answer.status, answer.json()["errors"][0]["pointer"]), (400, "/strategy" + pointer), answer)
        answer = self.client.post("/v1/backtests", json={"rule": RULE, "symbols": ["ABC"], "strategy": {"exit_rule": "rsj(14) > 70"}})
        self.assertEqual((answer.status, answer.json()["errors"][0]["pointer"]), (422, "/strategy/exit_rule"))
        answer = self.client.post("/v1/check", json={"rule": RULE, "symbol": "ABC", "strategy": {}})
        self.assertEqual((answer.status, answer.json()["errors"][0]["pointer"]), (400, "/strategy"))
        self.assertIn("/v1/backtests", answer.json()["detail"])

    def test_when_nothing_could_be_traded_the_result_says_why(self):
        for strategy, kind, words in (
                ({"sizing": {"type": "fixed_cash", "value": 2}}, "too_small", ("fixed_cash 2 buys less than one step of 1 at ",)),
                ({"sizing": {"type": "fixed_quantity", "value": 1000}, "initial_cash": 99}, "unaffordable",
                 ("cash of 99 does not cover a size of fixed_quantity 1000 ",)),
                ({"flat_at": "09:30"}, None, ("could not be entered, because no bar came after them, flat_at had come",))):
            job = self.backtest(strategy, symbols=["ABC"])
            result, fires = job["result"], job["result"]["fires"]
            self.assertEqual((result["trades"]["count"], len(result["warnings"])), (0, 1), result["warnings"])
            self.assertTrue(result["warnings"][0].startswith(f"nothing was traded: {fires} of {fires} fires "), result["warnings"])
            for part in words:
                self.assertIn(part, result["warnings"][0])
            if kind:
                self.assertEqual(result["trades"][kind], fires)
                self.assertIn(f"at {self.first_entry(job)} a unit, ", result["warnings"][0])
        self.assertEqual(self.backtest({})["result"]["warnings"], [])
        self.assertEqual(self.backtest({}, rule="close > 100000")["result"]["warnings"], [])

    def first_entry(self, job):
        """The open of the bar after the first fire."""
        at = self.client.get(f"/v1/backtests/{job['id']}/fires?limit=1").json()["items"][0]["at"]
        return self.client.get(f"/v1/bars/ABC?timeframe=1m&limit=2&from={at}").json()["items"][1]["open"]

    def test_a_rule_that_never_fires_leaves_the_cash(self):
        result = self.backtest({"initial_cash": 5000}, rule="close > 100000")["result"]
        self.assertEqual((result["fires"], result["trades"]["count"], result["trades"]["final_equity"]), (0, 0, "5000"))
        self.assertEqual(result["metrics"]["total_return"], 0)
        self.assertIsNone(result["metrics"]["win_rate"])
