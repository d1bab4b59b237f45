"""Explanations: why a rule fired on a bar, or did not; over HTTP and on the command line."""

import json
import pathlib
import tempfile
import unittest

import harness
import market
from harness import run

RULE = "rsi(14) < 30 and close > sma(200)"


class Explain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()
        cls.bars = market.make_bars(days=12, seed=3)
        cls.closes = [b.close for b in cls.bars]
        assert cls.client.import_csv("ABC", market.csv_text(cls.bars)).status == 200
        assert cls.client.import_csv("XYZ", market.csv_text(market.make_bars(days=5, seed=4))).status == 200

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def create(self, **fields):
        job = self.client.post("/v1/backtests", json={"rule": RULE, "symbols": ["ABC"], **fields}, query={"wait": 30}).json()
        self.assertEqual(job["status"], "succeeded", job)
        return job["id"]

    def explain(self, job, at, status=200, **query):
        at = at if isinstance(at, str) else market.stamp(at)
        answer = self.client.post(f"/v1/backtests/{job}/explain", query={"at": at, **query})
        self.assertEqual(answer.status, status, answer)
        return answer.json()

    def test_both_sides_and_truths_are_those_of_the_definition(self):
        job = self.create(trigger="every_bar")
        rsi = market.rsi([c / 100 for c in self.closes], 14)
        mean = market.sma(self.closes, 200)
        holds = market.oversold_in_uptrend(self.closes, 100)
        chosen = [0, 5, 14, 199, 200, 1500, len(self.bars) - 1] + [i for i, held in enumerate(holds) if held][:5]
        for i in chosen:
            got = self.explain(job, self.bars[i].at)
            self.assertEqual(got["at"], market.stamp(self.bars[i].at))
            self.assertEqual(got["bar"]["close"].rstrip("0"), market.cents(self.closes[i]).rstrip("0"))
            self.assertEqual((got["value"], got["fired"], got["held_back"]), (holds[i], holds[i], None))
            oversold, above = got["clauses"]
            self.assertEqual((oversold["text"], above["text"]), ("rsi(14) < 30", "close > sma(200)"))
            self.assertEqual((oversold["left"]["text"], oversold["right"]["text"]), ("rsi(14)", "30"))
            self.assertEqual(above["left"]["value"], self.closes[i] / 100)
            self.assertEqual(oversold["truth"], rsi[i] is not None and rsi[i] < 30)
            self.assertEqual(above["truth"], mean[i] is not None and self.closes[i] > mean[i])
            self.close(oversold["left"]["value"], rsi[i])
            self.close(oversold["distance"], None if rsi[i] is None else abs(rsi[i] - 30))
            self.close(above["right"]["value"], None if mean[i] is None else float(mean[i]) / 100)
            self.assertEqual(got["nearest_miss"] is None, holds[i])
            if i < 14:
                self.assertIn("had no value", got["nearest_miss"]["text"])

    def close(self, got, want):
        self.assertEqual(got is None, want is None)
        if want is not None:
            self.assertAlmostEqual(got, want, delta=1e-9 * max(1, abs(want)))

    def test_values_are_the_bits_of_series(self):
        rule = 'tf("15m", ema(20)) > vwap or not (close crosses above ema(9))[2] and tf("1h", rsi(5) < 40)'
        job = self.create(rule=rule)
        texts, at = [], self.bars[2000].at
        got = self.explain(job, at)

        def visit(clauses):
            for clause in clauses:
                visit(clause.get("clauses", []))
                texts.extend((side["text"], side["value"]) for side in (clause.get("left"), clause.get("right")) if side)
        visit(got["clauses"])
        self.assertEqual(len(texts), 6)
        self.assertEqual([c["kind"] for c in got["clauses"]], ["or"])
        series = self.client.post("/v1/series", json={"symbol": "ABC", "expressions": list(dict.fromkeys(t for t, _ in texts)),
                                                      "from": market.stamp(at), "to": market.stamp(self.bars[2001].at)}).json()
        values = {c["expression"]: c["values"][0] for c in series["columns"]}
        for text, value in texts:
            self.assertEqual(values[text], value, text)

    def test_the_nearest_miss_is_in_words(self):
        b = self.bars[1000]
        close = b.close / 100
        got = self.explain(self.create(rule=f"close < {close - 0.25:.2f} and close > 1"), b.at)
        self.assertEqual(got["nearest_miss"]["text"], f"close was {close:g}, 0.25 away")
        self.assertEqual(got["nearest_miss"]["clause"], f"close < {close - 0.25:g}")
        self.assertAlmostEqual(got["nearest_miss"]["distance"], 0.25)

    def test_why_a_true_bar_did_not_fire(self):
        at = self.bars[1000].at
        always = {"rule": "close > 0"}
        first = next(b for b in self.bars if b.at.date() == at.date())
        job = self.create(**always)
        self.assertEqual(self.explain(job, first.at)["fired"], True)
        got = self.explain(job, at)
        self.assertEqual((got["value"], got["fired"], got["held_back"]), (True, False, "trigger"))
        for fields, reason in (({"window": {"from": "09:30", "to": "09:31"}}, "window"),
                               ({"to": market.stamp(at)}, "range"),
                               ({"trigger": "once_per_day"}, "trigger"),
                               ({"trigger": "every_bar", "cooldown": "6h"}, "cooldown"),
                               ({"trigger": "every_bar"}, None)):
            got = self.explain(self.create(**always, **fields), at)
            self.assertEqual((got["value"], got["held_back"]), (True, reason), fields)
            self.assertEqual(got["fired"], reason is None)

    def test_several_symbols_and_timeframes(self):
        job = self.create(symbols=["ABC", "XYZ"], timeframe="15m", rule="close > open", trigger="every_bar")
        at = "2024-01-03T15:00:00Z"
        self.explain(job, at, 400)
        problem = self.explain(job, at, 404, symbol="XYY")
        self.assertIn("XYZ", problem["detail"])
        for symbol in ("ABC", "XYZ"):
            got = self.explain(job, at, symbol=symbol)
            self.assertEqual((got["symbol"], got["timeframe"]), (symbol, "15m"))
            self.assertEqual(got["value"], got["fired"])
            self.assertEqual(got["bar"]["close"] > got["bar"]["open"], got["value"])

    def test_refusals(self):
        job = self.create()
        problem = self.explain(job, "2024-01-02T14:30:30Z", 404)
        self.assertIn("2024-01-02T14:30:00Z", problem["detail"])
        self.assertIn("2024-01-02T14:31:00Z", problem["detail"])
        self.assertIn(market.stamp(self.bars[0].at), self.explain(job, "2020-01-02T14:30:00Z", 404)["detail"])
        self.assertIn(market.stamp(self.bars[-1].at), self.explain(job, "2030-01-02T14:30:00Z", 404)["detail"])
        self.explain(job, "2024-01-02", 400)
        self.explain(job, "soon", 400)
        self.assertEqual(self.client.post(f"/v1/backtests/{job}/explain").status, 400)
        self.explain(job, "2024-01-02T14:30:00Z", 400, sybmol="ABC")
        self.explain("019b0000-0000-7000-8000-000000000000", "2024-01-02T14:30:00Z", 404)
        self.explain("x", "2024-01-02T14:30:00Z", 404)
        self.assertEqual(self.client.post(f"/v1/backtests/{job}/explain", json={}, query={"at": "2024-01-02T14:30:00Z"}).status, 400)
        self.assertEqual(self.client.get(f"/v1/backtests/{job}/explain").status, 405)

    def test_the_deepest_rule_is_answered(self):
        rule = "close > 0"
        for i in range(31):
            rule = f"({rule} or open > {i}) and high > 0" if i % 2 else f"not ({rule} and low > 0)"
            if rule.count("(") + rule.count("not") >= 31:
                break
        got = self.explain(self.create(rule=rule), self.bars[1000].at)
        self.assertTrue(got["clauses"])

    # ---- the command line

    def command(self, *arguments, code=0, **more):
        done = run("check", "--symbol", "ABC", *arguments, **more)
        self.assertEqual(done.returncode, code, (arguments, done.stdout, done.stderr))
        return done.stdout if code == 0 else done.stderr

    def test_on_the_command_line(self):
        at = market.stamp(self.bars[1000].at)
        job = self.create(trigger="every_bar")
        want = self.explain(job, at)
        before = len(self.client.get("/v1/backtests").json()["items"])
        place = ("--url", f"http://127.0.0.1:{self.server.port}")
        key = {"env": {"BRACKETD_KEY": self.server.key}}
        flags = ("--trigger", "every_bar", "--explain", at, RULE)
        self.assertEqual(json.loads(self.command(*place, *flags, "--json", **key)), want)
        self.assertEqual(len(self.client.get("/v1/backtests").json()["items"]), before)
        with tempfile.TemporaryDirectory(prefix="bracketd-explain-") as folder:
            file = pathlib.Path(folder) / "abc.csv"
            file.write_text(market.csv_text(self.bars))
            data = ("--data", folder + "/data")
            self.assertEqual(run("import", *data, "--symbol", "ABC", file).returncode, 0)
            self.assertEqual(json.loads(self.command(*data, *flags, "--json")), want)
            text = self.command(*data, *flags)
            self.assertIn("It did not hold. Nearest: " + want["nearest_miss"]["text"], text)
            self.assertIn("rsi(14) < 30", text)
            self.assertIn(self.bars[1000].at.astimezone(market.NEW_YORK).strftime("%Y-%m-%d %H:%M America/New_York"), text)
            held = self.command(*data, "--explain", at, "close > 0 and not (close < 1)")
            self.assertIn("It held, but did not fire: it held before already.", held)
            self.assertIn("the nearest start at", self.command(*data, "--explain", "2024-01-02T14:30:30Z", RULE, code=1))
            self.assertIn("--explain", self.command(*data, "--explain", "noon", RULE, code=2))


if __name__ == "__main__":
    unittest.main()
