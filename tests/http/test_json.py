"""What is not the JSON we asked for is a 400 with a pointer, and changes nothing."""

import unittest

import harness


class Json(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def refuse(self, body, pointer=None, path="/v1/backtests"):
        answer = self.client.post(path, body=body, headers={"Content-Type": "application/json"})
        self.assertEqual(answer.status, 400, (body, answer))
        problem = answer.json()
        if pointer is not None:
            self.assertEqual(problem["errors"][0]["pointer"], pointer, problem)
        return problem

    def test_malformed_texts(self):
        for body in (b"", b"{", b"[]", b"nul", b'{"rule": "x",}', b"{'rule': 1}", b'{"rule": 01}', b'{"a": 1e400}',
                     b'{"rule": "\xff"}', b'{"rule": "\xc0\xaf"}', b'{"rule": "\\ud800"}', b'{"rule": "a\x01b"}',
                     b'{"rule": NaN}', b'{"rule": "x"} {}', b'{"rule": "x"}\x00', b"[" * 100 + b"]" * 100):
            self.refuse(body)

    def test_the_place_is_told(self):
        problem = self.refuse(b'{"rule": "close > 1",\n "symbols": ["A", tru]}')
        self.assertEqual(problem["errors"][0]["line"], 2)

    def test_duplicate_keys(self):
        self.refuse(b'{"rule": "close > 1", "rule": "close > 2", "symbols": ["A"]}', "/rule")
        self.refuse(b'{"rule": "close > 1", "r\\u0075le": "close > 2", "symbols": ["A"]}', "/rule")

    def test_unknown_fields_name_the_nearest(self):
        problem = self.refuse(b'{"rule": "close > 1", "symbls": ["A"]}', "/symbls")
        self.assertIn("symbols", problem["detail"])
        self.refuse(b'{"rule": "close > 1", "symbols": ["A"], "window": {"form": "09:45"}}', "/window/form")

    def test_types_and_ranges(self):
        good = {"rule": "close > 1", "symbols": ["A"]}
        for change, pointer in (({"rule": 5}, "/rule"), ({"symbols": "A"}, "/symbols"), ({"symbols": []}, "/symbols"),
                                ({"symbols": ["A", 5]}, "/symbols/1"), ({"symbols": ["A", "A"]}, "/symbols/1"),
                                ({"symbols": ["a b"]}, "/symbols/0"), ({"timeframe": "7x"}, "/timeframe"),
                                ({"from": "yesterday"}, "/from"), ({"from": "2024-02-30"}, "/from"),
                                ({"from": "2024-03-01", "to": "2024-02-01"}, "/to"), ({"trigger": "sometimes"}, "/trigger"),
                                ({"cooldown": "-5m"}, "/cooldown"), ({"cooldown": 5}, "/cooldown"),
                                ({"horizons": ["5m", "soon"]}, "/horizons/1"), ({"horizons": []}, "/horizons"),
                                ({"window": {"from": "25:00"}}, "/window/from"), ({"window": {"days": ["xyz"]}}, "/window/days/0"),
                                ({"window": {"timezone": "Mars/Base"}}, "/window/timezone"), ({"shard": "hour"}, "/shard")):
            body = harness.json.dumps({**good, **change}).encode()
            self.refuse(body, pointer)

    def test_missing_fields(self):
        self.refuse(b'{"symbols": ["A"]}', "/rule")
        self.refuse(b'{"rule": "close > 1"}', "/symbols")

    def test_bad_queries(self):
        for path in ("/v1/symbols?limit=0", "/v1/symbols?limit=1001", "/v1/symbols?limit=ten", "/v1/symbols?cursor=%21%21",
                     "/v1/symbols?limit=1&limit=2", "/v1/symbols?nothing=1", "/v1/backtests?status=odd"):
            self.assertEqual(self.client.get(path).status, 400, path)

    def test_nothing_was_made(self):
        self.assertEqual(self.client.get("/v1/backtests").json()["items"], [])
