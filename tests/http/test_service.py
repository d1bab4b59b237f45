"""Health, methods, keys and scopes, and the refusals that belong to HTTP itself."""

import socket
import time
import unittest

import harness
from harness import raw


class Service(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()
        cls.open = harness.Client(cls.server.port)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def test_health_and_readiness_need_no_key(self):
        self.assertEqual(self.open.get("/healthz").json()["status"], "ok")
        self.assertEqual(self.open.get("/readyz").json()["status"], "ready")

    def test_openapi_is_served_as_it_lies_in_the_tree(self):
        answer = self.open.get("/openapi.yaml")
        self.assertEqual(answer.body, (harness.ROOT / "openapi.yaml").read_bytes())
        again = self.open.get("/openapi.yaml", headers={"If-None-Match": answer.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))

    def test_metrics_count_requests(self):
        self.open.get("/healthz")
        text = self.client.get("/metrics").text()
        self.assertRegex(text, r'bracketd_http_requests_total\{[^}]*getHealth[^}]*\} [1-9]')
        self.assertEqual(self.open.get("/metrics").status, 401)

    def test_a_key_is_needed_and_a_wrong_one_is_refused(self):
        answer = self.open.get("/v1/symbols")
        self.assertEqual(answer.status, 401)
        self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))
        for value in ("Bearer wrong", "Bearer ", "Basic abc", "Bearer " + "x" * 500, self.server.key):
            self.assertEqual(self.open.get("/v1/symbols", headers={"Authorization": value}).status, 401, value)

    def test_scopes_are_held(self):
        reader = self.server.client(self.new_key("reader", ["read"]))
        self.assertEqual(reader.get("/v1/symbols").status, 200)
        refused = reader.post("/v1/backtests", json={"rule": "close > 1", "symbols": ["X"]})
        self.assertEqual(refused.status, 403)
        self.assertIn("backtest", refused.json()["detail"])
        self.assertEqual(reader.get("/v1/keys").status, 403)
        self.assertEqual(reader.import_csv("X", "time,open,high,low,close\n").status, 403)

    def new_key(self, name, scopes):
        answer = self.client.post("/v1/keys", json={"name": name, "scopes": scopes})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["key"]

    def test_a_revoked_key_stops_working_at_once(self):
        made = self.client.post("/v1/keys", json={"name": "short", "scopes": ["read"]}).json()
        short = self.server.client(made["key"])
        self.assertEqual(short.get("/v1/symbols").status, 200)
        self.assertEqual(self.client.delete(f"/v1/keys/{made['id']}").status, 204)
        self.assertEqual(short.get("/v1/symbols").status, 401)
        listed = {k["id"]: k for k in self.client.get("/v1/keys").json()["items"]}
        self.assertIsNotNone(listed[made["id"]]["revoked_at"])
        self.assertNotIn(made["key"], str(listed))

    def test_secrets_are_not_kept(self):
        key = self.new_key("secret", ["read"])
        for path in (harness.pathlib.Path(self.server.data)).rglob("*"):
            if path.is_file():
                self.assertNotIn(key.encode(), path.read_bytes(), path)

    def test_unknown_paths_and_methods(self):
        self.assertEqual(self.client.get("/v1/nothing").status, 404)
        self.assertEqual(self.client.get("/").status, 404)
        answer = self.client.request("PUT", "/v1/backtests", body=b"{}", headers={"Content-Type": "application/json"})
        self.assertEqual(answer.status, 405)
        self.assertEqual({m.strip() for m in answer.headers["Allow"].split(",")} - {"HEAD", "OPTIONS"}, {"GET", "POST"})

    def test_head_is_get_without_the_body(self):
        answer = self.client.request("HEAD", "/v1/symbols")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertGreater(int(answer.headers["Content-Length"]), 0)

    def test_request_ids_are_echoed_or_made(self):
        self.assertEqual(self.client.get("/v1/symbols", headers={"X-Request-Id": "mine-1"}).headers["X-Request-Id"], "mine-1")
        first = self.client.get("/v1/symbols").headers["X-Request-Id"]
        second = self.client.get("/v1/symbols").headers["X-Request-Id"]
        self.assertTrue(first and second and first != second)
        bad = self.client.get("/v1/symbols", headers={"X-Request-Id": "no spaces, please"}).headers["X-Request-Id"]
        self.assertNotIn(" ", bad)
        problem = self.client.get("/v1/nothing", headers={"X-Request-Id": "mine-2"}).json()
        self.assertEqual(problem["request_id"], "mine-2")

    def test_a_foreign_host_is_refused(self):
        self.assertEqual(self.open.get("/healthz", headers={"Host": "evil.example"}).status, 421)
        self.assertEqual(self.open.get("/healthz", headers={"Host": f"localhost:{self.server.port}"}).status, 200)

    def status_line(self, request):
        return raw(self.server.port, request).split(b"\r\n")[0]

    def test_ambiguous_framing_is_refused(self):
        head = b"POST /v1/rules/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        for framing in (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
                        b"Content-Length: two\r\n\r\n{}", b"Content-Length: -2\r\n\r\n{}"):
            self.assertIn(b" 400 ", self.status_line(head + framing), framing)
        self.assertIn(b" 400 ", self.status_line(b"GET /healthz HTTP/1.1\r\n\r\n"))
        self.assertIn(b" 400 ", self.status_line(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"))

    def test_bad_escapes_in_the_path_are_refused(self):
        for path in ("/v1/bars/%zz", "/v1/bars/%4", "/v1/bars/a%00b", "/v1/bars/%ff%fe"):
            answer = self.status_line(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.server.key}\r\n\r\n".encode())
            self.assertIn(b" 400 ", answer, path)

    def test_bodies_are_limited(self):
        answer = self.client.post("/v1/rules/validate", body=b"x" * (256 * 1024 + 1), headers={"Content-Type": "application/json"})
        self.assertEqual(answer.status, 413)
        answer = self.client.post("/v1/rules/validate", body=b"rule", headers={"Content-Type": "application/xml"})
        self.assertEqual(answer.status, 415)

    def test_headers_are_limited(self):
        line = self.status_line(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Large: " + b"a" * 20000 + b"\r\n\r\n")
        self.assertRegex(line, rb" (431|413|400) ")

    def test_a_slow_head_is_cut_after_its_absolute_deadline(self):
        with socket.create_connection(("127.0.0.1", self.server.port)) as s:
            begin = time.monotonic()
            s.settimeout(0.5)
            text = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 1000
            for i in range(60):
                try:
                    s.sendall(text[i:i + 1])
                    if s.recv(1) == b"":
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            self.assertLess(time.monotonic() - begin, 20)
            self.assertGreater(time.monotonic() - begin, 5)
        self.assertEqual(self.open.get("/healthz").status, 200)

    def test_many_connections_are_served(self):
        for count in (128, 256, 512):
            sockets = [socket.create_connection(("127.0.0.1", self.server.port)) for _ in range(count)]
            begin = time.monotonic()
            for _ in range(3):
                for s in sockets:
                    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                for s in sockets:
                    s.settimeout(10)
                    self.assertTrue(s.recv(4096).startswith(b"HTTP/1.1 200"))
            self.assertLess(time.monotonic() - begin, 20, count)
            for s in sockets:
                s.close()


class TwoServers(unittest.TestCase):
    def test_a_second_server_on_the_folder_exits_with_3_and_says_why(self):
        with harness.Server() as server:
            done = harness.run("serve", "--data", server.data, "--listen", "127.0.0.1:0", timeout=30)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn(str(server.process.pid), done.stderr)

    def test_a_taken_port_is_refused(self):
        with harness.Server() as server:
            with harness.tempfile.TemporaryDirectory() as other:
                done = harness.run("serve", "--data", other, "--listen", f"127.0.0.1:{server.port}", timeout=30)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(str(server.port), done.stderr)

    def test_a_public_address_without_tls_is_refused(self):
        with harness.tempfile.TemporaryDirectory() as folder:
            done = harness.run("serve", "--data", folder, "--listen", "0.0.0.0:0", timeout=30)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("127.0.0.1", done.stderr)
