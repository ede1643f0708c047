"""Hashes, ciphers and certificates of sprig 3.3.0, as far as they answer the same each time."""

from collections.abc import Iterator

from tests.oracles import sprig_cipher_cases as cases
from tests.oracles.oracle import Oracle
from tests.oracles.sprig_number_cases import DATA
from tests.oracles.sprig_vectors import sprig_vector
from tests.oracles.vectors import Vector


def vectors() -> Iterator[Vector]:
    """All that is given by hand."""
    with Oracle("template") as oracle:
        for text in cases.ciphers():
            yield sprig_vector(oracle, text, DATA)
