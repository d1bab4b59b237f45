"""Golden values of the indicators, from TA-Lib and from definitions in exact arithmetic.

Not needed to run the tests: it wrote the files beside it. To write them again:

    python3 -m venv venv && venv/bin/pip install numpy "TA-Lib>=0.6,<0.7" && venv/bin/python make_golden.py
    python3 -m venv next && next/bin/pip install numpy "TA-Lib>=0.8,<0.9" && next/bin/python make_golden.py

The first run writes bars_*.txt (seeded, so they come out the same), talib-0.6_*.txt and exact_*.txt; the second,
with a version that knows indicators which 0.6 does not, writes talib-0.8_*.txt. TA-Lib's unstable periods are 0, its
default.

A file of values has lines "= call, first at bar F" followed by lines "bar value": the first values, then every 11th
and the last.
"""
import math
import os
import random
from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np
import talib

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = talib.__ta_version__.decode().split()[0]
SERIES = ".".join(VERSION.split(".")[:2])
BARS = 420
getcontext().prec = 60


# ---- bars ----

def bars_of(seed, first, tick, step, nasty):
    """Rows of whole ticks and a volume."""
    r = random.Random(seed)
    price, rows = first, []
    for i in range(BARS):
        opening = price + (r.choice((-1, 1)) * step * 20 if nasty and i % 97 == 96 else round(r.gauss(0, 0.4) * step))
        flat = nasty and (i % 120) < 45
        opening = price if flat else max(opening, 2)
        price = opening if flat else max(opening + round(r.gauss(0, 1) * step), 2)
        spread = 0 if flat else step
        high = max(opening, price) + abs(round(r.gauss(0, 0.6) * spread))
        low = max(min(opening, price) - abs(round(r.gauss(0, 0.6) * spread)), 1)
        volume = 0 if nasty and i % 13 == 5 else r.randrange(100, 5000)
        rows.append((opening, high, low, price, volume))
    return [tuple(Fraction(p) * tick for p in row[:4]) + (row[4],) for row in rows]


SHAPES = {
    "walk": bars_of(1, 10000, Fraction(1, 100), 8, False),
    "nasty": bars_of(2, 503000, Fraction(1, 10000), 700, True),
    "tiny": bars_of(3, 120, Fraction(1, 10 ** 6), 2, False),
    "huge": bars_of(4, 10 ** 14, Fraction(1, 100), 10 ** 11, False),
}


def decimal_text(value):
    return format(Decimal(value.numerator) / Decimal(value.denominator), "f")


def write_bars(name, rows):
    with open(os.path.join(HERE, f"bars_{name}.txt"), "w", encoding="ascii") as f:
        f.write("# open high low close volume; made up by make_golden.py\n")
        for row in rows:
            f.write(" ".join(decimal_text(p) for p in row[:4]) + f" {row[4]}\n")


# ---- TA-Lib ----

def columns(rows):
    return [np.array([float(row[i]) for row in rows]) for i in range(5)]


def percent_of(values, factor):
    return values * factor


