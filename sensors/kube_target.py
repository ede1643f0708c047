"""The object that a rendered effect names, and what another object of that name means (spec: effects 3.1). Pure."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from events.ports import Object
from sensors.kube_answers import failed
from sensors.kube_object import EFFECT_ID, PROOF
from sensors.trigger import Done, Failed, OnFailure


@dataclass(frozen=True, slots=True)
class Target:
    """The object that was rendered, and what tells it from others."""

    api_version: str
    kind: str
    namespace: str | None
    name: str
    value: Object

    @classmethod
    def read(cls, rendered: bytes) -> Target:
        """From the bytes of a create."""
        return cls.of(orjson.loads(rendered))

    @classmethod
    def of(cls, value: Object) -> Target:
        metadata = value["metadata"]
        return cls(
            value["apiVersion"], value["kind"], metadata.get("namespace"), metadata.get("name") or "", value
        )

    @property
    def label(self) -> str:
        """`ConfigMap ci/build-x`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    def done(self, answer: str, live: Object, *, possible_duplicate: bool = False) -> Done:
        metadata = live.get("metadata", {})
        result = {
            "object": self.label,
            "uid": metadata.get("uid"),
            "version": metadata.get("resourceVersion"),
        }
        if possible_duplicate:
            result["possibleDuplicate"] = True
        return Done(answer=answer, result=result)

    def judge(self, live: Object) -> Done | Failed:
        """An object of this name exists: is it what this effect created?"""
        metadata = live.get("metadata", {})
        theirs = metadata.get("annotations") or {}
        ours = self.value["metadata"]["annotations"]
        is_going = "deletionTimestamp" in metadata
        # Somebody with create rights could plant an object under a predictable name and id: hence the proof. It holds
        # the effect, and a later change by another effect leaves it alone, but not the id beside it.
        if hmac.compare_digest(str(theirs.get(PROOF, "")).encode(), ours[PROOF].encode()):
            return self.done(f"409 AlreadyExists, and it is ours{', being deleted' * is_going}", live)
        if theirs.get(EFFECT_ID) == ours[EFFECT_ID]:
            detail = f"{self.label} carries our effect id with a wrong proof: somebody else made it"
            return failed("ForeignObject", detail, "409 AlreadyExists", OnFailure.GIVE_UP)
        detail = (
            f"{self.label} exists already, made by {_maker(metadata)} at {metadata.get('creationTimestamp')}"
        )
        if is_going:
            return failed("NameTaken", f"{detail}, and is being deleted", "409, in deletion", OnFailure.RETRY)
        return failed("NameTaken", detail, "409 AlreadyExists", OnFailure.GIVE_UP)

    def template_reference(self) -> tuple[str, str | None, str] | None:
        """Kind, namespace and name of the WorkflowTemplate that the object takes its spec from."""
        spec = self.value.get("spec")
        reference = spec.get("workflowTemplateRef") if isinstance(spec, dict) else None
        if not isinstance(reference, dict) or not reference.get("name"):
            return None
        if reference.get("clusterScope"):
            return "ClusterWorkflowTemplate", None, str(reference["name"])
        return "WorkflowTemplate", self.namespace, str(reference["name"])


def _maker(metadata: Mapping[str, Any]) -> str:
    labels = metadata.get("labels") or {}
    annotations = metadata.get("annotations") or {}
    sensor = labels.get("events.argoproj.io/sensor")
    if sensor and EFFECT_ID in annotations:
        return f"trigger {labels.get('events.argoproj.io/trigger')} of sensor {sensor} for other events"
    managers = [str(field.get("manager")) for field in metadata.get("managedFields") or ()]
    return managers[0] if managers else "somebody else"
