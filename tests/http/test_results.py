"""What a finished backtest hands out: lists in three forms, walked and whole, and the curve in few points."""

import csv
import io
import json
import socket
import time
import unittest
from decimal import Decimal

import harness
import market

STRATEGY = {"take_profit": {"percent": 0.2}, "stop_loss": {"percent": 0.15}, "max_holding": "30m", "flat_at": "15:50",
            "commission": {"per_share": 0.005, "minimum": 1}, "slippage": {"percent": 0.01},
            "sizing": {"type": "fixed_cash", "value": 9000}, "initial_cash": 100000}


class Results(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()
        for seed, symbol in enumerate(("ABC", "XYZ"), 3):
            assert cls.client.import_csv(symbol, market.csv_text(market.make_bars(days=40, seed=seed))).status == 200
        cls.job = cls.create(symbols=["ABC", "XYZ"], strategy=STRATEGY)
        cls.study = cls.create(symbols=["ABC", "XYZ"])

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    @classmethod
    def create(cls, **fields):
        body = {"rule": "close > open", "horizons": ["5m", "close"], **fields}
        job = cls.client.post("/v1/backtests", json=body, query={"wait": 60}).json()
        assert job["status"] == "succeeded", job
        return job

    def get(self, path, job=None, status=200, **query):
        answer = self.client.get(f"/v1/backtests/{(job or self.job)['id']}/{path}", query=query)
        self.assertEqual(answer.status, status, answer)
        return answer

    def walk(self, path, limit, **query):
        items, cursor = [], {}
        while True:
            page = self.get(path, limit=limit, **query, **cursor).json()
            self.assertLessEqual(len(page["items"]), limit)
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            self.assertEqual(len(page["items"]), limit)
            cursor = {"cursor": page["next_cursor"]}

    def whole_csv(self, path, **query):
        answer = self.get(path, format="csv", **query)
        self.assertEqual(answer.headers["Content-Type"], "text/csv")
        return list(csv.DictReader(io.StringIO(answer.text())))

    def whole_ndjson(self, path, **query):
        return [json.loads(line) for line in self.get(path, format="ndjson", **query).text().splitlines()]

    def same_as_csv(self, items, rows):
        """Values of JSON, flat, in the words of CSV."""
        self.assertEqual(len(items), len(rows))
        for item, row in zip(items, rows):
            flat = {}
            for name, value in item.items():
                flat.update(value if isinstance(value, dict) else {name: value})
            for name, value in flat.items():
                if isinstance(value, bool):
                    self.assertEqual(row[name], "true" if value else "false")
                elif value is None:
                    self.assertEqual(row[name], "")
                elif isinstance(value, (int, float)):
                    self.assertEqual(float(row[name]), value)
                else:
                    self.assertEqual(row[name], value)

    def test_walked_pages_are_the_whole_in_every_form(self):
        for path, limit in (("trades", 7), ("trades", 1000), ("equity", 97), ("fires", 333), ("shards", 1)):
            with self.subTest(path=path, limit=limit):
                walked = self.walk(path, limit)
                self.assertGreater(len(walked), 3)
                self.assertEqual(self.whole_ndjson(path), walked)
                self.same_as_csv(walked, self.whole_csv(path))

    def test_a_whole_list_begins_at_its_cursor(self):
        for path in ("trades", "equity", "fires"):
            items = self.walk(path, 1000)
            cursor = self.get(path, limit=5).json()["next_cursor"]
            self.assertEqual(self.whole_ndjson(path, cursor=cursor), items[5:])
            answer = self.get(path, format="csv", limit=5)
            self.assertEqual(answer.headers["X-Next-Cursor"], cursor)
            self.assertEqual(len(answer.text().splitlines()), 6)

    def test_large_lists_come_in_parts(self):
        answer = self.get("fires", format="ndjson")
        self.assertEqual(answer.headers["Transfer-Encoding"], "chunked")
        self.assertGreater(len(answer.body), 256 * 1024)
        self.assertEqual(len(answer.text().splitlines()), self.job["result"]["fires"])

    def test_profits_add_up_to_the_change_of_equity(self):
        trades, equity = self.walk("trades", 1000), self.walk("equity", 1000)
        result = self.job["result"]
        self.assertEqual(len(trades), result["trades"]["count"])
        self.assertEqual(equity[0]["equity"], "100000")
        self.assertEqual(sum(Decimal(t["pnl"]) for t in trades), Decimal(equity[-1]["equity"]) - Decimal(equity[0]["equity"]))
        self.assertEqual(equity[-1]["equity"], result["trades"]["final_equity"])
        self.assertEqual(max(p["drawdown"] for p in equity), result["metrics"]["max_drawdown"])
        for t in trades:
            self.assertEqual(Decimal(t["pnl"]), Decimal(t["exit_value"]) - Decimal(t["entry_value"]) - Decimal(t["commission"]))
            self.assertAlmostEqual(t["return"], float(Decimal(t["pnl"]) / Decimal(t["entry_value"])), delta=1e-12)
            self.assertLess(t["entry_at"], t["exit_at"] + "~")
            self.assertIsNone(t["occ_symbol"])
            self.assertIs(t["modelled"], False)
            self.assertEqual(t["side"], "long")
        peak = Decimal(0)
        for p in equity:
            peak = max(peak, Decimal(p["equity"]))
            self.assertEqual(Decimal(p["peak"]), peak)
            self.assertAlmostEqual(p["drawdown"], float(1 - Decimal(p["equity"]) / peak), delta=1e-12)

    def test_filters_pick_what_they_say(self):
        trades = self.walk("trades", 1000)
        reasons = {t["exit_reason"] for t in trades}
        self.assertGreaterEqual(len(reasons), 3)
        for reason in reasons:
            self.assertEqual(self.walk("trades", 11, exit_reason=reason), [t for t in trades if t["exit_reason"] == reason])
        for symbol in ("ABC", "XYZ"):
            self.assertEqual(self.whole_ndjson("trades", symbol=symbol), [t for t in trades if t["symbol"] == symbol])
        for flag in ("true", "false"):
            wanted = [t for t in trades if t["ambiguous"] == (flag == "true")]
            self.assertEqual(self.walk("trades", 50, ambiguous=flag), wanted)
        some = self.walk("trades", 5, symbol="ABC", exit_reason="stop_loss", ambiguous="false")
        self.assertTrue(some)
        self.assertTrue(all(t["symbol"] == "ABC" and t["exit_reason"] == "stop_loss" and not t["ambiguous"] for t in some))

    def test_few_points_keep_the_extremes(self):
        whole = self.walk("equity", 1000)
        for points in (5, 17, 100, 999):
            few = self.get("equity", points=points).json()["items"]
            self.assertLessEqual(len(few), points)
            at = [whole.index(p) for p in few]
            self.assertEqual(at, sorted(set(at)))
            self.assertEqual((few[0], few[-1]), (whole[0], whole[-1]))
            for pick, key in ((min, "equity"), (max, "equity")):
                self.assertEqual(pick(Decimal(p[key]) for p in few), pick(Decimal(p[key]) for p in whole))
            self.assertEqual(max(p["drawdown"] for p in few), max(p["drawdown"] for p in whole))
            self.assertEqual(self.whole_ndjson("equity", points=points), few)
            self.same_as_csv(few, self.whole_csv("equity", points=points))
        self.assertEqual(self.get("equity", points=20000).json()["items"], whole)

    def test_tables_are_those_of_the_result(self):
        study = self.job["result"]["study"]
        for path, key in (("by-minute", "time"), ("by-weekday", "weekday"), ("by-month", "month")):
            want = [{key: g[key], "fires": g["fires"], "mean_5m": g["mean"][0], "mean_close": g["mean"][1],
                     "hit_rate_5m": g["hit_rate"][0], "hit_rate_close": g["hit_rate"][1]}
                    for g in study[path.replace("-", "_")]]
            self.assertEqual(self.get(path).json()["items"], want)
            self.assertEqual(self.whole_ndjson(path), want)
            self.same_as_csv(want, self.whole_csv(path))
        for job in (self.job, self.study):
            want = []
            for symbol in job["result"]["symbols"]:
                row = {name: symbol[name] for name in ("symbol", "fires", "bars", "bars_in_window")}
                for what in ("mean", "hit_rate", "difference"):
                    row.update({f"{what}_{h['horizon']}": h[what] for h in symbol["horizons"]})
                if "trades" in symbol:
                    row["trades"] = symbol["trades"]["count"]
                    row.update({name: symbol["trades"][name] for name in (
                        "wins", "losses", "pnl", "commission", "win_rate", "profit_factor", "average_trade")})
                want.append(row)
            self.assertEqual(self.get("by-symbol", job=job).json()["items"], want)
            self.assertEqual("trades" in want[0], job is self.job)
        self.assertEqual([r["symbol"] for r in self.whole_csv("by-symbol")], ["ABC", "XYZ"])
        cells = self.get("fire-map").json()
        rows = self.whole_csv("fire-map")
        self.assertEqual([[cells["dates"][d], cells["times"][t], str(n)] for d, t, n in cells["cells"]],
                         [[r["date"], r["time"], r["fires"]] for r in rows])

    def test_what_is_not_there_is_said(self):
        for path in ("trades", "equity"):
            self.assertIn("without a strategy", self.get(path, job=self.study, status=404).json()["detail"])
            self.assertIn("without a strategy", self.get(path, job=self.study, status=404, format="csv").json()["detail"])
        self.get("equity", job=self.study, status=404, points=10)
        self.get("trades", job={"id": "nothing"}, status=404)
        self.get("trades", job={"id": "0190163d-8694-739b-aea5-966c26f8ad91"}, status=404)

    def test_refusals_name_the_parameter(self):
        cursor = self.get("trades", limit=1).json()["next_cursor"]
        for path, name, query in (("trades", "symbol", {"symbol": "NONE"}), ("trades", "exit_reason", {"exit_reason": "boredom"}),
                                  ("trades", "ambiguous", {"ambiguous": "perhaps"}), ("trades", "limit", {"limit": 0}),
                                  ("trades", "points", {"points": 10}), ("equity", "points", {"points": 4}),
                                  ("equity", "points", {"points": 20001}), ("equity", "points", {"points": 10, "limit": 5}),
                                  ("equity", "cursor", {"cursor": cursor}), ("trades", "cursor", {"cursor": "x"}),
                                  ("by-minute", "limit", {"limit": 5})):
            problem = self.get(path, status=400, **query).json()
            self.assertEqual(problem["errors"][0]["parameter"], name, problem)
        self.get("trades", status=406, format="html")

    def test_results_go_with_the_job(self):
        job = self.create(symbols=["ABC"], strategy=STRATEGY)
        self.get("trades", job=job)
        self.assertEqual(self.client.delete(f"/v1/backtests/{job['id']}").status, 204)
        for path in ("trades", "equity", "by-minute", "fires"):
            self.get(path, job=job, status=404)

    def test_option_trades_name_their_contract_and_what_is_modelled(self):
        job = self.create(symbols=["ABC"], strategy={
            "max_holding": "30m", "sizing": {"type": "fixed_quantity", "value": 1},
            "contract": {"select": {"right": "call", "dte": [5, 9], "strike": "atm"}}, "model": {"volatility": 0.35, "rate": 0.04}})
        trades = self.walk("trades", 500, job=job)
        self.assertTrue(trades)
        for t in trades:
            self.assertRegex(t["occ_symbol"], r"^ABC24\d{4}C\d{8}$")
            self.assertIs(t["modelled"], True)
            self.assertEqual(Decimal(t["entry_value"]), 100 * Decimal(t["entry_price"]) * Decimal(t["quantity"]))
        self.assertEqual({r["modelled"] for r in self.whole_csv("trades", job=job)}, {"true"})

    def test_a_list_of_a_job_that_is_removed_meanwhile_is_broken_off(self):
        job = self.create(symbols=["ABC", "XYZ"], rule="close > 0", trigger="every_bar")
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.settimeout(30)
            slow.connect(("127.0.0.1", self.server.port))
            slow.sendall(f"GET /v1/backtests/{job['id']}/fires?format=ndjson HTTP/1.1\r\nHost: localhost\r\n"
                         f"Authorization: Bearer {self.server.key}\r\n\r\n".encode())
            answer = slow.recv(65536)
            self.assertIn(b"200 OK", answer)
            self.assertEqual(self.client.delete(f"/v1/backtests/{job['id']}").status, 204)
            tail = b""
            while chunk := slow.recv(1 << 20):
                tail = (tail + chunk)[-16:]
        self.assertFalse(tail.endswith(b"0\r\n\r\n"), tail)

    def test_a_short_side_and_r(self):
        job = self.create(symbols=["ABC"], strategy={**STRATEGY, "side": "short", "stop_loss": {"offset": 0.5}, "slippage": {"percent": 0}})
        trades = [json.loads(line) for line in self.get("trades", job=job, format="ndjson").text().splitlines()]
        self.assertTrue(trades)
        for t in trades:
            self.assertEqual(t["side"], "short")
            self.assertAlmostEqual(t["r"], float(Decimal(t["pnl"]) / (Decimal("0.5") * Decimal(t["quantity"]))), delta=1e-9)
        bare = self.create(symbols=["ABC"], strategy={"max_holding": "10m"})
        self.assertTrue(all(t["r"] is None for t in self.get("trades", job=bare).json()["items"]))


class ResultsAfterACrash(unittest.TestCase):
    def test_a_killed_jobs_trades_and_equity_are_whole_and_once(self):
        with harness.Server() as server:
            client = server.client()
            self.assertEqual(client.import_csv("ABC", market.csv_text(market.make_bars(days=50, seed=5))).status, 200)
            body = {"rule": "close > 0", "symbols": ["ABC"], "trigger": "every_bar",
                    "strategy": {"max_holding": "1m", "max_positions": 2, "sizing": {"type": "fixed_quantity", "value": 1}}}
            calm = client.post("/v1/backtests", json=body, query={"wait": 60}).json()
            self.assertEqual(calm["status"], "succeeded")

            def lists(job):
                return [client.get(f"/v1/backtests/{job['id']}/{path}", query={"format": "csv"}).text() for path in ("trades", "equity")]
            want = lists(calm)
            self.assertGreater(want[0].count("\n"), 10000)
            for delay in (0.03, 0.1):
                job = client.post("/v1/backtests", json=body).json()
                time.sleep(delay)
                server.kill()
                server.start()
                client = server.client()
                ended = client.get(f"/v1/backtests/{job['id']}", query={"wait": 60}).json()
                self.assertEqual((ended["status"], ended["result"]["digest"]), ("succeeded", calm["result"]["digest"]))
                self.assertEqual(lists(job), want)


if __name__ == "__main__":
    unittest.main()
