"""The other end of Kafka in a run: the producer of its records, and the eviction of dead members of its group."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.group import LeaveGroupRequest

from tests.crash.ledger import Ledger
from tests.crash.traffic import PARTITIONS, Delivery
from tests.servers.kafka_client import create_topic

_TIMEOUT_S = 20.0


class KafkaEnd:
    """One topic, read by a group of the same name. `open` it, `close` it."""

    def __init__(self, bootstrap: str, topic: str, ledger: Ledger) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._ledger = ledger
        # Idempotent: a retry of the client library is no second record.
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=2
        )
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        self._under_way: set[asyncio.Future[Any]] = set()

    async def open(self) -> None:
        await create_topic(self._bootstrap, self._topic, partitions=PARTITIONS)
        await self._producer.start()
        await self._admin.start()

    async def close(self) -> None:
        await self._producer.stop()
        await self._admin.close()

    async def produce(self, delivery: Delivery) -> None:
        """Hand one record to the producer; it counts as acknowledged when the broker has it."""
        stored = await self._producer.send(self._topic, delivery.body, partition=delivery.partition)
        self._under_way.add(stored)
        stored.add_done_callback(lambda _stored: self._stored(delivery, _stored))

    async def drain(self) -> None:
        """Until the broker has every record."""
        async with asyncio.timeout(_TIMEOUT_S):
            await self._producer.flush()

    async def evict_members(self) -> None:
        """Take the killed process out of the group at once.

        The broker would do it when the session ends, ten seconds after the last heartbeat, and give the partitions to
        nobody before: with a kill every two seconds nothing would ever be read.
        """
        async with asyncio.timeout(_TIMEOUT_S):
            (answer,) = await self._admin.describe_consumer_groups([self._topic])
            coordinator = await self._admin.find_coordinator(self._topic)
            for group in answer.to_object()["groups"]:
                for member in group["members"]:
                    leave = LeaveGroupRequest(self._topic, member["member_id"])
                    await self._admin._send_request(leave, coordinator)  # the library has no public way

    def _stored(self, delivery: Delivery, stored: asyncio.Future[Any]) -> None:
        self._under_way.discard(stored)
        if not stored.cancelled() and stored.exception() is None:
            self._ledger.acknowledged(delivery.events)
