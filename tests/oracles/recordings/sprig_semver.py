"""Versions of sprig 3.3.0, which are those of Masterminds/semver 3.3.0."""

from collections.abc import Iterator
from random import Random

from tests.oracles import sprig_version_cases as cases
from tests.oracles.oracle import Oracle
from tests.oracles.sprig_number_cases import DATA
from tests.oracles.sprig_vectors import sprig_vector
from tests.oracles.vectors import Vector


def vectors() -> Iterator[Vector]:
    """Versions by hand, then constraints at random; of those that are none one in five is kept."""
    random = Random("sprig 3.3.0 semver")
    with Oracle("template") as oracle:
        for text in (*cases.versions(), *cases.versions_elsewhere()):
            yield sprig_vector(oracle, text, DATA)
        for _ in range(3000):
            vector = sprig_vector(oracle, cases.comparison_at_random(random), DATA)
            if "output" in vector or random.random() < 0.2:
                yield vector
