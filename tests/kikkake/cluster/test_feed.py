"""Which namespaces the feed serves."""

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


async def test_neither_the_gateways_own_namespace_nor_one_of_the_cluster_is_served_whatever_its_label():
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
