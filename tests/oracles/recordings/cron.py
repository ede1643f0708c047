"""Schedules of robfig/cron 3.0.1."""

from collections.abc import Iterator
from random import Random

from tests.oracles import cron_cases
from tests.oracles.oracle import Oracle, pack
from tests.oracles.vectors import Vector

TIMES = 3
"""How many times are asked for, one after the other."""


def vectors() -> Iterator[Vector]:
    """Text, parser, zone, times, and the next times after each; or the error."""
    random = Random("robfig/cron 3.0.1")
    with Oracle("cron") as oracle:
        for text in (*cron_cases.SCHEDULES, *cron_cases.REFUSED):
            for fields in sorted(set(cron_cases.PARSERS)):
                # Without a space behind its zone a text makes the library panic: no answer to record.
                yield _asked(oracle, random, text, fields)
        for _ in range(1900):
            text, fields = cron_cases.schedule(random)
            yield _asked(oracle, random, text, fields)
        for _ in range(300):
            text, fields = cron_cases.schedule(random)
            yield _asked(oracle, random, cron_cases.mutate(random, text), fields)


def _asked(oracle: Oracle, random: Random, text: str, fields: str) -> Vector:
    zone = random.choice(cron_cases.ZONES)
    times = [cron_cases.time_us(random, zone) for _ in range(2)]
    return cron_vector(oracle, text, fields, zone, times)


def cron_vector(oracle: Oracle, text: str, fields: str, timezone: str, after_us: list[int]) -> Vector:
    """Ask about one schedule."""
    request = {
        "text": pack(text.encode()),
        "fields": fields,
        "timezone": timezone,
        "after_us": after_us,
        "times": TIMES,
    }
    answer = oracle.ask(request)
    asked = {"text": text, "fields": fields, "timezone": timezone, "after_us": after_us}
    if "panic" in answer or answer["error"]:
        return {**asked, "error": answer.get("panic") or answer["error"]}
    return {**asked, "next_us": answer["next_us"]}
