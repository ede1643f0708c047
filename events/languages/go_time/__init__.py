"""Times as Go's package `time` reads and prints them: layouts, zones, the calendar. Pure.

    format_time("2006-01-02T15:04:05Z07:00", unix_ns, UTC)
    unix_ns, zone = parse_time("Jan _2 15:04", "Nov 24 10:05")

An instant is nanoseconds since 1970 in UTC, of any size; durations are in `events.languages.go_durations`.
"""

from events.languages.go_time.formatting import format_time
from events.languages.go_time.parsing import UnreadableTime, parse_time
from events.languages.go_time.zones import LOCAL, UTC, FixedZone, NamedZone, Zone, load_zone

__all__ = [
    "LOCAL",
    "UTC",
    "FixedZone",
    "NamedZone",
    "UnreadableTime",
    "Zone",
    "format_time",
    "load_zone",
    "parse_time",
]
