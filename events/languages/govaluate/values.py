"""Values as Go sees them: how they print, when they are equal. str, float, bool, None, list and dict; no int."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

from events.languages.go_numbers import format_float
from events.languages.govaluate.errors import EvaluationError
from events.patterns import TextTest

MAX_NESTING: Final = 100
"""Levels of lists and objects that are compared or printed. Real payloads stay below 30."""


class Pattern:
    """A text that stands to the right of `=~` or `!~`: compiled with the expression, but still printed as a text."""

    __slots__ = ("matches", "text")

    def __init__(self, text: str, matches: TextTest) -> None:
        self.text = text
        self.matches = matches


def format_value(value: object) -> str:
    """A value as `%v` prints it.

    Raises:
        EvaluationError: nested deeper than MAX_NESTING.
    """
    kind = type(value)
    if kind is str:
        return value  # type: ignore[return-value]  # the line above has said so
    parts: list[str] = []
    _print(value, parts, MAX_NESTING)
    return "".join(parts)


def _print(value: object, parts: list[str], levels: int) -> None:
    match value:
        case None:
            parts.append("<nil>")
        case bool():
            parts.append("true" if value else "false")
        case float():
            parts.append(format_number(value))
        case str():
            parts.append(value)
        case Pattern():
            parts.append(value.text)
        case list():
            parts.append("[")
            for place, each in enumerate(value):
                parts.append(" " if place else "")
                _print(each, parts, _one_level_down(levels))
            parts.append("]")
        case dict():
            parts.append("map[")
            for place, name in enumerate(sorted(value)):
                parts.append(f" {name}:" if place else f"{name}:")
                _print(value[name], parts, _one_level_down(levels))
            parts.append("]")
        case _:
            raise TypeError(f"{type(value).__name__} is no type of a value: numbers are floats")


def format_number(number: float) -> str:
    """A float64 as `%v` prints it: the shortest form, with an exponent below 1e-4 and from 1e6 on."""
    if number == 0:
        return "-0" if math.copysign(1, number) < 0 else "0"
    if not math.isfinite(number) or 1e-4 <= abs(number) < 1e6:
        return format_float(number)
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    point = int(exponent) + len(digits) - 1
    fraction = "".join(map(str, digits[1:]))
    return f"{'-' * sign}{digits[0]}{'.' * bool(fraction)}{fraction}e{point:+03d}"


def deep_equal(left: object, right: object) -> bool:
    """`reflect.DeepEqual`: types count, and a number is never a boolean.

    Raises:
        EvaluationError: nested deeper than MAX_NESTING.
    """
    return _deep_equal(left, right, MAX_NESTING)


def _deep_equal(left: object, right: object, levels: int) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, list) and isinstance(right, list):
        below = _one_level_down(levels)
        return len(left) == len(right) and all(map(_deep_equal, left, right, [below] * len(left)))
    if isinstance(left, dict) and isinstance(right, dict):
        below = _one_level_down(levels)
        return len(left) == len(right) and all(
            name in right and _deep_equal(value, right[name], below) for name, value in left.items()
        )
    return left == right


def _one_level_down(levels: int) -> int:
    if not levels:
        raise EvaluationError(f"The value is nested deeper than {MAX_NESTING} levels")
    return levels - 1


def same(left: object, right: object) -> bool:
    """Go's `==` of two `any` values, as `in` asks it.

    Raises:
        EvaluationError: two lists or two objects, with which upstream's process ends.
    """
    if type(left) is not type(right):
        return False
    if isinstance(left, list | dict):
        kind = "[]interface {}" if isinstance(left, list) else "map[string]interface {}"
        raise EvaluationError(f"runtime error: comparing uncomparable type {kind}")
    return left == right
