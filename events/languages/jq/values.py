"""Order, equality and arithmetic of jq values."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from typing import Any

from events.languages.jq.encoding import preview
from events.languages.jq.errors import Failure, told

MAX_INT = 2**63 - 1
MIN_INT = -(2**63)
MAX_INT32 = 2**31 - 1
_NUMBERS = frozenset({int, float})


MAX_EXACT = 2**53


class Inexact(Exception):
    """Integers that stand for float64 numbers gave something that floats would not: run again with floats."""


class Guard:
    """Whether integers may stand for floats: then what would be exact, and must not be, raises Inexact."""

    is_on = False


def _guarded(result: int, *operands: float) -> int:
    """An integer that was calculated. An operand beyond float64's exact range was exact before."""
    is_beyond = Guard.is_on and not -MAX_EXACT <= result <= MAX_EXACT
    if is_beyond and all(-MAX_EXACT <= each <= MAX_EXACT for each in operands):
        raise Inexact
    return result


def is_number(value: Any) -> bool:
    """Whether it is a number; a boolean is none."""
    return type(value) in _NUMBERS


def truth(value: Any) -> bool:
    """Everything but null and false is true."""
    return value is not None and value is not False


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1: null < false < true < numbers < texts < arrays < objects; NaN is less than any number."""
    kind, other = type(left), type(right)
    if kind in _NUMBERS and other in _NUMBERS:
        return _compare_numbers(left, right)
    compare_alike = _COMPARE_ALIKE.get(kind) if kind is other else None
    return _sign(_rank(left) - _rank(right)) if compare_alike is None else compare_alike(left, right)


def _compare_texts(left: str, right: str) -> int:
    return 0 if left == right else -1 if left < right else 1


def _compare_lists(left: list[Any], right: list[Any]) -> int:
    for mine, yours in zip(left, right, strict=False):
        if found := compare(mine, yours):
            return found
    return _sign(len(left) - len(right))


def _compare_objects(left: dict[str, Any], right: dict[str, Any]) -> int:
    """First by their names, then by their values."""
    names = sorted(left)
    if found := _compare_lists(names, sorted(right)):
        return found
    for name in names:
        if found := compare(left[name], right[name]):
            return found
    return 0


_COMPARE_ALIKE: dict[type, Callable[[Any, Any], int]] = {
    str: _compare_texts,
    list: _compare_lists,
    dict: _compare_objects,
}


def _compare_numbers(left: float, right: float) -> int:
    if isinstance(left, float) or isinstance(right, float):
        left, right = as_float(left), as_float(right)
        if math.isnan(left):
            return -1
        if math.isnan(right):
            return 1
    return 0 if left == right else -1 if left < right else 1


def _sign(number: int) -> int:
    return int(number > 0) - int(number < 0)


def _rank(value: Any) -> int:
    if isinstance(value, bool):
        return 2 if value else 1
    return _RANKS[type(value)]


_RANKS = {type(None): 0, int: 3, float: 3, str: 4, list: 5, dict: 6}

order: Callable[[Any], Any] = functools.cmp_to_key(compare)
"""The key to sort values by."""


def equal(left: Any, right: Any) -> bool:
    """Whether `==` holds."""
    return compare(left, right) == 0


def sorted_values(value: Iterable[Any]) -> list[Any]:
    """In jq's order; equal ones keep theirs."""
    values = list(value)
    if len({type(each) for each in values}) == 1 and isinstance(values[0], str):
        return sorted(values)
    return sorted(values, key=order)


