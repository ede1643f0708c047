"""Numbers as Go computes with them on amd64: no division fails, and integers are cut out of floats."""

from __future__ import annotations

import math
from typing import Final

_TWO_63: Final = 2.0**63
_TWO_64: Final = 2.0**64
_MASK: Final = (1 << 64) - 1
_OUT_OF_RANGE: Final = 1 << 63
"""What the processor answers to a number that no 64 bits hold, as the bits of an integer."""


def to_signed(number: float) -> int:
    """`int64(number)`."""
    return int(number) if -_TWO_63 <= number < _TWO_63 else -_OUT_OF_RANGE


def to_unsigned(number: float) -> int:
    """`uint64(number)`: below zero it counts from the top."""
    if -_TWO_63 <= number < _TWO_64:
        return int(number) & _MASK
    return _OUT_OF_RANGE


def shift_left(number: float, places: float) -> float:
    """`<<` of 64 bits."""
    by = to_unsigned(places)
    return float(to_unsigned(number) << by & _MASK) if by < 64 else 0.0


def shift_right(number: float, places: float) -> float:
    """`>>` of 64 bits."""
    by = to_unsigned(places)
    return float(to_unsigned(number) >> by) if by < 64 else 0.0


def divide(number: float, by: float) -> float:
    """`/`: by zero an infinity, zero by zero is no number."""
    if by:
        return number / by
    if not number or math.isnan(number):
        return math.nan
    return math.copysign(math.inf, number) * math.copysign(1.0, by)


def remainder(number: float, by: float) -> float:
    """`%`: the sign is that of `number`."""
    if not by or math.isinf(number):
        return math.nan
    return math.fmod(number, by)


def power(base: float, exponent: float) -> float:
    """`**` by repeated squaring of the mantissa, which is what Go does and may differ from the exact value by a bit.

    A fraction in the exponent goes through `exp` and `log`, where the last bits may differ from Go's.
    """
    special = _special_power(base, exponent)
    if special is not None:
        return special
    fraction, whole = math.modf(abs(exponent))
    if fraction and base < 0:
        return math.nan
    mantissa, scale = 1.0, 0
    if fraction:
        if fraction > 0.5:
            fraction, whole = fraction - 1, whole + 1
        mantissa = math.exp(fraction * math.log(base))
    factor, factor_scale = math.frexp(base)
    count = int(whole)
    while count:
        if abs(factor_scale) > 1 << 12:
            scale += factor_scale
            break
        if count & 1:
            mantissa *= factor
            scale += factor_scale
        factor *= factor
        factor_scale <<= 1
        if factor < 0.5:
            factor += factor
            factor_scale -= 1
        count >>= 1
    if exponent < 0:
        mantissa, scale = 1 / mantissa, -scale
    return _scaled(mantissa, scale)


def _special_power(base: float, exponent: float) -> float | None:
    """Powers that need no multiplication."""
    if exponent == 0 or base == 1:
        return 1.0
    if base == 0 and exponent < 0:
        return _pole(base, exponent)
    if exponent == 1 or base == 0 or not math.isfinite(base) or not math.isfinite(exponent):
        return math.pow(base, exponent)
    if abs(exponent) == 0.5:
        root = math.sqrt(base) if base >= 0 else math.nan
        return root if exponent > 0 else 1 / root
    if abs(exponent) >= _TWO_63:
        # Beyond the loop's reach; such a number is even.
        return 1.0 if base == -1 else 0.0 if (abs(base) < 1) == (exponent > 0) else math.inf
    return None


def _pole(base: float, exponent: float) -> float:
    is_odd = math.fmod(exponent, 2) in {-1.0, 1.0}
    return math.copysign(math.inf, base) if is_odd else math.inf


def _scaled(mantissa: float, scale: int) -> float:
    try:
        return math.ldexp(mantissa, scale)
    except OverflowError:
        return math.copysign(math.inf, mantissa)
