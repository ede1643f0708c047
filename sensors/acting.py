"""What the act loop needs from others: how a trigger is carried out, and who is told what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from events.bus import Effect, NewEffect, OrderMode, Outcome
from events.errors import KikkakeError
from sensors.rate_limit import Spacing
from sensors.retry import Retry
from sensors.trigger import Begun, Done, Failed, Preview, Trigger


class TriggerUnusable(KikkakeError):
    """The trigger of an effect cannot be carried out any more (its version is gone, its kind is not in this build)."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


class Rendered(NamedTuple):
    """A planned effect as it was rendered, and its place in the order of what it names."""

    body: bytes
    order_key: bytes | None = None
    order_mode: OrderMode = OrderMode.NONE


class TriggerLookup(Protocol):
    """From an effect to its trigger, in the version of the Sensor that the effect names."""

    def find(self, effect: Effect) -> Acting | None:
        """From memory, or None: then `load` is asked."""
        ...

    async def load(self, effect: Effect) -> Acting:
        """From the stored text of that version. Raises TriggerUnusable, BusUnavailable."""
        ...

    async def render(self, effect: Effect) -> Rendered:
        """A planned effect. Raises RenderFailed, RenderUnavailable, TriggerUnusable, BusUnavailable."""
        ...

    async def make_dlq(self, effect: Effect) -> NewEffect | None:
        """The effect of its `dlqTrigger`, with the same events; None where it has none, or is recorded already.

        Raises RenderFailed, BusUnavailable.
        """
        ...


class ActObserver(Protocol):
    """Who is told what happens: metrics, and the output of dry runs."""

    def attempted(self, effect: Effect, answer: Done | Failed | Begun, took_us: int) -> None:
        """One attempt is over."""
        ...

    def settled(self, effect: Effect, outcome: Outcome) -> None:
        """An outcome is durable."""
        ...

    def previewed(self, effect: Effect, preview: Preview) -> None:
        """A dry run did not do this."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """How the effects of one trigger of one version of a Sensor are carried out."""

    trigger: Trigger
    namespace: str
    sensor: str
    """The Sensor's name."""
    retry: Retry
    spacing: Spacing | None
    """Its rate limit."""
    at_least_once: bool
    account: str | None
    """ServiceAccount to act as; None = the gateway's own."""
    policy: Mapping[str, Any] | None = None
    """The trigger's, as JSON."""
    is_strict: bool = False
    """The Sensor has the annotation `kikkake/strict`."""
