"""Generated bars, and rules evaluated straight from their definitions: the independent reference that the
server's answers are held against. Prices are integers of cents, so that ties are exact."""

import datetime
import random
from fractions import Fraction
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
HOLIDAYS_2024 = {"2024-01-01", "2024-01-15", "2024-02-19", "2024-03-29", "2024-05-27", "2024-06-19", "2024-07-04",
                 "2024-09-02", "2024-11-28", "2024-12-25"}
HALF_DAYS_2024 = {"2024-07-03", "2024-11-29", "2024-12-24"}


class Bar:
    __slots__ = ("at", "open", "high", "low", "close", "volume")

    def __init__(self, at, o, h, l, c, v):
        self.at, self.open, self.high, self.low, self.close, self.volume = at, o, h, l, c, v


def sessions(first="2024-01-02", days=5):
    """Session dates of XNYS in 2024, with the number of minutes."""
    day = datetime.date.fromisoformat(first)
    while days:
        if day.weekday() < 5 and day.isoformat() not in HOLIDAYS_2024:
            yield day, 210 if day.isoformat() in HALF_DAYS_2024 else 390
            days -= 1
        day += datetime.timedelta(days=1)


def make_bars(days=5, first="2024-01-02", seed=1, missing=0.02, step=12):
    """A random walk in cents; the same seed gives the same bars."""
    generator = random.Random(seed)
    price, bars = 10000, []
    for day, minutes in sessions(first, days):
        opening = datetime.datetime.combine(day, datetime.time(9, 30), NEW_YORK).astimezone(datetime.timezone.utc)
        for minute in range(minutes):
            if generator.random() < missing:
                continue
            o = max(100, price + generator.randint(-step // 3, step // 3))
            c = max(100, o + generator.randint(-step, step))
            h = max(o, c) + generator.randint(0, step // 2)
            l = max(1, min(o, c) - generator.randint(0, step // 2))
            bars.append(Bar(opening + datetime.timedelta(minutes=minute), o, h, l, c, generator.randint(0, 5000)))
            price = c
    return bars


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def cents(value):
    return f"{value // 100}.{value % 100:02d}"


def csv_text(bars):
    lines = ["time,open,high,low,close,volume"]
    lines += [f"{stamp(b.at)},{cents(b.open)},{cents(b.high)},{cents(b.low)},{cents(b.close)},{b.volume}" for b in bars]
    return "\n".join(lines) + "\n"


def rsi(closes, period):
    """Wilder's, from its definition; None where there is no value."""
    out, gain, loss = [None] * len(closes), 0.0, 0.0
    for i in range(1, len(closes)):
        up, down = max(closes[i] - closes[i - 1], 0.0), max(closes[i - 1] - closes[i], 0.0)
        if i <= period:
            gain, loss = gain + up / period, loss + down / period
        else:
            gain, loss = (gain * (period - 1) + up) / period, (loss * (period - 1) + down) / period
        if i >= period:
            out[i] = 50.0 if gain + loss == 0 else 100.0 * gain / (gain + loss)
    return out


def sma(values, period):
    """Exact: values are integers, the mean is a fraction."""
    out, total = [None] * len(values), 0
    for i, value in enumerate(values):
        total += value - (values[i - period] if i >= period else 0)
        if i >= period - 1:
            out[i] = Fraction(total, period)
    return out


def oversold_in_uptrend(units, scale):
    """rsi(14) < 30 and close > sma(200), bar by bar; prices are units / scale."""
    strength = rsi([u / scale for u in units], 14)
    mean = sma(units, 200)
    return [r is not None and m is not None and r < 30 and u > m for r, m, u in zip(strength, mean, units)]
