"""A delivery from outside becomes an object in a real API server, once; and a person can ask why."""

from __future__ import annotations

import json
import secrets
import subprocess

import pytest

from tests.conftest import require
from tests.servers.kafka_client import Record, create_topic, produce
from tests.servers.kubectl import find_kubectl
from tests.stories import deliveries, resources
from tests.stories.process import Kikkake, wait_until

pytestmark = pytest.mark.kube


@pytest.fixture
def config_maps(kube_reader, kube_namespace):
    """Those that the gateway made in the namespace of the test."""
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps"

    def listed():
        return kube_reader.list(path, labels="events.argoproj.io/sensor")

    return listed


@pytest.fixture
def gateway(kikkake: Kikkake, kube_server) -> Kikkake:
    kikkake.arguments += ["--kubeconfig", str(kube_server.kubeconfig)]
    return kikkake


def test_a_signed_push_creates_one_object_and_everything_else_is_explained(
    gateway, kube_server, kube_namespace
):
    """Read back with kubectl, which shares nothing with us."""
    require("kubectl")
    gateway.write("github.yaml", resources.github(namespace=kube_namespace))
    gateway.write("build.yaml", resources.sensor(resources.config_map(), namespace=kube_namespace))
    gateway.start()

    first = gateway.deliver(deliveries.push("d-main", commit="3b18e512"))
    again = gateway.deliver(deliveries.push("d-main", commit="3b18e512"))
    other = gateway.deliver(deliveries.push("d-dev", branch="dev"))

    assert [answer.status for answer in (first, again, other)] == [200, 200, 200]
    assert [answer.body.get("duplicate", False) for answer in (first, again, other)] == [False, True, False]
    gateway.wait_idle()
    made = kubectl(kube_server, kube_namespace, "-l", "events.argoproj.io/sensor=build")
    assert [one["data"] for one in made] == [{"commit": "3b18e512"}]
    assert made[0]["metadata"]["annotations"]["kikkake/event-ids"] == "d-main"

    why = gateway.command("explain", "d-main")
    assert why.code == 0
    name = made[0]["metadata"]["name"]
    for words in ("verified  HMAC-SHA256", f"ConfigMap {kube_namespace}/{name}", "done at attempt 1"):
        assert words in why.out, why.out
    why_not = gateway.command("explain", "d-dev")
    assert "body.ref is `refs/heads/dev`, wanted `^refs/heads/main$`" in why_not.out, why_not.out
    assert len(gateway.command("events", "-o", "json").lines) == 2, "a redelivery is no other event"


def test_a_pushed_image_has_the_common_model_of_an_artifact(gateway, kube_namespace, config_maps):
    gateway.write("harbor.yaml", resources.harbor(namespace=kube_namespace))
    sensor = resources.sensor(
        resources.config_map(
            digest="push:artifact.digest", tag="push:artifact.tags.0", repository="push:artifact.repository"
        ),
        namespace=kube_namespace,
        branch="^shop/cart$",
    )
    sensor = sensor.replace("eventSourceName: github", "eventSourceName: harbor")
    sensor = sensor.replace("eventName: push", "eventName: image").replace("body.ref", "artifact.repository")
    gateway.write("roll-out.yaml", sensor)
    gateway.start()
    digest = f"sha256:{'a1' * 32}"

    answers = [gateway.deliver(deliveries.image("v1.2.3", digest=digest)) for _ in range(2)]

    assert [answer.status for answer in answers] == [202, 202]
    gateway.wait_idle()
    assert [one["data"] for one in config_maps()] == [
        {"digest": digest, "tag": "v1.2.3", "repository": "shop/cart"}
    ]


def test_a_join_waits_for_both_sources_and_says_what_is_missing(gateway, kube_namespace, config_maps):
    sources = (resources.github(namespace=kube_namespace), resources.harbor(namespace=kube_namespace))
    gateway.write("sources.yaml", *sources)
    trigger = resources.config_map(commit="push:body.after", tag="image:artifact.tags.0")
    gateway.write("both.yaml", resources.join(trigger, namespace=kube_namespace))
    gateway.start()

    gateway.deliver(deliveries.push("d1"))
    gateway.wait_idle()
    assert config_maps() == []
    waiting = gateway.command("explain", "d1").out
    assert "waiting" in waiting, waiting
    assert "image" in waiting, waiting

    gateway.deliver(deliveries.image("v9"))
    gateway.wait_idle()
    assert [one["data"] for one in config_maps()] == [{"commit": "d1", "tag": "v9"}]


@pytest.mark.kafka
def test_a_record_of_kafka_becomes_one_object(gateway, kube_namespace, config_maps, kafka_server, background):
    topic = f"orders-{secrets.token_hex(4)}"
    background.run(create_topic(kafka_server.bootstrap, topic))
    gateway.write(
        "orders.yaml", resources.kafka(namespace=kube_namespace, brokers=kafka_server.bootstrap, topic=topic)
    )
    sensor = resources.sensor(
        resources.config_map(order="push:body.order"), namespace=kube_namespace, branch="^paid$"
    )
    sensor = sensor.replace("eventSourceName: github", "eventSourceName: orders")
    gateway.write(
        "bill.yaml", sensor.replace("eventName: push", "eventName: placed").replace("body.ref", "body.state")
    )
    gateway.start()
    records = [order("o0", "paid"), order("o1", "open")]

    background.run(produce(kafka_server.bootstrap, topic, records))

    wait_until(lambda: gateway.api("status")["store"]["events"] == 2)
    gateway.wait_idle()
    assert [one["data"] for one in config_maps()] == [{"order": "o0"}]
    assert gateway.stop() == 0
    gateway.start()
    background.run(produce(kafka_server.bootstrap, topic, [order("o2", "paid")]))
    wait_until(lambda: gateway.api("status")["store"]["events"] == 3)
    gateway.wait_idle()
    assert sorted(one["data"]["order"] for one in config_maps()) == ["o0", "o2"], "offsets went on"


def order(name, state):
    return Record(value=json.dumps({"order": name, "state": state}).encode())


def kubectl(server, namespace, *arguments):
    command = [find_kubectl(), "--kubeconfig", server.kubeconfig, "-n", namespace]
    command += ["get", "configmaps", "-o", "json", *arguments]
    run = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return json.loads(run.stdout)["items"]
