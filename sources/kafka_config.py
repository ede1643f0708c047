"""The EventSource block `kafka`: its fields and their faults (spec-sources 4.10), without any connection."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import re
from collections.abc import Iterator
from typing import TypedDict

from events.errors import Finding, Scope, Severity
from events.model import SpecModel
from events.ports import SecretRef
from events.resource import Path, ResourceDocument
from sources.client_tls import ClientTls
from sources.connection_backoff import ConnectionBackoff
from sources.event_filter import ExpressionFilter
from sources.selector import SecretSelector, refs

_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_MECHANISMS_NOT_YET = ("OAUTHBEARER", "GSSAPI")
_VERSION = re.compile(r"0\.\d+\.\d+\.\d+|[1-9]\d*\.\d+\.\d+", re.ASCII)


class ConsumerGroup(SpecModel):
    """The group whose offsets remember what was read."""

    group_name: str = ""
    """Name of the group on the brokers; sources with the same one share the partitions."""
    oldest: bool = False
    """Where a new group starts: at the oldest record that is kept, else with the records that come from now on."""
    rebalance_strategy: str = ""
    """`range` (default), `sticky` or `roundrobin`; anything else is `range`."""


class Sasl(SpecModel):
    """How the brokers know us."""

    mechanism: str = ""
    """`PLAIN` (default), `SCRAM-SHA-256` or `SCRAM-SHA-512`."""
    user_secret: SecretSelector | None = None
    """The user's name."""
    password_secret: SecretSelector | None = None
    """The user's password."""


class AwsMskIamAuth(SpecModel):
    """Tokens of AWS; not carried out yet."""

    region: str = ""


class SchemaRegistry(SpecModel):
    """Avro by a schema registry; not carried out yet."""

    url: str = ""
    schema_id: int | None = None
    auth: dict[str, SecretSelector] | None = None


class KafkaConfig(SpecModel):
    """Records of one Kafka topic."""

    url: str = ""
    """Brokers to begin with, `HOST:PORT`, separated by commas."""
    topic: str = ""
    """The topic to read."""
    partition: str = ""
    """One partition to read without a group: from now on, and after a restart of the process from then on."""
    consumer_group: ConsumerGroup | None = None
    """Read all partitions as a member of a group. Needed to lose nothing over a restart."""
    limit_events_per_second: int = 0
    """Read not more records than this each second, over all partitions; 0 means as many as there are."""
    version: str = ""
    """Version of the brokers; the client finds it out by itself, so it only has to be one."""
    config: str = ""
    """Settings of upstream's client library; not carried out yet."""
    sasl: Sasl | None = None
    tls: ClientTls | None = None
    aws_msk_iam_auth: AwsMskIamAuth | None = None
    schema_registry: SchemaRegistry | None = None
    connection_backoff: ConnectionBackoff | None = None
    json_body: bool = False
    """The value of a record is JSON and becomes `body` as it is; else `body` is its bytes in base64."""
    metadata: dict[str, str] = {}
    """Copied into the data of each event."""
    filter: ExpressionFilter | None = None
    """Drop records for which the expression is not true."""

    @property
    def brokers(self) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.url.split(",") if part.strip())

    @property
    def verified(self) -> str:
        """How the records are proven, in words."""
        words = []
        if self.tls is not None:
            words.append("TLS, broker not verified" if self.tls.insecure_skip_verify else "TLS")
        if self.sasl is not None:
            words.append(f"SASL {self.sasl.mechanism or _MECHANISMS[0]}")
        return ", ".join(words) or "not verified"

    def secret_refs(self, namespace: str) -> tuple[SecretRef, ...]:
        """Every secret that a connection needs."""
        tls = self.tls.secret_refs(namespace) if self.tls is not None else ()
        sasl = self.sasl
        return tls if sasl is None else (*tls, *refs(namespace, sasl.user_secret, sasl.password_secret))


def check_kafka(document: ResourceDocument, config: KafkaConfig, path: Path) -> list[Finding]:
    """All faults of one event: upstream's own refuse the resource, further ones stop only this event."""
    refused = (*_refused_upstream(document, config, path), *_refused_here(document, config, path))
    return [
        *(dataclasses.replace(finding, code="InvalidEventSource") for finding in refused),
        *_not_yet(document, config, path),
        *_traps(document, config, path),
    ]


