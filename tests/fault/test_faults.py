"""What a machine does to a server beside killing it: full and failing and slow disks, no threads, a clock that is set, a
second server on the same folder."""

import contextlib
import datetime
import errno
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import page as faults
import process
import stored as store
from client import Lost
from folder import Folder
from scenarios import Stage

EVIDENCE = pathlib.Path("build/release/crash")
REFUSED = {403, 409, 422, 429, 503, 507}  # nothing was accepted, or it is not known


def free_bytes(folder):
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize


def fill(file, size_bytes):
    """Writes that much, or less when somebody else has taken the room."""
    left = size_bytes
    with contextlib.suppress(OSError):
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 16)))


class Faults(unittest.TestCase):
    def folder(self, *arguments, **more):
        folder = Folder(self.id().rsplit(".", 1)[1], EVIDENCE, ("--poll-interval-ms", "100", *arguments), **more)
        folder.__enter__()
        self.addCleanup(folder.__exit__, None)
        return folder

    def protected(self, folder, name, **more):
        """A bracket with an open position and its stop at the broker."""
        stage = Stage(folder.client(), name, **more)
        stage.quote(500)
        stage.place()
        stage.working("stop_loss")
        return stage

    def restarted(self, folder, stages=()):
        """Kills what is left of the server, and starts it on a healthy machine: everything is checked on the way."""
        folder.server.kill()
        folder.killed()
        folder.page.reset()
        folder.start()
        for stage in stages:
            stage.client = folder.client()

    def place_until(self, stage, seconds, what=lambda answer: False):
        """Places bracket after bracket; the statuses that came, and whether the server ended meanwhile."""
        statuses, deadline, number = set(), time.monotonic() + seconds, 0
        while time.monotonic() < deadline:
            number += 1
            try:
                answer = stage.client.place({"occ_symbol": stage.symbol, "side": "buy", "quantity": 1,
                                             "entry": {"type": "limit", "limit_price": "4.50"}, "stop_loss": {"stop_price": "4.00"},
                                             "client_order_id": f"{stage.name}-{number}"}, f"{stage.name}-{number}")
            except Lost:
                return statuses, True
            statuses.add(answer.status)
            if what(answer):
                break
        return statuses, False

    def ends_closed(self, folder, *stages):
        for stage in stages:
            stage.wait(lambda order: order["status"] == "closed", lambda: stage.quote(390))
        folder.server.kill()
        folder.killed()

    # ---- disks

    def fail_disk(self, kind, error):
        folder = self.folder()
        folder.start()
        stage = self.protected(folder, "before")
        folder.page.fail(kind, error)
        statuses, _ = self.place_until(stage, 0.5)
        self.assertLessEqual(statuses, REFUSED | {500})
        self.assertGreater(folder.page.errors, 0)
        folder.page.heal()
        self.restarted(folder, [stage])
        self.assertEqual(self.place_until(stage, 5, lambda answer: answer.status == 201)[0] & {201}, {201})
        self.ends_closed(folder, stage)

    def test_a_disk_that_takes_no_more_bytes(self):
        self.fail_disk(faults.WRITE, errno.ENOSPC)

    def test_a_disk_that_fails_writes(self):
        self.fail_disk(faults.WRITE, errno.EIO)

    def test_a_disk_that_fails_syncs(self):
        self.fail_disk(faults.SYNC, errno.EIO)

    def test_one_failed_write_or_sync_at_each_place_of_a_bracket(self):
        for kind in (faults.WRITE, faults.SYNC):
            for error in (errno.EIO, errno.ENOSPC):
                for number in (1, 2, 3, 5, 8, 13):
                    with self.subTest(kind=faults.CLASSES[kind], error=errno.errorcode[error], number=number):
                        self.one_failure(kind, error, number)

    def one_failure(self, kind, error, number):
        with Folder(f"one failure {faults.CLASSES[kind]} {errno.errorcode[error]} {number}", EVIDENCE) as folder:
            folder.start()
            stage = Stage(folder.client(), "order")
            stage.quote(500)
            folder.page.fail(kind, error, number, number)
            try:
                stage.place()
                stage.working("stop_loss")
            except (Lost, AssertionError):
                pass  # refused, or the server has ended: both are allowed
            self.restarted(folder, [stage])
            stage.quote(500)
            stage.place()
            stage.working("stop_loss")
            self.ends_closed(folder, stage)

    def test_a_disk_whose_syncs_take_200_ms(self):
        folder = self.folder()
        folder.start()
        folder.page.sync_delay_ms = 200
        stage = self.protected(folder, "slow")
        stage.quote(390)
        time.sleep(0.1)
        self.restarted(folder, [stage])
        folder.page.sync_delay_ms = 200
        self.ends_closed(folder, stage)

    def test_a_disk_that_fills_up(self):
        mount = pathlib.Path(tempfile.mkdtemp(prefix="bracketd-crash-disk-"))
        self.addCleanup(shutil.rmtree, mount, ignore_errors=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "bracketd-crash", str(mount)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"no tmpfs may be mounted here ({done.stderr.strip()}): the shim's ENOSPC alone has run")
        self.addCleanup(subprocess.run, ["umount", "-l", str(mount)], check=False)
        folder = self.folder("--disk-reserve-mb", "2", "--ballast-mb", "4")
        shutil.move(folder.data, mount / "data")
        folder.data = folder.server.data = mount / "data"
        folder.start()
        stage = self.protected(folder, "before")
        with open(mount / "filler", "wb", buffering=0) as filler:
            fill(filler, free_bytes(mount) - (3 << 20))
            statuses, ended = self.place_until(stage, 20, lambda answer: answer.status == 507)
            self.assertFalse(ended, folder.server.log_tail())
            self.assertLessEqual(statuses, {201, 507})
            self.assertIn(507, statuses)
            fill(filler, free_bytes(mount))  # and not the room of the ballast, which may be given up meanwhile
            time.sleep(1.2)  # the guard looks
            stage.wait(lambda order: order["status"] == "closed", lambda: stage.quote(390))
        os.unlink(mount / "filler")
        self.restarted(folder, [stage])
        self.assertEqual(self.place_until(stage, 5, lambda answer: answer.status == 201)[0] & {201}, {201})

    # ---- threads

    def test_no_thread_no_order(self):
        folder = self.folder()
        folder.start()
        stage = self.protected(folder, "before")
        folder.page.fail(faults.THREAD, errno.EAGAIN)
        statuses, ended = self.place_until(stage, 0.2)
        self.assertEqual((statuses, ended), ({503}, False))
        folder.page.heal()
        self.assertEqual(self.place_until(stage, 5, lambda answer: answer.status == 201)[0], {201})
        self.ends_closed(folder, stage)
        self.assertEqual(len(store.read_copy(folder.data).orders), 2)

    def test_a_restart_with_fewer_threads_than_orders(self):
        folder = self.folder()
        folder.start()
        stages = [self.protected(folder, f"order-{i}") for i in range(8)]
        self.restarted(folder)
        others = folder.page.calls()["thread"] - len(stages)  # of small stacks too, made before
        folder.server.kill()
        folder.killed()
        folder.page.reset()
        folder.page.rule(1, faults.ERROR, faults.THREAD, others + 4, faults.FOREVER, errno.EAGAIN)
        folder.start()
        for stage in stages:
            stage.client = folder.client()
        threads = [stage.order()["tracker"]["thread"] for stage in stages]
        self.assertGreaterEqual(threads.count("trk-shared"), 4, threads)
        self.assertEqual(len(set(threads)), 1 + 8 - threads.count("trk-shared"), threads)
        self.ends_closed(folder, *stages)

    # ---- the market

    def test_an_entry_fills_further_behind_the_exit_of_a_close(self):
        """After the restart there is no quote to fill the exit, which is for less than what is open."""
        folder = self.folder("--paper-latency-ms", "1000")
        folder.start()
        stage = Stage(folder.client(), "close")
        stage.quote(500, 1)
        stage.place(arm="full")
        stage.wait(lambda order: order["filled_quantity"] == "1")
        stage.client.cancel(stage.order_id, close=True)
        stage.wait(lambda order: any(leg["leg"] == "exit" and leg["status"] == "new" for leg in order["legs"]))
        stage.quote(500, 1)
        stage.wait(lambda order: order["filled_quantity"] == "2")
        folder.server.arguments[-1] = "0"
        self.restarted(folder, [stage])
        self.ends_closed(folder, stage)

    # ---- clocks

    def set_clock(self, hours, keyed):
        """A bracket from before each step ends as its quotes want it, and so does one from after it."""
        folder = self.folder()
        folder.start()
        stage = self.protected(folder, "start", keyed=keyed)
        for step in (hours, -hours, 0):
            folder.page.clock_offset_ns = step * 3600 * 10**9
            after = self.protected(folder, f"after-{step}", keyed=keyed)
            for each in (stage, after):
                each.wait(lambda order: order["status"] == "closed", lambda: each.quote(390))
            stage = self.protected(folder, f"next-{step}", keyed=keyed)
        folder.server.kill()
        folder.killed()
        folder.page.clock_offset_ns = -hours * 3600 * 10**9
        folder.start()
        stage.client = folder.client()
        self.ends_closed(folder, stage)

    def test_a_wall_clock_that_is_set_by_an_hour(self):
        self.set_clock(1, keyed=True)

    def test_a_wall_clock_that_is_set_by_days(self):
        self.set_clock(72, keyed=False)  # keys are kept for a day of that clock

    def test_flat_at_comes_with_the_clock_on_the_wall(self):
        folder = self.folder()
        folder.start()
        stage = Stage(folder.client(), "flat", keyed=False)
        stage.quote(500)
        stage.place(flat_at="12:00")
        flat = datetime.datetime.fromisoformat(stage.working("stop_loss")["flat_time"])
        folder.page.clock_offset_ns = int((flat.timestamp() - time.time() + 5) * 1e9)
        order = stage.wait(lambda order: order["status"] == "closed", lambda: stage.quote(500))
        self.assertEqual(order["close_reason"], "time_exit")
        folder.server.kill()
        folder.killed()

    # ---- processors

    def test_a_server_that_shares_its_processor_is_seen_to_starve(self):
        processor = {min(os.sched_getaffinity(0))}
        busy = subprocess.Popen(["/usr/bin/python3", "-c", "while True: pass"], preexec_fn=lambda: os.sched_setaffinity(0, processor))
        self.addCleanup(busy.wait)
        self.addCleanup(busy.kill)
        folder = self.folder(limits=lambda: os.sched_setaffinity(0, processor))
        folder.start()
        if not pathlib.Path("/proc/self/schedstat").exists():
            self.skipTest("the kernel does not tell for how long threads waited")
        self.assertGreater(folder.server.starved(), 0.001)

    # ---- owners

    def test_a_second_server_on_the_same_folder(self):
        folder = self.folder()
        folder.start()
        done = process.bracketd("serve", "--data", folder.data, "--listen", "127.0.0.1:0")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn(f"pid {folder.server.child.pid}", done.stderr)
        stage = self.protected(folder, "first")
        self.ends_closed(folder, stage)

    def test_a_server_that_was_stopped_for_a_while(self):
        folder = self.folder()
        folder.start()
        stage = self.protected(folder, "first")
        folder.server.child.send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        folder.server.child.send_signal(signal.SIGCONT)
        self.ends_closed(folder, stage)
