"""The real sample: five years of an index, dirty rows and all. Skipped where the file is not there."""

import datetime
import gzip
import unittest

import harness
import market

FILE = harness.SHARED / "nifty" / "nifty_1min_2021_2025.csv.gz"
OPTIONS = {"calendar": "XNSE", "timezone": "Asia/Kolkata", "outside": "drop", "bad_rows": "drop", "duplicates": "first", "sort": "true"}


SCALE = 10**9


def units(text):
    """A price as an integer: the file has up to nine decimals."""
    whole, _, part = text.partition(".")
    assert len(part) <= 9
    return int(whole) * SCALE + int((part + "000000000")[:9])


INDIA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))


def wall_clock(at):
    return datetime.datetime.fromisoformat(at.replace("Z", "+00:00")).astimezone(INDIA).strftime("%Y-%m-%d %H:%M:%S")


def session_edges(client):
    """First and last stored stamp of each date: what the calendar calls a session."""
    edges, cursor = {}, None
    while True:
        page = client.get("/v1/bars/NIFTY", query={"format": "csv", "limit": 50000, **({"cursor": cursor} if cursor else {})})
        for line in page.text().splitlines()[1:]:
            stamp = wall_clock(line.split(",")[0])
            first, _ = edges.get(stamp[:10], (stamp, stamp))
            edges[stamp[:10]] = (first, stamp)
        cursor = page.headers.get("X-Next-Cursor")
        if not cursor:
            return edges


class Nifty(unittest.TestCase):
    def test_the_count_is_that_of_an_independent_reference(self):
        if not FILE.exists():
            self.skipTest("the sample data is not here")
        raw = FILE.read_bytes()
        with harness.Server() as server:
            client = server.client()
            answer = client.import_csv("NIFTY", raw, **OPTIONS)
            self.assertEqual(answer.status, 200, answer)
            report = answer.json()
            self.assertEqual(report["rows"], 507190)
            self.assertEqual(report["rows"], report["inserted"] + report["duplicates"] + report["conflicts"] + report["outside"] + report["bad_rows"])

            # The rows themselves, by the documented options, without the server's importer.
            edges = session_edges(client)
            closes = {}
            for line in gzip.decompress(raw).decode().splitlines()[1:]:
                stamp, o, h, l, c, volume = line.split(",")[:6]
                first, last = edges.get(stamp[:10], ("z", ""))
                if not first <= stamp <= last or stamp[17:] != "00" or float(volume) < 0:
                    continue
                o, h, l, c = map(units, (o, h, l, c))
                if l <= min(o, c) and max(o, c) <= h:
                    closes.setdefault(stamp, c)
            series = [closes[stamp] for stamp in sorted(closes)]
            self.assertEqual(report["inserted"], len(series))
            want = sum(market.oversold_in_uptrend(series, SCALE))
            self.assertGreater(want, 1000)

            counts = set()
            for shard in ("day", "week", "month"):
                job = client.post("/v1/backtests", query={"wait": 60}, json={
                    "rule": "rsi(14) < 30 and close > sma(200)", "symbols": ["NIFTY"], "trigger": "every_bar", "shard": shard}).json()
                counts.add((job["result"]["fires"], job["result"]["digest"]))
            self.assertEqual({count for count, _ in counts}, {want})
            self.assertEqual(len(counts), 1)
        for workers in (1, 3, 16):
            with harness.Server(workers=workers) as server:
                client = server.client()
                client.import_csv("NIFTY", raw, **OPTIONS)
                check = client.post("/v1/check", json={"rule": "rsi(14) < 30 and close > sma(200)", "symbol": "NIFTY", "trigger": "every_bar"}).json()
                counts.add((check["result"]["fires"], check["result"]["digest"]))
        self.assertEqual(len(counts), 1)
