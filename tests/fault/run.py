#!/usr/bin/python3
"""Crash tests: the real server, killed and hindered in every way that can be scripted, and a checker of what is left.

    tests/fault/run.py --binary build/release/bracketd --shim build/release/tests/fault/shim.so [PART ...]

Parts: shim, checker, faults, points, cycles; all by default. Prints a line per test and, last, "N passed, N failed".
docs/crash-tests.md says what is proved and how to repeat one."""

import argparse
import concurrent.futures
import multiprocessing
import os
import pathlib
import random
import sys
import time
import traceback
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import cycles  # noqa: E402
import points  # noqa: E402
import process  # noqa: E402
import scenarios  # noqa: E402

LIFE_CYCLES = 25
TOLD_POINTS = 500  # a line after so many


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def line(self, ok, name, seconds, note=""):
        self.passed += ok
        self.failed += not ok
        print(f"{'ok' if ok else 'FAIL':4} {name} ({seconds:.1f} s){note}", flush=True)


class UnitResult(unittest.TestResult):
    """A line per test of unittest."""

    def __init__(self, report):
        super().__init__()
        self.report, self.begin = report, time.monotonic()

    def startTest(self, test):
        super().startTest(test)
        self.begin = time.monotonic()

    def addSuccess(self, test):
        self.report.line(True, test.id(), time.monotonic() - self.begin)

    def addSkip(self, test, reason):
        print(f"skip {test.id()}: {reason}", flush=True)

    def addFailure(self, test, err):
        self.report.line(False, test.id(), time.monotonic() - self.begin)
        traceback.print_exception(*err, file=sys.stdout)

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addFailure(subtest, err)


def run_units(report, pattern):
    suite = unittest.defaultTestLoader.discover(str(HERE), pattern=pattern)
    suite.run(UnitResult(report))


def guarded(function, arguments):
    """In a process of its own: (seconds, what it returned, the trace of its failure)."""
    begin = time.monotonic()
    try:
        result = function(*arguments)
        return time.monotonic() - begin, result, None
    except Exception:  # noqa: BLE001: told by the parent
        return time.monotonic() - begin, None, traceback.format_exc()


def run_side_by_side(options, tasks):
    """Yields (task, its result) as they end; a task is (name, function, arguments)."""
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        futures = {pool.submit(guarded, function, arguments): name for name, function, arguments in tasks}
        for future in concurrent.futures.as_completed(futures):
            seconds, result, trace = future.result()
            yield futures[future], seconds, result, trace


def run_cycles(report, options):
    """Lives of LIFE_CYCLES kills each, until there were as many as asked for."""
    left, tasks = options.n, []
    while left > 0:
        count = min(left, options.life)
        seed = f"{options.seed}.{len(tasks)}"
        tasks.append((f"life {seed}: {count} kills", cycles.life, (seed, count, options.evidence)))
        left -= count
    sums, recoveries = {}, []
    for name, seconds, result, trace in run_side_by_side(options, tasks):
        report.line(trace is None, name, seconds)
        if trace:
            print(trace)
            continue
        recoveries += result.pop("recoveries")
        for what, count in result.pop("counts").items():
            sums[what] = sums.get(what, 0) + count
        for what, count in result.items():
            sums[what] = sums.get(what, 0) + count
    tell_sums("cycles", sums, recoveries)


def tell_sums(name, sums, recoveries):
    recoveries.sort()
    slow = f"; recovery p50 {recoveries[len(recoveries) // 2]:.3f} s, max {recoveries[-1]:.3f} s" if recoveries else ""
    print(f"{name}: " + ", ".join(f"{count} {what}" for what, count in sorted(sums.items())) + slow, flush=True)


def run_points(report, options):
    chosen = [s for s in scenarios.SCENARIOS if not options.only or options.only in s.__name__]
    counted = [(f"{s.__name__} counted", list_points, (s, options.evidence)) for s in chosen]
    found = []
    for name, seconds, result, trace in run_side_by_side(options, counted):
        report.line(trace is None, name, seconds)
        if trace:
            print(trace)
        else:
            found += result
    random.Random(f"points {options.seed}").shuffle(found)
    picked = found if options.points == 0 else found[:options.points]
    recoveries, missed = [], 0
    tasks = [(point.name, points.run, (point.scenario, point.name, options.evidence, point)) for point in picked]
    failed = 0
    for done, (name, seconds, result, trace) in enumerate(run_side_by_side(options, tasks), 1):
        if done % TOLD_POINTS == 0:
            print(f"points: {done} of {len(picked)} run", flush=True)
        if trace:
            failed += 1
            report.line(False, name, seconds)
            print(trace)
            continue
        report.passed += 1
        missed += result[1] == 0
        recoveries += result[2]
    tell_sums("points", {"found": len(found), "run": len(picked), "not reached": missed, "failed": failed}, recoveries)


def list_points(scenario, evidence):
    return list(points.of(scenario, evidence))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--shim", required=True)
    parser.add_argument("--n", type=int, default=200, help="kill cycles")
    parser.add_argument("--points", type=int, default=200, help="kills within scenarios, of all that there are; 0 = all")
    parser.add_argument("--life", type=int, default=LIFE_CYCLES, help="kills of one data folder")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--evidence", default="build/release/crash")
    parser.add_argument("--only", default="", help="scenarios whose name holds it")
    parser.add_argument("parts", nargs="*")
    options = parser.parse_args()
    process.BINARY = str(pathlib.Path(options.binary).resolve())
    process.SHIM = str(pathlib.Path(options.shim).resolve())
    parts = options.parts or ["shim", "checker", "faults", "points", "cycles"]

    report = Report()
    for part in parts:
        if part in ("shim", "checker", "faults"):
            run_units(report, f"test_{part}*.py")
        elif part == "points":
            run_points(report, options)
        elif part == "cycles":
            run_cycles(report, options)
        else:
            parser.error(f"no part '{part}'")
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
