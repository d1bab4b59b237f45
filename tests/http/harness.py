"""Starts the real server on an ephemeral port and talks to it. Standard library only."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

import contract

BINARY = None
ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
START_SECONDS = 60
_live = []


def show_logs(out):
    for server in _live:
        out.write("---- server log, last lines\n")
        out.write("".join(server.log_lines[-20:]))


def run(*arguments, data=None, timeout=300, env=None):
    """Runs bracketd and returns the finished process, its output as text."""
    return subprocess.run([BINARY, *map(str, arguments)], input=data, capture_output=True, text=True,
                          timeout=timeout, env={**os.environ, **(env or {})}, check=False)


class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def text(self):
        return self.body.decode()

    def __repr__(self):
        return f"<{self.status} {self.body[:500]!r}>"


class Client:
    """One keep-alive connection with a key; every answer is held against the contract."""

    def __init__(self, port, key=None):
        self.port = port
        self.key = key
        self.connection = None

    def request(self, method, path, body=None, headers=None, query=None, check=True, timeout=120, **fields):
        """`json=` sends JSON; other keywords are refused."""
        headers = dict(headers or {})
        if "json" in fields:
            body = json.dumps(fields.pop("json")).encode()
            headers.setdefault("Content-Type", "application/json")
        assert not fields, fields
        if isinstance(body, str):
            body = body.encode()
        if self.key and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.key}"
        if headers.get("Authorization") == "":
            del headers["Authorization"]
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        for attempt in (0, 1):
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
            try:
                self.connection.request(method, target, body=body, headers=headers)
                raw = self.connection.getresponse()
                response = Response(raw.status, raw.headers, raw.read())
                if raw.will_close:
                    self.close()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.close()
                if attempt:
                    raise
        if check:
            contract.check(method, urllib.parse.urlsplit(path).path, response.status,
                           response.headers.get("Content-Type"), response.body)
        return response

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, **more):
        return self.request("POST", path, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    def import_csv(self, symbol, text, **query):
        kind = "application/gzip" if isinstance(text, bytes) and text[:2] == b"\x1f\x8b" else "text/csv"
        return self.post(f"/v1/bars/{symbol}", body=text, headers={"Content-Type": kind}, query=query)


class Server:
    """A data folder with a server on it. Use as a context manager."""

    def __init__(self, workers=2, data=None, arguments=()):
        self.own_data = data is None
        self.data = data or tempfile.mkdtemp(prefix="bracketd-test-")
        self.workers = workers
        self.arguments = list(arguments)
        self.process = None
        self.port = None
        self.key = None
        self.log_lines = []

    def make_key(self, name="test", scopes="admin"):
        done = run("keys", "create", "--data", self.data, "--name", name, "--scopes", scopes, "--plain")
        assert done.returncode == 0, done.stderr
        key = done.stdout.strip()
        assert key and "\n" not in key, done.stdout
        return key

    def start(self):
        if self.key is None:
            self.key = self.make_key()
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--workers", str(self.workers),
             *self.arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.port = None
        listening = threading.Event()
        self.reader = threading.Thread(target=self._read_log, args=(self.process, listening), daemon=True)
        self.reader.start()
        assert listening.wait(START_SECONDS) and self.port, "the server did not start:\n" + "".join(self.log_lines)
        _live.append(self)
        return self

    def _read_log(self, process, listening):
        for line in process.stderr:
            self.log_lines.append(line)
            with contextlib.suppress(ValueError):
                record = json.loads(line)
                if isinstance(record, dict) and record.get("event") == "listening":
                    self.port = record["port"]
                    listening.set()
        listening.set()

    def client(self, key=None):
        return Client(self.port, key or self.key)

    def stop(self):
        """SIGTERM; the end must be clean (a sanitizer's report makes it not so)."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self._gone()
        assert code == 0, f"the server ended with {code}:\n" + "".join(self.log_lines[-60:])

    def kill(self):
        self.process.kill()
        self.process.wait(60)
        self._gone()

    def _gone(self):
        self.reader.join(10)
        self.process.stderr.close()
        self.process = None
        if self in _live:
            _live.remove(self)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.stop()
            elif self.process is not None:
                self.kill()
        finally:
            if self.own_data:
                shutil.rmtree(self.data, ignore_errors=True)


def raw(port, data, timeout=20, read_all=True):
    """Sends bytes as they are; returns what came back until the server closed or went quiet."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as s:
        s.sendall(data)
        s.settimeout(1.0 if read_all else timeout)
        answer = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while chunk := s.recv(65536):
                answer += chunk
        return answer


def wait_until(what, seconds=30, every=0.02):
    """Polls until what() is true and returns its value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = what()
        if value:
            return value
        time.sleep(every)
    raise AssertionError(f"not within {seconds} s: {what}")
