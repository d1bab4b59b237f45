"""The command line in detail: files and pipes, refusals, usage, signals, who holds the folder."""

import gzip
import json
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

import harness
import market
from harness import run

RULE = "rsi(14) < 30 and close > sma(200)"
HEADER = "time,open,high,low,close,volume\n"


def refused_rows(count):
    """A file of which every row contradicts itself: the high is below the low."""
    rows = [f"2024-01-02T14:{30 + i}:00Z,10,8,9,10,5" for i in range(count)]
    return HEADER + "\n".join(rows) + "\n"


class CliDetails(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="bracketd-cli-")
        cls.data = cls.folder.name + "/data"
        bars = market.make_bars(days=6, seed=5)
        cls.bars, half = bars, len(bars) // 2
        cls.first = cls.file("first.csv", market.csv_text(bars[:half]))
        cls.second = cls.file("second.csv", market.csv_text(bars[half:]))
        done = run("import", "--data", cls.data, "--symbol", "ABC", cls.first, cls.second)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def file(cls, name, text):
        path = pathlib.Path(cls.folder.name) / name
        path.write_text(text)
        return path

    def fresh(self):
        return tempfile.mkdtemp(dir=self.folder.name)

    def ok(self, *arguments, **more):
        done = run(*arguments, **more)
        self.assertEqual(done.returncode, 0, (arguments, done.stdout, done.stderr))
        return done.stdout

    def test_several_files_and_standard_input(self):
        data = self.fresh()
        lines = self.ok("import", "--data", data, "--symbol", "ABC", "--json", self.first, self.second).splitlines()
        self.assertEqual(sum(json.loads(line)["inserted"] for line in lines), len(self.bars))
        again = json.loads(self.ok("import", "--data", data, "--symbol", "ABC", "--json", "-", data=self.first.read_text()))
        self.assertEqual((again["inserted"], again["duplicates"]), (0, again["rows"]))
        packed = self.file("packed.csv", "")
        packed.write_bytes(gzip.compress(self.second.read_bytes()))
        with packed.open("rb") as file:
            done = subprocess.run([harness.BINARY, "import", "--data", data, "--symbol", "GZ", "--json", "-"], stdin=file,
                                  capture_output=True, check=True)
        self.assertEqual(json.loads(done.stdout)["rows"], again_rows(self.second))
        text = self.ok("import", "--data", data, "--symbol", "DRY", "--dry-run", self.first)
        self.assertIn("a dry run", text)
        self.assertEqual(run("check", "--data", data, "--symbol", "DRY", RULE).returncode, 1)

    def test_refused_rows_are_listed_and_end_the_import(self):
        data, bad = self.fresh(), self.file("bad.csv", refused_rows(25))
        with harness.Server() as server:
            places = []
            for where in (("--data", data), ("--data", server.data)):
                done = run("import", *where, "--symbol", "ABC", self.first, bad, self.second)
                self.assertEqual(done.returncode, 1)
                self.assertIn("first.csv", done.stdout)
                self.assertNotIn("second.csv", done.stdout)
                self.assertIn("nothing of", done.stderr)
                places.append(re.findall(r"bad\.csv:(\d+):(\d+): (.+)", done.stderr))
                self.assertEqual([int(line) for line, _, _ in places[-1]], list(range(2, 22)))
            self.assertEqual(places[0], places[1])
            dropped = json.loads(self.ok("import", "--data", server.data, "--symbol", "OK", "--bad-rows", "drop", "--json",
                                         self.file("half.csv", refused_rows(2) + "2024-01-02T15:30:00Z,10,11,9,10,5\n")))
            self.assertEqual((dropped["bad_rows"], dropped["inserted"]), (2, 1))

    def test_wall_clock_stamps_need_a_zone(self):
        data = self.fresh()
        file = self.file("wall.csv", HEADER + "2024-01-02 09:30:00,10,11,9,10,5\n")
        done = run("import", "--data", data, "--symbol", "W", file)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"wall\.csv:2:1: .*zone")
        report = json.loads(self.ok("import", "--data", data, "--symbol", "W", "--timezone", "America/New_York", "--json", file))
        self.assertEqual(report["first"], "2024-01-02T14:30:00Z")

    def test_usage(self):
        near = run("check", "--symbl", "ABC", RULE)
        self.assertEqual(near.returncode, 2)
        self.assertIn("--symbol", near.stderr)
        for arguments in (
                ("check", "--symbol", "ABC"),
                ("check", RULE),
                ("check", "--symbol", "ABC,DEF", RULE),
                ("check", "--symbol", "ABC", "rsi(14)", "<", "30"),
                ("check", "--symbol", "ABC", "--timeframe", "7x", RULE),
                ("check", "--symbol", "ABC", "--trigger", "sometimes", RULE),
                ("check", "--symbol", "ABC", "--horizons", "5x", RULE),
                ("check", "--symbol", "ABC", "--from", "2024-02-01", "--to", "2024-01-01", RULE),
                ("check", "--symbol", "ABC", "--url", "127.0.0.1:8080", RULE),
                ("check", "--symbol", "ABC", "--url", "http://127.0.0.1:1", "--data", "x", RULE),
                ("check", "--symbol", "ABC", "--key", "k", RULE),
                ("backtest", "--symbol", "ABC", "--workers", "0", RULE),
                ("import", "--symbol", "ABC"),
                ("import", self.first),
                ("import", "--symbol", "a b", self.first),
                ("import", "--symbol", "ABC", "--timezone", "Mars/Base", self.first),
                ("keys",), ("keys", "make"), ("keys", "create", "--name", "x"),
                ("keys", "revoke"), ("keys", "revoke", "--id", "7"), ("keys", "revoke", "--id", "7", "--name", "x")):
            done = run(*arguments, timeout=20)
            self.assertEqual(done.returncode, 2, (arguments, done.stdout, done.stderr))
            self.assertIn("--help", done.stderr, arguments)

    def test_what_is_not_there(self):
        self.assertIn("no data folder", run("check", "--data", self.folder.name + "/none", "--symbol", "ABC", RULE).stderr)
        self.assertFalse(pathlib.Path(self.folder.name + "/none").exists())
        near = run("check", "--data", self.data, "--symbol", "ABX", RULE)
        self.assertEqual((near.returncode, near.stdout), (1, ""))
        self.assertIn("'ABC'", near.stderr)
        gone = run("check", "--url", "http://127.0.0.1:1", "--symbol", "ABC", RULE)
        self.assertEqual(gone.returncode, 1)
        self.assertIn("http://127.0.0.1:1", gone.stderr)
        self.assertEqual(run("import", "--data", self.data, "--symbol", "ABC", "/no/such/file").returncode, 1)

    def test_people_see_tables_without_colour_in_a_pipe(self):
        text = self.ok("check", "--symbol", "ABC", "--trigger", "every_bar", "--horizons", "5m,close", "close > 0",
                       env={"BRACKETD_DATA": self.data})
        self.assertNotIn("\033", text)
        for part in ("By time of day (America/New_York)", "By weekday", "Latest", "95% interval", "digest"):
            self.assertIn(part, text)
        self.assertRegex(text, rf"(?m)^{len(self.bars):,} fires on 6 of 6 days")

    def test_a_reader_that_goes_away(self):
        process = subprocess.Popen([harness.BINARY, "check", "--data", self.data, "--symbol", "ABC", RULE],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(60), 1)

    def test_the_same_answer_from_a_folder_and_from_a_server(self):
        options = ("--symbol", "ABC", "--trigger", "every_bar", "--window", "10:00-15:00", "--days", "mon,tue,wed",
                   "--cooldown", "20m", "--horizons", "5m,30m,close", "--json", "rsi(5) < 40")
        with harness.Server() as server:
            self.ok("import", "--data", server.data, "--symbol", "ABC", self.first, self.second)
            for command, members in (("check", ("request", "result", "latest")), ("backtest", ("status", "request", "result"))):
                here = json.loads(self.ok(command, "--data", self.data, *options))
                there = json.loads(self.ok(command, "--data", server.data, *options))
                for member in members:
                    self.assertEqual(here[member], there[member], (command, member))
                self.assertGreater(here["result"]["fires"], 0)
        # The server is gone, its folder is free again.
        self.assertEqual(here["result"], json.loads(self.ok("backtest", "--data", self.data, "--shard", "day", "--workers", "5",
                                                            *options))["result"])

    def test_a_strategy_on_a_folder_and_on_a_server(self):
        file = pathlib.Path(self.data).parent / "strategy.json"
        file.write_text('{"side": "short", "stop_loss": {"percent": 0.1}, "commission": {"per_share": 0.01}}')
        options = ("--symbol", "ABC", "--strategy", file, "--take-profit", "0.15%", "--size", "25%", "close > sma(5)")
        with harness.Server() as server:
            self.ok("import", "--data", server.data, "--symbol", "ABC", self.first, self.second)
            here = json.loads(self.ok("backtest", "--data", self.data, "--json", *options))
            there = json.loads(self.ok("backtest", "--data", server.data, "--json", *options))
        self.assertEqual((here["request"], here["result"]), (there["request"], there["result"]))
        self.assertEqual(here["request"]["strategy"], {
            "side": "short", "take_profit": {"percent": "0.15"}, "stop_loss": {"percent": "0.1"},
            "commission": {"per_share": "0.01"}, "sizing": {"type": "percent_equity", "value": "25"}})
        trades = here["result"]["trades"]
        self.assertGreater(trades["count"], 10)
        text = self.ok("backtest", "--data", self.data, *options)
        self.assertRegex(text, rf"(?m)^{trades['count']:,} trades, {trades['wins']:,} won, profit ")
        self.assertRegex(text, r"(?m)^  total return +[+-]\d+\.\d{3}%")
        for refused in (("--take-profit", "half"), ("--strategy", "{}", "--stop-loss", "100%"), ("--exit-rule", "rsj(14) > 1")):
            done = harness.run("backtest", "--data", self.data, "--symbol", "ABC", *refused, "close > 1")
            self.assertNotEqual(done.returncode, 0, refused)
            self.assertIn("rsi" if "rsj" in refused[-1] else refused[-2], done.stderr)

    def test_another_command_holds_the_folder_for_a_while(self):
        data = self.fresh()
        holder = subprocess.Popen([harness.BINARY, "import", "--data", data, "--symbol", "ABC", "-"], stdin=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL, text=True)
        harness.wait_until(lambda: pathlib.Path(data, "bracketd.lock").exists())
        waiting = subprocess.Popen([harness.BINARY, "keys", "create", "--data", data, "--name", "x", "--scopes", "read", "--plain"],
                                   stdout=subprocess.PIPE, text=True)
        holder.communicate(self.first.read_text())
        self.assertEqual(holder.returncode, 0)
        self.assertTrue(waiting.communicate(timeout=60)[0].startswith("bk_"))
        self.assertEqual(waiting.returncode, 0)

    def test_the_access_file_of_a_killed_server_misleads_nobody(self):
        data = self.fresh()
        with harness.Server(data=data) as server:
            self.ok("import", "--data", data, "--symbol", "ABC", self.first)
            server.kill()
            self.assertTrue(pathlib.Path(data, "server.json").exists())
            self.ok("check", "--data", data, "--symbol", "ABC", RULE)
            server.start()
            self.ok("check", "--data", data, "--symbol", "ABC", RULE)

    def test_an_interrupted_backtest_is_canceled_on_the_server(self):
        slow = " or ".join(f"(rsi({i}) < 5 and close > sma({7 * i}))" for i in range(2, 90))
        with harness.Server(workers=1, arguments=["--demo"]) as server:
            client = server.client()
            symbols = [s["symbol"] for s in client.get("/v1/symbols").json()["items"]]
            before = [client.post("/v1/backtests", json={"rule": slow, "symbols": symbols, "shard": "day"}).json()["id"]
                      for _ in range(40)]
            process = subprocess.Popen([harness.BINARY, "backtest", "--data", server.data, "--symbol", symbols[0], "--name", "mine", slow],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

            def mine():
                return [j for j in client.get("/v1/backtests").json()["items"] if j.get("name") == "mine"]
            harness.wait_until(mine)
            started = time.monotonic()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
            self.assertLess(time.monotonic() - started, 5)
            self.assertEqual((process.returncode, out), (130, ""))
            self.assertIn("canceled", err)
            harness.wait_until(lambda: mine()[0]["status"] == "canceled")
            for job in before:
                client.delete(f"/v1/backtests/{job}")

    def test_keys_through_a_server(self):
        with harness.Server() as server:
            where = ("--url", f"http://127.0.0.1:{server.port}", "--key", server.key)
            made = json.loads(self.ok("keys", "create", *where, "--name", "nb", "--scopes", "backtest,read", "--json"))
            self.assertEqual(made["scopes"], ["read", "backtest"])
            text = self.ok("keys", "create", *where, "--name", "shown", "--scopes", "read")
            self.assertEqual(len(re.findall(r"bk_[\w-]{43}", text)), 1)
            self.assertEqual(run("keys", "create", *where, "--name", "nb", "--scopes", "read").returncode, 1)
            self.ok("keys", "revoke", *where, "--id", made["id"])
            self.assertEqual(run("keys", "revoke", *where, "--name", "nb").returncode, 1)
            page = json.loads(self.ok("keys", "list", *where, "--json"))
            self.assertEqual({k["name"]: k["revoked_at"] is None for k in page["items"]},
                             {"shown": True, "nb": False, "test": True})
            for i in range(3):
                self.ok("keys", "create", "--data", server.data, "--name", f"k{i}", "--scopes", "read")
            self.assertIn("k2", self.ok("keys", "list", "--data", server.data))


def again_rows(path):
    return len(path.read_text().splitlines()) - 1
