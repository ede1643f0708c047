import asyncio
import base64
import json
from contextlib import AsyncExitStack

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewPartitions, RecordsToDelete

from events.bus import Provenance, Publication
from events.buses.sqlite import SqliteBus
from events.clock import SystemClock
from events.topic import Topic
from sources.kafka_client import KafkaTimes
from sources.kinds.kafka import Kafka
from sources.source import SOURCES, Pulled
from sources.supervise import PullState
from tests.servers.kafka import KafkaServer
from tests.sources.kafka_ends import (
    CLUSTER_ID,
    Cluster,
    ImpatientKafka,
    Vault,
    bodies,
    config,
    connect,
    group,
    kafka,
    next_batch,
    running,
    until,
    until_value,
)

pytestmark = pytest.mark.kafka


def test_the_kind_is_found_by_its_name() -> None:
    assert SOURCES.get("kafka") is Kafka


async def test_records_become_events_with_stable_ids(cluster: Cluster, bus: SqliteBus) -> None:
    topic, member = await cluster.topic(partitions=2), group()
    at_ms = 1_795_500_000_123
    await cluster.write(topic, b'{"n": 1}', partition=1, key=b"k", headers=[("h", b"v")], timestamp_ms=at_ms)
    source = kafka(config(cluster.server, topic, consumer_group=member, metadata={"team": "shop"}))

    async with running(bus, cluster.server, source) as gateway:
        (stored,) = await gateway.until_stored(1)

    assert stored.event.id == f"{topic}-1-0-{at_ms}"
    assert stored.event.source == f"kafka://{CLUSTER_ID}/{topic}"
    assert stored.event.time == "2026-11-24T06:00:00.123Z"
    assert json.loads(stored.event.data or b"") == {
        "topic": topic,
        "key": "k",
        "partition": 1,
        "body": {"n": 1},
        "timestamp": "2026-11-24 06:00:00.123 +0000 UTC",
        "headers": {"h": "v"},
        "metadata": {"team": "shop"},
    }
    assert stored.provenance.peer == f"{cluster.server.bootstrap}/{topic}/1"
    assert (stored.provenance.kind, stored.provenance.verified) == ("kafka", "not verified")


async def test_the_stop_commits_what_was_acknowledged_and_leaves_the_group(
    cluster: Cluster, bus: SqliteBus
) -> None:
    topic, member = await cluster.topic(), group()
    await cluster.write(topic, b"1", b"2", b"3")

    async with running(
        bus, cluster.server, kafka(config(cluster.server, topic, consumer_group=member))
    ) as gateway:
        await gateway.until_stored(3)
        assert await cluster.members(member.group_name) == 1

    assert await cluster.committed(member.group_name, topic) == 3
    assert await cluster.members(member.group_name) == 0


async def test_offsets_are_committed_only_behind_what_the_bus_has(cluster: Cluster, bus: SqliteBus) -> None:
    topic, member = await cluster.topic(), group()
    await cluster.write(topic, b"1", b"2")
    source = kafka(config(cluster.server, topic, consumer_group=member))

    async with running(bus, cluster.server, source) as gateway:
        await gateway.until_stored(2)
        await until_value(lambda: cluster.committed(member.group_name, topic), 2)
        gateway.refuses = True
        await cluster.write(topic, b"3")
        await until(lambda: gateway.status.state is PullState.HELD)
        # Longer than the interval of commits, so that a wrong one would be there.
        held_since_us = gateway.status.since_us
        await until(lambda: SystemClock().now_us() - held_since_us > 2_000_000)
        assert await cluster.committed(member.group_name, topic) == 2

    assert await cluster.committed(member.group_name, topic) == 2, "nor does the stop commit it"


