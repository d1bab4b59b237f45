"""A server process on a data folder, with or without the shim in front of its libc."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time

BINARY = None  # run.py sets these
SHIM = None
START_SECONDS = 30
ON_THE_WAY = ("bracketd", "db-writer", "gateway", "paper")  # the threads through which a recovery goes, beside the brackets' own
_LISTENING = re.compile(rb'^\{.*"event":"listening".*\}$', re.MULTILINE)


class Died(Exception):
    """The server ended before it was asked to."""


def bracketd(*arguments, env=None, timeout=60):
    """Runs a sub-command and returns the finished process, its output as text."""
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})}, check=False)


class Process:
    """`start`, then `kill` or `stop`, then `start` again: the folder stays, the port changes.

    `page`: a page.Page, then the server runs under the shim. `limits` is called in the child before it becomes
    the server."""

    def __init__(self, data, log, arguments=(), page=None, limits=None):
        self.data = pathlib.Path(data)
        self.log = pathlib.Path(log)
        self.arguments = list(arguments)
        self.page = page
        self.limits = limits
        self.child = None
        self.port = None
        self.started_at = None  # time.monotonic() when the process was made
        self.listening_at = None
        self.starts = 0

    def launch(self):
        """Makes the process and returns at once."""
        env = dict(os.environ)
        if self.page is not None:
            env.update(self.page.environment(SHIM, self.data))
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen([BINARY, "serve", "--data", str(self.data), "--listen", "127.0.0.1:0", *self.arguments],
                                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, env=env,
                                          preexec_fn=self.limits)
        self.started_at = time.monotonic()
        self.port = None
        self.starts += 1
        return self

    def start(self):
        """The same, and waits until it listens; Died when it ends first."""
        self.launch()
        deadline = self.started_at + START_SECONDS
        while time.monotonic() < deadline:
            found = _LISTENING.search(self.log.read_bytes())
            if found:
                self.port = json.loads(found.group())["port"]
                self.listening_at = time.monotonic()
                return self
            if self.child.poll() is not None:
                raise Died(f"the server ended with {self.child.returncode} at its start:\n{self.log_tail()}")
            time.sleep(0.002)
        self.kill()
        raise Died(f"the server does not listen after {START_SECONDS} s:\n{self.log_tail()}")

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def starved(self):
        """Seconds in which it was ready to recover and no processor was free: of the threads on the way all, of the
        brackets', which run side by side, the one that waited longest. 0 where the kernel does not tell."""
        waited = {True: [0], False: [0]}
        for task in pathlib.Path(f"/proc/{self.child.pid}/task").glob("*"):
            with contextlib.suppress(OSError, IndexError):  # a thread that has just ended
                name = (task / "comm").read_text().strip()
                if name in ON_THE_WAY or name.startswith("trk-"):
                    waited[name in ON_THE_WAY].append(int((task / "schedstat").read_text().split()[1]))
        return (sum(waited[True]) + max(waited[False])) / 1e9

    def wait(self, seconds=30):
        """Until it ends by itself, or by a rule of the page; the exit status (-9 for a kill), None when it lives on."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.child.wait(seconds)
        return None

    def kill(self):
        if self.child is not None:
            self.child.kill()
            self.child.wait(30)

    def stop(self, seconds=30):
        """SIGTERM; the exit status, None when it had to be killed."""
        if not self.alive():
            return self.child.returncode if self.child else None
        self.child.send_signal(signal.SIGTERM)
        status = self.wait(seconds)
        if status is None:
            self.kill()
        return status

    def log_tail(self, lines=40):
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""
