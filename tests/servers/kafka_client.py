"""The other end of Kafka for tests: topics and records, through aiokafka's own admin and producer."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record to send; `partition` None leaves the choice to the key."""

    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None


async def create_topic(bootstrap: str, topic: str, *, partitions: int = 1) -> None:
    """Create `topic` on the broker at `bootstrap`.

    Raises:
        aiokafka.errors.KafkaError: it exists, or the broker refused.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=1)])
    finally:
        await admin.close()


async def produce(bootstrap: str, topic: str, records: Iterable[Record]) -> list[tuple[int, int]]:
    """Send `records` in order, durable on return; the (partition, offset) of each."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=1)
    await producer.start()
    try:
        sent = [
            await producer.send(
                topic, record.value, key=record.key, partition=record.partition, headers=record.headers
            )
            for record in records
        ]
        stored = [await future for future in sent]
        return [(each.partition, each.offset) for each in stored]
    finally:
        await producer.stop()
