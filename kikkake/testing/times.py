"""Times of test documents: durations such as `1h30m`, and RFC 3339 times, in microseconds."""

from __future__ import annotations

import re
from decimal import Decimal

from events.clock import parse_time

DEFAULT_START = "2026-01-01T00:00:00Z"
"""The clock of a case whose document gives no `now` and whose first event has no time: fixed, so that nothing
depends on the day of the run."""

_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d))+", re.ASCII)
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)", re.ASCII)
_UNITS_US = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}


def duration_us(text: str) -> int | None:
    """Microseconds of `500ms`, `30s`, `1h30m`, `7d`; None for anything else."""
    if _DURATION.fullmatch(text) is None:
        return None
    return int(sum(Decimal(number) * _UNITS_US[unit] for number, unit in _PART.findall(text)))


def time_fault(text: str) -> str:
    """Why a text is no time of a test document, or an empty text."""
    return "" if parse_time(text) is not None else "is not a time such as 2026-11-23T10:00:00Z"


def duration_fault(text: str) -> str:
    """Why a text is no duration, or an empty text."""
    return "" if duration_us(text) is not None else "is not a duration such as 30s, 1h30m or 7d"
