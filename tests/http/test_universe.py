"""Jobs over many symbols: patterns, hundreds of them, what a job costs, and symbols that fail."""

import sqlite3
import unittest

import harness
import market
from test_jobs import wait_for

RULE = "close > sma(20) and rsi(5) < 40"


class Universe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(workers=2, arguments=["--job-budget", "10"]).__enter__()
        cls.client = cls.server.client()
        for i, symbol in enumerate(("US.A", "US.B", "EU.A", "US.C")):
            assert cls.client.import_csv(symbol, market.csv_text(market.make_bars(days=3, seed=i))).status == 200

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None)

    def run_job(self, **fields):
        job = self.client.post("/v1/backtests", json={"rule": RULE, **fields}, query={"wait": 30}).json()
        self.assertEqual(job["status"], "succeeded", job)
        return job

    def test_patterns_stand_for_the_stored_symbols(self):
        for asked, want in ((["US.*"], ["US.A", "US.B", "US.C"]), (["*"], ["EU.A", "US.A", "US.B", "US.C"]),
                            (["US.C", "*.A"], ["US.C", "EU.A", "US.A"]), (["*S.B", "US.B"], ["US.B"])):
            job = self.run_job(symbols=asked)
            self.assertEqual(job["request"]["symbols"], want)
            self.assertEqual([s["symbol"] for s in job["result"]["symbols"]], want)
            self.assertEqual(self.run_job(symbols=want)["result"], job["result"])

    def test_a_pattern_that_matches_nothing_is_told(self):
        answer = self.client.post("/v1/backtests", json={"rule": RULE, "symbols": ["US.A", "XX*"]})
        self.assertEqual((answer.status, answer.json()["errors"][0]["pointer"]), (404, "/symbols/1"))
        self.assertEqual(self.client.post("/v1/backtests", json={"rule": RULE, "symbols": ["a b*"]}).status, 400)
        self.assertEqual(self.client.post("/v1/check", json={"rule": RULE, "symbol": "US*"}).status, 400)

    def test_pooled_numbers_are_those_of_the_symbols(self):
        job = self.run_job(symbols=["*"], trigger="every_bar")
        parts = job["result"]["symbols"]
        self.assertEqual(job["result"]["fires"], sum(s["fires"] for s in parts))
        self.assertEqual(job["result"]["study"]["bars_in_window"], sum(s["bars_in_window"] for s in parts))
        for part in parts:
            alone = self.run_job(symbols=[part["symbol"]], trigger="every_bar")["result"]["symbols"][0]
            self.assertEqual(alone, part)

    def test_the_cost_is_told_and_refused_above_the_budget(self):
        body = {"rule": "close > open", "symbols": ["US.A"], "horizons": ["5m"]}
        bars = self.run_job(**body)["progress"]["bars_total"]
        estimate = self.client.post("/v1/backtests", json=body, query={"dry_run": "true"}).json()
        self.assertEqual(estimate["bars"], bars)
        self.assertEqual(estimate["cost_estimate"], bars * estimate["operations_per_bar"])
        self.assertEqual(self.run_job(**body)["cost_estimate"], estimate["cost_estimate"])
        more = self.client.post("/v1/backtests", json={**body, "horizons": ["5m", "close"]}, query={"dry_run": "true"}).json()
        self.assertEqual(more["operations_per_bar"], estimate["operations_per_bar"] + 4)
        count = len(self.client.get("/v1/backtests", query={"limit": 1000}).json()["items"])
        self.client.post("/v1/backtests", json=body, query={"dry_run": "true"})
        self.assertEqual(len(self.client.get("/v1/backtests", query={"limit": 1000}).json()["items"]), count)

        # 10 million units: a hundred operations on each of 390 * 240 bars are about as many.
        self.client.import_csv("LONG", market.csv_text(market.make_bars(days=240, seed=9)))
        rule = " and ".join(f"close > sma({n})" for n in range(2, 102))
        answer = self.client.post("/v1/backtests", json={"rule": rule, "symbols": ["LONG"]})
        problem = answer.json()
        self.assertEqual((answer.status, problem["code"]), (422, "over_budget"))
        over = self.client.post("/v1/backtests", json={"rule": rule, "symbols": ["LONG"]}, query={"dry_run": "true"}).json()
        self.assertGreater(over["cost_estimate"], over["budget"])
        for part in (over["cost_estimate"], over["budget"], "dates", "symbols"):
            self.assertIn(str(part), problem["detail"])
        self.assertEqual(self.client.delete("/v1/bars/LONG").status, 200)


class Hundreds(unittest.TestCase):
    def test_300_symbols_in_one_job(self):
        with harness.Server(workers=2) as server:
            client = server.client()
            texts = [market.csv_text(market.make_bars(days=2, seed=seed)) for seed in range(5)]
            for i in range(300):
                self.assertEqual(client.import_csv(f"S{i:03}", texts[i % 5]).status, 200)
            body = {"rule": RULE, "symbols": ["S*"], "trigger": "every_bar"}
            job = wait_for(client, client.post("/v1/backtests", json=body).json())
            self.assertEqual(job["status"], "succeeded", job)
            parts = job["result"]["symbols"]
            self.assertEqual([s["symbol"] for s in parts], [f"S{i:03}" for i in range(300)])
            for i, part in enumerate(parts):
                same = parts[i % 5]
                self.assertEqual({**part, "symbol": ""}, {**same, "symbol": ""})
            self.assertEqual(job["result"]["fires"], sum(s["fires"] for s in parts))
            again = wait_for(client, client.post("/v1/backtests", json={**body, "cooldown": "10m"}).json())
            self.assertEqual(again["progress"]["shards_cached"], again["progress"]["shards_total"])


class Poison(unittest.TestCase):
    """A day of bars that is damaged on disk."""

    def test_a_poison_shard_fails_its_job_by_name_and_nothing_else(self):
        with harness.Server(workers=2) as server:
            client = server.client()
            for i, symbol in enumerate(("GOOD", "BAD")):
                client.import_csv(symbol, market.csv_text(market.make_bars(days=40, seed=i)))
            server.stop()
            with sqlite3.connect(f"{server.data}/bars.db") as bars:
                series = bars.execute("SELECT id FROM series WHERE symbol = 'BAD'").fetchone()[0]
                damaged = bars.execute("UPDATE bars SET data = zeroblob(length(data)) WHERE id = (SELECT id FROM bars"
                                       " WHERE id >= ? ORDER BY id LIMIT 1 OFFSET 25)", (series << 20,)).rowcount
                self.assertEqual(damaged, 1)
            bars.close()
            server.start()
            client = server.client()
            both = [client.post("/v1/backtests", json={"rule": RULE, "symbols": [name], "shard": "week"}).json()
                    for name in ("BAD", "GOOD")]
            bad, good = [wait_for(client, job) for job in both]
            self.assertEqual(good["status"], "succeeded", good)
            self.assertEqual(bad["status"], "failed", bad)
            self.assertTrue(bad["error"]["detail"].startswith("BAD 2024-01-02.."), bad["error"])
            shards = client.get(f"/v1/backtests/{bad['id']}/shards").json()["items"]
            self.assertEqual([(s["symbol"], s["status"]) for s in shards], [("BAD", "failed")])
            self.assertGreaterEqual(shards[0]["attempts"], 1)
            self.assertEqual(wait_for(client, client.post("/v1/backtests", json={"rule": "close > 1", "symbols": ["GOOD"]}).json())["status"],
                             "succeeded")


if __name__ == "__main__":
    unittest.main()
