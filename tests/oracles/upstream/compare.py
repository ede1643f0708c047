"""Compare with the running upstream at random, and print every difference that is found.

python -m tests.oracles.upstream.compare --cases 20000 --seed 1
python -m tests.oracles.upstream.compare --fixed            what is written by hand
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random

from sensors.sandbox import Sandbox
from tests.oracles.upstream.cases import fixed_cases, random_cases
from tests.oracles.upstream.comparing import difference
from tests.oracles.upstream.events import Case
from tests.oracles.upstream.process import Upstream


async def compare(cases: Iterable[Case]) -> tuple[Counter[str], Counter[str]]:
    """How many cases of each kind there were, and how many of them differ; each that differs is printed."""
    asked: Counter[str] = Counter()
    differ: Counter[str] = Counter()
    with Upstream() as upstream:
        async with Sandbox() as sandbox:
            for case in cases:
                asked[case["ask"]] += 1
                if found := await difference(sandbox, case, upstream.say(case)):
                    differ[case["ask"]] += 1
                    sys.stdout.write(f"{found}\n  {case}\n")
    return asked, differ


def _cases(count: int, seed: str) -> Iterator[Case]:
    cases = random_cases(Random(seed))
    for _ in range(count):
        yield next(cases)


def main() -> int:
    """Exit code 1 where something differs."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cases", type=int, default=20_000)
    arguments.add_argument("--seed", default="1")
    arguments.add_argument("--fixed", action="store_true")
    given = arguments.parse_args()
    asked, differ = asyncio.run(compare(fixed_cases() if given.fixed else _cases(given.cases, given.seed)))
    for kind, count in asked.items():
        sys.stdout.write(f"{kind}: {count} cases, {differ[kind]} differ\n")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
