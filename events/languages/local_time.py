"""Zones as Go's package `time` counts in them: which instant a local time is, also where it is none or two."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class ZoneUnknown(ValueError):
    """No zone has this name; the text is that of Go."""


@functools.lru_cache(maxsize=256)
def load_calendar(name: str) -> Calendar:
    """The calendar of an IANA zone; the empty name and `Local` are UTC, the zone of upstream's image.

    Raises:
        ZoneUnknown: no zone has this name.
    """
    return Calendar(_load_zone(name))


def _load_zone(name: str) -> tzinfo:
    if name in {"", "UTC", "Local"}:
        return UTC
    if ".." in name or name.startswith(("/", "\\")):
        raise ZoneUnknown("time: invalid location name")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ZoneUnknown(f"unknown time zone {name}") from error


class Calendar:
    """Dates and times of day in one zone. Instants are whole seconds since 1970, UTC."""

    __slots__ = ("_epoch", "_zone")

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._epoch = _EPOCH.replace(tzinfo=zone)  # what `fromutc` wants: UTC's numbers, the zone's name

    def local(self, instant_s: int) -> datetime:
        """The local time of an instant. Raises OverflowError outside the years 1 to 9999."""
        return self._zone.fromutc(self._epoch + timedelta(seconds=instant_s))

    def offset_s(self, instant_s: int) -> int:
        """Seconds that local time is ahead of UTC at an instant."""
        ahead = self.local(instant_s).utcoffset()
        return 0 if ahead is None else ahead // _SECOND

    def instant_s(
        self, year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
    ) -> int:
        """The instant of a local time, with a month above 12 and a day beyond its month carried over.

        Of a time that exists twice, and of one that does not exist, it gives the instant that Go's `time.Date` gives.
        """
        years, month_index = divmod(month - 1, 12)
        first = datetime(year + years, month_index + 1, 1, hour, minute, second, tzinfo=UTC)
        wall_s = (first + timedelta(days=day - 1) - _EPOCH) // _SECOND
        return wall_s - self.offset_s(wall_s - self.offset_s(wall_s))
