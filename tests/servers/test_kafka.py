import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.helpers import create_ssl_context

from tests.conftest import require
from tests.servers.kafka import SASL_PASSWORD, SASL_USER, KafkaServer
from tests.servers.kafka_client import Record, create_topic, produce

pytestmark = pytest.mark.kafka


async def values(bootstrap, topic, count, **security):
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", **security)
    await consumer.start()
    try:
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_what_is_produced_is_consumed_in_order(kafka_server):
    await create_topic(kafka_server.bootstrap, "plain")

    places = await produce(
        kafka_server.bootstrap, "plain", [Record(value=b"1"), Record(value=b"2", key=b"k")]
    )

    assert places == [(0, 0), (0, 1)]
    assert await values(kafka_server.bootstrap, "plain", 2) == [b"1", b"2"]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_the_sasl_listener_takes_its_user(kafka_server, mechanism):
    topic = f"sasl-{mechanism}"
    await create_topic(kafka_server.bootstrap, topic)
    await produce(kafka_server.bootstrap, topic, [Record(value=b"1")])

    security = {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": SASL_USER,
        "sasl_plain_password": SASL_PASSWORD,
    }

    assert await values(kafka_server.sasl_bootstrap, topic, 1, **security) == [b"1"]


async def test_the_tls_listener_shows_a_certificate_of_our_authority(kafka_server):
    await create_topic(kafka_server.bootstrap, "tls")
    await produce(kafka_server.bootstrap, "tls", [Record(value=b"1")])

    tls = create_ssl_context(cafile=str(kafka_server.ca_file))

    assert await values(kafka_server.tls_bootstrap, "tls", 1, security_protocol="SSL", ssl_context=tls) == [
        b"1"
    ]


async def test_a_killed_broker_comes_back_with_its_records(tmp_path):
    require("kafka")
    server = KafkaServer.start(tmp_path)
    try:
        await create_topic(server.bootstrap, "kept")
        await produce(server.bootstrap, "kept", [Record(value=b"1")])

        server.kill()
        server.restart()

        assert await values(server.bootstrap, "kept", 1) == [b"1"]
    finally:
        server.stop()
