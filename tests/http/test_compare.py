"""Several finished backtests side by side."""

import csv
import io
import unittest

import harness
import market

ABSENT = "0190163d-8694-739b-aea5-966c26f8ad91"


class Compare(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()
        assert cls.client.import_csv("ABC", market.csv_text(market.make_bars(days=20, seed=3))).status == 200

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def create(self, **fields):
        body = {"rule": "close > open", "symbols": ["ABC"], "horizons": ["5m", "close"], **fields}
        return self.client.post("/v1/backtests", json=body, query={"wait": 30}).json()

    def compare(self, jobs, status=200, **query):
        ids = ",".join(j if isinstance(j, str) else j["id"] for j in jobs)
        answer = self.client.get("/v1/backtests/compare", query={"ids": ids, **query})
        self.assertEqual(answer.status, status, answer)
        return answer

    def test_requests_differ_where_they_do_and_results_are_the_jobs_own(self):
        jobs = [self.create(name="narrow, or so", strategy={"stop_loss": {"percent": 0.1}, "max_holding": "30m"}),
                self.create(name="wide", strategy={"stop_loss": {"percent": 0.3}, "max_holding": "30m"}),
                self.create(trigger="every_bar", rule="close < open")]
        answer = self.compare(jobs).json()
        differences = {d["field"]: d["values"] for d in answer["differences"]}
        self.assertEqual(differences, {"rule": ["close > open", "close > open", "close < open"], "trigger": [None, None, "every_bar"],
                                       "strategy/stop_loss/percent": ["0.1", "0.3", None], "strategy/max_holding": ["30m", "30m", None]})
        for job, shown in zip(jobs, answer["jobs"], strict=True):
            result = job["result"]
            self.assertEqual(shown, {"id": job["id"], "name": job.get("name"), "created_at": job["created_at"],
                                     "finished_at": job["finished_at"], "horizons": result["study"]["horizons"],
                                     **{part: result.get(part) for part in ("fires", "digest", "trades", "metrics", "metrics_worst", "metrics_best")}})

    def test_csv_is_a_column_a_job(self):
        jobs = [self.create(name="narrow, or so", strategy={"stop_loss": {"percent": 0.1}}), self.create(cooldown="30m")]
        rows = list(csv.reader(io.StringIO(self.compare(jobs, format="csv").text())))
        self.assertEqual(rows[0], ["field"] + [j["id"] for j in jobs])
        table = {row[0]: row[1:] for row in rows[1:]}
        self.assertEqual(len(table), len(rows) - 1)
        self.assertEqual(table["name"], ["narrow, or so", ""])
        self.assertEqual(table["request/strategy/stop_loss/percent"], ["0.1", ""])
        self.assertEqual(table["request/cooldown"], ["", "30m"])
        self.assertNotIn("request/rule", table)
        self.assertEqual(table["fires"], [str(j["result"]["fires"]) for j in jobs])
        self.assertEqual(table["digest"], [j["result"]["digest"] for j in jobs])
        for i, horizon in enumerate(("5m", "close")):
            self.assertEqual([float(x) for x in table[f"horizons/{horizon}/mean"]],
                             [j["result"]["study"]["horizons"][i]["mean"] for j in jobs])
        self.assertEqual(float(table["metrics/max_drawdown"][0]), jobs[0]["result"]["metrics"]["max_drawdown"])
        self.assertEqual(table["trades/final_equity"], [jobs[0]["result"]["trades"]["final_equity"], ""])

    def test_refusals(self):
        job, other = self.create(), self.create(cooldown="10m")
        for jobs in ([], [job], [job, job], [job] + [f"0190163d-8694-739b-aea5-966c26f8{i:04d}" for i in range(20)]):
            self.assertEqual(self.compare(jobs, status=400).json()["errors"][0]["parameter"], "ids")
        for bad in (ABSENT, "nothing", "", "%"):
            problem = self.compare([job, bad, other], status=404).json()
            self.assertIn(bad, problem["detail"])
        self.compare([job, other], status=406, format="ndjson")
        self.assertEqual(self.client.get("/v1/backtests/compare").status, 400)
        canceled = self.client.post("/v1/backtests", json={"rule": "close > open", "symbols": ["ABC"], "shard": "day"}).json()
        self.client.delete(f"/v1/backtests/{canceled['id']}")
        status = self.client.get(f"/v1/backtests/{canceled['id']}", query={"wait": 10})
        if status.status == 200 and status.json()["status"] == "canceled":
            self.assertIn(canceled["id"], self.compare([job, canceled], status=409).json()["detail"])

    def test_twenty_jobs(self):
        jobs = [self.create(cooldown=f"{i + 1}m") for i in range(20)]
        answer = self.compare(jobs).json()
        self.assertEqual([d["field"] for d in answer["differences"]], ["cooldown"])
        self.assertEqual([j["id"] for j in answer["jobs"]], [j["id"] for j in jobs])


if __name__ == "__main__":
    unittest.main()
