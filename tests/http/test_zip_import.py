"""Zips of many symbols: shares, option contracts, quotes; and the real day of GOOG's options where it is there."""

import io
import unittest
import zipfile

import harness

FOLDER = harness.SHARED / "options_goog_20151224"
CALL = "20151224_goog_minute_{}_american_call_7500000_20160115.csv"
OCC = "GOOG160115C00750000"


def made_zip(files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, text in files.items():
            z.writestr(name, text)
    return out.getvalue()


def import_zip(client, body, **query):
    return client.post("/v1/bars", body=body, headers={"Content-Type": "application/zip"}, query={"format": "lean", **query})


def bars_of(client, symbol, **query):
    answer = client.get(f"/v1/bars/{symbol}", query={"limit": 50000, **query})
    return [tuple(bar.values()) for bar in answer.json()["items"]] if answer.status == 200 else answer.status


class ZipImport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def refused(self, body, status, text, **query):
        answer = import_zip(self.client, body, **query)
        self.assertEqual(answer.status, status, answer)
        self.assertIn(text, answer.json()["detail"])
        return answer.json()

    def test_shares_contracts_and_quotes_become_series(self):
        body = made_zip({
            "20151224_goog_minute_trade.csv": "34140000,7503100,7503100,7502000,7502000,243\n34200000,7495500,7499900,7485400,7485400,11492\n",
            CALL.format("trade"): "35580000,131500,131500,131500,131500,1\n",
            CALL.format("quote"): "34200000,131000,131000,129000,129000,16,145000,145000,142000,142000,5\n"
                                  "34260000,,,,,0,140000,141000,139000,139000,15\n"
                                  "46800000,1,1,1,1,1,2,2,2,2,2\n",
        })
        report = import_zip(self.client, body).json()
        self.assertEqual((report["files"], report["contracts"], report["rows"]), (3, 2, 6))
        self.assertEqual((report["inserted"], report["outside"], report["empty_quotes"]), (5, 2, 1))
        self.assertEqual(report["series"], {"trade": {"series": 2, "bars": 2}, "bid": {"series": 1, "bars": 1}, "ask": {"series": 1, "bars": 2}})
        self.assertEqual((report["first"], report["last"]), ("2015-12-24T14:30:00Z", "2015-12-24T14:53:00Z"))
        self.assertEqual(bars_of(self.client, "GOOG"), [("2015-12-24T14:30:00Z", "749.55", "749.99", "748.54", "748.54", "11492")])
        self.assertEqual(bars_of(self.client, OCC), [("2015-12-24T14:53:00Z", "13.15", "13.15", "13.15", "13.15", "1")])
        self.assertEqual(bars_of(self.client, f"{OCC}:bid"), [("2015-12-24T14:30:00Z", "13.1", "13.1", "12.9", "12.9", "16")])
        self.assertEqual(bars_of(self.client, f"{OCC}:ask"), [
            ("2015-12-24T14:30:00Z", "14.5", "14.5", "14.2", "14.2", "5"), ("2015-12-24T14:31:00Z", "14", "14.1", "13.9", "13.9", "15")])
        again = import_zip(self.client, body).json()
        self.assertEqual((again["inserted"], again["duplicates"]), (0, 5))

    def test_hours_are_summed_up_to_days(self):
        body = made_zip({"hours.csv": "20240102 09:00,100000,110000,90000,105000,5\n20240102 10:00,105000,130000,101000,120000,7\n"
                                      "20240102 16:00,1,1,1,1,1\n20240103 00:00,200000,210000,190000,205000,9\n"})
        report = import_zip(self.client, body).json()
        self.assertEqual((report["rows"], report["inserted"], report["outside"]), (4, 2, 1))
        self.assertEqual(bars_of(self.client, "HOURS", timeframe="1d"), [
            ("2024-01-02T14:30:00Z", "10", "13", "9", "12", "12"), ("2024-01-03T14:30:00Z", "20", "21", "19", "20.5", "9")])

    def test_one_bad_row_keeps_all_of_it_out(self):
        good = "34200000,10000,20000,10000,10000,1\n"
        problem = self.refused(made_zip({"20240105_aaa_minute_trade.csv": good, "20240105_bbb_minute_trade.csv": good + "34260000,30000,20000,10000,10000,1\n"}),
                               422, "20240105_bbb_minute_trade.csv, line 2, column 10: the open is outside low to high")
        self.assertEqual((problem["line"], problem["column"]), (2, 10))
        self.assertEqual(bars_of(self.client, "AAA"), 404)

    def test_modes(self):
        def zip_of(price):
            return made_zip({"20240105_ccc_minute_trade.csv": f"34200000,{price},{price},{price},{price},1\n"})

        self.assertEqual(import_zip(self.client, zip_of(10000), dry_run="true").json()["dry_run"], True)
        self.assertEqual(bars_of(self.client, "CCC"), 404)
        self.assertEqual(import_zip(self.client, zip_of(10000)).json()["inserted"], 1)
        self.refused(zip_of(20000), 409, "another bar of 'CCC'")
        self.assertEqual(import_zip(self.client, zip_of(20000), mode="replace").json()["replaced"], 1)
        self.assertEqual(bars_of(self.client, "CCC")[0][1], "2")

    def test_what_is_no_such_zip_is_refused(self):
        row = "34200000,10000,20000,10000,10000,1\n"
        self.refused(b"time,open\n", 422, "is no zip")
        self.refused(made_zip({}), 422, "is empty")
        self.refused(made_zip({"20240105_aaa_minute_trade.csv": row})[:-5], 422, "the zip is damaged")
        self.refused(made_zip({"../../etc/passwd": row}), 422, "does not end in .csv")
        self.refused(made_zip({"../x.csv": row}), 422, "its ticker")
        self.refused(made_zip({"20240105_aaa_second_trade.csv": row}), 422, "only minutes")
        self.refused(made_zip({"20240105_aaa_minute_openinterest.csv": row}), 422, "only trades and quotes")
        self.refused(made_zip({"20240106_aaa_minute_trade.csv": row}), 422, "no bar inside a session")
        self.refused(made_zip({"20240105_aaa_minute_trade.csv": row + row}), 422, "line 2, column 1: the time is not after")
        bomb = made_zip({"20240105_aaa_minute_trade.csv": b"\n" * (65 << 20)})
        self.assertLess(len(bomb), 1 << 20)
        self.refused(bomb, 413, "inflates to more than")

    def test_format_is_needed_and_others_are_refused(self):
        for query, pointer in (({}, "format"), ({"format": "csv"}, "format"), ({"format": "lean", "timezone": "UTC"}, "timezone")):
            answer = self.client.post("/v1/bars", body=b"PK", headers={"Content-Type": "application/zip"}, query=query)
            self.assertEqual(answer.status, 400, answer)
            self.assertEqual(answer.json()["errors"][0]["parameter"], pointer)

    def test_the_command_line_tells_a_zip_from_csv(self):
        import tempfile, pathlib

        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "day.zip"
            path.write_bytes(made_zip({"20240105_ddd_minute_trade.csv": "34200000,10000,20000,10000,10000,1\n"}))
            done = harness.run("import", "--data", f"{folder}/data", str(path))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("1 bars of 1 series", done.stdout)
            done = harness.run("import", "--data", f"{folder}/data", "--symbol", "DDD", str(path))
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("takes no --symbol", done.stderr)
            csv = pathlib.Path(folder) / "day.csv"
            csv.write_text("time,open\n")
            self.assertEqual(harness.run("import", "--data", f"{folder}/data", str(csv)).returncode, 2)
            csv.rename(f"{folder}/fake.zip")
            self.assertIn("no zip", harness.run("import", "--data", f"{folder}/data", f"{folder}/fake.zip").stderr)


def plain_bars(archive, symbol_of):
    """{series: [(ms, O, H, L, C, size)]} of an archive's rows inside the session, read as plainly as they stand there."""
    series = {}
    with zipfile.ZipFile(archive) as z:
        for name in z.namelist():
            parts = name.removesuffix(".csv").split("_")
            for row in z.read(name).decode().splitlines():
                values = row.split(",")
                if not 34200000 <= int(values[0]) < 46800000:
                    continue
                sides = [("", values[1:6])] if parts[3] == "trade" else [(":bid", values[1:6]), (":ask", values[6:11])]
                for side, prices in sides:
                    if prices[0]:
                        series.setdefault(symbol_of(parts) + side, []).append((int(values[0]), *map(int, prices)))
    return series


def occ_of(parts):
    strike = int(parts[6]) // 10
    return f"{parts[1].upper()}{parts[7][2:]}{parts[5][0].upper()}{strike:08d}"


class RealDay(unittest.TestCase):
    def test_every_bar_of_the_day_is_stored(self):
        if not FOLDER.exists():
            self.skipTest("the sample data is not here")
        with harness.Server() as server:
            client = server.client()
            for kind in ("quote", "trade"):
                archive = FOLDER / f"20151224_{kind}_american.zip"
                report = import_zip(client, archive.read_bytes()).json()
                expected = plain_bars(archive, occ_of)
                self.assertEqual(report["inserted"], sum(map(len, expected.values())))
                self.assertEqual(sum(s["series"] for s in report["series"].values()), len(expected))
                for symbol in sorted(expected)[::97]:
                    stored = [(bar[0][11:16], *map(float, bar[1:])) for bar in bars_of(client, symbol)]
                    plain = [(f"{ms // 3600000 + 5:02d}:{ms // 60000 % 60:02d}", o / 1e4, h / 1e4, l / 1e4, c / 1e4, float(size))
                             for ms, o, h, l, c, size in expected[symbol]]
                    self.assertEqual(stored, plain, symbol)


if __name__ == "__main__":
    unittest.main()