def as_float(number: float) -> float:
    """A float64; integers beyond it are infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def as_int(number: float) -> int:
    """A 64-bit integer: cut off towards zero, and at the ends of the range."""
    if isinstance(number, float):
        if math.isnan(number):
            return MIN_INT
        if math.isinf(number):
            return MAX_INT if number > 0 else MIN_INT
        number = int(number)
    return min(max(number, MIN_INT), MAX_INT)


def as_int_up(number: Any) -> int:
    """Likewise, rounded up."""
    return as_int(math.ceil(number) if isinstance(number, float) and math.isfinite(number) else number)


def _cannot(verb: str, left: Any, right: Any) -> Failure:
    return Failure(f"cannot {verb}: {told(left)} and {told(right)}")


def _numbers(left: float, right: float) -> tuple[float, float] | None:
    """Both as floats unless both are integers."""
    if isinstance(left, float) or isinstance(right, float):
        return as_float(left), as_float(right)
    return None


def add(left: Any, right: Any) -> Any:
    """`+`."""
    kind, other = type(left), type(right)
    if kind in _NUMBERS and other in _NUMBERS:
        floats = _numbers(left, right)
        return _guarded(left + right, left, right) if floats is None else floats[0] + floats[1]
    if kind is other and kind is str:
        return left + right
    if kind is other and kind is list:
        return left + right if left and right else left or right
    if kind is other and kind is dict:
        return {**left, **right} if left and right else left or right
    if left is None:
        return right
    if right is None:
        return left
    raise _cannot("add", left, right)


def subtract(left: Any, right: Any) -> Any:
    """`-`."""
    kind, other = type(left), type(right)
    if kind in _NUMBERS and other in _NUMBERS:
        floats = _numbers(left, right)
        return _guarded(left - right, left, right) if floats is None else floats[0] - floats[1]
    if kind is other and kind is list:
        return [each for each in left if not any(equal(each, gone) for gone in right)]
    raise _cannot("subtract", left, right)


def multiply(left: Any, right: Any) -> Any:
    """`*`: also repeats texts and merges objects deeply."""
    kind, other = type(left), type(right)
    if kind in _NUMBERS and other in _NUMBERS:
        floats = _numbers(left, right)
        if floats is not None:
            return floats[0] * floats[1]
        product = left * right
        if product == 0 and Guard.is_on and (left < 0 or right < 0):
            raise Inexact  # floats have a negative zero
        return _guarded(product, left, right)
    if kind is dict and other is dict:
        return _merge(left, right)
    if kind is str and other in _NUMBERS:
        return _repeat(left, as_float(right))
    if other is str and kind in _NUMBERS:
        return _repeat(right, as_float(left))
    raise _cannot("multiply", left, right)


def _merge(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    merged = dict(left)
    for name, member in right.items():
        mine = merged.get(name)
        merged[name] = _merge(mine, member) if isinstance(mine, dict) and isinstance(member, dict) else member
    return merged


def _repeat(text: str, times: float) -> Any:
    if times < 0 or math.isnan(times):
        return None
    count = int(min(times, MAX_INT32))
    if len(text.encode()) * count >= MAX_INT32:
        raise Failure(f"repeat string result too large: {preview(text)} * {preview(times)}")
    return text * count


def divide(left: Any, right: Any) -> Any:
    """`/`: also splits texts."""
    kind, other = type(left), type(right)
    if kind in _NUMBERS and other in _NUMBERS:
        if right == 0:
            raise Failure(f"cannot divide {told(left)} by: {told(right)}")
        floats = _numbers(left, right)
        if floats is not None:
            return _divide_floats(*floats)
        if left == 0 and right < 0 and Guard.is_on:
            raise Inexact
        whole, rest = divmod(left, right)
        return whole if rest == 0 else _divide_floats(as_float(left), as_float(right))
    if kind is str and other is str:
        return split(left, right) if left else []
    raise _cannot("divide", left, right)


def _divide_floats(left: float, right: float) -> float:
    return left / right


def modulo(left: Any, right: Any) -> Any:
    """`%`: of the whole parts, with the sign of the left side."""
    if type(left) not in _NUMBERS or type(right) not in _NUMBERS:
        raise _cannot("modulo", left, right)
    floats = _numbers(left, right)
    if floats is not None:
        if math.isnan(floats[0]) or math.isnan(floats[1]):
            return math.nan
        dividend, divisor = as_int(floats[0]), as_int(floats[1])
    else:
        dividend, divisor = left, right
    if divisor == 0:
        raise Failure(f"cannot modulo {told(left)} by: {told(right)}")
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


def negate(value: Any) -> Any:
    """Unary `-`."""
    if type(value) not in _NUMBERS:
        raise Failure(f"cannot negate: {told(value)}")
    if value == 0 and Guard.is_on and isinstance(value, int):
        raise Inexact
    return -value


def plus(value: Any) -> Any:
    """Unary `+`."""
    if type(value) not in _NUMBERS:
        raise Failure(f"cannot plus: {told(value)}")
    return value


def split(text: str, separator: str) -> list[str]:
    """As Go splits: an empty separator between all characters."""
    return text.split(separator) if separator else list(text)


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": modulo,
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": lambda left, right: compare(left, right) < 0,
    "<=": lambda left, right: compare(left, right) <= 0,
    ">": lambda left, right: compare(left, right) > 0,
    ">=": lambda left, right: compare(left, right) >= 0,
    "//": lambda left, right: left if truth(left) else right,
}
