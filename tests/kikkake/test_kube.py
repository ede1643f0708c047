"""The client against a real API server: logging in, errors by what may have happened, discovery, watch."""

import asyncio
import contextlib
import json

import orjson
import pytest

from events.bus import RunnerFenced
from events.ports import KindUnknown, KubeError, KubeInDoubt, KubeNotSent
from kikkake.kube import ClusterUnusable, connect_in_cluster, connect_kubeconfig
from tests.servers.proxy import Answer, Delay, FaultProxy, LoseAnswer

pytestmark = pytest.mark.kube


def config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


@pytest.fixture
async def connect():
    """Clients that are closed at the end."""
    clients = []

    async def connect(*args, **kwargs):
        clients.append(await connect_kubeconfig(*args, **kwargs))
        return clients[-1]

    yield connect
    for client in clients:
        await client.close()


@pytest.fixture
async def proxy(kube_server):
    async with FaultProxy(kube_server, hits=lambda _method, target: "configmaps" in target) as proxy:
        yield proxy


async def create(client, namespace, name):
    return await client.create("v1", "ConfigMap", namespace, orjson.dumps(config_map(name)))


async def test_an_object_is_created_read_patched_listed_and_deleted(kube_client, kube_namespace):
    created = await create(kube_client, kube_namespace, "one")
    read = await kube_client.get("v1", "ConfigMap", kube_namespace, "one")
    patched = await kube_client.patch(
        "v1",
        "ConfigMap",
        kube_namespace,
        "one",
        b'{"data":{"k":"v"}}',
        content_type="application/merge-patch+json",
    )
    listed = await kube_client.list("v1", "ConfigMap", kube_namespace)
    await kube_client.delete("v1", "ConfigMap", kube_namespace, "one", uid=created["metadata"]["uid"])

    assert read["metadata"]["uid"] == created["metadata"]["uid"]
    assert patched["data"] == {"k": "v"}
    assert [item["metadata"]["name"] for item in listed] == ["one"]
    assert await kube_client.list("v1", "ConfigMap", kube_namespace) == []


async def test_a_delete_of_another_uid_is_refused(kube_client, kube_namespace):
    await create(kube_client, kube_namespace, "one")

    with pytest.raises(KubeError) as refused:
        await kube_client.delete("v1", "ConfigMap", kube_namespace, "one", uid="another")
    assert refused.value.status == 409


async def test_an_update_replaces_what_it_has_read(kube_client, kube_namespace):
    read = await create(kube_client, kube_namespace, "one")

    read["data"] = {"k": "v"}
    updated = await kube_client.update("v1", "ConfigMap", kube_namespace, "one", orjson.dumps(read))

    assert updated["data"] == {"k": "v"}
    with pytest.raises(KubeError) as refused:
        await kube_client.update("v1", "ConfigMap", kube_namespace, "one", orjson.dumps(read))
    assert (refused.value.status, refused.value.reason) == (409, "Conflict"), "it has changed since"


async def test_a_dry_run_of_any_change_is_judged_and_stores_nothing(kube_client, kube_namespace):
    made = await create(kube_client, kube_namespace, "one")
    place = ("v1", "ConfigMap", kube_namespace)
    body = orjson.dumps({**made, "data": {"k": "v"}})

    await kube_client.create(*place, orjson.dumps(config_map("two")), dry_run=True)
    await kube_client.update(*place, "one", body, dry_run=True)
    await kube_client.patch(
        *place, "one", b'{"data":{"k":"v"}}', content_type="application/merge-patch+json", dry_run=True
    )
    await kube_client.delete(*place, "one", dry_run=True)

    assert await kube_client.list(*place) == [
        {name: value for name, value in made.items() if name not in ("apiVersion", "kind")}
    ]
    with pytest.raises(KubeError) as refused:
        await kube_client.create(*place, orjson.dumps(config_map("one")), dry_run=True)
    assert refused.value.reason == "AlreadyExists"


async def test_an_apply_has_a_manager_and_takes_fields_of_others_only_by_force(kube_client, kube_namespace):
    async def apply(manager, value, *, force=False):
        return await kube_client.patch(
            "v1",
            "ConfigMap",
            kube_namespace,
            "one",
            orjson.dumps(config_map("one", k=value)),
            content_type="application/apply-patch+yaml",
            field_manager=manager,
            force=force,
        )

    await apply("kikkake/ci/build/main", "1")
    with pytest.raises(KubeError) as refused:
        await apply("another", "2")
    taken = await apply("another", "2", force=True)

    assert refused.value.status == 409
    assert "kikkake/ci/build/main" in refused.value.causes[0]
    assert ".data.k" in refused.value.causes[0]
    assert taken["data"] == {"k": "2"}


async def test_a_list_of_more_than_a_page_comes_whole(kube_client, kube_namespace):
    names = [f"m{number:03}" for number in range(501)]
    await asyncio.gather(*(create(kube_client, kube_namespace, name) for name in names))

    listed = await kube_client.list("v1", "ConfigMap", kube_namespace)

    assert [item["metadata"]["name"] for item in listed] == names


