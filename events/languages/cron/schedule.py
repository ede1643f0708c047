"""When a schedule is due: the next time after one, and the last time before one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from events.languages.cron.fields import STAR
from events.languages.local_time import Calendar

YEARS_LOOKED_AT = 5
"""A schedule that matches nothing for longer than that is due never: the 29th of February 2100 is a Monday."""

_US_PER_S = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Schedule(ABC):
    """A compiled schedule. Times are whole seconds; None = never, or none within five years."""

    @abstractmethod
    def next_us(self, after_us: int) -> int | None:
        """The first time after `after_us`, both in microseconds since 1970, UTC."""

    @abstractmethod
    def previous_us(self, before_us: int) -> int | None:
        """The last time before `before_us`, both in microseconds since 1970, UTC."""

    def next(self, after: datetime) -> datetime | None:
        """The same for an aware datetime; the answer is in its zone."""
        return _as_datetime(self.next_us(_as_us(after)), after)

    def previous(self, before: datetime) -> datetime | None:
        """The same for an aware datetime; the answer is in its zone."""
        return _as_datetime(self.previous_us(_as_us(before)), before)


@dataclass(frozen=True, slots=True)
class Every(Schedule):
    """`@every`: a constant distance from the time that is asked about, cut to whole seconds, at least one."""

    delay_us: int

    def next_us(self, after_us: int) -> int | None:
        return after_us + self.delay_us - after_us % _US_PER_S

    def previous_us(self, before_us: int) -> int | None:
        """None: it has no times of its own to have missed."""
        del before_us
        return None


@dataclass(frozen=True, slots=True)
class FieldSchedule(Schedule):
    """Six fields as bits, in a zone."""

    second: int
    minute: int
    hour: int
    day_of_month: int
    month: int
    day_of_week: int
    calendar: Calendar

    def next_us(self, after_us: int) -> int | None:
        if self._is_never():
            return None
        try:
            found_s = _Search(self, after_us // _US_PER_S + 1).run()
        except OverflowError:  # beyond the year 9999
            return None
        return None if found_s is None else found_s * _US_PER_S

    def previous_us(self, before_us: int) -> int | None:
        """The last time before `before_us` whose local time matches all fields."""
        if self._is_never():
            return None
        try:
            found_s = self._search_back(-(-before_us // _US_PER_S) - 1)
        except OverflowError:  # before the year 1
            return None
        return None if found_s is None else found_s * _US_PER_S

    def matches_day(self, local: datetime) -> bool:
        """Either day field may match where both restrict; where one is `*` or `?`, both must."""
        matches_month_day = bool(self.day_of_month >> local.day & 1)
        matches_week_day = bool(self.day_of_week >> local.isoweekday() % 7 & 1)
        if (self.day_of_month | self.day_of_week) & STAR:
            return matches_month_day and matches_week_day
        return matches_month_day or matches_week_day

    def _is_never(self) -> bool:
        # A field of commas alone: the search would try every second of five years.
        return not (self.second and self.minute and self.hour and self.month)

    def _search_back(self, instant_s: int) -> int | None:
        local = self.calendar.local(instant_s)
        oldest_year = local.year - YEARS_LOOKED_AT
        while local.year >= oldest_year:
            in_hour_s = local.minute * 60 + local.second
            in_day_s = local.hour * 3600 + in_hour_s
            if not self.month >> local.month & 1:
                skip_s = (local.day - 1) * 86_400 + in_day_s
            elif not self.matches_day(local):
                skip_s = in_day_s
            elif not self.hour >> local.hour & 1:
                skip_s = in_hour_s
            elif not self.minute >> local.minute & 1:
                skip_s = local.second
            elif not self.second >> local.second & 1:
                skip_s = 0
            else:
                return instant_s
            instant_s = self._last_before(instant_s, skip_s)
            local = self.calendar.local(instant_s)
        return None

    def _last_before(self, instant_s: int, skip_s: int) -> int:
        """The instant `skip_s` and one second earlier; where the clock was changed in between, the one before that."""
        offset_s = self.calendar.offset_s(instant_s)
        earlier_s = instant_s - skip_s - 1
        if self.calendar.offset_s(earlier_s) == offset_s:
            return earlier_s
        while instant_s - earlier_s > 1:
            middle_s = (instant_s + earlier_s) // 2
            if self.calendar.offset_s(middle_s) == offset_s:
                instant_s = middle_s
            else:
                earlier_s = middle_s
        return earlier_s


class _Search:
    """The next time, found as robfig's `Next` finds it: field by field, from the month down to the second.

    A field that does not match is moved on, the smaller ones begin anew with the first move, and a field that wraps
    around lets the larger ones be looked at again. Kept step by step, since on days when clocks are changed the order
    of the steps decides what is found: an hour that does not exist is passed over, one that exists twice is due twice.
    """

    __slots__ = ("_calendar", "_has_moved", "_instant_s", "_local", "_schedule")

    def __init__(self, schedule: FieldSchedule, start_s: int) -> None:
        self._schedule = schedule
        self._calendar = schedule.calendar
        self._has_moved = False
        self._move_to(start_s)

    def run(self) -> int | None:
        """The instant, or None within five years."""
        last_year = self._local.year + YEARS_LOOKED_AT
        while self._local.year <= last_year:
            if (
                self._find_month()
                and self._find_day()
                and self._find_hour()
                and self._find_minute()
                and self._find_second()
            ):
                return self._instant_s
        return None

    def _move_to(self, instant_s: int) -> None:
        self._instant_s = instant_s
        self._local = self._calendar.local(instant_s)

    def _move_to_date(self, *, months: int = 0, days: int = 0) -> None:
        """Months or days further, the time of day as it is."""
        at = self._local
        self._move_to(
            self._calendar.instant_s(at.year, at.month + months, at.day + days, at.hour, at.minute, at.second)
        )

    def _begin(self, *, day: int | None = None, hour: int = 0) -> None:
        """Before the first move: what is smaller than the field that moves begins anew."""
        if not self._has_moved:
            self._has_moved = True
            at = self._local
            self._move_to(self._calendar.instant_s(at.year, at.month, day or at.day, hour))

    def _find_month(self) -> bool:
        """Each `_find` answers False where its field has wrapped around."""
        while not self._schedule.month >> self._local.month & 1:
            self._begin(day=1)
            self._move_to_date(months=1)
            if self._local.month == 1:
                return False
        return True

    def _find_day(self) -> bool:
        while not self._schedule.matches_day(self._local):
            self._begin()
            before_s, days = self._instant_s, 1
            self._move_to_day(days)
            while (
                self._instant_s <= before_s
            ):  # a date that was left out (Samoa, 2011): robfig never comes back
                self._move_to(before_s)
                days += 1
                self._move_to_day(days)
            if self._local.day == 1:
                return False
        return True

    def _move_to_day(self, days: int) -> None:
        self._move_to_date(days=days)
        hour = self._local.hour
        if hour:  # midnight does not exist on this day
            self._move_to(self._instant_s + ((24 - hour) if hour > 12 else -hour) * 3600)

    def _find_hour(self) -> bool:
        while not self._schedule.hour >> self._local.hour & 1:
            self._begin(hour=self._local.hour)
            self._move_to(self._instant_s + 3600)
            if self._local.hour == 0:
                return False
        return True

    def _find_minute(self) -> bool:
        while not self._schedule.minute >> self._local.minute & 1:
            if not self._has_moved:
                self._has_moved = True
                self._move_to(self._instant_s - self._instant_s % 60)
            self._move_to(self._instant_s + 60)
            if self._local.minute == 0:
                return False
        return True

    def _find_second(self) -> bool:
        while not self._schedule.second >> self._local.second & 1:
            self._has_moved = True
            self._move_to(self._instant_s + 1)
            if self._local.second == 0:
                return False
        return True


def _as_us(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _as_datetime(us: int | None, like: datetime) -> datetime | None:
    if us is None:
        return None
    try:
        return (_EPOCH + timedelta(microseconds=us)).astimezone(like.tzinfo)
    except OverflowError:
        return None
