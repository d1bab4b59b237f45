"""Pages, formats, tags and refusals of the small resources, and what a full disk does."""

import contextlib
import datetime
import gzip
import re
import socket
import threading
import unittest

import harness
import market


class Resources(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()
        cls.bars = market.make_bars(days=2)
        for symbol in ("SPY", "QQQ", "BTC%2FUSD", "IWM"):
            assert cls.client.import_csv(symbol, market.csv_text(cls.bars)).status == 200

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def pages(self, path, **query):
        cursor = None
        while True:
            page = self.client.get(path, query={**query, **({"cursor": cursor} if cursor else {})}).json()
            yield page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def refuse(self, path, parameter, status=400, **query):
        answer = self.client.get(path, query=query)
        self.assertEqual(answer.status, status, (path, query, answer))
        if parameter:
            self.assertEqual(answer.json()["errors"][0]["parameter"], parameter)
        return answer.json()

    def test_symbols_in_pages_and_forms(self):
        pages = list(self.pages("/v1/symbols", limit=3))
        self.assertEqual([[i["symbol"] for i in p] for p in pages], [["BTC/USD", "IWM", "QQQ"], ["SPY"]])
        answer = self.client.get("/v1/symbols", query={"format": "csv", "limit": 2})
        self.assertEqual(answer.text().splitlines()[0], "symbol,timeframe,calendar,bars,days,first,last,updated_at")
        rest = self.client.get("/v1/symbols", query={"format": "ndjson", "cursor": answer.headers["X-Next-Cursor"]})
        self.assertEqual([harness.json.loads(line)["symbol"] for line in rest.text().splitlines()], ["QQQ", "SPY"])
        self.assertNotIn("X-Next-Cursor", rest.headers)

    def test_cursors_of_other_lists_are_refused(self):
        cursor = self.client.get("/v1/symbols", query={"limit": 1}).json()["next_cursor"]
        self.refuse("/v1/bars/SPY", "cursor", cursor=cursor)
        self.refuse("/v1/keys", "cursor", cursor=cursor)
        self.refuse("/v1/symbols", "cursor", cursor=cursor + "!")

    def test_bars_of_all_pages_are_the_bars(self):
        for timeframe, limit in (("1m", 97), ("7m", 10), ("1h", 3), ("1d", 1)):
            whole = self.client.get("/v1/bars/SPY", query={"timeframe": timeframe, "limit": 50000}).json()
            self.assertIsNone(whole["next_cursor"])
            pages = list(self.pages("/v1/bars/SPY", timeframe=timeframe, limit=limit))
            self.assertEqual(sum(pages, []), whole["items"], timeframe)
            self.assertTrue(all(len(p) == limit for p in pages[:-1]))
        self.assertEqual(len(self.client.get("/v1/bars/SPY", query={"timeframe": "1d"}).json()["items"]), 2)

    def test_a_slash_in_a_symbol(self):
        self.assertEqual(len(self.client.get("/v1/bars/BTC%2FUSD", query={"limit": 2}).json()["items"]), 2)
        self.assertEqual(self.client.delete("/v1/bars/BTC%2FUSD", query={"from": "2030-01-01"}).json(),
                         {"symbol": "BTC/USD", "timeframe": "1m", "deleted": 0})

    def test_a_misspelt_symbol_names_the_nearest(self):
        self.assertIn("'SPY'", self.refuse("/v1/bars/SPX", None, 404)["detail"])
        self.assertIn("'SPY'", self.refuse("/v1/bars/SPX", None, 404, timeframe="5m")["detail"])
        answer = self.client.post("/v1/series", json={"symbol": "SPX", "expressions": ["close"]})
        self.assertEqual((answer.status, answer.json()["errors"][0]["pointer"]), (404, "/symbol"))
        self.assertIn("'SPY'", self.client.delete("/v1/bars/SPX").json()["detail"])

    def test_a_symbol_stored_in_the_other_timeframe_alone_says_so(self):
        self.client.import_csv("DAYS", "date,open,high,low,close,volume\n2024-01-02,1,1,1,1,1\n", timeframe="1d")
        for timeframe in ("1m", "5m"):
            self.assertEqual(self.refuse("/v1/bars/DAYS", None, 404, timeframe=timeframe)["detail"],
                             f"no bars of 'DAYS' at {timeframe}, only at 1d")
        self.client.delete("/v1/bars/DAYS", query={"timeframe": "1d"})

    def test_queries_of_bars(self):
        path = "/v1/bars/SPY"
        for parameter, value in (("limit", "0"), ("limit", "50001"), ("timeframe", "241m"), ("from", "yesterday"), ("to", "2024-13-01"),
                                 ("cursor", "x"), ("frm", "2024-01-02")):
            self.refuse(path, parameter, **{parameter: value})
        self.refuse(path, "to", **{"from": "2024-01-03", "to": "2024-01-02"})
        self.refuse(path, "format", 406, format="xml")
        self.assertEqual(self.client.get(path, query={"from": "9999-12-30", "to": "9999-12-31"}).status, 400)
        self.assertEqual(self.client.get(path, query={"from": "2030-01-01"}).json(), {"items": [], "next_cursor": None})
        self.assertEqual(self.client.get("/v1/bars/.x").status, 400)

    def test_queries_of_deletions(self):
        for query, parameter in (({"from": "2024-01-02T00:00:00Z"}, "from"), ({"to": "soon"}, "to"), ({"timeframe": "5m"}, "timeframe"),
                                 ({"from": "2024-01-03", "to": "2024-01-02"}, "to"), ({"all": "1"}, "all")):
            answer = self.client.delete("/v1/bars/SPY", query=query)
            self.assertEqual((answer.status, answer.json()["errors"][0]["parameter"]), (400, parameter))
        self.assertEqual(self.client.delete("/v1/bars/SPY", query={"timeframe": "1d"}).status, 404)

    def test_daily_bars(self):
        text = "date,open,high,low,close,volume\n2024-01-02,10,11,9,10.5,100\n2024-01-03,10.5,12,10,11,200\n"
        report = self.client.import_csv("DAILY", text, timeframe="1d").json()
        self.assertEqual((report["timeframe"], report["inserted"]), ("1d", 2))
        items = self.client.get("/v1/bars/DAILY", query={"timeframe": "1d", "from": "2024-01-03"}).json()["items"]
        self.assertEqual([(i["at"], i["close"]) for i in items], [("2024-01-03T14:30:00Z", "11")])
        self.assertEqual(self.client.get("/v1/bars/DAILY").status, 404)
        self.assertEqual(self.client.delete("/v1/bars/DAILY", query={"timeframe": "1d"}).json()["deleted"], 2)

    def test_import_options(self):
        self.addCleanup(self.client.delete, "/v1/bars/NIFTY")
        rows = "2024-01-02 09:15:00,2157990000,2158990000,2156990000,2158000000,0\n"
        answer = self.client.import_csv("NIFTY", rows, calendar="XNSE", price_scale="100000")
        self.assertEqual((answer.status, answer.json()["errors"][0]["parameter"]), (400, "timezone"))
        report = self.client.import_csv("NIFTY", rows, calendar="XNSE", price_scale="100000", timezone="Asia/Kolkata").json()
        self.assertEqual((report["calendar"], report["first"]), ("XNSE", "2024-01-02T03:45:00Z"))
        self.assertEqual(self.client.get("/v1/bars/NIFTY").json()["items"][0]["close"], "21580")
        again = self.client.import_csv("NIFTY", rows, price_scale="100000", timezone="Asia/Kolkata").json()
        self.assertEqual((again["calendar"], again["duplicates"]), ("XNSE", 1))
        self.assertEqual(self.client.import_csv("NIFTY", rows, calendar="XNYS", timezone="Asia/Kolkata", outside="drop").status, 422)

    def test_refused_rows_are_listed_up_to_twenty(self):
        good = "2024-01-02T14:30:00Z,10,11,9,10,5\n"
        text = "time,open,high,low,close,volume\n" + good + "".join(f"2024-01-02T15:{m:02}:00Z,10,8,9,10,5\n" for m in range(30))
        problem = self.client.import_csv("MANY", text).json()
        self.assertEqual((problem["code"], problem["line"], len(problem["errors"])), ("invalid_data", 3, 20))
        self.assertEqual([e["line"] for e in problem["errors"]], list(range(3, 23)))

    def test_other_media_types_are_refused(self):
        answer = self.client.post("/v1/bars/X", body=b"{}", headers={"Content-Type": "application/json"})
        self.assertEqual(answer.status, 415)
        body = gzip.compress(market.csv_text(self.bars).encode())
        answer = self.client.post("/v1/bars/OCTETS", body=body, headers={"Content-Type": "application/octet-stream"})
        self.assertEqual(answer.json()["inserted"], len(self.bars))
        self.client.delete("/v1/bars/OCTETS")

    def test_keys(self):
        made = [self.client.post("/v1/keys", json={"name": f"k{i}", "scopes": ["backtest", "read"]}) for i in range(5)]
        self.assertEqual(made[0].headers["Location"], "/v1/keys/" + made[0].json()["id"])
        self.assertEqual(made[0].json()["scopes"], ["read", "backtest"])
        ids = [m.json()["id"] for m in made]
        listed = [k["id"] for page in self.pages("/v1/keys", limit=2) for k in page]
        self.assertEqual(listed[:5], ids[::-1])
        self.assertEqual(self.client.post("/v1/keys", json={"name": "k1", "scopes": ["read"]}).status, 409)
        for body, pointer in (({"name": "", "scopes": ["read"]}, "/name"), ({"name": "x" * 65, "scopes": ["read"]}, "/name"),
                              ({"name": "y", "scopes": []}, "/scopes"), ({"name": "y", "scopes": ["write"]}, "/scopes/0"),
                              ({"name": "y"}, "/scopes"), ({"name": "y", "scopes": ["read"], "admin": True}, "/admin")):
            answer = self.client.post("/v1/keys", json=body)
            self.assertEqual(answer.status, 400, (body, answer))
            self.assertEqual(answer.json()["errors"][0]["pointer"], pointer)
        self.assertEqual(self.client.delete(f"/v1/keys/{ids[0]}").status, 204)
        self.assertEqual(self.client.delete(f"/v1/keys/{ids[0]}").status, 404)
        self.assertEqual(self.client.delete("/v1/keys/nonsense").status, 400)

    def test_indicators_are_tagged_by_their_content(self):
        first = self.client.get("/v1/indicators")
        again = self.client.get("/v1/indicators", headers={"If-None-Match": first.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))
        items = {i["name"]: i for i in first.json()["items"]}
        self.assertEqual(items["sma"]["lookback"], "period - 1")
        self.assertEqual(items["rsi"]["lookback"], "period")
        self.assertEqual((items["rsi"]["memory"], items["rsi"]["parameters"][0]["default"]), ("recursive", 14))
        self.assertEqual((items["vwap"]["kind"], items["vwap"]["memory"]), ("series", "session"))
        self.assertEqual((items["abs"]["kind"], items["abs"]["lookback"]), ("function", "0"))

    def test_metrics_are_in_the_exposition_format(self):
        text = self.client.get("/metrics").text()
        names = set()
        for line in text.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[^}]*\})? (-?[0-9.e+-]+|\+Inf|NaN))$')
            names.update(re.findall(r"^# TYPE ([a-z_]+)", line))
        for name in ("bracketd_writer_commits_total", "bracketd_bar_cache_bytes", "bracketd_workers", "bracketd_uptime_seconds",
                     "process_resident_memory_bytes", "bracketd_build_info"):
            self.assertIn(name, names)
        uptime = float(re.search(r"^bracketd_uptime_seconds (\S+)$", text, re.M).group(1))
        self.assertTrue(0 <= uptime < 3600, uptime)

    def test_operations_without_parameters_refuse_them(self):
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.yaml", "/v1/indicators"):
            self.refuse(path, "nothing", nothing="1")

    def test_series_in_rows(self):
        body = {"symbol": "SPY", "expressions": ["time", "close > sma(2)", "sma(2)"], "to": "2024-01-02"}
        line = self.client.post("/v1/series", json=body, query={"format": "ndjson"}).text().splitlines()[0]
        self.assertEqual(harness.json.loads(line),
                         {"time": market.stamp(self.bars[0].at), "values": {"time": 570, "close > sma(2)": False, "sma(2)": None}})
        kolkata = self.client.post("/v1/series", json={**body, "timezone": "Asia/Kolkata"}).json()
        self.assertEqual(kolkata["columns"][0]["values"][0], 20 * 60)
        text = self.client.post("/v1/series", json={**body, "expressions": ["max(open, close)"]}, headers={"Accept": "text/csv"}).text()
        self.assertEqual(text.splitlines()[0], 'time,"max(open, close)"')

    def test_ranges_wider_than_time_itself(self):
        far = {"from": "0001-01-01", "to": "9999-12-31"}
        whole = self.client.post("/v1/series", json={"symbol": "SPY", "expressions": ["close"], **far}).json()
        self.assertEqual(len(whole["times"]), len(self.bars))
        for ends in (far, {"from": "1678-01-01T00:00:00Z", "to": "2261-12-31T00:00:00Z"}):
            answer = self.client.post("/v1/check", json={"rule": "close > 0", "symbol": "SPY", "trigger": "every_bar", **ends})
            self.assertEqual((answer.status, answer.json()["result"]["fires"]), (200, len(self.bars)))
        answer = self.client.post("/v1/check", json={"rule": "close > 0", "symbol": "SPY", "from": "9999-01-01"})
        self.assertEqual(answer.status, 400)

    def test_series_refusals(self):
        good = {"symbol": "SPY", "expressions": ["close"]}
        for change, pointer in (({"symbol": "a b"}, "/symbol"), ({"timeframe": "9x"}, "/timeframe"), ({"timezone": "Mars/Base"}, "/timezone"),
                                ({"from": "2024-02-30"}, "/from"), ({"from": "2024-01-04", "to": "2024-01-03"}, "/to"),
                                ({"expressions": ["close", "close"]}, "/expressions/1"), ({"expressions": ["close"] * 17}, "/expressions"),
                                ({"expressions": [5]}, "/expressions/0"), ({"expression": "close"}, "/expression")):
            answer = self.client.post("/v1/series", json={**good, **change})
            self.assertEqual((answer.status, answer.json()["errors"][0]["pointer"]), (400, pointer), (change, answer))

    def test_a_series_is_limited_and_says_how_long_it_would_be(self):
        self.addCleanup(self.client.delete, "/v1/bars/LONG")
        begin = datetime.datetime(2023, 1, 1, tzinfo=datetime.timezone.utc).timestamp()
        text = "time,open,high,low,close,volume\n" + "".join(f"{int(begin) + 60 * i},1,1,1,1,1\n" for i in range(100001))
        self.assertEqual(self.client.import_csv("LONG", text, calendar="24x7").json()["inserted"], 100001)
        answer = self.client.post("/v1/series", json={"symbol": "LONG", "expressions": ["close"]})
        self.assertEqual(answer.status, 400)
        self.assertIn("100001", answer.json()["detail"])
        part = self.client.post("/v1/series", json={"symbol": "LONG", "expressions": ["sma(3)"], "from": "2023-01-01T00:01:00Z"}).json()
        self.assertEqual((len(part["times"]), part["columns"][0]["values"][:2]), (100000, [None, 1]))


