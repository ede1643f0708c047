"""Go templates with sprig's functions, as parameters and data filters use them (spec-sensors 6.5).

Compiled once a text. The time is that of the event which made something fire; whatever a template may know of the
machine is an operator's setting, off unless `allow_outside` was called at the start of the process.
"""

from __future__ import annotations

import functools
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from events.languages.gjson import Document, PathError, compile_path
from events.languages.go_json import NotJson
from events.languages.go_template import Randomness, RenderContext, Template, TemplateError, compile_template
from events.languages.sprig import FUNCTIONS
from events.languages.sprig.methods import METHODS
from events.languages.sprig.slow import SLOW

__all__ = [
    "NotJson",
    "TemplateError",
    "allow_outside",
    "compiled",
    "input_of",
    "is_slow",
    "run",
    "run_for_filter",
]

_NS_PER_US = 1000
_MAX_CPU_S = 0.1
"""A template that has not ended by then fails: everybody waits for it. Counted in CPU time, so that a busy machine
changes no verdict; what it may do in steps is bounded, too."""
_MAX_SLOW_CPU_S = 5.0
"""The same for one that makes keys, which has a thread of its own."""
_WHOLE = compile_path("@this")
NO_VALUE = "<no value>"
"""What a template prints for a member that is not there; alone it counts as nothing (spec-sensors 6.2)."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What templates may know of the machine: `env` and `expandenv`, `getHostByName`; None = off."""

    environment: Mapping[str, str] | None = None
    resolve_host: Callable[[str], str] | None = None


_outside = Outside()


def allow_outside(outside: Outside) -> None:
    """Set once, at the start of the process: one gateway has one operator, and every template of it the same."""
    global _outside  # noqa: PLW0603 - a setting of the process, like its environment itself
    _outside = outside


@functools.lru_cache(maxsize=8192)
def compiled(text: str) -> Template:
    """The compiled template. Raises TemplateError."""
    return compile_template(text, FUNCTIONS, methods=METHODS)


def is_slow(text: str) -> bool:
    """Whether it may take long: making keys, certificates and the hashes of passwords. Raises TemplateError."""
    return _is_slow(compiled(text))


def _is_slow(template: Template) -> bool:
    return not template.called.isdisjoint(SLOW)


def input_of(data: bytes) -> Any:
    """`.Input` for a JSON document, as gjson takes it apart: numbers are float64, the first of equal keys wins.

    Raises NotJson.
    """
    document = Document(data)
    if not document.is_valid():
        raise NotJson("the data is not JSON")
    try:
        return _WHOLE.get(document).value()
    except PathError as error:
        raise NotJson(str(error)) from None


def run(text: str, value: Any, *, now_us: int) -> str:
    """What the template prints for `.Input`; empty where it is nothing. Raises TemplateError."""
    return _run(text, value, now_us, _SystemRandomness())


def run_for_filter(text: str, value: Any, *, now_us: int, seed: str) -> str:
    """The same for a verdict, which has to be the same whenever somebody asks again: chance comes from `seed`."""
    return _run(text, value, now_us, _SeededRandomness(seed))


def _run(text: str, value: Any, now_us: int, randomness: Randomness) -> str:
    template = compiled(text)
    until_s = time.thread_time() + (_MAX_SLOW_CPU_S if _is_slow(template) else _MAX_CPU_S)
    context = RenderContext(
        should_stop=lambda: time.thread_time() > until_s,
        now_ns=now_us * _NS_PER_US,
        randomness=randomness,
        environment=_outside.environment,
        resolve_host=_outside.resolve_host,
    )
    printed = template.render({"Input": value}, context)
    return "" if printed == NO_VALUE else printed


class _SystemRandomness:
    """Fit for passwords and keys."""

    def bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)

    def integer(self, below: int) -> int:
        return secrets.randbelow(below)


class _SeededRandomness:
    """The same values for the same event; made only where a template asks."""

    def __init__(self, seed: str) -> None:
        self._seed = seed

    @functools.cached_property
    def _random(self) -> Random:
        return Random(self._seed)  # noqa: S311 - a filter keeps no secret

    def bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def integer(self, below: int) -> int:
        return self._random.randrange(below)
