"""A fragment of a Sensor, put where it belongs in a small one that has no fault of its own."""

from __future__ import annotations

from typing import Any

import yaml

from events.resource import ResourceDocument, read_documents

NAMES = ("push", "image", "approval")


def small_sensor(place: str, fragment: str) -> ResourceDocument:
    """The Sensor: `place` is `spec`, `dependency`, `trigger`, `template`, or a kind such as `k8s` and `http`."""
    members = yaml.safe_load(fragment)
    dependencies: list[dict[str, Any]] = [
        {"name": name, "eventSourceName": "outside", "eventName": name} for name in NAMES
    ]
    template: dict[str, Any] = {"name": "act", "conditions": "push && image && approval", "log": {}}
    trigger: dict[str, Any] = {"template": template}
    spec: dict[str, Any] = {
        "dependencies": dependencies,
        "triggers": [trigger, {"template": {"name": "complain", "conditions": "push", "log": {}}}],
    }
    match place:
        case "spec":
            spec |= members
        case "dependency":
            dependencies[0] |= members
        case "trigger":
            template |= members.pop("template", {})
            trigger |= members
        case "template":
            template |= members
        case kind:
            del template["log"]
            template[kind] = members
    if any(kind in template for kind in ("k8s", "argoWorkflow", "http")):
        template.pop("log", None)
    value = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Sensor",
        "metadata": {"name": "small", "namespace": "ci"},
        "spec": spec,
    }
    documents, findings = read_documents(yaml.safe_dump(value, sort_keys=False, width=200), "sensor.yaml")
    assert not findings, findings
    [document] = documents
    return document