async def test_what_is_read_again_after_a_crash_is_stored_once(cluster: Cluster, bus: SqliteBus) -> None:
    """The process dies between the bus and the commit: the same records come again, with the same ids."""
    topic, member = await cluster.topic(), group()
    await cluster.write(topic, b"1", b"2")
    settings = config(cluster.server, topic, consumer_group=member)
    vault = Vault(cluster.server)

    pulling, batch = await next_batch(kafka(settings), vault)
    await bus.publish(
        [
            Publication(Topic("ci", "default", "orders", "placed"), pulled.event, _provenance(pulled))
            for pulled in batch
        ]
    )
    await pulling.aclose()
    assert await cluster.committed(member.group_name, topic) == 0, "nothing was acknowledged"

    async with running(bus, cluster.server, kafka(settings)) as gateway:
        await until(lambda: gateway.status.events == 2)
        assert gateway.status.duplicates == len(batch)
        assert bodies(await gateway.stored()) == [1, 2]


def _provenance(pulled: Pulled) -> Provenance:
    return Provenance(0, pulled.peer, "kafka", pulled.verified)


async def test_a_new_group_starts_with_the_records_from_now_on(cluster: Cluster, bus: SqliteBus) -> None:
    topic, member = await cluster.topic(), group(oldest=False)
    await cluster.write(topic, b'"old"')

    async with running(
        bus, cluster.server, kafka(config(cluster.server, topic, consumer_group=member))
    ) as gateway:
        await gateway.until_running()
        await cluster.write(topic, b'"new"')
        assert bodies(await gateway.until_stored(1)) == ["new"]


async def test_a_new_group_keeps_its_start_over_a_crash_before_its_first_commit(
    cluster: Cluster, bus: SqliteBus
) -> None:
    """Without it each start would begin anew at the newest record, and skip what came in between."""
    topic, member = await cluster.topic(), group(oldest=False)
    settings = config(cluster.server, topic, consumer_group=member)

    async with running(bus, cluster.server, kafka(settings)) as gateway:
        await gateway.until_running()
    await cluster.write(topic, b'"while away"')

    async with running(bus, cluster.server, kafka(settings)) as gateway:
        assert bodies(await gateway.until_stored(1)) == ["while away"]


async def test_two_members_share_the_partitions_and_store_each_record_once(
    cluster: Cluster, bus: SqliteBus
) -> None:
    topic, member = await cluster.topic(partitions=4), group(rebalance_strategy="sticky")
    settings = config(cluster.server, topic, consumer_group=member)
    numbers = iter(range(1000))

    async def write_some() -> int:
        written = [next(numbers) for _ in range(40)]
        for number in written:
            await cluster.write(topic, str(number).encode(), partition=number % 4)
        return written[-1] + 1

    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(running(bus, cluster.server, kafka(settings)))
        await first.until_running()
        await write_some()
        async with running(bus, cluster.server, kafka(settings)) as second:
            await second.until_running()
            await until_value(lambda: cluster.members(member.group_name), 2)
            await write_some()
            await until(lambda: second.status.events > 0)
        count = await write_some()
        stored = await first.until_stored(count)

    assert sorted(bodies(stored)) == list(range(count))
    for partition in range(4):
        own = [body for body in bodies(stored) if body % 4 == partition]
        assert own == sorted(own), "records of one partition are stored in their order"


async def test_a_partition_that_is_added_later_is_read_from_its_beginning(
    cluster: Cluster, bus: SqliteBus
) -> None:
    topic, member = await cluster.topic(), group(oldest=False)
    source = kafka(config(cluster.server, topic, consumer_group=member))

    async with running(bus, cluster.server, source) as gateway:
        await gateway.until_running()
    await cluster.admin.create_partitions({topic: NewPartitions(total_count=2)})
    async with asyncio.timeout(10):
        while len(await cluster.producer.partitions_for(topic)) < 2:
            await cluster.producer.client.force_metadata_update()
    await cluster.write(topic, b'"first of the new one"', partition=1)

    async with running(bus, cluster.server, source) as gateway:
        assert bodies(await gateway.until_stored(1)) == ["first of the new one"]


