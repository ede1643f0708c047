"""Text literals that look like a date are numbers in govaluate: seconds since 1970 in UTC."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from events.languages.go_time import UnreadableTime, format_time, parse_time

_LAYOUTS: Final = (
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z"), ("2006-01-02",)),
    (
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]"),
        (
            "2006-01-02T15:04:05Z07:00",
            "2006-01-02T15:04:05.999999999Z07:00",
            "2006-01-02T15Z0700",
            "2006-01-02T15:04Z0700",
            "2006-01-02T15:04:05Z0700",
            "2006-01-02T15:04:05.999999999Z0700",
        ),
    ),
    (
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} +[0-9]"),
        ("2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02 15:04:05-07:00"),
    ),
    (re.compile(r"[0-9]{1,2}:[0-9]{2}[AP]M\Z"), ("3:04PM",)),
    (
        re.compile(r"[A-Za-z]{3} +[A-Za-z]{3} +[0-9]"),
        ("Mon Jan _2 15:04:05 2006", "Mon Jan _2 15:04:05 MST 2006", "Mon Jan 02 15:04:05 -0700 2006"),
    ),
)
"""The 14 layouts, and how a text begins that one of them fits: most literals are told apart by this alone.

No text fits two of them with different results, so only those of one beginning are tried, in upstream's order. A date
without a zone is one of UTC, the local zone of our image.
"""
_NS: Final = 1_000_000_000


class Moment(NamedTuple):
    """A date that stood in the expression."""

    seconds: float
    """What it is worth: whole seconds since 1970, rounded down."""
    text: str
    """As Go prints it, in the zone in which it was written."""


def read_date(text: str) -> Moment | None:
    """The moment that a literal names, or None where it is an ordinary text."""
    for beginning, layouts in _LAYOUTS:
        if beginning.match(text):
            return _read(text, layouts)
    return None


def _read(text: str, layouts: tuple[str, ...]) -> Moment | None:
    for layout in layouts:
        try:
            unix_ns, zone = parse_time(layout, text)
        except UnreadableTime:
            continue
        shown = format_time("2006-01-02 15:04:05.999999999 -0700 MST", unix_ns, zone)
        return Moment(float(unix_ns // _NS), shown)
    return None
