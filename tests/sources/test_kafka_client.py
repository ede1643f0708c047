import asyncio
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from events.buses.sqlite import SqliteBus
from sources.client_tls import ClientTls
from sources.connection_backoff import ConnectionBackoff
from sources.kafka_client import KafkaClient, KafkaTimes
from sources.kafka_config import Sasl
from sources.source import PullFailed
from tests.servers.kafka import SASL_PASSWORD, KafkaServer
from tests.servers.process import free_ports
from tests.sources.kafka_ends import (
    CA,
    PASSWORD,
    USER,
    Cluster,
    Vault,
    bodies,
    config,
    connect,
    group,
    kafka,
    next_batch,
    running,
    until_value,
)

pytestmark = pytest.mark.kafka


async def test_a_restart_of_the_broker_loses_nothing(own_kafka: KafkaServer, bus: SqliteBus) -> None:
    member = group()
    async with connect(own_kafka) as cluster:
        topic = await cluster.topic()
        await cluster.write(topic, b"1")
    source = kafka(config(own_kafka, topic, consumer_group=member))

    async with running(bus, own_kafka, source) as gateway:
        await gateway.until_stored(1)
        await asyncio.to_thread(own_kafka.kill)
        await asyncio.to_thread(own_kafka.restart)
        async with connect(own_kafka) as cluster:
            await cluster.write(topic, b"2")
            assert bodies(await gateway.until_stored(2)) == [1, 2]
            await until_value(lambda: cluster.committed(member.group_name, topic), 2)


async def test_a_broker_that_goes_away_is_noticed_and_its_return_too(
    own_kafka: KafkaServer, bus: SqliteBus
) -> None:
    async with connect(own_kafka) as cluster:
        topic = await cluster.topic()
    source = kafka(config(own_kafka, topic, consumer_group=group()))

    async with running(bus, own_kafka, source) as gateway:
        await gateway.until_running()
        await asyncio.to_thread(own_kafka.kill)
        await gateway.until_error(f"{own_kafka.bootstrap} refuses the connection: nothing listens there")
        await asyncio.to_thread(own_kafka.restart)
        async with connect(own_kafka) as cluster:
            await cluster.write(topic, b"1")
        assert bodies(await gateway.until_stored(1)) == [1]


async def test_a_topic_that_is_deleted_is_noticed_and_a_new_one_gives_new_events(
    cluster: Cluster, bus: SqliteBus
) -> None:
    topic, member = await cluster.topic(), group()
    await cluster.write(topic, b'"of the old one"', timestamp_ms=1)
    source = kafka(config(cluster.server, topic, consumer_group=member))

    async with running(bus, cluster.server, source) as gateway:
        await gateway.until_stored(1)
        await cluster.admin.delete_topics([topic])
        await gateway.until_error("there is no such topic; create it, or correct the name")
        await cluster.make_topic(topic)
        await cluster.write(topic, b'"of the new one"', timestamp_ms=2)
        stored = await gateway.until_stored(2)

    assert bodies(stored) == ["of the old one", "of the new one"]
    assert [one.event.id for one in stored] == [f"{topic}-0-0-1", f"{topic}-0-0-2"]


async def test_a_topic_that_comes_later_is_read_from_its_beginning(cluster: Cluster, bus: SqliteBus) -> None:
    topic = f"t-{secrets.token_hex(4)}"
    source = kafka(config(cluster.server, topic, consumer_group=group(oldest=False)))

    async with running(bus, cluster.server, source) as gateway:
        await gateway.until_error(f"topic `{topic}` on {cluster.server.bootstrap}: there is no such topic")
        await cluster.make_topic(topic)
        await cluster.write(topic, b'"first"')
        assert bodies(await gateway.until_stored(1)) == ["first"]


