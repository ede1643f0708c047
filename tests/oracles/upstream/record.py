"""Write the recorded vectors: what upstream says of the cases that are written by hand, and of some thousand others.

    python -m tests.oracles.upstream.record

Run it again after a change of the version or of the cases; a change in the files is a change of behaviour and wants
a reason. It needs Go, and builds upstream when that was not done before (README.md).
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from random import Random

from tests.oracles.upstream.cases import fixed_cases, random_cases
from tests.oracles.upstream.events import Case, random_event
from tests.oracles.upstream.process import Upstream
from tests.oracles.upstream.vectors import Vector, write

_RANDOM_CASES = 3800
_RANDOM_EVENTS = 200
_LONGEST = 700
"""Bytes of a document: longer ones hold a whole event, of which a few would do."""


def vectors() -> Iterator[Vector]:
    """Every case with what upstream says."""
    with Upstream() as upstream:
        for case in itertools.chain(fixed_cases(), _random()):
            said = upstream.say(case)
            if len(said.get("data") or b"") <= _LONGEST:
                yield case, said


def _random() -> Iterator[Case]:
    random = Random("argo-events 1.9.11")
    events = [random_event(random) for _ in range(_RANDOM_EVENTS)]
    return itertools.islice(random_cases(random, lambda chance: chance.choice(events)), _RANDOM_CASES)


if __name__ == "__main__":
    for name, count in write(vectors()).items():
        sys.stdout.write(f"{name}: {count} vectors\n")
