"""What upstream's validation refuses in an EventBus, with its texts (spec-sensors 2.5). Pure.

Kikkake stores events itself and reads no EventBus: this is for files that Argo Events reads too.
"""

from __future__ import annotations

from collections.abc import Iterator

from events.errors import Finding
from events.node import Node
from events.resource import Path, ResourceDocument

_KINDS = ("nats", "jetstream", "jetstreamExotic", "kafka")
_CODE = "InvalidEventBus"


def event_bus_faults(document: ResourceDocument) -> list[Finding]:
    """All of them; upstream stops at the first."""
    spec = Node(document.value.get("spec"), ("spec",))
    return [document.finding(path, what, code=_CODE) for path, what in _faults(spec)]


def _faults(spec: Node) -> Iterator[tuple[Path, str]]:
    given = [kind for kind in _KINDS if spec.get(kind) is not None]
    if not given:
        names = '"nats", "jetstream", "jetstreamExotic", or "kafka"'
        yield spec.path, f"invalid spec: either {names} needs to be specified"
    if "nats" in given:
        yield from _nats(spec.child("nats"))
    if "jetstream" in given:
        yield from _jetstream(spec.child("jetstream"))
    for kind in ("kafka", "jetstreamExotic"):
        if kind in given and not spec.child(kind).text("url"):
            yield spec.at(kind, "url"), f'"spec.{kind}.url" is missing'


def _nats(nats: Node) -> Iterator[tuple[Path, str]]:
    native, exotic = nats.get("native"), nats.get("exotic")
    if native is not None and exotic is not None:
        yield nats.path, '"spec.nats.native" and "spec.nats.exotic" can not be defined together'
    if native is None and exotic is None:
        yield nats.path, 'either "native" or "exotic" must be defined'
    for name in ("clusterID", "url"):
        if exotic is not None and not nats.child("exotic").text(name):
            yield nats.at("exotic", name), f'"spec.nats.exotic.{name}" is missing'


def _jetstream(jetstream: Node) -> Iterator[tuple[Path, str]]:
    if not jetstream.text("version"):
        yield jetstream.at("version"), "invalid spec: a version for jetstream needs to be specified"
    replicas = jetstream.get("replicas")
    if isinstance(replicas, int) and (replicas == 2 or replicas <= 0):
        what = "invalid spec: a jetstream eventbus requires 1 replica or >= 3 replicas"
        yield jetstream.at("replicas"), what
