"""Changing objects in a real API server: update, patch, apply, delete (spec-sensors 7.3; spec: effects 3.2, 3.3)."""

import functools
import json

import pytest

from events.bus import OrderMode
from events.clock import ManualClock
from events.event import Event
from events.ports import KubeError, SecretUnavailable
from kikkake.kube import connect_kubeconfig
from sensors.kube_object import EFFECT_ID, PROOF
from sensors.trigger import (
    AttemptContext,
    Done,
    Failed,
    OnFailure,
    RenderContext,
    RenderFailed,
    TriggerServices,
)
from sensors.triggers.k8s import K8s
from tests.servers.proxy import FaultProxy, LoseAnswer

NOW_US = 1_790_000_000_000_000
EFFECT = bytes(range(32))
NEWER = bytes(range(1, 33))
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"

kube = pytest.mark.kube


class NoSecrets:
    async def read(self, ref):
        raise SecretUnavailable(str(ref))


def config_map(name="settings", *, data=None, **metadata):
    value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}
    return value if data is None else {**value, "data": data}


def render(operation, resource, *, namespace="ci", effect_id=EFFECT, data=None, trigger="deploy", **more):
    event = Event(
        id="d1",
        source="gh",
        type="github",
        datacontenttype="application/json",
        data=json.dumps(data or {}).encode(),
    )
    context = RenderContext(
        namespace=namespace,
        sensor="images",
        trigger=trigger,
        effect_id=effect_id,
        event_ids=("d1",),
        fired_us=NOW_US,
        store_key=b"key",
    )
    spec = {"operation": operation, "source": {"resource": resource}, **more}
    return K8s.render(json.dumps(spec).encode(), {"push": event}, context)


def parameter(path, dest, operation=""):
    return {"src": {"dependencyName": "push", "dataKey": path}, "dest": dest, "operation": operation}


class Bench:
    """A namespace of a real API server, and one trigger on it."""

    def __init__(self, client, reader, namespace):
        self.reader = reader
        self.namespace = namespace
        self.clock = ManualClock(NOW_US)
        services = TriggerServices(kube=client, secrets=NoSecrets(), clock=self.clock, store_key=b"key")
        self.trigger = K8s(services)
        self.render = functools.partial(render, namespace=namespace)

    def path(self, name=""):
        return f"/api/v1/namespaces/{self.namespace}/configmaps/{name}".rstrip("/")

    def have(self, **data):
        return self.reader.create(self.path(), config_map(data=data))

    def live(self, name="settings"):
        return self.reader.get(self.path(name))

    async def fire(self, operation, resource, number=1, *, effect_id=EFFECT, policy=None, **more):
        rendered = self.render(operation, resource, effect_id=effect_id, **more)
        return await self.trigger.fire(rendered, self.attempt(number, effect_id, policy))

    def attempt(self, number=1, effect_id=EFFECT, policy=None):
        return AttemptContext(
            namespace=self.namespace,
            sensor="images",
            trigger="deploy",
            effect_id=effect_id,
            number=number,
            was_in_doubt=number > 1,
            first_intent_us=NOW_US,
            at_least_once=False,
            policy=policy,
        )


@pytest.fixture
def bench(kube_client, kube_reader, kube_namespace):
    return Bench(kube_client, kube_reader, kube_namespace)


@pytest.fixture
async def proxy(kube_server):
    async with FaultProxy(kube_server, hits=lambda method, _target: method != "GET") as proxy:
        yield proxy


@pytest.fixture
async def doubtful(kube_server, kube_reader, kube_namespace, proxy, tmp_path):
    """The same bench, behind a proxy that may lose answers."""
    client = await connect_kubeconfig(kube_server.write_kubeconfig(tmp_path / "config", url=proxy.url))
    yield Bench(client, kube_reader, kube_namespace)
    await client.close()


CHANGES = [
    pytest.param({"operation": "update"}, id="update"),
    pytest.param({"operation": "patch"}, id="patch"),
    pytest.param(
        {
            "operation": "patch",
            "patchStrategy": JSON_PATCH,
            "jsonPatch": [{"op": "add", "path": "/data/k", "value": "v"}],
        },
        id="JSON patch",
    ),
]


