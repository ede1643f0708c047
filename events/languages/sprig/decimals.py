"""Decimal arithmetic of sprig's `addf`, `subf`, `mulf`, `divf`: exact, so that 0.1 and 0.2 make 0.3.

Floats become the shortest decimals that stand for them, quotients have sixteen decimals (halves away from zero), and
the result is the nearest float64: the rules of shopspring/decimal 1.4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from events.languages.go_template.functions import FunctionError
from events.languages.sprig.conversion import to_float64

_DECIMALS_OF_QUOTIENT = 16
_BEYOND_FLOAT = 400
"""A power of ten that no float64 reaches, and that is still quick to compute."""


@dataclass(frozen=True, slots=True)
class _Exact:
    """`digits * 10^exponent`."""

    digits: int
    exponent: int


def _add(a: _Exact, b: _Exact) -> _Exact:
    exponent = min(a.exponent, b.exponent)
    return _Exact(
        a.digits * 10 ** (a.exponent - exponent) + b.digits * 10 ** (b.exponent - exponent), exponent
    )


def _subtract(a: _Exact, b: _Exact) -> _Exact:
    return _add(a, _Exact(-b.digits, b.exponent))


def _multiply(a: _Exact, b: _Exact) -> _Exact:
    return _Exact(a.digits * b.digits, a.exponent + b.exponent)


def _divide(a: _Exact, b: _Exact) -> _Exact:
    if b.digits == 0:
        raise FunctionError("decimal division by 0")
    shift = a.exponent - b.exponent + _DECIMALS_OF_QUOTIENT
    dividend, divisor = abs(a.digits) * 10 ** max(shift, 0), abs(b.digits) * 10 ** max(-shift, 0)
    quotient, rest = divmod(dividend, divisor)
    quotient += 2 * rest >= divisor
    return _Exact(-quotient if (a.digits < 0) != (b.digits < 0) else quotient, -_DECIMALS_OF_QUOTIENT)


def _exact(value: object) -> _Exact:
    number = to_float64(value)
    if not math.isfinite(number):
        name = "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
        raise FunctionError(f"Cannot create a Decimal from {name}")
    sign, digits, exponent = Decimal(repr(number)).as_tuple()
    whole = int("".join(map(str, digits)))
    # `repr` of 1e22 ends in zeros that `digits` would carry on; the value is the same.
    return _Exact(-whole if sign else whole, int(exponent))


def _nearest_float(number: _Exact) -> float:
    if number.digits == 0:
        return 0.0
    sign = 1 if number.digits > 0 else -1
    size = int(number.digits.bit_length() * math.log10(2)) + number.exponent
    if size < -_BEYOND_FLOAT:
        return math.copysign(0.0, sign)
    if size > _BEYOND_FLOAT:
        return math.copysign(math.inf, sign)
    try:
        quotient: float = number.digits * 10 ** max(number.exponent, 0) / 10 ** max(-number.exponent, 0)
    except OverflowError:
        return math.copysign(math.inf, sign)
    return quotient


def _fold(combine: Callable[[_Exact, _Exact], _Exact]) -> Callable[..., float]:
    def fold(first: object, *others: object) -> float:
        total = _exact(first)
        for other in others:
            total = combine(total, _exact(other))
        return _nearest_float(total)

    return fold


add_decimals = _fold(_add)
subtract_decimals = _fold(_subtract)
multiply_decimals = _fold(_multiply)
divide_decimals = _fold(_divide)
