"""Deliveries that change one object in a real API server: in order, once, and never backwards."""

from __future__ import annotations

import json

import pytest

from tests.servers.proxy import Delay, FaultProxy, LoseAnswer
from tests.stories import deliveries, resources
from tests.stories.process import Kikkake, wait_until

pytestmark = pytest.mark.kube

PATIENT = "{steps: 100, duration: 100ms, factor: 1, jitter: 0}"


@pytest.fixture
def gateway(kikkake: Kikkake, kube_server, kube_namespace) -> Kikkake:
    kikkake.arguments += ["--kubeconfig", str(kube_server.kubeconfig)]
    kikkake.write("github.yaml", resources.github(namespace=kube_namespace))
    return kikkake


@pytest.fixture
def live(kube_reader, kube_namespace):
    """The one object, as it is."""
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps/release"
    return lambda: kube_reader.get(path)


def release(operation: str, namespace: str, **more: object) -> str:
    """A Sensor that writes the commit into the ConfigMap `release`."""
    source = {"resource": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "release"}}}
    parameter = {"src": {"dependencyName": "push", "dataKey": "body.after"}, "dest": "data.commit"}
    member = {"operation": operation, "source": source, "parameters": [parameter], **more}
    return resources.sensor(f"k8s: {json.dumps(member)}", namespace=namespace, retry=PATIENT)


@pytest.mark.parametrize("operation", ["apply", "update", "patch"])
def test_the_newest_of_many_pushes_is_what_stays(gateway, kube_namespace, live, operation):
    gateway.write("release.yaml", release(operation, kube_namespace))
    gateway.start()

    for number in range(20):
        gateway.deliver(deliveries.push(f"d{number}", commit=f"commit-{number}"))
    gateway.wait_idle()

    assert live()["data"] == {"commit": "commit-19"}
    assert gateway.command("dead-letters").out == "Nothing was given up.\n"


def test_the_newest_stays_also_where_a_program_prepares_the_events(gateway, kube_namespace, live):
    """What an effect is about is known only after its program ran, in another process."""
    source = {"resource": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "release"}}}
    parameter = {"src": {"dependencyName": "push", "dataKey": "after"}, "dest": "data.commit"}
    member = {"operation": "update", "source": source, "parameters": [parameter]}
    trigger = f"k8s: {json.dumps(member)}"
    gateway.write(
        "release.yaml", resources.scripted(trigger, name="release", namespace=kube_namespace, jq=".body")
    )
    gateway.start()

    for number in range(10):
        gateway.deliver(deliveries.push(f"d{number}", commit=f"commit-{number}"))
    # A Sensor with a program has a place of its own, behind the one that idleness looks at.
    wait_until(lambda: (live() or {}).get("data") == {"commit": "commit-9"})
    gateway.wait_idle()

    assert live()["data"] == {"commit": "commit-9"}
    assert gateway.command("dead-letters").out == "Nothing was given up.\n"


def test_an_apply_that_was_given_up_does_not_come_back_over_a_newer_one(
    gateway, kube_reader, kube_namespace, live
):
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps"
    named = {"metadata": {"name": "release"}, "data": {"commit": "of somebody else"}}
    kube_reader.create(path, {"apiVersion": "v1", "kind": "ConfigMap", **named})
    gateway.write("release.yaml", release("apply", kube_namespace))
    gateway.start()
    gateway.deliver(deliveries.push("d-old", commit="old"))
    gateway.wait_idle()
    [letter] = gateway.command("dead-letters", "-o", "json").lines
    assert letter["reason"] == "ApplyConflict"
    kube_reader.delete(f"{path}/release")
    gateway.deliver(deliveries.push("d-new", commit="new"))
    gateway.wait_idle()

    assert gateway.command(*letter["replay"].split()[1:]).code == 0
    gateway.wait_idle()

    assert live()["data"] == {"commit": "new"}
    assert "superseded by a newer event" in gateway.command("explain", "d-old").out


def test_a_change_that_waits_for_an_older_one_says_for_which(
    kikkake, kube_server, kube_namespace, background, live, tmp_path
):
    proxy = FaultProxy(kube_server)
    background.run(proxy.__aenter__())
    kikkake.arguments += [
        "--kubeconfig",
        str(kube_server.write_kubeconfig(tmp_path / "proxied", url=proxy.url)),
    ]
    kikkake.write("github.yaml", resources.github(namespace=kube_namespace))
    kikkake.write("release.yaml", release("patch", kube_namespace))
    kikkake.start()
    background.run(proxy.refuse())

    for number in (1, 2):
        kikkake.deliver(deliveries.push(f"d{number}", commit=f"commit-{number}"))
    wait_until(lambda: "waits for effect 1, which is older" in kikkake.command("explain", "d2").out)
    assert "cannot be reached" in kikkake.command("explain", "d1").out
    background.run(proxy.accept())
    kikkake.wait_idle()

    assert live()["data"] == {"commit": "commit-2"}
    background.run(proxy.__aexit__(None, None, None))


def test_a_gateway_that_is_killed_amid_a_json_patch_adds_nothing_twice(
    kikkake, kube_server, kube_reader, kube_namespace, background, live, tmp_path
):
    """The API server did it, the answer was lost, and the process with it."""
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps"
    listed = {"name": "release", "finalizers": ["kikkake.test/first"]}
    kube_reader.create(path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": listed})
    proxy = FaultProxy(kube_server, hits=lambda method, _target: method == "PATCH")
    background.run(proxy.__aenter__())
    config = kube_server.write_kubeconfig(tmp_path / "proxied", url=proxy.url)
    kikkake.arguments += ["--kubeconfig", str(config)]
    kikkake.write("github.yaml", resources.github(namespace=kube_namespace))
    operation = {"op": "add", "path": "/metadata/finalizers/-", "value": "kikkake.test/second"}
    more = {"patchStrategy": "application/json-patch+json", "jsonPatch": [operation], "parameters": []}
    kikkake.write("release.yaml", release("patch", kube_namespace, **more))
    proxy.plan += [LoseAnswer(), Delay(30)]
    kikkake.start()

    kikkake.deliver(deliveries.push("d1"))
    wait_until(lambda: len(live()["metadata"]["finalizers"]) == 2)
    kikkake.kill()
    proxy.plan.clear()
    kikkake.start()
    kikkake.wait_idle()

    assert live()["metadata"]["finalizers"] == ["kikkake.test/first", "kikkake.test/second"]
    assert "it was done before" in kikkake.command("explain", "d1").out
    background.run(proxy.__aexit__(None, None, None))
