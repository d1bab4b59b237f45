"""Importing, reading and removing bars."""

import datetime
import gzip
import unittest

import harness
import market

HEADER = "time,open,high,low,close,volume\n"


class Bars(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()
        cls.bars = market.make_bars(days=4)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def imported(self, symbol, text, **query):
        answer = self.client.import_csv(symbol, text, **query)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def all_bars(self, symbol, **query):
        items, cursor = [], None
        while True:
            page = self.client.get(f"/v1/bars/{symbol}", query={**query, **({"cursor": cursor} if cursor else {})}).json()
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    def assert_same(self, items, bars):
        self.assertEqual(len(items), len(bars))
        for item, bar in zip(items, bars):
            self.assertEqual(item["at"], market.stamp(bar.at))
            for name in ("open", "high", "low", "close"):
                self.assertEqual(float(item[name]), getattr(bar, name) / 100, (item, name))
            self.assertEqual(float(item["volume"]), bar.volume)

    def test_round_trip_with_pages(self):
        report = self.imported("ROUND", market.csv_text(self.bars))
        self.assertEqual((report["rows"], report["inserted"], report["duplicates"]), (len(self.bars), len(self.bars), 0))
        self.assertEqual(report["first"], market.stamp(self.bars[0].at))
        self.assertEqual(report["dialect"]["stamp"], "iso_offset")
        self.assert_same(self.all_bars("ROUND", limit=377), self.bars)
        listed = [s for s in self.client.get("/v1/symbols").json()["items"] if s["symbol"] == "ROUND"]
        self.assertEqual((listed[0]["bars"], listed[0]["days"], listed[0]["calendar"]), (len(self.bars), 4, "XNYS"))

    def test_every_dialect_gives_the_same_bars(self):
        utc, new_york = datetime.timezone.utc, market.NEW_YORK
        forms = {
            "S": (lambda t: str(int(t.timestamp())), {}, "epoch_s"),
            "MS": (lambda t: str(int(t.timestamp() * 1000)), {}, "epoch_ms"),
            "US": (lambda t: str(int(t.timestamp() * 1000000)), {}, "epoch_us"),
            "NS": (lambda t: str(int(t.timestamp()) * 10**9), {}, "epoch_ns"),
            "OFF": (lambda t: t.astimezone(new_york).isoformat(), {}, "iso_offset"),
            "WALL": (lambda t: t.astimezone(new_york).strftime("%Y-%m-%d %H:%M:%S"), {"timezone": "America/New_York"}, "wall_clock"),
            "END": (lambda t: market.stamp(t + datetime.timedelta(minutes=1)), {"label": "end"}, "iso_offset"),
        }
        orders = {",": "tohlcv", ";": "tchlov", "\t": "vclhot"}
        names = dict(t="timestamp", o="Open", h="HIGH", l="low", c="Close", v="Volume")
        values = dict(o=lambda b: market.cents(b.open), h=lambda b: market.cents(b.high), l=lambda b: market.cents(b.low),
                      c=lambda b: market.cents(b.close), v=lambda b: str(b.volume))
        for form, (write, query, kind) in forms.items():
            for delimiter, order in orders.items():
                lines = [delimiter.join(names[c] for c in order)]
                for b in self.bars:
                    lines.append(delimiter.join(write(b.at.astimezone(utc)) if c == "t" else values[c](b) for c in order))
                symbol = f"D{form}{ord(delimiter)}"
                with self.subTest(symbol):
                    report = self.imported(symbol, "\r\n".join(lines) + "\r\n", **query)
                    self.assertEqual(report["dialect"]["stamp"], kind)
                    self.assertEqual(report["dialect"]["delimiter"], delimiter)
                    self.assert_same(self.all_bars(symbol, limit=50000), self.bars)

    def test_without_a_header_the_order_is_found_from_the_prices(self):
        for order in ("ohlc", "chlo", "lhoc", "hloc"):
            pick = dict(o=lambda b: b.open, h=lambda b: b.high, l=lambda b: b.low, c=lambda b: b.close)
            text = "".join(f"{market.stamp(b.at)}," + ",".join(market.cents(pick[c](b)) for c in order) + f",{b.volume}\n" for b in self.bars)
            report = self.imported(f"N{order.upper()}", text)
            self.assertFalse(report["dialect"]["header"])
            items = self.all_bars(f"N{order.upper()}", limit=50000)
            self.assertEqual([float(i["high"]) for i in items], [b.high / 100 for b in self.bars], order)
            self.assertEqual([float(i["low"]) for i in items], [b.low / 100 for b in self.bars], order)

    def test_gzip(self):
        report = self.imported("GZ", gzip.compress(market.csv_text(self.bars).encode()))
        self.assertEqual(report["inserted"], len(self.bars))

    def test_refused_rows_are_told_by_line_and_column_and_change_nothing(self):
        good = "2024-01-02T14:30:00Z,10,11,9,10,5\n"
        for bad, column in (("2024-01-02T14:31:00Z,10,8,9,10,5", None), ("2024-01-02T14:31:00Z,10,11,9,12,5", None),
                            ("2024-01-02T14:31:00Z,-1,11,-2,10,5", None), ("2024-01-02T14:31:00Z,nan,11,9,10,5", 22),
                            ("2024-01-02T14:31:00Z,1e999,11,9,10,5", 22), ("2024-01-02T14:31:00Z,10,11,9,10", None),
                            ("2024-01-02T14:31:00Z,10,11,9,10,5,6", None), ("yesterday,10,11,9,10,5", 1),
                            ("2024-01-02T14:29:00Z,10,11,9,10,5", None), ("2024-01-02T14:30:00Z,10,11,9,10.5,5", None),
                            ("2024-01-06T15:00:00Z,10,11,9,10,5", None), ("2024-01-02T14:31:30Z,10,11,9,10,5", None)):
            answer = self.client.import_csv("BAD", HEADER + good + bad + "\n")
            self.assertEqual(answer.status, 422, (bad, answer))
            problem = answer.json()
            self.assertEqual(problem["line"], 3, (bad, problem))
            if column:
                self.assertEqual(problem["column"], column, (bad, problem))
        self.assertEqual(self.client.get("/v1/bars/BAD").status, 404)

    def test_unusable_files(self):
        for text in ("", "time,open,high\n", "hello\n", HEADER, "time,open,high,low,close,wobble\n2024-01-02T14:30:00Z,10,11,9,10,5\n",
                     "2024-01-02 09:30:00,10,11,9,10,5\n"):
            answer = self.client.import_csv("BAD", text)
            self.assertIn(answer.status, (400, 422), (text, answer))
        self.assertEqual(self.client.import_csv("BAD", gzip.compress(b"x" * 1000)[:50]).status, 422)
        self.assertEqual(self.client.get("/v1/bars/BAD").status, 404)

    def test_dirty_rows_can_be_dropped_and_are_counted(self):
        text = (HEADER + "2024-01-02T14:30:00Z,10,11,9,10,5\n2024-01-02T14:30:00Z,10,11,9,10,5\n2024-01-06T15:00:00Z,10,11,9,10,5\n"
                "2024-01-02T14:31:00Z,10,8,9,10,5\n2024-01-02T14:32:00Z,10,11,9,10,5\n2024-01-02T14:32:00Z,10,11,9,11,5\n")
        report = self.imported("DIRTY", text, outside="drop", bad_rows="drop", duplicates="last", sort="true")
        self.assertEqual({k: report[k] for k in ("rows", "inserted", "duplicates", "conflicts", "outside", "bad_rows")},
                         {"rows": 6, "inserted": 2, "duplicates": 1, "conflicts": 1, "outside": 1, "bad_rows": 1})
        self.assertEqual(self.all_bars("DIRTY")[1]["close"], "11")

    def test_dry_run_keeps_nothing(self):
        report = self.imported("DRY", market.csv_text(self.bars), dry_run="true")
        self.assertTrue(report["dry_run"])
        self.assertEqual(report["inserted"], len(self.bars))
        self.assertEqual(self.client.get("/v1/bars/DRY").status, 404)

    def test_merging(self):
        half = len(self.bars) // 2
        self.imported("MERGE", market.csv_text(self.bars[:half]))
        report = self.imported("MERGE", market.csv_text(self.bars))
        self.assertEqual((report["inserted"], report["duplicates"]), (len(self.bars) - half, half))
        self.assert_same(self.all_bars("MERGE", limit=50000), self.bars)
        other = market.csv_text(self.bars[:1]).replace(",", ",", 1).splitlines()
        fields = other[1].split(",")
        fields[5] = str(int(fields[5]) + 1)
        changed = other[0] + "\n" + ",".join(fields) + "\n"
        answer = self.client.import_csv("MERGE", changed)
        self.assertEqual(answer.status, 409, answer)
        self.assertIn(market.stamp(self.bars[0].at), answer.json()["detail"])
        self.assert_same(self.all_bars("MERGE", limit=50000), self.bars)
        self.assertEqual(self.imported("MERGE", changed, mode="replace")["replaced"], 1)
        self.assertEqual(self.all_bars("MERGE", limit=1000)[0]["volume"], fields[5])

    def test_reading_a_range_and_other_formats(self):
        self.imported("RANGE", market.csv_text(self.bars))
        day = [b for b in self.bars if b.at.date().isoformat() == "2024-01-03"]
        self.assert_same(self.all_bars("RANGE", **{"from": "2024-01-03", "to": "2024-01-03"}), day)
        first, last = market.stamp(day[5].at), market.stamp(day[10].at)
        self.assert_same(self.all_bars("RANGE", **{"from": first, "to": last}), day[5:10])
        text = self.client.get("/v1/bars/RANGE", query={"format": "csv", "limit": 3}).text()
        self.assertEqual(text.splitlines()[0], "at,open,high,low,close,volume")
        self.assertEqual(len(text.splitlines()), 4)
        lines = self.client.get("/v1/bars/RANGE", headers={"Accept": "application/x-ndjson"}, query={"limit": 3}).text().splitlines()
        self.assertEqual(len(lines), 3)
        self.assertEqual(self.client.get("/v1/bars/RANGE", headers={"Accept": "image/png"}).status, 406)

    def test_longer_timeframes_are_resampled(self):
        self.imported("LONG", market.csv_text(self.bars))
        items = self.all_bars("LONG", timeframe="30m", **{"from": "2024-01-02", "to": "2024-01-02"})
        self.assertEqual(len(items), 13)
        first = [b for b in self.bars if b.at < self.bars[0].at.replace(hour=15, minute=0)]
        self.assertEqual(float(items[0]["high"]), max(b.high for b in first) / 100)
        self.assertEqual(float(items[0]["close"]), first[-1].close / 100)

    def test_deleting(self):
        self.imported("GONE", market.csv_text(self.bars))
        day = len([b for b in self.bars if b.at.date().isoformat() == "2024-01-03"])
        answer = self.client.delete("/v1/bars/GONE", query={"from": "2024-01-03", "to": "2024-01-03"})
        self.assertEqual(answer.json()["deleted"], day)
        self.assertEqual(len(self.all_bars("GONE", limit=50000)), len(self.bars) - day)
        self.assertEqual(self.client.delete("/v1/bars/GONE").json()["deleted"], len(self.bars) - day)
        self.assertEqual(self.client.delete("/v1/bars/GONE").status, 404)

    def test_bars_survive_a_kill(self):
        with harness.Server() as server:
            self.assertEqual(server.client().import_csv("LIVE", market.csv_text(self.bars)).status, 200)
            server.kill()
            server.start()
            self.assertEqual(server.client().get("/v1/symbols").json()["items"][0]["bars"], len(self.bars))

    def test_bad_symbols_and_options(self):
        text = market.csv_text(self.bars[:5])
        for symbol, query in (("a%20b", {}), ("X" * 33, {}), ("OK", {"calendar": "MOON"}), ("OK", {"timezone": "Mars/Base"}),
                              ("OK", {"timeframe": "5m"}), ("OK", {"mode": "guess"}), ("OK", {"dry_run": "maybe"}), ("OK", {"what": "1"})):
            self.assertEqual(self.client.import_csv(symbol, text, **query).status, 400, (symbol, query))
