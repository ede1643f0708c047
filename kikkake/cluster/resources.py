"""Objects of a cluster as the gateway reads them: only what has a meaning here, so that a status is no change. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from events.ports import Object
from events.resource import ResourceDocument
from kikkake.catalog import EVENT_SOURCE, SENSOR, Key

EVENT_BUS = "EventBus"
NAMESPACE = "Namespace"
KINDS = (EVENT_SOURCE, SENSOR, EVENT_BUS)
ENABLED_LABEL = "kikkake/enabled"
"""Of a namespace: with `"true"` its resources are served (spec: security, section 3)."""

_OF_THE_CLUSTER = frozenset({"kube-system", "kube-public", "kube-node-lease"})
"""The fence lets no token be had there, whatever the label says."""

FIRE = "kikkake/fire"
"""Annotation: what to do once, by hand (`by_hand.py`)."""

_OURS = "kikkake/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterObject:
    """One EventSource, Sensor or EventBus."""

    key: Key
    uid: str
    generation: int
    """Of its spec; an edit of labels, annotations or status does not count."""
    created: str
    """RFC 3339: the older one has a path that two want."""
    finalizers: tuple[str, ...]
    labels: Mapping[str, str]
    """No part of the text; an EventSource's Service has them too."""
    fire: str
    """The annotation `kikkake/fire`: an order, no part of the text."""
    document: ResourceDocument = field(repr=False)
    """apiVersion, kind, name, namespace, our annotations and spec, and nothing else."""
    status: Mapping[str, Any] = field(repr=False)
    """As it was read last."""

    def is_same_text(self, other: ClusterObject | None) -> bool:
        """Whether nothing has changed that has a meaning here."""
        return (
            other is not None
            and (self.uid, self.generation) == (other.uid, other.generation)
            and self.document.value == other.document.value
        )


def read_object(kind: str, found: Object) -> ClusterObject | None:
    """What of an object counts; None where it is being deleted: its owner has said that it is to go."""
    metadata = found.get("metadata") or {}
    if metadata.get("deletionTimestamp"):
        return None
    namespace, name = str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
    annotations = metadata.get("annotations") or {}
    ours = {each: text for each, text in annotations.items() if each.startswith(_OURS) and each != FIRE}
    value = {
        "apiVersion": found.get("apiVersion"),
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "annotations": ours},
        "spec": found.get("spec"),
    }
    status = found.get("status")
    return ClusterObject(
        key=Key(kind, namespace, name),
        uid=str(metadata.get("uid") or ""),
        generation=int(metadata.get("generation") or 0),
        created=str(metadata.get("creationTimestamp") or ""),
        finalizers=tuple(metadata.get("finalizers") or ()),
        labels=metadata.get("labels") or {},
        fire=str(annotations.get(FIRE) or ""),
        document=ResourceDocument(value, "", {}),
        status=status if isinstance(status, Mapping) else {},
    )


def is_labelled(namespace: Object) -> bool:
    """Whether a namespace has the label, and is not going away."""
    metadata = namespace.get("metadata") or {}
    labels = metadata.get("labels") or {}
    return labels.get(ENABLED_LABEL) == "true" and not metadata.get("deletionTimestamp")


NEVER_SERVED = "is never served, whatever its label: move its resources to a namespace of their own"
"""What commands say of such a namespace, after its name."""


def is_never_served(name: str, own: str = "") -> bool:
    """Whether it is one of the cluster, or the gateway's `own`: no label changes that."""
    return name in {*_OF_THE_CLUSTER, own}
