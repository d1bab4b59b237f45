"""Trades in options on GOOG's 24 December 2015, worked out from the zips alone: a second, plainer implementation of
docs/options.md for stored contracts. Prices are whole numbers of 1e-4, times ms since midnight in New York."""

import datetime
import fractions
import math
import zipfile

DAY = datetime.date(2015, 12, 24)
OPEN, CLOSE, MINUTE = 34200000, 46800000, 60000  # a half day


def read_zip(path):
    """{(right, expiry, strike): {"bid": {ms: (O, H, L, C)}, "ask": ..., "trade": ...}}; shares have the key None."""
    contracts = {}
    with zipfile.ZipFile(path) as z:
        for name in z.namelist():
            parts = name[:-4].split("_")
            key = None
            if len(parts) == 8:
                expiry = datetime.datetime.strptime(parts[7], "%Y%m%d").date()
                key = (parts[5], expiry, int(parts[6]))
            series = contracts.setdefault(key, {})
            for row in z.read(name).decode().splitlines():
                fields = row.split(",")
                ms = int(fields[0])
                if not OPEN <= ms < CLOSE:
                    continue
                sides = {"trade": fields[1:5]} if parts[3] == "trade" else {"bid": fields[1:5], "ask": fields[6:10]}
                for side, prices in sides.items():
                    if prices[0]:
                        series.setdefault(side, {})[ms] = tuple(map(int, prices))
    return contracts


def merge(*many):
    merged = {}
    for contracts in many:
        for key, series in contracts.items():
            merged.setdefault(key, {}).update(series)
    return merged


def occ_symbol(key):
    right, expiry, strike = key
    return f"GOOG{expiry:%y%m%d}{right[0].upper()}{strike // 10:08d}"


# ---- the contract ----

def known(series, side, now):
    """The close of the side's last bar that is complete, or None."""
    ms = now - MINUTE
    while ms >= OPEN and ms not in series.get(side, {}):
        ms -= MINUTE
    return series[side][ms][3] if ms >= OPEN else None


def look_at(series, now):
    """("quotes", middle), ("trades", last) or None."""
    bid, ask = known(series, "bid", now), known(series, "ask", now)
    if bid is not None and ask is not None:
        return "quotes", (bid + ask) / 2
    trade = known(series, "trade", now)
    return None if trade is None else ("trades", trade)


def years_left(expiry, now):
    close = datetime.datetime.combine(expiry, datetime.time(13 if expiry == DAY else 16))
    at = datetime.datetime.combine(DAY, datetime.time()) + datetime.timedelta(milliseconds=now)
    shift = datetime.timedelta(hours=1) if datetime.date(expiry.year, 3, 14) <= expiry <= datetime.date(expiry.year, 11, 1) else datetime.timedelta()
    return (close - shift - at).total_seconds() / (365 * 86400)


def normal(x):
    return (1 + math.erf(x / math.sqrt(2))) / 2


def call_or_put(right, spot, strike, years, volatility):
    d1 = (math.log(spot / strike) + volatility ** 2 / 2 * years) / (volatility * math.sqrt(years))
    d2 = d1 - volatility * math.sqrt(years)
    call = spot * normal(d1) - strike * normal(d2)
    return (call, normal(d1)) if right == "call" else (call - spot + strike, normal(d1) - 1)


def implied_delta(right, spot, strike, years, price):
    """None when no volatility up to 1000 % gives the price."""
    low, high = 1e-9, 10.0
    certain = max(spot - strike, 0) if right == "call" else max(strike - spot, 0)
    if years <= 0 or price <= certain or call_or_put(right, spot, strike, years, high)[0] < price:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        if call_or_put(right, spot, strike, years, middle)[0] < price:
            low = middle
        else:
            high = middle
    return call_or_put(right, spot, strike, years, high)[1]


def pick(strikes, right, wanted, spot, now):
    """strikes: {strike: look_at}. The key of the one wanted, or None."""
    if wanted.startswith("delta:"):
        target, best = float(wanted[6:]), None
        for strike, (_, price) in sorted(strikes.items()):
            delta = implied_delta(right, spot, strike[2], years_left(strike[1], now), price)
            if delta is not None and (best is None or abs(abs(delta) - target) < best[0]):
                best = abs(abs(delta) - target), strike
        return best and best[1]
    ladder = sorted(strikes, key=lambda key: key[2])
    at = min(range(len(ladder)), key=lambda i: (abs(ladder[i][2] - spot), ladder[i][2]))
    steps = 0 if wanted == "atm" else int(wanted[3:]) * (1 if wanted[0] == "o" else -1)
    at += steps if right == "call" else -steps
    return ladder[at] if 0 <= at < len(ladder) else None


