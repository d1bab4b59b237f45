"""The report: one page that loads nothing, says what the result says, and has what users write as text."""

import base64
import collections
import datetime
import hashlib
import html.parser
import json
import pathlib
import re
import tempfile
import unittest
import xml.etree.ElementTree as ET
from decimal import Decimal
from zoneinfo import ZoneInfo

import harness
import market
from harness import run

STRATEGY = {"take_profit": {"percent": 0.2}, "stop_loss": {"percent": 0.15}, "max_holding": "30m", "flat_at": "15:50",
            "commission": {"per_share": 0.005, "minimum": 1}, "sizing": {"type": "fixed_cash", "value": 9000}}
EVIL = """</title></h1><script>alert("x")</script><img src='//host/x' onerror="y"/>&amp;'"""
MINUS, DASH, SPACE = "\u2212", "\u2013", "\u202f"
NEW_YORK = ZoneInfo("America/New_York")
XHTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"


def number(x, decimals, plus=False, unit=""):
    """A figure as the page has it."""
    if x is None:
        return DASH
    text = f"{abs(x):,.{decimals}f}"
    sign = "" if not text.strip("0.,") else MINUS if x < 0 else "+" if plus else ""
    return sign + text + unit


def percent(x, decimals=2, plus=False):
    return number(None if x is None else 100 * x, decimals, plus, SPACE + "%")


def change(x, decimals=2):
    return percent(x, decimals, True)


