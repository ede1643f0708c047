"""The API server is away, busy, forgetful or says no (spec: effects 3.1, bad-input section 5)."""

from __future__ import annotations

import pytest

from tests.servers.proxy import Answer, LoseAnswer, too_many_requests
from tests.stories import deliveries, resources
from tests.stories.process import Kikkake, wait_for, wait_until

pytestmark = pytest.mark.kube

RETRY = "{steps: 40, duration: 100ms, factor: 1, jitter: 0}"


@pytest.fixture
def proxy(background, kube_server):
    with background.proxy(kube_server) as proxy:
        yield proxy


@pytest.fixture
def gateway(kikkake: Kikkake, kube_server, kube_namespace, proxy) -> Kikkake:
    """Creates through the proxy, as the admin."""
    kubeconfig = kube_server.write_kubeconfig(kikkake.folder / "kubeconfig", url=proxy.url)
    kikkake.arguments += ["--kubeconfig", str(kubeconfig)]
    kikkake.write("github.yaml", resources.github(namespace=kube_namespace))
    kikkake.write("build.yaml", build(kube_namespace))
    return kikkake


@pytest.fixture
def made(kube_reader, kube_namespace):
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps"
    return lambda: [one["data"] for one in kube_reader.list(path, labels="events.argoproj.io/sensor")]


def build(namespace: str, *, trigger: str = "", name: str = "build", retry: str = RETRY) -> str:
    return resources.sensor(trigger or resources.config_map(), namespace=namespace, name=name, retry=retry)


def dead_letters(gateway: Kikkake) -> list[dict]:
    """Once there is one."""
    return wait_for(lambda: gateway.command("dead-letters", "-o", "json").lines)


def test_what_arrives_while_the_api_server_is_away_is_created_when_it_is_back(
    gateway, background, proxy, made
):
    gateway.start()
    background.run(proxy.refuse())

    assert [gateway.deliver(deliveries.push(f"d{n}")).status for n in range(5)] == [200] * 5
    wait_until(lambda: "waits" in gateway.command("events").out)
    assert "cannot be reached" in gateway.command("explain", "d0").out

    background.run(proxy.accept())
    gateway.wait_idle()
    assert sorted(one["commit"] for one in made()) == [f"d{n}" for n in range(5)]


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([too_many_requests(1)], id="busy, with Retry-After"),
        pytest.param([Answer(500), Answer(503)], id="errors of its own"),
        pytest.param([LoseAnswer()], id="an answer that is lost after success"),
    ],
)
def test_a_fault_that_passes_ends_in_one_object(gateway, proxy, made, faults):
    gateway.start()
    gateway.deliver(deliveries.push("warm"))
    gateway.wait_idle()
    proxy.plan.extend(faults)

    gateway.deliver(deliveries.push("d1"))

    gateway.wait_idle()
    assert sorted(one["commit"] for one in made()) == ["d1", "warm"]
    story = gateway.command("explain", "d1").out
    assert "done at attempt" in story, story
    assert gateway.command("dead-letters").out == "Nothing was given up.\n"


def test_a_missing_right_is_a_dead_letter_that_says_how_to_get_it_and_can_be_replayed(
    gateway, kube_server, kube_reader, kube_namespace, proxy, made
):
    kube_server.write_kubeconfig(
        gateway.folder / "kubeconfig", url=proxy.url, token=kube_server.stranger_token
    )
    gateway.write("build.yaml", build(kube_namespace, retry="{steps: 2, duration: 50ms}"))
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    [letter] = dead_letters(gateway)

    assert letter["reason"] == "Forbidden"
    command = f"-configmaps-get-create --verb=get,create --resource=configmaps -n {kube_namespace}"
    assert command in letter["detail"]
    told = gateway.command("dead-letters").out
    assert letter["replay"] in told
    allow(kube_reader, kube_namespace)

    replayed = gateway.command(*letter["replay"].split()[1:])

    assert replayed.code == 0, replayed
    gateway.wait_idle()
    assert made() == [{"commit": "d1"}]
    assert gateway.command("dead-letters").out == "Nothing was given up.\n"
    assert "done" in gateway.command("explain", "d1").out


