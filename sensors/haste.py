"""After an outage: what waits for the other side to come back is tried as soon as somebody has met it again.

Each effect backs off by itself, up to five minutes. When one attempt succeeds after such a wait, or an informer hears
of changes again, those that speak to the same peer need not wait out theirs. At most one hurry in some seconds: a peer
that comes and goes must not eat up the attempts of a `retryStrategy`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from events.bus import BusBroken, BusClosed, BusUnavailable, Effect, EffectState, Outcome, Runner
from events.clock import Clock
from events.log import Logger
from events.registry import Registry
from sensors.trigger import TRIGGERS, Trigger

OUTAGE = ("Unreachable", "NoAnswer", "ServerError", "TooManyRequests")
"""Reasons of failures that pass with the outage that they speak of."""
_PAUSE_S = 20.0

log = Logger("act")


class Haste:
    """Hears of outcomes and recoveries; `run` brings forward what waits."""

    def __init__(
        self,
        runner: Runner,
        clock: Clock,
        look_again: Callable[[], None],
        *,
        kinds: Registry[Trigger] = TRIGGERS,
    ) -> None:
        """`look_again` tells the act loop that something has become due."""
        self._registry = kinds
        self._runner = runner
        self._clock = clock
        self._look_again = look_again
        self._peers: set[str] = set()
        self._news = asyncio.Event()

    def settled(self, effect: Effect, outcome: Outcome) -> None:
        """One attempt has ended: a success after an outage is news of its peer."""
        if outcome.state is EffectState.DONE and effect.reason in OUTAGE:
            self.recovered(self._registry.get(effect.kind).peer)

    def recovered(self, peer: str) -> None:
        """It answers again; an empty one is none that effects share."""
        if peer:
            self._peers.add(peer)
            self._news.set()

    async def run(self) -> None:
        """For ever. Raises RunnerFenced, BusBroken, BusClosed."""
        while True:
            await self._news.wait()
            self._news.clear()
            peers, self._peers = self._peers, set()
            kinds = [name for name in self._registry.names() if self._registry.get(name).peer in peers]
            try:
                count = await self._runner.bring_forward(kinds, OUTAGE, self._clock.now_us())
            except (BusBroken, BusClosed):
                raise
            except BusUnavailable as error:
                # Full, perhaps: those effects keep their own times, or the next news hurries them.
                log.warning("act.bus-unavailable", detail=str(error))
                count = 0
            if count:
                log.info("act.hurried", kinds=kinds, effects=count)
                self._look_again()
            await self._clock.sleep(_PAUSE_S)
