"""Every formula of docs/metrics.md, from an account of naive_trades.py. Standard library only."""

import datetime
import math
import statistics

ONE = 1_000_000


def ratio(a, b):
    return a / b if b else None


def daily(account):
    """Equity at the last mark of each UTC date, behind that of the start."""
    equity, dates = [account.points[0]["equity"] / ONE], []
    for point in account.points[1:]:
        if not point["mark"]:
            continue
        date = (point["at"] - datetime.timedelta(microseconds=1)).date()
        if dates and dates[-1] == date:
            equity[-1] = point["equity"] / ONE
        else:
            dates.append(date)
            equity.append(point["equity"] / ONE)
    return equity


def drawdown(points):
    peak, worst = 0, (0.0, None, None)
    for i, point in enumerate(points):
        if point["equity"] >= points[peak]["equity"]:
            peak = i
        depth = (points[peak]["equity"] - point["equity"]) / points[peak]["equity"]
        if depth > worst[0]:
            worst = (depth, peak, i)
    depth, peak, trough = worst
    if peak is None:
        return {"max_drawdown": 0, "drawdown_peak": None, "drawdown_trough": None, "drawdown_recovered": None, "drawdown_duration_s": 0}
    after = next((p["at"] for p in points[trough:] if p["equity"] >= points[peak]["equity"]), None)
    begin = points[peak]["at"]
    return {"max_drawdown": depth, "drawdown_peak": begin, "drawdown_trough": points[trough]["at"], "drawdown_recovered": after,
            "drawdown_duration_s": ((after or points[-1]["at"]) - begin).total_seconds()}


def of_account(account, rate):
    equity = daily(account)
    returns = [b / a - 1 for a, b in zip(equity, equity[1:])]
    free = (1 + rate) ** (1 / 252) - 1
    points = account.points
    growth = points[-1]["equity"] / points[0]["equity"]
    years = (points[-1]["at"] - points[0]["at"]).total_seconds() / 86400 / 365.25
    deviation = statistics.stdev(returns) if len(returns) > 1 else None
    mean = statistics.fmean(returns)
    below = math.sqrt(sum(min(0.0, r - free) ** 2 for r in returns) / len(returns))
    out = {"total_return": growth - 1, "cagr": growth ** (1 / years) - 1, "days": len(returns), **drawdown(points)}
    out["annual_volatility"] = None if deviation is None else deviation * math.sqrt(252)
    out["sharpe"] = None if not deviation else (mean - free) / deviation * math.sqrt(252)
    out["sortino"] = None if not below else (mean - free) / below * math.sqrt(252)
    out["calmar"] = ratio(out["cagr"], out["max_drawdown"])
    out["turnover"] = sum(t["turnover"] for t in account.trades) / ONE / statistics.fmean(equity)
    return out


def of_market(account, firsts):
    counted = [s.bars[first:s.end] for s, first in zip(account.symbols, firsts) if first < s.end]
    held = {(t["symbol_index"], t["held"][0] + k) for t in account.trades for k in range(t["held"][1])}
    return {"exposure": len(held) / sum(map(len, counted)),
            "buy_and_hold": statistics.fmean(bars[-1].close / bars[0].open - 1 for bars in counted)}


def of_trades(account):
    trades = account.trades
    wins, losses = [t["pnl"] for t in trades if t["pnl"] > 0], [-t["pnl"] for t in trades if t["pnl"] < 0]
    gains, returns = [t["pnl"] for t in trades], [t["return"] for t in trades]
    with_risk = [t["pnl"] / t["risk"] for t in trades if t["risk"]]
    longest = run = 0
    for gain in gains:
        run = run + 1 if gain < 0 else 0
        longest = max(longest, run)
    n = len(trades)
    return {
        "trades": n, "wins": len(wins), "losses": len(losses), "ambiguous": sum(t["ambiguous"] for t in trades),
        "win_rate": ratio(len(wins), n), "gross_profit": sum(wins) / ONE, "gross_loss": sum(losses) / ONE,
        "commission": sum(t["commission"] for t in trades) / ONE, "profit_factor": ratio(sum(wins), sum(losses)),
        "expectancy": ratio(sum(gains) / ONE, n), "expectancy_r": statistics.fmean(with_risk) if with_risk else None,
        "payoff_ratio": statistics.fmean(wins) / statistics.fmean(losses) if wins and losses else None,
        "average_trade": statistics.fmean(returns) if returns else None,
        "median_trade": statistics.median(returns) if returns else None,
        "best_trade": max(returns, default=None), "worst_trade": min(returns, default=None),
        "average_holding_s": statistics.fmean((t["exit_at"] - t["entry_at"]).total_seconds() for t in trades) if trades else None,
        "average_bars_held": statistics.fmean(t["bars_held"] for t in trades) if trades else None,
        "longest_losing_run": longest,
    }


def metrics(account, rate, firsts):
    out = {**of_account(account, rate), **of_market(account, firsts), **of_trades(account)}
    out["trades_per_day"] = ratio(out["trades"], out["days"])
    return out
