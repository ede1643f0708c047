"""Times of day, zones and cron expressions, as far as upstream's validation looks at them (spec-sensors 2.1, 2.2, 5.4).

Each function gives the fault in upstream's words, or an empty text. Pure but for the zones, which the system knows.
"""

from __future__ import annotations

import re
from datetime import time

from events.languages.cron import CronError, compile_schedule
from events.languages.local_time import ZoneUnknown, load_calendar

_TIME = re.compile(r"(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d+))?", re.ASCII)
_LAYOUT = "15:04:05"


def is_zone(name: str) -> bool:
    """Whether it is an IANA zone; the empty name stands for a default."""
    try:
        load_calendar(name)
    except ZoneUnknown:
        return False
    return True


def read_time(text: str) -> tuple[time | None, str]:
    """A time of day `H:MM:SS`, or None and the fault; `24:00:00` is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None, f'parsing time "{text[:64]}" as "{_LAYOUT}": cannot parse "{text[:64]}" as "{_LAYOUT}"'
    numbers = [int(match[part]) for part in (1, 2, 3)]
    for number, limit, name in zip(numbers, (24, 60, 60), ("hour", "minute", "second"), strict=True):
        if number >= limit:
            return None, f'parsing time "{text[:64]}": {name} out of range'
    hour, minute, second = numbers
    return time(hour, minute, second, int((match[4] or "").ljust(6, "0")[:6])), ""


def is_cron(text: str) -> bool:
    """Whether it is a cron expression of five fields; descriptors (`@daily`) and a field for seconds are none."""
    try:
        compile_schedule(text)
    except CronError:
        return False
    return True
