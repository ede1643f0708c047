import contextlib
import os
import time
from random import Random

import pytest

from events.languages.sprig.constraints import fulfils, parse_constraints
from events.languages.sprig.versions import BadVersion, parse_version
from tests import fuzzing
from tests.oracles import sprig_version_cases as cases

FUZZ = fuzzing.COUNT
SEED = int(os.environ.get("KIKKAKE_FUZZ_SEED", "20261124"))
PIECES = ["", "é", "\udcff", "\ud800", ".", "-", "+", "x", "||", ",", " ", "9" * 25, "~", "^", "\n"]


def test_no_text_crashes_the_readers_of_versions_and_constraints():
    print(f"KIKKAKE_FUZZ_SEED={SEED}")
    random = Random(SEED)
    begun = time.monotonic()
    for _ in range(FUZZ):
        constraint, version = cases.constraint(random), random.choice(cases.VERSIONS)
        for _ in range(random.randrange(4)):
            at = random.randrange(len(constraint) + 1)
            constraint = constraint[:at] + random.choice(PIECES) + constraint[at + random.randrange(2) :]
            version += random.choice(PIECES)
        with contextlib.suppress(BadVersion):
            alternatives = parse_constraints(constraint)
            fulfils(parse_version(version), alternatives)
    assert time.monotonic() - begun < 2 + FUZZ / 1000


@pytest.mark.parametrize(
    "text",
    [
        "1 " * 5_000,
        " " * 10_000,
        "1" * 10_000,
        "1-a." * 2_500,
        "1 - 2 " * 1_600,
        "=" * 10_000,
        "1||" * 3_000,
        "1-" + "a" * 10_000,
    ],
)
def test_hostile_constraints_take_linear_time(text):
    begun = time.monotonic()
    for read in (parse_constraints, parse_version):
        with contextlib.suppress(BadVersion):
            read(text)
    assert time.monotonic() - begun < 1
