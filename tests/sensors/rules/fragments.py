"""The examples of rules as whole resources: what an example leaves out is filled in so that nothing else is wrong."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from events.resource import ResourceDocument, read_documents
from sensors.spec import UPSTREAM_KINDS

NAMES = ("push", "image", "tag")


def sensor_of(fragment: str) -> ResourceDocument:
    """A Sensor with the members of `spec`, and `metadata`, that the fragment gives."""
    members = yaml.safe_load(fragment) or {}
    metadata = {"name": "example", "namespace": "ci", **members.pop("metadata", {})}
    spec = copy.deepcopy(members)
    spec["dependencies"] = [
        _dependency(index, given) for index, given in enumerate(spec.get("dependencies") or [{}])
    ]
    spec["triggers"] = [
        _trigger(index, given, spec["dependencies"])
        for index, given in enumerate(spec.get("triggers") or [{}])
    ]
    value = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Sensor", "metadata": metadata, "spec": spec}
    documents, findings = read_documents(yaml.safe_dump(value, sort_keys=False, width=200), "sensor.yaml")
    assert not findings, findings
    [document] = documents
    return document


def _dependency(index: int, given: dict[str, Any]) -> dict[str, Any]:
    return {"name": NAMES[index], "eventSourceName": "github", "eventName": NAMES[index], **given}


def _trigger(index: int, given: dict[str, Any], dependencies: list[dict[str, Any]]) -> dict[str, Any]:
    template = {"name": f"act-{index}", **given.get("template", {})}
    if not any(kind in template for kind in UPSTREAM_KINDS):
        template["log"] = {}
    if "conditions" not in template and len(dependencies) > 1:
        template["conditions"] = " || ".join(each["name"] for each in dependencies)
    return {**given, "template": template}
