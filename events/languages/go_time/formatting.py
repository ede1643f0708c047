"""Printing a moment by a layout, as `Time.Format`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from events.languages.go_time.calendar import MONTHS, WEEKDAYS, Civil, civil
from events.languages.go_time.layout import Element, elements
from events.languages.go_time.zones import Zone

NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Shown:
    """What there is to print of a moment."""

    wall: Civil
    nanosecond: int
    zone: str
    offset_s: int

    @property
    def hour12(self) -> int:
        return (self.wall.hour + 11) % 12 + 1


def format_time(layout: str, unix_ns: int, zone: Zone) -> str:
    """The moment `unix_ns` nanoseconds after the start of 1970 (UTC), as a wall in `zone` shows it."""
    unix_s, nanosecond = divmod(unix_ns, NS)
    name, offset_s = zone.at(unix_s)
    shown = _Shown(civil(unix_s + offset_s), nanosecond, name, offset_s)
    return "".join(element.before + _print(element, shown) for element in elements(layout))


def _print(element: Element, shown: _Shown) -> str:
    if not element.text:
        return ""
    if element.is_fraction:
        return _fraction(element, shown.nanosecond)
    if element.text[0] in {"-", "Z"}:
        return _offset(element.text, shown.offset_s)
    return _PRINT[element.text](shown)


def _fraction(element: Element, nanosecond: int) -> str:
    digits = f"{nanosecond:09d}"[: element.digits] if element.digits < 9 else f"{nanosecond:09d}"
    if element.text[1] == "0":
        return element.text[0] + digits
    digits = digits.rstrip("0")
    return element.text[0] + digits if digits else ""


def _offset(text: str, offset_s: int) -> str:
    if text[0] == "Z" and offset_s == 0:
        return "Z"
    minutes = abs(offset_s) // 60
    is_west = offset_s <= -60
    colon = ":" if ":" in text else ""
    printed = f"{'-' if is_west else '+'}{minutes // 60:02d}"
    if len(text) > 3:
        printed += f"{colon}{minutes % 60:02d}"
    if len(text) > 6:
        # West by less than a minute keeps its sign here, as in Go.
        printed += colon + _padded(int(math.fmod(abs(offset_s) if is_west else offset_s, 60)), 2)
    return printed


def _zone(shown: _Shown) -> str:
    return shown.zone or _offset("-0700", shown.offset_s)


def _padded(number: int, width: int) -> str:
    """Zeros before the digits; a minus does not count."""
    return ("-" if number < 0 else "") + str(abs(number)).zfill(width)


_PRINT: dict[str, Callable[[_Shown], str]] = {
    "January": lambda shown: MONTHS[shown.wall.month - 1],
    "Jan": lambda shown: MONTHS[shown.wall.month - 1][:3],
    "1": lambda shown: str(shown.wall.month),
    "01": lambda shown: _padded(shown.wall.month, 2),
    "Monday": lambda shown: WEEKDAYS[shown.wall.weekday],
    "Mon": lambda shown: WEEKDAYS[shown.wall.weekday][:3],
    "2": lambda shown: str(shown.wall.day),
    "_2": lambda shown: f"{shown.wall.day:2d}",
    "02": lambda shown: _padded(shown.wall.day, 2),
    "__2": lambda shown: f"{shown.wall.year_day:3d}",
    "002": lambda shown: _padded(shown.wall.year_day, 3),
    "15": lambda shown: _padded(shown.wall.hour, 2),
    "3": lambda shown: str(shown.hour12),
    "03": lambda shown: _padded(shown.hour12, 2),
    "4": lambda shown: str(shown.wall.minute),
    "04": lambda shown: _padded(shown.wall.minute, 2),
    "5": lambda shown: str(shown.wall.second),
    "05": lambda shown: _padded(shown.wall.second, 2),
    "2006": lambda shown: _padded(shown.wall.year, 4),
    "06": lambda shown: _padded(abs(shown.wall.year) % 100, 2),
    "PM": lambda shown: "PM" if shown.wall.hour >= 12 else "AM",
    "pm": lambda shown: "pm" if shown.wall.hour >= 12 else "am",
    "MST": _zone,
}
