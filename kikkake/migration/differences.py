"""What Kikkake does otherwise than Argo Events with resources that work in both (design, section 5). Pure.

Only what concerns the resources at hand, one sentence each, with the page that says more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sensors.compile import CompiledSensor
from sensors.compile_trigger import CompiledTrigger
from sources.source import PushSource
from sources.spec import EventSourceSpec

Spec = EventSourceSpec | CompiledSensor


class Difference(NamedTuple):
    """One sentence."""

    what: str
    page: str
    """Below `docs/`."""


def differences_of(specs: Sequence[Spec]) -> list[Difference]:
    """Those that concern some of the resources."""
    return [difference for difference, concerns in _ALL if any(map(concerns, specs))]


def _has_trigger(holds: Callable[[CompiledTrigger], bool]) -> Callable[[Spec], bool]:
    return lambda spec: isinstance(spec, CompiledSensor) and any(map(holds, spec.triggers))


def _takes_deliveries(spec: Spec) -> bool:
    return isinstance(spec, EventSourceSpec) and any(
        isinstance(each.source, PushSource) for each in spec.events
    )


def _judges_no_status(trigger: CompiledTrigger) -> bool:
    return trigger.kind == "http" and not (trigger.policy or {}).get("status")


_ALL: Sequence[tuple[Difference, Callable[[Spec], bool]]] = (
    (
        Difference(
            "A delivery is answered 200 with a JSON body instead of the text `success`, and only once it is stored; "
            "one that comes again within seven days is answered with its first event.",
            "problems.md",
        ),
        _takes_deliveries,
    ),
    (
        Difference(
            "Headers that prove a delivery (Authorization, Cookie, signatures) are in no event.",
            "problems.md",
        ),
        _takes_deliveries,
    ),
    (
        Difference(
            "What may pass is tried again for 24 h also without `retryStrategy`, and ends as a dead letter that can be "
            "replayed instead of being forgotten.",
            "reference/sensor/policies-and-retries.md",
        ),
        _has_trigger(lambda trigger: trigger.strategy is None and trigger.kind != "log"),
    ),
    (
        Difference(
            "An answer other than 2xx makes an http trigger fail; Argo Events counts every answer as a success.",
            "reference/sensor/policies-and-retries.md",
        ),
        _has_trigger(_judges_no_status),
    ),
    (
        Difference(
            "What `generateName` adds comes from the event, so that a repeat makes no second object.",
            "reference/differences/sensor.md",
        ),
        _has_trigger(lambda trigger: trigger.kind in {"k8s", "argoWorkflow"}),
    ),
    (
        Difference(
            "Events that are held for a condition, and retries that wait, outlive a restart of the gateway.",
            "reference/sensor/conditions-and-waiting.md",
        ),
        _has_trigger(
            lambda trigger: trigger.waiting is not None and len(trigger.waiting.condition.names) > 1
        ),
    ),
)
