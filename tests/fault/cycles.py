"""Random kill cycles: start, check, load, kill; again on the same folder, so that its state grows old."""

import random
import time

import page as faults
import process
import stored as store
from client import Lost
from folder import Folder
from load import Load, Market


def life(seed, cycles, evidence):
    """A folder of its own through that many kills; what it amounted to. Violation tells what went wrong."""
    chance = random.Random(f"life {seed}")
    market = Market(seed)
    arguments = ("--paper-latency-ms", chance.choice(("0", "0", "5", "40")), "--poll-interval-ms", chance.choice(("100", "1000")))
    with Folder(f"life {seed}", evidence, arguments) as folder:
        folder.start()
        for number in range(cycles):
            cycle(folder, market, chance, f"{seed} {number}")
            folder.page.reset()
            draw_power(folder.page, chance)
            if chance.random() < 0.25:
                die_at_the_start(folder, chance)
            folder.start()
            look_back(folder, chance)
        return summary(folder)


def draw_power(page, chance):
    page.power = chance.choice((faults.POWER_STAYS, faults.POWER_STAYS, faults.POWER_LOSES_ALL, faults.POWER_LOSES_SOME))
    page.power_seed = chance.getrandbits(60)


def cycle(folder, market, chance, name):
    load = Load(name, market, folder.server.port, folder.key, folder.told).start()
    time.sleep(chance.uniform(0.02, 0.8))
    kill(folder, chance)
    load.finish()
    folder.killed()


def kill(folder, chance):
    """From outside, or within the next call of a class; then the power may go too."""
    if folder.page.power != faults.POWER_STAYS or chance.random() < 0.4:
        kind = chance.choice((faults.WRITE, faults.SYNC, faults.SEND, faults.ANY))
        folder.page.rule(0, chance.choice((faults.KILL_BEFORE, faults.KILL_HALF, faults.KILL_AFTER)), kind)
        folder.server.wait(2)
    folder.server.kill()


def die_at_the_start(folder, chance):
    """Recovery must bear a crash as well."""
    folder.page.kill(chance.choice((faults.KILL_BEFORE, faults.KILL_HALF, faults.KILL_AFTER)), faults.ANY, chance.randint(1, 120))
    try:
        folder.server.start()
        folder.server.wait(chance.uniform(0, 0.3))
    except process.Died:
        if folder.page.killed_at == 0:
            raise
    folder.server.kill()
    folder.killed()
    folder.page.reset()
    draw_power(folder.page, chance)


def look_back(folder, chance):
    """Some of all that was ever answered, asked for again: the same answer, byte by byte (told.placed looks)."""
    client = folder.client()
    told = folder.told
    try:
        if told.paused != {False}:
            client.switch(False)
        placed = list(told.orders.values())
        for order in chance.sample(placed, min(8, len(placed))):
            answer = client.look(order.id)
            if answer.status != 200 or answer.json()["rev"] < order.rev:
                told.lie(f"{order.id} was shown at revision {order.rev}, and now: {answer!r}")
            if order.key is None:
                continue
            answer = client.place_bytes(order.body, order.key, order.client_order_id)
            if answer.status != 201:
                told.lie(f"the key {order.key} was answered 201, and now: {answer!r}")
            answer = client.send("POST", "/v1/orders", order.body + b" ", {"Idempotency-Key": order.key})
            if answer.status != 422:
                told.lie(f"the key {order.key} with another body: {answer!r}")
    finally:
        client.close()
    if told.lies:
        folder.fail(told.lies, "looking back")


def summary(folder):
    stored = store.read_live(folder.data)
    return {"kills": folder.kills, "orders": len(stored.orders), "told": len(folder.told.orders), "events": len(stored.sequences),
            "events_told": len(folder.told.events), "broker_entries": len(stored.journal), "recoveries": folder.recoveries,
            "counts": folder.told.counts}