@pytest.mark.parametrize("json_body", [True, False])
async def test_poison_records_are_stored_and_do_not_disturb_the_others(
    cluster: Cluster, bus: SqliteBus, json_body: bool
) -> None:
    topic, member = await cluster.topic(), group()
    poison = [b"\x00" * size for size in range(1, 11)]
    poison += [b"", b"\xff\xfe", b"{", b"NaN", b"[" * 70 + b"]" * 70, b"x" * 1_000_000]
    for number, value in enumerate(poison):
        await cluster.write(
            topic, value, str(number).encode(), key=b"\xff", headers=[("h", b"1"), ("h", b"\xff")]
        )
    await cluster.write(topic, None, b'"last"', key=b"k")
    source = kafka(config(cluster.server, topic, consumer_group=member, json_body=json_body))

    async with running(bus, cluster.server, source) as gateway:
        if json_body:
            good = await gateway.until_stored(len(poison) + 2)
            kept = await gateway.until_stored(len(poison), "placed!rejected")
            assert [base64.b64decode(body) for body in bodies(kept)] == poison
            assert {one.event.extensions["rejectcause"] for one in kept} == {"bad-json"}
            assert bodies(good) == [*range(len(poison)), None, "last"]
        else:
            good = await gateway.until_stored(2 * len(poison) + 2)
            assert [base64.b64decode(body) for body in bodies(good)[:-2:2]] == poison
            assert bodies(good)[-2] is None
        first = json.loads(good[0].event.data or b"")
        assert (first["key"], first["keyBase64"]) == ("\ufffd", "/w==")
        assert (first["headers"], first["headersBase64"]) == ({"h": "\ufffd"}, {"h": "/w=="})
        await until_value(lambda: cluster.committed(member.group_name, topic), 2 * len(poison) + 2)
        assert gateway.status.restarts == 0


async def test_a_record_that_the_client_cannot_decode_is_passed_and_leaves_its_place(
    cluster: Cluster, bus: SqliteBus
) -> None:
    """A name of a header that is not UTF-8 makes its record, and what follows in its batch, unreadable for us."""
    topic, member = await cluster.topic(partitions=2), group()
    await cluster.write(topic, *(str(number).encode() for number in range(5)))
    await cluster.write_batch_with_odd_header(topic, b"5", b"unreadable", b"unreadable too")
    await cluster.write(topic, b"6")
    await cluster.write(topic, *(str(number).encode() for number in range(10, 15)), partition=1)
    source = kafka(config(cluster.server, topic, consumer_group=member))

    async with running(bus, cluster.server, source) as gateway:
        stored = await gateway.until_stored(12)
        kept = await gateway.until_stored(2, "placed!rejected")
        await until_value(lambda: cluster.committed(member.group_name, topic), 9)

    assert sorted(bodies(stored)) == [0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14]
    assert [one.event.id for one in kept] == [f"{topic}-0-6--1", f"{topic}-0-7--1"]
    assert {one.event.extensions["rejectcause"] for one in kept} == {"undecodable"}


async def test_a_busy_bus_stops_the_reading_and_nothing_piles_up(cluster: Cluster, bus: SqliteBus) -> None:
    topic, member = await cluster.topic(), group()
    source = kafka(config(cluster.server, topic, consumer_group=member))

    async with running(bus, cluster.server, source) as gateway:
        await gateway.until_running()
        gateway.refuses = True
        await cluster.write(topic, *(str(number).encode() for number in range(500)))
        await until(lambda: gateway.status.state is PullState.HELD)
        assert await gateway.stored() == []

        gateway.refuses = False
        assert bodies(await gateway.until_stored(500)) == list(range(500))
        assert gateway.status.restarts == 0


async def test_the_limit_is_a_pace(cluster: Cluster) -> None:
    topic, member = await cluster.topic(), group()
    await cluster.write(topic, *(b"1" for _ in range(30)))
    source = kafka(config(cluster.server, topic, consumer_group=member, limit_events_per_second=20))
    loop = asyncio.get_running_loop()

    pulling, batch = await next_batch(source, Vault(cluster.server))
    began, count = loop.time(), len(batch)
    while count < 30:
        count += len(await anext(pulling))
    took_s = loop.time() - began
    await pulling.aclose()

    assert took_s >= (30 - 2 * len(batch)) / 20


