"""The Service of an EventSource and its EndpointSlice, as they should be, over what stands there. Pure.

The Service has no selector, which could not cross namespaces; the slice beside it leads to the gateway (design, section
5). Both carry the uid of their EventSource: what does not is somebody else's, and is never changed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from events.ports import Object
from events.shell import command
from kikkake.cluster.service_memory import Source
from kikkake.files import RESOURCE_API
from sources.declared_service import DeclaredService, ServicePort

SERVICE = ("v1", "Service")
SLICE = ("discovery.k8s.io/v1", "EndpointSlice")
GATEWAY = "kikkake/gateway"
"""Label: which gateway serves it."""
OWNER = "kikkake/eventsource-uid"
"""Annotation: the EventSource that it was made for."""
_APPLIED = "kikkake/applied"
"""Annotation: the names of the labels and annotations that are ours to remove again."""
_CONTROLLER = "eventsource-controller"
"""Upstream's label value on everything that it makes for an EventSource (spec-sources 5.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an EventSource wants of its Service."""

    source: Source
    uid: str
    service: DeclaredService
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of the EventSource."""
    numbers: Mapping[int, int] = field(default_factory=dict)
    """Port that an endpoint declares -> port of the gateway that listens for it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the gateway is."""

    gateway: str
    address: str
    """IP address."""
    is_leaving: bool = False
    """It takes nothing in any more."""


def service_name(source: Source) -> str:
    """Upstream's."""
    return f"{source.name}-eventsource-svc"


def slice_name(source: Source) -> str:
    return f"{service_name(source)}-kikkake"


def is_made_for(found: Object, uid: str) -> bool:
    """Whether we made it for the EventSource with this uid."""
    return bool(uid) and _annotations(found).get(OWNER) == uid


def service_of(wanted: Wanted, gateway: str, found: Object | None) -> Object:
    """The Service, over the one that stands there. When nothing is to be changed it equals that one."""
    declared = wanted.service
    metadata = declared.metadata
    ours = {
        "controller": _CONTROLLER,
        "eventsource-name": wanted.source.name,
        "owner-name": wanted.source.name,
        GATEWAY: gateway,
    }
    labels = {**((metadata and metadata.labels) or {}), **wanted.labels, **ours}
    made = _owned(found, SERVICE, wanted, service_name(wanted.source))
    _name(made, labels, (metadata and metadata.annotations) or {}, wanted.uid)
    spec = {name: value for name, value in (made.get("spec") or {}).items() if name != "selector"}
    made["spec"] = {**spec, "type": "ClusterIP", "ports": [_service_port(port) for port in declared.ports]}
    if declared.cluster_ip and found is None:
        made["spec"]["clusterIP"] = declared.cluster_ip
    return made


def has_other_address(wanted: Wanted, found: Object) -> bool:
    """Whether the Service has to be made anew: its clusterIP cannot be changed."""
    live = str((found.get("spec") or {}).get("clusterIP") or "")
    declared = wanted.service.cluster_ip
    if not declared:
        return live == "None"
    return _plain_ip(live) != _plain_ip(declared)


def slice_of(wanted: Wanted, place: Place, found: Object | None) -> Object:
    """The EndpointSlice, over the one that stands there. When nothing is to be changed it equals that one."""
    service = service_name(wanted.source)
    made = _owned(found, SLICE, wanted, slice_name(wanted.source))
    labels = {
        "kubernetes.io/service-name": service,
        "endpointslice.kubernetes.io/managed-by": "kikkake",
        GATEWAY: place.gateway,
    }
    _name(made, labels, {}, wanted.uid)
    is_serving = not place.is_leaving
    conditions = {"ready": is_serving, "serving": is_serving, "terminating": place.is_leaving}
    made["addressType"] = address_type(place.address)
    made["endpoints"] = [{"addresses": [place.address], "conditions": conditions}]
    ports = [
        _slice_port(port, number)
        for port in wanted.service.ports
        if (number := _number_of(port, wanted.numbers)) is not None
    ]
    # The API server gives an empty list back as null.
    if ports or made.get("ports"):
        made["ports"] = ports
    return made


def address_type(address: str) -> str:
    """Of an EndpointSlice; it cannot be changed."""
    return f"IPv{ipaddress.ip_address(address).version}"


