"""What a gateway has around it in a cluster: its resources, its identities, its Lease."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any

from events.clock import Clock
from events.ports import Secrets
from kikkake.cluster.account_secrets import AccountSecrets
from kikkake.cluster.companions import Companions, Surroundings
from kikkake.cluster.exposure import Exposure
from kikkake.cluster.feed import ClusterFeed
from kikkake.cluster.lease import Claim, Lease, LeaseSettings
from kikkake.kube_client import KubeClient
from kikkake.services import GatewayServices
from kikkake.settings import ServeSettings
from sensors.addresses import AddressPolicy
from sensors.trigger import TriggerServices
from sources.listening import Plan
from sources.spec import EventSourceSpec


class ClusterOutfit:
    """For `kikkake serve`."""

    def __init__(self, settings: ServeSettings, clock: Clock, kube: KubeClient, folder: Path) -> None:
        """`folder` is the data folder."""
        self.kube = kube
        self.default_account = "default"
        own = [settings.advertise_address] if settings.advertise_address else []
        self.addresses = AddressPolicy.of_a_cluster(*own, allowed=settings.allowed_networks)
        self.feed = ClusterFeed(
            kube, clock, namespaces=settings.namespaces, own_namespace=settings.own_namespace
        )
        self._account_secrets = AccountSecrets(kube, clock)
        self._account_secrets.known_needs = self.feed.needs_of
        self.secrets: Secrets = self._account_secrets
        self._exposure = Exposure(settings, folder, clock)
        self._account_secrets.changed = self._exposure.secret_changed
        self._settings = settings
        self._clock = clock
        self._lease: Lease | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._store_key = b""
        self._companions: Companions | None = None

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
        self.kube.wait_with_changes(self._lease.turn)
        await self._lease.acquire()
        # To the very end of the process: what drains still acts.
        self._renewing = asyncio.create_task(self._lease.run(), name="lease:renew")

    @property
    def turn(self) -> Callable[[], Awaitable[None]] | None:
        """While nobody knows who holds the Lease, attempts wait."""
        return self._lease.turn if self._lease is not None else None

    def may_act(self, namespace: str) -> bool:
        """A namespace that has lost its label is left alone, whatever still waits."""
        return self.feed.may_act(namespace)

    def plan(self, specs: Iterable[EventSourceSpec]) -> Plan:
        """The shared port, and ports of their own for sources with a Service or a certificate."""
        return self._exposure.plan(specs)

    def companions(self, services: GatewayServices) -> Mapping[str, Coroutine[Any, Any, None]]:
        """Statuses, Events, Services, and what asks before it matters."""
        around = Surroundings(
            kube=self.kube,
            clock=self._clock,
            settings=self._settings,
            feed=self.feed,
            exposure=self._exposure,
            triggers=TriggerServices(
                kube=self.kube,
                secrets=self.secrets,
                clock=self._clock,
                store_key=self._store_key,
                default_account=self.default_account,
                addresses=self.addresses,
            ),
            turn=self.turn,
        )
        self._companions = Companions(around, services)
        return {"lease": self._watch_lease(), **self._companions.loops()}

    async def leave(self) -> None:
        """No Service leads here from now on, as far as that can be said in time."""
        if self._companions is not None:
            await self._companions.leave()

    async def close(self) -> None:
        """Listen no more, and close the connections."""
        await self.feed.close()
        if self._lease is not None and self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
            await self._lease.release()
        await self._account_secrets.close()
        await self.kube.close()

    async def _watch_lease(self) -> None:
        """Raises LeaseLost: the process has to end."""
        if self._renewing is not None:
            await asyncio.shield(self._renewing)