async def test_a_partition_without_a_group_starts_now_and_survives_a_lost_connection(
    own_kafka: KafkaServer, bus: SqliteBus
) -> None:
    async with connect(own_kafka) as cluster:
        topic = await cluster.topic(partitions=2)
        await cluster.write(topic, b'"old"', partition=1)
        source = kafka(config(own_kafka, topic, partition="1"))
        async with running(bus, own_kafka, source) as gateway:
            await gateway.until_running()
            await cluster.write(topic, b'"a"', partition=1)
            await cluster.write(topic, b'"other"', partition=0)
            await gateway.until_stored(1)
        await cluster.write(topic, b'"while apart"', partition=1)
        async with running(bus, own_kafka, source) as gateway:
            stored = await gateway.until_stored(2)

    assert bodies(stored) == ["a", "while apart"]


async def test_records_of_an_aborted_transaction_are_no_events(cluster: Cluster, bus: SqliteBus) -> None:
    topic = await cluster.topic()
    writer = AIOKafkaProducer(bootstrap_servers=cluster.server.bootstrap, transactional_id=topic)
    await writer.start()
    await writer.begin_transaction()
    await writer.send_and_wait(topic, b'"aborted"')
    await writer.abort_transaction()
    await writer.stop()
    await cluster.write(topic, b'"kept"')

    async with running(
        bus, cluster.server, kafka(config(cluster.server, topic, consumer_group=group()))
    ) as gateway:
        assert bodies(await gateway.until_stored(1)) == ["kept"]


async def test_a_member_that_the_bus_keeps_idle_gives_its_partitions_to_others_and_joins_again(
    cluster: Cluster, bus: SqliteBus
) -> None:
    """Both store the same records: each is there once, and the late acknowledgements count for nothing."""

    class Idle(ImpatientKafka):
        times = KafkaTimes(session_s=1, max_idle_s=2)

    topic, member = await cluster.topic(), group()
    settings = config(cluster.server, topic, consumer_group=member)
    await cluster.write(topic, b"1")
    source = Idle(settings, namespace="ci", event_source="orders", event_name="placed")

    async with running(bus, cluster.server, source) as gateway:
        gateway.refuses = True
        await until(lambda: gateway.status.state is PullState.HELD)
        await until_value(lambda: cluster.members(member.group_name), 0)
        async with running(bus, cluster.server, kafka(settings)) as other:
            await cluster.write(topic, b"2")
            assert bodies(await other.until_stored(2)) == [1, 2]
        assert await cluster.committed(member.group_name, topic) == 2

        gateway.refuses = False
        await cluster.write(topic, b"3")
        assert bodies(await gateway.until_stored(3)) == [1, 2, 3]
        await until_value(lambda: cluster.committed(member.group_name, topic), 3)
        assert (gateway.status.duplicates, gateway.status.restarts) == (1, 0)


async def test_records_that_the_brokers_deleted_unread_are_reported(
    cluster: Cluster, bus: SqliteBus, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can bring them back; but that they are gone is told, with their number."""
    topic, member = await cluster.topic(), group()
    settings = config(cluster.server, topic, consumer_group=member)
    await cluster.write(topic, b"0")
    async with running(bus, cluster.server, kafka(settings)) as gateway:
        await gateway.until_stored(1)
    await cluster.write(topic, b"1", b"2", b"3")
    await cluster.admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=3)})

    async with running(bus, cluster.server, kafka(settings)) as gateway:
        assert bodies(await gateway.until_stored(2)) == [0, 3]

    (record,) = [one for one in caplog.records if one.message == "kafka.records_lost"]
    assert record.__dict__["keys"] | {"reason": ""} == {
        "topic": topic,
        "partition": 0,
        "lost": 2,
        "reason": "",
    }
