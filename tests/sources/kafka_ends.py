"""Both ends of a Kafka source for its tests: the broker with clients of its own, and a supervisor with the real bus."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from events.bus import BusUnavailable, EventQuery, Publication, Receipt, StoredEvent
from events.buses.sqlite import SqliteBus
from events.clock import SystemClock
from events.metrics import Metrics
from events.ports import SecretRef, SecretUnavailable
from events.topic import Topic
from sources.kafka_client import KafkaTimes
from sources.kafka_config import ConsumerGroup, KafkaConfig
from sources.kinds.kafka import Kafka
from sources.selector import SecretSelector
from sources.source import Pulled
from sources.supervise import PullSpec, PullState, PullStatus, Supervisor, SupervisorSettings
from tests.servers.kafka import SASL_PASSWORD, SASL_USER, KafkaServer

USER = SecretSelector(name="user", key="name")
PASSWORD = SecretSelector(name="user", key="password")
CA = SecretSelector(name="ca", key="ca.crt")
CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg"
_FAST = SupervisorSettings(first_wait_s=0.05, longest_wait_s=0.2)


class Vault:
    def __init__(self, server: KafkaServer, *, password: str = SASL_PASSWORD) -> None:
        self.values = {
            SecretRef("ci", "user", "name"): SASL_USER.encode(),
            SecretRef("ci", "user", "password"): password.encode(),
            SecretRef("ci", "ca", "ca.crt"): server.ca_file.read_bytes(),
        }

    async def read(self, ref: SecretRef) -> bytes:
        if ref not in self.values:
            raise SecretUnavailable(f"{ref} not found")
        return self.values[ref]


class Cluster:
    """What a test does at the other end: topics and records, with clients of its own."""

    def __init__(self, server: KafkaServer, admin: AIOKafkaAdminClient, producer: AIOKafkaProducer) -> None:
        self.server = server
        self.admin = admin
        self.producer = producer

    async def topic(self, *, partitions: int = 1) -> str:
        name = f"t-{secrets.token_hex(4)}"
        await self.make_topic(name, partitions=partitions)
        return name

    async def make_topic(self, name: str, *, partitions: int = 1) -> None:
        await self.admin.create_topics([NewTopic(name, partitions, 1)])

    async def write(self, topic: str, *values: bytes | None, partition: int = 0, **record: Any) -> None:
        for value in values:
            await self.producer.send_and_wait(topic, value, partition=partition, **record)

    async def write_batch_with_odd_header(self, topic: str, *values: bytes) -> None:
        """One batch; its second record has a header whose name is the byte FF, as programs in C can write it."""

        class OddName(str):
            __slots__ = ()

            def encode(self, *_arguments: str) -> bytes:
                return b"\xff"

        batch = self.producer.create_batch()
        batch._builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 100_000)
        for number, value in enumerate(values):
            headers = [(OddName("x"), b"1")] if number == 1 else []
            batch.append(key=None, value=value, timestamp=None, headers=headers)
        await (await self.producer.send_batch(batch, topic, partition=0))

    async def committed(self, group: str, topic: str, partition: int = 0) -> int | None:
        offsets = await self.admin.list_consumer_group_offsets(group)
        found = offsets.get(TopicPartition(topic, partition))
        return None if found is None else found.offset

    async def members(self, group: str) -> int:
        (answer,) = await self.admin.describe_consumer_groups([group])
        return len(answer.to_object()["groups"][0]["members"])


@asynccontextmanager
async def connect(server: KafkaServer) -> AsyncIterator[Cluster]:
    admin = AIOKafkaAdminClient(bootstrap_servers=server.bootstrap)
    producer = AIOKafkaProducer(bootstrap_servers=server.bootstrap, max_request_size=8_000_000)
    await admin.start()
    await producer.start()
    try:
        yield Cluster(server, admin, producer)
    finally:
        await producer.stop()
        await admin.close()


def config(server: KafkaServer, named: str, **fields: Any) -> KafkaConfig:
    return KafkaConfig(**{"url": server.bootstrap, "topic": named, "json_body": True, **fields})


def group(*, oldest: bool = True, name: str = "", **fields: Any) -> ConsumerGroup:
    return ConsumerGroup(group_name=name or f"g-{secrets.token_hex(4)}", oldest=oldest, **fields)


class ImpatientKafka(Kafka):
    """With short times: a member that died is missed after a second, and so are brokers that do not answer."""

    times = KafkaTimes(session_s=1, silence_s=2)


def kafka(config: KafkaConfig) -> Kafka:
    return ImpatientKafka(config, namespace="ci", event_source="orders", event_name="placed")


class Gateway:
    """A supervisor that runs one source into the real bus."""

    def __init__(self, bus: SqliteBus, source: Kafka, vault: Vault) -> None:
        self.bus = bus
        self.source = source
        self.refuses = False
        self.topic = Topic("ci", "default", "orders", source.event_name)
        self.supervisor = Supervisor(self._publish, vault, SystemClock(), Metrics(), settings=_FAST)

    async def _publish(self, publications: Sequence[Publication]) -> list[Receipt]:
        if self.refuses:
            raise BusUnavailable("the test says so")
        return await self.bus.publish(publications)

    async def start(self) -> None:
        await self.supervisor.apply([PullSpec(self.topic, self.source)])

    @property
    def status(self) -> PullStatus:
        (status,) = self.supervisor.status()
        return status

    async def until_running(self) -> None:
        await until(lambda: self.status.state is PullState.RUNNING)

    async def stored(self, event_name: str = "placed") -> list[StoredEvent]:
        events = await self.bus.reader().events(EventQuery(event_name=event_name, limit=1000))
        return list(reversed(events))

    async def until_stored(self, count: int, event_name: str = "placed") -> list[StoredEvent]:
        async with asyncio.timeout(30):
            while len(stored := await self.stored(event_name)) < count:  # noqa: ASYNC110 - a row has no event
                await asyncio.sleep(0.02)
        return stored

    async def until_error(self, text: str) -> PullStatus:
        await until(lambda: text in self.status.last_error)
        return self.status


@asynccontextmanager
async def running(bus: SqliteBus, server: KafkaServer, source: Kafka, **vault: str) -> AsyncIterator[Gateway]:
    gateway = Gateway(bus, source, Vault(server, **vault))
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.supervisor.close()


async def until(condition: Callable[[], Any], *, timeout_s: float = 30) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)


async def until_value(question: Callable[[], Any], wanted: Any, *, timeout_s: float = 30) -> None:
    async with asyncio.timeout(timeout_s):
        while await question() != wanted:  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(0.05)


def bodies(stored: Sequence[StoredEvent]) -> list[Any]:
    return [json.loads(one.event.data or b"")["body"] for one in stored]


async def next_batch(source: Kafka, vault: Vault) -> tuple[Any, list[Pulled]]:
    """The first batch with events, and the generator that it came from."""
    pulling = source.pull(vault.values)
    async with asyncio.timeout(30):
        while not (batch := await anext(pulling)):
            pass
    return pulling, batch
