"""The contracts of a source: push kinds turn a delivery into events, pull kinds fetch events themselves.

A push kind is pure: no I/O, no clock, no secret beyond what it is given. `kinds/` has one file a kind;
the order of checks around it is `server.py`'s (spec: signatures, rule 1).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from events.errors import Finding, KikkakeError
from events.event import Event
from events.model import SpecModel
from events.ports import SecretRef
from events.registry import Registry
from events.resource import Path, ResourceDocument
from sources.delivery import Answered, Delivery, Headers, Rejected
from sources.route import Endpoint
from sources.verify import Proof

__all__ = [
    "SOURCES",
    "Answered",
    "Delivery",
    "Endpoint",
    "Headers",
    "Parsed",
    "Proof",
    "PullFailed",
    "PullSource",
    "Pulled",
    "PushSource",
    "RecordUnreadable",
    "Rejected",
]


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """One event that a push kind made of a delivery, and how it is recognised when it comes again."""

    event: Event
    replay_exempt: bool = False
    """True for event types without unique content (ping, dispatch): no suspected-replay check by body MAC."""


class PushSource(ABC):
    """One push kind. The instance is one event of one EventSource with its config."""

    kind: ClassVar[str]
    """The key in `spec`, e.g. `github`."""
    event_type: ClassVar[str]
    """CloudEvents `type` of what it publishes, unless the delivery has a type of its own."""
    Config: ClassVar[type[SpecModel]]

    methods: tuple[str, ...] = ("POST",)
    """Request methods that deliver."""
    stored_status: ClassVar[int] = 202
    """What a stored delivery is answered: 200 for upstream's kinds (design, section 5)."""
    id_headers: tuple[str, ...] = ()
    """Lower-case names of headers that name the delivery: given twice they are refused (spec: bad-input 2)."""
    delivery_id_header: str = ""
    """The header with which a sender names its delivery; empty where the name stands in the body."""
    recognised_by: ClassVar[str] = ""
    """What a repeated delivery is recognised by, in words, where that is less than an id of the sender's."""
    replay_by_mac: bool = False
    """The delivery id is not signed: the same body under another id is a suspected replay (signatures, rule 6)."""
    rate_per_minute: float | None = None
    """Deliveries that the endpoint takes in a minute; more are answered 429. None = no limit of its own."""
    punishes_4xx: ClassVar[bool] = False
    """The sender blocks or switches itself off on a 4xx: unusable but authentic bodies are kept and answered 202."""
    needs_acknowledgement: ClassVar[bool] = True
    """Without any proof the resource must say `unauthenticated: true`; upstream's own kinds need not."""

    def __init__(self, config: Any, *, namespace: str, event_source: str, event_name: str) -> None:
        self.config = config
        self.namespace = namespace
        self.event_source = event_source
        self.event_name = event_name

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path) -> list[Finding]:
        """Faults beyond the model, with upstream's texts where upstream has one."""
        return []

    @abstractmethod
    def endpoint(self) -> Endpoint:
        """Where it listens, with its TLS material and its size limit."""

    @abstractmethod
    def proof(self) -> Proof:
        """What proves a delivery; made once per route."""

    @abstractmethod
    def events(self, delivery: Delivery) -> Iterable[Parsed] | Answered:
        """The events of one delivery, in order; Answered for lifecycle messages. Raises Rejected."""

    def secret_refs(self) -> tuple[SecretRef, ...]:
        """The secrets that prove a delivery: one that cannot be read makes the route 503, never open."""
        return self.proof().refs

    def preflight(self, headers: Headers) -> Answered | None:
        """The answer to OPTIONS, before any proof; None = the method is not allowed. Raises Rejected."""
        return None

    def sender_headers(self, delivery_id: str) -> dict[str, str]:
        """What its sender puts beside the proof: for `kikkake send`, which may override each."""
        return {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """One event of a pull kind together with what tells the origin that it is safe."""

    event: Event
    peer: str
    """Where it came from, for `explain`: broker and topic."""
    verified: str
    ack: Callable[[], Awaitable[None]]
    """Called in order, only after the bus has the event."""
    size_bytes: int
    rejected: Rejected | None = None
    """Why it cannot be used: it is kept in quarantine with this cause, then acknowledged (spec: bad-input 5)."""


class PullSource(ABC):
    """One pull kind. The supervisor runs `pull` until cancelled and starts it again after an error."""

    kind: ClassVar[str]
    event_type: ClassVar[str]
    Config: ClassVar[type[SpecModel]]

    def __init__(self, config: Any, *, namespace: str, event_source: str, event_name: str) -> None:
        self.config = config
        self.namespace = namespace
        self.event_source = event_source
        self.event_name = event_name

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path) -> list[Finding]:
        """Faults beyond the model, with upstream's texts where upstream has one."""
        return []

    @abstractmethod
    def pull(self, secrets: Mapping[SecretRef, bytes]) -> AsyncGenerator[list[Pulled], None]:
        """Batches of events as they come; ends only by an exception, or when it is closed.

        An empty batch says that the connection stands. Each further step promises that all before is acknowledged.
        Raises PullFailed with a text that a person can act on.
        """

    @abstractmethod
    def secret_refs(self) -> tuple[SecretRef, ...]:
        """The secrets that it needs before it can start."""

    def recorded(self, record: Mapping[str, Any], *, default_us: int) -> Pulled | None:
        """A record that `kikkake test` gives in place of the outside, as `pull` would yield it; None = not its own.

        `default_us` is its time where it says none. Raises RecordUnreadable: no record of this kind.
        """
        raise RecordUnreadable(f"sources of kind {self.kind} take no records in tests")


class RecordUnreadable(KikkakeError):
    """A record of a test is not one of the kind that is to read it."""


class PullFailed(KikkakeError):
    """The connection to the outside failed; the supervisor backs off and starts again."""

    retryable: ClassVar[bool] = True


SOURCES: Registry[PushSource | PullSource] = Registry(
    "source",
    "sources.kinds",
    (PushSource, PullSource),
    group="kikkake.sources",
)
