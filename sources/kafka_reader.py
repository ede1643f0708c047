"""Reading from a Kafka consumer: at a pace, noticing when nobody answers, and past what cannot be decoded.

The client decodes names of headers as UTF-8 and fails for a record (and all later ones of its batch) where they are
something else; asked for many records it has then dropped others. So such a run ends, the next one reads record by
record from the committed offsets, and an undecodable one becomes a record without content that names its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka import errors as kafka_errors

from sources.kafka_client import CONNECTION_FAULTS, KafkaTimes, reason
from sources.kafka_config import KafkaConfig
from sources.kafka_record import KafkaRecord
from sources.source import PullFailed

_MAX_BATCH_RECORDS = 200
_CAREFUL_RECORDS = 1000
"""Read one by one after a record that could not be decoded: its batch has hardly more."""


class RecordUndecodable(PullFailed):
    """A record among many cannot be decoded: read again from the committed offsets, carefully."""


class KafkaReader:
    """Polls one consumer."""

    def __init__(
        self, consumer: AIOKafkaConsumer, config: KafkaConfig, times: KafkaTimes, *, carefully: bool
    ) -> None:
        self._consumer = consumer
        self._times = times
        self._topic = config.topic
        self._limit = max(config.limit_events_per_second, 0)
        # A tenth of a second's worth at a time: a limit is a pace, not a burst each second.
        self._most = max(1, min(_MAX_BATCH_RECORDS, self._limit // 10)) if self._limit else _MAX_BATCH_RECORDS
        self._free_at = 0.0
        self._silent_s = 0.0
        self._answers: tuple[int | None, ...] = ()
        self._careful_left = _CAREFUL_RECORDS if carefully else 0

    async def read(self) -> list[KafkaRecord]:
        """The next records, of each partition in order; none after a second without any. Raises PullFailed."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._free_at - loop.time()))
        began = loop.time()
        try:
            # `poll_s` is for the records; the rest for a rebalance that is under way.
            async with asyncio.timeout(self._times.start_timeout_s + self._times.silence_s):
                records = await self._poll()
        except TimeoutError as error:
            raise PullFailed("the group has given no partitions: a rebalance does not end") from error
        except (kafka_errors.KafkaError, ValueError, OSError) as error:
            raise PullFailed(f"topic `{self._topic}`: {reason(error)}") from error
        if not records:
            await self._look_around(loop.time() - began)
            return []
        self._silent_s = 0.0
        if self._limit:
            self._free_at = max(self._free_at, began) + len(records) / self._limit
        return records

    async def _poll(self) -> list[KafkaRecord]:
        poll_ms = round(self._times.poll_s * 1000)
        try:
            found = await self._consumer.getmany(
                timeout_ms=poll_ms, max_records=1 if self._careful_left else self._most
            )
        except UnicodeDecodeError as error:
            if not self._careful_left:
                raise RecordUndecodable(f"topic `{self._topic}`: a record cannot be decoded") from error
            return await self._pass_undecodable(poll_ms)
        records = _records(found)
        self._careful_left = max(0, self._careful_left - len(records))
        return records

    async def _pass_undecodable(self, poll_ms: int) -> list[KafkaRecord]:
        """One of the partitions begins with an undecodable record: a record that stands for it."""
        for place in sorted(self._consumer.assignment()):
            try:
                found = await self._consumer.getmany(place, timeout_ms=poll_ms, max_records=1)
            except UnicodeDecodeError:
                offset = await self._consumer.position(place)
                self._consumer.seek(place, offset + 1)
                self._careful_left = _CAREFUL_RECORDS
                return [_undecodable(place, offset)]
            if found:
                return _records(found)
        return []

    async def _look_around(self, waited_s: float) -> None:
        """Nothing came: because there is nothing, or because the topic or the brokers are gone?"""
        if self._consumer.partitions_for_topic(self._topic) is None:
            raise PullFailed(f"topic `{self._topic}` is gone from the cluster")
        assigned = sorted(self._consumer.assignment())
        answers = tuple(self._consumer.last_poll_timestamp(place) for place in assigned)
        self._silent_s = self._silent_s + waited_s if answers == self._answers else 0.0
        self._answers = answers
        if self._silent_s < self._times.silence_s:
            return
        if assigned:
            raise PullFailed(f"the brokers have not answered for {self._silent_s:.0f} s")
        # More members than partitions: this one stands by and fetches nothing, so it has to ask.
        try:
            async with asyncio.timeout(self._times.connect_timeout_s):
                await self._consumer.topics()
        except CONNECTION_FAULTS as error:
            raise PullFailed(f"the brokers do not answer: {reason(error)}") from error
        self._silent_s = 0.0


def _records(found: Mapping[TopicPartition, Iterable[ConsumerRecord[Any, Any]]]) -> list[KafkaRecord]:
    return [
        KafkaRecord(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            timestamp_ms=record.timestamp,
            key=record.key,
            value=record.value,
            headers=tuple(record.headers),
        )
        for part in found.values()
        for record in part
    ]


def _undecodable(place: TopicPartition, offset: int) -> KafkaRecord:
    return KafkaRecord(
        topic=place.topic,
        partition=place.partition,
        offset=offset,
        timestamp_ms=-1,
        key=None,
        value=None,
        headers=(),
        fault="a header in its batch has a name that is not UTF-8; the record is still on the brokers, at this offset",
    )