async def test_a_watch_tells_changes_from_a_version_on(kube_client, kube_namespace):
    first = await create(kube_client, kube_namespace, "one")
    changes = kube_client.watch(
        "v1", "ConfigMap", kube_namespace, resource_version=first["metadata"]["resourceVersion"]
    )
    async with asyncio.timeout(10):
        asking = asyncio.ensure_future(anext(changes))
        await create(kube_client, kube_namespace, "two")
        change, seen = await asking
    await changes.aclose()

    assert (change, seen["metadata"]["name"]) == ("ADDED", "two")


async def test_a_status_is_read_with_its_causes(kube_client, kube_namespace):
    broken = {**config_map("x"), "metadata": {"name": "x", "labels": {"app": "not a label!"}}}

    with pytest.raises(KubeError) as refused:
        await kube_client.create("v1", "ConfigMap", kube_namespace, orjson.dumps(broken))

    assert (refused.value.status, refused.value.reason) == (422, "Invalid")
    assert "metadata.labels" in refused.value.causes[0]


MERGE_PATCH = "application/merge-patch+json"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def late_kind(group):
    """The definition of a kind `Late` of the whole cluster."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"laters.{group}"},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {"plural": "laters", "kind": "Late"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


async def until_known(client, group):
    """Whether it is namespaced."""
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(KindUnknown):
                return await client.is_namespaced(f"{group}/v1", "Late")
            await asyncio.sleep(0.05)


async def test_a_kind_that_comes_late_is_found_then(kube_client, kube_reader, kube_namespace):
    group = f"{kube_namespace}.kikkake.test"
    with pytest.raises(KindUnknown):
        await kube_client.is_namespaced(f"{group}/v1", "Late")

    kube_reader.create(DEFINITIONS, late_kind(group))

    assert await until_known(kube_client, group) is False


@pytest.mark.parametrize(
    "call",
    [
        lambda client, *kind: client.get(*kind, None, "one"),
        lambda client, *kind: client.list(*kind, None),
        lambda client, *kind: client.create(*kind, None, b"{}"),
        lambda client, *kind: client.update(*kind, None, "one", b"{}"),
        lambda client, *kind: client.patch(*kind, None, "one", b"{}", content_type=MERGE_PATCH),
        lambda client, *kind: client.delete(*kind, None, "one"),
        lambda client, *kind: anext(client.watch(*kind, None, resource_version="0")),
    ],
    ids=["get", "list", "create", "update", "patch", "delete", "watch"],
)
async def test_a_kind_that_is_removed_is_known_no_more(kube_client, kube_reader, kube_namespace, call):
    """Not an object that is gone: whoever waits for that would create it, or read again and again."""
    group = f"{kube_namespace}.kikkake.test"
    kube_reader.create(DEFINITIONS, late_kind(group))
    await until_known(kube_client, group)
    kube_reader.delete(f"{DEFINITIONS}/laters.{group}")
    async with asyncio.timeout(20):
        while await is_served(kube_reader, group):  # noqa: ASYNC110 - the API server tells nobody
            await asyncio.sleep(0.05)

    with pytest.raises(KindUnknown):
        await call(kube_client, f"{group}/v1", "Late")


async def is_served(reader, group):
    """Whether discovery still tells of the kind: it lags behind."""
    return await asyncio.to_thread(reader.get, f"/apis/{group}/v1") is not None


async def test_many_askers_of_one_kind_ask_the_server_once(kube_server, proxy, connect, tmp_path):
    client = await connect(kube_server.write_kubeconfig(tmp_path / "config", url=proxy.url))

    await asyncio.gather(*(client.is_namespaced("v1", "Pod") for _ in range(20)))

    assert proxy.counts.forwarded == 1


async def test_an_unreachable_server_was_sent_nothing(kube_server, proxy, connect, tmp_path):
    client = await connect(kube_server.write_kubeconfig(tmp_path / "config", url=proxy.url))
    await proxy.refuse()

    with pytest.raises(KubeNotSent):
        await client.get("v1", "ConfigMap", "default", "x")


async def test_a_wrong_authority_was_sent_nothing(kube_server, connect, tmp_path):
    """A certificate of another run: the connection ends before a token is sent."""
    config = json.loads(kube_server.kubeconfig.read_text())
    del config["clusters"][0]["cluster"]["certificate-authority-data"]
    (tmp_path / "config").write_text(json.dumps(config))
    client = await connect(tmp_path / "config")

    with pytest.raises(KubeNotSent):
        await client.get("v1", "ConfigMap", "default", "x")


@pytest.mark.parametrize("fault", [LoseAnswer(), Delay(5)], ids=["cut", "slow"])
async def test_no_answer_is_in_doubt(kube_server, kube_namespace, proxy, connect, tmp_path, fault):
    config = kube_server.write_kubeconfig(tmp_path / "config", url=proxy.url)
    client = await connect(config, timeout_s=1.0)
    await client.is_namespaced("v1", "ConfigMap")
    proxy.plan.append(fault)

    with pytest.raises(KubeInDoubt):
        await create(client, kube_namespace, "x")


async def test_a_lost_question_for_kinds_leaves_no_doubt(
    kube_server, kube_namespace, proxy, connect, tmp_path
):
    client = await connect(kube_server.write_kubeconfig(tmp_path / "config", url=proxy.url))
    proxy.hits = lambda _method, target: target == "/api/v1"
    proxy.plan.extend([LoseAnswer()] * 2)  # a GET is repeated once by itself

    with pytest.raises(KubeNotSent):
        await create(client, kube_namespace, "x")


async def test_an_answer_that_is_no_json_is_an_error_all_the_same(kube_server, proxy, connect, tmp_path):
    client = await connect(kube_server.write_kubeconfig(tmp_path / "config", url=proxy.url))
    proxy.plan.append(Answer(502, body=b"<html>bad gateway</html>"))

    with pytest.raises(KubeError) as refused:
        await client.get("v1", "ConfigMap", "default", "x")
    assert refused.value.status == 502


async def test_a_token_that_was_replaced_is_read_again_after_a_401(
    kube_server, kube_namespace, connect, tmp_path
):
    config = tmp_path / "config"
    client = await connect(kube_server.write_kubeconfig(config, token="0" * 48))
    with pytest.raises(KubeError) as refused:
        await client.list("v1", "ConfigMap", kube_namespace)
    assert refused.value.status == 401

    kube_server.write_kubeconfig(config)

    assert await client.list("v1", "ConfigMap", kube_namespace) == []


async def test_it_acts_as_a_service_account_with_that_accounts_rights(
    kube_client, kube_reader, kube_namespace
):
    kube_reader.create(
        f"/api/v1/namespaces/{kube_namespace}/serviceaccounts", {"metadata": {"name": "sensor"}}
    )

    with pytest.raises(KubeError) as refused:
        await kube_client.create(
            "v1",
            "ConfigMap",
            kube_namespace,
            orjson.dumps(config_map("x")),
            account=f"{kube_namespace}/sensor",
        )

    assert refused.value.status == 403
    assert f"system:serviceaccount:{kube_namespace}:sensor" in refused.value.message


async def test_a_change_as_an_account_waits_for_its_turn_and_nothing_else_does(
    kube_server, kube_namespace, connect, tmp_path
):
    client = await connect(kube_server.write_kubeconfig(tmp_path / "config"))
    asked = []

    async def turn():
        asked.append("turn")
        raise RunnerFenced("another gateway acts")

    client.wait_with_changes(turn)
    await create(client, kube_namespace, "ours")
    with pytest.raises(KubeError):
        await client.get("v1", "ConfigMap", kube_namespace, "theirs", account=f"{kube_namespace}/nobody")
    assert asked == []

    body = orjson.dumps(config_map("theirs"))
    with pytest.raises(RunnerFenced):
        await client.create("v1", "ConfigMap", kube_namespace, body, account=f"{kube_namespace}/default")


@pytest.mark.parametrize(
    "account", ["", "/", "ci/", "/x", "ci/x/y", "ci/../x", "ci/x y", "ci/é", "ci/x/token?"]
)
async def test_an_account_without_a_name_is_refused_and_never_our_own(kube_client, kube_namespace, account):
    with pytest.raises(KubeError) as refused:
        await kube_client.get("v1", "ConfigMap", kube_namespace, "x", account=account)
    assert refused.value.status == 403


async def test_an_exec_plugin_gives_the_token(kube_server, kube_namespace, connect, tmp_path):
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": kube_server.admin_token},
    }
    (tmp_path / "credential.json").write_text(json.dumps(credential))
    config = json.loads(kube_server.kubeconfig.read_text())
    config["users"][0]["user"] = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "cat",
            "args": [str(tmp_path / "credential.json")],
            "interactiveMode": "Never",
        }
    }
    (tmp_path / "config").write_text(json.dumps(config))

    client = await connect(tmp_path / "config")

    assert await client.list("v1", "ConfigMap", kube_namespace) == []


async def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ClusterUnusable, match="no such kubeconfig file"):
        await connect_kubeconfig(tmp_path / "nothing")


@pytest.mark.parametrize("text", ["", "[]", "a: b", "{", "clusters: []\ncontexts: []\nusers: []"])
async def test_a_file_that_is_no_kubeconfig_is_named(tmp_path, text):
    (tmp_path / "config").write_text(text)

    with pytest.raises(ClusterUnusable, match="not a usable kubeconfig"):
        await connect_kubeconfig(tmp_path / "config")


async def test_an_unknown_context_is_named(kube_server):
    with pytest.raises(ClusterUnusable, match="context elsewhere"):
        await connect_kubeconfig(kube_server.kubeconfig, "elsewhere")


async def test_outside_a_cluster_it_says_what_to_do(monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(ClusterUnusable, match="use --context or --kubeconfig"):
        await connect_in_cluster()
