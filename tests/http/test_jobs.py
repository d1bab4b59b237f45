"""Many jobs at once: their own results, fair turns, cancel."""

import itertools
import threading
import time
import unittest

import harness
import market

SYMBOLS = ["AAA", "BBB", "CCC", "DDD"]


def wait_for(client, job, seconds=120):
    """The job as it ended."""
    deadline = time.monotonic() + seconds
    while job["status"] in ("queued", "running"):
        assert time.monotonic() < deadline, job
        job = client.get(f"/v1/backtests/{job['id']}", query={"wait": 30}).json()
    return job


def different_jobs(count):
    """As many jobs, no two of which ask the same."""
    triggers = ("on_true", "every_bar", "once_per_day")
    for i in range(count):
        rules = (f"rsi({5 + i}) < 35", f"close > sma({10 + i})", f"ema({3 + i}) crosses above ema({30 + i})",
                 f"close > highest(high, {4 + i})[1]")
        yield {"rule": rules[i % len(rules)], "symbols": SYMBOLS[i % 4:][:1 + i % 3] or SYMBOLS[:1],
               "trigger": triggers[i % 3], "shard": ("day", "week", "month")[i % 3 - 1],
               "horizons": [f"{5 + i}m", "close"], "cooldown": f"{i + 1}m",
               "window": {"from": "09:45", "to": f"1{i % 5 + 1}:30"}}


class ManyJobs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(workers=2).__enter__()
        client = cls.server.client()
        for i, symbol in enumerate(SYMBOLS):
            assert client.import_csv(symbol, market.csv_text(market.make_bars(days=30, seed=20 + i))).status == 200

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None)

    def test_20_parallel_jobs_give_their_own_20_results(self):
        bodies = list(different_jobs(20))
        together = [None] * len(bodies)

        def run(i):
            client = self.server.client()
            together[i] = wait_for(client, client.post("/v1/backtests", json=bodies[i]).json())

        threads = [threading.Thread(target=run, args=(i,)) for i in range(len(bodies))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([job for job in together if job["status"] != "succeeded"], [])
        digests = [job["result"]["digest"] for job in together]
        self.assertEqual(len(set(digests)), len(bodies))
        with harness.Server(workers=1, arguments=["--job-threads", "1"]) as alone:
            client = alone.client()
            for i, symbol in enumerate(SYMBOLS):
                client.import_csv(symbol, market.csv_text(market.make_bars(days=30, seed=20 + i)))
            for body, job in zip(bodies, together):
                single = client.post("/v1/backtests", json=body, query={"wait": 30}).json()
                self.assertEqual(single["result"], job["result"], body)


class Crowd(unittest.TestCase):
    """More long jobs than the server runs at a time."""

    numbers = itertools.count(2)
    LONG = " or ".join(f"(ema({n}) > highest(high, {n}) and rsi({n}) < 1)" for n in range(20, 90))

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(workers=2, arguments=["--job-threads", "3"])
        cls.other_key = cls.server.make_key("other")
        cls.server.start()
        client = cls.server.client()
        text = market.csv_text(market.make_bars(days=250, seed=5, missing=0))
        cls.symbols = [f"S{i}" for i in range(12)]
        for symbol in cls.symbols:
            assert client.import_csv(symbol, text).status == 200

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        harness.shutil.rmtree(cls.server.data)

    def setUp(self):
        self.client = self.server.client()
        self.made = []

    def tearDown(self):
        for job in self.made:
            self.client.delete(f"/v1/backtests/{job}")
        for job in self.made:
            harness.wait_until(lambda job=job: self.status(job) not in ("queued", "running"))

    def status(self, job):
        return self.client.get(f"/v1/backtests/{job}").json()["status"]

    def long_job(self):
        """No two ask the same: nothing of it is known from before."""
        rule = f"{self.LONG} or rsi({next(self.numbers)}) < 1"
        body = {"rule": rule, "symbols": self.symbols, "shard": "week"}
        job = self.client.post("/v1/backtests", json=body).json()["id"]
        self.made.append(job)
        return job

    def test_one_users_many_jobs_do_not_hold_up_anothers_one(self):
        jobs = [self.long_job() for _ in range(8)]
        harness.wait_until(lambda: self.status(jobs[1]) == "running")
        other = self.server.client(self.other_key)
        short = wait_for(other, other.post("/v1/backtests", json={"rule": "close > 1", "symbols": ["S0"]}).json())
        self.assertEqual(short["status"], "succeeded")
        left = [self.status(job) for job in jobs]
        self.assertIn("queued", left)
        self.assertEqual(left.count("running"), 2)  # of three runners one is kept for the others

    def test_cancel_takes_effect_within_100_ms_while_many_run(self):
        jobs = [self.long_job() for _ in range(3)]
        other = self.server.client(self.other_key)
        third = other.post("/v1/backtests", json={"rule": f"{self.LONG} or rsi({next(self.numbers)}) < 1", "symbols": self.symbols}).json()["id"]
        self.made.append(third)
        harness.wait_until(lambda: [self.status(job) for job in (*jobs[:2], third)] == ["running"] * 3)
        for job in (jobs[0], third):
            begin = time.monotonic()
            self.assertEqual(self.client.delete(f"/v1/backtests/{job}").status, 202)
            harness.wait_until(lambda job=job: self.status(job) == "canceled", 5, 0.002)
            # The promise is 100 ms; the machine that runs the tests is shared, so the test grants it more.
            self.assertLess(time.monotonic() - begin, 1.0)
        self.assertEqual(self.client.delete(f"/v1/backtests/{jobs[2]}").status, 202)  # queued, or just begun
        harness.wait_until(lambda: self.status(jobs[2]) == "canceled", 5)

    def test_progress_has_an_eta_while_several_run(self):
        jobs = [self.long_job() for _ in range(2)]
        progress = [harness.wait_until(lambda job=job: (p := self.client.get(f"/v1/backtests/{job}").json()["progress"])["eta_s"] and p, 60)
                    for job in jobs]
        for p in progress:
            self.assertGreater(p["eta_s"], 0)
            self.assertLess(p["eta_s"], 3600)
            self.assertLess(p["bars_done"], p["bars_total"])


if __name__ == "__main__":
    unittest.main()
