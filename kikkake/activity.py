"""How much came in and fired since the process began, by resource: for statuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from events.bus import Effect, EffectState, Outcome, Publication, Receipt, Standing
from events.clock import Clock
from events.topic import Topic
from sensors.effect import MAIN
from sensors.settle import detail_for_all

Publish = Callable[[Sequence[Publication]], Awaitable[list[Receipt]]]


@dataclass(slots=True)
class Tally:
    """A count, and when it last grew; 0 = never."""

    count: int = 0
    last_us: int = 0

    def add(self, now_us: int) -> None:
        self.count += 1
        self.last_us = now_us


class Activity:
    """Counts in memory: what a status said before the process began is added by who writes it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.topics: dict[Topic, Tally] = {}
        """Events that were new, by topic."""
        self.sensors: dict[str, Tally] = {}
        """Firings, by the uid of the Sensor."""
        self.failing: dict[str, dict[str, tuple[str, str]]] = {}
        """By the uid of a Sensor and by trigger: reason and detail of a failure after which nothing has succeeded."""

    def counting(self, publish: Publish) -> Publish:
        """The same `publish`, with what it stores counted."""

        async def counted(publications: Sequence[Publication]) -> list[Receipt]:
            receipts = await publish(publications)
            now_us = self._clock.now_us()
            for publication, receipt in zip(publications, receipts, strict=True):
                if receipt.standing is Standing.NEW:
                    tally = self.topics.get(publication.topic)
                    if tally is None:
                        tally = self.topics[publication.topic] = Tally()
                    tally.add(now_us)
            return receipts

        return counted

    def settled(self, effect: Effect, outcome: Outcome) -> None:
        """One attempt has ended."""
        if outcome.state in {EffectState.DONE, EffectState.SUPERSEDED}:
            failing = self.failing.get(effect.sensor)
            if failing is not None and failing.pop(effect.trigger, None) is not None and not failing:
                del self.failing[effect.sensor]
        elif outcome.reason:
            failure = (outcome.reason, detail_for_all(outcome))
            self.failing.setdefault(effect.sensor, {})[effect.trigger] = failure

    def fired(self, effects: Iterable[Effect]) -> None:
        """Effects that a step has recorded."""
        now_us = self._clock.now_us()
        for effect in effects:
            if effect.role == MAIN:
                tally = self.sensors.get(effect.sensor)
                if tally is None:
                    tally = self.sensors[effect.sensor] = Tally()
                tally.add(now_us)
