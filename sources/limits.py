"""What the HTTP front allows: sizes, times and numbers, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Read once from the command line and the environment, then frozen."""

    host: str = "0.0.0.0"
    """Address to listen on; loopback in `kikkake run`."""

    ports: Mapping[int, int] = field(default_factory=dict)
    """Declared port -> port to listen on instead; 0 takes a free one. For demos and tests."""

    head_timeout_s: float = 5.0
    """From the first byte of a request to the end of its headers, and from connecting to the first byte."""

    body_timeout_s: float = 8.0
    """To receive the body. Below the 10 s after which GitHub marks a delivery as failed."""

    idle_timeout_s: float = 60.0
    """Between two requests of one connection."""

    publish_timeout_s: float = 8.0
    """For reading the secrets and storing the events; then 503, and the sender comes again."""

    drain_timeout_s: float = 20.0
    """For requests that are being answered when the process is told to stop; Kubernetes kills after 30 s."""

    linger_s: float = 2.0
    """How long a refused body is still read and thrown away, so that the sender sees the answer and no reset."""

    max_head_bytes: int = 65_536
    """Request line and all headers. Real senders stay below 4 KiB; cookies of a proxy may add some."""

    max_line_bytes: int = 8_190
    """The request line, and each header."""

    max_headers: int = 100
    """Header lines of one request."""

    max_body_bytes_in_flight: int = 67_108_864
    """Of all bodies that are held at once (spec: security, abuse 3)."""

    max_connections: int = 2_048
    """Open at once, over all ports. One connection costs about 10 KB."""

    max_connections_per_peer: int = 1_024
    """Of one address: generous, because behind an ingress all senders share one."""

    max_event_bytes: int | None = None
    """The bus' limit, if it has one: a larger `maxPayloadSize` is reported when routes are applied."""

    gone_s: float = 3_600.0
    """How long the path of a deleted EventSource is answered 410, then 404."""
