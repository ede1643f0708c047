"""What a gateway has around it: files and a laptop, or a cluster. Everything else is the same for both."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Protocol

from events.clock import Clock
from events.ports import Kube, Secrets
from kikkake.feed import Feed
from kikkake.file_feed import FileFeed
from kikkake.kube_client import KubeClient
from kikkake.secrets import EnvironmentSecrets, FileSecrets, FirstOf, KubeSecrets
from kikkake.services import GatewayServices
from kikkake.settings import ClusterSettings, RunSettings, ServeSettings
from sensors.addresses import AddressPolicy
from sources.listening import Planner, plan_declared

Turn = Callable[[], Awaitable[None]]


class Outfit(Protocol):
    """The surroundings of one gateway."""

    @property
    def kube(self) -> Kube | None: ...

    @property
    def secrets(self) -> Secrets: ...

    @property
    def feed(self) -> Feed: ...

    @property
    def plan(self) -> Planner: ...

    @property
    def addresses(self) -> AddressPolicy | None:
        """As in `TriggerServices`."""
        ...

    @property
    def default_account(self) -> str:
        """As in `TriggerServices`."""
        ...

    async def lead(self, store_key: bytes) -> None:
        """Return when this gateway is the one that serves; its store has this key."""
        ...

    @property
    def turn(self) -> Turn | None:
        """As in `Actor`: returns when an attempt may begin."""
        ...

    def may_act(self, namespace: str) -> bool:
        """Whether anything may be done for a namespace."""
        ...

    def companions(self, services: GatewayServices) -> Mapping[str, Coroutine[Any, Any, None]]:
        """Loops that the gateway owns, by name, begun once everything serves."""
        ...

    async def leave(self) -> None:
        """Tell the outside that this process takes nothing in any more; bounded in time."""
        ...

    async def close(self) -> None:
        """Close what was opened."""
        ...


class FileOutfit:
    """For `kikkake run`: resources and secrets from files, and a cluster only where one is named."""

    def __init__(self, settings: RunSettings, clock: Clock, kube: KubeClient | None) -> None:
        self.kube = kube
        self.feed = FileFeed(settings, clock)
        self.plan: Planner = plan_declared
        self.default_account = ""
        # Whoever writes the files runs the process: nothing of the machine is kept from them.
        self.addresses: AddressPolicy | None = None
        # The folders in their order, then the environment, then the cluster.
        places: list[Secrets] = [FileSecrets(folder) for folder in settings.secrets]
        places.append(EnvironmentSecrets(os.environ))
        if kube is not None:
            places.append(KubeSecrets(kube, clock))
        self.secrets: Secrets = FirstOf(places)
        self.turn: Turn | None = None

    async def lead(self, _store_key: bytes) -> None:
        """The lock of the data folder is all that there is to it."""

    def may_act(self, _namespace: str) -> bool:
        """Files are there because somebody wants them to act."""
        return True

    def companions(self, _services: GatewayServices) -> Mapping[str, Coroutine[Any, Any, None]]:
        """None."""
        return {}

    async def leave(self) -> None:
        """Nobody is told."""

    async def close(self) -> None:
        if self.kube is not None:
            await self.kube.close()


async def open_outfit(settings: RunSettings, clock: Clock) -> Outfit:
    """What the settings say. Raises ClusterUnusable."""
    kube = None
    if settings.cluster is not None:
        serve = settings.serve or ServeSettings()
        kube = await connect(
            settings.cluster, timeout_s=serve.api_timeout_s, impersonates=serve.identity == "impersonate"
        )
    if settings.serve is None:
        return FileOutfit(settings, clock, kube)
    from kikkake.cluster.outfit import ClusterOutfit  # noqa: PLC0415 - only where a cluster is served

    assert kube is not None  # noqa: S101 - `serve` always names a cluster
    return ClusterOutfit(settings.serve, clock, kube, settings.data)


async def connect(
    cluster: ClusterSettings, *, timeout_s: float = 30.0, impersonates: bool = False
) -> KubeClient:
    """The Kubernetes API that the settings name. Imports the client library, which costs 400 ms and 60 MB."""
    from kikkake.kube import connect_in_cluster, connect_kubeconfig  # noqa: PLC0415 - only where a cluster is used

    if cluster.in_cluster:
        return await connect_in_cluster(timeout_s=timeout_s, impersonates=impersonates)
    file = Path(cluster.kubeconfig) if cluster.kubeconfig else None
    return await connect_kubeconfig(
        file, cluster.context or None, timeout_s=timeout_s, impersonates=impersonates
    )
