"""Numbers of sprig 3.3.0: arithmetic and conversions."""

from collections.abc import Iterator
from random import Random

from tests.oracles import sprig_number_cases as cases
from tests.oracles.oracle import Oracle
from tests.oracles.sprig_vectors import sprig_vector
from tests.oracles.vectors import Vector


def vectors() -> Iterator[Vector]:
    """One value with each function, then several at random."""
    random = Random("sprig 3.3.0 math")
    with Oracle("template") as oracle:
        for text in cases.arithmetic():
            yield sprig_vector(oracle, text, cases.DATA)
        for _ in range(1500):
            yield sprig_vector(oracle, cases.arithmetic_at_random(random), cases.DATA)
