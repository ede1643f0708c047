"""The time filter: a daily window, in a zone, around the event's `time` attribute (spec-sensors 3.6).

Equal windows of different Sensors are one object, and an event remembers what each said of it; a time is taken to a
zone once, however many windows look at it there.
"""

from __future__ import annotations

import functools
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar, NamedTuple

from events.errors import Finding
from events.event import Event
from events.languages.local_time import Calendar, load_calendar
from events.resource import Path, ResourceDocument
from sensors.check_times import read_time
from sensors.filter import Code, Filter, Inspection, Judge, Reading, pack_verdict
from sensors.spec import Filters, TimeFilter

_US_PER_S = 1_000_000
_DAY_US = 86_400 * _US_PER_S
_ZERO_TIME_US = -62_135_596_800 * _US_PER_S
"""The first of January of the year 1, UTC: what an event without a time has, as upstream."""
_FIRST_DAY = datetime(1, 1, 1, tzinfo=UTC)
_EARLIEST_S, _LATEST_S = -62_104_060_800, 253_370_764_800
"""Beyond the years 2 and 9998 the zone is asked for these: `datetime` ends a year later."""


class Moment(NamedTuple):
    """A time in one zone; microseconds since 1970 by the clock on the wall there."""

    wall_us: int
    midnight_us: int
    """When its calendar day began, by the same clock."""
    shift_us: int
    """How far that clock is ahead of UTC."""
    is_steady: bool
    """Nobody changes that clock on this day, nor on those beside it."""


class Window:
    """From `start` to `stop`, without it; over midnight where `stop` is not later."""

    __slots__ = ("_calendar", "_start", "_start_us", "_stop", "_stop_us", "zone")

    def __init__(self, start: time, stop: time, zone: str) -> None:
        self._start, self._stop = start, stop
        self._start_us, self._stop_us = _day_us(start), _day_us(stop)
        self._calendar = load_calendar(zone)
        self.zone = zone or "UTC"

    def __call__(self, reading: Reading) -> Code:
        time_us = _time_us(reading.event)
        if time_us is None:
            return Code.FAILED
        moment = _moment(time_us, self._calendar)
        if moment.is_steady:
            at_us, start_us, stop_us = moment.wall_us - moment.midnight_us, self._start_us, self._stop_us
        else:
            # Compared as instants, since the clock on the wall may show a time twice or pass one over.
            at_us = moment.wall_us - moment.shift_us
            start_us = self._instant_us(moment, self._start)
            stop_us = self._instant_us(moment, self._stop)
        if start_us < stop_us:
            return Code.PASSED if start_us <= at_us < stop_us else Code.FILTERED
        return Code.PASSED if at_us >= start_us or at_us < stop_us else Code.FILTERED

    def local_text(self, event: Event) -> str | None:
        """The event's time in the zone of the window, for people; None where there is none."""
        if event.time_us is None:
            return None
        try:
            local = self._calendar.local(event.time_us // _US_PER_S)
        except OverflowError:  # beyond the years that can be printed
            return event.time
        return (local + timedelta(microseconds=event.time_us % _US_PER_S)).isoformat()

    def _instant_us(self, moment: Moment, at: time) -> int:
        day = _FIRST_DAY + timedelta(microseconds=moment.midnight_us - _ZERO_TIME_US)
        instant_s = self._calendar.instant_s(day.year, day.month, day.day, at.hour, at.minute, at.second)
        return instant_s * _US_PER_S + at.microsecond


class Time(Filter):
    """`filters.time` of one dependency."""

    kind: ClassVar[str] = "time"
    rank: ClassVar[int] = 3

    def __init__(self, spec: TimeFilter, window: Window) -> None:
        self._spec = spec
        self._window = window
        self._verdicts = tuple(pack_verdict(code, self.rank) for code in Code)
        self.judge: Judge = self._judge

    @classmethod
    def compile(
        cls, document: ResourceDocument, filters: Filters, path: Path, part: str
    ) -> tuple[Filter | None, list[Finding]]:
        """Zone, start and stop are right: upstream's validation refuses the Sensor otherwise (spec-sensors 2.1)."""
        del document, path, part
        spec = filters.time
        start, _fault = read_time(spec.start) if spec is not None else (None, "")
        stop, _fault = read_time(spec.stop) if spec is not None else (None, "")
        if spec is None or start is None or stop is None:
            return None, []
        return cls(spec, _window(start, stop, spec.timezone)), []

    def inspect(self, reading: Reading) -> list[Inspection]:
        code = self._window(reading)
        wanted = f"{self._spec.start} to {self._spec.stop} {self._window.zone}"
        reason = "time filter error (the event's time is not RFC 3339)" if code is Code.FAILED else ""
        actual = self._window.local_text(reading.event)
        return [Inspection(self.kind, 0, code, "context.time", "in", (wanted,), actual, reason)]

    def _judge(self, reading: Reading) -> int:
        answers = reading.answers
        code = answers.get(self._window)
        if code is None:
            code = answers[self._window] = self._window(reading)
        return self._verdicts[code] if code else 0


def _time_us(event: Event) -> int | None:
    return event.time_us if event.time else _ZERO_TIME_US


@functools.lru_cache(maxsize=256)
def _moment(time_us: int, calendar: Calendar) -> Moment:
    """A time in a zone. Kept for the next window that asks."""
    at_s = min(max(time_us // _US_PER_S, _EARLIEST_S), _LATEST_S)
    shift_s = calendar.offset_s(at_s)
    wall_us = time_us + shift_s * _US_PER_S
    is_steady = shift_s == calendar.offset_s(at_s - 2 * 86_400) == calendar.offset_s(at_s + 2 * 86_400)
    return Moment(wall_us, wall_us - wall_us % _DAY_US, shift_s * _US_PER_S, is_steady)


@functools.lru_cache(maxsize=4096)
def _window(start: time, stop: time, zone: str) -> Window:
    return Window(start, stop, zone)


def _day_us(at: time) -> int:
    return (at.hour * 3600 + at.minute * 60 + at.second) * _US_PER_S + at.microsecond
