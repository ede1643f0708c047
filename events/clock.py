"""Time as a port: the system's, and one that stands still until it is moved.

Times are integers of microseconds since 1970 (UTC) so that they sort, store and compare exactly.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

US_PER_S = 1_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)


class Clock(Protocol):
    """What a loop asks for the time, and waits with."""

    def now_us(self) -> int:
        """Wall time in microseconds since 1970, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for that long on this clock."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_us(self) -> int:
        return time.time_ns() // 1000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that moves only by `advance` and `move_to`; sleepers wake in the order of their times."""

    def __init__(self, start_us: int) -> None:
        self._now_us = start_us
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now_us(self) -> int:
        return self._now_us

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due_us = self._now_us + round(seconds * US_PER_S)
        heapq.heappush(self._sleepers, (due_us, next(self._order), woken))
        await woken

    def next_wake_us(self) -> int | None:
        """When the first sleeper wakes, or None when nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def advance(self, seconds: float) -> None:
        """Move forward and wake everybody whose time has come."""
        self.move_to(self._now_us + round(seconds * US_PER_S))

    def move_to(self, now_us: int) -> None:
        """Move to a time, never backwards, and wake everybody whose time has come."""
        self._now_us = max(self._now_us, now_us)
        while self._sleepers and self._sleepers[0][0] <= self._now_us:
            woken = heapq.heappop(self._sleepers)[2]
            if not woken.done():
                woken.set_result(None)


async def wait_until(changed: asyncio.Event, clock: Clock, wake_us: int | None) -> None:
    """Wait until `changed` is set or the clock shows `wake_us`; None = for `changed` alone."""
    if changed.is_set():
        return
    if wake_us is None:
        await changed.wait()
        return
    seconds = max(0.0, (wake_us - clock.now_us()) / US_PER_S)
    waits: list[asyncio.Task[object]] = [
        asyncio.create_task(changed.wait(), name="wait:changed"),
        asyncio.create_task(clock.sleep(seconds), name="wait:time"),
    ]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


def format_time(us: int) -> str:
    """RFC 3339 in UTC with `Z`; the fraction only as long as it says something."""
    moment = _EPOCH + timedelta(microseconds=us)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{us % US_PER_S:06d}".rstrip("0") if us % US_PER_S else ""
    return f"{text}{fraction}Z"


def parse_time(text: str) -> int | None:
    """Microseconds of an RFC 3339 time, or None when the text is not one (finer digits are cut)."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, _zulu, sign, off_h, off_m = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:
        return None
    us = (moment - _EPOCH) // timedelta(microseconds=1)
    us += int((fraction or "")[:6].ljust(6, "0"))
    if sign:
        offset_s = int(off_h) * 3600 + int(off_m) * 60
        us -= (offset_s if sign == "+" else -offset_s) * US_PER_S
    return us
