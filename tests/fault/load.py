"""A load on the order API: quotes that move, clients that place, change, cancel and close, one that polls, and a
stream that listens.

All chance comes from the seed given; what the threads' timing adds is the server's own concurrency. Prices are in cents,
so that they are whole numbers here and decimals there."""

import datetime
import json
import random
import threading
import time

from client import Client, Lost
from stream import listen

UNDERLYINGS = ("AAPL", "SPY", "QQQ", "TSLA", "NVDA")
QUOTE_SECONDS = 0.01
CLIENTS = 3


def contracts(today=None):
    """Options that live for another two months at least, by OCC symbol."""
    day = (today or datetime.date.today()) + datetime.timedelta(days=60)
    day += datetime.timedelta(days=(4 - day.weekday()) % 7)
    return [f"{name}{day:%y%m%d}{'CP'[i % 2]}{100000 + 5000 * i:08d}" for i, name in enumerate(UNDERLYINGS)]


class Market:
    """Prices that walk, the same in every process that has the seed."""

    def __init__(self, seed):
        self.random = random.Random(f"market {seed}")
        self.symbols = contracts()
        self.mid = {symbol: 400 + 50 * i for i, symbol in enumerate(self.symbols)}

    def step(self):
        """The next quotes of all symbols."""
        for symbol in self.symbols:
            middle = self.mid[symbol] + self.random.choice((-4, -2, -1, 0, 0, 1, 2, 4))
            self.mid[symbol] = min(900, max(100, middle))
        return [self.quote(symbol) for symbol in self.symbols]

    def quote(self, symbol, mid=None):
        mid = self.mid[symbol] if mid is None else mid
        return {"symbol": symbol, "bid": cents(mid - 2), "ask": cents(mid + 2),
                "bid_size": self.random.choice((1, 2, 3, 50)), "ask_size": self.random.choice((1, 2, 3, 50))}


def cents(price):
    return f"{price // 100}.{price % 100:02d}"


class Chooser:
    """What one client does next."""

    def __init__(self, seed, market, prefix):
        self.random = random.Random(f"client {seed}")
        self.market = market
        self.prefix = prefix
        self.number = 0
        self.mine = []  # ids of orders that were answered

    def order(self):
        """The fields of a new bracket, with a client_order_id of its own."""
        chance = self.random
        self.number += 1
        symbol = chance.choice(self.market.symbols)
        mid = self.market.mid[symbol]
        sign = chance.choice((1, 1, 1, -1))
        fields = {"occ_symbol": symbol, "side": "buy" if sign > 0 else "sell", "quantity": chance.choice((1, 1, 2, 3, 5)),
                  "client_order_id": f"{self.prefix}-{self.number}",
                  "arm": chance.choice(("partial", "partial", "full")), "time_in_force": chance.choice(("day", "gtc"))}
        if chance.random() < 0.5:
            fields["entry"] = {"type": "market"}
        else:
            fields["entry"] = {"type": "limit", "limit_price": cents(mid + sign * chance.randint(-6, 4))}
        near, far = chance.randint(6, 25), chance.randint(6, 25)
        if chance.random() < 0.8:
            fields["take_profit"] = chance.choice(({"limit_price": cents(mid + sign * near)}, {"percent": str(near / 4)}))
        fields["stop_loss"] = chance.choice(({"stop_price": cents(mid - sign * far)}, {"percent": str(far / 4)},
                                             {"trail_price": cents(far)}))
        if chance.random() < 0.2 and "take_profit" in fields and "trail_price" not in fields["stop_loss"]:
            fields["protection"] = "resting_both"
        elif chance.random() < 0.1:
            fields.update(protection="watched", accept_unprotected_if_down=True)
        return fields

    def act(self, client):
        """One request, sometimes two."""
        roll = self.random.random()
        if roll < 0.55 or not self.mine:
            self.place(client)
        elif roll < 0.65:
            client.cancel(self.random.choice(self.mine))
        elif roll < 0.75:
            client.cancel(self.random.choice(self.mine), close=True)
        elif roll < 0.82:
            client.modify(self.random.choice(self.mine), {"percent": str(self.random.randint(2, 8))})
        elif roll < 0.99:
            client.look(self.random.choice(self.mine))
        else:
            client.switch(True)
            client.switch(False)

    def place(self, client):
        fields = self.order()
        key = f"key-{fields['client_order_id']}" if self.random.random() < 0.7 else None
        answer = client.place(fields, key)
        if answer.ok:
            self.mine = self.mine[-30:] + [answer.json()["id"]]
            if key and self.random.random() < 0.2:
                client.place(fields, key)


class Load:
    """`start`, then kill the server, then `finish`: its threads end by themselves when the server is gone."""

    def __init__(self, seed, market, port, key, told):
        self.told, self.market, self.port, self.key = told, market, port, key
        self.ending = threading.Event()
        self.failures = []
        self.threads = [threading.Thread(target=self.run, args=(self.post_quotes,)),
                        threading.Thread(target=self.run, args=(self.listen,)),
                        threading.Thread(target=self.run, args=(self.poll,))]
        for i in range(CLIENTS):
            chooser = Chooser(f"{seed} {i}", market, f"{seed}-{i}".replace(" ", "-"))
            self.threads.append(threading.Thread(target=self.run, args=(self.act, chooser)))

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def finish(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(30)
        if self.failures:
            raise self.failures[0]

    def run(self, what, *arguments):
        client = Client(self.port, self.key, self.told)
        try:
            what(client, *arguments)
        except Lost:
            pass  # the kill
        except Exception as error:
            self.failures.append(error)
        finally:
            client.close()

    def post_quotes(self, client):
        while not self.ending.is_set():
            begin = time.monotonic()
            client.quotes(self.market.step())
            self.ending.wait(max(0, QUOTE_SECONDS - (time.monotonic() - begin)))

    def act(self, client, chooser):
        while not self.ending.is_set():
            chooser.act(client)
            self.ending.wait(chooser.random.random() * 0.02)

    def listen(self, client):
        listen(client, self.told, self.ending)

    def poll(self, client):
        while not self.ending.is_set():
            client.poll()
            self.ending.wait(0.02)