@pytest.mark.parametrize("mechanism", ["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_records_come_over_sasl(cluster: Cluster, bus: SqliteBus, mechanism: str) -> None:
    topic = await cluster.topic()
    await cluster.write(topic, b"1")
    sasl = Sasl(mechanism=mechanism, user_secret=USER, password_secret=PASSWORD)
    source = kafka(
        config(cluster.server, topic, url=cluster.server.sasl_bootstrap, consumer_group=group(), sasl=sasl)
    )

    async with running(bus, cluster.server, source) as gateway:
        (stored,) = await gateway.until_stored(1)

    assert stored.provenance.verified == f"SASL {mechanism or 'PLAIN'}"


async def test_records_come_over_tls(cluster: Cluster, bus: SqliteBus) -> None:
    topic = await cluster.topic()
    await cluster.write(topic, b"1")
    source = kafka(
        config(
            cluster.server,
            topic,
            url=cluster.server.tls_bootstrap,
            consumer_group=group(),
            tls=ClientTls(ca_cert_secret=CA),
        )
    )

    async with running(bus, cluster.server, source) as gateway:
        (stored,) = await gateway.until_stored(1)

    assert stored.provenance.verified == "TLS"


def _no_listener() -> str:
    (port,) = free_ports(1)
    return f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("fields", "password", "text"),
    [
        pytest.param(
            lambda s: {"url": _no_listener()},
            "",
            "refuses the connection: nothing listens there",
            id="no broker",
        ),
        pytest.param(
            lambda s: {"url": "no-such-host.invalid:9092"}, "", "cannot be used: ", id="no such name"
        ),
        *(
            pytest.param(
                lambda s, mechanism=mechanism: {
                    "url": s.sasl_bootstrap,
                    "sasl": Sasl(mechanism=mechanism, user_secret=USER, password_secret=PASSWORD),
                },
                "wrong-one",
                f"refuses user name or password (SASL {mechanism}): check sasl.userSecret and sasl.passwordSecret",
                id=f"wrong password, {mechanism}",
            )
            for mechanism in ("PLAIN", "SCRAM-SHA-256")
        ),
        pytest.param(
            lambda s: {"sasl": Sasl(user_secret=USER, password_secret=PASSWORD)},
            SASL_PASSWORD,
            "wants no SASL on this port",
            id="sasl where none is wanted",
        ),
        pytest.param(
            lambda s: {"url": s.sasl_bootstrap},
            "",
            "closes the connection: does this port want `tls` or `sasl`?",
            id="no sasl where it is wanted",
        ),
        pytest.param(
            lambda s: {"url": s.tls_bootstrap, "tls": ClientTls(enabled=True)},
            "",
            "shows a certificate that is not trusted",
            id="an unknown authority",
        ),
        pytest.param(
            lambda s: {"tls": ClientTls(enabled=True)}, "", "does this port speak TLS", id="tls where none is"
        ),
        pytest.param(
            lambda s: {"consumer_group": None, "partition": "7"},
            "",
            "has no partition 7; it has: 0",
            id="partition",
        ),
        pytest.param(
            lambda s: {"topic": "no spaces allowed"},
            "",
            "this cannot be the name of a topic",
            id="topic name",
        ),
    ],
)
async def test_each_failure_has_a_text_of_its_own(
    cluster: Cluster, fields: Callable[[KafkaServer], dict[str, Any]], password: str, text: str
) -> None:
    topic = await cluster.topic()
    settings = config(cluster.server, topic, **{"consumer_group": group(), **fields(cluster.server)})
    vault = Vault(cluster.server, password=password)

    with pytest.raises(PullFailed) as failure:
        await next_batch(kafka(settings), vault)

    assert text in str(failure.value)
    assert "wrong-one" not in str(failure.value)


async def test_a_broker_that_is_back_within_the_connection_backoff_is_no_failure(
    own_kafka: KafkaServer, bus: SqliteBus
) -> None:
    async with connect(own_kafka) as cluster:
        topic = await cluster.topic()
        await cluster.write(topic, b"1")
    own_kafka.stop()
    backoff = ConnectionBackoff(duration="200ms", jitter=0, steps=100)
    source = kafka(config(own_kafka, topic, consumer_group=group(), connection_backoff=backoff))

    async with running(bus, own_kafka, source) as gateway:
        await asyncio.to_thread(own_kafka.restart)
        assert bodies(await gateway.until_stored(1)) == [1]
        assert gateway.status.restarts == 0


async def test_brokers_whose_own_addresses_do_not_answer_are_told_from_others(cluster: Cluster) -> None:
    """The most frequent fault of a new cluster: the first address answers, the advertised ones do not."""
    silent = await asyncio.start_server(lambda _reader, writer: held.append(writer), "127.0.0.1", 0)
    held: list[asyncio.StreamWriter] = []
    port = silent.sockets[0].getsockname()[1]
    settings = config(cluster.server, await cluster.topic(), consumer_group=group())
    client = KafkaClient(settings, KafkaTimes(start_timeout_s=0.3), namespace="ci", name="x", secrets={})
    await client.ask_brokers()
    elsewhere = settings.model_copy(update={"url": f"127.0.0.1:{port}"})
    away = KafkaClient(elsewhere, KafkaTimes(), namespace="ci", name="x", secrets={}).consumer(group_id="g")

    with pytest.raises(PullFailed, match=rf"\({cluster.server.bootstrap}\): are their advertised\.listeners"):
        await client.start(away)

    for writer in held:
        writer.close()
    silent.close()
    await silent.wait_closed()
