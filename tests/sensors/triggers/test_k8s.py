"""Creating objects in a real API server: every answer of spec: effects 3.1."""

import json

import pytest

from events.clock import ManualClock
from events.event import Event
from events.ports import SecretUnavailable
from kikkake.kube import connect_kubeconfig
from sensors.kube_object import EFFECT_ID, EVENT_IDS, PROOF, RENDERED_SHA256
from sensors.trigger import AttemptContext, Done, Failed, OnFailure, RenderContext, TriggerServices
from sensors.triggers.k8s import K8s
from tests.servers.proxy import Answer, CutBefore, FaultProxy, LoseAnswer, too_many_requests

pytestmark = pytest.mark.kube

NOW_US = 1_790_000_000_000_000
EFFECT = bytes(range(32))


class NoSecrets:
    async def read(self, ref):
        raise SecretUnavailable(str(ref))


def config_map(**metadata):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": "v"}}


def member(resource, **more):
    return json.dumps({"source": {"resource": resource}, **more}).encode()


def parameter(path, dest):
    return {"src": {"dependencyName": "push", "dataKey": path}, "dest": dest}


def render(spec, *, namespace="ci", effect_id=EFFECT, store_key=b"key", data=b"{}"):
    event = Event(id="d1", source="gh", type="github", datacontenttype="application/json", data=data)
    context = RenderContext(
        namespace=namespace,
        sensor="images",
        trigger="build",
        effect_id=effect_id,
        event_ids=("d1",),
        fired_us=NOW_US,
        store_key=store_key,
    )
    return K8s.render(spec, {"push": event}, context)


def attempt(number=1, **changes):
    values = {
        "namespace": "ci",
        "sensor": "images",
        "trigger": "build",
        "effect_id": EFFECT,
        "number": number,
        "was_in_doubt": False,
        "first_intent_us": NOW_US,
        "at_least_once": False,
    }
    return AttemptContext(**{**values, **changes})


def trigger_on(kube, clock=None):
    services = TriggerServices(
        kube=kube, secrets=NoSecrets(), clock=clock or ManualClock(NOW_US), store_key=b"key"
    )
    return K8s(services)


@pytest.fixture
async def trigger(kube_client):
    return trigger_on(kube_client)


@pytest.fixture
async def proxy(kube_server):
    async with FaultProxy(kube_server) as proxy:
        yield proxy


@pytest.fixture
async def proxied(kube_server, proxy, tmp_path):
    client = await connect_kubeconfig(kube_server.write_kubeconfig(tmp_path / "config", url=proxy.url))
    yield client
    await client.close()


def path_of(namespace, name=""):
    return f"/api/v1/namespaces/{namespace}/configmaps/{name}".rstrip("/")


