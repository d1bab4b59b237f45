"""Scripted brackets, from the placement to the end. Each is a list of steps that may be made again: after a kill the
step under way is repeated against the restarted server, as a client would that lost its connection, and the end must be
the same as without a kill.

A step is a function of a Stage; the script ends when its order has the status and reason that it tells."""

import datetime
import time

from load import cents, contracts

STEP_SECONDS = 20


class Stuck(AssertionError):
    """An order did not get where the script wants it."""


class Stage:
    """What the steps act on: a client, the order of the script, quotes of its contract."""

    def __init__(self, client, name, keyed=True, page=None):
        self.client = client
        self.page = page
        self.clock_offset_ns = 0
        self.name = name
        self.key = f"key-{name}" if keyed else None
        self.symbol = contracts()[0]
        self.order_id = None
        self.last = None  # of the quotes

    def quote(self, bid, size=50):
        self.last = {"symbol": self.symbol, "bid": cents(bid), "ask": cents(bid + 4), "bid_size": size, "ask_size": size}
        self.client.quotes([self.last])

    def place(self, **fields):
        body = {"occ_symbol": self.symbol, "side": "buy", "quantity": 2, "entry": {"type": "limit", "limit_price": "5.04"},
                "time_in_force": "gtc", "take_profit": {"limit_price": "6.00"}, "stop_loss": {"stop_price": "4.00"},
                "client_order_id": self.name, **fields}
        answer = self.client.place(body, self.key)
        if answer.status != 201:
            raise AssertionError(f"{self.name}: {answer!r}")
        self.order_id = answer.json()["id"]

    def set_clock(self, member):
        """The wall clock to a second behind the time that the order has under that name."""
        at = datetime.datetime.fromisoformat(self.order()[member]).timestamp()
        self.clock_offset_ns = self.page.clock_offset_ns = int((at + 1 - time.time()) * 1e9)

    def order(self):
        answer = self.client.look(self.order_id)
        if answer.status != 200:
            raise AssertionError(f"{self.name}: {answer!r}")
        return answer.json()

    def wait(self, what, again=None):
        """Until what(order) holds; `again` is done now and then meanwhile, as a market goes on."""
        deadline = time.monotonic() + STEP_SECONDS
        while True:
            order = self.order()
            if what(order):
                return order
            if time.monotonic() > deadline:
                raise Stuck(f"{self.name}: {order}")
            if again:
                again()
            time.sleep(0.01)

    def wait_status(self, *statuses):
        return self.wait(lambda order: order["status"] in statuses)

    def working(self, leg):
        """Until a live order of the leg stands for all that is open."""
        def stands(order):
            live = [item for item in order["legs"] if item["leg"] == leg and item["status"] in ("new", "partially_filled")]
            return live and float(live[0]["quantity"]) - float(live[0]["filled_quantity"]) == float(order["open_quantity"])
        return self.wait(stands)

    def ended(self, status, reason=None):
        order = self.wait_status(status)
        if order["close_reason"] != reason:
            raise AssertionError(f"{self.name}: {order['close_reason']}, not {reason}")


def take_profit(stage):
    yield lambda: stage.quote(500)
    yield stage.place
    yield lambda: stage.working("stop_loss")
    yield lambda: stage.quote(610)
    yield lambda: stage.wait(lambda order: order["status"] == "closed", lambda: stage.quote(610))
    yield lambda: stage.ended("closed", "take_profit")


def stop_loss(stage):
    yield lambda: stage.quote(500)
    yield stage.place
    yield lambda: stage.working("stop_loss")
    yield lambda: stage.quote(390)
    yield lambda: stage.wait(lambda order: order["status"] == "closed", lambda: stage.quote(390))
    yield lambda: stage.ended("closed", "stop_loss")


def native_pair(stage):
    yield lambda: stage.quote(500)
    yield lambda: stage.place(protection="resting_both")
    yield lambda: stage.working("stop_loss")
    yield lambda: stage.quote(610)
    yield lambda: stage.wait(lambda order: order["status"] == "closed", lambda: stage.quote(610))
    yield lambda: stage.ended("closed", "take_profit")


