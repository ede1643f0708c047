"""Kafka: the records of one topic, read as a member of a consumer group or from one partition.

**Group** (`consumerGroup`). Offsets are committed only for records that the bus has: at most a second after they
were acknowledged, before a rebalance and at the stop. What is read again after a crash or a rebalance has the same
id and is stored once. A new group's start is written down before its first record is read, so that a crash in
between skips nothing; partitions that are added later are read from their beginning. Records of aborted
transactions are no events. While the bus takes nothing, nothing is polled; after five minutes of that the group
gives the partitions to other members, and this one joins again with its next poll.

**Partition** (`partition`, no group). As upstream: starts at the newest record and keeps no offset. A connection
that breaks is continued where it broke, a restart of the process is not; lint says so.

Event and identity: `kafka_record.py`; fields: `kafka_config.py`. Upstream: spec-sources 4.10; the broker:
kafka.apache.org/documentation, "Consumer Configs".
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, ClassVar

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka import errors as kafka_errors
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from events.errors import Finding
from events.log import Logger
from events.model import SpecModel
from events.ports import SecretRef
from events.resource import Path, ResourceDocument
from sources.kafka_client import (
    CONNECTION_FAULTS,
    Cluster,
    KafkaClient,
    KafkaTimes,
    TopicMissing,
    reason,
)
from sources.kafka_config import KafkaConfig, check_kafka
from sources.kafka_reader import KafkaReader, RecordUndecodable
from sources.kafka_record import GivenRecord, KafkaRecord, record_event
from sources.source import Pulled, PullFailed, PullSource, RecordUnreadable

log = Logger("sources.kafka")


_ASSIGNORS = {"roundrobin": RoundRobinPartitionAssignor, "sticky": StickyPartitionAssignor}


class Kafka(PullSource):
    """One topic. Remembers between two starts what a lost connection must not lose."""

    kind: ClassVar[str] = "kafka"
    event_type: ClassVar[str] = "kafka"
    Config: ClassVar[type[SpecModel]] = KafkaConfig
    config: KafkaConfig
    times = KafkaTimes()

    def __init__(self, config: KafkaConfig, *, namespace: str, event_source: str, event_name: str) -> None:
        super().__init__(config, namespace=namespace, event_source=event_source, event_name=event_name)
        self._known_partitions: frozenset[int] = frozenset()
        self._topic_was_missing = False
        self._resume_at: int | None = None
        self._reads_carefully = False

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path) -> list[Finding]:
        return check_kafka(document, config, path) if isinstance(config, KafkaConfig) else []

    def secret_refs(self) -> tuple[SecretRef, ...]:
        return self.config.secret_refs(self.namespace)

    async def pull(self, secrets: Mapping[SecretRef, bytes]) -> AsyncGenerator[list[Pulled], None]:
        name = f"{self.event_source}-{self.event_name}"
        client = KafkaClient(self.config, self.times, namespace=self.namespace, name=name, secrets=secrets)
        cluster = await self._reach(client)
        consumer, progress = await (self._join if self.config.consumer_group else self._attach)(
            client, cluster
        )
        self._known_partitions |= cluster.partitions
        reader = KafkaReader(consumer, self.config, self.times, carefully=self._reads_carefully)
        self._reads_carefully = False
        try:
            yield []
            while True:
                await progress.commit_when_due()
                if records := await reader.read():
                    # The epoch of the moment at which they were read: no rebalance can come before they are made.
                    done = partial(progress.done, progress.epoch)
                    yield [self._pulled(record, cluster, done) for record in records]
        except RecordUndecodable:
            self._reads_carefully = True
            raise
        finally:
            await _leave(client, consumer, progress)

    def _pulled(
        self, record: KafkaRecord, cluster: Cluster, done: Callable[[TopicPartition, int], None]
    ) -> Pulled:
        event, rejected = record_event(
            record,
            cluster=cluster.id,
            event_name=self.event_name,
            json_body=self.config.json_body,
            metadata=self.config.metadata,
        )
        place = TopicPartition(record.topic, record.partition)
        return Pulled(
            event=event,
            peer=f"{cluster.broker}/{record.topic}/{record.partition}",
            verified=self.config.verified,
            ack=_as_ack(partial(done, place, record.offset)),
            size_bytes=record.size_bytes,
            rejected=rejected,
        )

    def recorded(self, record: Mapping[str, Any], *, default_us: int) -> Pulled | None:
        """See the contract; the brokers of a test are the cluster `test`."""
        try:
            given = GivenRecord.read(record, default_us=default_us)
        except ValueError as error:
            raise RecordUnreadable(str(error)) from error
        is_other_partition = not self.config.consumer_group and str(given.partition) != self.config.partition
        if given.topic != self.config.topic or is_other_partition:
            return None
        return self._pulled(given, Cluster("test", "test", frozenset()), lambda _place, _offset: None)

    @property
    def _label(self) -> str:
        return f"{self.namespace}/{self.event_source}/{self.event_name}"

    async def _reach(self, client: KafkaClient) -> Cluster:
        """The cluster, asked as often as `connectionBackoff` says. Raises PullFailed."""
        backoff = self.config.connection_backoff
        for wait_s in backoff.waits_s(random.random) if backoff else ():
            try:
                return await self._ask(client)
            except PullFailed as error:
                log.warning(
                    "kafka.unreachable", source=self._label, error=str(error), next_try_s=round(wait_s, 1)
                )
                await asyncio.sleep(wait_s)
        return await self._ask(client)

    async def _ask(self, client: KafkaClient) -> Cluster:
        try:
            return await client.ask_brokers()
        except TopicMissing:
            self._topic_was_missing = True
            # Whatever was read of it is of a topic that is gone.
            self._resume_at = None
            raise

    async def _join(self, client: KafkaClient, cluster: Cluster) -> tuple[AIOKafkaConsumer, _GroupProgress]:
        """A consumer that is a member of the group and has its partitions."""
        group = self.config.consumer_group
        name, strategy = (group.group_name, group.rebalance_strategy) if group else ("", "")
        assignor = _ASSIGNORS.get(strategy, RangePartitionAssignor)
        # The sticky one keeps what it knows of its member in the class: each consumer needs one of its own.
        own_assignor = type(assignor.__name__, (assignor,), {})
        consumer = client.consumer(
            group_id=name,
            auto_offset_reset=await self._anchor(client, name, cluster.partitions),
            partition_assignment_strategy=(own_assignor,),
        )
        progress = _GroupProgress(consumer, self.times)
        consumer.subscribe([self.config.topic], listener=progress)
        await client.start(consumer)
        return consumer, progress

    async def _anchor(self, client: KafkaClient, group: str, partitions: Iterable[int]) -> str:
        """Commit where the group starts in partitions of which it has no offset; what holds for any others.

        Otherwise a new group that starts at the newest record starts anew, and further on, each time that it
        ends before its first commit. Partitions that appear later are then new ones: `earliest`.
        """
        consumer = client.consumer(group_id=group)
        places = [TopicPartition(self.config.topic, number) for number in sorted(partitions)]
        consumer.assign(places)
        consumer.pause(*places)
        await client.start(consumer)
        try:
            async with asyncio.timeout(self.times.start_timeout_s):
                committed = {place: await consumer.committed(place) for place in places}
                _report_gaps(committed, await consumer.beginning_offsets(places))
                new = [place for place, offset in committed.items() if offset is None]
                if new:
                    await consumer.commit(await self._first_offsets(consumer, new))
        except (kafka_errors.CommitFailedError, kafka_errors.IllegalStateError):
            # Another member is reading and chose the start; partitions that it never committed start as upstream's.
            return "earliest" if self._starts_at_oldest else "latest"
        except CONNECTION_FAULTS as error:
            raise client.failure(error) from error
        finally:
            await client.stop(consumer)
        return "earliest"

    async def _first_offsets(
        self, consumer: AIOKafkaConsumer, new: list[TopicPartition]
    ) -> dict[TopicPartition, int]:
        added = {
            place for place in new if self._known_partitions and place.partition not in self._known_partitions
        }
        at_begin = [place for place in new if self._starts_at_oldest or place in added]
        at_end = [place for place in new if place not in at_begin]
        begins = await consumer.beginning_offsets(at_begin) if at_begin else {}
        return {**begins, **(await consumer.end_offsets(at_end) if at_end else {})}

    @property
    def _starts_at_oldest(self) -> bool:
        # A topic that was not there at an earlier try has only records that came after the source.
        group = self.config.consumer_group
        return self._topic_was_missing or (group is not None and group.oldest)

    async def _attach(
        self, client: KafkaClient, cluster: Cluster
    ) -> tuple[AIOKafkaConsumer, _PartitionProgress]:
        """A consumer of one partition without a group."""
        number = int(self.config.partition)
        if number not in cluster.partitions:
            known = ", ".join(str(known) for known in sorted(cluster.partitions))
            raise PullFailed(f"topic `{self.config.topic}` has no partition {number}; it has: {known}")
        place = TopicPartition(self.config.topic, number)
        consumer = client.consumer(group_id=None, auto_offset_reset="earliest")
        consumer.assign([place])
        consumer.pause(place)
        await client.start(consumer)
        try:
            async with asyncio.timeout(self.times.start_timeout_s):
                if self._resume_at is None:
                    self._resume_at = (await self._first_offsets(consumer, [place]))[place]
        except BaseException as error:
            await client.stop(consumer)
            if isinstance(error, CONNECTION_FAULTS):
                raise client.failure(error) from error
            raise
        consumer.seek(place, self._resume_at)
        consumer.resume(place)
        return consumer, _PartitionProgress(self._remember)

    def _remember(self, offset: int) -> None:
        self._resume_at = offset


class _GroupProgress(ConsumerRebalanceListener):  # type: ignore[misc]  # the client has no types
    """What the bus has, by partition, and its commits.

    An acknowledgement of an assignment that has ended counts no more: the partition may have moved on elsewhere.
    """

    def __init__(self, consumer: AIOKafkaConsumer, times: KafkaTimes) -> None:
        self.epoch = 0
        self._times = times
        self._consumer = consumer
        self._done: dict[TopicPartition, int] = {}
        self._due_at = 0.0

    def done(self, epoch: int, place: TopicPartition, offset: int) -> None:
        if epoch == self.epoch:
            self._done[place] = offset + 1

    async def commit_when_due(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._done and now >= self._due_at:
            self._due_at = now + self._times.commit_every_s
            await self.commit()

    async def commit(self) -> None:
        """Commit all that is done. Raises PullFailed."""
        offsets, self._done = self._done, {}
        if not offsets:
            return
        try:
            async with asyncio.timeout(self._times.commit_timeout_s):
                await self._consumer.commit(offsets)
        except (kafka_errors.CommitFailedError, kafka_errors.IllegalStateError):
            # What is read again has the same ids and is recognised.
            log.info("kafka.commit_superseded", reason="the group was rebalanced before it")
        except CONNECTION_FAULTS as error:
            raise PullFailed(f"offsets cannot be committed: {reason(error)}") from error

    async def on_partitions_revoked(self, _revoked: Iterable[TopicPartition]) -> None:
        try:
            await self.commit()
        except PullFailed as error:
            log.warning("kafka.not_committed", at="rebalance", error=str(error))
        finally:
            self.epoch += 1
            self._done.clear()

    async def on_partitions_assigned(self, _assigned: Iterable[TopicPartition]) -> None:
        """Nothing to do: reading goes on at the committed offsets."""


class _PartitionProgress:
    """Without a group: the place is remembered by the source for as long as the process lives."""

    epoch = 0

    def __init__(self, remember: Callable[[int], None]) -> None:
        self._remember = remember

    def done(self, _epoch: int, _place: TopicPartition, offset: int) -> None:
        self._remember(offset + 1)

    async def commit_when_due(self) -> None:
        """There is nothing to commit to."""

    async def commit(self) -> None:
        """There is nothing to commit to."""


def _as_ack(done: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def ack() -> None:
        done()

    return ack


def _report_gaps(
    committed: Mapping[TopicPartition, int | None], begins: Mapping[TopicPartition, int]
) -> None:
    """The brokers delete records by their own rules; that some were never read must not go unnoticed."""
    for place, offset in committed.items():
        if offset is not None and offset < begins[place]:
            log.error(
                "kafka.records_lost",
                topic=place.topic,
                partition=place.partition,
                lost=begins[place] - offset,
                reason="deleted on the brokers before they were read; raise retention.ms of the topic",
            )


async def _leave(
    client: KafkaClient, consumer: AIOKafkaConsumer, progress: _GroupProgress | _PartitionProgress
) -> None:
    """Commit what is safe, then give the partitions back."""
    try:
        await progress.commit()
    except PullFailed as error:
        log.warning("kafka.not_committed", at="stop", error=str(error))
    finally:
        await client.stop(consumer)