def _refused_upstream(document: ResourceDocument, config: KafkaConfig, path: Path) -> Iterator[Finding]:
    if not config.url:
        yield document.finding(
            (*path, "url"), "url must be specified", "name the brokers, HOST:PORT,HOST:PORT"
        )
    if not config.topic:
        yield document.finding((*path, "topic"), "topic must be specified", "name the topic to read")
    if config.consumer_group is None and not config.partition:
        fix = "give consumerGroup.groupName, which loses nothing, or a partition number"
        yield document.finding(path, "consumerGroup or partition must be specified", fix)
    if config.tls is not None and (fault := config.tls.fault()):
        yield document.finding((*path, "tls"), fault)
    if config.aws_msk_iam_auth is not None and not config.aws_msk_iam_auth.region:
        where = (*path, "awsMskIamAuth", "region")
        yield document.finding(where, "awsMskIamAuth.region must be specified")
    if config.sasl is not None and (fault := _sasl_fault(config.sasl)):
        # Upstream stops looking at a `tls` block: the rest of such a resource works there.
        part: _Part = {} if config.tls is None else _this_event(path)
        yield document.finding((*path, "sasl"), fault, **part)


def _sasl_fault(sasl: Sasl) -> str:
    if sasl.mechanism not in {"", *_MECHANISMS, *_MECHANISMS_NOT_YET}:
        return f"`{sasl.mechanism[:32]}` is not one of {', '.join((*_MECHANISMS, *_MECHANISMS_NOT_YET))}"
    if sasl.user_secret is None or sasl.password_secret is None:
        return "invalid sasl config, both userSecret and passwordSecret must be defined"
    return ""


def _refused_here(document: ResourceDocument, config: KafkaConfig, path: Path) -> Iterator[Finding]:
    part = _this_event(path)
    if config.consumer_group is not None and not config.consumer_group.group_name:
        where: Path = (*path, "consumerGroup", "groupName")
        yield document.finding(where, "groupName must be specified", "name the group", **part)
    if config.consumer_group is None and config.partition and not config.partition.isdecimal():
        what = f"`{config.partition[:32]}` is not a partition number"
        yield document.finding((*path, "partition"), what, 'write a number in quotes, "0"', **part)
    if config.version and not _VERSION.fullmatch(config.version):
        what = f"`{config.version[:32]}` is not a version of Kafka"
        yield document.finding((*path, "version"), what, "write it as 3.9.0, or leave it out", **part)
    if config.connection_backoff is not None and (fault := config.connection_backoff.fault()):
        yield document.finding((*path, "connectionBackoff"), fault, **part)
    for broker in config.brokers:
        port = broker.rpartition(":")[2] if ":" in broker.rpartition("]")[2] else ""
        if not (port.isdecimal() and 0 < int(port) < 65536):
            yield document.finding(
                (*path, "url"), f"`{broker[:64]}` is not HOST:PORT", "add the port", **part
            )


def _not_yet(document: ResourceDocument, config: KafkaConfig, path: Path) -> Iterator[Finding]:
    """Documented fields that this build does not carry out: each stops this event, by name (design, section 5)."""
    fields: list[Path] = []
    if config.sasl is not None and config.sasl.mechanism in _MECHANISMS_NOT_YET:
        fields.append(("sasl", "mechanism"))
    given = {
        "config": config.config,
        "awsMskIamAuth": config.aws_msk_iam_auth,
        "schemaRegistry": config.schema_registry,
    }
    fields += [(name,) for name, value in given.items() if value]
    for field in fields:
        yield document.finding(
            (*path, *field),
            f"{'.'.join(map(str, field))} is not carried out by version {_build_version()} of Kikkake",
            "remove it, or wait for a version that has it",
            code="FieldNotBuilt",
            **_this_event(path),
        )


def _traps(document: ResourceDocument, config: KafkaConfig, path: Path) -> Iterator[Finding]:
    if config.consumer_group is None and config.partition:
        yield document.finding(
            (*path, "partition"),
            "without a consumerGroup no offset is kept: records that are written while no process reads are lost",
            "use consumerGroup.groupName; a group with `oldest: true` also reads what is there already",
            code="KafkaWithoutGroup",
            severity=Severity.WARNING,
        )
    if config.consumer_group is not None and config.partition:
        yield document.finding(
            (*path, "partition"),
            "is ignored beside a consumerGroup, which reads all partitions",
            "remove one of the two",
            code="KafkaPartitionIgnored",
            severity=Severity.WARNING,
        )


class _Part(TypedDict, total=False):
    scope: Scope
    part: str


def _this_event(path: Path) -> _Part:
    return {"scope": Scope.PART, "part": f"event:{path[-1]}"}


def _build_version() -> str:
    try:
        return importlib.metadata.version("kikkake")
    except importlib.metadata.PackageNotFoundError:
        return "0 (not installed)"