async def test_what_was_rendered_is_what_is_created(trigger, kube_reader, kube_namespace):
    rendered = render(member(config_map(generateName="build-")), namespace=kube_namespace)

    outcome = await trigger.fire(rendered, attempt())

    name = json.loads(rendered)["metadata"]["name"]
    live = kube_reader.get(path_of(kube_namespace, name))
    assert isinstance(outcome, Done)
    assert outcome.result["object"] == f"ConfigMap {kube_namespace}/{name}"
    assert outcome.result["uid"] == live["metadata"]["uid"]
    assert live["metadata"]["generateName"] == "build-"
    assert live["metadata"]["labels"] == {
        "events.argoproj.io/sensor": "images",
        "events.argoproj.io/trigger": "build",
        "events.argoproj.io/action-timestamp": str(NOW_US // 1000),
    }
    assert set(live["metadata"]["annotations"]) == {EFFECT_ID, EVENT_IDS, RENDERED_SHA256, PROOF}
    assert live["metadata"]["annotations"][EFFECT_ID] == EFFECT.hex()


async def test_firing_again_finds_the_same_object(trigger, kube_reader, kube_namespace):
    rendered = render(member(config_map(generateName="build-")), namespace=kube_namespace)

    first = await trigger.fire(rendered, attempt())
    second = await trigger.fire(rendered, attempt(2, was_in_doubt=True))

    assert isinstance(second, Done)
    assert second.answer == "409 AlreadyExists, and it is ours"
    assert second.result["uid"] == first.result["uid"]
    assert len(kube_reader.list(path_of(kube_namespace))) == 1


async def test_an_answer_lost_after_success_is_in_doubt_and_the_repeat_is_done(
    proxied, proxy, kube_reader, kube_namespace
):
    trigger = trigger_on(proxied)
    rendered = render(member(config_map(generateName="build-")), namespace=kube_namespace)
    proxy.plan.append(LoseAnswer())

    first = await trigger.fire(rendered, attempt())
    second = await trigger.fire(rendered, attempt(2, was_in_doubt=True))

    assert isinstance(first, Failed)
    assert (first.reason, first.in_doubt, first.then) == ("NoAnswer", True, OnFailure.RETRY)
    assert isinstance(second, Done)
    assert len(kube_reader.list(path_of(kube_namespace))) == 1


async def test_a_connection_cut_after_sending_is_in_doubt_too(proxied, proxy, kube_namespace):
    rendered = render(member(config_map(generateName="build-")), namespace=kube_namespace)
    proxy.plan.append(CutBefore())

    outcome = await trigger_on(proxied).fire(rendered, attempt())

    assert isinstance(outcome, Failed)
    assert outcome.in_doubt


async def test_a_refused_connection_was_not_sent(proxied, proxy, kube_namespace):
    rendered = render(member(config_map(generateName="build-")), namespace=kube_namespace)
    await proxy.refuse()

    outcome = await trigger_on(proxied).fire(rendered, attempt())

    assert (outcome.reason, outcome.in_doubt, outcome.then) == ("Unreachable", False, OnFailure.RETRY)


async def test_a_name_of_somebody_else_is_never_overwritten(trigger, kube_reader, kube_namespace):
    kube_reader.create(path_of(kube_namespace), config_map(name="settings"))
    rendered = render(member(config_map(name="settings")), namespace=kube_namespace)

    outcome = await trigger.fire(rendered, attempt())

    assert (outcome.reason, outcome.then) == ("NameTaken", OnFailure.GIVE_UP)
    assert f"ConfigMap {kube_namespace}/settings exists already" in outcome.detail


async def test_a_name_taken_by_another_effect_says_by_which_trigger(trigger, kube_namespace):
    spec = member(config_map(name="settings"))
    await trigger.fire(render(spec, namespace=kube_namespace), attempt())

    outcome = await trigger.fire(render(spec, namespace=kube_namespace, effect_id=b"x" * 32), attempt())

    assert outcome.reason == "NameTaken"
    assert "made by trigger build of sensor images for other events" in outcome.detail


async def test_an_object_planted_under_our_effect_id_is_foreign(trigger, kube_namespace):
    spec = member(config_map(name="planted"))
    await trigger.fire(render(spec, namespace=kube_namespace, store_key=b"not ours"), attempt())

    outcome = await trigger.fire(render(spec, namespace=kube_namespace), attempt())

    assert (outcome.reason, outcome.then) == ("ForeignObject", OnFailure.GIVE_UP)


async def test_our_object_in_deletion_was_created_and_is_done(trigger, kube_reader, kube_namespace):
    held = config_map(name="going", finalizers=["kikkake.test/hold"])
    rendered = render(member(held), namespace=kube_namespace)
    await trigger.fire(rendered, attempt())
    kube_reader.delete(path_of(kube_namespace, "going"))

    outcome = await trigger.fire(rendered, attempt(2, was_in_doubt=True))

    assert isinstance(outcome, Done)
    assert outcome.answer == "409 AlreadyExists, and it is ours, being deleted"


async def test_a_foreign_object_in_deletion_is_waited_for(trigger, kube_reader, kube_namespace):
    kube_reader.create(path_of(kube_namespace), config_map(name="going", finalizers=["kikkake.test/hold"]))
    kube_reader.delete(path_of(kube_namespace, "going"))

    outcome = await trigger.fire(
        render(member(config_map(name="going")), namespace=kube_namespace), attempt()
    )

    assert (outcome.reason, outcome.then) == ("NameTaken", OnFailure.RETRY)


async def test_a_missing_right_says_how_to_give_it(kube_server, kube_namespace, tmp_path):
    config = kube_server.write_kubeconfig(tmp_path / "config", token=kube_server.stranger_token)
    client = await connect_kubeconfig(config)
    try:
        rendered = render(member(config_map(generateName="x-")), namespace=kube_namespace)
        outcome = await trigger_on(client).fire(rendered, attempt())
    finally:
        await client.close()

    assert (outcome.reason, outcome.then) == ("Forbidden", OnFailure.RETRY_BRIEFLY)
    assert (
        f"stranger cannot create configmaps in {kube_namespace}. To allow: kubectl create role"
        in outcome.detail
    )


async def test_a_missing_namespace_may_come_late(trigger):
    outcome = await trigger.fire(render(member(config_map(name="x")), namespace="nowhere"), attempt())

    assert (outcome.reason, outcome.then) == ("TargetNotFound", OnFailure.RETRY_BRIEFLY)


@pytest.mark.parametrize(
    "kind",
    [
        {"apiVersion": "v1", "kind": "Nonsense"},
        {"apiVersion": "nowhere.kikkake.test/v1", "kind": "Workflow"},
    ],
)
async def test_a_missing_kind_may_come_late(trigger, kube_namespace, kind):
    rendered = render(member({**kind, "metadata": {"name": "x"}}), namespace=kube_namespace)

    outcome = await trigger.fire(rendered, attempt())

    assert (outcome.reason, outcome.then) == ("TargetNotFound", OnFailure.RETRY_BRIEFLY)


async def test_an_invalid_object_is_given_up_with_the_causes(trigger, kube_namespace):
    broken = config_map(name="x", labels={"app": "not a label!"})

    outcome = await trigger.fire(render(member(broken), namespace=kube_namespace), attempt())

    assert (outcome.reason, outcome.then) == ("ObjectInvalid", OnFailure.GIVE_UP)
    assert "metadata.labels" in outcome.detail
    assert len(outcome.detail) <= 1024


async def test_an_object_that_is_too_large_is_given_up_with_its_size(trigger, kube_namespace):
    huge = {**config_map(name="x"), "data": {"k": "x" * 3_500_000}}

    outcome = await trigger.fire(render(member(huge), namespace=kube_namespace), attempt())

    assert (outcome.reason, outcome.then) == ("ObjectTooLarge", OnFailure.GIVE_UP)
    assert "1.5 MiB" in outcome.detail


async def test_an_exceeded_quota_is_retried(proxied, proxy, kube_namespace):
    """The quota controller is not part of the tests' servers: its answer as the API server words it."""
    status = {
        "kind": "Status",
        "reason": "Forbidden",
        "message": 'configmaps "x" is forbidden: exceeded quota: few, requested: count/configmaps=1',
    }
    proxy.plan.append(Answer(403, body=json.dumps(status).encode()))

    outcome = await trigger_on(proxied).fire(
        render(member(config_map(name="x")), namespace=kube_namespace), attempt()
    )

    assert (outcome.reason, outcome.then) == ("QuotaExceeded", OnFailure.RETRY)


async def test_a_busy_server_leads_and_it_counts_as_no_attempt(proxied, proxy, kube_namespace):
    proxy.plan.append(too_many_requests(7))

    outcome = await trigger_on(proxied).fire(
        render(member(config_map(name="x")), namespace=kube_namespace), attempt()
    )

    assert (outcome.reason, outcome.counts, outcome.retry_after_s) == ("TooManyRequests", False, 7.0)


@pytest.mark.parametrize("status", [500, 503])
async def test_a_server_error_is_retried_with_the_same_name(proxied, proxy, kube_namespace, status):
    proxy.plan.append(Answer(status))
    rendered = render(member(config_map(name="x")), namespace=kube_namespace)

    first = await trigger_on(proxied).fire(rendered, attempt())
    second = await trigger_on(proxied).fire(rendered, attempt(2))

    assert (first.reason, first.then, first.in_doubt) == ("ServerError", OnFailure.RETRY, False)
    assert isinstance(second, Done)


async def test_a_kind_that_has_no_namespace_is_created_without_one(trigger, kube_reader, kube_namespace):
    storage = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": f"class-{kube_namespace}"},
        "provisioner": "kikkake.test/none",
    }
    rendered = render(member(storage), namespace=kube_namespace)

    first = await trigger.fire(rendered, attempt())
    second = await trigger.fire(rendered, attempt(2))

    assert kube_reader.get(f"/apis/storage.k8s.io/v1/storageclasses/class-{kube_namespace}") is not None
    assert isinstance(first, Done)
    assert second.answer == "409 AlreadyExists, and it is ours"