def test_everything_that_failed_is_replayed_in_one_order(
    gateway, kube_server, kube_reader, kube_namespace, proxy, made
):
    kube_server.write_kubeconfig(
        gateway.folder / "kubeconfig", url=proxy.url, token=kube_server.stranger_token
    )
    gateway.write("build.yaml", build(kube_namespace, retry="{steps: 1}"))
    gateway.start()
    for number in range(3):
        gateway.deliver(deliveries.push(f"d{number}"))
    wait_until(lambda: len(gateway.command("dead-letters", "-o", "json").lines) == 3)
    allow(kube_reader, kube_namespace)

    order = ["replay", "--failed", "--since", "1h", "--reason", "Forbidden"]
    planned = gateway.command(*order, "--dry-run")
    assert planned.code == 0
    assert made() == []
    assert gateway.command(*order).code == 0

    gateway.wait_idle()
    assert sorted(one["commit"] for one in made()) == ["d0", "d1", "d2"]
    again = gateway.command(*order)
    assert again.code == 0
    gateway.wait_idle()
    assert len(made()) == 3


def test_an_invalid_object_is_given_up_at_once_and_made_after_the_sensor_was_mended(
    gateway, kube_namespace, made
):
    bad = resources.config_map().replace("generateName: made-", "generateName: made-, labels: {a: '-'}")
    gateway.write("build.yaml", build(kube_namespace, trigger=bad))
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    [letter] = dead_letters(gateway)

    assert letter["reason"] == "ObjectInvalid"
    assert "metadata.labels" in letter["detail"]
    [story] = gateway.command("explain", "d1", "-o", "json").lines
    [effect] = story["sensors"][0]["triggers"][0]["effects"]
    assert effect["attempt"] == 1

    gateway.write("build.yaml", build(kube_namespace))
    wait_until(lambda: "resource.changed" in gateway.said())
    assert gateway.command("replay", "d1", "--as-new").code == 0
    gateway.wait_idle()
    assert made() == [{"commit": "d1"}]


def test_a_name_that_somebody_else_has_is_never_overwritten(gateway, kube_reader, kube_namespace, made):
    """Made by hand, or by another event of the same trigger: both are told, with different words."""
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps"
    kube_reader.create(path, {"metadata": {"name": "by-hand"}, "data": {"mine": "yes"}})
    for name in ("by-hand", "ours"):
        gateway.write(f"{name}.yaml", build(kube_namespace, trigger=resources.static_name(name), name=name))
    gateway.resources.joinpath("build.yaml").unlink()
    gateway.start()

    gateway.deliver(deliveries.push("d1"))
    wait_until(lambda: len(made()) == 1)
    gateway.deliver(deliveries.push("d2"))

    gateway.wait_idle()
    letters = {(one["sensor"].partition("/")[2], one["sequence"]): one for one in dead_letters(gateway)}
    assert {key: one["reason"] for key, one in letters.items()} == {
        ("by-hand", 1): "NameTaken",
        ("by-hand", 2): "NameTaken",
        ("ours", 2): "NameTaken",
    }
    assert kube_reader.get(f"{path}/by-hand")["data"] == {"mine": "yes"}


def test_an_object_with_a_forged_proof_is_told_as_foreign(gateway, kube_reader, kube_namespace):
    """Somebody with create rights plants an object under the name that is going to come, with our effect id."""
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps"
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    gateway.wait_idle()
    [ours] = kube_reader.list(path, labels="events.argoproj.io/sensor")
    name, annotations = ours["metadata"]["name"], ours["metadata"]["annotations"]
    kube_reader.delete(f"{path}/{name}")
    kube_reader.create(
        path, {"metadata": {"name": name, "annotations": {**annotations, "kikkake/proof": "0" * 64}}}
    )
    assert gateway.stop() == 0
    # The store is lost, its key with it: the same event has the same effect, and the next process meets the plant.
    gateway.data.rename(gateway.folder / "old")
    gateway.start()

    gateway.deliver(deliveries.push("d1"))

    [letter] = dead_letters(gateway)
    assert letter["reason"] == "ForeignObject"


def allow(reader, namespace):
    """What the dead letter says, by plain HTTP."""
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create"]}
    reader.create(f"{rbac}/roles", {"metadata": {"name": "k"}, "rules": [rule]})
    reader.create(
        f"{rbac}/rolebindings",
        {
            "metadata": {"name": "k"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "k"},
            "subjects": [{"kind": "User", "name": "stranger", "apiGroup": "rbac.authorization.k8s.io"}],
        },
    )
