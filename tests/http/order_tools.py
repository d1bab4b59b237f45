"""Orders for the tests of streams and lists: a market that is always open, quotes, brackets."""

import harness

ARGUMENTS = ["--market-hours", "24x7", "--poll-interval-ms", "100"]


def contract(strike=200, underlying="AAPL"):
    return f"{underlying}301220C{strike * 1000:08d}"


def quote(client, symbol, bid="4.9", ask="5.0"):
    answer = client.post("/v1/quotes", json=[{"symbol": symbol, "bid": bid, "ask": ask, "bid_size": 1000, "ask_size": 1000}])
    assert answer.status == 200, answer


def bracket(symbol, limit="1.00", **fields):
    return {"occ_symbol": symbol, "side": "buy", "quantity": 1, "entry": {"type": "limit", "limit_price": limit},
            "take_profit": {"limit_price": "7"}, "stop_loss": {"stop_price": "0.5"}, **fields}


def place(client, symbol=None, **fields):
    """An entry that rests far below the market, unless `limit` says otherwise."""
    answer = client.post("/v1/orders", json=bracket(symbol or contract(), **fields))
    assert answer.status == 201, answer
    return answer.json()


def cancel(client, order):
    answer = client.delete(f"/v1/orders/{order['id']}")
    assert answer.status in (200, 202), answer


def settled(client, order, statuses):
    """The order, once its status is one of these."""
    def look():
        now = client.get(f"/v1/orders/{order['id']}").json()
        return now if now["status"] in statuses else None
    return harness.wait_until(look)


def server(**more):
    return harness.Server(arguments=[*ARGUMENTS, *more.pop("arguments", [])], **more)
