"""What one effect asks of the API server, as it is stored (design, section 4): rendered once, sent every time. Pure.

A create is the object itself, byte for byte. Every other operation stands around its object under a member that no
object has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from events.bus import OrderMode
from events.ports import Object
from events.topic import length_prefixed
from sensors.kube_json import read_json, write_json

CREATE, UPDATE, PATCH, DELETE, APPLY = "create", "update", "patch", "delete", "apply"

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
STRATEGIES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)

_MARK = "kikkake/operation"
_LONGEST_MANAGER = 128
"""Characters of a field manager that the API server takes."""
_HASH_LENGTH = 16


class Settled(NamedTuple):
    """A parameter whose value is known, to be written into the object as it is at each attempt."""

    dest: str
    operation: str
    text: str
    kind: str
    """Of `gjson.result.Kind`."""
    is_raw: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeRequest:
    """An operation and its object."""

    operation: str
    value: Object
    """The object: what is sent, or (JSON patch, `liveObject`, delete) only what names it."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What it gets besides where there is none yet and it is created."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """The same; of a change, those of the change stand in the object."""
    strategy: str = ""
    """Content type of the patch."""
    operations: Sequence[Mapping[str, Any]] = ()
    """Of a JSON patch."""
    settled: tuple[Settled, ...] | None = None
    """Parameters for the live object; None = the object is merged over the live one."""
    manager: str = ""
    """Field manager of an apply."""
    force: bool = False

    def encode(self) -> bytes:
        """As it is stored."""
        if self.operation == CREATE:
            return write_json(self.value)
        members = {
            "labels": self.labels,
            "annotations": self.annotations,
            "strategy": self.strategy,
            "operations": self.operations,
            "manager": self.manager,
            "force": self.force,
        }
        given: dict[str, Any] = {name: value for name, value in members.items() if value}
        if self.settled is not None:
            given["settled"] = self.settled
        return write_json({_MARK: self.operation, "object": self.value, **given})

    @classmethod
    def decode(cls, rendered: bytes) -> KubeRequest:
        stored = read_json(rendered)
        if _MARK not in stored:
            return cls(operation=CREATE, value=stored)
        settled = stored.get("settled")
        return cls(
            operation=stored[_MARK],
            value=stored["object"],
            labels=stored.get("labels", {}),
            annotations=stored.get("annotations", {}),
            strategy=stored.get("strategy", ""),
            operations=stored.get("operations", ()),
            settled=None if settled is None else tuple(Settled(*each) for each in settled),
            manager=stored.get("manager", ""),
            force=stored.get("force", False),
        )

    def order(self) -> tuple[bytes | None, OrderMode]:
        """Changes of one object run in the order of the log; a create has none."""
        if self.operation == CREATE:
            return None, OrderMode.NONE
        metadata = self.value["metadata"]
        key = object_key(
            self.value["apiVersion"], self.value["kind"], metadata.get("namespace"), metadata["name"]
        )
        return key, OrderMode.SUPERSEDE if self.operation == APPLY else OrderMode.WAIT

    def shown(self) -> Object:
        """The object for people; a JSON patch has its operations beside it."""
        if self.strategy != JSON_PATCH:
            return self.value
        return {**self.value, "jsonPatch": list(self.operations)}


def is_create(rendered: bytes) -> bool:
    """Without reading all of it: nearly every effect is one."""
    return not rendered.startswith(b'{"%b":' % _MARK.encode())


def object_key(api_version: str, kind: str, namespace: str | None, name: str) -> bytes:
    """The order key of an object. Its version is left out: one object has several."""
    group = api_version.rpartition("/")[0]
    parts = ("object", group, kind, namespace or "", name)
    return hashlib.sha256(length_prefixed([part.encode() for part in parts])).digest()


def applied_marks(manager: str, effect_id: bytes) -> dict[str, str]:
    """The annotation of an apply. Each manager has one of its own: two that apply parts of one object would clash."""
    suffix = hashlib.sha256(manager.encode()).hexdigest()[:_HASH_LENGTH]
    return {f"kikkake/effect-id-{suffix}": effect_id.hex()}


def field_manager(namespace: str, sensor: str, trigger: str) -> str:
    """Who a trigger is for server-side apply: `kikkake/NAMESPACE/SENSOR/TRIGGER`; a long one is cut, with a hash."""
    whole = f"kikkake/{namespace}/{sensor}/{trigger}"
    if len(whole) <= _LONGEST_MANAGER:
        return whole
    digest = hashlib.sha256(
        length_prefixed([namespace.encode(), sensor.encode(), trigger.encode()])
    ).hexdigest()
    return f"{whole[: _LONGEST_MANAGER - _HASH_LENGTH - 1]}-{digest[:_HASH_LENGTH]}"
