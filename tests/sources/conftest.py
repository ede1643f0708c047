"""The real broker and the real bus for the tests of kinds that pull."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from events.buses.sqlite import SqliteBus, SqliteSettings, open_bus
from events.clock import SystemClock
from tests.servers.kafka import KafkaServer
from tests.sources.kafka_ends import Cluster, connect


@pytest.fixture
async def cluster(kafka_server: KafkaServer) -> AsyncIterator[Cluster]:
    async with connect(kafka_server) as cluster:
        yield cluster


@pytest.fixture
def own_kafka(tmp_path: Path, kafka_server: KafkaServer) -> Iterator[KafkaServer]:
    """A broker that a test may stop and kill."""
    server = KafkaServer.start(tmp_path / "kafka")
    yield server
    server.stop()


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[SqliteBus]:
    bus = await open_bus(tmp_path / "bus", SqliteSettings(), SystemClock())
    yield bus
    await bus.close()
