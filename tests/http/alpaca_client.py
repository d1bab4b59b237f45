"""A client of Alpaca's Trading API as users have one: what it sends and what it insists on is Alpaca's documented
form, not ours. Keys go in Alpaca's headers, numbers as floats, booleans as Python writes them; an answer without a
required field, or with another type, is an error of the test."""

import datetime
import re
import uuid

STATUSES = {"new", "partially_filled", "filled", "done_for_day", "canceled", "expired", "replaced", "pending_cancel",
            "pending_replace", "pending_review", "accepted", "pending_new", "accepted_for_bidding", "stopped",
            "rejected", "suspended", "calculated", "held"}


def text(value):
    assert isinstance(value, str), value


def one_of(*values):
    def check(value):
        assert value in values, f"{value!r} is none of {values}"
    return check


def decimal(value):
    assert isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value), value


def identifier(value):
    assert isinstance(value, str) and str(uuid.UUID(value)) == value, value


def moment(value):
    assert isinstance(value, str) and datetime.datetime.fromisoformat(re.sub(r"\.\d+", "", value).replace("Z", "+00:00")).tzinfo, value


def flag(value):
    assert isinstance(value, bool), value


def optional(check):
    return lambda value: value is None or check(value)


def orders(value):
    for order in value:
        check_fields(order, ORDER)


def number(value):
    assert isinstance(value, int) and not isinstance(value, bool), value


ORDER = {
    "id": identifier, "client_order_id": text, "created_at": moment, "updated_at": moment, "submitted_at": moment,
    "filled_at": optional(moment), "expired_at": optional(moment), "canceled_at": optional(moment),
    "failed_at": optional(moment), "replaced_at": optional(moment), "replaced_by": optional(identifier),
    "replaces": optional(identifier), "asset_id": identifier, "symbol": text,
    "asset_class": one_of("us_equity", "us_option", "crypto"), "notional": optional(decimal), "qty": decimal,
    "filled_qty": decimal, "filled_avg_price": optional(decimal),
    "order_class": one_of("", "simple", "bracket", "oco", "oto", "mleg"),
    "order_type": one_of("market", "limit", "stop", "stop_limit", "trailing_stop"),
    "type": one_of("market", "limit", "stop", "stop_limit", "trailing_stop"), "side": one_of("buy", "sell"),
    "time_in_force": one_of("day", "gtc", "opg", "cls", "ioc", "fok"), "limit_price": optional(decimal),
    "stop_price": optional(decimal), "status": one_of(*STATUSES), "extended_hours": flag, "legs": optional(orders),
    "trail_percent": optional(decimal), "trail_price": optional(decimal), "hwm": optional(decimal),
}
POSITION = {
    "asset_id": identifier, "symbol": text, "exchange": text, "asset_class": one_of("us_equity", "us_option"),
    "avg_entry_price": decimal, "qty": decimal, "side": one_of("long", "short"), "market_value": optional(decimal),
    "cost_basis": decimal, "unrealized_pl": optional(decimal), "unrealized_plpc": optional(decimal),
    "current_price": optional(decimal), "qty_available": optional(decimal),
}
ACCOUNT = {
    "id": identifier, "account_number": text, "status": one_of("ACTIVE"), "currency": text, "buying_power": decimal,
    "cash": decimal, "equity": decimal, "portfolio_value": decimal, "last_equity": decimal, "multiplier": decimal,
    "long_market_value": decimal, "short_market_value": decimal, "trading_blocked": flag, "account_blocked": flag,
    "transfers_blocked": flag, "trade_suspended_by_user": flag, "pattern_day_trader": flag, "daytrade_count": number,
}
CLOCK = {"timestamp": moment, "is_open": flag, "next_open": moment, "next_close": moment}
SESSION = {"date": text, "open": text, "close": text}
ASSET = {
    "id": identifier, "class": one_of("us_equity", "us_option"), "exchange": text, "symbol": text,
    "status": one_of("active", "inactive"), "tradable": flag, "marginable": flag, "shortable": flag,
    "easy_to_borrow": flag, "fractionable": flag,
}


def check_fields(value, fields):
    assert isinstance(value, dict), value
    for name, check in fields.items():
        assert name in value, f"no {name} in {value}"
        check(value[name])
    return value


class ApiError(Exception):
    def __init__(self, response):
        super().__init__(response)
        body = response.json()
        assert set(body) >= {"code", "message"} and isinstance(body["code"], int), body
        self.status, self.code, self.message = response.status, body["code"], body["message"]


class AlpacaClient:
    def __init__(self, client, key_id, secret):
        """`client`: the harness's, which holds every answer against openapi.yaml."""
        self.client = client
        self.headers = {"Authorization": "", "APCA-API-KEY-ID": key_id, "APCA-API-SECRET-KEY": secret}

    def call(self, method, path, params=None, body=None):
        query = {name: value for name, value in (params or {}).items() if value is not None}
        more = {"json": body} if body is not None else {}
        response = self.client.request(method, "/v2" + path, headers=dict(self.headers), query=query, **more)
        if response.status >= 400:
            raise ApiError(response)
        return response.json() if response.body else None

    def submit(self, symbol, qty, side, kind="market", time_in_force="day", **more):
        body = {"symbol": symbol, "qty": float(qty), "side": side, "type": kind, "time_in_force": time_in_force, **more}
        return check_fields(self.call("POST", "/orders", body=body), ORDER)

    def bracket(self, symbol, qty, limit, take_profit, stop_loss, **more):
        return self.submit(symbol, qty, "buy", "limit", limit_price=limit, order_class="bracket",
                           take_profit={"limit_price": take_profit}, stop_loss={"stop_price": stop_loss}, **more)

    def order(self, order_id, nested=None):
        return check_fields(self.call("GET", f"/orders/{order_id}", {"nested": nested}), ORDER)

    def order_by_client_id(self, client_order_id):
        return check_fields(self.call("GET", "/orders:by_client_order_id", {"client_order_id": client_order_id}), ORDER)

    def orders(self, **params):
        found = self.call("GET", "/orders", params)
        orders(found)
        return found

    def replace(self, order_id, **terms):
        return check_fields(self.call("PATCH", f"/orders/{order_id}", body=terms), ORDER)

    def cancel(self, order_id):
        assert self.call("DELETE", f"/orders/{order_id}") is None

    def cancel_all(self):
        results = self.call("DELETE", "/orders")
        for result in results:
            check_fields(result, {"id": identifier, "status": number})
        return results

    def positions(self):
        return [check_fields(position, POSITION) for position in self.call("GET", "/positions")]

    def position(self, symbol):
        return check_fields(self.call("GET", f"/positions/{symbol}"), POSITION)

    def close(self, symbol, **params):
        return check_fields(self.call("DELETE", f"/positions/{symbol}", params), ORDER)

    def close_all(self, cancel_orders=None):
        results = self.call("DELETE", "/positions", {"cancel_orders": cancel_orders})
        for result in results:
            check_fields(result, {"symbol": text, "status": number, "body": lambda order: check_fields(order, ORDER)})
        return results

    def account(self):
        return check_fields(self.call("GET", "/account"), ACCOUNT)

    def clock(self):
        return check_fields(self.call("GET", "/clock"), CLOCK)

    def calendar(self, **params):
        return [check_fields(day, SESSION) for day in self.call("GET", "/calendar", params)]

    def assets(self, **params):
        return [check_fields(asset, ASSET) for asset in self.call("GET", "/assets", params)]

    def asset(self, symbol):
        return check_fields(self.call("GET", f"/assets/{symbol}"), ASSET)
