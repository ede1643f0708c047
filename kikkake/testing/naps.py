"""A clock that knows who sleeps on it: an attempt that waits for labels is not busy, it waits for the case's clock."""

from __future__ import annotations

from events.clock import US_PER_S, Clock


class Naps:
    """The clock of the triggers of one case."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_us: dict[object, int] = {}

    def now_us(self) -> int:
        """Of the case."""
        return self._clock.now_us()

    async def sleep(self, seconds: float) -> None:
        """Until the case's clock has moved that far."""
        nap = object()
        self._until_us[nap] = self._clock.now_us() + round(seconds * US_PER_S)
        try:
            await self._clock.sleep(seconds)
        finally:
            del self._until_us[nap]

    def ahead_us(self) -> list[int]:
        """When those wake that are asleep; who has been woken and only has to go on is not counted."""
        now_us = self._clock.now_us()
        return [us for us in self._until_us.values() if us > now_us]
