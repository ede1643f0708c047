"""Reading one element of a layout from a text: what each may look like, as `time.Parse` has it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from events.languages.go_bytes import to_bytes, to_text
from events.languages.go_time.calendar import MONTHS, WEEKDAYS
from events.languages.go_time.layout import Element

_NUMBER = re.compile(r"[+-]?[0-9]*")
_DIGITS = re.compile(r"[0-9]*+")
_UPPER = re.compile(r"[A-Z]{0,6}")
_SIGNED_HOURS = re.compile(r"[+-]([0-9]++)")
_OFFSET_SHAPES = {
    3: re.compile(r"(.)(..)", re.DOTALL),
    5: re.compile(r"(.)(..)(..)", re.DOTALL),
    6: re.compile(r"(.)(..):(..)", re.DOTALL),
    7: re.compile(r"(.)(..)(..)(..)", re.DOTALL),
    9: re.compile(r"(.)(..):(..):(..)", re.DOTALL),
}
_PARTS_OF_OFFSET = (("hour", 24), ("minute", 60), ("second", 60))
"""Some people write offsets of 24 hours or 60 minutes, so Go lets them pass."""
_POINTS = frozenset(".,")
UNSET = -1
"""Go marks a zone that was not read with the offset of one second west, and so cannot read that one."""


class NotThis(Exception):
    """The text does not have the element."""

    def __init__(self, wanted: str = "", rest: str = "") -> None:
        self.wanted = wanted
        self.rest = rest
        super().__init__(wanted)


class OutOfRange(Exception):
    """The element is there, but its number cannot be."""


@dataclass(slots=True)
class Reading:
    """What has been read so far of a text, one character a byte. What was not read of the date is None."""

    text: str
    at: int = 0
    year: int = 0
    month: int | None = None
    day: int | None = None
    year_day: int | None = None
    hour: int = 0
    minute: int = 0
    second: int = 0
    nanosecond: int = 0
    is_morning: bool = False
    is_afternoon: bool = False
    is_utc: bool = False
    zone_name: str = ""
    offset_s: int = UNSET

    def take(self, count: int) -> str:
        """The next characters."""
        if self.at + count > len(self.text):
            raise NotThis
        self.at += count
        return self.text[self.at - count : self.at]

    def take_digits(self, most: int, least: int = 1) -> int:
        """The number of the next digits."""
        match = _DIGITS.match(self.text, self.at, self.at + most)
        digits = match[0] if match else ""
        if len(digits) < least:
            raise NotThis
        self.at += len(digits)
        return int(digits)

    def drop_space(self) -> None:
        """Pass one space, if there is one."""
        if self.text.startswith(" ", self.at):
            self.at += 1


def as_bytes(text: str) -> str:
    """The bytes of a text, one character each."""
    return to_bytes(text).decode("latin-1")


def as_text(raw: str) -> str:
    """The text of bytes, one character each."""
    return to_text(raw.encode("latin-1"))


def number(text: str) -> int:
    """A number with a sign; no digits are 0, as Go reads them here."""
    if _NUMBER.fullmatch(text) is None:
        raise NotThis
    # Python refuses to read thousands of digits, also where they are zeros.
    found = int(text.lstrip("+-0") or "0")
    return -found if text[:1] == "-" else found


def read_field(reading: Reading, element: Element, following: Element) -> None:
    """Read an element of the layout, of which `following` is the next one.

    Raises:
        NotThis: the text has no such element here.
        OutOfRange: its number cannot be.
    """
    text = element.text
    if element.is_fraction:
        _fraction(reading, element)
    elif text[0] in {"-", "Z"}:
        _offset(reading, text)
    elif text in {"5", "05"}:
        _second(reading, following, least=len(text))
    else:
        _READ[text](reading)


def _long_year(reading: Reading) -> None:
    digits = reading.take(4)
    if digits[0] in "+-":
        raise NotThis
    reading.year = number(digits)


def _short_year(reading: Reading) -> None:
    year = number(reading.take(2))
    reading.year = year + (1900 if year >= 69 else 2000)


def _name(reading: Reading, names: tuple[str, ...], length: int | None = None) -> int:
    """The place in the list, from 1, of a name that the text begins with in any case."""
    for place, name in enumerate(names, start=1):
        wanted = name[:length]
        found = reading.text[reading.at : reading.at + len(wanted)]
        if found.isascii() and found.lower() == wanted.lower():
            reading.at += len(wanted)
            return place
    raise NotThis


def _month_name(reading: Reading, length: int | None = None) -> None:
    reading.month = _name(reading, MONTHS, length)


def _weekday_name(reading: Reading, length: int | None = None) -> None:
    """It is read, and then forgotten."""
    _name(reading, WEEKDAYS, length)


def _month(reading: Reading, least: int) -> None:
    reading.month = _checked(reading.take_digits(2, least), 1, 12, "month")


def _day(reading: Reading, least: int = 1, spaces: int = 0) -> None:
    for _ in range(spaces):
        reading.drop_space()
    reading.day = reading.take_digits(2, least)


def _year_day(reading: Reading, least: int, spaces: int = 0) -> None:
    for _ in range(spaces):
        reading.drop_space()
    reading.year_day = reading.take_digits(3, least)


def _hour(reading: Reading, most: int, least: int = 1) -> None:
    reading.hour = _checked(reading.take_digits(2, least), 0, most, "hour")


def _minute(reading: Reading, least: int) -> None:
    reading.minute = _checked(reading.take_digits(2, least), 0, 59, "minute")


def _second(reading: Reading, following: Element, least: int) -> None:
    """Seconds, and a fraction that the text has although the layout does not."""
    reading.second = _checked(reading.take_digits(2, least), 0, 59, "second")
    if not following.is_fraction:
        _optional_fraction(reading)


def _checked(found: int, low: int, high: int, name: str) -> int:
    if not low <= found <= high:
        raise OutOfRange(f"{name} out of range")
    return found


def _half_of_day(reading: Reading, morning: str) -> None:
    half = reading.take(2)
    if half not in {morning, morning.replace("a", "p").replace("A", "P")}:
        raise NotThis
    if half == morning:
        reading.is_morning = True
    else:
        reading.is_afternoon = True


def _fraction(reading: Reading, element: Element) -> None:
    if element.text[1] == "9":
        _optional_fraction(reading)
        return
    text = reading.take(1 + element.digits)
    if text[0] not in _POINTS:
        raise NotThis
    reading.nanosecond = _nanoseconds(text[1:])


def _optional_fraction(reading: Reading) -> None:
    point = reading.text[reading.at : reading.at + 1]
    match = _DIGITS.match(reading.text, reading.at + 1)
    if point in _POINTS and match is not None and match[0]:
        reading.at = match.end()
        reading.nanosecond = _nanoseconds(match[0])


def _nanoseconds(digits: str) -> int:
    digits = digits[:9]
    found = number(digits)
    if found < 0:
        raise OutOfRange("fractional second out of range")
    return int(found * 10 ** (9 - len(digits)))


def _offset(reading: Reading, text: str) -> None:
    if text[0] == "Z" and reading.text.startswith("Z", reading.at):
        reading.at += 1
        reading.is_utc = True
        return
    match = _OFFSET_SHAPES[len(text)].fullmatch(reading.take(len(text)))
    if match is None:
        raise NotThis
    sign, *parts = match.groups()
    seconds, is_readable, too_large = 0, True, ""
    for part, (name, most) in zip((*parts, "00", "00")[:3], _PARTS_OF_OFFSET, strict=True):
        is_readable = is_readable and part.isascii() and part.isdigit()
        found = int(part) if is_readable else 0
        too_large = name if found > most else too_large
        seconds = seconds * 60 + found
    if too_large:
        raise OutOfRange(f"time zone offset {too_large} out of range")
    if not is_readable or sign not in {"+", "-"}:
        raise NotThis
    reading.offset_s = -seconds if sign == "-" else seconds


def _zone(reading: Reading) -> None:
    if reading.text.startswith("UTC", reading.at):
        reading.at += 3
        reading.is_utc = True
        return
    length = _length_of_zone(reading.text, reading.at)
    if not length:
        raise NotThis
    reading.zone_name = reading.take(length)


def _length_of_zone(text: str, at: int) -> int:
    """How long the abbreviation of a zone is that stands there; 0 where there is none."""
    if at + 3 > len(text):
        return 0
    if text.startswith(("ChST", "MeST"), at):
        return 4
    if text.startswith("GMT", at):
        return 3 + _length_of_hours(text, at + 3)
    if text[at] in "+-":
        return _length_of_hours(text, at)
    match = _UPPER.match(text, at)
    name = match[0] if match else ""
    is_zone = len(name) == 3 or (len(name) in {4, 5} and (name[-1] == "T" or name == "WITA"))
    return len(name) if is_zone else 0


def _length_of_hours(text: str, at: int) -> int:
    match = _SIGNED_HOURS.match(text, at)
    if match is None:
        return 0
    digits = match[1].lstrip("0")
    return len(match[0]) if len(digits) <= 2 and int(digits or "0") <= 23 else 0


_READ: dict[str, Callable[[Reading], None]] = {
    "2006": _long_year,
    "06": _short_year,
    "January": _month_name,
    "Jan": lambda reading: _month_name(reading, 3),
    "1": lambda reading: _month(reading, least=1),
    "01": lambda reading: _month(reading, least=2),
    "Monday": _weekday_name,
    "Mon": lambda reading: _weekday_name(reading, 3),
    "2": _day,
    "_2": lambda reading: _day(reading, spaces=1),
    "02": lambda reading: _day(reading, least=2),
    "__2": lambda reading: _year_day(reading, least=1, spaces=2),
    "002": lambda reading: _year_day(reading, least=3),
    "15": lambda reading: _hour(reading, most=23),
    "3": lambda reading: _hour(reading, most=12),
    "03": lambda reading: _hour(reading, most=12, least=2),
    "4": lambda reading: _minute(reading, least=1),
    "04": lambda reading: _minute(reading, least=2),
    "PM": lambda reading: _half_of_day(reading, "AM"),
    "pm": lambda reading: _half_of_day(reading, "am"),
    "MST": _zone,
}
