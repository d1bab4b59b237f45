"""A backtest bar by bar, as docs/fills.md tells it: slow, in exact integers, and written apart from the program.

Bars are market.Bar (prices in cents); a strategy is the JSON object of a request. Money is in millionths."""

import datetime
import functools
from fractions import Fraction

import market

ONE = 1_000_000
CENT = ONE // 100
MINUTE = datetime.timedelta(minutes=1)
CLOSE, OPEN, WITHIN = range(3)  # at one instant, in this order


def micros(value):
    """A number or string of a request, exactly."""
    return int(Fraction(str(value)) * ONE)


def up(fraction):
    return -(-fraction.numerator // fraction.denominator)


def down(fraction):
    return fraction.numerator // fraction.denominator


def nearest(fraction):
    return down(fraction + Fraction(1, 2))


@functools.cache
def close_of_day(date):
    hour = 13 if date.isoformat() in market.HALF_DAYS_2024 else 16
    return datetime.datetime.combine(date, datetime.time(hour), market.NEW_YORK).astimezone(datetime.timezone.utc)


def session_close(at):
    return close_of_day(at.date())  # a session of New York lies within one date of UTC


def bar_end(bar):
    return min(bar.at + MINUTE, session_close(bar.at))


def wall_clock(at, text):
    """The instant of the session's date whose New York clock reads `text`."""
    hour, minute = map(int, text.split(":"))
    local = at.astimezone(market.NEW_YORK)
    return local.replace(hour=hour, minute=minute).astimezone(datetime.timezone.utc)


@functools.cache
def atr(bars, period):
    """Wilder's: the first bar has no true range; None where there is no value."""
    out, total, value = [None] * len(bars), 0.0, None
    for i in range(1, len(bars)):
        high, low, before = bars[i].high / 100, bars[i].low / 100, bars[i - 1].close / 100
        span = max(high - low, abs(high - before), abs(low - before))
        if i < period:
            total += span
        elif i == period:
            value = (total + span) / period
        else:
            value = (value * (period - 1) + span) / period
        out[i] = value
    return out


class Symbol:
    """Bars of one symbol with the fires and the exit rule's bits, and where its range ends."""

    def __init__(self, name, bars, fires, exit_bits=None, end=None):
        self.name, self.bars, self.fires, self.exit_bits = name, tuple(bars), fires, exit_bits
        self.end = len(bars) if end is None else end


class Candidate:
    """What a fire would become. `fills` is {case: (price, reason)}."""

    def __init__(self, symbol, fire):
        self.symbol, self.fire = symbol, fire
        self.ambiguous = False
        self.stop = self.target = None


def distance(spec, entry, symbol, fire):
    if "percent" in spec:
        return nearest(Fraction(entry * micros(spec["percent"]), 100 * ONE))
    if "offset" in spec:
        return micros(spec["offset"])
    value = atr(symbol.bars, spec["atr"]["period"])[fire]
    return None if value is None else round(value * float(spec["atr"]["multiple"]) * ONE)


class Search:
    def __init__(self, strategy, symbol_index, symbol):
        self.y, self.index, self.s = strategy, symbol_index, symbol
        self.long = strategy.get("side", "long") == "long"
        self.at_open = strategy.get("entry", "next_open") == "next_open"

    def find(self, fire):
        c = Candidate(self.index, fire)
        if fire + 1 >= self.s.end:
            return None
        bars = self.s.bars
        c.entry_bar = fire + 1 if self.at_open else fire
        bar = bars[c.entry_bar]
        c.entry_at = (bar.at, OPEN) if self.at_open else (bar_end(bar), CLOSE)
        c.entry_price = (bar.open if self.at_open else bar.close) * CENT
        sign = 1 if self.long else -1
        for name, direction in (("target", sign), ("stop", -sign)):
            spec = self.y.get({"target": "take_profit", "stop": "stop_loss"}[name])
            if spec:
                far = distance(spec, c.entry_price, self.s, fire)
                if not far or c.entry_price + direction * far <= 0:
                    return None
                setattr(c, name, c.entry_price + direction * far)
        if "flat_at" in self.y and c.entry_at[0] >= self.flat(c):
            return None
        self.walk(c)
        return c

    def flat(self, c):
        at = self.s.bars[c.entry_bar].at
        return min(wall_clock(at, self.y["flat_at"]), session_close(at))

    def out(self, c, bar, phase, price, reason):
        c.exit_bar = bar
        c.exit_at = (bar_end(self.s.bars[bar]), CLOSE) if phase == CLOSE else (self.s.bars[bar].at, phase)
        c.fills = dict.fromkeys(("chosen", "best", "worst"), (price, reason))
        c.bars_held = bar - c.entry_bar + (phase != OPEN) - (c.entry_at[1] == CLOSE)
        return True

    def walk(self, c):
        first = c.entry_bar + (c.entry_at[1] == CLOSE)
        done = first > c.entry_bar and self.close(c, c.entry_bar, first)
        bar = first
        while not done:
            done = self.open(c, bar, first) or self.within(c, bar) or self.close(c, bar, first)
            bar += 1

    def open(self, c, bar, first):
        b = self.s.bars[bar]
        price = b.open * CENT
        worse = (lambda level: price <= level) if self.long else (lambda level: price >= level)
        better = (lambda level: price >= level) if self.long else (lambda level: price <= level)
        if c.stop is not None and worse(c.stop):
            return self.out(c, bar, OPEN, price, "stop_loss")
        if c.target is not None and better(c.target):
            return self.out(c, bar, OPEN, price, "take_profit")
        if "flat_at" in self.y and b.at >= self.flat(c):
            return self.out(c, bar, OPEN, price, "flat_at")
        if "max_holding" in self.y and b.at >= c.entry_at[0] + hold(self.y["max_holding"]):
            return self.out(c, bar, OPEN, price, "time_exit")
        if self.s.exit_bits and self.at_open and bar > first and self.s.exit_bits[bar - 1]:
            return self.out(c, bar, OPEN, price, "exit_rule")
        return False

    def within(self, c, bar):
        b = self.s.bars[bar]
        low, high, open_ = b.low * CENT, b.high * CENT, b.open * CENT
        stopped = c.stop is not None and (low <= c.stop if self.long else high >= c.stop)
        reached = c.target is not None and (high >= c.target if self.long else low <= c.target)
        if not stopped and not reached:
            return False
        self.out(c, bar, WITHIN, c.stop if stopped else c.target, "stop_loss" if stopped else "take_profit")
        if stopped and reached:
            c.ambiguous = True
            to_stop, to_target = (open_ - low, high - open_) if self.long else (high - open_, open_ - low)
            kind = self.y.get("intrabar", "pessimistic")
            worst, best = (c.stop, "stop_loss"), (c.target, "take_profit")
            target_first = kind == "optimistic" or (kind == "adaptive" and to_target < to_stop)
            c.fills = {"chosen": best if target_first else worst, "best": best, "worst": worst}
        return True

    def close(self, c, bar, first):
        bars = self.s.bars
        price, last = bars[bar].close * CENT, bar == self.s.end - 1
        session_ends = bar + 1 == len(bars) or bars[bar + 1].at.date() != bars[bar].at.date()
        # The session of the range's last bar may go on unseen: it is over when its clock says so.
        if last:
            session_ends = "flat_at" in self.y and bar_end(bars[bar]) >= self.flat(c)
        if "flat_at" in self.y and session_ends:
            return self.out(c, bar, CLOSE, price, "flat_at")
        if last:
            return self.out(c, bar, CLOSE, price, "end_of_data")
        if self.s.exit_bits and not self.at_open and bar >= first and self.s.exit_bits[bar]:
            return self.out(c, bar, CLOSE, price, "exit_rule")
        return False


def hold(text):
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    seconds, number = 0, ""
    for character in text:
        if character.isdigit():
            number += character
        else:
            seconds, number = seconds + int(number) * units[character], ""
    return datetime.timedelta(seconds=seconds)


class Costs:
    def __init__(self, strategy):
        self.slippage, self.commission = strategy.get("slippage"), strategy.get("commission", {})

    def price(self, price, buys):
        if not self.slippage:
            return price
        if "percent" in self.slippage:
            slip = up(Fraction(price * micros(self.slippage["percent"]), 100 * ONE))
        else:
            slip = self.slippage["ticks"] * micros(self.slippage["tick_size"])
        return price + slip if buys else max(0, price - slip)

    def order(self, value, quantity):
        c = {name: micros(text) for name, text in self.commission.items()}
        total = sum(up(Fraction(c.get(name, 0) * quantity, ONE)) for name in ("per_share", "per_contract"))
        total += up(Fraction(value * c.get("percent", 0), 100 * ONE))
        return max(total, c.get("minimum", 0))


def value_of(price, quantity, pays):
    return (up if pays else down)(Fraction(price * quantity, ONE))


class Account:
    """One pass over candidates in order of time. `case` says which fill an ambiguous one takes."""

    def __init__(self, strategy, symbols, candidates, case="chosen"):
        self.y, self.symbols, self.case = strategy, symbols, case
        self.costs = Costs(strategy)
        self.long = strategy.get("side", "long") == "long"
        self.initial = self.cash = micros(strategy.get("initial_cash", 100000))
        self.open, self.trades, self.points = [], [], []
        self.counts = dict.fromkeys(("in_position", "too_small", "unaffordable"), 0)
        self.run(sorted(candidates, key=lambda c: (c.entry_at, c.symbol, c.fire)))

    def range(self, first_of):
        """First counted bar's start and last counted bar's end; a symbol's first counted bar is in first_of."""
        used = [(s, first_of[i]) for i, s in enumerate(self.symbols) if first_of[i] < s.end]
        return min(s.bars[f].at for s, f in used), max(bar_end(s.bars[s.end - 1]) for s, _ in used)

    def run(self, entries):
        firsts = [getattr(s, "first", 0) for s in self.symbols]
        begin, end = self.range(firsts)
        marks = sorted({min(session_close(b.at), end) for s in self.symbols for b in s.bars
                        if session_close(b.at) > begin and b.at < end})
        self.point(begin, True)
        while entries or self.open or marks:
            leaving = min(self.open, key=lambda p: (p["c"].exit_at, p["c"].entry_at, p["c"].symbol, p["c"].fire), default=None)
            out_at = leaving["c"].exit_at if leaving else None
            in_at = entries[0].entry_at if entries else None
            takes_exit = out_at is not None and (in_at is None or out_at <= in_at)
            event = out_at if takes_exit else in_at
            if marks and (event is None or marks[0] < event[0] or (marks[0] == event[0] and event[1] != CLOSE)):
                self.point(marks.pop(0), True)
            elif takes_exit:
                self.leave(leaving)
            else:
                self.enter(entries.pop(0))
        if not self.points[-1]["mark"]:
            self.point(self.points[-1]["at"], True)

    def equity(self, at):
        total = self.cash
        for p in self.open:
            c, bars = p["c"], self.symbols[p["c"].symbol].bars
            price, i = c.entry_price, c.entry_bar
            if at > c.entry_at[0]:
                while i < len(bars) and bar_end(bars[i]) <= at:
                    price, i = bars[i].close * CENT, i + 1
            worth = value_of(price, p["quantity"], not self.long)
            total += p["value"] + (worth - p["value"] if self.long else p["value"] - worth)
        return total

    def point(self, at, mark):
        self.points.append({"at": at, "equity": self.equity(at), "cash": self.cash, "open": len(self.open), "mark": mark})

    def quantity(self, price, at):
        sizing = self.y.get("sizing", {"type": "fixed_cash", "value": 10000})
        value, step = micros(sizing["value"]), micros(sizing.get("step", 1))
        if sizing["type"] == "fixed_quantity":
            return value // step * step
        if sizing["type"] == "fixed_cash":
            return down(Fraction(value * ONE, price)) // step * step
        budget = min(down(Fraction(self.equity(at) * value, 100 * ONE)), self.cash)
        quantity = down(Fraction(max(budget, 0) * ONE, price)) // step * step
        while quantity > 0:
            cost = value_of(price, quantity, True)
            if cost + self.costs.order(cost, quantity) <= budget:
                break
            quantity -= step
        return quantity

    def enter(self, c):
        if sum(p["c"].symbol == c.symbol for p in self.open) >= self.y.get("max_positions", 1):
            self.counts["in_position"] += 1
            return
        price = self.costs.price(c.entry_price, self.long)
        quantity = self.quantity(price, c.entry_at[0]) if price > 0 else 0
        if quantity == 0:
            self.counts["too_small"] += 1
            return
        value = value_of(price, quantity, self.long)
        fee = self.costs.order(value, quantity)
        if value + fee > self.cash:
            self.counts["unaffordable"] += 1
            return
        self.cash -= value + fee
        self.open.append({"c": c, "price": price, "quantity": quantity, "value": value, "fee": fee})
        self.point(c.entry_at[0], False)

    def leave(self, p):
        c = p["c"]
        price, reason = c.fills[self.case]
        price = self.costs.price(price, not self.long)
        value = value_of(price, p["quantity"], not self.long)
        fee = self.costs.order(value, p["quantity"])
        gain = (value - p["value"] if self.long else p["value"] - value) - fee
        risk = 0 if c.stop is None else up(Fraction(abs(p["price"] - c.stop) * p["quantity"], ONE))
        self.cash += p["value"] + gain
        self.open.remove(p)
        pnl = gain - p["fee"]
        self.trades.append({
            "symbol": self.symbols[c.symbol].name, "entry_at": c.entry_at[0], "exit_at": c.exit_at[0],
            "entry_price": p["price"], "exit_price": price, "quantity": p["quantity"], "pnl": pnl,
            "return": pnl / p["value"], "exit_reason": reason, "ambiguous": c.ambiguous, "bars_held": c.bars_held,
            "commission": p["fee"] + fee, "risk": risk, "turnover": p["value"] + value,
            "symbol_index": c.symbol, "held": (c.entry_bar + (c.entry_at[1] == CLOSE), c.bars_held)})
        self.point(c.exit_at[0], False)


def candidates_of(strategy, symbols):
    found = []
    for index, symbol in enumerate(symbols):
        search = Search(strategy, index, symbol)
        found += [c for c in map(search.find, symbol.fires) if c]
    return found
