"""The proleptic Gregorian calendar for every year that 64 bits of seconds reach (Python's `datetime` ends in 9999)."""

from __future__ import annotations

from dataclasses import dataclass

DAY_S = 86_400
_CYCLE_DAYS = 146_097
_DAYS_TO_1970 = 719_468
"""From 1 March of the year 0, where the count of the cycles begins."""
_WRAP = 1 << 64
_ABSOLUTE_S = 292_277_022_400 * _CYCLE_DAYS // 400 * DAY_S + _DAYS_TO_1970 * DAY_S
"""Go counts seconds without a sign from a year long before the big bang; beyond that its years start anew."""
_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)
MONTHS = (
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
)
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


@dataclass(frozen=True, slots=True)
class Civil:
    """A moment as a wall shows it."""

    year: int
    month: int
    day: int
    year_day: int
    """From 1."""
    weekday: int
    """From 0, Sunday."""
    hour: int
    minute: int
    second: int


def civil(local_s: int) -> Civil:
    """What calendar and clock show `local_s` seconds after the start of 1970, both in the same zone."""
    local_s = (local_s + _ABSOLUTE_S) % _WRAP - _ABSOLUTE_S
    days, clock_s = divmod(local_s, DAY_S)
    cycle, day = divmod(days + _DAYS_TO_1970, _CYCLE_DAYS)
    # Years that begin in March: the leap day is the last one, and months have a regular length.
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    shifted = (5 * day + 2) // 153
    day_of_month = day - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    year += 400 * cycle + (month <= 2)
    return Civil(
        year=year,
        month=month,
        day=day_of_month,
        year_day=days_before(month) + day_of_month + (month > 2 and is_leap(year)),
        weekday=(days + 4) % 7,
        hour=clock_s // 3600,
        minute=clock_s // 60 % 60,
        second=clock_s % 60,
    )


def seconds(year: int, month: int, day: int) -> int:
    """Seconds from the start of 1970 to the start of a date; the day may lie outside of the month."""
    years = year - (month <= 2)
    cycle, year_of_cycle = divmod(years, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = cycle * _CYCLE_DAYS + year_of_cycle * 365 + year_of_cycle // 4 - year_of_cycle // 100 + day_of_year
    return (days - _DAYS_TO_1970) * DAY_S


def is_leap(year: int) -> bool:
    """Whether the year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_before(month: int) -> int:
    """Days of a common year before a month (1 to 13)."""
    return _BEFORE_MONTH[month - 1]


def days_in(month: int, year: int) -> int:
    """Days of a month."""
    return days_before(month + 1) - days_before(month) + (month == 2 and is_leap(year))
