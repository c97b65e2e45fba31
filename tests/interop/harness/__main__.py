"""Runs the suites: `python -m harness [SUITE | SUITE.CLASS]…`; without arguments, all of them.

One line per case, above it what was exchanged, at the end a plain `N passed, N failed`. A skipped case is a failed one:
whatever a case needs is there, or the machine is not as `run` leaves it.
"""

import re
import sys
import time
import traceback
import unittest
from pathlib import Path

SUITES = sorted(path.stem for path in (Path(__file__).parent.parent / "suites").glob("[a-z]*.py"))


def words(name: str) -> str:
    """`ABigCase` and `test_it_works` as words."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return spaced.removeprefix("test_").replace("_", " ")


def sentence(case) -> str:
    """What a case says: of its class and its method, or of the class whose setting up went wrong."""
    if isinstance(case, unittest.TestCase):
        method = getattr(case, "says", None) or words(case.id().rpartition(".")[2])
        return f"{words(type(case).__name__)}: {method}"
    return str(case)


class Report(unittest.TestResult):
    """Prints each case as it ends."""

    def __init__(self):
        super().__init__()
        self.passed, self.failed = 0, []
        self._began = time.monotonic()
        self._of = None

    def startTest(self, test):
        super().startTest(test)
        if type(test) is not self._of:
            self._of = type(test)
            about = (self._of.__doc__ or "").strip().partition("\n")[0]
            print(f"\n== {words(self._of.__name__)}: {about}", flush=True)
        self._began = time.monotonic()
        self._faults = 0
        print(f"  … {sentence(test)}", flush=True)

    def stopTest(self, test):
        super().stopTest(test)
        if self._faults == 0:
            self.passed += 1
            print(f"  ok {sentence(test)} ({time.monotonic() - self._began:.1f} s)", flush=True)

    def fault(self, test, error):
        self._faults = 1
        self.failed.append(sentence(test))
        print("".join(traceback.format_exception(*error)), end="")
        print(f"  FAILED {sentence(test)}", flush=True)

    def addError(self, test, err):
        self.fault(test, err)

    def addFailure(self, test, err):
        self.fault(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.fault(test, err)

    def addSkip(self, test, reason):
        self._faults = 1
        self.failed.append(sentence(test))
        print(f"  FAILED {sentence(test)}: {reason}", flush=True)


def main(names: list) -> int:
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames([f"suites.{name}" for name in names or SUITES])
    report = Report()
    suite.run(report)
    for name in report.failed:
        print(f"FAILED {name}")
    print(f"{report.passed} passed, {len(report.failed)} failed", flush=True)
    return 0 if report.passed and not report.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
