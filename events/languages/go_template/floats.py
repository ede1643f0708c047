"""Floating point numbers as Go's `strconv.FormatFloat` prints them."""

from __future__ import annotations

import math
from decimal import Decimal


def format_shortest(number: float) -> str:
    """`%v` and `%g`: the shortest text that reads back, with an exponent below 1e-04 and from 1e+06 on.

    `100000` and `1e+06`, `1.5` and `-0`.
    """
    if number.is_integer() and -1e6 < number < 1e6:
        return str(int(number)) if number or math.copysign(1, number) > 0 else "-0"
    if not math.isfinite(number):
        return _special(number)
    text = repr(number)
    if "e" in text or abs(number) < 1e6:
        return text
    return _with_exponent(text)


def _special(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return "+Inf" if number > 0 else "-Inf"


def _with_exponent(text: str) -> str:
    """A plain decimal of at least 1e6, as d.ddde+dd."""
    sign = "-" if text.startswith("-") else ""
    whole, _, fraction = text.removeprefix("-").removesuffix(".0").partition(".")
    digits = (whole + fraction).rstrip("0")
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e+{len(whole) - 1:02}"


def format_float(number: float, verb: str, precision: int | None) -> str:
    """A number by one of the verbs `e E f g G b x X`; no precision means the shortest that reads back."""
    if not math.isfinite(number):
        return _special(number)
    if verb == "b":
        return _binary(number)
    if verb in "xX":
        text = _hexadecimal(number, precision)
        return text.upper() if verb == "X" else text
    if precision is None and verb in "gG":
        text = format_shortest(number)
        return text.upper() if verb == "G" else text
    if verb == "f" and precision is not None and precision > 1000:  # Python's own limit is near; zeros follow
        return (
            f"{Decimal(number):.{precision}f}"
            if number or math.copysign(1, number) > 0
            else (f"-{Decimal(0):.{precision}f}")
        )
    return f"{number:.{6 if precision is None else precision}{verb}}"


def _binary(number: float) -> str:
    """`%b`: an integer and a power of two, `4503599627370496p-52`."""
    if number == 0:
        return "-0p-1074" if math.copysign(1, number) < 0 else "0p-1074"
    fraction, exponent = math.frexp(abs(number))
    power = max(exponent - 53, -1074)
    mantissa = int(math.ldexp(fraction, exponent - power))
    sign = "-" if number < 0 else ""
    return f"{sign}{mantissa}p{power:+}"


def _hexadecimal(number: float, precision: int | None) -> str:
    """`%x`: `0x1.8p+01`."""
    sign = "-" if math.copysign(1, number) < 0 else ""
    if number == 0:
        digits = "." + "0" * precision if precision else ""
        return f"{sign}0x0{digits}p+00"
    fraction, exponent = math.frexp(abs(number))
    mantissa, exponent = int(math.ldexp(fraction, 53)), exponent - 1  # 53 bits, the first of them set
    bits = 52
    if precision is not None and precision < 13:
        drop = 52 - 4 * precision
        mantissa, rest, half = mantissa >> drop, mantissa & ((1 << drop) - 1), 1 << (drop - 1)
        mantissa += rest > half or (rest == half and mantissa & 1)
        bits -= drop
        if mantissa >> (bits + 1):
            mantissa, exponent = mantissa >> 1, exponent + 1
    text = f"{mantissa & ((1 << bits) - 1):0{bits // 4}x}" if bits else ""
    text = text.rstrip("0") if precision is None else text.ljust(precision, "0")
    return f"{sign}0x1{'.' if text else ''}{text}p{'-' if exponent < 0 else '+'}{abs(exponent):02}"
