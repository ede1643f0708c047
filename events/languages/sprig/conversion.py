"""sprig: numbers out of anything (`int`, `int64`, `float64`, `atoi`, `toDecimal`).

The first three follow spf13/cast 1.7: what is no number is 0 and never an error. A text is read in the base that its
prefix says, `0123` being octal; `"12.0"` is 12 and `"12.9"` is 0.
"""

from __future__ import annotations

import math
import re
from typing import TypeGuard

from events.languages.go_numbers import parse_float
from events.languages.go_template.functions import Function, declare
from events.languages.go_template.plain import print_value
from events.languages.go_values import Duration, wrap64

_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1
_ZERO_DECIMALS = re.compile(r"\.0+\.*\Z")
_PREFIXED = re.compile(
    r"([+-]?)(?:0[xX](?P<x>(?:_?[0-9a-fA-F])+)|0[bB](?P<b>(?:_?[01])+)|0[oO](?P<o>(?:_?[0-7])+)"
    r"|0(?P<z>(?:_?[0-7])+)|(?P<d>0|[1-9](?:_?[0-9])*))"
)
_BASES = {"x": 16, "b": 2, "o": 8, "z": 8, "d": 10}
_DECIMAL = re.compile(r"[+-]?[0-9]+")
_OCTAL = re.compile(r"[+-]?[0-7]+")
_MOST_DIGITS = 64
"""Of a number of 64 bits, in any base."""


def _is_integer(value: object) -> TypeGuard[int]:
    """Whether cast takes it for an integer: all of them, booleans, months and weekdays, but no durations."""
    return isinstance(value, int) and not isinstance(value, Duration)


def to_int64(value: object) -> int:
    """`cast.ToInt64`: a number within 64 bits; 0 where the value is none."""
    if _is_integer(value):
        return wrap64(value)
    if isinstance(value, float):
        return cut_float(value)
    if isinstance(value, str):
        return _prefixed(_ZERO_DECIMALS.sub("", value))
    return 0


def to_float64(value: object) -> float:
    """`cast.ToFloat64`: 0 where the value is no number, also where it is a text beyond float64."""
    if _is_integer(value):
        return float(value)
    if isinstance(value, float):
        return value
    if isinstance(value, str):
        number = parse_float(value)
        is_finite = number is not None and (math.isfinite(number) or not any(c.isdigit() for c in value))
        return number if number is not None and is_finite else 0.0
    return 0.0


def cut_float(number: float) -> int:
    """A float as an int64, decimals cut; what does not fit is the lowest int64, as on Go's amd64."""
    if not math.isfinite(number):
        return _LOWEST
    whole = int(number)
    return whole if _LOWEST <= whole <= _HIGHEST else _LOWEST


def _prefixed(text: str) -> int:
    """`strconv.ParseInt(text, 0, 64)`, 0 for its errors."""
    match = _PREFIXED.fullmatch(text)
    if match is None:
        return 0
    base = match.lastgroup or "d"
    number = _digits(match[base].replace("_", ""), _BASES[base])
    number = -number if match[1] == "-" else number
    return number if _LOWEST <= number <= _HIGHEST else 0


def _digits(digits: str, base: int) -> int:
    """The number of the digits; a very long one is cut to what is beyond 64 bits all the same."""
    return int(digits.lstrip("0")[: _MOST_DIGITS + 1] or "0", base)


def read_decimal(text: str) -> int:
    """`strconv.ParseInt(text, 10, 64)` without its error: 0 for what is no number, the nearest int64 beyond 64 bits."""
    if _DECIMAL.fullmatch(text) is None:
        return 0
    number = _digits(text.lstrip("+-"), 10)
    return max(_LOWEST, min(_HIGHEST, -number if text[0] == "-" else number))


def _to_decimal(value: object) -> int:
    """The octal number that the value prints as; 0 where it is none."""
    # Nothing else prints as digits, and lists may be long.
    text = print_value(value) if isinstance(value, int | float | str) else ""
    if _OCTAL.fullmatch(text) is None:
        return 0
    number = _digits(text.lstrip("+-"), 8)
    number = -number if text[0] == "-" else number
    return number if _LOWEST <= number <= _HIGHEST else 0


FUNCTIONS: dict[str, Function] = {
    "atoi": declare("func(string) int", read_decimal),
    "float64": declare("func(any) float64", to_float64),
    "int": declare("func(any) int", to_int64),
    "int64": declare("func(any) int64", to_int64),
    "toDecimal": declare("func(any) int64", _to_decimal),
}
