"""Replays: what is asked and refused, how they run, pause and end, and the quotes that they make."""

import time
import unittest

import harness
from harness import wait_until

HEADER = "time,open,high,low,close,volume\n"
DAY = HEADER + "".join(f"2024-01-02T14:{30 + i}:00Z,{100 + i},{100 + i}.03,{99 + i}.98,{100 + i}.01,5\n" for i in range(20))
CONTRACT, TODAY = "GOOG160115C00750000", "GOOG270115C00750000"
BIDS = HEADER + "2015-12-24T14:30:00Z,5.00,5.20,4.90,5.10,3\n2015-12-24T14:31:00Z,5.10,5.10,5.10,5.10,3\n"
ASKS = HEADER + "2015-12-24T14:30:00Z,5.30,5.50,5.20,5.40,3\n"
OPEN_HOURS = ("--market-hours", "24x7")


class Replays(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(arguments=OPEN_HOURS).__enter__()
        cls.client = cls.server.client()
        for symbol, text in (("DAY", DAY), ("my_own", DAY), (CONTRACT + ":bid", BIDS), (CONTRACT + ":ask", ASKS), (CONTRACT, BIDS)):
            answer = cls.client.import_csv(symbol, text)
            assert answer.status == 200, answer

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def begin(self, client=None, **request):
        client = client or self.client
        answer = client.post("/v1/replays", json=request)
        self.assertEqual(answer.status, 201, answer)
        replay = answer.json()
        self.assertEqual(answer.headers["Location"], f"/v1/replays/{replay['id']}")
        self.addCleanup(client.delete, f"/v1/replays/{replay['id']}")
        return replay

    def get(self, replay):
        return self.client.get(f"/v1/replays/{replay['id']}").json()

    def patch(self, replay, **change):
        return self.client.request("PATCH", f"/v1/replays/{replay['id']}", json=change)

    def finish(self, replay):
        return wait_until(lambda: (lambda r: r if r["status"] == "finished" else None)(self.get(replay)))

    def quote(self, symbol):
        return self.client.get(f"/v1/quotes/{symbol}").json()

    def test_it_runs_to_the_last_bar_and_tells_how_far_it_is(self):
        replay = self.begin(symbols=["DAY"], speed=6000, **{"as": ["RUN"]})
        self.assertEqual((replay["status"], replay["progress"]["bars_total"], replay["warnings"]), ("running", 20, []))
        self.assertEqual(replay["request"], {"symbols": ["DAY"], "as": ["RUN"], "speed": "6000"})
        ended = self.finish(replay)
        progress = ended["progress"]
        self.assertEqual((progress["bars_done"], progress["at"], progress["eta_s"]), (20, "2024-01-02T14:49:00Z", None))
        self.assertGreaterEqual(progress["quotes"], 20 * 10)  # at least each tick of each bar
        self.assertIsNotNone(ended["ended_at"])
        quote = self.quote("RUN")
        self.assertEqual((quote["bid"], quote["ask"], quote["last"]), ("119.01", "119.01", "119.01"))
        self.assertLess(quote["age_ms"], 60000)

    def test_at_max_it_takes_no_time(self):
        replay = self.begin(symbols=["DAY"], speed="max", steps="corners", **{"as": ["MAX"]})
        self.assertEqual(replay["speed"], "max")
        self.assertEqual(self.finish(replay)["progress"]["quotes"], 80)

    def test_from_and_to_cut_and_the_timeframe_joins_bars(self):
        replay = self.begin(symbols=["DAY"], speed="max", steps="corners", timeframe="5m", **{
            "from": "2024-01-02T14:35:00Z", "to": "2024-01-02T14:45:00Z", "as": ["CUT"]})
        self.assertEqual(self.finish(replay)["progress"] | {"quotes": 0}, {"at": "2024-01-02T14:40:00Z", "bars_done": 2, "bars_total": 2,
                                                                           "quotes": 0, "eta_s": None})
        self.assertEqual(self.quote("CUT")["last"], "114.01")
        date = self.begin(symbols=["DAY"], speed="max", **{"from": "2024-01-02", "to": "2024-01-02", "as": ["CUT2"]})
        self.assertEqual(date["progress"]["bars_total"], 20)

    def test_spread_and_size_make_the_quotes(self):
        replay = self.begin(symbols=["DAY"], speed="max", spread={"ticks": 4}, size="25", **{"as": ["SPREAD"]})
        self.finish(replay)
        quote = self.quote("SPREAD")
        self.assertEqual([quote[n] for n in ("bid", "ask", "last", "bid_size", "ask_size")], ["118.99", "119.03", "119.01", "25", "25"])

    def test_stored_sides_of_a_contract_are_told_under_the_name_of_one_of_today(self):
        replay = self.begin(symbols=["GOOG  160115C00750000"], speed="max", **{"as": [TODAY]})
        self.assertEqual(replay["warnings"], [])
        self.assertEqual(self.finish(replay)["progress"]["bars_total"], 2)
        quote = self.quote(TODAY)
        self.assertEqual((quote["bid"], quote["ask"], quote["last"]), ("5.1", "5.4", None))

    def test_an_expired_contract_is_warned_of(self):
        replay = self.begin(symbols=[CONTRACT], speed=0.1)
        self.assertEqual(len(replay["warnings"]), 1)
        self.assertIn("has expired", replay["warnings"][0])
        self.assertIn("'as'", replay["warnings"][0])

    def test_pause_resume_speed_stop_and_remove(self):
        replay = self.begin(symbols=["DAY"], speed=1, **{"as": ["PAUSE"]})
        wait_until(lambda: self.get(replay)["progress"]["quotes"] >= 1)
        paused = self.patch(replay, status="paused").json()
        self.assertEqual((paused["status"], paused["progress"]["eta_s"]), ("paused", None))
        time.sleep(0.7)  # longer than it takes to tell a quote again
        self.assertEqual(self.get(replay)["progress"], paused["progress"])
        changed = self.patch(replay, speed=50000).json()
        self.assertEqual((changed["status"], changed["speed"]), ("paused", 50000))
        resumed = self.patch(replay, status="running", speed=240).json()
        self.assertEqual((resumed["status"], resumed["speed"]), ("running", 240))
        wait_until(lambda: self.get(replay)["progress"]["bars_done"] >= 1)
        path = f"/v1/replays/{replay['id']}"
        stopped = self.client.delete(path)
        self.assertEqual((stopped.status, stopped.json()["status"]), (200, "stopped"))
        self.assertIsNotNone(stopped.json()["ended_at"])
        done = self.get(replay)["progress"]["bars_done"]
        refused = self.patch(replay, status="running")
        self.assertEqual((refused.status, refused.json()["code"]), (409, "conflict"))
        self.assertEqual(self.get(replay)["progress"]["bars_done"], done)
        self.assertEqual(self.client.delete(path).status, 204)
        self.assertEqual([self.client.request(m, path, **more).status for m, more in (
            ("GET", {}), ("DELETE", {}), ("PATCH", {"json": {"speed": 2}}))], [404, 404, 404])

    def test_a_name_is_quoted_by_one_replay_at_a_time(self):
        first = self.begin(symbols=["DAY", "my_own"], speed=0.1, **{"as": ["ONE", "TWO"]})
        answer = self.client.post("/v1/replays", json={"symbols": ["DAY"], "as": ["TWO"]})
        self.assertEqual(answer.status, 409)
        self.assertIn(first["id"], answer.json()["detail"])
        self.client.delete(f"/v1/replays/{first['id']}")
        self.begin(symbols=["DAY"], speed=0.1, **{"as": ["TWO"]})

    def test_what_is_wrong_is_refused_with_a_pointer(self):
        for body, status, pointer in (
                ({}, 400, "/symbols"), ({"symbols": []}, 400, "/symbols"), ({"symbols": ["NONE"]}, 404, "/symbols/0"),
                ({"symbols": ["my_own"]}, 400, "/symbols/0"), ({"symbols": ["DAY", "DAY"]}, 400, "/symbols/1"),
                ({"symbols": ["DAY"], "as": ["A", "B"]}, 400, "/as"), ({"symbols": ["DAY"], "as": ["low"]}, 400, "/as/0"),
                ({"symbols": ["DAY"], "timeframe": "7x"}, 400, "/timeframe"), ({"symbols": ["DAY"], "speed": 0}, 400, "/speed"),
                ({"symbols": ["DAY"], "speed": "fast"}, 400, "/speed"), ({"symbols": ["DAY"], "speed": 1e6}, 400, "/speed"),
                ({"symbols": ["DAY"], "spread": {}}, 400, "/spread"), ({"symbols": ["DAY"], "spread": {"ticks": 1, "price": 1}}, 400, "/spread"),
                ({"symbols": ["DAY"], "size": 0}, 400, "/size"), ({"symbols": ["DAY"], "from": "soon"}, 400, "/from"),
                ({"symbols": ["DAY"], "from": "2024-01-03"}, 400, "/from"), ({"symbols": ["DAY"], "to": "2024-01-01"}, 400, "/to"),
                ({"symbols": ["DAY"], "from": "2024-01-02T14:40:00Z", "to": "2024-01-02T14:35:00Z"}, 400, "/from"),
                ({"symbols": ["DAY"], "intrabar": "both"}, 400, "/intrabar"), ({"symbols": ["DAY"], "step": 1}, 400, "/step")):
            answer = self.client.post("/v1/replays", json=body)
            self.assertEqual((answer.status, answer.json()["errors"][0]["pointer"]), (status, pointer), (body, answer))
        self.assertEqual(self.client.get("/v1/replays/x").status, 404)

    def test_they_are_listed_newest_first(self):
        made = [self.begin(symbols=["DAY"], speed="max", **{"as": [f"LIST{i}"]})["id"] for i in range(4)]
        seen, cursor = [], None
        while True:
            page = self.client.get("/v1/replays", query={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
            seen += [r["id"] for r in page["items"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        self.assertEqual(seen[:4], made[::-1])
        self.assertEqual(len(seen), len(set(seen)))
        for query in ({"limit": 0}, {"cursor": "x"}, {"status": "running"}):
            self.assertEqual(self.client.get("/v1/replays", query=query).status, 400)

    def test_the_hundred_that_ended_last_are_kept(self):
        made = []
        for _ in range(105):
            replay = self.client.post("/v1/replays", json={"symbols": ["DAY"], "as": ["KEPT"], "speed": 0.1}).json()
            self.assertEqual(self.client.delete(f"/v1/replays/{replay['id']}").status, 200)
            made.append(replay["id"])
        ended = [r["id"] for r in self.client.get("/v1/replays", query={"limit": 1000}).json()["items"]]
        self.assertEqual(ended[:100], made[:4:-1])
        self.assertEqual(self.client.get(f"/v1/replays/{made[0]}").status, 404)
        self.assertEqual([self.client.delete(f"/v1/replays/{i}").status for i in ended[:100]], [204] * 100)

    def test_metrics_count_quotes_and_replays(self):
        replay = self.begin(symbols=["DAY"], speed="max", steps="corners", **{"as": ["METRIC"]})
        self.finish(replay)
        text = self.client.get("/metrics").text()
        self.assertRegex(text, r"\nbracketd_market_quotes_total [1-9]")
        self.assertRegex(text, r"\nbracketd_replays_live [0-9]")

    def test_there_may_be_sixteen_and_scopes_are_held(self):
        keys = {scope: self.server.client(self.client.post("/v1/keys", json={"name": f"r-{scope}", "scopes": [scope]}).json()["key"])
                for scope in ("read", "trade")}
        body = {"symbols": ["DAY"], "as": ["SCOPE"], "speed": 0.1}
        self.assertEqual(keys["read"].post("/v1/replays", json=body).status, 403)
        self.assertEqual(keys["read"].get("/v1/replays").status, 200)
        self.assertEqual(keys["trade"].get("/v1/replays").status, 403)
        wait_until(lambda: all(r["status"] != "running" for r in self.client.get("/v1/replays").json()["items"]))
        for i in range(16):
            self.begin(keys["trade"], symbols=["DAY"], speed=0.1, **{"as": [f"MANY{i}"]})
        answer = self.client.post("/v1/replays", json=body)
        self.assertEqual((answer.status, answer.json()["code"]), (429, "too_many_requests"))


class Closed(unittest.TestCase):
    def test_outside_the_markets_hours_a_replay_runs_and_warns(self):
        with harness.Server() as server:
            client = server.client()
            client.import_csv("DAY", DAY)
            answer = client.post("/v1/replays", json={"symbols": ["DAY"], "speed": 1})
            self.assertEqual(answer.status, 201)
            is_open = client.get("/v1/replays").json()["items"][0]["warnings"] == []
            if not is_open:  # by the clock of today
                self.assertIn("the market (XNYS) is closed", answer.json()["warnings"][0])
                self.assertIn("24x7", answer.json()["warnings"][0])
            wait_until(lambda: client.get("/v1/quotes/DAY").status == 200)

    def test_a_restart_forgets_them(self):
        with harness.Server(arguments=OPEN_HOURS) as server:
            client = server.client()
            client.import_csv("DAY", DAY)
            replay = client.post("/v1/replays", json={"symbols": ["DAY"], "speed": 1}).json()
            server.stop()
            server.start()
            client = server.client()
            self.assertEqual(client.get(f"/v1/replays/{replay['id']}").status, 404)
            self.assertEqual(client.get("/v1/replays").json()["items"], [])


if __name__ == "__main__":
    unittest.main()
