"""Operators on values: Go's arithmetic on ints and floats, order, times and durations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from events.languages.expr.errors import Fault
from events.languages.expr.methods import add as add_span
from events.languages.expr.methods import subtract as time_between
from events.languages.expr.values import MAX_INT, MIN_INT, NUMBERS, to_float, type_of
from events.languages.go_values import Duration, GoTime, Int32, Int64, Uint8, Uint32, Uint64, wrap64

_INTEGERS: Final = NUMBERS - {float}


def _undefined(sign: str, left: object, right: object) -> Fault:
    return Fault(f"invalid operation: {type_of(left)} {sign} {type_of(right)}")


def _arithmetic(sign: str, calculate: Callable[[Any, Any], Any], other: Callable[[Any, Any], Any]) -> Any:
    def operate(left: Any, right: Any) -> Any:
        kind_left, kind_right = type(left), type(right)
        if kind_left in NUMBERS and kind_right in NUMBERS:
            if kind_left is float or kind_right is float:
                return calculate(float(left), float(right))
            value = int(calculate(int(left), int(right)))
            return value if MIN_INT <= value <= MAX_INT else wrap64(value)
        value = other(left, right)
        if value is None:
            raise _undefined(sign, left, right)
        return value

    return operate


def _add_others(left: Any, right: Any) -> Any:
    kinds = (type(left), type(right))
    if kinds == (str, str):
        return left + right
    if kinds == (GoTime, Duration):
        return add_span(left, right)
    if kinds == (Duration, GoTime):
        return add_span(right, left)
    return Duration(wrap64(int(left) + int(right))) if kinds == (Duration, Duration) else None


def _subtract_others(left: Any, right: Any) -> Any:
    kinds = (type(left), type(right))
    if kinds == (GoTime, GoTime):
        return time_between(left, right)
    if kinds == (GoTime, Duration):
        return add_span(left, wrap64(-int(right)))
    return Duration(wrap64(int(left) - int(right))) if kinds == (Duration, Duration) else None


def _multiply_others(left: Any, right: Any) -> Any:
    kinds = {type(left), type(right)}
    if Duration not in kinds or not kinds <= NUMBERS | {Duration}:
        return None
    return float(left) * float(right) if float in kinds else Duration(wrap64(int(left) * int(right)))


add: Final = _arithmetic("+", lambda left, right: left + right, _add_others)
"""`+` of numbers, texts, times and durations. Raises Fault."""
subtract: Final = _arithmetic("-", lambda left, right: left - right, _subtract_others)
"""`-` of numbers, times and durations. Raises Fault."""
multiply: Final = _arithmetic("*", lambda left, right: left * right, _multiply_others)
"""`*` of numbers and durations. Raises Fault."""


def divide(left: Any, right: Any) -> float:
    """`/`: always a float. Raises Fault."""
    if type(left) not in NUMBERS or type(right) not in NUMBERS:
        raise _undefined("/", left, right)
    return divided(float(left), float(right))


def divided(left: float, right: float) -> float:
    """A quotient as IEEE 754 has it, also by zero."""
    if right:
        return left / right
    if left == 0 or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def modulo(left: Any, right: Any) -> int:
    """`%` of integers, with the sign of the first. Raises Fault."""
    if type(left) not in _INTEGERS or type(right) not in _INTEGERS:
        raise _undefined("%", left, right)
    if not right:
        raise Fault("runtime error: integer divide by zero")
    return remainder(int(left), int(right))


def remainder(left: int, right: int) -> int:
    """As Go cuts it: towards zero."""
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def exponent(left: Any, right: Any) -> float:
    """`**` and `^`: always a float. Raises Fault."""
    # The library converts the right one last and finds its fault last.
    return power(to_float(left), to_float(right))


def power(base: float, raised: float) -> float:  # noqa: PLR0911 - the cases of IEEE 754
    """As Go's `math.Pow` for every pair of floats; Python raises where Go gives an infinity or NaN."""
    if raised == 0 or base == 1:
        return 1.0
    if raised == 1:
        return base
    try:
        if math.isfinite(raised) and math.isfinite(base) and abs(raised) != 0.5:
            return _multiplied(base, raised)
        return math.pow(base, raised)
    except OverflowError:
        is_odd = raised.is_integer() and raised % 2 == 1
        return -math.inf if base < 0 and is_odd else math.inf
    except (ValueError, ZeroDivisionError):
        if base == 0 and raised < 0:
            is_odd = raised.is_integer() and abs(raised) < 2**53 and raised % 2 == 1
            return math.copysign(math.inf, base) if is_odd else math.inf
        return math.nan


def _multiplied(base: float, raised: float) -> float:
    """Repeated squaring of the mantissa, which is how Go computes it: the last bit is the same then."""
    if base == 0 or abs(raised) >= 1 << 63 or (base < 0 and not raised.is_integer()):
        return math.pow(base, raised)
    fraction, whole = math.modf(abs(raised))
    value, shift = 1.0, 0
    if fraction:
        if fraction > 0.5:
            fraction -= 1
            whole += 1
        value = math.exp(fraction * math.log(base))
    mantissa, size = math.frexp(base)
    bits = int(whole)
    while bits:
        if not -4096 <= size <= 4096:
            return math.pow(base, raised)
        if bits & 1:
            value *= mantissa
            shift += size
        mantissa *= mantissa
        size *= 2
        if mantissa < 0.5:
            mantissa += mantissa
            size -= 1
        bits >>= 1
    if raised < 0:
        value, shift = 1 / value, -shift
    return math.ldexp(value, shift)


def _ordered(sign: str, decide: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        kind_left, kind_right = type(left), type(right)
        if kind_left in NUMBERS and kind_right in NUMBERS:
            if kind_left is float or kind_right is float:
                return decide(float(left), float(right))
            return decide(left, right)
        if kind_left is kind_right:
            if kind_left is str or kind_left is Duration:
                return decide(left, right)
            if kind_left is GoTime:
                return decide(left.unix_ns, right.unix_ns)
        raise _undefined(sign, left, right)

    return compare


less: Final = _ordered("<", lambda left, right: bool(left < right))
"""`<` of numbers, texts, times and durations. Raises Fault."""
more: Final = _ordered(">", lambda left, right: bool(left > right))
"""`>`, see `less`."""
at_most: Final = _ordered("<=", lambda left, right: bool(left <= right))
"""`<=`, see `less`."""
at_least: Final = _ordered(">=", lambda left, right: bool(left >= right))
"""`>=`, see `less`."""

_UNSIGNED: Final[dict[type, int]] = {Uint8: 8, Uint32: 32, Uint64: 64}


def negate(value: Any) -> Any:
    """`-`. Raises Fault."""
    found = type(value)
    if found is float:
        return -value
    if found is int:
        return -value if value != MIN_INT else value
    if found is Int64 or found is Int32:
        return found(-value)
    if bits := _UNSIGNED.get(found):
        return found(-value % (1 << bits))
    raise Fault(f"invalid operation: - {type_of(value)}")
