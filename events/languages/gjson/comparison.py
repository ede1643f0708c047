"""How a query compares: `#(age>40)`, `#(name%"J*")`, `#(active=~true)`.

Texts are compared byte by byte, numbers as float64, and true is greater than false; null and containers never match.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Final

from events.languages.gjson.result import Kind, Result
from events.languages.gjson.wildcard import matches
from events.languages.go_numbers import parse_bool, parse_float

if TYPE_CHECKING:
    from collections.abc import Callable

    from events.languages.gjson.syntax import Query

_ORDER: Final[dict[bytes, Callable[[Any, Any], bool]]] = {
    b"=": operator.eq,
    b"!=": operator.ne,
    b"<": operator.lt,
    b"<=": operator.le,
    b">": operator.gt,
    b">=": operator.ge,
}


def compare(value: Result, query: Query) -> bool:
    """Whether what a query found in an element satisfies its comparison."""
    wanted = query.value
    kind = value.kind
    exists = value.exists
    if wanted.startswith(b"~"):
        holds = _truthiness(value, wanted[1:])
        exists = holds is not None
        kind = Kind.TRUE if holds else Kind.FALSE
        wanted = b"true"
    if not exists:
        return False
    if not query.operator:
        return True
    if kind is Kind.STRING:
        return _compare_texts(value.string(), query.operator, wanted)
    if kind is Kind.NUMBER:
        number = parse_float(wanted.decode("latin-1")) or 0.0
        return _ordered(query.operator, value.number(), number)
    if kind in {Kind.TRUE, Kind.FALSE}:
        return _compare_bools(query.operator, wanted, actual=kind is Kind.TRUE)
    return False


def _truthiness(value: Result, word: bytes) -> bool | None:
    """`~true`, `~false`, `~null` and `~*`; None for any other word."""
    if word == b"*":
        return value.exists
    if word == b"null":
        return value.kind is Kind.NULL
    if word == b"true":
        return value.truth()
    if word == b"false":
        if value.kind is Kind.STRING:
            return parse_bool(value.text().lower()) is False
        return value.kind in {Kind.NULL, Kind.FALSE} or (value.kind is Kind.NUMBER and value.number() == 0)
    return None


def _compare_texts(actual: bytes, comparison: bytes, wanted: bytes) -> bool:
    if comparison == b"%":
        return matches(actual, wanted)
    if comparison == b"!%":
        return not matches(actual, wanted)
    return _ordered(comparison, actual, wanted)


def _ordered(comparison: bytes, actual: bytes | float, wanted: bytes | float) -> bool:
    compare_two = _ORDER.get(comparison)
    return compare_two is not None and compare_two(actual, wanted)


def _compare_bools(comparison: bytes, wanted: bytes, *, actual: bool) -> bool:
    """True is greater than false; a wanted text other than these two is only unequal."""
    if comparison == b"=":
        return wanted == (b"true" if actual else b"false")
    if comparison == b"!=":
        return wanted != (b"true" if actual else b"false")
    if comparison in {b">=", b"<="}:
        return actual == (comparison == b">=")
    if comparison in {b">", b"<"} and actual == (comparison == b">"):
        return wanted == (b"false" if actual else b"true")
    return False