class Uploads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()
        cls.text = market.csv_text(market.make_bars(days=3))

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def spools(self):
        """How many nameless files the server holds open in its data folder."""
        count = 0
        for fd in harness.pathlib.Path(f"/proc/{self.server.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                target = str(fd.readlink())
                count += target.startswith(self.server.data) and target.endswith("(deleted)")
        return count

    def test_a_sender_who_goes_away_leaves_nothing(self):
        head = (f"POST /v1/bars/HALF HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.server.key}\r\n"
                "Content-Type: text/csv\r\nContent-Length: 10000000\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", self.server.port)) as s:
            s.sendall(head + self.text.encode() * 20)
            harness.wait_until(lambda: self.spools() == 1)
        harness.wait_until(lambda: self.spools() == 0)
        self.assertEqual(self.client.get("/v1/bars/HALF").status, 404)

    def test_refused_options_leave_nothing(self):
        self.assertEqual(self.client.import_csv("X", self.text, mode="guess").status, 400)
        self.assertEqual(self.spools(), 0)

    def test_uploads_beside_each_other(self):
        answers = {}

        def upload(i):
            answers[i] = self.server.client().import_csv(f"P{i % 4}", self.text).json()

        threads = [threading.Thread(target=upload, args=(i,)) for i in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rows = answers[0]["rows"]
        for k in range(4):
            mine = [answers[i] for i in range(k, 12, 4)]
            self.assertEqual(sorted(a["inserted"] for a in mine), [0, 0, rows])
            self.assertEqual(sorted(a["duplicates"] for a in mine), [0, rows, rows])
        self.assertEqual(self.spools(), 0)


class Disk(unittest.TestCase):
    def test_below_the_reserve_imports_are_refused_and_readiness_tells(self):
        terabyte_mb = 1 << 20
        if harness.shutil.disk_usage(harness.tempfile.gettempdir()).free >= terabyte_mb << 20:
            self.skipTest("more than a terabyte is free: no reserve can be above that")
        with harness.Server(arguments=["--disk-reserve-mb", str(terabyte_mb)]) as server:
            client = server.client()
            answer = client.import_csv("SPY", market.csv_text(market.make_bars(days=1)))
            self.assertEqual((answer.status, answer.json()["code"]), (507, "disk_full"))
            ready = client.get("/readyz")
            self.assertEqual((ready.status, ready.json()["status"]), (503, "degraded"))
            self.assertEqual(ready.json()["checks"]["database"], "ok")
            self.assertNotEqual(ready.json()["checks"]["disk"], "ok")
            self.assertEqual(client.get("/v1/symbols").json()["items"], [])
