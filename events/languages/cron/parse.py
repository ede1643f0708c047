"""From the text of a schedule to the schedule (robfig/cron 3.0.1)."""

from __future__ import annotations

import enum
import re

from events.languages.cron.fields import (
    DAYS_OF_MONTH,
    DAYS_OF_WEEK,
    HOURS,
    MINUTES,
    MONTHS,
    SECONDS,
    CronError,
    parse_field,
)
from events.languages.cron.schedule import Every, FieldSchedule, Schedule
from events.languages.go_durations import BadDuration, parse_duration
from events.languages.local_time import Calendar, ZoneUnknown, load_calendar

_SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""What Go takes for white space; Python's `split` knows four more."""
_FIELD = re.compile(f"[^{_SPACES}]+")
_EDGES = re.compile(f"^[{_SPACES}]+|[{_SPACES}]+$")

_BOUNDS = (SECONDS, MINUTES, HOURS, DAYS_OF_MONTH, MONTHS, DAYS_OF_WEEK)
_EVERY = "@every "
_NS_PER_S = 1_000_000_000
_US_PER_S = 1_000_000

_DESCRIPTORS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}


class Fields(enum.Enum):
    """Which fields and forms a schedule may have; always minute, hour, day of month, month, day of week."""

    STANDARD = (5, 5, False)
    """Five fields and nothing else: `conditionsReset`, and the calendar source's `schedule`."""
    DESCRIPTORS = (5, 5, True)
    """Five fields, or `@daily`, `@every 1h` and their like: robfig's `ParseStandard`."""
    SECONDS = (6, 6, True)
    """A field for seconds in front, or a descriptor: robfig's `WithSeconds`."""
    OPTIONAL_SECONDS = (5, 6, True)
    """Five fields or six, or a descriptor: robfig's `SecondOptional`."""


def compile_schedule(text: str, *, fields: Fields = Fields.STANDARD, timezone: str = "") -> Schedule:
    """The schedule that `text` is, counted in `timezone` (IANA; empty = UTC) unless it begins with `TZ=`.

    Raises:
        CronError: with robfig's text; for `timezone` with that of Go.
    """
    try:
        calendar = load_calendar(timezone)
    except ZoneUnknown as error:
        raise CronError(str(error)) from error
    if not text:
        raise CronError("empty spec string")
    if text.startswith(("TZ=", "CRON_TZ=")):
        text, calendar = _take_zone(text, calendar)
    if text.startswith("@"):
        if not fields.value[2]:
            raise CronError(f"parser does not accept descriptors: {text}")
        return _compile_descriptor(text, calendar)
    return _compile_fields(_six_fields(text, fields), calendar)


def _take_zone(text: str, default: Calendar) -> tuple[str, Calendar]:
    prefix, space, rest = text.partition(" ")
    name = prefix.partition("=")[2]
    if not space:
        # robfig crashes here (spec-sources, D-42).
        raise CronError(f"provided bad location {name}: a space and the schedule have to follow")
    try:
        calendar = default if name == "Local" else load_calendar(name)
    except ZoneUnknown as error:
        raise CronError(f"provided bad location {name}: {error}") from error
    return _EDGES.sub("", rest), calendar


def _six_fields(text: str, fields: Fields) -> list[str]:
    found = _FIELD.findall(text)
    fewest, most, _has_descriptors = fields.value
    if not fewest <= len(found) <= most:
        wanted = f"exactly {most}" if fewest == most else f"{fewest} to {most}"
        raise CronError(f"expected {wanted} fields, found {len(found)}: [{' '.join(found)}]")
    return found if len(found) == 6 else ["0", *found]


def _compile_fields(texts: list[str], calendar: Calendar) -> FieldSchedule:
    second, minute, hour, day_of_month, month, day_of_week = (
        parse_field(text, bounds) for text, bounds in zip(texts, _BOUNDS, strict=True)
    )
    return FieldSchedule(second, minute, hour, day_of_month, month, day_of_week, calendar)


def _compile_descriptor(text: str, calendar: Calendar) -> Schedule:
    known = _DESCRIPTORS.get(text)
    if known is not None:
        return _compile_fields(known.split(" "), calendar)
    if not text.startswith(_EVERY):
        raise CronError(f"unrecognized descriptor: {text}")
    try:
        delay_ns = parse_duration(text.removeprefix(_EVERY))
    except BadDuration as error:
        raise CronError(f"failed to parse duration {text}: {error}") from error
    return Every(max(delay_ns // _NS_PER_S, 1) * _US_PER_S)
