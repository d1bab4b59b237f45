"""The shim does what its page says: shown on small programs, so that the server's tests can be believed."""

import errno
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import page as faults
import process


class Shim(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bracketd-crash-shim-")).resolve()
        self.addCleanup(shutil.rmtree, self.folder)
        self.page = faults.Page(self.folder / "page")
        self.data = self.folder / "data"
        self.data.mkdir()
        (self.data / "f").write_bytes(b"old text")

    def run_program(self, text):
        """Python in a process of its own, in the data folder; its exit status and what it printed."""
        done = subprocess.run([sys.executable, "-S", "-c", "import os, errno\n" + text], cwd=self.data, capture_output=True, text=True,
                              timeout=30, check=False, env={**os.environ, **self.page.environment(process.SHIM, self.data)})
        self.assertIn(done.returncode, (0, -9), done.stderr)
        return done.returncode, done.stdout

    def content(self):
        return (self.data / "f").read_bytes()

    WRITE = "f = os.open('f', os.O_RDWR)\nos.pwrite(f, b'NEW', 0)\nos.pwrite(f, b'TEXT', 4)\n"

    def test_calls_on_data_files_are_counted_and_others_are_not(self):
        self.run_program(self.WRITE + "os.fsync(f)\nos.ftruncate(f, 4)\nos.rename(os.path.abspath('f'), os.path.abspath('g'))\nprint('out')")
        calls = self.page.calls()
        self.assertEqual((calls["write"], calls["sync"], calls["truncate"], calls["name"], calls["any"]), (2, 1, 1, 1, 5))

    def test_a_kill_before_half_of_and_after_the_second_write(self):
        for how, left in ((faults.KILL_BEFORE, b"NEW text"), (faults.KILL_HALF, b"NEW TExt"), (faults.KILL_AFTER, b"NEW TEXT")):
            with self.subTest(how=how):
                (self.data / "f").write_bytes(b"old text")
                self.page.reset()
                self.page.kill(how, faults.WRITE, 2)
                self.assertEqual(self.run_program(self.WRITE + "print('not reached')"), (-9, ""))
                self.assertEqual((self.content(), self.page.killed_at), (left, 2))

    def test_errors_from_the_nth_call_on_until_it_heals(self):
        for number in (errno.EIO, errno.ENOSPC):
            self.page.reset()
            self.page.rule(1, faults.ERROR, faults.WRITE, 2, 2, number)
            text = f"""
f = os.open('f', os.O_RDWR)
os.write(f, b'a')
try:
    os.write(f, b'b')
except OSError as e:
    assert e.errno == {number}, e
os.write(f, b'c')"""
            self.assertEqual(self.run_program(text)[0], 0)
            self.assertEqual((self.content()[:2], self.page.errors), (b"ac", 1))

    def test_a_power_cut_takes_what_was_not_synced_and_nothing_else(self):
        self.page.power = faults.POWER_LOSES_ALL
        self.page.kill(faults.KILL_BEFORE, faults.NAME, 1)
        self.run_program("""
f = os.open('f', os.O_RDWR)
os.pwrite(f, b'SYNCED', 0)
os.fdatasync(f)
os.pwrite(f, b'lost', 2)
os.pwrite(f, b'and longer than before', 4)
g = os.open('g', os.O_WRONLY | os.O_CREAT)
os.write(g, b'lost too')
os.rename(os.path.abspath('f'), os.path.abspath('h'))""")
        self.assertEqual((self.content(), (self.data / "g").read_bytes()), (b"SYNCEDxt", b""))

    def test_a_power_cut_gives_back_what_was_truncated(self):
        self.page.power = faults.POWER_LOSES_ALL
        self.page.kill(faults.KILL_AFTER, faults.TRUNCATE, 1)
        self.run_program("f = os.open('f', os.O_RDWR)\nos.ftruncate(f, 3)")
        self.assertEqual(self.content(), b"old text")

    def test_a_power_cut_by_chance_leaves_each_write_whole_half_or_not_at_all(self):
        seen = set()
        for seed in range(24):
            (self.data / "f").write_bytes(b"old text")
            self.page.reset()
            self.page.power, self.page.power_seed = faults.POWER_LOSES_SOME, seed
            self.page.kill(faults.KILL_AFTER, faults.WRITE, 2)
            self.run_program(self.WRITE)
            seen.add(self.content())
        self.assertTrue({b"old text", b"NEW TEXT", b"NEW text", b"old TEXT", b"NEW TExt"} <= seen, seen)
        self.assertEqual({content[3:4] for content in seen}, {b" "})

    def test_the_wall_clock_is_set_and_the_steady_one_is_not(self):
        self.page.clock_offset_ns = -3600 * 10**9
        _, out = self.run_program("import time\nprint(time.time(), time.monotonic())")
        wall, steady = map(float, out.split())
        self.assertAlmostEqual(wall, time.time() - 3600, delta=20)
        self.assertAlmostEqual(steady, time.monotonic(), delta=20)

    def test_a_slow_disk_delays_a_sync(self):
        self.page.sync_delay_ms = 120
        _, out = self.run_program("import time\nf = os.open('f', os.O_RDWR)\nb = time.monotonic()\nos.fsync(f)\nprint(time.monotonic() - b)")
        self.assertGreater(float(out), 0.11)

    def test_threads_of_small_stacks_can_be_refused(self):
        self.page.rule(1, faults.ERROR, faults.THREAD, 2, faults.FOREVER, errno.EAGAIN)
        _, out = self.run_program("""
import threading
threading.Thread(target=lambda: os.write(1, b'ran ')).start()
threading.stack_size(65536)
for i in range(2):
    try:
        threading.Thread(target=lambda: os.write(1, b'ran ')).start()
    except RuntimeError:
        os.write(1, b'refused ')""")
        self.assertEqual(sorted(out.split()), ["ran", "ran", "refused"])

    def test_a_send_can_be_cut_in_half(self):
        self.page.kill(faults.KILL_HALF, faults.SEND, 1)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            status, _ = self.run_program(f"import socket\nsocket.create_connection(('127.0.0.1', {port})).sendall(b'12345678')")
            with listener.accept()[0] as peer:
                self.assertEqual((status, peer.recv(100)), (-9, b"1234"))
