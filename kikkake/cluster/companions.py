"""The loops that a gateway has beside those of every gateway, in a cluster: what they are, and who tells whom.

All of them are level-triggered: they look at what is in force, and the next look mends what a kill has left.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from events.clock import Clock
from events.errors import Finding
from kikkake.catalog import SENSOR, Key
from kikkake.cluster.by_hand import ByHand
from kikkake.cluster.exposure import Exposure
from kikkake.cluster.feed import ClusterFeed
from kikkake.cluster.kube_events import KubeEvents
from kikkake.cluster.outlook import Outlooks
from kikkake.cluster.preflight import Preflight
from kikkake.cluster.rehearsal import Rehearsal
from kikkake.cluster.status_keeper import StatusKeeper
from kikkake.cluster.unheard import Unheard
from kikkake.kube_client import KubeClient
from kikkake.services import GatewayServices
from kikkake.settings import ServeSettings
from sensors.trigger import KUBERNETES, TriggerServices

_TROUBLES_S = 5.0
"""How soon a status says that a Secret is missing or is there again."""
_LEAVE_S = 2.0
"""How long a stop waits until no Service leads here any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the loops work with."""

    kube: KubeClient
    clock: Clock
    settings: ServeSettings
    feed: ClusterFeed
    exposure: Exposure
    triggers: TriggerServices
    turn: Callable[[], Awaitable[None]] | None
    """As in `Actor`."""


class Companions:
    """Made once everything serves; the gateway owns the loops."""

    def __init__(self, around: Surroundings, services: GatewayServices) -> None:
        kube, clock, settings, feed = around.kube, around.clock, around.settings, around.feed
        self._clock = clock
        self._feed = feed
        self._exposure = around.exposure
        self._events = KubeEvents(kube, clock, component=settings.name)
        self._outlooks = Outlooks(services, settings, around.exposure)
        self._by_hand = ByHand(services, services.publish, clock, find=feed.objects.get, told=self._say)
        self._preflight = Preflight(
            kube,
            clock,
            default_account=around.triggers.default_account,
            find=services.entry,
            told=self._say,
        )
        self._rehearsal = Rehearsal(services, around.triggers, clock, told=self._say)
        self._unheard = Unheard(clock, objects=feed.objects, catalog=services.catalog)
        self._outlooks.manual = self._by_hand.manual
        self._outlooks.refusals = self._refusals
        self._outlooks.unheard = self._unheard.findings
        self._statuses = StatusKeeper(
            kube,
            clock,
            services.metrics,
            find=feed.objects.get,
            outlook=self._outlooks.of,
            is_settled=self._is_settled,
            events=self._events,
            interval_s=settings.status_interval_s,
        )
        self._kept = around.exposure.attach(
            kube, services, feed.objects.get, turn=around.turn, told=self._say
        )
        feed.told = self._in_force
        feed.recovered = lambda: services.haste.recovered(KUBERNETES)

    def loops(self) -> Mapping[str, Coroutine[Any, Any, None]]:
        """By name."""
        return {
            "status": self._statuses.run(),
            "by-hand": self._by_hand.run(),
            "preflight": self._preflight.run(),
            "rehearsal": self._rehearsal.run(),
            "kube-events": self._events.run(),
            "services": self._keep_services(),
            "troubles": self._watch_troubles(),
        }

    async def leave(self) -> None:
        """No Service leads here from now on, as far as that can be said in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_S):
                await self._kept.leave()

    def _say(self, keys: Iterable[Key]) -> None:
        """There may be something new to say on these."""
        self._statuses.mark(keys)

    def _in_force(self, keys: set[Key]) -> None:
        """New texts of these are in force."""
        sensors = [key for key in keys if key.kind == SENSOR]
        self._preflight.look(sensors)
        self._rehearsal.look(sensors)
        self._statuses.mark({*keys, *self._unheard.concerned(keys)})
        self._by_hand.look(keys)

    def _is_settled(self, key: Key) -> bool:
        """Whether all is known that its status is to say."""
        return (
            self._preflight.is_known(key) and self._exposure.is_known(key) and self._unheard.is_settled(key)
        )

    def _refusals(self, key: Key) -> tuple[Finding, ...]:
        return (*self._preflight.findings(key), *self._rehearsal.findings(key))

    async def _keep_services(self) -> None:
        """Once the cluster has said what there is: before that, nobody knows which Service has to go."""
        await self._feed.in_force.wait()
        await self._kept.run()

    async def _watch_troubles(self) -> None:
        """What changes without anybody's edit: Secrets, ports, dead letters, triggers that fail."""
        known = self._outlooks.troubles()
        while True:
            await self._clock.sleep(_TROUBLES_S)
            now = self._outlooks.troubles()
            self._say({key for key in known.keys() | now.keys() if known.get(key) != now.get(key)})
            known = now
            uids = {found.uid for found in self._feed.objects.values()}
            self._outlooks.forget_all_but(uids)
            self._by_hand.forget_all_but(uids)