TALIB_06 = {
    "sma({0})": (lambda o, h, l, c, v, n: talib.SMA(c, n), [(2,), (5,), (20,), (200,)]),
    "ema({0})": (lambda o, h, l, c, v, n: talib.EMA(c, n), [(2,), (9,), (50,), (200,)]),
    "wma({0})": (lambda o, h, l, c, v, n: talib.WMA(c, n), [(2,), (10,), (100,)]),
    "dema({0})": (lambda o, h, l, c, v, n: talib.DEMA(c, n), [(2,), (10,), (60,)]),
    "tema({0})": (lambda o, h, l, c, v, n: talib.TEMA(c, n), [(2,), (10,), (60,)]),
    "kama({0})": (lambda o, h, l, c, v, n: talib.KAMA(c, n), [(2,), (10,), (30,), (100,)]),
    "rsi({0})": (lambda o, h, l, c, v, n: talib.RSI(c, n), [(2,), (14,), (100,)]),
    "macd({0}, {1}, {2})": (lambda o, h, l, c, v, *p: talib.MACD(c, *p)[0], [(12, 26, 9), (3, 10, 2), (26, 12, 9)]),
    "macd_signal({0}, {1}, {2})": (lambda o, h, l, c, v, *p: talib.MACD(c, *p)[1], [(12, 26, 9), (3, 10, 16)]),
    "macd_hist({0}, {1}, {2})": (lambda o, h, l, c, v, *p: talib.MACD(c, *p)[2], [(12, 26, 9), (3, 10, 16)]),
    "stoch_k({0}, {1}, {2})": (lambda o, h, l, c, v, *p: talib.STOCH(h, l, c, p[0], p[1], 0, p[2], 0)[0],
                               [(14, 3, 3), (5, 1, 3), (50, 10, 40)]),
    "stoch_d({0}, {1}, {2})": (lambda o, h, l, c, v, *p: talib.STOCH(h, l, c, p[0], p[1], 0, p[2], 0)[1],
                               [(14, 3, 3), (5, 1, 3), (50, 10, 40)]),
    "willr({0})": (lambda o, h, l, c, v, n: talib.WILLR(h, l, c, n), [(2,), (14,), (100,)]),
    "cci({0})": (lambda o, h, l, c, v, n: talib.CCI(h, l, c, n), [(2,), (20,), (100,)]),
    "mfi({0})": (lambda o, h, l, c, v, n: talib.MFI(h, l, c, v, n), [(2,), (14,), (100,)]),
    "mom({0})": (lambda o, h, l, c, v, n: talib.MOM(c, n), [(1,), (10,)]),
    "roc({0})": (lambda o, h, l, c, v, n: talib.ROC(c, n), [(1,), (10,)]),
    "trix({0})": (lambda o, h, l, c, v, n: talib.TRIX(c, n), [(2,), (18,), (50,)]),
    "ultosc({0}, {1}, {2})": (lambda o, h, l, c, v, *p: talib.ULTOSC(h, l, c, *p), [(7, 14, 28), (30, 3, 10)]),
    "adx({0})": (lambda o, h, l, c, v, n: talib.ADX(h, l, c, n), [(2,), (14,), (50,)]),
    "plus_di({0})": (lambda o, h, l, c, v, n: talib.PLUS_DI(h, l, c, n), [(2,), (14,), (50,)]),
    "minus_di({0})": (lambda o, h, l, c, v, n: talib.MINUS_DI(h, l, c, n), [(2,), (14,), (50,)]),
    "aroon_up({0})": (lambda o, h, l, c, v, n: talib.AROON(h, l, n)[1], [(2,), (14,), (100,)]),
    "aroon_down({0})": (lambda o, h, l, c, v, n: talib.AROON(h, l, n)[0], [(2,), (14,), (100,)]),
    "psar({0}, {1})": (lambda o, h, l, c, v, *p: talib.SAR(h, l, *p), [(0.02, 0.2), (0.1, 0.1), (0.01, 0.5)]),
    "tr": (lambda o, h, l, c, v: talib.TRANGE(h, l, c), [()]),
    "atr({0})": (lambda o, h, l, c, v, n: talib.ATR(h, l, c, n), [(1,), (14,), (100,)]),
    "natr({0})": (lambda o, h, l, c, v, n: talib.NATR(h, l, c, n), [(2,), (14,), (100,)]),
    "obv": (lambda o, h, l, c, v: talib.OBV(c, v), [()]),
    "highest({0})": (lambda o, h, l, c, v, n: talib.MAX(c, n), [(2,), (20,), (300,)]),
    "lowest({0})": (lambda o, h, l, c, v, n: talib.MIN(c, n), [(2,), (20,), (300,)]),
    "sum({0})": (lambda o, h, l, c, v, n: talib.SUM(c, n), [(2,), (20,), (300,)]),
    "linreg({0})": (lambda o, h, l, c, v, n: talib.LINEARREG(c, n), [(2,), (14,), (100,)]),
    "linreg_slope({0})": (lambda o, h, l, c, v, n: talib.LINEARREG_SLOPE(c, n), [(2,), (14,), (100,)]),
}