@kube
async def test_an_update_merges_maps_and_every_other_value_wins(bench):
    bench.have(a="1", b="2")

    outcome = await bench.fire("update", config_map(data={"b": "3"}, labels={"x": "y"}))

    live = bench.live()
    assert outcome.answer == "200 OK"
    assert live["data"] == {"a": "1", "b": "3"}
    assert live["metadata"]["labels"] == {"x": "y"}, "an update adds no labels of its own, as upstream"
    assert live["metadata"]["annotations"][EFFECT_ID] == EFFECT.hex()
    assert PROOF not in live["metadata"]["annotations"], "whose the object is does not change"


@kube
@pytest.mark.parametrize("operation", ["update", "patch", "apply"])
async def test_what_is_not_there_is_created(bench, operation):
    outcome = await bench.fire(operation, config_map(data={"k": "v"}))

    assert isinstance(outcome, Done)
    assert bench.live()["data"] == {"k": "v"}


@kube
@pytest.mark.parametrize("operation", ["update", "patch"])
async def test_what_they_create_has_the_marks_of_an_object_that_is_ours(bench, operation):
    await bench.fire(operation, config_map(data={"k": "v"}))

    metadata = bench.live()["metadata"]
    assert metadata["labels"]["events.argoproj.io/sensor"] == "images"
    assert {EFFECT_ID, PROOF} <= metadata["annotations"].keys()


@kube
@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_whose_answer_was_lost_is_seen_and_not_done_again(doubtful, proxy, change):
    doubtful.have(a="1")
    proxy.plan.append(LoseAnswer())

    await doubtful.fire(resource=config_map(data={"k": "v"}), **change)
    version = doubtful.live()["metadata"]["resourceVersion"]
    second = await doubtful.fire(resource=config_map(data={"k": "v"}), number=2, **change)

    assert not proxy.plan, "an answer was lost"
    assert "it was done before" in second.answer
    assert doubtful.live()["metadata"]["resourceVersion"] == version
    assert doubtful.live()["data"] == {"a": "1", "k": "v"}


@kube
async def test_a_change_by_another_effect_leaves_a_created_object_recognisable(bench):
    """Else a create in doubt would take its own object for a stranger's."""
    await bench.fire("create", config_map(data={"k": "v"}))
    await bench.fire("patch", config_map(data={"k": "w"}), effect_id=NEWER)

    again = await bench.fire("create", config_map(data={"k": "v"}), number=2)

    assert again.answer == "409 AlreadyExists, and it is ours"


@kube
async def test_an_object_that_others_change_meanwhile_is_read_again(kube_client, bench):
    made = bench.have(a="1")

    class Racing:
        """Somebody is faster, twice."""

        def __init__(self):
            self.races = 2

        def __getattr__(self, name):
            return getattr(kube_client, name)

        async def update(self, *args, **more):
            if self.races:
                self.races -= 1
                bench.reader.patch(bench.path("settings"), {"data": {f"other{self.races}": "x"}})
            return await kube_client.update(*args, **more)

    racing = Bench(Racing(), bench.reader, bench.namespace)
    outcome = await racing.fire("update", config_map(data={"a": "2"}))

    assert isinstance(outcome, Done)
    assert bench.live()["data"] == {"a": "2", "other1": "x", "other0": "x"}
    assert bench.live()["metadata"]["uid"] == made["metadata"]["uid"]


@kube
async def test_whoever_is_never_fast_enough_backs_off(kube_client, bench):
    bench.have(a="1")

    class AlwaysLate:
        def __getattr__(self, name):
            return getattr(kube_client, name)

        async def patch(self, *args, **more):
            change = {"data": {"other": str(bench.live()["metadata"]["resourceVersion"])}}
            bench.reader.patch(bench.path("settings"), change)
            return await kube_client.patch(*args, **more)

    late = Bench(AlwaysLate(), bench.reader, bench.namespace)
    outcome = await late.fire("patch", config_map(data={"a": "2"}))

    assert (outcome.reason, outcome.then, outcome.in_doubt) == ("Conflict", OnFailure.RETRY, False)
    assert bench.live()["data"]["a"] == "1"


