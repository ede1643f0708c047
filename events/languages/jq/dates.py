"""Dates of jq: seconds since 1970, or arrays [year, month from 0, day, hours, minutes, seconds, weekday, day of year].

Local time is UTC: a gateway that runs in several places must decide the same everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from events.languages.jq import strftime, strptime
from events.languages.jq.errors import cannot_apply, failed_on
from events.languages.jq.values import as_float, as_int, is_number

DAY_S = 86_400
_MAX_S = 2**63 - 1
"""Seconds from 1970, where the calendar stops."""


class Moment(NamedTuple):
    """A point of time in UTC."""

    seconds: int
    nanoseconds: int


def days_of(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date of the Gregorian calendar; `day` may lie outside of its month."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month and day."""
    era, of_era = divmod(days + 719_468, 146_097)
    years = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    shifted = (5 * of_year + 2) // 153
    day = of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return years + era * 400 + (month <= 2), month, day


def moment(year: int, month: int, day: int, clock: tuple[int, int, int], nanoseconds: int = 0) -> Moment:
    """The moment of parts that may overflow, as `time.Date` takes them."""
    years, rest = divmod(month - 1, 12)
    seconds = days_of(year + years, rest + 1, day) * DAY_S + clock[0] * 3600 + clock[1] * 60 + clock[2]
    carried, nanoseconds = divmod(nanoseconds, 10**9)
    return Moment(min(max(seconds + carried, -_MAX_S), _MAX_S), nanoseconds)


def _moment_of_seconds(value: float) -> Moment:
    seconds = as_float(value)
    rest = 0 if not math.isfinite(seconds) else int((seconds - math.floor(seconds)) * 1e9)
    return Moment(min(max(as_int(seconds), -_MAX_S), _MAX_S), rest)


def parts(at: Moment) -> list[Any]:
    """As jq breaks it down."""
    days, of_day = divmod(at.seconds, DAY_S)
    year, month, day = date_of(days)
    return [
        year,
        month - 1,
        day,
        of_day // 3600,
        of_day // 60 % 60,
        of_day % 60 + at.nanoseconds / 1e9,
        (days + 4) % 7,
        days - days_of(year, 1, 1),
    ]


def _moment_of_parts(name: str, value: list[Any], *arguments: Any) -> Moment:
    numbers = [0, 0, 0, 0, 0, 0]
    nanoseconds = 0
    for place, each in enumerate(value[:8]):
        if not is_number(each):
            raise failed_on(name, value, "expected an array of 8 numbers", *arguments)
        if place == 5:
            seconds = as_float(each)
            numbers[5] = as_int(seconds)
            nanoseconds = int((seconds - math.floor(seconds)) * 1e9) if math.isfinite(seconds) else 0
        elif place < 5:
            numbers[place] = min(max(as_int(each), -_MAX_S), _MAX_S)
    year, month, day, *clock = numbers
    return moment(year, month + 1, day, (clock[0], clock[1], clock[2]), nanoseconds)


def _break_down(name: str) -> Callable[[Any], Any]:
    def break_down(value: Any) -> Any:
        if not is_number(value):
            raise cannot_apply(name, value)
        return parts(_moment_of_seconds(value))

    return break_down


def _seconds(at: Moment) -> float:
    return at.seconds + at.nanoseconds / 1e9


def _make_time(value: Any) -> float:
    if not isinstance(value, list):
        raise cannot_apply("mktime", value)
    return _seconds(_moment_of_parts("mktime", value))


def _format(name: str) -> Callable[[Any, Any], str]:
    def write(value: Any, form: Any) -> str:
        if is_number(value):
            value = parts(_moment_of_seconds(value))
        if not isinstance(value, list) or not isinstance(form, str):
            raise cannot_apply(name, value, form)
        at = _moment_of_parts(name, value, form)
        return strftime.write(parts(at), at.seconds, at.nanoseconds, form)

    return write


def _parse(value: Any, form: Any) -> list[Any]:
    if not isinstance(value, str) or not isinstance(form, str):
        raise cannot_apply("strptime", value, form)
    try:
        read = strptime.read(value, form)
    except strptime.NoDate as error:
        raise failed_on("strptime", value, str(error), form) from None
    at = moment(read.year, read.month, read.day, (read.hour, read.minute, read.second), read.nanosecond)
    at = Moment(at.seconds - read.offset, at.nanoseconds)
    return parts(_moment_of_seconds(_seconds(at)))


FUNCTIONS: dict[tuple[str, int], Callable[..., Any]] = {
    ("gmtime", 0): _break_down("gmtime"),
    ("localtime", 0): _break_down("localtime"),
    ("mktime", 0): _make_time,
    ("strftime", 1): _format("strftime"),
    ("strflocaltime", 1): _format("strflocaltime"),
    ("strptime", 1): _parse,
}
"""By name and number of arguments; `now` is not among them, since time is an argument of the run."""
