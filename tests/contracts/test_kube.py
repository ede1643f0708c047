"""The twin of a cluster answers as the real API server does: each case is asked of both.

The real one fills in defaults and counts versions by itself; what is compared is what the case is about.
"""

from __future__ import annotations

import secrets

import orjson
import pytest

from events.clock import ManualClock
from events.ports import KubeError
from kikkake.testing.cluster import Cluster
from kikkake.testing.scripted_kube import ScriptedKube

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


class Api:
    """One of the two, with a namespace of its own."""

    def __init__(self, kube, namespace):
        self.kube = kube
        self.namespace = namespace

    async def make(self, value):
        place = (value["apiVersion"], value["kind"], self.namespace)
        value["metadata"]["namespace"] = self.namespace
        return await self.kube.create(*place, orjson.dumps(value))

    async def patch(self, value, patch, content_type, **more):
        place = (value["apiVersion"], value["kind"], self.namespace, value["metadata"]["name"])
        return await self.kube.patch(*place, orjson.dumps(patch), content_type=content_type, **more)

    async def apply(self, value, manager, **more):
        value["metadata"]["namespace"] = self.namespace
        return await self.patch(value, value, APPLY, field_manager=manager, **more)


@pytest.fixture(params=["twin", pytest.param("real", marks=pytest.mark.kube)])
async def api(request):
    if request.param == "twin":
        return Api(ScriptedKube(Cluster([], ManualClock(0)), iter(())), f"ns-{secrets.token_hex(2)}")
    namespace = request.getfixturevalue("kube_namespace")
    from kikkake.kube import connect_kubeconfig  # noqa: PLC0415 - heavy, and only for the real one

    client = await connect_kubeconfig(request.getfixturevalue("kube_server").kubeconfig)
    request.node.client = client
    return Api(client, namespace)


@pytest.fixture(autouse=True)
async def closed(request):
    yield
    if client := getattr(request.node, "client", None):
        await client.close()


def config_map(**data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": data}


def deployment(*containers, **labels):
    """Its template may be changed, and nothing makes Pods of it here."""
    listed = [{"name": name, "image": image} for name, image in containers]
    template = {"metadata": {"labels": {"app": "one"}}, "spec": {"containers": listed}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "one", **({"labels": labels} if labels else {})},
        "spec": {"selector": {"matchLabels": {"app": "one"}}, "template": template},
    }


def containers_of(*containers):
    return {"spec": {"template": {"spec": {"containers": list(containers)}}}}


def images(value):
    return {each["name"]: each["image"] for each in value["spec"]["template"]["spec"]["containers"]}


TWO = (("app", "app:1"), ("side", "side:1"))
NEW_SIDE = {"name": "side", "image": "side:2"}


async def test_a_merge_patch_joins_maps_and_removes_by_null(api):
    await api.make(config_map(a="1", b="2"))

    patched = await api.patch(config_map(), {"data": {"b": None, "c": "3"}}, MERGE)

    assert patched["data"] == {"a": "1", "c": "3"}


async def test_a_merge_patch_replaces_lists(api):
    await api.make(deployment(*TWO))

    patched = await api.patch(deployment(), containers_of(NEW_SIDE), MERGE)

    assert images(patched) == {"side": "side:2"}


async def test_a_strategic_patch_joins_lists_by_their_key(api):
    await api.make(deployment(*TWO))
    change = containers_of(NEW_SIDE, {"name": "app", "$patch": "delete"}, {"name": "more", "image": "more:1"})
    change["metadata"] = {"finalizers": ["kikkake.test/b"]}

    patched = await api.patch(deployment(), change, STRATEGIC)
    again = await api.patch(deployment(), {"metadata": {"finalizers": ["kikkake.test/c"]}}, STRATEGIC)

    assert images(patched) == {"side": "side:2", "more": "more:1"}
    assert sorted(again["metadata"]["finalizers"]) == ["kikkake.test/b", "kikkake.test/c"]