@kube
async def test_a_live_object_keeps_what_it_has_and_gets_the_values(bench):
    bench.have(log="one", other="x")
    values = [parameter("line", "data.log", "append"), parameter("count", "data.count")]
    more = {"liveObject": True, "parameters": values, "data": {"line": ",two", "count": 2}}

    first = await bench.fire("update", config_map(), **more)
    again = await bench.fire("update", config_map(), number=2, **more)

    assert first.answer == "200 OK"
    assert "done before" in again.answer
    assert bench.live()["data"] == {"log": "one,two", "other": "x", "count": "2"}


@kube
async def test_a_live_object_that_is_not_there_is_not_made(bench):
    more = {"liveObject": True, "parameters": [parameter("a", "data.a")], "data": {"a": "1"}}

    outcome = await bench.fire("update", config_map(), **more)

    assert (outcome.reason, outcome.then) == ("TargetNotFound", OnFailure.RETRY_BRIEFLY)
    assert bench.live() is None


@kube
async def test_a_json_patch_that_adds_to_a_list_adds_once(bench):
    """Its operations may not be repeated: the guard and the effect's id make it so that they can."""
    bench.reader.create(bench.path(), config_map(data={}, finalizers=["kikkake.test/a"]))
    more = {
        "patchStrategy": JSON_PATCH,
        "jsonPatch": [{"op": "add", "path": "/metadata/finalizers/-", "value": "kikkake.test/b"}],
    }

    await bench.fire("patch", config_map(), **more)
    await bench.fire("patch", config_map(), number=2, **more)

    assert bench.live()["metadata"]["finalizers"] == ["kikkake.test/a", "kikkake.test/b"]


@kube
async def test_an_operation_that_does_not_fit_is_given_up(bench):
    bench.have(a="1")
    operations = [{"op": "test", "path": "/data/a", "value": "2"}]

    outcome = await bench.fire("patch", config_map(), patchStrategy=JSON_PATCH, jsonPatch=operations)

    assert (outcome.reason, outcome.then) == ("PatchRefused", OnFailure.GIVE_UP)
    assert "/data/a" in outcome.detail


@kube
async def test_a_json_patch_creates_nothing(bench):
    operations = [{"op": "add", "path": "/data", "value": {}}]

    outcome = await bench.fire("patch", config_map(), patchStrategy=JSON_PATCH, jsonPatch=operations)

    assert outcome.reason == "TargetNotFound"


class Removed:
    """An API server that serves a kind no more once an object of it was read; its discovery lags behind."""

    def __init__(self, message):
        self.message = message
        self.reads = 0

    async def get(self, *_place, account):
        self.reads += 1
        return config_map(uid="u", resourceVersion="7")

    async def patch(self, *_place, **_options):
        raise KubeError(404, "NotFound", self.message)

    update = patch


@pytest.mark.parametrize("operation", ["update", "patch", "apply"])
@pytest.mark.parametrize("message", ["", "the server could not find the requested resource"])
async def test_a_kind_that_is_removed_meanwhile_is_no_change_by_others(operation, message):
    server = Removed(message)

    outcome = await Bench(server, None, "ci").fire(operation, config_map(data={"k": "v"}))

    assert (outcome.reason, outcome.then, server.reads) == ("TargetNotFound", OnFailure.RETRY_BRIEFLY, 1)


@kube
@pytest.mark.parametrize("more", [{"operation": "apply"}, {"operation": "patch", "patchStrategy": APPLY}])
async def test_an_apply_has_the_manager_of_its_trigger(bench, more):
    await bench.fire(resource=config_map(data={"k": "v"}), **more)

    [managed] = bench.live()["metadata"]["managedFields"]
    assert (managed["manager"], managed["operation"]) == (f"kikkake/{bench.namespace}/images/deploy", "Apply")


@kube
async def test_an_apply_takes_back_what_the_trigger_does_not_say_any_more(bench):
    await bench.fire("apply", config_map(data={"a": "1", "b": "2"}))
    await bench.fire("apply", config_map(data={"b": "3"}), effect_id=NEWER)

    assert bench.live()["data"] == {"b": "3"}