TALIB_08 = {
    "hma({0})": (lambda o, h, l, c, v, n: talib.HMA(c, n), [(2,), (9,), (20,), (100,)]),
    "vwma({0})": (lambda o, h, l, c, v, n: talib.VWMA(c, v, n), [(2,), (20,), (100,)]),
    "donchian_upper({0})": (lambda o, h, l, c, v, n: talib.DONCHIAN(h, l, n)[0], [(2,), (20,), (300,)]),
    "donchian_lower({0})": (lambda o, h, l, c, v, n: talib.DONCHIAN(h, l, n)[2], [(2,), (20,), (300,)]),
    "percent_rank({0})": (lambda o, h, l, c, v, n: percent_of(talib.PERCENTRANK(c, n), 0.01), [(2,), (20,), (100,)]),
}


# ---- exact arithmetic ----

def root(x):
    return (Decimal(x.numerator) / Decimal(x.denominator)).sqrt()


def as_decimal(x):
    return Decimal(x.numerator) / Decimal(x.denominator) if isinstance(x, Fraction) else x


def moments(rows, t, n):
    """Mean and standard deviation; None while there are no n bars."""
    if t < n - 1:
        return None
    window = [row[3] for row in rows[t - n + 1:t + 1]]
    mean = sum(window) / n
    return mean, root(sum((x - mean) ** 2 for x in window) / n)


def of_moments(function):
    def values(rows, n, *rest):
        for t, row in enumerate(rows):
            m = moments(rows, t, n)
            yield None if m is None else function(as_decimal(row[3]), as_decimal(m[0]), m[1], *rest)
    return values


def change(rows, n):
    for t, row in enumerate(rows):
        yield None if t < n else as_decimal(row[3] - rows[t - n][3])


def pct_change(rows, n):
    for t, row in enumerate(rows):
        yield None if t < n else as_decimal(row[3] / rows[t - n][3] - 1)


def since_rise(rows):
    age = None
    for t, row in enumerate(rows):
        if row[3] > row[0]:
            age = 0
        elif age is not None:
            age += 1
        yield age


def count_rises(rows, n):
    for t in range(len(rows)):
        yield None if t < n - 1 else sum(row[3] > row[0] for row in rows[t - n + 1:t + 1])


def true_range(rows, t):
    high, low, close = rows[t][1], rows[t][2], rows[t - 1][3]
    return max(high - low, abs(high - close), abs(low - close))


def wilder(rows, n):
    """Wilder's average true range; None before bar n."""
    mean = None
    for t in range(len(rows)):
        if t == n:
            mean = as_decimal(sum(true_range(rows, i) for i in range(1, n + 1)) / n)
        elif t > n:
            mean = (mean * (n - 1) + as_decimal(true_range(rows, t))) / n
        yield mean


def ema(rows, n):
    mean = None
    for t, row in enumerate(rows):
        if t == n - 1:
            mean = as_decimal(sum(r[3] for r in rows[:n]) / n)
        elif t >= n:
            mean += (as_decimal(row[3]) - mean) * 2 / (n + 1)
        yield mean


def keltner(sign):
    def values(rows, n, factor):
        for middle, reach in zip(ema(rows, n), wilder(rows, n)):
            yield None if reach is None else middle + sign * Decimal(factor) * reach
    return values


def supertrend(rows, n, factor):
    upper = lower = None
    rising = False
    for t, reach in enumerate(wilder(rows, n)):
        if reach is None:
            yield None
            continue
        middle, close = as_decimal((rows[t][1] + rows[t][2]) / 2), as_decimal(rows[t][3])
        before = as_decimal(rows[t - 1][3])
        high, low = middle + Decimal(factor) * reach, middle - Decimal(factor) * reach
        upper = high if upper is None or high < upper or before > upper else upper
        lower = low if lower is None or low > lower or before < lower else lower
        if rising and close < lower:
            rising = False
        elif not rising and close > upper and t > n:
            rising = True
        yield lower if rising else upper


