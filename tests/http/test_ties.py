"""Ties are exact: on the real sample data `close > sma(200)` is what rational arithmetic says, on every bar.
Skipped where the files are not there."""

import unittest
from fractions import Fraction

import harness
import market

SHARES = ("AZO", "BKNG", "FICO", "GWW")


class Ties(unittest.TestCase):
    def test_close_above_its_mean_agrees_with_fractions_on_every_bar(self):
        files = [harness.SHARED / "us_stocks_1min_2024" / f"{share}.csv.gz" for share in SHARES]
        if not all(file.exists() for file in files):
            self.skipTest("the sample data is not here")
        with harness.Server() as server:
            client = server.client()
            for share, file in zip(SHARES, files):
                self.assertEqual(client.import_csv(share, file.read_bytes(), outside="drop").status, 200)
                closes = self.closes(client, share)
                scaled = [close * 10**9 for close in closes]
                self.assertTrue(all(value.denominator == 1 for value in scaled))
                means = market.sma([int(value) for value in scaled], 200)
                want = [mean is not None and value > mean for value, mean in zip(scaled, means)]
                answer = client.post("/v1/series", check=False,
                                     json={"symbol": share, "expressions": ["close > sma(200)"]}).json()
                self.assertEqual(answer["columns"][0]["values"], want, share)

    def closes(self, client, share):
        closes, cursor = [], None
        while True:
            page = client.get(f"/v1/bars/{share}",
                              query={"format": "csv", "limit": 50000, **({"cursor": cursor} if cursor else {})})
            closes += [Fraction(line.split(",")[4]) for line in page.text().splitlines()[1:]]
            cursor = page.headers.get("X-Next-Cursor")
            if not cursor:
                return closes
