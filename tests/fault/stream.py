"""Reads GET /v1/events and the lists of events, and writes down what they show."""

import http.client
import json

PAGE = 500


def note(told, event):
    """What of an event must never change; the order beside it is of now."""
    told.event(event["order_id"], event["seq"], event["sequence"],
               (event["type"], event["at"], json.dumps(event["detail"], sort_keys=True)))


class Gaps:
    """A stream tells every event of the log, once and in order, also over a restart."""

    def __init__(self, told, last):
        self.told, self.last = told, last

    def take(self, event):
        if event["sequence"] != self.last + 1:
            self.told.lie(f"the stream went from {self.last} to {event['sequence']}")
        self.last = event["sequence"]
        note(self.told, event)


def listen(client, told, ending):
    """Until the server is gone. Goes on from the last event that any earlier stream had told."""
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=1)
    gaps = Gaps(told, told.stream_at)
    try:
        headers = {"Authorization": f"Bearer {client.key}", "Accept": "text/event-stream"}
        path = "/v1/events?types=order"
        if told.number % 2:
            headers["Last-Event-ID"] = str(gaps.last)
        else:
            path += f"&since={gaps.last}"
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise AssertionError(f"GET /v1/events: {answer.status} {answer.read()!r}")
        rest = b""
        while not ending.is_set():
            try:
                chunk = answer.read1(65536)
            except TimeoutError:
                continue
            if not chunk:
                return
            *blocks, rest = (rest + chunk).split(b"\n\n")
            for block in blocks:
                take_block(block, gaps)
                told.stream_at = gaps.last
    except (OSError, http.client.HTTPException):
        return  # the kill
    finally:
        connection.close()


def take_block(block, gaps):
    fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line and not line.startswith(b":"))
    if fields.get(b"event") != b"order":
        return
    event = json.loads(fields[b"data"])
    if int(fields[b"id"]) != event["sequence"]:
        gaps.told.lie(f"an event of sequence {event['sequence']} has the id {fields[b'id']}")
    gaps.take(event)
