"""The command line: straight on a data folder, and against a server."""

import json
import pathlib
import tempfile
import unittest

import harness
import market
from harness import run

RULE = "rsi(14) < 30 and close > sma(200)"


class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="bracketd-cli-")
        cls.data = cls.folder.name + "/data"
        cls.bars = market.make_bars(days=10, seed=11)
        cls.file = pathlib.Path(cls.folder.name) / "abc.csv"
        cls.file.write_text(market.csv_text(cls.bars))
        cls.want = sum(market.oversold_in_uptrend([b.close for b in cls.bars], 100))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def ok(self, *arguments, **more):
        done = run(*arguments, **more)
        self.assertEqual(done.returncode, 0, (arguments, done.stdout, done.stderr))
        return done.stdout

    def test_version_and_help(self):
        self.assertRegex(self.ok("version"), r"^bracketd \d+\.\d+\.\d+")
        self.assertIn("serve", self.ok("--help"))
        for command in ("serve", "import", "check", "backtest", "keys"):
            self.assertIn("--data", self.ok(command, "--help"), command)
        bad = run("chekc")
        self.assertEqual(bad.returncode, 2)
        self.assertIn("check", bad.stderr)
        self.assertEqual(run("check", "--no-such-flag").returncode, 2)

    def test_straight_on_a_folder(self):
        report = json.loads(self.ok("import", "--data", self.data, "--symbol", "ABC", self.file, "--json"))
        self.assertEqual(report["rows"], len(self.bars))
        answer = json.loads(self.ok("check", "--data", self.data, "--symbol", "ABC", "--trigger", "every_bar", RULE, "--json"))
        self.assertEqual(answer["result"]["fires"], self.want)
        text = self.ok("check", "--data", self.data, "--symbol", "ABC", "--trigger", "every_bar", RULE)
        self.assertIn(str(self.want), text)
        job = json.loads(self.ok("backtest", "--data", self.data, "--symbol", "ABC", "--trigger", "every_bar", RULE, "--json", "--workers", "3"))
        self.assertEqual(job["result"]["digest"], answer["result"]["digest"])
        refused = run("check", "--data", self.data, "--symbol", "ABC", "rsj(14) < 30")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("^", refused.stderr)
        self.assertIn("rsi", refused.stderr)
        self.assertEqual(run("check", "--data", self.data, "--symbol", "ABX", RULE).returncode, 1)

    def test_a_refused_import_names_the_place(self):
        bad = pathlib.Path(self.folder.name) / "bad.csv"
        bad.write_text("time,open,high,low,close,volume\n2024-01-02T14:30:00Z,10,8,9,10,5\n")
        done = run("import", "--data", self.data + "2", "--symbol", "BAD", bad)
        self.assertEqual(done.returncode, 1)
        self.assertIn("bad.csv:2:", done.stderr)

    def test_against_a_server(self):
        with harness.Server() as server:
            url = ("--url", f"http://127.0.0.1:{server.port}")
            env = {"BRACKETD_KEY": server.key}
            report = json.loads(self.ok("import", *url, "--symbol", "ABC", self.file, "--json", env=env))
            self.assertEqual(report["inserted"], len(self.bars))
            answer = json.loads(self.ok("check", *url, "--symbol", "ABC", "--trigger", "every_bar", RULE, "--json", env=env))
            self.assertEqual(answer["result"]["fires"], self.want)
            job = json.loads(self.ok("backtest", *url, "--symbol", "ABC", "--trigger", "every_bar", RULE, "--json", env=env))
            self.assertEqual(job["result"]["digest"], answer["result"]["digest"])
            refused = run("check", *url, "--symbol", "ABC", "rsj(14) < 30", env=env)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("rsi", refused.stderr)
            self.assertEqual(run("check", *url, "--symbol", "ABC", RULE, env={"BRACKETD_KEY": "wrong"}).returncode, 1)

            # A folder that a server holds is reached through that server.
            local = json.loads(self.ok("check", "--data", server.data, "--symbol", "ABC", "--trigger", "every_bar", RULE, "--json"))
            self.assertEqual(local["result"]["fires"], self.want)
            key = self.ok("keys", "create", "--data", server.data, "--name", "later", "--scopes", "read", "--plain").strip()
            self.assertEqual(server.client(key).get("/v1/symbols").status, 200)
            self.assertIn("later", self.ok("keys", "list", "--data", server.data))
            self.ok("keys", "revoke", "--data", server.data, "--name", "later")
            self.assertEqual(server.client(key).get("/v1/symbols").status, 401)

    def test_keys_on_a_folder(self):
        data = self.data + "3"
        key = self.ok("keys", "create", "--data", data, "--name", "one", "--scopes", "read,backtest", "--plain")
        self.assertEqual(len(key.splitlines()), 1)
        self.assertEqual(run("keys", "create", "--data", data, "--name", "one", "--scopes", "read").returncode, 1)
        self.assertEqual(run("keys", "create", "--data", data, "--name", "two", "--scopes", "everything").returncode, 2)
        listed = json.loads(self.ok("keys", "list", "--data", data, "--json"))
        self.assertEqual([(k["name"], k["scopes"]) for k in listed["items"]], [("one", ["read", "backtest"])])
        self.assertNotIn(key.strip(), json.dumps(listed))
        self.ok("keys", "revoke", "--data", data, "--name", "one")
        self.assertEqual(run("keys", "revoke", "--data", data, "--name", "one").returncode, 1)

    def test_demo_bars_and_the_first_key(self):
        data = self.data + "4"
        with harness.Server(data=data, arguments=["--demo"]) as server:
            symbols = server.client().get("/v1/symbols").json()["items"]
            self.assertEqual(len(symbols), 2)
            self.assertTrue(all(s["bars"] > 150000 for s in symbols))
            check = server.client().post("/v1/check", json={"rule": RULE, "symbol": symbols[0]["symbol"]}).json()
            self.assertGreater(check["result"]["fires"], 10)

    def test_bad_configuration_stops_the_start(self):
        file = pathlib.Path(self.folder.name) / "bracketd.ini"
        file.write_text("workers = 2\nwrokers = 3\n")
        done = run("serve", "--config", file, timeout=20)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("bracketd.ini:2", done.stderr)
        self.assertIn("workers", done.stderr)
        self.assertEqual(run("serve", "--workers", "many", timeout=20).returncode, 2)
