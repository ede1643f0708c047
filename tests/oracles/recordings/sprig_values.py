"""Lists, maps, merging, defaults and types of sprig 3.3.0."""

from collections.abc import Iterator
from random import Random

from tests.oracles import sprig_text_cases as cases
from tests.oracles.oracle import Oracle
from tests.oracles.vectors import Vector


def vectors() -> Iterator[Vector]:
    """Twenty calls of each function."""
    with Oracle("template") as oracle:
        for case in cases.calls(Random("sprig 3.3.0 values"), cases.VALUES, 20):
            yield cases.text_vector(oracle, case)
