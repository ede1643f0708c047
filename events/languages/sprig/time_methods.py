"""Methods of `time.Time`, and the types of its months and weekdays, as templates may call them."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from events.languages.go_durations import LONGEST, SHORTEST
from events.languages.go_template.functions import Function, declare
from events.languages.go_time import LOCAL, UTC
from events.languages.go_time.calendar import DAY_S, MONTHS, WEEKDAYS, Civil, civil, seconds
from events.languages.go_values import ZERO_TIME, Duration, GoObject, GoTime, wrap64

_NS = 1_000_000_000


class Month(int, GoObject):
    """A `time.Month`: a number from 1 that prints as its name."""

    __slots__ = ()
    go_type: ClassVar[str] = "time.Month"
    go_kind: ClassVar[str] = "int"

    def go_string(self) -> str:
        """`January` to `December`."""
        return MONTHS[self - 1]


class Weekday(int, GoObject):
    """A `time.Weekday`: a number from 0 that prints as its name."""

    __slots__ = ()
    go_type: ClassVar[str] = "time.Weekday"
    go_kind: ClassVar[str] = "int"

    def go_string(self) -> str:
        """`Sunday` to `Saturday`."""
        return WEEKDAYS[self]


def _wall(time: GoTime) -> Civil:
    unix_s = time.unix_ns // _NS
    return civil(unix_s + time.zone.at(unix_s)[1])


def _part(go_type: str, read: Callable[[Civil], int]) -> Function:
    return declare(f"func(time.Time) {go_type}", lambda time: read(_wall(time)))


def _test(compare: Callable[[int, int], bool]) -> Function:
    return declare(
        "func(time.Time, time.Time) bool", lambda time, other: compare(time.unix_ns, other.unix_ns)
    )


def _unix(unit_ns: int) -> Function:
    return declare("func(time.Time) int64", lambda time: wrap64(time.unix_ns // unit_ns))


def _add(time: GoTime, duration: Duration) -> GoTime:
    return GoTime(time.unix_ns + duration, time.zone)


def _subtract(time: GoTime, other: GoTime) -> int:
    return max(SHORTEST, min(LONGEST, time.unix_ns - other.unix_ns))


def _add_date(time: GoTime, years: int, months: int, days: int) -> GoTime:
    """The same clock on another date; a day that the month does not have falls into the next one."""
    wall = _wall(time)
    month = wall.month - 1 + months
    local_s = seconds(wall.year + years + month // 12, month % 12 + 1, 1) + (wall.day - 1 + days) * DAY_S
    local_s += (wall.hour * 60 + wall.minute) * 60 + wall.second
    offset_s = time.zone.at(local_s)[1]
    if offset_s:
        # The first guess takes local time for UTC; near a change of the clocks the second one is right.
        offset_s = time.zone.at(local_s - offset_s)[1]
    return GoTime((local_s - offset_s) * _NS + time.unix_ns % _NS, time.zone)


def _truncate(time: GoTime, unit: Duration) -> GoTime:
    return GoTime(time.unix_ns - _rest(time, unit), time.zone)


def _round(time: GoTime, unit: Duration) -> GoTime:
    rest = _rest(time, unit)
    return GoTime(time.unix_ns - rest + (unit if rest and 2 * rest >= unit else 0), time.zone)


def _rest(time: GoTime, unit: Duration) -> int:
    """What is beyond whole units since the start of the year 1; nothing for units that are none."""
    return (time.unix_ns - ZERO_TIME.unix_ns) % int(unit) if unit > 0 else 0


def _compare(time: GoTime, other: GoTime) -> int:
    return (time.unix_ns > other.unix_ns) - (time.unix_ns < other.unix_ns)


TIME_METHODS: dict[str, Function] = {
    "Add": declare("func(time.Time, time.Duration) time.Time", _add),
    "AddDate": declare("func(time.Time, int, int, int) time.Time", _add_date),
    "After": _test(lambda time, other: time > other),
    "Before": _test(lambda time, other: time < other),
    "Compare": declare("func(time.Time, time.Time) int", _compare),
    "Day": _part("int", lambda wall: wall.day),
    "Equal": _test(lambda time, other: time == other),
    "Format": declare("func(time.Time, string) string", lambda time, layout: time.formatted(layout)),
    "Hour": _part("int", lambda wall: wall.hour),
    "IsZero": declare("func(time.Time) bool", lambda time: time.unix_ns == ZERO_TIME.unix_ns),
    "Local": declare("func(time.Time) time.Time", lambda time: GoTime(time.unix_ns, LOCAL)),
    "Minute": _part("int", lambda wall: wall.minute),
    "Month": _part("time.Month", lambda wall: Month(wall.month)),
    "Nanosecond": declare("func(time.Time) int", lambda time: time.unix_ns % _NS),
    "Round": declare("func(time.Time, time.Duration) time.Time", _round),
    "Second": _part("int", lambda wall: wall.second),
    "String": declare("func(time.Time) string", lambda time: time.go_string()),
    "Sub": declare("func(time.Time, time.Time) time.Duration", _subtract),
    "Truncate": declare("func(time.Time, time.Duration) time.Time", _truncate),
    "UTC": declare("func(time.Time) time.Time", lambda time: GoTime(time.unix_ns, UTC)),
    "Unix": _unix(_NS),
    "UnixMicro": _unix(1_000),
    "UnixMilli": _unix(1_000_000),
    "UnixNano": _unix(1),
    "Weekday": _part("time.Weekday", lambda wall: Weekday(wall.weekday)),
    "Year": _part("int", lambda wall: wall.year),
    "YearDay": _part("int", lambda wall: wall.year_day),
}
MONTH_METHODS: dict[str, Function] = {
    "String": declare("func(time.Month) string", lambda month: month.go_string()),
}
WEEKDAY_METHODS: dict[str, Function] = {
    "String": declare("func(time.Weekday) string", lambda weekday: weekday.go_string()),
}