async def test_the_operations_of_a_json_patch_are_all_done(api):
    await api.make(config_map(a="1", b="2", c="3"))
    operations = [
        {"op": "test", "path": "/data/a", "value": "1"},
        {"op": "replace", "path": "/data/a", "value": "9"},
        {"op": "remove", "path": "/data/b"},
        {"op": "move", "from": "/data/c", "path": "/data/d"},
        {"op": "copy", "from": "/data/d", "path": "/data/e"},
        {"op": "add", "path": "/metadata/annotations", "value": {"a/b": "c"}},
        {"op": "replace", "path": "/metadata/annotations/a~1b", "value": "d"},
    ]

    patched = await api.patch(config_map(), operations, JSON_PATCH)

    assert patched["data"] == {"a": "9", "d": "3", "e": "3"}
    assert patched["metadata"]["annotations"] == {"a/b": "d"}


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param({"op": "test", "path": "/data/a", "value": "other"}, id="a test that fails"),
        pytest.param(
            {"op": "test", "path": "/metadata/resourceVersion", "value": "0"}, id="an older version"
        ),
        pytest.param({"op": "remove", "path": "/data/none"}, id="nothing to remove"),
    ],
)
async def test_a_json_patch_that_cannot_be_applied_changes_nothing(api, operation):
    made = await api.make(config_map(a="1"))
    operations = [{"op": "replace", "path": "/data/a", "value": "9"}, operation]

    with pytest.raises(KubeError) as refused:
        await api.patch(config_map(), operations, JSON_PATCH)

    assert (refused.value.status, refused.value.reason) == (422, "Invalid")
    live = await api.kube.get("v1", "ConfigMap", api.namespace, "one")
    assert live["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


@pytest.mark.parametrize("content_type", [MERGE, STRATEGIC, JSON_PATCH])
async def test_a_patch_of_nothing_is_not_found(api, content_type):
    with pytest.raises(KubeError) as refused:
        await api.patch(config_map(), [] if content_type == JSON_PATCH else {}, content_type)

    assert (refused.value.status, refused.value.reason) == (404, "NotFound")


async def test_an_update_of_an_older_version_is_refused(api):
    made = await api.make(config_map(a="1"))
    await api.patch(config_map(), {"data": {"a": "2"}}, MERGE)

    with pytest.raises(KubeError) as refused:
        await api.kube.update("v1", "ConfigMap", api.namespace, "one", orjson.dumps(made))

    assert (refused.value.status, refused.value.reason) == (409, "Conflict")


@pytest.mark.parametrize("content_type", [MERGE, STRATEGIC, APPLY])
async def test_a_patch_of_an_older_version_is_refused(api, content_type):
    made = await api.make(config_map(a="1"))
    await api.patch(config_map(), {"data": {"a": "2"}}, MERGE)
    older = config_map(b="3")
    older["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    options = {"field_manager": "first"} if content_type == APPLY else {}

    with pytest.raises(KubeError) as refused:
        await api.patch(older, older, content_type, **options)

    assert (refused.value.status, refused.value.reason) == (409, "Conflict")


async def test_an_update_replaces_the_object(api):
    made = await api.make(config_map(a="1", b="2"))
    made["data"] = {"b": "3", "c": None}

    updated = await api.kube.update("v1", "ConfigMap", api.namespace, "one", orjson.dumps(made))

    assert updated["data"]["b"] == "3"
    assert "a" not in updated["data"]
    assert updated["metadata"]["uid"] == made["metadata"]["uid"]


async def test_a_delete_is_bound_to_the_uid(api):
    made = await api.make(config_map())

    with pytest.raises(KubeError) as refused:
        await api.kube.delete("v1", "ConfigMap", api.namespace, "one", uid="another")
    await api.kube.delete("v1", "ConfigMap", api.namespace, "one", uid=made["metadata"]["uid"])

    assert refused.value.status == 409
    with pytest.raises(KubeError) as gone:
        await api.kube.get("v1", "ConfigMap", api.namespace, "one")
    assert gone.value.status == 404


async def test_an_apply_creates_and_takes_back_what_it_does_not_say_any_more(api):
    await api.apply(config_map(a="1", b="2"), "first")
    await api.apply(config_map(b="2", c="3"), "second")

    applied = await api.apply(config_map(a="1"), "first")

    assert applied["data"] == {"a": "1", "b": "2", "c": "3"}, "b belongs to the second as well"
    applied = await api.apply(config_map(), "second")
    assert applied["data"] == {"a": "1"}


async def test_an_apply_of_a_field_of_another_is_a_conflict_that_names_it(api):
    await api.apply(config_map(a="1"), "first")

    with pytest.raises(KubeError) as refused:
        await api.apply(config_map(a="2"), "second")
    forced = await api.apply(config_map(a="2"), "second", force=True)

    assert (refused.value.status, refused.value.reason) == (409, "Conflict")
    assert refused.value.causes == ('.data.a: conflict with "first" (FieldManagerConflict)',)
    assert forced["data"] == {"a": "2"}
    with pytest.raises(KubeError):
        await api.apply(config_map(a="1"), "first")


async def test_an_apply_knows_the_items_of_a_list(api):
    await api.apply(deployment(*TWO), "first")

    applied = await api.apply(deployment(("side", "side:1"), ("more", "more:1")), "second")

    assert images(applied) == {"app": "app:1", "side": "side:1", "more": "more:1"}
    with pytest.raises(KubeError) as refused:
        await api.apply(deployment(("app", "app:2")), "second")
    assert '.spec.template.spec.containers[name="app"].image: ' in refused.value.causes[0]


async def test_what_another_verb_has_set_belongs_to_the_program(api):
    await api.make(config_map(a="1"))

    with pytest.raises(KubeError) as refused:
        await api.apply(config_map(a="2"), "first")

    assert 'conflict with "kikkake" using v1' in refused.value.causes[0]


async def test_a_custom_resource_takes_no_strategic_patch(api, request):
    if api.namespace.startswith("test-"):
        request.getfixturevalue("argo")
    workflow = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "one"},
        "spec": {},
    }
    await api.make(workflow)

    with pytest.raises(KubeError) as refused:
        await api.patch(workflow, {"spec": {"a": 1}}, STRATEGIC)

    assert (refused.value.status, refused.value.reason) == (415, "UnsupportedMediaType")


async def test_an_apply_without_a_manager_is_refused(api):
    with pytest.raises(KubeError) as refused:
        await api.apply(config_map(), "")

    assert refused.value.status in {400, 422}


async def test_a_dry_run_judges_and_keeps_nothing(api):
    made = await api.make(config_map(a="1"))
    place = ("v1", "ConfigMap", api.namespace, "one")

    patched = await api.patch(config_map(), {"data": {"a": "2"}}, MERGE, dry_run=True)
    await api.kube.delete(*place, dry_run=True)
    with pytest.raises(KubeError) as refused:
        await api.kube.create(*place[:3], orjson.dumps(config_map()), dry_run=True)

    assert patched["data"] == {"a": "2"}
    assert refused.value.reason == "AlreadyExists"
    live = await api.kube.get(*place)
    assert live["data"] == made["data"]
