"""Number constants of templates: what they can stand for (`1` is an int, a float and a complex number)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from events.languages.go_numbers import parse_float
from events.languages.go_template.quoting import quote, unquote_char

_INTEGER = re.compile(
    r"([+-]?)(?:0[xX]_?([0-9a-fA-F](?:_?[0-9a-fA-F])*)|0[bB]_?([01](?:_?[01])*)"
    r"|0[oO]_?([0-7](?:_?[0-7])*)|0_?([0-7](?:_?[0-7])*)|([1-9](?:_?[0-9])*|0))",
    re.ASCII,
)
_COMPLEX = re.compile(r"([+-]?[^+-]*(?:[eEpP][+-][^+-]*)?)([+-][^+-]*(?:[eEpP][+-][^+-]*)?)i")


class BadNumber(ValueError):
    """A number constant that Go cannot read."""


@dataclass(frozen=True, slots=True)
class Number:
    """The readings of one constant; None where it has none of that type."""

    text: str
    integer: int | None = None
    unsigned: int | None = None
    real: float | None = None
    imaginary: complex | None = None
    """Set for constants written as complex numbers only."""

    def ideal(self) -> int | float | complex | None:
        """The value where nothing tells the type; None when it overflows an int."""
        if self.imaginary is not None:
            return self.imaginary
        if self.real is not None and self._looks_real():
            return self.real
        return self.integer

    def _looks_real(self) -> bool:
        text = self.text
        if text.startswith("'"):
            return False
        if len(text) > 2 and text[0] == "0" and text[1] in "xX" and not _has(text, "pP"):
            return False
        return _has(text, ".eEpP")


def _has(text: str, characters: str) -> bool:
    return any(char in text for char in characters)


def parse_number(text: str) -> Number:
    """A constant such as `0x1F`, `1_000`, `1e3` or `2i`.

    Raises:
        BadNumber: with Go's message.
    """
    if text.endswith("i"):
        value = _parse_imaginary(text)
        if value is not None:
            return _complex(text, value)
    number = _parse_integer(text)
    integer = number if number is not None and -(1 << 63) <= number < 1 << 63 else None
    unsigned = number if number is not None and 0 <= number < 1 << 64 else None
    if text[:1] == "+":  # Go reads no sign into an unsigned number
        unsigned = 0 if integer == 0 else None
    if integer is not None:
        return Number(text, integer, unsigned, float(integer))
    if unsigned is not None:
        return Number(text, None, unsigned, float(unsigned))
    real = parse_float(text)
    if real is None or not math.isfinite(real):
        raise BadNumber(f"illegal number syntax: {quote(text)}")
    if not _has(text, ".eEpP"):
        raise BadNumber(f"integer overflow: {quote(text)}")
    return Number(text, _signed(real), _unsigned(real), real)


def parse_complex(text: str) -> Number:
    """A constant of two parts, `1+2i`.

    Raises:
        BadNumber: a part is no number.
    """
    found = _COMPLEX.fullmatch(text)
    real = parse_float(found[1]) if found else None
    imaginary = parse_float(found[2]) if found else None
    if real is None or imaginary is None:
        raise BadNumber("syntax error scanning complex number")
    return _complex(text, complex(real, imaginary))


def parse_rune(literal: str) -> Number:
    """A character constant.

    Raises:
        BadQuoting: see `quoting.unquote_char`.
    """
    code = unquote_char(literal)
    return Number(literal, code, code, float(code))


def _parse_integer(text: str) -> int | None:
    found = _INTEGER.fullmatch(text)
    if found is None:
        return None
    sign, sixteen, two, eight, leading_zero, ten = found.groups()
    for digits, base in ((sixteen, 16), (two, 2), (eight, 8), (leading_zero, 8), (ten, 10)):
        if digits is not None:
            if len(digits) > 100:  # beyond 64 bits without counting
                return 1 << 70
            return -int(digits, base) if sign == "-" else int(digits, base)
    return None


def _parse_imaginary(text: str) -> complex | None:
    part = parse_float(text[:-1])
    return None if part is None or math.isinf(part) else complex(0, part)


def _complex(text: str, value: complex) -> Number:
    if value.imag:
        return Number(text, imaginary=value)
    return Number(text, _signed(value.real), _unsigned(value.real), value.real, value)


def _signed(real: float) -> int | None:
    return int(real) if real.is_integer() and -(2.0**63) <= real < 2.0**63 else None


def _unsigned(real: float) -> int | None:
    return int(real) if real.is_integer() and 0 <= real < 2.0**64 else None
