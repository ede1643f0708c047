"""What a gateway has around it in a cluster: its resources, its identities, its statuses."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any

from events.clock import Clock
from events.ports import Secrets
from kikkake.catalog import SENSOR, Key
from kikkake.cluster.account_secrets import AccountSecrets
from kikkake.cluster.by_hand import ByHand
from kikkake.cluster.exposure import Exposure
from kikkake.cluster.feed import ClusterFeed
from kikkake.cluster.kube_events import KubeEvents
from kikkake.cluster.lease import Claim, Lease, LeaseSettings
from kikkake.cluster.outlook import Outlooks
from kikkake.cluster.preflight import Preflight
from kikkake.cluster.rehearsal import Rehearsal
from kikkake.cluster.service_keeper import ServiceKeeper
from kikkake.cluster.status_keeper import StatusKeeper
from kikkake.kube_client import KubeClient
from kikkake.services import GatewayServices
from kikkake.settings import ServeSettings
from sensors.trigger import KUBERNETES, TriggerServices
from sources.listening import Plan
from sources.spec import EventSourceSpec

_TROUBLES_S = 5.0
"""How soon a status says that a Secret is missing or is there again."""
_LEAVE_S = 2.0
"""How long a stop waits until no Service leads here any more."""


class ClusterOutfit:
    """For `kikkake serve`."""

    def __init__(self, settings: ServeSettings, clock: Clock, kube: KubeClient, folder: Path) -> None:
        """`folder` is the data folder."""
        self.kube = kube
        self.default_account = "default"
        self.feed = ClusterFeed(kube, clock, namespaces=settings.namespaces)
        self._account_secrets = AccountSecrets(kube, clock)
        self._account_secrets.known_needs = self.feed.needs_of
        self.secrets: Secrets = self._account_secrets
        self._exposure = Exposure(settings, folder, clock)
        self._account_secrets.changed = self._exposure.secret_changed
        self._services_kept: ServiceKeeper | None = None
        self._settings = settings
        self._clock = clock
        self._lease: Lease | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._store_key = b""

    async def lead(self, store_key: bytes) -> None:
        """Hold the Lease; outside of a cluster there is none."""
        self._store_key = store_key
        settings = self._settings
        if not settings.own_namespace:
            return
        # A pod of the same name on another volume is another gateway.
        store = hashlib.sha256(store_key).hexdigest()[:8]
        holder = f"{settings.pod or socket.gethostname()}_{store}"
        self._lease = Lease(
            self.kube,
            self._clock,
            Claim(settings.own_namespace, settings.name, holder),
            settings=LeaseSettings.lasting(settings.lease_duration_s, answer_s=settings.api_timeout_s),
        )
        await self._lease.acquire()
        # To the very end of the process: what drains still acts.
        self._renewing = asyncio.create_task(self._lease.run(), name="lease:renew")

    @property
    def turn(self) -> Callable[[], Awaitable[None]] | None:
        """While nobody knows who holds the Lease, attempts wait."""
        return self._lease.turn if self._lease is not None else None

    def plan(self, specs: Iterable[EventSourceSpec]) -> Plan:
        """The shared port, and ports of their own for sources with a Service or a certificate."""
        return self._exposure.plan(specs)

    def companions(self, services: GatewayServices) -> Mapping[str, Coroutine[Any, Any, None]]:
        """Statuses, Events and Services."""
        events = KubeEvents(self.kube, self._clock, component=self._settings.name)
        outlooks = Outlooks(services, self._settings, self._exposure)
        by_hand = ByHand(
            services,
            services.publish,
            self._clock,
            find=self.feed.objects.get,
            told=lambda keys: keeper.mark(keys),  # noqa: PLW0108 - it is made below
        )
        outlooks.manual = by_hand.manual
        preflight = Preflight(
            self.kube,
            self._clock,
            default_account=self.default_account,
            find=services.entry,
            told=lambda keys: keeper.mark(keys),  # noqa: PLW0108 - it is made below
        )
        rehearsal = Rehearsal(
            services,
            TriggerServices(
                kube=self.kube,
                secrets=self.secrets,
                clock=self._clock,
                store_key=self._store_key,
                default_account=self.default_account,
            ),
            self._clock,
            told=lambda keys: keeper.mark(keys),  # noqa: PLW0108 - it is made below
        )
        outlooks.refusals = lambda key: (*preflight.findings(key), *rehearsal.findings(key))
        keeper = StatusKeeper(
            self.kube,
            self._clock,
            services.metrics,
            find=self.feed.objects.get,
            outlook=outlooks.of,
            is_settled=lambda key: preflight.is_known(key) and self._exposure.is_known(key),
            events=events,
            interval_s=self._settings.status_interval_s,
        )

        def told(keys: set[Key]) -> None:
            sensors = [key for key in keys if key.kind == SENSOR]
            preflight.look(sensors)
            rehearsal.look(sensors)
            keeper.mark(keys)
            by_hand.look(keys)

        self.feed.told = told
        self.feed.recovered = lambda: services.haste.recovered(KUBERNETES)
        kept = self._exposure.attach(
            self.kube, services, self.feed.objects.get, turn=self.turn, told=keeper.mark
        )
        self._services_kept = kept
        return {
            "lease": self._watch_lease(),
            "status": keeper.run(),
            "by-hand": by_hand.run(),
            "preflight": preflight.run(),
            "rehearsal": rehearsal.run(),
            "kube-events": events.run(),
            "services": self._keep_services(kept),
            "troubles": self._watch_troubles(outlooks, keeper),
        }

    async def leave(self) -> None:
        """No Service leads here from now on, as far as that can be said in time."""
        if self._services_kept is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LEAVE_S):
                    await self._services_kept.leave()

    async def close(self) -> None:
        """Listen no more, and close the connections."""
        await self.feed.close()
        if self._lease is not None and self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
            await self._lease.release()
        await self._account_secrets.close()
        await self.kube.close()

    async def _keep_services(self, kept: ServiceKeeper) -> None:
        """Once the cluster has said what there is: before that, nobody knows which Service has to go."""
        await self.feed.in_force.wait()
        await kept.run()

    async def _watch_lease(self) -> None:
        """Raises LeaseLost: the process has to end."""
        if self._renewing is not None:
            await asyncio.shield(self._renewing)

    async def _watch_troubles(self, outlooks: Outlooks, keeper: StatusKeeper) -> None:
        """What changes without anybody's edit: Secrets, ports, dead letters."""
        known = outlooks.troubles()
        while True:
            await self._clock.sleep(_TROUBLES_S)
            now = outlooks.troubles()
            changed = {key for key in known.keys() | now.keys() if known.get(key) != now.get(key)}
            known = now
            keeper.mark(changed)
            await asyncio.sleep(0)
