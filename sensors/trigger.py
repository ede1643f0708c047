"""The contract of a kind of trigger: render once (pure), then fire the same bytes as often as needed.

`triggers/` has one file a kind. A kind never retries, sleeps or records: it says what one attempt met,
and `act.py` decides what follows (spec: effects 3.1, bad-input section 5).
"""

from __future__ import annotations

import enum
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from events.bus import OrderMode
from events.clock import Clock
from events.errors import Finding, KikkakeError
from events.event import Event
from events.model import SpecModel
from events.ports import Kube, Secrets
from events.registry import Registry
from events.resource import Path, ResourceDocument
from sensors.access import Needs, reading, refs_in
from sensors.addresses import AddressPolicy

if TYPE_CHECKING:
    from sensors.http_client import Exchange


PLAIN_REASONS = frozenset(
    {
        *("AddressNotAllowed", "NoAnswer", "NoCluster", "Unreachable"),
        *("AccountForbidden", "Forbidden", "NamespaceNotEnabled", "NoServiceAccount"),
        *("SecretUnavailable", "SecretUnusable"),
        *("EvaluatorCrashed", "EventGone", "InternalError", "RenderCrashed", "TriggerStopped"),
    }
)
"""Of failures whose sentence is all ours, with at most hosts, namespaces, accounts and names of Secrets in it.

Every other sentence may hold data of the event, or an answer that echoes it: never in a log or status (spec: security,
T-LEAK). So does one of a kind that is not ours.
"""


KUBERNETES = "kubernetes"
"""A peer: the API server of the cluster."""


class RenderFailed(KikkakeError):
    """This trigger cannot be rendered with these events; trying again gives the same."""

    def __init__(self, detail: str, *, reason: str = "RenderFailed") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderContext:
    """What an effect is rendered with, besides the trigger and its events."""

    namespace: str
    sensor: str
    """The Sensor's name."""
    trigger: str
    effect_id: bytes
    event_ids: tuple[str, ...]
    """CloudEvents ids in the order of the dependencies."""
    fired_us: int
    """Stored time of the event that made it fire: the one time stamp of the effect."""
    store_key: bytes
    """For the proof annotation: HMAC key of the store (spec: effects 3.1)."""
    policy: Mapping[str, Any] | None = None
    """The trigger's `policy` member as JSON: it stands beside the template, a kind needs it in what it renders."""


class RenderUnavailable(KikkakeError):
    """This trigger cannot be rendered now: what it is made of is not to be had. Trying again may succeed."""

    retryable: ClassVar[bool] = True

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(detail)

    def failure(self) -> Failed:
        """As the answer of an attempt: nothing was sent."""
        return Failed(
            reason="ArtifactUnavailable", detail=self.detail, answer="not fetched", then=OnFailure.RETRY
        )


class OnFailure(enum.Enum):
    """What may follow a failed attempt."""

    RETRY = enum.auto()
    """It may pass: back off and try again within the trigger's limits."""
    RETRY_BRIEFLY = enum.auto()
    """RBAC or a CRD may come late: 3 attempts within 10 minutes, then a dead letter."""
    RETRY_IF_ASKED = enum.auto()
    """Only a `retryStrategy` tries it again: a status policy refuses an answer that is no failure by itself."""
    GIVE_UP = enum.auto()
    """The same bytes hardly ever become valid: dead letter at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The attempt took effect (or an earlier one had)."""

    answer: str
    """In words: `201 Created`, `409 AlreadyExists, and it is ours`."""
    result: dict[str, Any] = field(default_factory=dict)
    """For people and explain: `{"object": "ConfigMap ci/build-x", "uid": "…"}` or `{"status": 200}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The attempt did not take effect, or nobody knows (`in_doubt`)."""

    reason: str
    """A word of the fixed list in spec: bad-input section 5: `Forbidden`, `ObjectInvalid`, `NameTaken`."""
    detail: str
    """The sentence for a person: no secret, no payload."""
    answer: str
    then: OnFailure
    public: str = ""
    """What logs and statuses say of it, where `detail` may hold data of the event: of a reason that is not plain."""
    in_doubt: bool = False
    """Bytes were written and no answer came."""
    retry_after_s: float | None = None
    """What the other side asked for; it leads over our own back-off."""
    counts: bool = True
    """False for 429: it is no attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """It took effect, and how it ends comes later: `look` is asked, no attempt is made meanwhile."""

    answer: str
    result: dict[str, Any]
    """Kept with the effect, and handed to `look`."""
    look_in_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptContext:
    """What one attempt knows."""

    namespace: str
    sensor: str
    trigger: str
    effect_id: bytes
    number: int
    """1 for the first."""
    was_in_doubt: bool
    """An earlier attempt may have taken effect."""
    first_intent_us: int
    """When the first attempt was begun: how long the doubt has lasted."""
    at_least_once: bool
    account: str | None = None
    """ServiceAccount to act as, NAMESPACE/NAME; None = the gateway's own (files on disk)."""
    policy: Mapping[str, Any] | None = None
    """The trigger's `policy` as JSON: for a kind that has to look at what it made."""
    is_strict: bool = False
    """The Sensor has the annotation `kikkake/strict`: no connection to an inner address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerServices:
    """The outside, for every trigger alike. A kind opens its own clients lazily and closes them in `close`."""

    kube: Kube | None
    """None when no cluster is configured."""
    secrets: Secrets
    clock: Clock
    store_key: bytes
    default_account: str = ""
    """ServiceAccount of its own namespace that a Sensor acts as where it names none; empty = as the gateway itself,
    for resources from files alone."""
    addresses: AddressPolicy | None = None
    """Where triggers may connect to by HTTP, git and S3; None = anywhere, as upstream, except for Sensors that are
    strict: those connect to no inner address that it does not allow."""
    exchange: Exchange | None = None
    """In place of HTTP connections: `kikkake test` answers from a script. None = the network."""
    chance: Callable[[], float] = random.random
    """For the jitter of what a kind waits for by itself."""

    def account_of(self, namespace: str, account: str | None) -> str | None:
        """Who a Sensor of `namespace` acts as (NAMESPACE/NAME), given the account that it names."""
        return account or (f"{namespace}/{self.default_account}" if self.default_account else None)


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be done, for dry runs, `kikkake render` and tests: exactly one of the first three is set."""

    object: dict[str, Any] | None = None
    request: dict[str, Any] | None = None
    """`{"method", "url", "headers": {}, "body": JSON or None, "bodyText": str}`; secrets as `***`."""
    message: dict[str, Any] | None = None
    operation: str = ""
    """What is done with the object where it is not created: `update`, `delete`, `resume`."""