class Tags(html.parser.HTMLParser):
    """What a browser's parser makes of the page: names of elements, attributes, texts of scripts and titles."""

    def __init__(self, text):
        super().__init__()
        self.names, self.attributes = collections.Counter(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names[tag] += 1
        self.attributes += attrs


class Page:
    def __init__(self, text):
        self.text = text
        self.root = ET.fromstring(text)

    def section(self, name):
        return next((s for s in self.root.iter(XHTML + "section") if s.get("id") == name), None)

    def rows(self, section, table=None):
        """The body of a table as lists of texts."""
        for t in self.section(section).iter(XHTML + "table"):
            if table in (None, t.get("class")):
                body = t.find(XHTML + "tbody")
                return [["".join(cell.itertext()) for cell in row] for row in body.findall(XHTML + "tr")]
        raise AssertionError(f"no table {table} in {section}")

    def figure(self, title):
        """The wide drawing under a heading."""
        for figure in self.root.iter(XHTML + "figure"):
            if "".join(figure.find(f".//{XHTML}h3").itertext()) == title:
                return next(s for s in figure.iter(SVG + "svg") if s.get("class") == "wide")
        raise AssertionError(f"no figure '{title}'")

    def titles(self, title):
        return ["".join(t.itertext()) for t in self.figure(title).iter(SVG + "title")]

    def terms(self):
        cells = [("".join(e.itertext())) for s in [self.section("request")] for dl in s.iter(XHTML + "dl") for e in dl]
        return dict(zip(cells[::2], cells[1::2]))


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().__enter__()
        cls.client = cls.server.client()
        for seed, symbol in enumerate(("ABC", "XYZ"), 5):
            assert cls.client.import_csv(symbol, market.csv_text(market.make_bars(days=45, seed=seed))).status == 200
        cls.job = cls.create(strategy=STRATEGY, symbols=["ABC", "XYZ"])
        cls.page = cls.page_of(cls.job)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    @classmethod
    def create(cls, **fields):
        body = {"rule": "close > open and rsi(14) < 45", "symbols": ["ABC"], "horizons": ["5m", "30m", "close"], **fields}
        job = cls.client.post("/v1/backtests", json=body, query={"wait": 60}).json()
        assert job["status"] == "succeeded", job
        return job

    @classmethod
    def page_of(cls, job):
        answer = cls.client.get(f"/v1/backtests/{job['id']}/report")
        assert answer.status == 200, answer
        cls.is_self_contained(answer.text())
        return Page(answer.text())

    @staticmethod
    def is_self_contained(text):
        tags = Tags(text)
        for name in ("script", "link", "img", "iframe", "object", "embed", "form", "base"):
            assert tags.names[name] == 0, name
        for name, value in tags.attributes:
            assert not name.startswith("on") and name not in ("style", "src", "srcset", "xlink:href"), (name, value)
            if name == "href":
                assert value.startswith("/v1/"), value
        style = re.search(r"<style>(.*?)</style>", text, re.S).group(1)
        assert "url(" not in style and "@import" not in style
        # Coordinates are numbers.
        places = " ".join(v for n, v in tags.attributes if n in ("d", "x", "y", "cx", "cy", "r", "viewbox"))
        assert re.fullmatch(r"[MLHVZmlhvz0-9 .-]*", places), re.findall(r"[^MLHVZmlhvz0-9 .-]+", places)[:3]
        assert len(text) < 512 * 1024

    def items(self, path, **query):
        answer = self.client.get(f"/v1/backtests/{self.job['id']}/{path}", query={"format": "ndjson", **query})
        return [json.loads(line) for line in answer.text().splitlines()]

    def test_it_has_every_section(self):
        names = [s.get("id") for s in self.page.root.iter(XHTML + "section")]
        self.assertEqual(names, ["summary", "account", "metrics", "forward", "times", "trades", "symbols", "request", "reading"])

    def test_its_policy_is_that_of_its_one_sheet(self):
        answer = self.client.get(f"/v1/backtests/{self.job['id']}/report")
        style = re.search(r"<style>(.*?)</style>", answer.text(), re.S).group(1)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = answer.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertIn(f"style-src 'sha256-{digest}';", policy)
        meta = [m.get("content") for m in self.page.root.iter(XHTML + "meta") if m.get("http-equiv") == "Content-Security-Policy"]
        self.assertEqual(len(meta), 1)
        self.assertTrue(policy.startswith(meta[0]))
        self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")

    def test_metrics_are_those_of_the_result(self):
        rows = {row[0]: row[1:] for row in self.page.rows("metrics")}
        cases = [self.job["result"][name] for name in ("metrics", "metrics_worst", "metrics_best")]
        same = {"Total return": ("total_return", change), "Buy and hold": ("buy_and_hold", change), "CAGR": ("cagr", change),
                "Annualised volatility": ("annual_volatility", percent), "Maximum drawdown": ("max_drawdown", percent),
                "Exposure": ("exposure", percent), "Win rate": ("win_rate", percent), "Best trade": ("best_trade", change),
                "Worst trade": ("worst_trade", change), "Median trade": ("median_trade", change)}
        for name in ("sharpe", "sortino", "calmar", "turnover", "profit_factor", "payoff_ratio"):
            same[name.capitalize().replace("_", " ")] = (name, lambda x: number(x, 2))
        for name in ("gross_profit", "gross_loss", "commission"):
            same[name.capitalize().replace("_", " ")] = (name, lambda x: number(float(x), 2))
        for label, name in (("Trades", "trades"), ("Won", "wins"), ("Lost", "losses"), ("Ambiguous", "ambiguous"),
                            ("Longest losing run", "longest_losing_run")):
            same[label] = (name, lambda x: number(x, 0))
        for label, (name, show) in same.items():
            with self.subTest(metric=label):
                self.assertEqual(rows[label], [show(case[name]) for case in cases])

    def test_forward_returns_are_those_of_the_result(self):
        horizons = self.job["result"]["study"]["horizons"]
        largest = max(max(abs(h["mean"]), abs(h["difference"])) for h in horizons)
        decimals = 2 if largest >= 0.1 else 3 if largest >= 0.0005 else 4
        want = [[h["horizon"], number(h["n"], 0), change(h["mean"], decimals), change(h["median"], decimals),
                 change(h["base_mean"], decimals), change(h["difference"], decimals),
                 f"{change(h['ci_low'], decimals)} to {change(h['ci_high'], decimals)}",
                 percent(h["hit_rate"], 1), percent(h["base_hit_rate"], 1)] for h in horizons]
        self.assertEqual(self.page.rows("forward"), want)

    def test_bars_and_map_add_up_to_the_fires(self):
        fires = self.job["result"]["fires"]
        self.assertGreater(fires, 200)
        for title in ("Fire map", "Fires by time of day, in steps of 10 minutes", "Fires by weekday", "Fires by month"):
            counts = [int(t.rpartition(": ")[2].replace(",", "")) for t in self.page.titles(title)]
            self.assertEqual(sum(counts), fires, title)
        groups = {g["weekday"]: g["fires"] for g in self.job["result"]["study"]["by_weekday"]}
        self.assertEqual(self.page.titles("Fires by weekday"),
                         [f"{day}: {groups[day.lower()]:,}" for day in ("Mon", "Tue", "Wed", "Thu", "Fri")])

    def test_trades_are_those_of_the_list(self):
        trades = self.items("trades")
        self.assertGreater(len(trades), 100)
        rows = self.page.rows("trades", "trades")
        self.assertEqual(len(rows), 100)
        for i, (row, t) in enumerate(zip(rows, trades), 1):
            entry = datetime.datetime.fromisoformat(t["entry_at"]).astimezone(NEW_YORK)
            self.assertEqual(row[0:3], [str(i), t["symbol"], entry.strftime("%-d %b %Y %H:%M")])
            self.assertEqual(row[6:9], [t["quantity"], number(float(t["pnl"]), 2, True), change(t["return"])])
            self.assertEqual("ambiguous" in row[9], t["ambiguous"])
        text = "".join(self.page.section("trades").itertext())
        self.assertIn(f"100 of {len(trades):,}", text)
        skipped = self.job["result"]["trades"]
        self.assertIn(f"{len(trades):,} of {self.job['result']['fires']:,} fires were entered: "
                      f"{skipped['in_position']:,} found a position open", text)
        link = self.page.section("trades").find(f".//{XHTML}a").get("href")
        csv = self.client.get(link.partition("?")[0], query={"format": "csv"})
        self.assertEqual(len(csv.text().splitlines()), len(trades) + 1)

    def test_endings_add_up(self):
        trades = self.items("trades")
        rows = self.page.rows("trades", "endings")
        self.assertEqual(sum(int(row[1].replace(",", "")) for row in rows), len(trades))
        shown = sum(Decimal(row[5].replace(MINUS, "-").replace(",", "")) for row in rows)
        self.assertAlmostEqual(shown, sum(Decimal(t["pnl"]) for t in trades), delta=Decimal("0.05"))
        counts = [int(t.rpartition(": ")[2].replace(",", "")) for t in self.page.titles("Trades by their return")]
        self.assertEqual(sum(counts), len(trades))

    def test_months_are_those_of_the_equity(self):
        ends, before, want = {}, None, {}
        for p in self.items("equity"):
            before = before or Decimal(p["equity"])
            at = datetime.datetime.fromisoformat(p["at"]).astimezone(NEW_YORK)
            ends[(at.year, at.month)] = Decimal(p["equity"])
        start = before
        for (year, month), end in sorted(ends.items()):
            want[month] = float(end / before - 1)
            before = end
        (row,) = self.page.rows("account", "months")
        self.assertEqual(row[0], "2024")
        self.assertEqual(row[1:13], [change(want[m], 1) if m in want else "" for m in range(1, 13)])
        self.assertEqual(row[13], change(float(before / start - 1), 1))

    def test_symbols_are_those_of_the_result(self):
        symbols = {s["symbol"]: s for s in self.job["result"]["symbols"]}
        rows = self.page.rows("symbols")
        profits = [Decimal(symbols[row[0]]["trades"]["pnl"]) for row in rows]
        self.assertEqual(profits, sorted(profits, reverse=True))
        for row in rows:
            s = symbols[row[0]]
            h = s["horizons"][1]
            self.assertEqual(row[1:5], [number(s["fires"], 0), change(h["mean"], 3), change(h["difference"], 3), percent(h["hit_rate"], 1)])
            self.assertEqual(row[5], number(s["trades"]["count"], 0))

    def test_the_request_and_its_origin_are_told(self):
        terms = self.page.terms()
        result = self.job["result"]
        self.assertEqual(terms["Digest"], result["digest"])
        self.assertEqual(terms["Backtest"], self.job["id"])
        for s in result["symbols"]:
            self.assertIn(f"{s['symbol']} {s['data_hash']}", terms["Data hashes"])
        self.assertEqual(terms["Rule"], "close > open and rsi(14) < 45")
        self.assertEqual(terms["Take profit"], "0.2 %")
        self.assertEqual(terms["Commission"], "per share 0.005, minimum 1")
        self.assertEqual(terms["Side"], "long (default)")
        self.assertEqual(terms["Trigger"], "on_true (default)")

    def test_what_users_write_is_text(self):
        page = self.page_of(self.create(name=EVIL, rule="close < 1e9 and close > 1", symbols=["ABC"]))
        self.assertEqual("".join(page.root.find(f".//{XHTML}h1").itertext()), EVIL)
        self.assertEqual("".join(page.root.find(f".//{XHTML}pre").itertext()), "close < 1e9 and close > 1")
        self.assertIn(EVIL, "".join(page.root.find(f".//{XHTML}title").itertext()))

    def test_small_backtests_have_a_page_too(self):
        day = {"from": "2024-01-02", "to": "2024-01-02"}
        for fields in ({"rule": "close < 0"}, {"rule": "close < 0", "strategy": STRATEGY}, {**day, "rule": "close < 0"},
                       {**day, "trigger": "once_per_day", "rule": "close > 0"}, {**day, "strategy": STRATEGY},
                       {**day, "trigger": "once_per_day", "rule": "close > 0", "strategy": STRATEGY},
                       {**day, "rule": "close > 0", "trigger": "every_bar", "timeframe": "1d", "strategy": STRATEGY},
                       {"rule": "close > 0", "trigger": "every_bar", "timeframe": "30m", "horizons": ["next_open"]}):
            with self.subTest(**fields):
                job = self.create(**fields)
                page = self.page_of(job)
                self.assertEqual(page.section("account") is not None, "strategy" in fields)
                self.assertEqual(page.section("times") is not None, job["result"]["fires"] > 0)
                self.assertIn(f"{job['result']['fires']:,}" if job["result"]["fires"] else "never fired",
                              "".join(page.section("summary").itertext()))

    def test_few_fires_are_warned_of(self):
        few = self.create(trigger="once_per_day", rule="close > 0", **{"from": "2024-01-02", "to": "2024-01-12"})
        self.assertIn("Few fires.", self.page_of(few).text)
        self.assertNotIn("Few fires.", self.page.text)

    def test_ambiguous_trades_are_warned_of_with_both_bounds(self):
        strategy = {**STRATEGY, "take_profit": {"percent": 0.02}, "stop_loss": {"percent": 0.02}}
        job = self.create(strategy=strategy)
        result = job["result"]
        self.assertGreater(result["metrics"]["ambiguous"], 0.05 * result["metrics"]["trades"])
        text = "".join(self.page_of(job).section("summary").itertext())
        self.assertIn("Ambiguous exits.", text)
        self.assertIn(change(result["metrics_worst"]["total_return"]), text)
        self.assertIn(change(result["metrics_best"]["total_return"]), text)

    def test_it_is_cached_and_refused_like_other_results(self):
        path = f"/v1/backtests/{self.job['id']}/report"
        tag = self.client.get(path).headers["ETag"]
        self.assertEqual(self.client.get(path, headers={"If-None-Match": tag}).status, 304)
        self.assertEqual(self.client.get(path, query={"x": 1}).status, 400)
        self.assertEqual(self.client.get(path, headers={"Authorization": ""}).status, 401)
        self.assertEqual(self.client.get("/v1/backtests/01890000-0000-7000-8000-000000000000/report").status, 404)
        self.assertEqual(self.client.get("/v1/backtests/nothing/report").status, 404)

    # ---- the command line

    def cli(self, *arguments):
        return run("backtest", "--symbol", "ABC", "--take-profit", "0.2%", "--stop-loss", "0.15%", "--horizons", "5m,close",
                   *arguments, env={"BRACKETD_KEY": self.server.key})

    def test_the_command_line_writes_the_same_page_with_and_without_a_server(self):
        with tempfile.TemporaryDirectory(prefix="bracketd-report-") as folder:
            local, remote = pathlib.Path(folder) / "local.html", pathlib.Path(folder) / "remote.html"
            bars = pathlib.Path(folder) / "abc.csv"
            bars.write_text(market.csv_text(market.make_bars(days=45, seed=5)))
            self.assertEqual(run("import", "--data", folder + "/d", "--symbol", "ABC", bars).returncode, 0)
            done = self.cli("--data", folder + "/d", "--report", local, "rsi(14) < 40")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("fires", done.stdout)
            done = self.cli("--url", f"http://127.0.0.1:{self.server.port}", "--report", remote, "rsi(14) < 40")
            self.assertEqual(done.returncode, 0, done.stderr)
            pages = [Page(path.read_text()) for path in (local, remote)]
            for page in pages:
                self.is_self_contained(page.text)
            self.assertIsNone(pages[0].section("trades").find(f".//{XHTML}a"))
            for name in ("summary", "account", "metrics", "forward", "times"):
                self.assertEqual(*(ET.tostring(page.section(name)) for page in pages), name)
            self.assertEqual(*(page.rows("trades", "trades") for page in pages))
            self.assertEqual(*(page.terms()["Digest"] for page in pages))

    def test_a_file_changes_only_when_there_is_a_report(self):
        with tempfile.TemporaryDirectory(prefix="bracketd-report-") as folder:
            url = ("--url", f"http://127.0.0.1:{self.server.port}")
            there, new = pathlib.Path(folder) / "there.html", pathlib.Path(folder) / "new.html"
            there.write_text("mine" * 200000)
            for path in (there, new):
                self.assertEqual(self.cli(*url, "--report", path, "rsj(14) < 40").returncode, 1)
            self.assertEqual(there.read_text(), "mine" * 200000)
            self.assertFalse(new.exists())
            nowhere = self.cli(*url, "--report", folder + "/no/such/folder.html", "rsi(14) < 40")
            self.assertEqual(nowhere.returncode, 1)
            self.assertIn("folder.html", nowhere.stderr)
            self.assertEqual(self.cli(*url, "--report", there, "rsi(14) < 40").returncode, 0)
            Page(there.read_text())


if __name__ == "__main__":
    unittest.main()
