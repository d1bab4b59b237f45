"""A client of the order API that writes down what it asks and what it is told."""

import http.client
import json

from told import Request


class Lost(Exception):
    """No whole answer came: what was asked is in doubt, unless there was a status."""

    def __init__(self, text, status=None):
        super().__init__(text)
        self.status = status


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    @property
    def ok(self):
        return 200 <= self.status < 300

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Client:
    """One keep-alive connection. An answer counts as told once its last byte was read, and its status as soon as its
    head was: a 201 whose body was cut off is a 201."""

    def __init__(self, port, key, told, timeout=30):
        self.port, self.key, self.told, self.timeout = port, key, told, timeout
        self.connection = None

    def send(self, method, path, body=b"", headers=()):
        """The answer; Lost when none came. Nothing is sent twice."""
        raw = None
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
            sent = {"Authorization": f"Bearer {self.key}", **dict(headers)}
            if body:
                sent["Content-Type"] = "application/json"
            self.connection.request(method, path, body=body or None, headers=sent)
            raw = self.connection.getresponse()
            answer = Answer(raw.status, raw.headers, raw.read())
            if raw.will_close:
                self.close()
            return answer
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Lost(str(error), raw.status if raw else None) from error

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def _ask(self, request, headers=()):
        number = self.told.begin(request)
        answer = self.send(request.method, request.path, request.body, headers)
        return number, answer

    def place(self, fields, key=None):
        """POST /v1/orders, under an idempotency key or not."""
        return self.place_bytes(json.dumps(fields).encode(), key, fields.get("client_order_id"))

    def place_bytes(self, body, key, client_order_id):
        request = Request("POST", "/v1/orders", body, key, client_order_id=client_order_id)
        try:
            number, answer = self._ask(request, {"Idempotency-Key": key} if key else {})
        except Lost as lost:
            if lost.status == 201:
                self.told.promised(client_order_id)
            raise
        if answer.ok:
            self.told.placed(request, answer.status, answer.body, answer.json())
        self.told.end(number)
        self.told.count(f"place {answer.status}")
        return answer

    def _change(self, what, request):
        """A request about one order."""
        number, answer = self._ask(request)
        if answer.ok:
            self.told.seen(answer.json())
        self.told.count(f"{what} {answer.status}")
        return number, answer

    def cancel(self, order_id, close=False):
        """202 says that it will be done; 200 promises nothing but what it shows."""
        what = "close" if close else "cancel"
        number, answer = self._change(what, Request("DELETE", f"/v1/orders/{order_id}{'?close=true' if close else ''}", order=order_id))
        if answer.status == 202:
            self.told.asked(order_id, what)
        self.told.end(number)
        return answer

    def modify(self, order_id, stop):
        """Another stop loss."""
        nothing = {name: None for name in ("stop_price", "limit_price", "percent", "offset", "trail_percent", "trail_price")}
        body = json.dumps({"stop_loss": {**nothing, **stop}}).encode()
        number, answer = self._change("modify", Request("PATCH", f"/v1/orders/{order_id}", body, order=order_id))
        if answer.ok:
            self.told.changed(order_id, stop)
        self.told.end(number)
        return answer

    def look(self, order_id):
        answer = self.send("GET", f"/v1/orders/{order_id}")
        if answer.ok:
            self.told.seen(answer.json())
        return answer

    def poll(self):
        """What changed since the poll before, of whichever server; a page is told once it is read."""
        answer = self.send("GET", f"/v1/orders?since={self.told.polled_to}&limit=100&wait=1")
        if answer.ok:
            page = answer.json()
            for order in page["items"]:
                self.told.seen(order)
            self.told.polled({order["id"]: order["rev"] for order in page["items"]}, page["sequence"])
        return answer

    def switch(self, paused):
        switching, answer = self.told.switching(paused), None
        request = Request("PUT", "/v1/kill-switch", json.dumps({"on": paused}).encode())
        try:
            number, answer = self._ask(request)
        finally:
            self.told.switched(switching, answer is not None and answer.ok)
        self.told.end(number)
        self.told.count(f"{request.path} {answer.status}")
        return answer

    def quotes(self, quotes):
        return self.send("POST", "/v1/quotes", json.dumps(quotes).encode())
