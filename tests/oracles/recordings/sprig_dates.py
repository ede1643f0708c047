"""Dates of sprig 3.3.0: layouts both ways, zones, durations."""

from collections.abc import Iterator
from random import Random

from events.languages.go_time import UTC, format_time
from tests.oracles import sprig_date_cases as cases
from tests.oracles.oracle import Oracle
from tests.oracles.sprig_number_cases import DATA
from tests.oracles.sprig_vectors import sprig_vector
from tests.oracles.vectors import Vector


def vectors() -> Iterator[Vector]:
    """What is given by hand, then layouts and texts at random."""
    random = Random("sprig 3.3.0 dates")
    with Oracle("template") as oracle:
        for text in (*cases.dates(), *cases.dates_elsewhere()):
            yield sprig_vector(oracle, text, DATA)
        for _ in range(2500):
            yield sprig_vector(oracle, cases.date_at_random(random, format_at), DATA)


def format_at(layout: str, unix_s: int) -> str:
    """A moment by a layout, in UTC: where the texts to read come from."""
    return format_time(layout, unix_s * 10**9, UTC)
