"""Quotes: posted, refused with a pointer to each bad one, ordered by time, looked at with their age."""

import datetime
import unittest

import harness

OPTION, PADDED = "AAPL261218C00200000", "AAPL  261218C00200000"


def stamp(seconds_ago=0.0):
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds_ago)
    return at.isoformat().replace("+00:00", "Z")


class Quotes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def post(self, quotes, **more):
        return self.client.post("/v1/quotes", json=quotes, **more)

    def assert_counts(self, answer, accepted, ignored=0):
        self.assertEqual((answer.status, answer.json()), (200, {"accepted": accepted, "ignored": ignored}))

    def quote(self, symbol):
        answer = self.client.get(f"/v1/quotes/{symbol.replace(' ', '%20')}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def test_a_quote_is_answered_as_it_came(self):
        self.assert_counts(self.post([{"symbol": "MSFT", "bid": "410.123456", "ask": 410.2, "bid_size": 3, "last": "410.15"}]), 1)
        got = self.quote("MSFT")
        age_ms, ts = got.pop("age_ms"), got.pop("ts")
        self.assertEqual(got, {"symbol": "MSFT", "bid": "410.123456", "ask": "410.2", "bid_size": "3", "ask_size": None,
                               "last": "410.15", "halted": False})
        self.assertTrue(0 <= age_ms < 60000)
        self.assertLess(abs(datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(ts.replace("Z", "+00:00"))),
                        datetime.timedelta(minutes=1))

    def test_a_quote_replaces_all_of_the_one_before(self):
        self.assert_counts(self.post({"symbol": "REPL", "bid": 1, "ask": 2, "last": 1.5, "halted": True}), 1)
        self.assert_counts(self.post({"symbol": "REPL", "ask": "2.5"}), 1)
        got = self.quote("REPL")
        self.assertEqual((got["bid"], got["ask"], got["last"], got["halted"]), (None, "2.5", None, False))

    def test_both_forms_of_an_occ_symbol_are_one(self):
        self.assert_counts(self.post([{"symbol": PADDED, "bid": 5, "ask": 5.1}]), 1)
        self.assertEqual(self.quote(OPTION) | {"age_ms": 0}, self.quote(PADDED) | {"age_ms": 0})
        self.assertEqual(self.quote(PADDED)["symbol"], OPTION)
        self.assert_counts(self.post([{"symbol": OPTION, "bid": 5.05, "ask": 5.1}]), 1)
        self.assertEqual(self.quote(PADDED)["bid"], "5.05")

    def test_what_is_older_than_the_newest_is_ignored(self):
        self.assert_counts(self.post([{"symbol": "OLD", "bid": 1, "ts": stamp(20)}, {"symbol": "OLD", "bid": 2, "ts": stamp(30)},
                                      {"symbol": "OLD", "bid": 3, "ts": stamp(10)}]), 2, 1)
        self.assertEqual(self.quote("OLD")["bid"], "3")
        self.assert_counts(self.post([{"symbol": "OLD", "bid": 4, "ts": stamp(60)}]), 0, 1)
        self.assertEqual(self.quote("OLD")["bid"], "3")
        self.assertTrue(10000 <= self.quote("OLD")["age_ms"] < 70000)
        same = stamp(5)
        self.assert_counts(self.post([{"symbol": "OLD", "bid": 5, "ts": same}, {"symbol": "OLD", "bid": 6, "ts": same}]), 2)
        self.assertEqual(self.quote("OLD")["bid"], "6")

    def test_a_quote_without_a_time_is_newer_than_one_slightly_ahead(self):
        self.assert_counts(self.post([{"symbol": "SOON", "bid": 1, "ts": stamp(-1.5)}, {"symbol": "SOON", "bid": 2}]), 2)
        self.assertEqual((self.quote("SOON")["bid"], self.quote("SOON")["age_ms"] >= 0), ("2", True))

    def test_each_bad_quote_is_told_and_none_is_taken(self):
        good = {"symbol": "NONE", "bid": 1}
        bad = [({"symbol": "NONE", "bid": "1.2345678"}, "/bid"), ({"symbol": "NONE", "ask": 1e-7}, "/ask"),
               ({"symbol": "none", "bid": 1}, "/symbol"), ({"symbol": "AAPL261399C00200000", "bid": 1}, "/symbol"),
               ({"symbol": "NONE"}, ""), ({"bid": 1}, "/symbol"), ({"symbol": "NONE", "bid": -1}, "/bid"),
               ({"symbol": "NONE", "bid": 1, "bid_size": 0}, "/bid_size"), ({"symbol": "NONE", "bid": "1e3"}, "/bid"),
               ({"symbol": "NONE", "bid": 1, "ts": stamp(-3600)}, "/ts"), ({"symbol": "NONE", "bid": 1, "ts": "noon"}, "/ts"),
               ({"symbol": "NONE", "bid": 1000001}, "/bid"), ({"symbol": "NONE", "bids": 1}, "/bids"), (7, ""),
               ({"symbol": "NONE", "halted": 1}, "/halted")]
        for item, pointer in bad:
            answer = self.post([good, item])
            self.assertEqual(answer.status, 400, (item, answer))
            self.assertEqual([e["pointer"] for e in answer.json()["errors"]], ["/1" + pointer], answer)
        answer = self.post([item for item, _ in bad] + [good])
        self.assertEqual([e["pointer"] for e in answer.json()["errors"]], [f"/{i}{p}" for i, (_, p) in enumerate(bad)])
        self.assertIn("15 of 16", answer.json()["detail"])
        alone = self.post({"symbol": "NONE", "bid": "x"})
        self.assertEqual((alone.status, alone.json()["errors"][0]["pointer"]), (400, "/bid"))
        answer = self.post([{"symbol": "NONE"}] * 50)
        self.assertEqual((answer.status, len(answer.json()["errors"])), (400, 20))
        self.assertEqual(self.client.get("/v1/quotes/NONE").status, 404)

    def test_texts_that_are_no_quotes_are_refused(self):
        for body in ("", "[", "[]", "3", '"AAPL"', "null", '[{"symbol": "A", "bid": 1}] x', '[{"symbol": "A", "symbol": "B", "bid": 1}]'):
            answer = self.client.post("/v1/quotes", body=body, headers={"Content-Type": "application/json"})
            self.assertEqual(answer.status, 400, body)
        self.assertEqual(self.post([{"symbol": "MANY", "bid": 1}] * 1001).status, 413)
        self.assertEqual(self.client.post("/v1/quotes", body="a,b", headers={"Content-Type": "text/csv"}).status, 415)
        self.assertEqual(self.post([{"symbol": "A", "bid": 1}], query={"x": 1}).status, 400)

    def test_lines_are_taken_as_they_are(self):
        lines = '{"symbol": "LINE", "bid": 1}\n\n  \r\n{"symbol": "LINE2", "ask": "2.5"}\r\n'
        headers = {"Content-Type": "application/x-ndjson"}
        self.assert_counts(self.client.post("/v1/quotes", body=lines, headers=headers), 2)
        self.assertEqual((self.quote("LINE")["bid"], self.quote("LINE2")["ask"]), ("1", "2.5"))
        answer = self.client.post("/v1/quotes", body=lines + '{"symbol": "LINE3", "bid": true}\n{]', headers=headers)
        self.assertEqual([(e["line"], e["pointer"]) for e in answer.json()["errors"]], [(5, "/2/bid"), (6, "/3")], answer)

    def test_several_are_looked_up_at_once_or_listed_page_by_page(self):
        names = [f"PAGE{i}" for i in range(7)]
        self.assert_counts(self.post([{"symbol": name, "bid": i + 1} for i, name in enumerate(names)]), 7)
        answer = self.client.get("/v1/quotes", query={"symbols": f"PAGE3,NEVER,PAGE1,{PADDED}"}).json()
        self.assertEqual([q["symbol"] for q in answer["items"] if q["symbol"] != OPTION], ["PAGE3", "PAGE1"])
        self.assertIsNone(answer["next_cursor"])
        seen, cursor = [], None
        while True:
            page = self.client.get("/v1/quotes", query={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
            seen += [q["symbol"] for q in page["items"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        self.assertEqual([s for s in seen if s.startswith("PAGE")], names)
        self.assertEqual(len(seen), len(set(seen)))
        for query in ({"symbols": "A,,B"}, {"symbols": ",".join(["A"] * 101)}, {"cursor": "x"}, {"limit": 0}, {"symbol": "A"}):
            self.assertEqual(self.client.get("/v1/quotes", query=query).status, 400, query)

    def test_scopes_are_trade_to_post_and_read_to_look(self):
        keys = {scope: self.server.client(self.client.post("/v1/keys", json={"name": f"q-{scope}", "scopes": [scope]}).json()["key"])
                for scope in ("read", "trade")}
        body = [{"symbol": "SCOPE", "bid": 1}]
        self.assertEqual(keys["trade"].post("/v1/quotes", json=body).status, 200)
        self.assertEqual(keys["read"].post("/v1/quotes", json=body).status, 403)
        self.assertEqual(keys["read"].get("/v1/quotes/SCOPE").status, 200)
        self.assertEqual(keys["trade"].get("/v1/quotes/SCOPE").status, 403)

    def test_large_batches_are_taken_whole(self):
        at = stamp(3)
        batch = [{"symbol": f"BIG{i % 500}", "bid": f"{100 + i % 7}.05", "ask": f"{100 + i % 7}.10", "bid_size": 10, "ask_size": 12,
                  "last": "100.07", "ts": at} for i in range(1000)]
        for _ in range(3):
            self.assert_counts(self.post(batch), 1000)
        self.assertEqual(self.quote("BIG499")["bid"], batch[999]["bid"])


if __name__ == "__main__":
    unittest.main()
