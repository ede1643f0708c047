"""Rendering one template with all of sprig, on a fixed clock and with randomness that repeats."""

from random import Random
from typing import Any

from events.languages.go_template.errors import TemplateError
from events.languages.go_template.functions import RenderContext
from events.languages.go_template.template import compile_template
from events.languages.go_values import from_json
from events.languages.sprig import FUNCTIONS
from events.languages.sprig.methods import METHODS
from tests.oracles.vectors import Vector

NOW_NS = 1_795_514_700_123_456_789
"""2026-11-24T10:05:00.123456789Z."""


class SeededRandomness:
    """The same draws each time."""

    def __init__(self, seed: int = 1) -> None:
        self._random = Random(seed)

    def bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def integer(self, below: int) -> int:
        return self._random.randrange(below)


def context(now_ns: int = NOW_NS, seed: int = 1, **given: Any) -> RenderContext:
    return RenderContext(now_ns=now_ns, randomness=SeededRandomness(seed), **given)


def render(text: str, data: Any = None, run: RenderContext | None = None) -> str:
    template = compile_template(text, FUNCTIONS, methods=METHODS)
    return template.render(from_json(data), run or context())


def outcome(text: str, data: Any) -> Vector:
    """What a recorded vector says of a template."""
    try:
        return {"text": text, "output": render(text, data)}
    except TemplateError as fault:
        return {"text": text, "error": str(fault)}
