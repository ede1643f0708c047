"""An object counts as made when it has its labels (spec-sensors 7.2), in a real API server."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from events.clock import parse_time
from tests.stories import deliveries, resources
from tests.stories.process import Kikkake, wait_for, wait_until

pytestmark = pytest.mark.kube

READY = {"state": "ready"}
PATIENT = {"steps": 600, "duration": "50ms", "factor": 1, "jitter": 0}


@pytest.fixture
def gateway(kikkake: Kikkake, kube_server, kube_namespace) -> Kikkake:
    kikkake.arguments += ["--kubeconfig", str(kube_server.kubeconfig)]
    kikkake.write("github.yaml", resources.github(namespace=kube_namespace))
    return kikkake


@pytest.fixture
def objects(kube_reader, kube_namespace):
    """Every object that the gateway has made."""
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps"
    return lambda: kube_reader.list(path, labels="events.argoproj.io/sensor")


@pytest.fixture
def label(kube_reader, kube_namespace):
    """Give an object the labels that were waited for."""

    def give(made: dict[str, Any]) -> None:
        path = f"/api/v1/namespaces/{kube_namespace}/configmaps/{made['metadata']['name']}"
        kube_reader.patch(path, {"metadata": {"labels": READY}})

    return give


def build(namespace: str, backoff: dict[str, Any], *, is_error: bool) -> str:
    policy = {"k8s": {"labels": READY, "backoff": backoff, "errorOnBackoffTimeout": is_error}}
    return resources.sensor(resources.config_map(), namespace=namespace, policy=json.dumps(policy))


def effect(gateway: Kikkake, event: str = "d1") -> dict[str, Any]:
    """The one effect of an event."""
    [sensor] = gateway.api(f"events/{event}/explanation")["sensors"]
    [found] = sensor["triggers"][0]["effects"]
    return found


def test_it_is_done_only_when_the_object_has_got_its_label(gateway, kube_namespace, objects, label):
    gateway.write("build.yaml", build(kube_namespace, PATIENT, is_error=True))
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    [made] = wait_for(objects)
    assert effect(gateway)["state"] == "open"

    labelled_us = time.time() * 1_000_000
    label(made)
    gateway.wait_idle()

    done = effect(gateway)
    [attempt] = done["attempts"]
    assert done["state"] == "done"
    assert "labels of the policy" in attempt["answer"], attempt
    assert (parse_time(attempt["startedAt"]) or 0) + attempt["tookUs"] >= labelled_us
    assert [one["metadata"]["uid"] for one in objects()] == [made["metadata"]["uid"]]


def test_a_label_that_never_comes_is_a_dead_letter_where_the_policy_says_so(
    gateway, kube_namespace, objects, label
):
    gateway.write("build.yaml", build(kube_namespace, {**PATIENT, "steps": 3}, is_error=True))
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    gateway.wait_idle()

    [letter] = gateway.command("dead-letters", "-o", "json").lines
    assert letter["reason"] == "PolicyFailed"
    assert "state" in letter["detail"]
    [made] = objects()
    label(made)
    assert gateway.command(*letter["replay"].split()[1:]).code == 0
    gateway.wait_idle()
    assert effect(gateway)["state"] == "done"
    assert [one["metadata"]["uid"] for one in objects()] == [made["metadata"]["uid"]], "it was not made again"


def test_a_label_that_never_comes_is_no_fault_where_the_policy_does_not_say_so(
    gateway, kube_namespace, objects
):
    gateway.write("build.yaml", build(kube_namespace, {**PATIENT, "steps": 3}, is_error=False))
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    gateway.wait_idle()

    [attempt] = effect(gateway)["attempts"]
    assert "without the labels" in attempt["answer"]
    assert len(objects()) == 1
    assert gateway.command("dead-letters").out == "Nothing was given up.\n"


def test_a_gateway_that_is_killed_while_it_waits_waits_again_and_makes_nothing_twice(
    gateway, kube_namespace, objects, label
):
    gateway.write("build.yaml", build(kube_namespace, PATIENT, is_error=True))
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    [made] = wait_for(objects)

    for number in (2, 3):
        gateway.kill()
        gateway.start()
        wait_until(lambda number=number: effect(gateway)["attempt"] == number)
        assert effect(gateway)["state"] == "open", "it waits again"
    label(made)
    gateway.wait_idle()

    assert effect(gateway)["state"] == "done"
    assert [one["metadata"]["uid"] for one in objects()] == [made["metadata"]["uid"]]
    assert gateway.command("dead-letters").out == "Nothing was given up.\n"