def job(name, **spec):
    pod = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "x"}]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": pod, **spec},
    }


async def test_after_an_outage_a_short_lived_object_that_is_gone_stays_in_doubt(kube_client, kube_namespace):
    clock = ManualClock(NOW_US)
    trigger = trigger_on(kube_client, clock)
    rendered = render(member(job("j", ttlSecondsAfterFinished=60)), namespace=kube_namespace)
    clock.advance(300)

    outcome = await trigger.fire(rendered, attempt(2, was_in_doubt=True))

    assert (outcome.reason, outcome.in_doubt, outcome.then) == ("InDoubt", True, OnFailure.GIVE_UP)


async def test_with_at_least_once_it_is_created_again_and_says_so(kube_client, kube_namespace):
    clock = ManualClock(NOW_US)
    trigger = trigger_on(kube_client, clock)
    rendered = render(member(job("j", ttlSecondsAfterFinished=60)), namespace=kube_namespace)
    clock.advance(300)

    outcome = await trigger.fire(rendered, attempt(2, was_in_doubt=True, at_least_once=True))

    assert isinstance(outcome, Done)
    assert outcome.result["possibleDuplicate"] is True


@pytest.mark.parametrize(
    ("doubt_s", "ttl"), [pytest.param(59, 10, id="young doubt"), pytest.param(300, 3600, id="long life")]
)
async def test_a_doubt_that_the_name_still_covers_is_repeated(kube_client, kube_namespace, doubt_s, ttl):
    clock = ManualClock(NOW_US)
    trigger = trigger_on(kube_client, clock)
    rendered = render(member(job("j", ttlSecondsAfterFinished=ttl)), namespace=kube_namespace)
    clock.advance(doubt_s)

    outcome = await trigger.fire(rendered, attempt(2, was_in_doubt=True))

    assert outcome.answer == "201 Created"


async def test_without_a_cluster_it_says_how_to_name_one():
    outcome = await trigger_on(None).fire(render(member(config_map(name="x"))), attempt())

    assert outcome.reason == "NoCluster"
    assert "--context" in outcome.detail
