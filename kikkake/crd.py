"""The CustomResourceDefinitions of EventSource, Sensor and EventBus, made from the models that read them.

`python -m kikkake.crd` writes `manifests/crds/` (tolerant), `manifests/crds-strict/` and the chart's copies of both.
Why there are two variants and no defaults: docs/decisions/0009-custom-resources.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from events.model import SpecModel
from kikkake import strict_rules
from kikkake.event_bus_spec import EventBusSpec
from kikkake.schema import model_schema, schema_of
from kikkake.status_fields import EventBusStatus, EventSourceStatus, SensorStatus
from kikkake.strict_rules import BY_MODEL, Rules, add_rules
from kikkake.structural import Schema, Tighten, structural
from sensors.trigger import TRIGGERS
from sources.source import SOURCES
from sources.spec import IS_ROLLING

ROOT = Path(__file__).parent.parent
GROUP = "argoproj.io"
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "tolerant": ("manifests/crds", "charts/kikkake/files/crds"),
    "strict": ("manifests/crds-strict", "charts/kikkake/files/crds-strict"),
}
"""Where each variant is kept."""

_HEADER = "# Made by `make manifests` from the models; do not edit.\n"
_NOT_BUILT = "Not carried out by this version of Kikkake."


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceKind:
    """One kind, with upstream's names."""

    kind: str
    plural: str
    short: str
    about: str
    status: type[SpecModel]
    columns: tuple[tuple[str, str, str], ...] = ()
    """Name, type and path in `status` of what `kubectl get` shows beside Ready, Reason and Age."""


KINDS = (
    ResourceKind(
        kind="EventSource",
        plural="eventsources",
        short="es",
        about="Where events come from.",
        status=EventSourceStatus,
        columns=(("Events", "integer", ".events"),),
    ),
    ResourceKind(
        kind="Sensor",
        plural="sensors",
        short="sn",
        about="What happens when events have come.",
        status=SensorStatus,
        columns=(("Events", "integer", ".events"), ("Fired", "integer", ".fired")),
    ),
    # Upstream's plural is the singular.
    ResourceKind(
        kind="EventBus",
        plural="eventbus",
        short="eb",
        about="What Argo Events carries events with. Kikkake stores events itself; the object may stay.",
        status=EventBusStatus,
    ),
)


def definition(resource: ResourceKind, *, is_strict: bool) -> Schema:
    """The CustomResourceDefinition of one kind."""
    spec = _SPECS[resource.kind](is_strict)
    # The API server stores nothing without these two; upstream's schema asks for the same.
    spec |= {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    spec.pop("nullable", None)
    version = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": _columns(resource),
        "schema": {
            "openAPIV3Schema": {
                "description": resource.about,
                "type": "object",
                "required": ["metadata", "spec"],
                "properties": {
                    "apiVersion": {"type": "string"},
                    "kind": {"type": "string"},
                    "metadata": {"type": "object"},
                    "spec": spec,
                    "status": _status(resource.status),
                },
            }
        },
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{resource.plural}.{GROUP}",
            "labels": {"app.kubernetes.io/name": "kikkake", "app.kubernetes.io/part-of": "kikkake"},
        },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": resource.kind,
                "listKind": f"{resource.kind}List",
                "plural": resource.plural,
                "singular": resource.kind.lower(),
                "shortNames": [resource.short],
            },
            "versions": [version],
        },
    }


def _columns(resource: ResourceKind) -> list[Schema]:
    ready = '.status.conditions[?(@.type=="Ready")]'
    columns = [
        ("Ready", "string", f"{ready}.status"),
        ("Reason", "string", f"{ready}.reason"),
        *((name, kind, f".status{path}") for name, kind, path in resource.columns),
        ("Age", "date", ".metadata.creationTimestamp"),
    ]
    return [{"name": name, "type": kind, "jsonPath": path} for name, kind, path in columns]


def _status(model: type[SpecModel]) -> Schema:
    """Open in both variants: Argo Events writes into it too, among other things null for a time."""
    schema = model_schema(model)
    node = structural(schema, schema.get("$defs", {}))
    node |= {"type": "object"}
    return node


def _sensor_spec(is_strict: bool) -> Schema:  # noqa: FBT001 - a column of the table below
    whole = schema_of("Sensor")
    defs = whole["$defs"]
    kinds = set(TRIGGERS.names())
    template = defs["TriggerTemplate"]["properties"]
    for name in template.keys() - kinds:
        if template[name] == {"description": "Not carried out by this version."}:
            template[name] = {"type": "object", "description": _NOT_BUILT}
    if not is_strict:
        return structural(whole["properties"]["spec"], defs)
    node = structural(whole["properties"]["spec"], defs, tighten=_by(strict_rules.sensor_rules(kinds)))
    strict_rules.tighten(node, strict_rules.SENSOR_SPEC)
    for name, rule in strict_rules.SENSOR_LISTS.items():
        add_rules(node["properties"][name], [rule])
    return node


def _event_source_spec(is_strict: bool) -> Schema:  # noqa: FBT001
    whole = schema_of("EventSource")
    spec = whole["properties"]["spec"]
    for name in sorted(IS_ROLLING.keys() - set(SOURCES.names())):
        spec["properties"][name] = {"type": "object", "description": _NOT_BUILT}
    if not is_strict:
        return structural(spec, whole["$defs"])
    node = structural(spec, whole["$defs"], tighten=_by(BY_MODEL))
    strict_rules.tighten(node, strict_rules.event_source_rules(SOURCES.names()))
    return node


def _event_bus_spec(is_strict: bool) -> Schema:  # noqa: FBT001
    whole = model_schema(EventBusSpec)
    if not is_strict:
        return structural(whole, whole["$defs"])
    node = structural(whole, whole["$defs"], tighten=_by(BY_MODEL))
    strict_rules.tighten(node, strict_rules.EVENT_BUS_SPEC)
    return node


_SPECS: Mapping[str, Callable[[bool], Schema]] = {
    "EventSource": _event_source_spec,
    "Sensor": _sensor_spec,
    "EventBus": _event_bus_spec,
}


def _by(rules: Mapping[str, Rules]) -> Tighten:
    def add(model: str, node: Schema) -> None:
        # A model of a kind is called KIND.MODEL.
        found = rules.get(model.rpartition(".")[2])
        if found is not None and "properties" in node:
            strict_rules.tighten(node, found)

    return add


class _Plain(yaml.SafeDumper):
    """Without anchors: `kubectl diff` and people read it."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True


def files() -> dict[Path, str]:
    """Every file that is made here, by its path below the root of the project."""
    made: dict[Path, str] = {}
    for variant, folders in VARIANTS.items():
        for resource in KINDS:
            crd = definition(resource, is_strict=variant == "strict")
            text = _HEADER + yaml.dump(crd, Dumper=_Plain, sort_keys=False, width=110, allow_unicode=True)
            made |= {Path(folder) / f"{resource.plural}.yaml": text for folder in folders}
    return made


if __name__ == "__main__":
    for file, text in files().items():
        (ROOT / file).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / file).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{file}\n")
