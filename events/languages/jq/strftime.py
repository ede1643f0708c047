"""Writing dates as gojq does: the directives of `strftime` with the flags `-`, `_`, `0`, `^`, `#` and a width."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

COMPOSED = {
    "c": "%a %b %e %H:%M:%S %Y",
    "+": "%a %b %e %H:%M:%S %Z %Y",
    "v": "%e-%b-%Y",
    "r": "%I:%M:%S %p",
    "F": "%Y-%m-%d",
    "D": "%m/%d/%y",
    "x": "%m/%d/%y",
    "T": "%H:%M:%S",
    "X": "%H:%M:%S",
    "R": "%H:%M",
}
_DIRECTIVE = re.compile(
    r"%(?P<flags>[-_^#0]*)(?P<width>[1-9][0-9]*)?(?P<colons>:{1,3}(?=z))?(?P<letter>.)", re.DOTALL
)
_MAX_WIDTH = 1024
_SPACED = frozenset("ekls")
"""Padded with spaces unless a flag says otherwise."""


def write(parts: Sequence[Any], seconds: int, nanoseconds: int, form: str) -> str:
    """The text of a time; what is no directive stays as it is."""

    def replace(found: re.Match[str]) -> str:
        letter, flags = found["letter"], found["flags"]
        if letter in COMPOSED and not found["colons"]:
            composed = write(parts, seconds, nanoseconds, COMPOSED[letter])
            return composed.upper() if "^" in flags else composed
        width = min(int(found["width"] or 0), _MAX_WIDTH)
        if found["colons"] or letter == "z":
            return _offset(found["colons"] or "", flags, width)
        number = _number(letter, parts, seconds, nanoseconds)
        if number is not None:
            return _padded(*number, letter, flags, width)
        text = _word(letter, parts)
        if text is None:
            return found[0]
        return _cased(text, letter, flags, width)

    return _DIRECTIVE.sub(replace, form)


def _number(letter: str, parts: Sequence[Any], seconds: int, nanoseconds: int) -> tuple[int, int] | None:
    """The number of a directive, and its usual width."""
    year, month, day, hour, minute, second, weekday, yearday = parts
    if letter in "GgV":
        week_year, week = _iso_week(year, weekday, yearday)
        return {"G": (week_year, 4), "g": (abs(week_year) % 100, 2), "V": (week, 2)}[letter]
    numbers = {
        "Y": (year, 4),
        "y": (abs(year) % 100, 2),
        "C": (int(year / 100), 2),
        "m": (month + 1, 2),
        "d": (day, 2),
        "e": (day, 2),
        "H": (hour, 2),
        "k": (hour, 2),
        "I": (hour % 12 or 12, 2),
        "l": (hour % 12 or 12, 2),
        "M": (minute, 2),
        "S": (int(second), 2),
        "U": ((yearday + 7 - weekday) // 7, 2),
        "W": ((yearday + 7 - (weekday + 6) % 7) // 7, 2),
        "w": (weekday, 1),
        "u": (weekday or 7, 1),
        "j": (yearday + 1, 3),
        "s": (seconds, 1),
        "f": (nanoseconds // 1000, 6),
    }
    return numbers.get(letter)


def _iso_week(year: int, weekday: int, yearday: int) -> tuple[int, int]:
    week = (yearday - (weekday + 6) % 7 + 10) // 7
    if week < 1:
        return year - 1, _weeks(year - 1)
    if week > _weeks(year):
        return year + 1, 1
    return year, week


def _weeks(year: int) -> int:
    """53 where the year begins or ends on a Thursday."""

    def last_weekday(of: int) -> int:
        return (of + of // 4 - of // 100 + of // 400) % 7

    return 53 if last_weekday(year) == 4 or last_weekday(year - 1) == 3 else 52


def _padded(number: int, usual: int, letter: str, flags: str, width: int) -> str:
    padding = next((flag for flag in reversed(flags) if flag in "-_0"), "")
    if letter in "Yf" and width:
        usual = width
    width = max(width, usual)
    if padding == "-":
        return str(number)
    fill = " " if padding == "_" or (not padding and letter in _SPACED) else "0"
    if fill == "0":
        return f"{'-' if number < 0 else ''}{abs(number):0{max(width - (number < 0), 1)}d}"
    return str(number).rjust(width)


def _word(letter: str, parts: Sequence[Any]) -> str | None:
    month, weekday = MONTHS[parts[1]], DAYS[parts[6]]
    half = "AM" if parts[3] < 12 else "PM"
    words = {"B": month, "b": month[:3], "h": month[:3], "A": weekday, "a": weekday[:3], "p": half, "P": half}
    return {**words, "Z": "UTC", "t": "\t", "n": "\n", "%": "%"}.get(letter)


def _cased(text: str, letter: str, flags: str, width: int) -> str:
    padding = next((flag for flag in reversed(flags) if flag in "-_0"), "")
    if padding != "-":
        text = text.rjust(width, "0" if padding == "0" else " ")
    is_swapped = "#" in flags
    if letter == "P":
        is_swapped = not ("^" in flags or is_swapped)
    if letter in "tn%":
        return text
    if is_swapped:
        return text.lower() if text.strip().isupper() else text.upper()
    return text.upper() if "^" in flags else text


def _offset(colons: str, flags: str, width: int) -> str:
    text = {0: "+0000", 1: "+00:00", 2: "+00:00:00", 3: "+00"}[len(colons)]
    if "_" in flags:
        return text.replace("+0", " +", 1).rjust(width)
    if "-" in flags:
        return text.replace("+0", "+", 1)
    return "+" + text[1:].rjust(width - 1, "0")
