"""Reading a moment by a layout, as `time.ParseInLocation(layout, text, time.Local)` where Local is UTC.

Texts are read as bytes, one character each, because Go counts bytes. One pass; no input raises anything else than
`UnreadableTime`.
"""

from __future__ import annotations

from events.errors import KikkakeError
from events.languages.go_durations import quote
from events.languages.go_time.calendar import days_before, days_in, is_leap, seconds
from events.languages.go_time.fields import (
    UNSET,
    NotThis,
    OutOfRange,
    Reading,
    as_bytes,
    as_text,
    number,
    read_field,
)
from events.languages.go_time.formatting import NS
from events.languages.go_time.layout import Element, elements
from events.languages.go_time.zones import LOCAL, UTC, FixedZone, Zone


class UnreadableTime(KikkakeError):
    """The text does not follow the layout; the message is that of Go's `time` package."""


def parse_time(layout: str, text: str) -> tuple[int, Zone]:
    """The instant in nanoseconds since 1970 (UTC), and the zone that the text names: UTC where it names none.

    Raises:
        UnreadableTime: with Go's text, such as `parsing time "x" as "2006": cannot parse "x" as "2006"`.
    """
    reading = Reading(as_bytes(text))
    cut = elements(as_bytes(layout))
    try:
        for element, following in zip(cut, (*cut[1:], cut[-1]), strict=True):
            _read(reading, element, following)
        month, day = _date(reading)
    except NotThis as fault:
        rest, wanted = as_text(fault.rest), as_text(fault.wanted)
        raise UnreadableTime(
            f"parsing time {quote(text)} as {quote(layout)}: cannot parse {quote(rest)} as {quote(wanted)}"
        ) from None
    except OutOfRange as fault:
        raise UnreadableTime(f"parsing time {quote(text)}: {fault}") from None
    return _moment(reading, month, day)


def _read(reading: Reading, element: Element, following: Element) -> None:
    """Read the literal text before an element, and the element; the last element is the end of the text."""
    _skip(reading, element.before)
    hold = reading.at
    if element.text:
        try:
            read_field(reading, element, following)
        except NotThis:
            raise NotThis(element.text, reading.text[hold:]) from None
    elif hold < len(reading.text):
        raise OutOfRange(f"extra text: {quote(as_text(reading.text[hold:]))}")


def _skip(reading: Reading, literal: str) -> None:
    """Runs of spaces match runs of spaces, also none at the end of the text."""
    text, at, done = reading.text, reading.at, 0
    while done < len(literal):
        if literal[done] == " ":
            if at < len(text) and text[at] != " ":
                raise NotThis(literal, text[at:])
            done = _after_spaces(literal, done)
            at = _after_spaces(text, at)
            continue
        if at >= len(text) or text[at] != literal[done]:
            raise NotThis(literal, text[at:])
        at, done = at + 1, done + 1
    reading.at = at


def _after_spaces(text: str, at: int) -> int:
    while at < len(text) and text[at] == " ":
        at += 1
    return at


def _date(reading: Reading) -> tuple[int, int]:
    """Month and day, also where the day of the year was read, once they are checked."""
    month, day = reading.month, reading.day
    if reading.year_day is not None:
        month, day = _date_of(reading.year_day, reading.year)
        if reading.month not in {None, month}:
            raise OutOfRange("day-of-year does not match month")
        if reading.day not in {None, day}:
            raise OutOfRange("day-of-year does not match day")
    month = 1 if month is None else month
    day = 1 if day is None else day
    if not 1 <= day <= days_in(month, reading.year):
        raise OutOfRange("day out of range")
    return month, day


def _date_of(year_day: int, year: int) -> tuple[int, int]:
    if not 1 <= year_day <= 365 + is_leap(year):
        raise OutOfRange("day-of-year out of range")
    if is_leap(year):
        if year_day == 31 + 29:
            return 2, 29
        year_day -= year_day > 31 + 29
    month = next(month for month in range(12, 0, -1) if days_before(month) < year_day)
    return month, year_day - days_before(month)


def _moment(reading: Reading, month: int, day: int) -> tuple[int, Zone]:
    hour = reading.hour
    if reading.is_afternoon and hour < 12:
        hour += 12
    elif reading.is_morning and not reading.is_afternoon and hour == 12:
        hour = 0
    unix_s = seconds(reading.year, month, day) + (hour * 60 + reading.minute) * 60 + reading.second
    zone: Zone = LOCAL
    name = as_text(reading.zone_name)
    if reading.is_utc:
        zone = UTC
    elif reading.offset_s != UNSET:
        unix_s -= reading.offset_s
        zone = LOCAL if reading.offset_s == 0 and name in {"", "UTC"} else FixedZone(name, reading.offset_s)
    elif name:
        # What an unknown abbreviation means nobody knows: the clock is taken for that of UTC.
        zone = FixedZone(name, number(name[3:]) * 3600 if len(name) > 3 and name.startswith("GMT") else 0)
    return unix_s * NS + reading.nanosecond, zone
