"""`spec.service` of an EventSource: the ClusterIP Service through which senders in a cluster reach it. Pure.

Upstream makes it over the pods of the EventSource, with the ports as they are given (spec-sources 1.3, 5.3). Here a
Service leads to listeners of the gateway, so that its ports have to name ports that an endpoint declares.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pydantic

from events.errors import Finding, Severity
from events.model import SpecModel
from events.resource import Path, ResourceDocument

_PATH: Path = ("spec", "service")


class ServicePort(SpecModel):
    """One port of the Service."""

    name: str = ""
    """Has to be given where there are several ports."""
    port: int
    """What senders use."""
    target_port: int | str | None = None
    """Port that an endpoint of the EventSource declares; absent = `port`."""
    node_port: int | None = None
    """Without effect: the Service is of type ClusterIP."""
    protocol: str = "TCP"
    app_protocol: str | None = None
    """What is spoken, for proxies that ask (`http`, `https`)."""

    @property
    def is_tcp(self) -> bool:
        return self.protocol in {"", "TCP"}

    @property
    def declared(self) -> int | None:
        """The port of an endpoint that it leads to; None where it names a port of a container."""
        if isinstance(self.target_port, int):
            return self.target_port or self.port
        if not self.target_port:
            return self.port
        return int(self.target_port) if self.target_port.isascii() and self.target_port.isdecimal() else None


class ServiceMetadata(SpecModel):
    """Labels and annotations of the Service."""

    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class DeclaredService(SpecModel):
    """The Service `NAME-eventsource-svc`; without ports there is none."""

    ports: list[ServicePort] = []
    cluster_ip: str = pydantic.Field(default="", alias="clusterIP")
    """Empty = the cluster chooses; `None` = a headless Service; or an address."""
    metadata: ServiceMetadata | None = None


def service_findings(
    document: ResourceDocument, service: DeclaredService, declared: Collection[int]
) -> Iterator[Finding]:
    """What of it leads nowhere; `declared` are the ports of the endpoints."""
    for index, port in enumerate(service.ports):
        path: Path = (*_PATH, "ports", index)
        if port.node_port:
            what = "has no effect: the Service is of type ClusterIP"
            yield _warning(document, (*path, "nodePort"), what, "remove it", "FieldWithoutEffect")
        if not port.is_tcp:
            what = f"no endpoint speaks {port.protocol[:16]}"
            yield _warning(document, (*path, "protocol"), what, "use TCP", "ServicePortNotDeclared")
        elif port.declared not in declared:
            yield _warning(
                document,
                path,
                f"no endpoint declares port {port.declared or port.target_port}, so it leads nowhere",
                f"endpoints declare: {', '.join(str(each) for each in sorted(declared)) or 'none'}; "
                "name one of them as targetPort",
                "ServicePortNotDeclared",
            )
    if service.ports and service.cluster_ip == "None":
        what = "a headless Service translates no ports: senders have to use the port of the gateway"
        fix = "leave clusterIP out, or take the port from status.addresses or from the SRV record"
        yield _warning(document, (*_PATH, "clusterIP"), what, fix, "HeadlessService")


def _warning(document: ResourceDocument, path: Path, what: str, fix: str, code: str) -> Finding:
    return document.finding(path, what, fix, code=code, severity=Severity.WARNING)
