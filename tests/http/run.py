#!/usr/bin/python3
"""Black-box tests: they start the real binary and talk to it as a user would.

    tests/http/run.py --binary build/release/bracketd [PATTERN ...]

Prints a line per test and, last, `N passed, N failed`. A PATTERN keeps the tests whose name holds it.
"""

import argparse
import pathlib
import sys
import time
import traceback
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import harness  # noqa: E402


class LineResult(unittest.TestResult):
    """One line per test, the trace of a failure right under it."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self.failed = 0
        self.skips = 0
        self.started = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def line(self, word, test, note=""):
        seconds = time.monotonic() - self.started
        print(f"{word:4} {test.id()} ({seconds:.1f} s){note}", flush=True)

    def addSuccess(self, test):
        self.passed += 1
        self.line("ok", test)

    def addSkip(self, test, reason):
        self.skips += 1
        self.line("skip", test, f": {reason}")

    def fail(self, test, err):
        self.failed += 1
        self.line("FAIL", test)
        traceback.print_exception(*err, file=sys.stdout)
        harness.show_logs(sys.stdout)

    def addFailure(self, test, err):
        self.fail(test, err)

    def addError(self, test, err):
        self.fail(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.fail(subtest, err)


def flatten(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flatten(item)
        else:
            yield item


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("patterns", nargs="*")
    arguments = parser.parse_args()
    harness.BINARY = str(pathlib.Path(arguments.binary).resolve())

    tests = list(flatten(unittest.defaultTestLoader.discover(str(HERE), pattern="test_*.py")))
    if arguments.patterns:
        tests = [t for t in tests if any(p in t.id() for p in arguments.patterns)]
    result = LineResult()
    unittest.TestSuite(tests).run(result)
    skipped = f", {result.skips} skipped" if result.skips else ""
    print(f"{result.passed} passed, {result.failed} failed{skipped}")
    return 1 if result.failed or not result.passed else 0


if __name__ == "__main__":
    sys.exit(main())