def service_urls(wanted: Wanted, declared: int, path: str, *, is_tls: bool) -> list[str]:
    """Where an endpoint with this declared port is reached through the Service, in the order of its ports."""
    scheme = "https" if is_tls else "http"
    host = f"{service_name(wanted.source)}.{wanted.source.namespace}.svc"
    is_headless = wanted.service.cluster_ip == "None"
    return [
        f"{scheme}://{host}:{number if is_headless else port.port}{path}"
        for port in wanted.service.ports
        if port.declared == declared and (number := _number_of(port, wanted.numbers)) is not None
    ]


def maker_of(found: Object, source: Source) -> tuple[str, str]:
    """Who made a Service or slice that is not ours, in words, and what to do."""
    metadata = found.get("metadata") or {}
    kind, name = str(found.get("kind") or "object").lower(), str(metadata.get("name"))
    delete = command("kubectl", "-n", source.namespace, "delete", kind, name)
    if OWNER in _annotations(found):
        return "Kikkake for an earlier EventSource of this name", f"it goes with that; else {delete}"
    owners = [each for each in metadata.get("ownerReferences") or () if each.get("kind") == "EventSource"]
    if owners and (metadata.get("labels") or {}).get("controller") == _CONTROLLER:
        return "Argo Events", f"delete it when its Deployment is gone: {delete}"
    managers = [str(each.get("manager")) for each in metadata.get("managedFields") or ()]
    maker = re.sub(r"[^\w./ -]", "?", managers[0])[:64] if managers else "somebody else"
    return maker, f"keep it and take `spec.service` out of the EventSource, or {delete}"


def _owned(found: Object | None, kind: tuple[str, str], wanted: Wanted, name: str) -> Object:
    """The object with its name and owner; of one that stands there everything else stays."""
    # A copy: what stands there is compared with afterwards.
    made: Object = orjson.loads(orjson.dumps(found or {}))
    made |= {"apiVersion": kind[0], "kind": kind[1]}
    metadata = made.setdefault("metadata", {})
    metadata |= {"name": name, "namespace": wanted.source.namespace}
    # No `controller`: Argo Events looks for its own children by that. No `blockOwnerDeletion`: it would need a right on
    # the EventSource's finalizers, and nobody has to wait for this object.
    owner = {
        "apiVersion": RESOURCE_API,
        "kind": "EventSource",
        "name": wanted.source.name,
        "uid": wanted.uid,
    }
    others = [each for each in metadata.get("ownerReferences") or () if each.get("uid") != wanted.uid]
    metadata["ownerReferences"] = [*others, owner]
    return made


def _name(made: Object, labels: Mapping[str, str], annotations: Mapping[str, str], uid: str) -> None:
    """Set labels and annotations, remove those that were ours before, and leave those of others alone."""
    metadata: dict[str, Any] = made["metadata"]
    earlier = _applied(made)
    applied = {"labels": sorted(labels), "annotations": sorted(annotations)}
    ours = {**annotations, OWNER: uid, _APPLIED: orjson.dumps(applied).decode()}
    for member, wanted in (("labels", labels), ("annotations", ours)):
        kept = metadata.get(member) or {}
        metadata[member] = {
            **{name: text for name, text in kept.items() if name not in earlier.get(member, ())},
            **wanted,
        }


def _applied(made: Object) -> dict[str, list[str]]:
    try:
        found = orjson.loads(_annotations(made).get(_APPLIED) or "{}")
    except ValueError:
        return {}
    lists = found.items() if isinstance(found, dict) else ()
    return {member: names for member, names in lists if isinstance(names, list)}


def _service_port(port: ServicePort) -> dict[str, Any]:
    declared = port.declared
    made: dict[str, Any] = {
        "port": port.port,
        "protocol": port.protocol or "TCP",
        "targetPort": port.target_port if declared is None else declared,
    }
    if port.name:
        made["name"] = port.name
    if port.app_protocol:
        made["appProtocol"] = port.app_protocol
    return made


def _slice_port(port: ServicePort, number: int) -> dict[str, Any]:
    made = {"name": port.name, "port": number, "protocol": "TCP"}
    return made | ({"appProtocol": port.app_protocol} if port.app_protocol else {})


def _number_of(port: ServicePort, numbers: Mapping[int, int]) -> int | None:
    if not port.is_tcp or port.declared is None:
        return None
    return numbers.get(port.declared)


def _annotations(found: Object) -> Mapping[str, str]:
    return (found.get("metadata") or {}).get("annotations") or {}


def _plain_ip(text: str) -> object:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return text