def of_bar(function):
    return lambda rows: (function(*(as_decimal(Fraction(x)) for x in row)) for row in rows)


EXACT = {
    "stddev({0})": (of_moments(lambda x, m, s: s), [(1,), (2,), (20,), (100,)]),
    "zscore({0})": (of_moments(lambda x, m, s: (x - m) / s if s else None), [(2,), (20,), (100,)]),
    "bb_upper({0}, {1})": (of_moments(lambda x, m, s, k: m + k * s), [(20, 2), (100, 3)]),
    "bb_middle({0}, {1})": (of_moments(lambda x, m, s, k: m), [(20, 2), (100, 3)]),
    "bb_lower({0}, {1})": (of_moments(lambda x, m, s, k: m - k * s), [(20, 2), (100, 3)]),
    "bb_width({0}, {1})": (of_moments(lambda x, m, s, k: 2 * k * s / m), [(20, 2), (100, 3)]),
    "bb_percent({0}, {1})": (of_moments(lambda x, m, s, k: (x - m + k * s) / (2 * k * s) if s else None),
                             [(20, 2), (100, 3)]),
    "keltner_upper({0}, {1})": (keltner(1), [(20, 2), (10, 1.5)]),
    "keltner_lower({0}, {1})": (keltner(-1), [(20, 2), (10, 1.5)]),
    "supertrend({0}, {1})": (supertrend, [(10, 3), (3, 1.5)]),
    "change({0})": (change, [(1,), (10,)]),
    "pct_change({0})": (pct_change, [(1,), (10,)]),
    "since(close > open)": (since_rise, [()]),
    "count(close > open, {0})": (count_rises, [(1,), (10,)]),
    "abs(close - open)": (of_bar(lambda o, h, l, c, v: abs(c - o)), [()]),
    "min(open, close)": (of_bar(lambda o, h, l, c, v: min(o, c)), [()]),
    "max(open, close)": (of_bar(lambda o, h, l, c, v: max(o, c)), [()]),
    "sqrt(close)": (of_bar(lambda o, h, l, c, v: c.sqrt()), [()]),
    "log(close)": (of_bar(lambda o, h, l, c, v: c.ln()), [()]),
}


# ---- files ----

def write_values(f, call, values):
    numbers = [None if v is None or (isinstance(v, float) and math.isnan(v)) else float(v) for v in values]
    first = next((t for t, v in enumerate(numbers) if v is not None), BARS)
    f.write(f"= {call}, first at bar {first}\n")
    for t in range(first, BARS):
        if t < first + 5 or (t - first) % 11 == 0 or t == BARS - 1:
            f.write(f"{t} {'missing' if numbers[t] is None else repr(numbers[t])}\n")


def write_golden(name, shape, source, calls, evaluate):
    with open(os.path.join(HERE, f"{name}_{shape}.txt"), "w", encoding="ascii") as f:
        f.write(f"# Values on bars_{shape}.txt. Source: {source}\n")
        for pattern, (function, sets) in calls.items():
            for parameters in sets:
                write_values(f, pattern.format(*parameters), evaluate(function, parameters))


def main():
    for shape, rows in SHAPES.items():
        ohlcv = columns(rows)
        talib_source = f"TA-Lib {VERSION}, unstable period 0"

        def by_talib(function, parameters):
            return [float(x) for x in function(*ohlcv, *parameters)]

        if SERIES == "0.6":
            write_bars(shape, rows)
            write_golden("talib-0.6", shape, talib_source, TALIB_06, by_talib)
            write_golden("exact", shape, "the definition in exact arithmetic (make_golden.py)", EXACT,
                         lambda function, parameters: list(function(rows, *parameters)))
        else:
            write_golden(f"talib-{SERIES}", shape, talib_source, TALIB_08, by_talib)


main()