@kube
async def test_two_triggers_apply_parts_of_one_object(bench):
    await bench.fire("apply", config_map(data={"a": "1"}))
    outcome = await bench.fire("apply", config_map(data={"b": "2"}), effect_id=NEWER, trigger="other")

    assert isinstance(outcome, Done)
    assert bench.live()["data"] == {"a": "1", "b": "2"}


@kube
async def test_a_field_of_another_manager_is_a_conflict_that_says_what_to_do(bench):
    bench.have(a="1")

    refused = await bench.fire("apply", config_map(data={"a": "2"}))
    forced = await bench.fire("apply", config_map(data={"a": "2"}), force=True)

    assert (refused.reason, refused.then) == ("ApplyConflict", OnFailure.GIVE_UP)
    assert ".data.a: conflict with " in refused.detail
    assert "k8s.force: true" in refused.detail
    assert refused.public.startswith("fields of unknown: ")
    assert ".data" not in refused.public
    assert isinstance(forced, Done)
    assert bench.live()["data"] == {"a": "2"}


@kube
async def test_a_delete_removes_the_object_and_nothing_to_delete_is_fine(bench):
    bench.have()

    first = await bench.fire("delete", config_map())
    second = await bench.fire("delete", config_map(), number=2)

    assert first.answer == "200 OK, deleted"
    assert second.answer == "404 NotFound: it is gone"
    assert bench.live() is None


@kube
async def test_an_object_that_was_made_long_after_a_delete_in_doubt_is_left_alone(bench):
    """The one that was meant is gone; somebody has made another one of the name."""
    made = bench.have()
    rendered = bench.render("delete", config_map())
    before_us = 1_000_000_000_000_000

    attempt = bench.attempt(2)
    attempt = AttemptContext(
        **{name: getattr(attempt, name) for name in attempt.__slots__} | {"first_intent_us": before_us}
    )
    outcome = await bench.trigger.fire(rendered, attempt)

    assert "was made later" in outcome.answer
    assert bench.live()["metadata"]["uid"] == made["metadata"]["uid"]


@kube
async def test_a_label_policy_looks_at_what_was_changed_and_not_at_what_was_deleted(bench):
    policy = {"k8s": {"labels": {"x": "y"}, "backoff": {"steps": 1}, "errorOnBackoffTimeout": True}}
    bench.have()

    patched = await bench.fire("patch", config_map(labels={"x": "y"}), policy=policy)
    deleted = await bench.fire("delete", config_map(), effect_id=NEWER, policy=policy)

    assert "labels of the policy" in patched.answer
    assert isinstance(deleted, Done)


@kube
@pytest.mark.parametrize(
    ("operation", "verbs"),
    [
        ("update", "get,create,update"),
        ("patch", "get,create,patch"),
        ("apply", "get,create,patch"),
        ("delete", "get,delete"),
    ],
)
async def test_a_missing_right_names_all_that_the_operation_needs(
    kube_server, kube_reader, kube_namespace, tmp_path, operation, verbs
):
    config = kube_server.write_kubeconfig(tmp_path / "config", token=kube_server.stranger_token)
    client = await connect_kubeconfig(config)
    try:
        outcome = await Bench(client, kube_reader, kube_namespace).fire(
            operation, config_map(data={"k": "v"})
        )
    finally:
        await client.close()

    assert (outcome.reason, outcome.then) == ("Forbidden", OnFailure.RETRY_BRIEFLY)
    assert f"--verb={verbs} --resource=configmaps -n {kube_namespace}" in outcome.detail


