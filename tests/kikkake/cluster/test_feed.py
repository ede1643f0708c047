"""Which namespaces the feed serves, and how it ends."""

import asyncio

import pytest

from events.clock import SystemClock
from kikkake.cluster.feed import ClusterFeed
from kikkake.testing.cluster import Cluster
from kikkake.testing.scripted_kube import ScriptedKube

NEVER = ["infra", "kube-system", "kube-public", "kube-node-lease"]


def namespace(name):
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kikkake/enabled": "true"}},
    }


def sensor(where):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Sensor",
        "metadata": {"name": "build", "namespace": where},
        "spec": {
            "dependencies": [{"name": "push", "eventSourceName": "github", "eventName": "push"}],
            "triggers": [{"template": {"name": "log", "log": {}}}],
        },
    }


class Bug(ScriptedKube):
    """A watch that fails in a way that nobody thought of."""

    async def watch(self, _api_version, kind, *_place, **_options):
        if kind == "Sensor":
            raise ZeroDivisionError
        await asyncio.Event().wait()
        yield


async def test_a_watch_that_ends_by_a_bug_ends_the_gateway_since_changes_would_go_unseen():
    clock = SystemClock()
    kube = Bug(Cluster([namespace("ci"), sensor("ci")], clock), iter(()))
    feed = ClusterFeed(kube, clock)

    async def swap(_catalog):
        """Nothing serves."""

    await feed.open()
    try:
        await feed.first({})
        with pytest.raises(ZeroDivisionError):
            async with asyncio.timeout(20):
                await feed.run(swap)
    finally:
        await feed.close()


async def test_nothing_is_done_for_a_namespace_without_the_label():
    clock = SystemClock()
    bare = namespace("bare")
    del bare["metadata"]["labels"]
    kube = ScriptedKube(Cluster([namespace("ci"), bare], clock), iter(()))
    feed = ClusterFeed(kube, clock)
    assert feed.may_act("bare"), "nobody could say yet"
    await feed.open()
    try:
        await feed.first({})
    finally:
        await feed.close()

    assert feed.may_act("ci")
    assert not feed.may_act("bare")


async def test_neither_the_gateways_own_namespace_nor_one_of_the_cluster_is_served_whatever_its_label(caplog):
    clock = SystemClock()
    objects = [make(name) for name in ("ci", *NEVER) for make in (namespace, sensor)]
    kube = ScriptedKube(Cluster(objects, clock), iter(()))
    feed = ClusterFeed(kube, clock, own_namespace="infra")
    await feed.open()
    try:
        catalog = await feed.first({})
    finally:
        await feed.close()

    assert [key.namespace for key in catalog] == ["ci"]
    assert [key.namespace for key in feed.objects] == ["ci"]
    told = [record for record in caplog.records if record.getMessage() == "namespace.never-served"]
    assert sorted(record.keys["namespace"] for record in told) == sorted(NEVER)