class Trigger(ABC):
    """One kind of trigger for one trigger of a Sensor. Class = kind; instance = services of the process."""

    kind: ClassVar[str]
    """As in the template: `k8s`, `http`, `log`."""

    Config: ClassVar[type[SpecModel]]
    """The model of the template's member."""

    repeatable: ClassVar[bool]
    """Whether firing the same bytes again is harmless (design, section 5, `atLeastOnce`)."""

    fixed_members: ClassVar[tuple[str, ...]] = ()
    """Members of `Config` that decide where something is sent: an event that fills them is a warning of lint, and an
    error where the Sensor is strict."""

    peer: ClassVar[str] = ""
    """What everything of this kind speaks to (`kubernetes`): one success after an outage is news for all. Empty where
    each has an address of its own."""

    fires_in_dry_run: ClassVar[bool] = False
    """Whether a dry run fires it too: only what changes nothing outside, such as `log`."""

    def __init__(self, services: TriggerServices) -> None:
        self.services = services

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path, part: str) -> list[Finding]:
        """Faults beyond the model: upstream's texts where upstream refuses, ours (Scope.PART) for the rest."""
        return []

    @classmethod
    def needs(cls, spec: bytes, namespace: str, *, written: Sequence[str] = ()) -> Needs:
        """The rights that the account of a Sensor in `namespace` needs for this trigger.

        `spec` is the template's member as in `render`, before any parameter; `written` are the paths in it that
        `trigger.parameters` write. By default: to read every Secret and ConfigMap that it names.
        """
        return reading(refs_in(cls.Config.model_validate_json(spec), namespace))

    @classmethod
    @abstractmethod
    def render(cls, spec: bytes, events: Mapping[str, Event], context: RenderContext) -> bytes:
        """What every attempt sends. Pure: the same arguments give the same bytes.

        `spec` is the JSON of the template's member after `trigger.parameters`; secrets stay references.
        Raises RenderFailed.
        """

    @classmethod
    def order(cls, rendered: bytes) -> tuple[bytes | None, OrderMode]:
        """The order key of what was rendered, and how it orders; create and http have none."""
        return None, OrderMode.NONE

    @classmethod
    def has_order(cls, spec: bytes) -> bool:
        """Whether what is rendered of this member will have an order: asked before it is rendered."""
        return False

    @classmethod
    def may_repeat(cls, rendered: bytes) -> bool:
        """Whether firing these bytes again is harmless; as the kind says, unless it depends on what they ask for."""
        return cls.repeatable

    @classmethod
    @abstractmethod
    def preview(cls, rendered: bytes) -> Preview:
        """What would be done."""

    @abstractmethod
    async def fire(self, rendered: bytes, attempt: AttemptContext) -> Done | Failed | Begun:
        """One attempt. Bounded in time by itself; raises only on bugs and cancellation."""

    async def look(
        self, rendered: bytes, attempt: AttemptContext, result: Mapping[str, Any]
    ) -> Done | Failed | Begun:
        """How it stands with what an attempt has begun; `result` is what it said. Changes nothing outside."""
        raise NotImplementedError

    async def dry_run(self, rendered: bytes, attempt: AttemptContext) -> Done | Failed | None:  # noqa: ARG002 - of those that have one
        """What the other side says of the request without carrying it out; None = this kind can ask nobody."""
        return None

    async def close(self) -> None:  # noqa: B027 - a kind without clients has nothing to close
        """Close what was opened; called once, after the last attempt."""


TRIGGERS: Registry[Trigger] = Registry("trigger", "sensors.triggers", Trigger, group="kikkake.triggers")
