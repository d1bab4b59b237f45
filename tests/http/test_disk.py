"""A disk that gets full: what is new is refused before it is accepted, what was accepted goes on in the room of the
ballast. And who may work on a data folder."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

import harness

MB = 1 << 20
TRIALS = ["--market-hours", "24x7", "--paper-latency-ms", "0", "--poll-interval-ms", "100"]
HUGE_MB = 1 << 20


def bracket(symbol="SPY", limit="100", **more):
    return {"symbol": symbol, "side": "buy", "quantity": 2, "entry": {"type": "limit", "limit_price": limit},
            "take_profit": {"limit_price": "150"}, "stop_loss": {"stop_price": "50"}, **more}


class SmallDisk:
    """A file system of its own, of some megabytes. Needs the right to mount."""

    def __init__(self, size_mb):
        self.path = tempfile.mkdtemp(prefix="bracketd-disk-")
        self.size_mb = size_mb

    def __enter__(self):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.size_mb}m", "bracketd-test", self.path],
                              capture_output=True, check=False)
        if done.returncode:
            os.rmdir(self.path)
            raise unittest.SkipTest("a tmpfs cannot be mounted here")
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", self.path], check=True)
        os.rmdir(self.path)

    def fill(self):
        """Takes every byte that is free now, and not those that the ballast leaves meanwhile."""
        info = os.statvfs(self.path)
        left = info.f_bavail * info.f_frsize
        with open(os.path.join(self.path, "filler"), "ab", buffering=0) as f:
            while left > 0:
                try:
                    left -= f.write(b"x" * min(left, MB))
                except OSError:
                    return  # the server has taken the rest

    def empty(self):
        os.unlink(os.path.join(self.path, "filler"))


class Trader:
    def __init__(self, server):
        self.client = server.client()

    def quote(self, symbol, bid, ask):
        answer = self.client.post("/v1/quotes", json={"symbol": symbol, "bid": bid, "ask": ask})
        assert answer.status == 200, answer

    def place(self, key=None, **more):
        headers = {"Idempotency-Key": key} if key else {}
        return self.client.post("/v1/orders", json=bracket(**more), headers=headers)

    def status(self, order):
        return self.client.get(f"/v1/orders/{order}").json()["status"]

    def wait_for(self, order, status):
        harness.wait_until(lambda: self.status(order) == status)


def ready(client):
    answer = client.get("/readyz")
    return answer.status, answer.json()["checks"]["disk"]


def metric(client, name):
    for line in client.get("/metrics").text().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(f"no metric {name}")


class FullDisk(unittest.TestCase):
    def test_what_was_accepted_goes_on_when_nothing_new_is_taken(self):
        with SmallDisk(64) as disk:
            data = os.path.join(disk.path, "data")
            with harness.Server(data=data, arguments=[*TRIALS, "--ballast-mb", "16", "--disk-reserve-mb", "8",
                                                      "--shard-cache-mb", "0"]) as server:
                self.trade_on_a_full_disk(disk, server, Trader(server))

    def test_an_order_whose_commits_are_refused_says_so(self):
        """No ballast and no reserve: the disk is full for the orders as well."""
        with SmallDisk(64) as disk:
            data = os.path.join(disk.path, "data")
            with harness.Server(data=data, arguments=[*TRIALS, "--ballast-mb", "0", "--disk-reserve-mb", "0",
                                                      "--shard-cache-mb", "0"]) as server:
                trader = Trader(server)
                harness.wait_until(lambda: ready(trader.client) == (200, "ok"))
                trader.quote("SPY", 100, 101)
                order = trader.place().json()["id"]
                trader.wait_for(order, "working")
                disk.fill()
                for _ in range(20000):  # there may be room left in files that have been made already
                    if trader.client.delete(f"/v1/orders/{order}").status == 507:
                        break
                    placed = trader.place()
                    order = placed.json()["id"] if placed.status == 201 else order
                now = harness.wait_until(lambda: self.refused(trader, order))
                self.assertIn("commit_refused", now["alarms"])
                self.assertEqual(now["tracker"]["commit_refused"]["code"], "disk_full")
                self.assertGreaterEqual(now["tracker"]["commit_refused"]["count"], 1)
                self.assertEqual(metric(trader.client, "bracketd_orders_unstored"), 1)
                self.assertEqual(trader.client.get("/v1/account").json()["alarms"]["unstored"], 1)
                self.assertGreaterEqual(metric(trader.client, "bracketd_order_commits_refused_total"), 1)
                disk.empty()
                harness.wait_until(lambda: not self.refused(trader, order))
                self.assertEqual(metric(trader.client, "bracketd_orders_unstored"), 0)
                events = [json.loads(line)["event"] for line in server.log_lines if order in line]
                self.assertEqual(events.count("order_commit_refused"), events.count("order_commit_stored"))
                self.assertGreaterEqual(events.count("order_commit_refused"), 1)

    @staticmethod
    def refused(trader, order):
        now = trader.client.get(f"/v1/orders/{order}").json()
        return now if now["tracker"]["commit_refused"] else None

    def trade_on_a_full_disk(self, disk, server, trader):
        client = trader.client
        ballast = os.path.join(server.data, "bracketd.ballast")
        self.assertEqual(os.stat(ballast).st_size, 16 * MB)
        self.assertEqual(metric(client, "bracketd_ballast_bytes"), 16 * MB)
        harness.wait_until(lambda: ready(client) == (200, "ok"))
        trader.quote("SPY", 100, 101)
        trader.quote("QQQ", 99, 99.5)
        waiting = trader.place(key="first").json()["id"]
        held = trader.place(symbol="QQQ").json()["id"]
        trader.wait_for(waiting, "working")
        trader.wait_for(held, "protecting")

        disk.fill()
        harness.wait_until(lambda: ready(client)[0] == 503)
        harness.wait_until(lambda: not os.path.exists(ballast))
        self.assertEqual(ready(client), (503, "below the reserve, the ballast given up"))
        self.assertEqual(metric(client, "bracketd_disk_below_reserve"), 1)
        self.assertEqual(metric(client, "bracketd_ballast_given_up_total"), 1)
        refused = trader.place(key="second")
        self.assertEqual((refused.status, refused.json()["code"]), (507, "disk_full"))
        again = trader.place(key="first")
        self.assertEqual((again.status, again.headers["Idempotency-Replayed"]), (201, "true"))
        self.assertEqual(trader.status(waiting), "working")
        self.assertIn(client.delete(f"/v1/orders/{waiting}").status, (200, 202))
        trader.wait_for(waiting, "canceled")
        trader.quote("QQQ", 151, 152)
        trader.wait_for(held, "closed")
        self.assertEqual(client.get(f"/v1/orders/{held}").json()["close_reason"], "take_profit")

        disk.empty()
        harness.wait_until(lambda: ready(client) == (200, "ok"))
        harness.wait_until(lambda: os.path.exists(ballast))
        self.assertEqual(os.stat(ballast).st_size, 16 * MB)
        self.assertEqual(trader.place(key="second").status, 201)

    def test_a_start_on_a_full_disk_has_the_ballasts_room(self):
        with SmallDisk(48) as disk:
            server = harness.Server(data=os.path.join(disk.path, "data"),
                                    arguments=[*TRIALS, "--ballast-mb", "16", "--disk-reserve-mb", "4",
                                               "--shard-cache-mb", "0"])
            with server:
                trader = Trader(server)
                trader.quote("SPY", 100, 101)
                harness.wait_until(lambda: ready(trader.client)[0] == 200)
                order = trader.place().json()["id"]
                trader.wait_for(order, "working")
                server.kill()
                disk.fill()
                server.start()
                trader = Trader(server)
                trader.wait_for(order, "working")
                self.assertEqual(trader.place().status, 507)
                self.assertIn(trader.client.delete(f"/v1/orders/{order}").status, (200, 202))
                trader.wait_for(order, "canceled")


class Reserve(unittest.TestCase):
    def test_below_the_reserve_orders_are_refused_and_reads_go_on(self):
        if shutil.disk_usage(tempfile.gettempdir()).free >= HUGE_MB * MB:
            self.skipTest("more than a terabyte is free: no reserve can be above that")
        with harness.Server(arguments=TRIALS) as server:
            trader = Trader(server)
            trader.quote("SPY", 100, 101)
            harness.wait_until(lambda: ready(trader.client)[0] == 200)
            order = trader.place().json()["id"]
            trader.wait_for(order, "working")
            server.stop()
            server.arguments += ["--disk-reserve-mb", str(HUGE_MB)]
            server.start()
            trader = Trader(server)
            self.assertEqual(ready(trader.client), (503, "below the reserve"))
            harness.wait_until(lambda: trader.place().status == 507)
            # What cannot be right anyway is told first.
            self.assertEqual(trader.client.post("/v1/orders", json=bracket(symbol="")).status, 400)
            job = {"rule": "close > 1", "symbols": ["SPY"], "timeframe": "1m", "from": "2024-01-02", "to": "2024-01-03"}
            self.assertIn(trader.client.post("/v1/backtests", json=job).status, (404, 507))
            self.assertEqual(trader.status(order), "working")
            self.assertIn(trader.client.delete(f"/v1/orders/{order}").status, (200, 202))
            trader.wait_for(order, "canceled")


class Folder(unittest.TestCase):
    def test_a_killed_server_leaves_no_lock(self):
        with harness.Server(arguments=TRIALS) as server:
            killed = server.process.pid
            with open(os.path.join(server.data, "bracketd.lock"), encoding="ascii") as f:
                self.assertEqual(int(f.read()), killed)
            server.kill()
            server.start()
            done = harness.run("serve", "--data", server.data, "--listen", "127.0.0.1:0", timeout=30)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn(f"held by pid {server.process.pid}", done.stderr)
            self.assertNotIn(str(killed), done.stderr.replace(str(server.process.pid), ""))

    def test_a_copy_of_a_folder_is_another_desk(self):
        with harness.Server(arguments=TRIALS) as server, tempfile.TemporaryDirectory() as other:
            trader = Trader(server)
            trader.quote("SPY", 100, 101)
            harness.wait_until(lambda: ready(trader.client)[0] == 200)
            order = trader.place().json()["id"]
            trader.wait_for(order, "working")
            trader.client.delete(f"/v1/orders/{order}")
            trader.wait_for(order, "canceled")
            server.stop()
            copy = os.path.join(other, "copy")
            shutil.copytree(server.data, copy)
            server.start()
            twin = harness.Server(data=copy, arguments=TRIALS)
            twin.key = server.key
            with twin:
                ids = []
                for one in (server, twin):
                    trader = Trader(one)
                    trader.quote("SPY", 100, 101)
                    harness.wait_until(lambda: trader.place(key="after").status == 201)  # noqa: B023
                    made = trader.place(key="after").json()["id"]
                    trader.wait_for(made, "working")
                    legs = trader.client.get(f"/v1/orders/{made}").json()["legs"]
                    ids.append(next(leg["client_order_id"] for leg in legs if leg["leg"] == "entry"))
                # The same broker could tell their orders apart.
                self.assertNotEqual(ids[0].split("-")[0], ids[1].split("-")[0])
                self.assertTrue(any("database_is_a_copy" in line for line in twin.log_lines))
                self.assertFalse(any("database_is_a_copy" in line for line in server.log_lines))
