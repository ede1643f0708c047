"""Connections to Kafka: how they are made, and what a failed one says about its cause.

The client library reports "unable to bootstrap" for a wrong password, a refused connection and an unknown authority
alike. So each broker is asked once by hand before a consumer starts: that answer has the real reason, and the
cluster's id.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka import errors as kafka_errors
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.protocol.metadata import MetadataRequest

from events.log import Logger
from events.ports import SecretRef
from sources.client_tls import TlsUnusable, ssl_context
from sources.kafka_config import KafkaConfig
from sources.source import PullFailed

log = Logger("sources.kafka")

# The client tells its own loggers of each of ten attempts a second while a broker is away; what matters is told here.
logging.getLogger("aiokafka").addHandler(logging.NullHandler())

_MAX_FETCH_BYTES = 8 * 1024 * 1024
"""Bound of what is read ahead from one broker; a larger record comes alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaTimes:
    """How long things may take, in seconds."""

    connect_timeout_s: float = 10.0
    start_timeout_s: float = 60.0
    """For joining a group: a rebalance waits this long for members that are busy."""
    session_s: float = 10.0
    """As upstream: a member that died gives its partitions to the others after this time."""
    max_idle_s: float = 300.0
    """A member that has not polled for so long, because the bus takes nothing, lets others read its partitions."""
    poll_s: float = 1.0
    silence_s: float = 30.0
    """Without any answer for so long the brokers count as away; they answer an idle fetch every 0.5 s."""
    commit_every_s: float = 1.0
    """As upstream. What was acknowledged and not committed is read again after a crash, and recognised."""
    commit_timeout_s: float = 10.0
    stop_timeout_s: float = 8.0


CONNECTION_FAULTS = (OSError, TimeoutError, kafka_errors.KafkaError, ValueError, AssertionError)
"""What the client raises when a connection fails: its SCRAM and version checks use the last two."""


class TopicMissing(PullFailed):
    """The topic is not there (yet)."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the first broker that answered says."""

    id: str
    broker: str
    partitions: frozenset[int]


class KafkaClient:
    """Makes the connections of one source. Raises PullFailed where `tls` or `sasl` cannot be used."""

    def __init__(
        self,
        config: KafkaConfig,
        times: KafkaTimes,
        *,
        namespace: str,
        name: str,
        secrets: Mapping[SecretRef, bytes],
    ) -> None:
        self._config = config
        self._times = times
        self._name = name
        self._settings = _settings(config, namespace, name, secrets)
        self._stopping: set[asyncio.Task[None]] = set()
        self._own_addresses = ""

    async def ask_brokers(self) -> Cluster:
        """The answer of the first broker that gives one. Raises PullFailed, with the reason of each."""
        faults = []
        for host, port, _family in collect_hosts(",".join(self._config.brokers)):
            broker = f"{host}:{port}"
            try:
                async with asyncio.timeout(self._times.connect_timeout_s):
                    answer = await self._metadata(host, port)
            except CONNECTION_FAULTS as error:
                faults.append(f"{broker} {explain(error, self._config)}")
                continue
            return self._cluster(answer, broker)
        raise PullFailed("; ".join(faults))

    async def _metadata(self, host: str, port: int) -> Mapping[str, Any]:
        """What one broker says of the cluster and of the topic, which this question does not create."""
        timeout_ms = round(self._times.connect_timeout_s * 1000)
        connection = await create_conn(host, port, request_timeout_ms=timeout_ms, **self._settings)
        try:
            answer = await connection.send(
                MetadataRequest([self._config.topic], allow_auto_topic_creation=False)
            )
            found: Mapping[str, Any] = answer.to_object()
            return found
        finally:
            connection.close()

    def _cluster(self, answer: Mapping[str, Any], broker: str) -> Cluster:
        (topic,) = answer["topics"]
        if topic["error_code"]:
            error = kafka_errors.for_code(topic["error_code"])
            text = f"topic `{self._config.topic}` on {broker}: {_TOPIC_FAULTS.get(error, error.__name__)}"
            is_missing = error is kafka_errors.UnknownTopicOrPartitionError
            raise TopicMissing(text) if is_missing else PullFailed(text)
        partitions = frozenset(part["partition"] for part in topic["partitions"])
        self._own_addresses = ", ".join(f"{node['host']}:{node['port']}" for node in answer["brokers"])
        # Brokers before 0.10.1 have no cluster id; upstream's id has the first broker of `url` in its place.
        return Cluster(answer.get("cluster_id") or self._config.brokers[0], broker, partitions)

    def consumer(self, **settings: Any) -> AIOKafkaConsumer:
        """A consumer with these settings, not started: nothing is committed but what we commit."""
        return AIOKafkaConsumer(
            **self._settings,
            **settings,
            bootstrap_servers=list(self._config.brokers),
            enable_auto_commit=False,
            isolation_level="read_committed",
            fetch_max_bytes=_MAX_FETCH_BYTES,
            max_partition_fetch_bytes=_MAX_FETCH_BYTES,
            session_timeout_ms=round(self._times.session_s * 1000),
            heartbeat_interval_ms=round(self._times.session_s * 300),
            rebalance_timeout_ms=round(self._times.start_timeout_s * 1000),
            max_poll_interval_ms=round(self._times.max_idle_s * 1000),
        )

    async def start(self, consumer: AIOKafkaConsumer) -> None:
        """Start it, or stop it again. Raises PullFailed."""
        try:
            async with asyncio.timeout(self._times.start_timeout_s):
                await consumer.start()
        except BaseException as error:
            await self.stop(consumer)
            if isinstance(error, CONNECTION_FAULTS):
                raise self.failure(error) from error
            raise

    def failure(self, error: BaseException) -> PullFailed:
        """What went wrong after `ask_brokers` had its answer."""
        if isinstance(error, TimeoutError):
            return PullFailed(
                f"no answer within {self._times.start_timeout_s:.0f} s at the addresses that the brokers give "
                f"({self._own_addresses}): are their advertised.listeners reachable from here?"
            )
        return PullFailed(f"{self._own_addresses} {explain(error, self._config)}")

    async def stop(self, consumer: AIOKafkaConsumer) -> None:
        """Leave the group and close; returns after a few seconds at the latest."""
        # Given up half-way, the client would leave tasks behind: a stop that takes long ends by itself, owned here.
        stop = asyncio.create_task(consumer.stop(), name=f"kafka-stop:{self._name}")
        self._stopping.add(stop)
        stop.add_done_callback(self._stopped)
        await asyncio.wait({stop}, timeout=self._times.stop_timeout_s)

    def _stopped(self, stop: asyncio.Task[None]) -> None:
        self._stopping.discard(stop)
        if not stop.cancelled() and (error := stop.exception()):
            log.warning("kafka.unclean_close", client=self._name, error=reason(error))


