"""Templates of Go's text/template, without sprig's functions."""

from collections.abc import Iterator
from random import Random
from typing import Any

from tests.oracles import template_cases, template_programs
from tests.oracles.oracle import Oracle, pack, unpack
from tests.oracles.vectors import Vector

_LONGEST = 450
"""Characters of text, data and outcome; what is longer is left to the live comparison: the file is checked in."""
_KEPT_FORMATS = 0.4
"""The share of the format strings that is kept."""


def vectors() -> Iterator[Vector]:
    """Text, data, and what came out: the output, or the error. Without `data` it is `template_cases.DATA`."""
    random = Random("text/template")
    with Oracle("template") as oracle:
        for text in template_cases.HAND:
            if text.startswith("{{printf `%") and random.random() > _KEPT_FORMATS:
                continue
            vector = template_vector(oracle, text, None)
            if len(str(vector)) <= _LONGEST:
                yield vector
        for _ in range(4000):
            vector = template_vector(
                oracle, template_programs.program(random), template_programs.data(random, 3)
            )
            if len(str(vector)) <= _LONGEST:
                yield vector


def template_vector(oracle: Oracle, text: str, data: Any) -> Vector:
    """Run one template; its name is `t`. Output before an error is of no use to anyone and left out."""
    shown = template_cases.DATA if data is None else data
    answer = oracle.ask({"name": "t", "text": pack(text.encode()), "data": shown, "plain": True})
    vector: Vector = {"text": text} if data is None else {"text": text, "data": data}
    if answer["stage"]:
        vector["error"] = unpack(answer["error"]).decode("utf-8", "surrogateescape")
    else:
        vector["output"] = unpack(answer["output"]).decode("utf-8", "surrogateescape")
    return vector
