"""Names and notes of jobs: at POST, later, while they run; and the list's filters."""

import csv
import io
import json
import threading
import unittest

import harness
import market

RULE = "close > open"


class Labels(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()
        assert cls.client.import_csv("ABC", market.csv_text(market.make_bars(days=20, seed=3))).status == 200

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def create(self, wait=30, **fields):
        return self.client.post("/v1/backtests", json={"rule": RULE, "symbols": ["ABC"], **fields}, query={"wait": wait}).json()

    def label(self, job, status=200, **fields):
        answer = self.client.request("PATCH", f"/v1/backtests/{job['id']}", json=fields)
        self.assertEqual(answer.status, status, answer)
        return answer

    def look(self, job, **headers):
        return self.client.get(f"/v1/backtests/{job['id']}", headers=headers)

    def test_a_name_and_notes_are_given_changed_and_removed(self):
        job = self.create(name="first", notes="a line\nand another, with \u20ac")
        self.assertEqual((job["name"], job["notes"]), ("first", "a line\nand another, with \u20ac"))
        self.assertEqual(job["request"], {"rule": RULE, "symbols": ["ABC"]})
        before = self.look(job)
        after = self.label(job, name="second")
        self.assertNotEqual(before.headers["ETag"], after.headers["ETag"])
        self.assertEqual(after.json(), {**before.json(), "name": "second", "rev": before.json()["rev"] + 1})
        self.assertEqual(self.look(job, **{"If-None-Match": before.headers["ETag"]}).status, 200)
        self.assertEqual(self.look(job, **{"If-None-Match": after.headers["ETag"]}).status, 304)
        self.assertEqual(self.label(job, name=None, notes="new").json().get("name"), None)
        self.assertEqual(self.look(job).json()["notes"], "new")
        self.assertNotIn("notes", self.label(job, notes=None).json())
        self.assertEqual(self.look(job).json()["result"], job["result"])

    def test_refusals(self):
        job = self.create()
        for fields, pointer in (({}, ""), ({"nmae": "x"}, "/nmae"), ({"name": 5}, "/name"), ({"name": "x" * 201}, "/name"),
                                ({"notes": "x" * 16385}, "/notes"), ({"notes": ["x"]}, "/notes")):
            problem = self.label(job, status=400, **fields).json()
            if pointer:
                self.assertEqual(problem["errors"][0]["pointer"], pointer, problem)
        self.label({"id": "0190163d-8694-739b-aea5-966c26f8ad91"}, status=404, name="x")
        self.label({"id": "nothing"}, status=404, name="x")
        reader = self.server.client(self.server.make_key("reader-of-labels", "read"))
        self.assertEqual(reader.request("PATCH", f"/v1/backtests/{job['id']}", json={"name": "x"}).status, 403)
        self.assertEqual(self.look(job).json(), job)

    def test_labels_outlive_the_server(self):
        job = self.create(name="kept", notes="noted")
        self.label(job, notes="noted again")
        self.server.stop()
        self.server.start()
        type(self).client = self.server.client()
        found = self.look(job).json()
        self.assertEqual((found["name"], found["notes"]), ("kept", "noted again"))
        listed = {j["id"]: j for j in self.client.get("/v1/backtests", query={"name": "KEPT"}).json()["items"]}
        self.assertEqual(listed[job["id"]]["notes"], "noted again")

    def test_the_list_is_filtered_by_name_and_status(self):
        made = [self.create(name=f"Filter {i % 2} {i}") for i in range(6)]
        self.create()
        failed = self.create(name="filter 0 canceled", wait=0)
        self.client.delete(f"/v1/backtests/{failed['id']}")
        harness.wait_until(lambda: self.client.get(f"/v1/backtests/{failed['id']}").status == 404
                           or self.look(failed).json()["status"] in ("canceled", "succeeded"))

        def ids(**query):
            found, cursor = [], {}
            while True:
                page = self.client.get("/v1/backtests", query={**query, **cursor}).json()
                found += [j["id"] for j in page["items"] if j["id"] != failed["id"]]
                if page["next_cursor"] is None:
                    return found
                cursor = {"cursor": page["next_cursor"]}
        newest_first = [j["id"] for j in reversed(made)]
        self.assertEqual(ids(name="filter"), newest_first)
        self.assertEqual(ids(name="FILTER 1", limit=2), newest_first[0::2])
        self.assertEqual(ids(name="filter 0", status="succeeded"), newest_first[1::2])
        self.assertEqual(ids(name="filter", status="failed"), [])
        self.assertEqual(ids(name="%"), [])
        self.assertEqual(self.client.get("/v1/backtests", query={"name": ""}).status, 400)

    def test_the_list_has_three_forms(self):
        made = [self.create(name=f'form "{i}", quoted', **({"from": "2024-01-05"} if i else {})) for i in range(3)]
        page = self.client.get("/v1/backtests", query={"name": "form", "limit": 2})
        items = page.json()["items"]
        self.assertEqual(page.headers["X-Next-Cursor"], page.json()["next_cursor"])
        lines = self.client.get("/v1/backtests", query={"name": "form", "limit": 2, "format": "ndjson"})
        self.assertEqual([json.loads(line) for line in lines.text().splitlines()], items)
        self.assertEqual(lines.headers["X-Next-Cursor"], page.json()["next_cursor"])
        rows = list(csv.DictReader(io.StringIO(self.client.get("/v1/backtests", query={"name": "form", "format": "csv"}).text())))
        self.assertEqual([r["id"] for r in rows], [j["id"] for j in reversed(made)])
        for row, job in zip(rows, reversed(made)):
            self.assertEqual([row[k] for k in ("name", "status", "rule", "symbols", "from", "created_at", "finished_at", "bars_done")],
                             [job["name"], "succeeded", RULE, '["ABC"]', job["request"].get("from", ""), job["created_at"],
                              job["finished_at"], str(job["progress"]["bars_done"])])

    def test_labels_given_while_jobs_run_are_never_lost(self):
        """Jobs of a few milliseconds, labeled over and over: the last label is what is seen, at the end too."""
        jobs = [self.create(wait=0, cooldown=f"{i + 1}m") for i in range(24)]
        last = {}

        def label_some(share):
            client = self.server.client()
            for turn in range(12):
                for job in share:
                    name = f"{turn} of {job['id']}"
                    answer = client.request("PATCH", f"/v1/backtests/{job['id']}", json={"name": name}, check=False)
                    assert answer.status == 200 and answer.json()["name"] == name, answer
                    last[job["id"]] = name
            client.close()
        threads = [threading.Thread(target=label_some, args=(jobs[i::4],)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(last), len(jobs))
        for job in jobs:
            ended = self.client.get(f"/v1/backtests/{job['id']}", query={"wait": 30}).json()
            self.assertEqual((ended["status"], ended["name"]), ("succeeded", last[job["id"]]))
            self.assertEqual(self.look(job).json(), ended)


if __name__ == "__main__":
    unittest.main()
