"""kill -9 at any time with jobs under way: after the restart they go on to the very answer that they would have had.

BRACKETD_TEST_KILLS=N makes N rounds (20, or as many as a slow build does in two minutes);
BRACKETD_TEST_SEED=N picks other moments (1)."""

import os
import pathlib
import random
import time
import unittest

import harness
import market
from test_jobs import wait_for

ROUNDS = int(os.environ.get("BRACKETD_TEST_KILLS", "20"))
SECONDS_MAX = 120 if "BRACKETD_TEST_KILLS" not in os.environ else float("inf")
SEED = int(os.environ.get("BRACKETD_TEST_SEED", "1"))
SLOW = " or ".join(f"(ema({n}) > highest(high, {n}) and rsi({n}) < 1)" for n in range(20, 60))
PARTS = ("/fires", "/trades", "/equity")


def bodies():
    """Three jobs that share nothing but their symbols."""
    strategy = {"take_profit": {"percent": 0.2}, "stop_loss": {"percent": 0.1}}
    symbols = [f"S{i}" for i in range(4)]
    yield {"rule": f"{SLOW} or rsi(14) < 30", "symbols": symbols, "shard": "day", "cooldown": "3h", "strategy": strategy}
    yield {"rule": f"{SLOW} or close > ema(200)", "symbols": symbols, "shard": "week", "trigger": "every_bar", "strategy": strategy}
    yield {"rule": f"{SLOW} or close > sma(30)", "symbols": symbols[:2], "shard": "day", "from": "2024-02-20", "strategy": strategy}


class Kill(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = harness.tempfile.mkdtemp(prefix="bracketd-test-")
        cls.server = harness.Server(workers=2, data=cls.folder)
        cls.server.start()
        client = cls.server.client()
        for i in range(4):
            assert client.import_csv(f"S{i}", market.csv_text(market.make_bars(days=60, seed=40 + i))).status == 200
        begin = time.monotonic()
        cls.want = [cls.answer(client, wait_for(client, client.post("/v1/backtests", json=body).json())) for body in bodies()]
        cls.seconds = (time.monotonic() - begin) / 3
        cls.server.stop()

    @classmethod
    def tearDownClass(cls):
        if cls.server.process:
            cls.server.stop()
        harness.shutil.rmtree(cls.folder)

    @staticmethod
    def answer(client, job):
        """All that a client can see of what a job found."""
        assert job["status"] == "succeeded", job
        pages = [client.get(f"/v1/backtests/{job['id']}{part}", query={"format": "csv", "limit": 1000}).text() for part in PARTS]
        return job["result"], job["progress"]["shards_total"], pages

    def stored_shards(self, client, job):
        return len(client.get(f"/v1/backtests/{job['id']}/shards", query={"limit": 1000}).json()["items"])

    def kill(self, generator, client, jobs):
        """After the next few stored shards, or at any moment."""
        if generator.random() < 0.5:
            count = self.stored_shards(client, jobs[0]) + generator.randint(1, 20)
            deadline = time.monotonic() + 60
            while self.stored_shards(client, jobs[0]) < count and time.monotonic() < deadline:
                if client.get(f"/v1/backtests/{jobs[0]['id']}").json()["status"] == "succeeded":
                    break
        else:
            time.sleep(generator.random() * self.seconds)
        self.server.kill()

    def round(self, number):
        generator = random.Random(f"{SEED} {number}")
        for file in pathlib.Path(self.folder).glob("cache.db*"):
            file.unlink()  # nothing is known from the rounds before
        self.server.start()
        client = self.server.client()
        asked = list(bodies())[:1 + number % 3]
        jobs = [client.post("/v1/backtests", json=body).json() for body in asked]
        for _ in range(generator.randint(1, 3)):
            self.kill(generator, client, jobs)
            self.server.start()
            client = self.server.client()
        for i, job in enumerate(jobs):
            done = wait_for(client, client.get(f"/v1/backtests/{job['id']}").json())
            self.assertEqual(self.answer(client, done), self.want[i])
            self.assertEqual(self.stored_shards(client, job), done["progress"]["shards_total"])
        self.server.stop()

    def test_jobs_go_on_to_the_same_answer(self):
        begin = time.monotonic()
        for number in range(ROUNDS):
            if number > 0 and time.monotonic() - begin > SECONDS_MAX:
                break
            with self.subTest(round=number):
                try:
                    self.round(number)
                finally:
                    if self.server.process:
                        self.server.kill()

    def kill_in_the_middle(self):
        """The shards that were stored at a kill, and the job as it ended; None when it had ended before."""
        for file in pathlib.Path(self.folder).glob("cache.db*"):
            file.unlink()
        self.server.start()
        client = self.server.client()
        job = client.post("/v1/backtests", json=next(bodies())).json()
        harness.wait_until(lambda: self.stored_shards(client, job) > 0, 60, 0.005)
        stored = self.stored_shards(client, job)
        self.server.kill()
        killed_at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        time.sleep(1.1)  # what ends from here on ends in a later second
        self.server.start()
        client = self.server.client()
        done = wait_for(client, client.get(f"/v1/backtests/{job['id']}").json())
        self.server.stop()
        return (stored, done) if done["finished_at"][:19] > killed_at else None

    def test_what_was_done_before_the_kill_is_not_done_again(self):
        found = next(filter(None, (self.kill_in_the_middle() for _ in range(20))))
        stored, done = found
        self.assertGreaterEqual(done["progress"]["shards_cached"], stored)


if __name__ == "__main__":
    unittest.main()
