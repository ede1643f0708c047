"""The identity of a Kubernetes object that an effect creates or changes: name, labels, annotations (spec: effects 3.1).

Pure. The name is derived from the effect, so that every attempt asks for the same object; the annotations
let a later attempt recognise it as ours, and the proof keeps others from planting one.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from events.topic import length_prefixed
from sensors.kube_json import read_json, write_json
from sensors.trigger import RenderContext, RenderFailed

EFFECT_ID = "kikkake/effect-id"
EVENT_IDS = "kikkake/event-ids"
RENDERED_SHA256 = "kikkake/rendered-sha256"
PROOF = "kikkake/proof"

_SENSOR_LABEL = "events.argoproj.io/sensor"
_TRIGGER_LABEL = "events.argoproj.io/trigger"
_TIME_LABEL = "events.argoproj.io/action-timestamp"

_SUFFIX_LENGTH = 16
"""Of the base32 text: 80 bits."""
_LABEL_SAFE = 63
"""Argo Workflows puts the name of an object in labels, whose values end here."""
_LONGEST_NAME = 253
_SHOWN_EVENT_IDS = 10
_SHOWN_ID_LENGTH = 128
"""Of one event id: a sender chooses its length, and all annotations share 256 KiB."""

_CLUSTER_KINDS = frozenset(
    {
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
    }
)
"""Groups and kinds that need no API server to be known as cluster-scoped (upstream's list, spec-sensors 7.3, and CRDs).
For others the API server itself drops the namespace: it knows their scope, a pure function does not."""


def is_of_cluster(api_version: str, kind: str) -> bool:
    """Whether the kind is known to belong to no namespace; of others the API server knows."""
    return (api_version.rpartition("/")[0], kind) in _CLUSTER_KINDS


def name_suffix(effect_id: bytes) -> str:
    """The first 80 bits of an effect id as 16 lower-case letters and digits."""
    return base64.b32encode(effect_id).decode().lower()[:_SUFFIX_LENGTH]


def generated_name(prefix: str, effect_id: bytes) -> str:
    """`generateName` made deterministic: the prefix, cut so that all of it is label-safe, and the whole suffix."""
    suffix = name_suffix(effect_id)
    cut = _clean(prefix)[: _LABEL_SAFE - len(suffix)]
    # A segment may not begin with "-": `a.-` before a suffix would.
    return re.sub(r"\.[-.]*$", ".", cut) + suffix


def sanitised_name(name: str) -> str:
    """A name that came from an event, as RFC 1123 has it. Raises RenderFailed with the reason `InvalidName`."""
    cleaned = _clean(name).rstrip("-.")
    if not cleaned or len(cleaned) > _LONGEST_NAME:
        what = "holds no letter or digit" if not cleaned else f"is longer than {_LONGEST_NAME} characters"
        raise RenderFailed(
            f"metadata.name from the event {what}: it cannot be made an RFC 1123 name", reason="InvalidName"
        )
    return cleaned


def identify(rendered: bytes, static_name: str, context: RenderContext) -> bytes:
    """The object with its final name, namespace, labels and annotations: the bytes that are sent.

    `static_name` is the name before the parameters were applied: another one came from an event.
    Raises RenderFailed.
    """
    target = read_target(rendered, static_name, context)
    labels, annotations = creation_marks(target, context)
    metadata = target["metadata"]
    _mapping(metadata, "labels", "metadata.labels").update(labels)
    _mapping(metadata, "annotations", "metadata.annotations").update(annotations)
    return write_json(target)


def read_target(
    rendered: bytes, static_name: str, context: RenderContext, *, is_new: bool = True
) -> dict[str, Any]:
    """The object with its final name and namespace; `generateName` names a new one only. Raises RenderFailed."""
    try:
        target = read_json(rendered)
    except (ValueError, RecursionError) as error:
        # `useRawData` writes what the event holds: a number beyond all floats reads as +Inf, as upstream.
        raise RenderFailed(f"the resource is no JSON any more after its parameters: {error}") from error
    if not isinstance(target, dict):
        raise RenderFailed("the resource is not an object")
    for member in ("apiVersion", "kind"):
        if not isinstance(target.get(member), str) or not target[member]:
            raise RenderFailed(f"the resource has no {member}")
    metadata = _mapping(target, "metadata", "metadata")
    if is_new or metadata.get("name"):
        _name(metadata, static_name, context.effect_id)
    _namespace(metadata, context.namespace, is_cluster=is_of_cluster(target["apiVersion"], target["kind"]))
    return target


def creation_marks(
    target: Mapping[str, Any], context: RenderContext
) -> tuple[dict[str, str], dict[str, str]]:
    """Labels and annotations of an object that this effect creates."""
    metadata = target["metadata"]
    labels = {
        _SENSOR_LABEL: _label_value(context.sensor),
        _TRIGGER_LABEL: _label_value(context.trigger),
        _TIME_LABEL: str(context.fired_us // 1000),
    }
    annotations = {
        **change_marks(context),
        RENDERED_SHA256: hashlib.sha256(write_json(target)).hexdigest(),
        PROOF: proof(
            context.store_key, context.effect_id, metadata.get("namespace") or "", metadata.get("name") or ""
        ),
    }
    return labels, annotations


def change_marks(context: RenderContext) -> dict[str, str]:
    """Annotations of an object that this effect changes: by them a repeat sees that it was done.

    The proof stays the one of the effect that created it.
    """
    shown = [event_id[:_SHOWN_ID_LENGTH] for event_id in context.event_ids[:_SHOWN_EVENT_IDS]]
    more = len(context.event_ids) - len(shown)
    return {
        EFFECT_ID: context.effect_id.hex(),
        EVENT_IDS: ",".join(shown) + (f" and {more} more" if more else ""),
    }


def annotate(target: dict[str, Any], annotations: Mapping[str, str]) -> None:
    """Add annotations. Raises RenderFailed: `metadata.annotations` is no object."""
    _mapping(_mapping(target, "metadata", "metadata"), "annotations", "metadata.annotations").update(
        annotations
    )


def proof(store_key: bytes, effect_id: bytes, namespace: str, name: str) -> str:
    """HMAC-SHA256 over effect id, namespace and name, hex: only who has the store's key can make it."""
    message = length_prefixed([effect_id, namespace.encode(), name.encode()])
    return hmac.new(store_key, message, hashlib.sha256).hexdigest()


def lifetime_s(target: Mapping[str, Any]) -> float | None:
    """The shortest time in seconds after which the object may be removed once it has ended; None = it stays."""
    spec = target.get("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    strategy = spec.get("ttlStrategy")
    times = [
        spec.get("ttlSecondsAfterFinished"),
        *(strategy if isinstance(strategy, Mapping) else {}).values(),
    ]
    seconds = [time for time in times if isinstance(time, int | float) and not isinstance(time, bool)]
    return float(min(seconds)) if seconds else None


def _name(metadata: dict[str, Any], static_name: str, effect_id: bytes) -> None:
    name, prefix = metadata.get("name") or "", metadata.get("generateName") or ""
    if not isinstance(name, str) or not isinstance(prefix, str):
        raise RenderFailed("metadata.name or generateName is not a string", reason="InvalidName")
    if name != static_name and (name or not prefix):
        metadata["name"] = sanitised_name(name)
    elif prefix and not name:
        # generateName stays for readers: the API server ignores it where a name is set.
        metadata["name"] = generated_name(prefix, effect_id)


def _namespace(metadata: dict[str, Any], sensor_namespace: str, *, is_cluster: bool) -> None:
    if is_cluster:
        metadata.pop("namespace", None)
    elif not metadata.get("namespace"):
        metadata["namespace"] = sensor_namespace
    elif not isinstance(metadata["namespace"], str):
        raise RenderFailed("metadata.namespace is not a string")


def _mapping(parent: dict[str, Any], member: str, where: str) -> dict[str, Any]:
    value = parent.get(member)
    if value is None:
        value = parent[member] = {}
    if not isinstance(value, dict):
        raise RenderFailed(f"{where} of the resource is not an object")
    return value


def _clean(name: str) -> str:
    """Lower case, everything else to "-", and no segment that begins or (within) ends with "-"."""
    text = re.sub(r"[^a-z0-9.]+", "-", name.lower(), flags=re.ASCII)
    text = re.sub(r"[-.]*\.[-.]*", ".", text)
    return text.lstrip("-.")


@functools.lru_cache(maxsize=4096)
def _label_value(name: str) -> str:
    """A name as a label value: cut and cleaned where it is none, since the API server would refuse the object."""
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", name, flags=re.ASCII)[:_LABEL_SAFE]
    return cleaned.strip("-._")