def cancel(stage):
    yield lambda: stage.quote(500)
    yield lambda: stage.place(entry={"type": "limit", "limit_price": "4.50"})
    yield lambda: stage.wait_status("working")
    yield lambda: stage.client.cancel(stage.order_id)
    yield lambda: stage.ended("canceled")


def partial_fill(stage):
    yield lambda: stage.quote(500, 1)
    yield lambda: stage.place(quantity=3)
    yield lambda: stage.wait(lambda order: float(order["open_quantity"]) >= 1)
    yield lambda: stage.working("stop_loss")
    yield lambda: stage.wait(lambda order: float(order["open_quantity"]) == 3, lambda: stage.quote(500, 1))
    yield lambda: stage.working("stop_loss")
    yield lambda: stage.wait(lambda order: order["status"] == "closed", lambda: stage.quote(390, 1))
    yield lambda: stage.ended("closed", "stop_loss")


def modify(stage):
    yield lambda: stage.quote(500)
    yield stage.place
    yield lambda: stage.working("stop_loss")
    yield lambda: stage.client.modify(stage.order_id, {"stop_price": "4.40"})
    yield lambda: stage.wait(lambda order: any(leg["leg"] == "stop_loss" and leg["status"] == "new" and leg["stop_price"] == "4.4"
                                               for leg in order["legs"]))
    yield lambda: stage.quote(430)
    yield lambda: stage.wait(lambda order: order["status"] == "closed", lambda: stage.quote(430))
    yield lambda: stage.ended("closed", "stop_loss")


def close(stage):
    yield lambda: stage.quote(500)
    yield stage.place
    yield lambda: stage.working("stop_loss")
    yield lambda: stage.client.cancel(stage.order_id, close=True)
    yield lambda: stage.wait(lambda order: order["status"] == "closed", lambda: stage.quote(500))
    yield lambda: stage.ended("closed", "manual")


def kill_switch(stage):
    yield lambda: stage.quote(500)
    yield lambda: stage.place(entry={"type": "limit", "limit_price": "4.50"})
    yield lambda: stage.wait_status("working")
    yield lambda: stage.client.switch(True)
    yield lambda: stage.wait_status("submitting")
    yield lambda: stage.client.switch(False)
    yield lambda: stage.wait_status("working")
    yield lambda: stage.quote(440)
    yield lambda: stage.working("stop_loss")
    yield lambda: stage.wait(lambda order: order["status"] == "closed", lambda: stage.quote(610))
    yield lambda: stage.ended("closed", "take_profit")


def watched(stage):
    yield lambda: stage.quote(500)
    yield lambda: stage.place(protection="watched", accept_unprotected_if_down=True)
    yield lambda: stage.wait(lambda order: order["status"] == "protecting", lambda: stage.quote(500))
    yield lambda: stage.wait(lambda order: order["status"] == "closed", lambda: stage.quote(390))
    yield lambda: stage.ended("closed", "stop_loss")


def time_exit(stage):
    yield lambda: stage.quote(500)
    yield lambda: stage.place(flat_at="12:00")
    yield lambda: stage.working("stop_loss")
    yield lambda: stage.set_clock("flat_time")
    yield lambda: stage.wait(lambda order: order["status"] == "closed", lambda: stage.quote(500))
    yield lambda: stage.ended("closed", "time_exit")


def near_expiry(stage):
    yield lambda: stage.quote(500, 1)
    yield lambda: stage.place(quantity=3)
    yield lambda: stage.wait(lambda order: float(order["open_quantity"]) >= 1)
    yield lambda: stage.working("stop_loss")
    yield lambda: stage.set_clock("cutoff_time")
    yield lambda: stage.wait(lambda order: order["status"] == "closed", lambda: stage.quote(500, 50))
    yield lambda: stage.ended("closed", "expiry")


SCENARIOS = (take_profit, stop_loss, native_pair, cancel, partial_fill, modify, close, kill_switch, watched, time_exit, near_expiry)
