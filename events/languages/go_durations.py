"""Durations as Go reads, prints and rounds them: 64-bit counts of nanoseconds.

Read as `time.ParseDuration` (`1h30m`, `-1.5s`, `.5ms`, `0`), printed as `Duration.String`, rounded as `Duration.Round`.
"""

from __future__ import annotations

import re

from events.errors import cut
from events.languages.go_bytes import to_bytes

_UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,  # micro sign
    "\u03bcs": 1_000,  # Greek letter mu
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60 * 1_000_000_000,
    "h": 3600 * 1_000_000_000,
}
_BRIEF = 128
_NS_PER_S = 1_000_000_000
_LIMIT = 1 << 63
LONGEST = _LIMIT - 1
"""About 292 years; the shortest is one less than its negative."""
SHORTEST = -_LIMIT
_PART = re.compile(r"(?P<whole>[0-9]*)(?P<point>\.(?P<fraction>[0-9]*))?(?P<unit>[^.0-9]*)", re.DOTALL)


class BadDuration(ValueError):
    """Not a duration; the text is Go's."""

    @property
    def brief(self) -> str:
        """The same for a status or a page, where a text that is no duration may be of any length."""
        return cut(self, _BRIEF)


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration, within 64 bits and with sign.

    Raises:
        BadDuration: with the text of Go's error.
    """
    unsigned = text[1:] if text[:1] in {"+", "-"} else text
    if unsigned == "0":
        return 0
    if not unsigned:
        raise _invalid(text)
    total = at = 0
    while at < len(unsigned):
        match = _PART.match(unsigned, at)
        if match is None or not (match["whole"] or match["fraction"]):
            raise _invalid(text)
        total += _part_ns(match, text)
        if total > _LIMIT:
            raise _invalid(text)
        at = match.end()
    if text[0] == "-":
        return -total
    if total == _LIMIT:
        raise _invalid(text)
    return total


def seconds(value: int | str) -> float:
    """Of a field that takes nanoseconds as a number or a Go duration as a text.

    Raises:
        BadDuration: no duration, or a number that does not fit 64 bits.
    """
    if isinstance(value, str):
        return parse_duration(value) / _NS_PER_S
    if not SHORTEST <= value <= LONGEST:
        raise BadDuration("time: more nanoseconds than 64 bits hold")
    return value / _NS_PER_S


def _part_ns(match: re.Match[str], text: str) -> int:
    whole = _whole(match["whole"])
    if whole > _LIMIT:
        raise _invalid(text)
    unit = match["unit"]
    if not unit:
        raise BadDuration(f"time: missing unit in duration {quote(text)}")
    unit_ns = _UNITS_NS.get(unit)
    if unit_ns is None:
        raise BadDuration(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
    part_ns = whole * unit_ns
    fraction, scale = _fraction(match["fraction"] or "")
    # Go's arithmetic to the last bit: a float64 product, cut.
    part_ns += int(fraction * (unit_ns / scale))
    if part_ns > _LIMIT:
        raise _invalid(text)
    return part_ns


def _whole(digits: str) -> int:
    significant = digits.lstrip("0")
    # More digits than 2^63 has: too large whatever they are, and Python limits what `int` reads.
    return int(significant or "0") if len(significant) < 20 else _LIMIT + 1


def _fraction(digits: str) -> tuple[int, float]:
    """The digits as a number and what it is divided by; digits that do not fit 63 bits are ignored."""
    fraction, scale = 0, 1.0
    for digit in digits:
        if fraction > (_LIMIT - 1) // 10:
            break
        longer = fraction * 10 + int(digit)
        if longer > _LIMIT:
            break
        fraction = longer
        scale *= 10
    return fraction, scale


def _invalid(text: str) -> BadDuration:
    return BadDuration(f"time: invalid duration {quote(text)}")


def quote(text: str) -> str:
    """Quoted as in the errors of Go's package `time`: printable ASCII as it is, of the rest the bytes in hex."""
    parts = []
    for byte in to_bytes(text):
        char = chr(byte)
        if char in '"\\':
            parts.append("\\" + char)
        else:
            parts.append(char if 0x20 <= byte < 0x80 else f"\\x{byte:02x}")
    return f'"{"".join(parts)}"'


def format_duration(nanoseconds: int) -> str:
    """The shortest text with all digits: `1h30m0s`, `1.5s`, `12\u00b5s`, `0s`."""
    sign = "-" if nanoseconds < 0 else ""
    left = abs(nanoseconds)
    if left == 0:
        return "0s"
    for name, unit_ns in (("ns", 1), ("\u00b5s", 1_000), ("ms", 1_000_000)):
        if left < 1000 * unit_ns:
            return f"{sign}{_decimal(left, unit_ns)}{name}"
    minutes, below = divmod(left, _UNITS_NS["m"])
    text = f"{_decimal(below, _UNITS_NS['s'])}s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        text = f"{hours}h{minutes}m{text}" if hours else f"{minutes}m{text}"
    return sign + text


def _decimal(number: int, unit_ns: int) -> str:
    whole, rest = divmod(number, unit_ns)
    return f"{whole}.{str(rest).zfill(len(str(unit_ns)) - 1).rstrip('0')}" if rest else str(whole)


def round_duration(nanoseconds: int, unit_ns: int) -> int:
    """To the nearest multiple of a positive unit, halves away from zero, cut to what 64 bits hold."""
    whole, rest = divmod(abs(nanoseconds), unit_ns)
    rounded = (whole + (2 * rest >= unit_ns)) * unit_ns
    return max(-rounded, SHORTEST) if nanoseconds < 0 else min(rounded, LONGEST)
