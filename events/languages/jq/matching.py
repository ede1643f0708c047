"""Functions of jq that look for patterns in texts: `match`, `test`, `sub` and their like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from events.languages.jq import regexes
from events.languages.jq.code import (
    Code,
    Environment,
    Make,
    several,
)
from events.languages.jq.values import add


def substitute(*, is_global: bool) -> Make:
    def make(pattern: Code, replacement: Code, flags: Code | None = None) -> Code:
        def many(value: Any, environment: Environment) -> Iterator[Any]:
            for wanted in pattern.many(value, environment):
                for given in (None,) if flags is None else flags.many(value, environment):
                    said = add(given, "g") if is_global else given
                    yield from _substituted(value, wanted, said, replacement, environment)

        return several(many)

    return make


def _substituted(
    value: Any, pattern: Any, flags: Any, replacement: Code, environment: Environment
) -> Iterator[Any]:
    """Of several outputs of the replacement, the first makes the first result, and so on."""
    results: list[Any] = []
    at = 0
    for match in regexes.find_all(value, pattern, flags):
        captured = regexes.named_captures(match["captures"])
        before = value[at : match["offset"]]
        for place, text in enumerate(replacement.many(captured, environment)):
            grown = add(before, text)
            if place < len(results):
                results[place] = add(results[place], grown)
            else:
                results.append(grown)
        at = match["offset"] + match["length"]
    if not results:
        yield value
        return
    for result in results:
        yield add(result, value[at:])


def matched(make: Callable[[Any, Any, Any], Iterable[Any]]) -> Make:
    """A function with a pattern and perhaps flags, the pattern's outputs outermost."""

    def outer(pattern: Code, flags: Code | None = None) -> Code:
        def many(value: Any, environment: Environment) -> Iterator[Any]:
            for wanted in pattern.many(value, environment):
                for given in (None,) if flags is None else flags.many(value, environment):
                    yield from make(value, wanted, given)

        return several(many)

    return outer