def choose(contracts, select, spot, now):
    """(key, "quotes" or "trades"), or None."""
    low, high = select["dte"]
    expiries = {}
    for key, series in contracts.items():
        if key is None or key[0] != select["right"] or not low <= (key[1] - DAY).days <= high:
            continue
        seen = look_at(series, now)
        if seen:
            expiries.setdefault(key[1], {})[key] = seen
    for expiry in sorted(expiries, key=lambda day: (abs(2 * (day - DAY).days - low - high), day)):
        key = pick(expiries[expiry], select["right"], select["strike"], spot, now)
        if key:
            return key, expiries[expiry][key][0]
    return None


# ---- entry and exit ----

def level(price, percent, sign):
    """A percentage away from a price at 1e-6, rounded to the nearest."""
    return price + sign * int((price * fractions.Fraction(str(percent)) * 2 + 100) // 200)


def due_of(strategy, bars, entry):
    """(ms, "open" or "close", reason), or None when it must not be entered."""
    due = (CLOSE, "close", "end_of_data")
    if "flat_at" in strategy:
        hours, minutes = strategy["flat_at"].split(":")
        flat = (int(hours) * 60 + int(minutes)) * MINUTE
        if entry >= flat:
            return None
        later = [ms for ms in bars if ms >= flat]
        due = (later[0], "open", "flat_at") if later else (CLOSE, "close", "flat_at")
    if "max_holding" in strategy:
        later = [ms for ms in bars if ms >= entry + int(strategy["max_holding"][:-1]) * MINUTE]
        if later and later[0] < due[0]:
            due = (later[0], "open", "time_exit")
    return due


def exit_of(strategy, sold, start, price, due, key, last_close):
    stop = level(price, strategy["stop_loss"]["percent"], -1) if "stop_loss" in strategy else -1
    target = level(price, strategy["take_profit"]["percent"], 1) if "take_profit" in strategy else 1 << 62
    for ms in sorted(ms for ms in sold if ms >= start):
        if due[1] == "close" and ms >= due[0]:
            break
        o, h, l, _ = (100 * x for x in sold[ms])
        if o <= stop or o >= target:
            return ms, o, "stop_loss" if o <= stop else "take_profit"
        if ms >= due[0]:
            return ms, o, due[2]
        if l <= stop or h >= target:
            return ms, (stop, "stop_loss")[0] if l <= stop else target, "stop_loss" if l <= stop else "take_profit"
    if key[1] == DAY and (due[1] == "open" or due[2] == "end_of_data"):
        worth = last_close - key[2] if key[0] == "call" else key[2] - last_close
        return CLOSE, 100 * max(worth, 0), "expiry"
    at, reason = (due[0], due[2]) if due[1] == "close" else (CLOSE, "end_of_data")
    return at, 100 * sold[max(ms for ms in sold if ms + MINUTE <= at)][3], reason


def trades(contracts, strategy):
    """All candidates of `close > open` on every bar: (occ symbol, entry ms, price, exit ms, price, reason), prices at 1e-6."""
    bars = contracts[None]["trade"]
    times = sorted(bars)
    for i, ms in enumerate(times[:-1]):
        now = ms + MINUTE
        if bars[ms][3] <= bars[ms][0]:
            continue
        chosen = choose(contracts, strategy["contract"]["select"], bars[ms][3], now)
        if not chosen:
            continue
        key, kind = chosen
        bought, sold = (contracts[key]["ask"], contracts[key]["bid"]) if kind == "quotes" else (contracts[key]["trade"],) * 2
        if strategy.get("entry") == "close":
            entry, price = now, bought[ms][3] if ms in bought else 0
        else:
            later = [t for t in bought if t >= now and bought[t][0] > 0]
            entry, price = (min(later), bought[min(later)][0]) if later else (now, 0)
        due = due_of(strategy, times, entry) if price > 0 else None
        if due:
            yield (occ_symbol(key), entry, 100 * price, *exit_of(strategy, sold, entry, 100 * price, due, key, bars[times[-1]][3]))
