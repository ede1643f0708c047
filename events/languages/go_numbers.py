"""Reading and printing numbers and booleans the way Go's `strconv` does.

Resources are written for Go programs, so `1_000`, `0x1p4` and `inf` are numbers, and 1.5e6 prints as `1500000`.
Checked against Go itself by the tests of gjson.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

_DECIMAL = re.compile(
    r"[+-]?(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?", re.ASCII
)
_HEX = re.compile(
    r"[+-]?0[xX]_?(?:[0-9a-f](?:_?[0-9a-f])*(?:\.(?:[0-9a-f](?:_?[0-9a-f])*)?)?|\.[0-9a-f](?:_?[0-9a-f])*)"
    r"p[+-]?\d(?:_?\d)*",
    re.ASCII | re.IGNORECASE,
)
_SPECIAL = re.compile(r"[+-]?inf(?:inity)?|nan", re.ASCII | re.IGNORECASE)

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def parse_float(text: str) -> float | None:
    """The number that `strconv.ParseFloat(text, 64)` reads; None where Go reports invalid syntax.

    Beyond the range of a float64 the answer is an infinity, which is also what Go hands out beside its error.
    """
    if _DECIMAL.fullmatch(text):
        return float(text.replace("_", ""))
    if _SPECIAL.fullmatch(text):
        return float(text)
    if _HEX.fullmatch(text):
        try:
            return float.fromhex(text.replace("_", ""))
        except OverflowError:
            return -math.inf if text.startswith("-") else math.inf
    return None


def format_float(number: float) -> str:
    """The shortest decimal without an exponent: `strconv.FormatFloat(number, 'f', -1, 64)`."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    text = repr(number)
    if "e" in text:
        return format(Decimal(text), "f")
    return text.removesuffix(".0")


def parse_bool(text: str) -> bool | None:
    """What `strconv.ParseBool` reads; None where Go reports invalid syntax."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    return None
