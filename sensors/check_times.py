"""Times of day, zones and cron expressions, as far as upstream's validation looks at them (spec-sensors 2.1, 2.2, 5.4).

Each function gives the fault in upstream's words, or an empty text. Pure but for the zones, which the system knows.
"""

from __future__ import annotations

import re
from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_TIME = re.compile(r"(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d+))?", re.ASCII)
_LAYOUT = "15:04:05"
_ZONE_PREFIX = re.compile(r"(?:CRON_)?TZ=(\S*)\s+")

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, {name: number for number, name in enumerate(_MONTHS, start=1)}),
    (0, 6, {name: number for number, name in enumerate(_DAYS)}),
)
"""Minute, hour, day of month, month, day of week: the smallest and largest number, and the names."""


def is_zone(name: str) -> bool:
    """Whether it is an IANA zone; the empty name stands for a default."""
    if name in {"", "Local"}:
        return True
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def read_time(text: str) -> tuple[time | None, str]:
    """A time of day `H:MM:SS`, or None and the fault; `24:00:00` is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None, f'parsing time "{text[:64]}" as "{_LAYOUT}": cannot parse "{text[:64]}" as "{_LAYOUT}"'
    numbers = [int(match[part]) for part in (1, 2, 3)]
    for number, limit, name in zip(numbers, (24, 60, 60), ("hour", "minute", "second"), strict=True):
        if number >= limit:
            return None, f'parsing time "{text[:64]}": {name} out of range'
    hour, minute, second = numbers
    return time(hour, minute, second, int((match[4] or "").ljust(6, "0")[:6])), ""


def is_cron(text: str) -> bool:
    """Whether it is a cron expression of five fields; descriptors (`@daily`) and a field for seconds are none."""
    zone = _ZONE_PREFIX.match(text)
    if zone is not None:
        text = text[zone.end() :]
    fields = text.split()
    return (
        (zone is None or is_zone(zone[1]))
        and len(fields) == len(_FIELDS)
        and all(_is_field(field, *bounds) for field, bounds in zip(fields, _FIELDS, strict=True))
    )


def _is_field(field: str, low: int, high: int, names: dict[str, int]) -> bool:
    return all(_is_range(part, low, high, names) for part in field.split(",") if part)


def _is_range(part: str, low: int, high: int, names: dict[str, int]) -> bool:
    span, *steps = part.split("/")
    if len(steps) > 1 or (steps and not (steps[0].isdecimal() and int(steps[0]) > 0)):
        return False
    first, *rest = span.split("-")
    if len(rest) > 1:
        return False
    if first in {"*", "?"}:
        return True
    begin = _number(first, names)
    end = _number(rest[0], names) if rest else begin
    return begin is not None and end is not None and low <= begin <= end <= high


def _number(text: str, names: dict[str, int]) -> int | None:
    named = names.get(text.lower())
    if named is not None:
        return named
    return int(text) if text.isdecimal() and len(text) < 10 else None
