"""Operators that look at both sides: what each takes, what it gives, and what is said of anything else."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from events.languages.govaluate.arithmetic import (
    divide,
    power,
    remainder,
    shift_left,
    shift_right,
    to_signed,
)
from events.languages.govaluate.errors import EvaluationError
from events.languages.govaluate.values import Pattern, deep_equal, format_value, same
from events.patterns import BadPattern, text_test

Operator = Callable[[object, object], object]

MAX_TEXT: Final = 1 << 20
"""Characters that `+` may put together; a chain of them over a large payload would fill the memory."""


def refused(value: object, role: str, symbol: str, wanted: str = "") -> EvaluationError:
    """The library's message for a value of the wrong type."""
    tail = f", it is not {wanted}" if wanted else ""
    return EvaluationError(f"Value '{format_value(value)}' cannot be used with the {role} '{symbol}'{tail}")


def _two_numbers(symbol: str, compute: Callable[[float, float], float]) -> Operator:
    def apply(left: object, right: object) -> object:
        if type(left) is float and type(right) is float:
            return compute(left, right)
        raise refused(right if type(left) is float else left, "modifier", symbol, "a number")

    return apply


def _order(symbol: str, compare: Callable[[Any, Any], bool]) -> Operator:
    def apply(left: object, right: object) -> object:
        kind = type(left)
        if kind is type(right) and (kind is float or kind is str):
            return compare(left, right)
        raise refused(left, "comparator", symbol, "a number")

    return apply


def add(left: object, right: object) -> object:
    """Numbers are added; as soon as one side is a text, both are put together."""
    if type(left) is float and type(right) is float:
        return left + right
    if type(left) is not str and type(right) is not str:
        raise refused(left, "modifier", "+", "a number")
    text = format_value(left) + format_value(right)
    if len(text) > MAX_TEXT:
        raise EvaluationError(f"The text that '+' makes is longer than {MAX_TEXT} characters")
    return text


def equal(left: object, right: object) -> bool:
    """Deep and typed: 1 is not "1"."""
    return deep_equal(left, right)


def unequal(left: object, right: object) -> bool:
    """The opposite."""
    return not deep_equal(left, right)


def is_in(left: object, right: object) -> object:
    """Whether a list has the value; an object or a list as a value is an error where the list has one too."""
    if type(right) is not list:
        raise refused(right, "comparator", "in", "a number")
    return any(same(left, each) for each in right)


def _search(symbol: str, *, wanted: bool) -> Operator:
    def apply(left: object, right: object) -> object:
        if type(left) is not str:
            raise refused(left, "comparator", symbol, "a number")
        if type(right) is str:
            return _test(right)(left) is wanted
        if type(right) is Pattern:
            return right.matches(left) is wanted
        raise refused(right, "comparator", symbol, "a number")

    return apply


def _test(pattern: str) -> Callable[[str], bool]:
    try:
        return text_test(pattern)
    except BadPattern as error:
        raise EvaluationError(f"Unable to compile regexp pattern '{pattern}': {error.as_go()}") from error


OPERATORS: Final[dict[str, Operator]] = {
    "**": _two_numbers("**", power),
    "*": _two_numbers("*", operator.mul),
    "/": _two_numbers("/", divide),
    "%": _two_numbers("%", remainder),
    "+": add,
    "-": _two_numbers("-", operator.sub),
    "<<": _two_numbers("<<", shift_left),
    ">>": _two_numbers(">>", shift_right),
    "&": _two_numbers("&", lambda left, right: float(to_signed(left) & to_signed(right))),
    "|": _two_numbers("|", lambda left, right: float(to_signed(left) | to_signed(right))),
    "^": _two_numbers("^", lambda left, right: float(to_signed(left) ^ to_signed(right))),
    "==": equal,
    "!=": unequal,
    ">": _order(">", operator.gt),
    ">=": _order(">=", operator.ge),
    "<": _order("<", operator.lt),
    "<=": _order("<=", operator.le),
    "in": is_in,
    "=~": _search("=~", wanted=True),
    "!~": _search("!~", wanted=False),
}
"""By symbol; called with both values."""


def prefixed(symbol: str, value: object) -> object:
    """`-`, `!` or `~` of a value."""
    if symbol == "!":
        if type(value) is bool:
            return not value
    elif type(value) is float:
        return -value if symbol == "-" else float(~to_signed(value))
    raise refused(value, "prefix", symbol)
