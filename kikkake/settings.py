"""Settings of a process: read once from flags and environment, frozen, passed on as the smallest part that does."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """Which Kubernetes API objects are created in. Exactly one of the three is set."""

    context: str = ""
    """A context of the kubeconfig."""
    kubeconfig: str = ""
    """A kubeconfig file; its current context."""
    in_cluster: bool = False
    """The service account that is mounted into the pod."""

    @property
    def label(self) -> str:
        """For the first line of `run` and the name of the store."""
        if self.in_cluster:
            return "in-cluster"
        return self.context or (f"kubeconfig {self.kubeconfig}" if self.kubeconfig else "the current context")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenSettings:
    """Where the process listens. Port 0 takes a free one; None switches a listener off."""

    deliveries_host: str = "127.0.0.1"
    """Where sources listen; their ports come from the EventSources. Loopback: a laptop is no server."""
    ports: Mapping[int, int] = field(default_factory=dict)
    """Declared port of a source -> the port to listen on instead; 0 takes a free one."""
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = 7777
    """Upstream's metrics port, so that existing scrape configurations fit."""
    admin_host: str = "127.0.0.1"
    admin_port: int | None = 7778


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachSettings:
    """What resources may reach of the machine that the process runs on: nothing, unless its operator says so."""

    files: Path | None = None
    """Folder below which `source.file` of a trigger may read; None = nowhere."""
    environment: bool = False
    """Templates may read environment variables (`env`, `expandenv`)."""
    dns: bool = False
    """Templates may look up hosts (`getHostByName`)."""


class Identity(enum.StrEnum):
    """How the gateway acts as the ServiceAccount of a resource."""

    TOKEN = "token"  # noqa: S105 - a word of the command line
    """With a token that the API server gives for it (TokenRequest)."""
    IMPERSONATE = "impersonate"
    """By impersonation: needs the verb `impersonate`, which a team's namespace grants by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """What `kikkake serve` is told beyond `run`: which resources, as whom, and where they are reached."""

    namespaces: tuple[str, ...] = ()
    """Only these are looked at; empty = all that have the label."""
    identity: Identity = Identity.TOKEN
    shared_port: int = 12000
    """Port on which every source has `/NAMESPACE/SOURCE/ENDPOINT`; upstream's examples use this number."""
    own_ports: range = range(20000, 21000)
    """Ports for the listeners of sources with a Service."""
    advertise_address: str = ""
    """Address of this gateway for EndpointSlices: the pod's. Empty = no Service can be served."""
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Triggers may connect to these although they are the gateway's, its node's or its cloud's own."""
    public_url: str = ""
    """What stands before `/NAMESPACE/SOURCE/ENDPOINT` in the addresses of a status."""
    name: str = "kikkake"
    """Of this gateway: its Lease, and the holder in events and EndpointSlices."""
    own_namespace: str = ""
    """Where the gateway itself lives; empty = outside of a cluster, then without a Lease."""
    pod: str = ""
    """The holder of the Lease; empty = the host's name."""
    lease_duration_s: float = 60.0
    """How long another gateway waits for a sign of life of this one before it takes the Lease."""
    api_timeout_s: float = 30.0
    """How long an answer of the API server may take; no attempt begins later than this before the Lease ends."""
    status_interval_s: float = 300.0
    """How often counts and times of a status are brought up to date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Everything that `kikkake run` and `kikkake serve` are told."""

    paths: tuple[str, ...]
    data: Path
    cluster: ClusterSettings | None
    """None = a dry run that prints what would be created."""
    serve: ServeSettings | None = None
    """Resources come from the cluster; None = from the files of `paths`."""
    secrets: tuple[Path, ...] = ()
    """Folders with NAME/KEY files that stand in for Secrets and ConfigMaps."""
    listen: ListenSettings = field(default_factory=ListenSettings)
    reach: ReachSettings = field(default_factory=ReachSettings)
    watch: bool = True
    drain_timeout_s: float = 20.0
    """Deliveries in hand get this long at a stop; below Kubernetes' grace of 30 s."""
    attempt_drain_timeout_s: float = 75.0
    """Running attempts get this long: an HTTP trigger may take 60 s."""
    poll_interval_s: float = 0.5
    """How often files are looked at. A look costs one stat a file: 500 files take 2 ms."""
    renew_interval_s: float = 30.0
    """How often ports that could not be opened are tried again and certificates are read again."""
    vanish_after_s: float = 5.0
    """A file that is away for this long counts as deleted: editors save by rename (design, section 4)."""
