"""The rule language over HTTP: validate, series, the table of indicators."""

import unittest

import harness
import market


class Rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()
        cls.bars = market.make_bars(days=5, seed=7)
        assert cls.client.import_csv("ABC", market.csv_text(cls.bars)).status == 200

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def validate(self, rule, status=200):
        answer = self.client.post("/v1/rules/validate", json={"rule": rule})
        self.assertEqual(answer.status, status, (rule, answer))
        return answer.json()

    def series(self, *expressions, **more):
        answer = self.client.post("/v1/series", json={"symbol": "ABC", "expressions": list(expressions), **more})
        self.assertEqual(answer.status, 200, answer)
        body = answer.json()
        return body["times"], [c["values"] for c in body["columns"]]

    def test_a_valid_rule_is_described(self):
        answer = self.validate("RSI( 14 )<30 AND close>SMA(200)")
        self.assertEqual(answer["normal_form"], "rsi(14) < 30 and close > sma(200)")
        self.assertEqual((answer["type"], answer["lookback_bars"], answer["columns"]), ("boolean", 199, ["close"]))
        self.assertEqual(sorted(answer["indicators"]), ["rsi(14)", "sma(200)"])
        again = self.validate(answer["normal_form"])
        self.assertEqual(again["normal_form"], answer["normal_form"])

    def test_errors_have_a_place_a_caret_and_the_nearest_name(self):
        for rule, column, word in (("rsj(14) < 30", 1, "rsi"), ("close > sma(200", 16, ""), ("close >", 8, ""),
                                   ("close > 5 and\n  hihg > 3", 3, "high"), ("sma(0) > 1", 5, ""), ("sma(2.5) > 1", 5, ""),
                                   ("rsi(14, 5, 9) > 1", None, ""), ("close and high", 1, ""), ("not 5", None, ""),
                                   ("close[-1] > 2", None, ""), ("close > 5 5", 11, ""), ("$fast > 2 @", None, "")):
            problem = self.validate(rule, 422)
            self.assertEqual(problem["code"], "invalid_rule")
            self.assertEqual(problem["errors"][0]["pointer"], "/rule")
            self.assertIn("^", problem["detail"], rule)
            if column:
                self.assertEqual(problem["column"], column, (rule, problem))
            self.assertIn(word, problem["detail"])
        self.assertEqual(self.validate("close > 5 and\n  hihg > 3", 422)["line"], 2)

    def test_what_is_hardly_meant_is_told(self):
        def warnings(rule, **more):
            answer = self.client.post("/v1/rules/validate", json={"rule": rule, **more})
            self.assertEqual(answer.status, 200, answer)
            return answer.json()["warnings"]

        self.assertEqual(warnings("time >= 09:45 and rsi(14) < 30", symbol="ABC"), [])
        self.assertEqual(warnings("time >= 09:45 and rsi(14) < 30"), [])
        self.assertIn("America/New_York", warnings("time >= 09:45", symbol="ABC", timezone="UTC")[0])
        self.assertIn("summer time", warnings("time >= 09:45", timezone="UTC")[0])
        self.assertIn("never", warnings("rsi(14) > 100", symbol="ABC")[0])
        self.assertIn("rounding", warnings("close == ema(20)")[0])
        count = len(self.bars)
        self.assertEqual(warnings(f"close > sma({count // 2})", symbol="ABC"), [])
        self.assertIn(f"'ABC' has {count} of 1m: on most", warnings(f"close > sma({count - 5})", symbol="ABC")[0])
        self.assertIn("never has a value", warnings(f"close > sma({count + 1})", symbol="ABC")[0])
        self.assertIn("'ABC' has 130 of 15m", warnings("close > sma(200)", symbol="ABC", timeframe="15m")[0])
        self.assertIn("never has a value", warnings('close > tf("1d", sma(6))', symbol="ABC")[0])
        unknown = self.client.post("/v1/rules/validate", json={"rule": "close > 1", "symbol": "ABX"})
        self.assertEqual((unknown.status, unknown.json()["errors"][0]["pointer"]), (404, "/symbol"))
        self.assertIn("ABC", unknown.json()["detail"])

    def test_parameters_are_accepted_by_validate(self):
        self.assertEqual(self.validate("sma($fast) crosses above sma($slow)")["parameters"], ["fast", "slow"])

    def test_limits(self):
        self.validate("(" * 100 + "close > 1" + ")" * 100, 422)
        self.validate(" or ".join(["open>1"] * 400), 422)
        self.validate("sma(100001) > close", 422)
        self.assertEqual(self.client.post("/v1/rules/validate", json={"rule": "close > 1" + " " * 5000}).status, 400)
        self.assertEqual(self.client.post("/v1/rules/validate", json={"rule": ""}).status, 400)

    def test_indicators_lists_what_the_language_knows(self):
        items = {i["name"]: i for i in self.client.get("/v1/indicators").json()["items"]}
        for name in ("close", "vwap", "time", "prev_close", "gap", "sma", "ema", "rsi", "highest", "lowest", "abs"):
            self.assertIn(name, items)
        self.assertEqual(items["sma"]["parameters"][0]["max"], 100000)
        for name, item in items.items():
            if item["kind"] == "indicator":
                arguments = ["close > open"] * item["inputs"].count("rule")
                arguments += [str(p.get("default", max(p["min"], 14))) for p in item["parameters"]]
                self.validate(f"{name}({', '.join(arguments)}) > 1")

    def test_series_against_the_definitions(self):
        closes = [b.close / 100 for b in self.bars]
        times, (rsi, sma, above, highest) = self.series("rsi(14)", "sma(200)", "close > sma(200)", "highest(high, 20)")
        self.assertEqual(times, [market.stamp(b.at) for b in self.bars])
        for got, want in zip(rsi, market.rsi(closes, 14)):
            self.assertEqual(got is None, want is None)
            if want is not None:
                self.assertAlmostEqual(got, want, delta=1e-9 * max(1, abs(want)))
        exact = market.sma([b.close for b in self.bars], 200)
        for i, mean in enumerate(exact):
            self.assertEqual(sma[i] is None, mean is None)
            if mean is not None:
                self.assertAlmostEqual(sma[i], float(mean) / 100, delta=1e-12 * sma[i])
            self.assertEqual(above[i], mean is not None and self.bars[i].close > mean)
        for i in range(len(self.bars)):
            want = max(b.high for b in self.bars[i - 19:i + 1]) / 100 if i >= 19 else None
            self.assertEqual(highest[i], want)

    def test_session_series(self):
        bars = self.bars
        _, (minute, weekday, bar, opening, high, previous, gap, vwap) = self.series(
            "minutes_since_open", "weekday", "bar_of_day", "day_open", "day_high", "prev_close", "gap", "vwap")
        start, last_close, traded, value = 0, None, 0, 0.0
        for i, b in enumerate(bars):
            if i == 0 or bars[i - 1].at.date() != b.at.date():
                last_close = bars[i - 1].close if i else None
                start, traded, value = i, 0, 0.0
            local = b.at.astimezone(market.NEW_YORK)
            self.assertEqual(minute[i], local.hour * 60 + local.minute - 570)
            self.assertEqual(weekday[i], local.isoweekday())
            self.assertEqual(opening[i], bars[start].open / 100)
            self.assertEqual(high[i], max(x.high for x in bars[start:i + 1]) / 100)
            self.assertEqual(previous[i], None if last_close is None else last_close / 100)
            if last_close is not None:
                self.assertAlmostEqual(gap[i], bars[start].open / last_close - 1, delta=1e-12)
            traded += b.volume
            value += (b.high + b.low + b.close) / 300 * b.volume
            if traded:
                self.assertAlmostEqual(vwap[i], value / traded, delta=1e-9 * vwap[i])
            else:
                self.assertIsNone(vwap[i])
        self.assertEqual(bar[0] + 1, bar[1])

    def test_crosses_offsets_and_missing(self):
        closes = [b.close for b in self.bars]
        _, (cross, back, negation, quotient) = self.series(
            "close crosses above sma(5)", "close[3]", "not (close > sma(200))", "close / (close - close)")
        mean = market.sma(closes, 5)
        for i in range(len(closes)):
            want = i >= 5 and closes[i] > mean[i] and closes[i - 1] <= mean[i - 1]
            self.assertEqual(cross[i], want, i)
            self.assertEqual(back[i], closes[i - 3] / 100 if i >= 3 else None)
            self.assertIsNone(quotient[i])
        self.assertTrue(negation[0])

    def test_the_range_sees_the_history_before_it(self):
        _, (whole,) = self.series("rsi(14)")
        times, (part,) = self.series("rsi(14)", **{"from": "2024-01-04"})
        self.assertEqual(part, whole[-len(part):])
        self.assertTrue(times[0].startswith("2024-01-04"))

    def test_csv_and_refusals(self):
        body = {"symbol": "ABC", "expressions": ["close", "sma(3)"], "to": "2024-01-02"}
        lines = self.client.post("/v1/series", json=body, query={"format": "csv"}).text().splitlines()
        self.assertEqual(lines[0], "time,close,sma(3)")
        self.assertEqual(lines[1].split(",")[2], "")
        self.assertEqual(self.client.post("/v1/series", json={**body, "symbol": "NONE"}).status, 404)
        answer = self.client.post("/v1/series", json={**body, "expressions": ["close", "sma("]})
        self.assertEqual((answer.status, answer.json()["errors"][0]["pointer"]), (422, "/expressions/1"))
        self.assertEqual(self.client.post("/v1/series", json={**body, "expressions": []}).status, 400)
        self.assertEqual(self.client.post("/v1/series", json={**body, "expressions": ["$x + 1"]}).status, 422)
