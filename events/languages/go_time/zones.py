"""Time zones as Go sees them: what name and offset a zone has at a moment.

`Local` is UTC, the zone of the process in our image. Zones come from the IANA database by way of `zoneinfo`; moments
beyond the years that Python's `datetime` knows take the offset of the year that lies whole 400-year cycles nearer.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import UTC as DATETIME_UTC
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=DATETIME_UTC)
_FIRST_S = -62_104_060_800
"""The second year: every zone still keeps the mean time of its town."""
_LAST_S = 13_569_465_600
"""The year 2400: every zone follows its last rule, which repeats with the calendar."""
_LONGEST_NAME = 255
"""Of a file, and so of a zone."""
_CYCLE_S = 146_097 * 86_400


class Zone(Protocol):
    """A rule that gives the local time of every moment."""

    def at(self, unix_s: int) -> tuple[str, int]:
        """The abbreviation and the offset in seconds east of UTC at a moment."""
        ...


@dataclass(frozen=True, slots=True)
class FixedZone:
    """One offset for ever; the name may be empty, then the offset is printed in its place."""

    name: str
    offset_s: int

    def at(self, unix_s: int) -> tuple[str, int]:  # noqa: ARG002 - the contract of a zone
        """The same at every moment."""
        return self.name, self.offset_s


@dataclass(frozen=True, slots=True)
class NamedZone:
    """A zone of the IANA database."""

    info: zoneinfo.ZoneInfo

    def at(self, unix_s: int) -> tuple[str, int]:
        """What the database says of the moment."""
        if unix_s > _LAST_S:
            unix_s = _LAST_S + (unix_s - _LAST_S) % _CYCLE_S
        local = (_EPOCH + timedelta(seconds=max(unix_s, _FIRST_S))).astimezone(self.info)
        offset = local.utcoffset() or timedelta()
        return local.tzname() or "", offset.days * 86_400 + offset.seconds


UTC = FixedZone("UTC", 0)
LOCAL = UTC


def load_zone(name: str) -> Zone | None:
    """The zone that Go's `time.LoadLocation(name)` gives; None where it reports an error."""
    if name in {"", "UTC"}:
        return UTC
    if name == "Local":
        return LOCAL
    if ".." in name or name[0] in {"/", "\\"} or len(name) > _LONGEST_NAME:
        return None
    return _named(name)


@lru_cache(maxsize=256)
def _named(name: str) -> Zone | None:
    try:
        return NamedZone(zoneinfo.ZoneInfo(name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        # A folder of the database, a name that is no path, a file that is no zone.
        return None
