"""What there is before a move: the resources of a namespace, and what Argo Events has made for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from events.resource import ResourceDocument
from kikkake.files import Loaded

EVENT_SOURCE_CONTROLLER = "eventsource-controller"
SENSOR_CONTROLLER = "sensor-controller"
BUS_CONTROLLER = "eventbus-controller"
FINALIZERS = {
    "EventSource": EVENT_SOURCE_CONTROLLER,
    "Sensor": SENSOR_CONTROLLER,
    "EventBus": BUS_CONTROLLER,
}
"""Of Argo Events; equal to the label `controller` of what it makes (spec-sensors 1.6, spec-sources 5)."""


class Made(NamedTuple):
    """An object that Argo Events made for a resource."""

    kind: str
    name: str
    owner: str
    """Name of the EventSource, Sensor or EventBus."""
    controller: str


class Controller(NamedTuple):
    """A running controller of Argo Events."""

    namespace: str
    deployment: str
    replicas: int
    managed: str
    """The one namespace that it looks at; empty = all."""
    user: str = "system:serviceaccount:argo-events:argo-events-sa"
    """Who it is for the API server."""


_USUAL = Controller("argo-events", "controller-manager", 1, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceInventory:
    """One namespace."""

    name: str
    documents: tuple[ResourceDocument, ...]
    """Its EventSources, Sensors and EventBuses."""
    made: tuple[Made, ...] = ()
    own_services: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Services that somebody made for pods of an EventSource, by its name."""
    is_enabled: bool = False
    has_team_binding: bool = False
    accounts: frozenset[str] | None = None
    """None = nobody looked."""

    @property
    def loaded(self) -> Loaded:
        """As lint takes it."""
        return Loaded(documents=list(self.documents))

    def of_kind(self, kind: str) -> list[ResourceDocument]:
        return [document for document in self.documents if document.kind == kind]

    def made_by(self, controller: str, kind: str) -> list[Made]:
        """What that controller of Argo Events made."""
        return [each for each in self.made if (each.controller, each.kind) == (controller, kind)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything that was looked at."""

    namespaces: tuple[NamespaceInventory, ...]
    is_live: bool = False
    """From a cluster; else from files."""
    controllers: tuple[Controller, ...] | None = None
    """None = nobody looked, or may look: then it is where upstream's manifests put it."""
    foreign_crds: tuple[str, ...] = ()
    """CRDs that are Argo Events'."""
    fence: str = ""
    """Whom the policy keeps out of enabled namespaces, as it says it; empty = there is no such policy."""
    unseen: tuple[str, ...] = ()
    """What could not be looked at, one sentence each."""

    def controllers_of(self, namespace: str) -> list[Controller]:
        """Those that look at the namespace."""
        controllers = (_USUAL,) if self.controllers is None else self.controllers
        return [each for each in controllers if each.managed in {"", namespace}]


def from_documents(documents: Iterable[ResourceDocument], *, namespace: str = "") -> Inventory:
    """Of files: what stands in them, by namespace; only `namespace` where one is given."""
    found: dict[str, list[ResourceDocument]] = {}
    for document in documents:
        if namespace in {"", document.namespace}:
            found.setdefault(document.namespace, []).append(document)
    return Inventory(
        namespaces=tuple(
            NamespaceInventory(name=name, documents=tuple(each)) for name, each in sorted(found.items())
        )
    )
