"""One field of a cron expression, as a set of bits: lists, ranges, steps, names (robfig/cron 3.0.1).

    field = range {"," range}        range = ("*" | "?" | value ["-" value]) ["/" step]

The texts of the errors are robfig's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from events.errors import KikkakeError

STAR = 1 << 63
"""Set where a field holds `*` or `?` without a step above 1: it does not restrict the days."""

_INT = re.compile(r"[+-]?[0-9]+")
_ESCAPES = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
    '"': r"\"",
}


class CronError(KikkakeError):
    """Not a cron expression, or a zone that does not exist; the text is robfig's."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The smallest and the largest value of a field, and the names of values in lower case."""

    low: int
    high: int
    names: dict[str, int] = field(default_factory=dict)


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

SECONDS = Bounds(0, 59)
MINUTES = Bounds(0, 59)
HOURS = Bounds(0, 23)
DAYS_OF_MONTH = Bounds(1, 31)
MONTHS = Bounds(1, 12, {name: number for number, name in enumerate(_MONTHS, start=1)})
DAYS_OF_WEEK = Bounds(0, 6, {name: number for number, name in enumerate(_DAYS)})
"""Sunday is 0; 7 is refused."""


def parse_field(text: str, bounds: Bounds) -> int:
    """The bits of all values that the field stands for; of commas alone none. Raises CronError."""
    bits = 0
    for part in text.split(","):
        if part:
            bits |= _parse_range(part, bounds)
    return bits


def _parse_range(text: str, bounds: Bounds) -> int:
    span, *steps = text.split("/")
    first, *rest = span.split("-")
    star = 0
    if first in {"*", "?"}:
        # What stands behind a hyphen is not looked at here, as in robfig: `*-7` is `*`.
        low, high, star = bounds.low, bounds.high, STAR
    else:
        low = high = _value(first, bounds)
        if len(rest) == 1:
            high = _value(rest[0], bounds)
        elif rest:
            raise CronError(f"too many hyphens: {text}")
    step = 1
    if len(steps) == 1:
        step = _number(steps[0])
        if not rest:
            high = bounds.high  # `5/15` is `5-59/15`
        if step > 1:
            star = 0
    elif steps:
        raise CronError(f"too many slashes: {text}")
    _check(low, high, step, bounds, text)
    return _bits(low, high, step) | star


def _check(low: int, high: int, step: int, bounds: Bounds, text: str) -> None:
    if low < bounds.low:
        raise CronError(f"beginning of range ({low}) below minimum ({bounds.low}): {text}")
    if high > bounds.high:
        raise CronError(f"end of range ({high}) above maximum ({bounds.high}): {text}")
    if low > high:
        raise CronError(f"beginning of range ({low}) beyond end of range ({high}): {text}")
    if step == 0:
        raise CronError(f"step of range should be a positive number: {text}")


def _bits(low: int, high: int, step: int) -> int:
    return sum(1 << value for value in range(low, high + 1, step))


def _value(text: str, bounds: Bounds) -> int:
    named = bounds.names.get(text.lower())
    return _number(text) if named is None else named


def _number(text: str) -> int:
    if not _INT.fullmatch(text):
        raise _not_a_number(text, "invalid syntax")
    digits = text.lstrip("+-").lstrip("0") or "0"
    # Longer than any number of 64 bits is never read: Python limits what `int` takes.
    number = int(digits) if len(digits) < 20 else 1 << 64
    if text[0] == "-":
        number = -number
    if not -(1 << 63) <= number < 1 << 63:
        raise _not_a_number(text, "value out of range")
    if number < 0:
        raise CronError(f"negative number ({number}) not allowed: {text}")
    return number


def _not_a_number(text: str, reason: str) -> CronError:
    return CronError(f"failed to parse int from {text}: strconv.Atoi: parsing {_quote(text)}: {reason}")


def _quote(text: str) -> str:
    """Quoted as Go's `strconv.Quote` does."""
    return '"' + "".join(_escape(char) for char in text) + '"'


def _escape(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