def _settings(
    config: KafkaConfig, namespace: str, name: str, secrets: Mapping[SecretRef, bytes]
) -> dict[str, Any]:
    """The arguments with which every connection is made."""
    tls, sasl = config.tls, config.sasl
    settings: dict[str, Any] = {"client_id": f"kikkake-{name}"}
    protocol = "PLAINTEXT" if tls is None else "SSL"
    if tls is not None:
        try:
            settings["ssl_context"] = ssl_context(tls, namespace, secrets)
        except TlsUnusable as error:
            raise PullFailed(str(error)) from error
    if sasl is not None:
        protocol = "SASL_PLAINTEXT" if tls is None else "SASL_SSL"
        settings["sasl_mechanism"] = sasl.mechanism or "PLAIN"
        for part, selector in (("username", sasl.user_secret), ("password", sasl.password_secret)):
            if selector is not None:
                settings[f"sasl_plain_{part}"] = _text(selector.ref(namespace), secrets)
    return {**settings, "security_protocol": protocol}


def _text(ref: SecretRef, secrets: Mapping[SecretRef, bytes]) -> str:
    try:
        return secrets[ref].decode("utf-8")
    except UnicodeDecodeError as error:
        raise PullFailed(f"{ref} is not a text") from error


_TOPIC_FAULTS = {
    kafka_errors.UnknownTopicOrPartitionError: "there is no such topic; create it, or correct the name",
    kafka_errors.TopicAuthorizationFailedError: "this user may not read it; allow Describe and Read",
    kafka_errors.InvalidTopicError: "this cannot be the name of a topic",
    kafka_errors.LeaderNotAvailableError: "it has no leader at the moment",
}


def explain(error: BaseException, config: KafkaConfig) -> str:
    """What a failed connection says about its cause, as the second half of a sentence."""
    mechanism = (config.sasl.mechanism if config.sasl else "") or "PLAIN"
    # Most special class first.
    texts: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
        (
            kafka_errors.SaslAuthenticationFailed,
            f"refuses user name or password (SASL {mechanism}): check sasl.userSecret and sasl.passwordSecret",
        ),
        (kafka_errors.UnsupportedSaslMechanismError, f"does not offer SASL {mechanism}"),
        (
            kafka_errors.IllegalSaslStateError,
            "wants no SASL on this port: remove `sasl`, or use another port",
        ),
        (
            ssl.SSLCertVerificationError,
            f"shows a certificate that is not trusted ({getattr(error, 'verify_message', '')}): check tls.caCertSecret",
        ),
        (ssl.SSLError, f"ends the TLS handshake ({reason(error)}): does this port speak TLS?"),
        (ConnectionRefusedError, "refuses the connection: nothing listens there"),
        (TimeoutError, "does not answer in time"),
        (
            (ConnectionResetError, kafka_errors.KafkaConnectionError),
            f"closes the connection: {_hint(config)}",
        ),
    )
    for classes, text in texts:
        if isinstance(error, classes):
            return text
    return f"cannot be used: {reason(error)}"


def _hint(config: KafkaConfig) -> str:
    if config.tls is not None:
        return "does this port speak TLS, and does the broker want a client certificate?"
    return "does this port want `tls`?" if config.sasl is not None else "does this port want `tls` or `sasl`?"


def reason(error: BaseException) -> str:
    """The error in its own words, which hold addresses and names, never secrets."""
    return str(error) or type(error).__name__
