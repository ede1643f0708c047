"""What `make test` and `make check` do.

    python -m tests.run check    the gates and the unit tests
    python -m tests.run test     that, then the tests with real servers and the short crash tests

It says first what the tests need, what of it is there, what is built now and what is left out and why, and says
again what was left out as its last lines. What has to be built is built while the gates and the unit tests run.
With `CI=true` nothing may be left out: it ends at once and names what is missing.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.servers.inventory import Stock, take_stock

_BIN = Path(sys.executable).parent
_PYTEST = [sys.executable, "-m", "pytest", "-q"]
_SERVER_MARKERS = "kube or kafka or oracle or helm or dockerfile or kubectl"


@dataclass(frozen=True, slots=True)
class Step:
    """One command; the run goes on when it fails, so that one run tells everything."""

    name: str
    command: list[str]

    def passes(self) -> bool:
        print(f"\n== {self.name}", flush=True)
        started = time.monotonic()
        run = subprocess.run(self.command, check=False)
        print(f"== {self.name}: {_ending(run.returncode)} in {time.monotonic() - started:.0f} s", flush=True)
        return run.returncode == 0


GATES = [
    Step("format", [str(_BIN / "ruff"), "format", "--check"]),
    Step("lint", [str(_BIN / "ruff"), "check", "--quiet"]),
    Step("types", [sys.executable, "-m", "mypy"]),
    Step("layers", [str(_BIN / "lint-imports")]),
]
UNIT = [Step("unit tests", [*_PYTEST, "-n", "2", "-m", f"not ({_SERVER_MARKERS} or crash)"])]
WITH_SERVERS = [
    # Two at once, each with servers of its own: they wait for them most of the time. A file shares what it has set up.
    Step(
        "tests with real servers",
        [*_PYTEST, "-n", "2", "--dist", "loadfile", "-m", f"({_SERVER_MARKERS}) and not crash"],
    ),
    Step("crash tests", [*_PYTEST, "-m", "crash", "--timeout", "900"]),
]


class Build:
    """One server that is built in the background, out of the way of what is running."""

    def __init__(self, stock: Stock, log_folder: Path) -> None:
        self.name = stock.need.name
        self._log = log_folder / f"{self.name}.log"
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                ["nice", sys.executable, "-m", "tests.servers.inventory", "--build", self.name],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def succeeds(self) -> bool:
        """Wait for its end, with a sign of life each minute."""
        started = time.monotonic()
        while True:
            try:
                code = self._process.wait(60)
            except subprocess.TimeoutExpired:
                print(f"waiting for {self.name} to be built: {time.monotonic() - started:.0f} s", flush=True)
                continue
            if code:
                print(f"building {self.name} failed:\n{self._log.read_text(errors='replace')[-4000:]}")
            return code == 0

    def cancel(self) -> None:
        """End it with the compiler and all else that it started; harmless when it has ended."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait()


def main() -> int:
    # A shell starts what runs in its background with SIGINT ignored, which every process below would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parser = argparse.ArgumentParser(prog="python -m tests.run")
    parser.add_argument("what", choices=["check", "test"])
    if parser.parse_args().what == "check":
        return _conclude([step.name for step in GATES + UNIT if not step.passes()], [])

    stocks = take_stock()
    print("what the tests need:", *stocks, sep="\n  ", flush=True)
    left_out = [stock for stock in stocks if stock.reason]
    if left_out and os.environ.get("CI") == "true":
        return _conclude(["CI=true: nothing may be left out"], left_out)
    with tempfile.TemporaryDirectory(prefix="kikkake-builds-") as log_folder:
        builds = [Build(stock, Path(log_folder)) for stock in stocks if stock.can_build]
        try:
            failed = [step.name for step in GATES + UNIT if not step.passes()]
            failed += [f"building {build.name}" for build in builds if not build.succeeds()]
        finally:
            for build in builds:
                build.cancel()
    if os.environ.get("SERVERS") != "none":
        failed += [step.name for step in WITH_SERVERS if not step.passes()]
    return _conclude(failed, left_out)


def _conclude(failed: list[str], left_out: list[Stock]) -> int:
    print(f"\nFAILED: {', '.join(failed)}" if failed else "\nall passed")
    print("left out:", *(map(str, left_out) if left_out else ["nothing"]), sep="\n  ", flush=True)
    return 1 if failed else 0


def _ending(code: int) -> str:
    if code < 0:
        return f"ended by signal {-code}"
    return "failed" if code else "passed"


if __name__ == "__main__":
    sys.exit(main())