@kube
@pytest.mark.parametrize("operation", ["create", "update", "patch", "apply", "delete"])
async def test_a_dry_run_changes_nothing(bench, operation):
    made = bench.have(a="1")
    name = "other" if operation == "create" else "settings"
    rendered = bench.render(operation, config_map(name, data={"b": "2"}))

    outcome = await bench.trigger.dry_run(rendered, bench.attempt())

    assert isinstance(outcome, Done)
    assert "(dry run)" in outcome.answer
    assert bench.live()["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert bench.live("other") is None


@kube
async def test_a_kind_that_has_no_namespace_is_changed_without_one(bench):
    """A pure function does not know its scope, and gives it the Sensor's."""
    name = f"class-{bench.namespace}"
    resource = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "labels": {"a": "1"}},
        "provisioner": "kikkake.test/none",
    }
    path = f"/apis/storage.k8s.io/v1/storageclasses/{name}"

    outcomes = [
        await bench.fire(operation, resource, effect_id=bytes([number]) * 32)
        for number, operation in enumerate(["apply", "update", "patch"])
    ]

    assert [isinstance(outcome, Done) for outcome in outcomes] == [True] * 3, outcomes
    assert bench.reader.get(path)["metadata"]["labels"] == {"a": "1"}
    await bench.fire("delete", resource, effect_id=NEWER)
    assert bench.reader.get(path) is None


@kube
async def test_a_dry_run_says_what_the_api_server_refuses(bench):
    rendered = bench.render("update", config_map(data={"k": "v"}, labels={"app": "not a label!"}))

    outcome = await bench.trigger.dry_run(rendered, bench.attempt())

    assert isinstance(outcome, Failed)
    assert outcome.reason == "ObjectInvalid"
    assert "metadata.labels" in outcome.detail


@kube
async def test_a_dry_run_of_a_create_sees_that_the_name_is_taken(bench):
    bench.have()

    outcome = await bench.trigger.dry_run(bench.render("create", config_map()), bench.attempt())

    assert (outcome.reason, outcome.then) == ("NameTaken", OnFailure.GIVE_UP)


def test_changes_of_one_object_have_one_order_and_others_another():
    def order(operation="patch", resource=None, **more):
        return K8s.order(render(operation, resource or config_map(data={}), **more))

    v1 = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}
    key, mode = order()
    assert mode is OrderMode.WAIT
    assert order("apply") == (key, OrderMode.SUPERSEDE)
    assert order("delete") == order("update") == (key, OrderMode.WAIT)
    assert order("create") == (None, OrderMode.NONE)
    assert order(resource=config_map("other"))[0] != key
    assert order(namespace="other")[0] != key
    assert order(resource=v1) == order(resource={**v1, "apiVersion": "apps/v2"}), "one object, two versions"


def test_an_end_that_nobody_knows_is_said_before_anything_is_made():
    context = RenderContext(
        namespace="ci",
        sensor="images",
        trigger="deploy",
        effect_id=EFFECT,
        event_ids=(),
        fired_us=NOW_US,
        store_key=b"key",
        policy={"k8s": {"until": {}}},
    )
    spec = json.dumps({"source": {"resource": config_map()}}).encode()

    with pytest.raises(RenderFailed, match="what the end of a ConfigMap is, only you know"):
        K8s.render(spec, {}, context)


@pytest.mark.parametrize("operation", ["update", "patch", "apply", "delete"])
def test_a_change_needs_a_name(operation):
    resource = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}}

    with pytest.raises(RenderFailed) as failure:
        render(operation, resource)

    # `generateName` makes a new object: nothing that is there has that name.
    assert failure.value.reason == "InvalidName"


def test_a_name_from_an_event_is_made_the_same_name_as_by_a_create():
    """Else what one trigger has created from a branch, another could not delete by it."""
    names = [
        json.loads(
            K8s.preview(
                render(
                    operation,
                    config_map("x"),
                    data={"branch": "Feature/X"},
                    parameters=[parameter("branch", "metadata.name")],
                )
            )
            .object["metadata"]["name"]
            .join(('"', '"'))
        )
        for operation in ("create", "update", "delete")
    ]

    assert names == ["feature-x"] * 3


def test_a_long_manager_is_cut_and_stays_its_own():
    long = {
        trigger: json.loads(render("apply", config_map(), trigger=trigger))["manager"]
        for trigger in ("t" * 130, "t" * 131)
    }

    assert {len(manager) for manager in long.values()} == {128}
    assert len(set(long.values())) == 2
