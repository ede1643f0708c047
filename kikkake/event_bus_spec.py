"""The EventBus resource (spec-sensors 10.1): every documented field, as models.

Kikkake stores events itself: the fields say what an installation of Argo Events reads from the same object, and the
CRD is made of them. `event_bus_check.py` says what upstream refuses.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from events.model import SpecModel
from sensors.spec import SecretKeySelector, TLSConfig


class BusPods(SpecModel):
    """Pods that Argo Events makes for a bus of its own."""

    replicas: int | None = None
    """1, or 3 and more; default 3."""
    persistence: dict[str, Any] | None = None
    """`storageClassName`, `accessMode` and `volumeSize`; absent: an emptyDir."""
    metadata: dict[str, Any] | None = None
    """Labels and annotations of the pods."""
    container_template: dict[str, Any] | None = None
    metrics_container_template: dict[str, Any] | None = None
    node_selector: dict[str, str] | None = None
    tolerations: list[dict[str, Any]] | None = None
    security_context: dict[str, Any] | None = None
    image_pull_secrets: list[dict[str, Any]] | None = None
    priority_class_name: str | None = None
    priority: int | None = None
    affinity: dict[str, Any] | None = None
    service_account_name: str | None = None
    max_payload: str | None = None
    """Largest message; default 1MB."""


class NatsNative(BusPods):
    """NATS Streaming, run by Argo Events; upstream calls it deprecated."""

    auth: str | None = None
    """`none` (default) or `token`."""
    max_age: str | None = None
    """Default 72h."""
    max_msgs: int | None = None
    """Default 1000000."""
    max_bytes: str | None = None
    """Default 1GB."""
    max_subs: int | None = None
    """Default 1000."""
    raft_heartbeat_timeout: str | None = None
    raft_election_timeout: str | None = None
    raft_lease_timeout: str | None = None
    raft_commit_timeout: str | None = None


class NatsExotic(SpecModel):
    """NATS Streaming that is there already."""

    url: str = ""
    cluster_id: str = Field(default="", alias="clusterID")
    auth: str | None = None
    access_secret: SecretKeySelector | None = None


class NatsBus(SpecModel):
    """NATS Streaming: exactly one of `native` and `exotic`."""

    native: NatsNative | None = None
    exotic: NatsExotic | None = None


class JetStreamBus(BusPods):
    """NATS JetStream, run by Argo Events."""

    version: str = ""
    """A name from the configuration of Argo Events' controller, such as `latest`."""
    reloader_container_template: dict[str, Any] | None = None
    settings: str | None = None
    """Goes into the server's `jetstream` block and replaces the configuration's text."""
    start_args: list[str] | None = None
    stream_config: str | None = None
    """YAML, laid over the configuration's key by key."""


class JetStreamExotic(SpecModel):
    """NATS JetStream that is there already."""

    url: str = ""
    access_secret: SecretKeySelector | None = None
    stream_config: str | None = None
    """YAML; replaces every default."""
    tls: TLSConfig | None = None


class KafkaGroup(SpecModel):
    """Consumer groups of a bus on Kafka."""

    group_name: str | None = None
    oldest: bool | None = None
    """Begin at the oldest record."""
    rebalance_strategy: str | None = None
    """`sticky`, `roundrobin` or `range` (default)."""


class KafkaSasl(SpecModel):
    """Login to Kafka."""

    mechanism: str | None = None
    """`PLAIN` (default), `SCRAM-SHA-256`, `SCRAM-SHA-512`, `OAUTHBEARER` or `GSSAPI`."""
    user_secret: SecretKeySelector | None = None
    password_secret: SecretKeySelector | None = None


class KafkaBus(SpecModel):
    """Kafka that is there already."""

    url: str = ""
    """Brokers, with commas between them."""
    topic: str | None = None
    """Default `NAMESPACE-EVENTBUS`."""
    version: str | None = None
    """Of Kafka."""
    tls: TLSConfig | None = None
    sasl: KafkaSasl | None = None
    consumer_group: KafkaGroup | None = None
    partitioner: str | None = None
    """`random` (default), `hash`, `roundrobin` or `manual`."""


class EventBusSpec(SpecModel):
    """`spec` of an EventBus: exactly one kind of bus."""

    nats: NatsBus | None = None
    jetstream: JetStreamBus | None = None
    jetstream_exotic: JetStreamExotic | None = None
    kafka: KafkaBus | None = None
