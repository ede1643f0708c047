"""What the tests need beyond Python: what is there, what can be built, and what is missing and why.

    python -m tests.servers.inventory                  prints the list
    python -m tests.servers.inventory --build [NAME]   builds or fetches what is not there

`SERVERS=none` leaves all of it out; `SERVERS=kube,kubectl` leaves out the others.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.servers import kafka, kube
from tests.servers.dockerfile_check import CHECKER
from tests.servers.helm import HELM
from tests.servers.kubectl import KUBECTL, find_kubectl

_GO_MOD = Path(__file__).parent / "kube" / "go.mod"
_OLDEST_JAVA = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that tests need; `name` is the pytest marker of those tests where it is a server."""

    name: str
    what: str
    find: Callable[[], Path | None]
    """Where it is, or None where it has to be built first."""
    build: Callable[[], Path] | None = None
    minutes: int = 0
    """What building takes on two cores with cold caches."""
    missing_to_run: Callable[[], list[str]] = list
    missing_to_build: Callable[[], list[str]] = list


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What was found of one need: exactly one of `found`, `can_build` and `reason` says how it stands."""

    need: Need
    found: Path | None = None
    can_build: bool = False
    reason: str = ""
    """Why the tests that need it are left out, and what would help."""

    def __str__(self) -> str:
        if self.found is not None:
            state = f"there: {self.found}"
        elif self.can_build:
            state = f"to be built or fetched now, about {self.need.minutes} min the first time"
        else:
            state = f"left out; {self.reason}"
        return f"{self.need.name:11} {self.need.what}: {state}"


def _program(name: str) -> Path | None:
    path = shutil.which(name)
    return Path(path) if path else None


def _missing_programs(*names: str) -> list[str]:
    return [f"the program {name}" for name in names if not _program(name)]


def _version(command: list[str], pattern: str) -> tuple[int, ...]:
    if not _program(command[0]):
        return ()
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(pattern, run.stdout + run.stderr)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _missing_go() -> list[str]:
    declared = re.search(r"^go ([\d.]+)$", _GO_MOD.read_text(), re.MULTILINE)
    wanted = tuple(int(part) for part in declared[1].split(".")) if declared else ()
    if _version(["go", "version"], r"go(\d+\.\d+(?:\.\d+)?)") >= wanted:
        return []
    return [f"go {'.'.join(map(str, wanted))} or newer"]


def _missing_java() -> list[str]:
    if _version(["java", "-version"], r'version "(\d+)') >= (_OLDEST_JAVA,):
        return []
    return [f"java {_OLDEST_JAVA} or newer"]


NEEDS = (
    Need(
        name="kube",
        what="kube-apiserver and etcd",
        find=kube.find_assets,
        build=kube.build_assets,
        minutes=17,
        missing_to_run=lambda: _missing_programs("openssl"),
        missing_to_build=lambda: _missing_go() + _missing_programs("flock"),
    ),
    Need(
        name="controllers",
        what="kube-controller-manager",
        find=kube.find_controller_manager,
        build=kube.build_controller_manager,
        minutes=4,
        missing_to_build=lambda: _missing_go() + _missing_programs("flock"),
    ),
    Need(
        name="kafka",
        what="Apache Kafka",
        find=kafka.find_jars,
        build=kafka.fetch_jars,
        minutes=1,
        missing_to_run=lambda: _missing_java() + _missing_programs("openssl"),
        missing_to_build=lambda: _missing_programs("mvn"),
    ),
    Need(
        name="helm",
        what="Helm",
        find=HELM.find,
        build=HELM.build,
        minutes=3,
        missing_to_build=_missing_go,
    ),
    Need(
        name="dockerfile",
        what="BuildKit's check of Containerfiles",
        find=CHECKER.find,
        build=CHECKER.build,
        minutes=2,
        missing_to_build=_missing_go,
    ),
    Need(name="oracle", what="Go, for the oracles of the languages", find=lambda: _program("go")),
    Need(
        name="kubectl",
        what="kubectl",
        find=find_kubectl,
        build=KUBECTL.build,
        minutes=2,
        missing_to_build=_missing_go,
    ),
)


def take_stock() -> list[Stock]:
    """How each need stands now; starts and builds nothing."""
    return [_look_at(need) for need in NEEDS]


def reason_missing(name: str) -> str:
    """Why tests that need `name` cannot run now, or "" where they can. What could be built counts as missing."""
    (stock,) = (_look_at(need) for need in NEEDS if need.name == name)
    return f"{stock.need.what} is not built yet: run `make servers`" if stock.can_build else stock.reason


def _look_at(need: Need) -> Stock:
    wanted = os.environ.get("SERVERS", "all")
    if wanted != "all" and need.name not in wanted.split(","):
        return Stock(need=need, reason=f"SERVERS={wanted} is set")
    if missing := need.missing_to_run():
        return Stock(need=need, reason=f"missing: {', '.join(missing)}")
    if found := need.find():
        return Stock(need=need, found=found)
    if need.build is None:
        return Stock(need=need, reason=f"missing: the program {need.name if need.name != 'oracle' else 'go'}")
    if missing := need.missing_to_build():
        return Stock(need=need, reason=f"not built, and to build it is missing: {', '.join(missing)}")
    return Stock(need=need, can_build=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.servers.inventory")
    parser.add_argument("--build", nargs="?", const="all", metavar="NAME")
    wanted = parser.parse_args().build
    for stock in take_stock():
        if wanted not in (None, "all", stock.need.name):
            continue
        print(stock, flush=True)
        if wanted and stock.can_build and stock.need.build:
            print(f"{stock.need.name:11} is at {stock.need.build()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
