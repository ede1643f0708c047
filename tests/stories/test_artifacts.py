"""Objects that are fetched first: from the cluster, over HTTP, from git; from sources that are away or that change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.servers.git import GitServer, Repository
from tests.servers.http_sink import HttpSink, Reply
from tests.servers.proxy import Answer
from tests.stories import deliveries, resources
from tests.stories.process import Kikkake, wait_for, wait_until

pytestmark = pytest.mark.kube

RETRY = "{steps: 200, duration: 100ms, factor: 1, jitter: 0}"


def text(mark: str) -> str:
    """What is fetched: a ConfigMap in YAML."""
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: fetched-}"
    return f"{head}\ndata:\n  mark: {mark} # as written\n"


@pytest.fixture
def proxy(background, kube_server):
    with background.proxy(kube_server) as proxy:
        yield proxy


@pytest.fixture
def gateway(kikkake: Kikkake, kube_server, kube_namespace, proxy) -> Kikkake:
    """Creates through the proxy."""
    kubeconfig = kube_server.write_kubeconfig(kikkake.folder / "kubeconfig", url=proxy.url)
    kikkake.arguments += ["--kubeconfig", str(kubeconfig)]
    kikkake.write("github.yaml", resources.github(namespace=kube_namespace))
    return kikkake


@pytest.fixture
def made(kube_reader, kube_namespace):
    """Mark and commit of every object that came of a Sensor."""
    path = f"/api/v1/namespaces/{kube_namespace}/configmaps"

    def read() -> list[tuple[str, str]]:
        found = kube_reader.list(path, labels="events.argoproj.io/sensor")
        return sorted((one["data"]["mark"], one["data"]["commit"]) for one in found)

    return read


@pytest.fixture
def sink(background):
    with background.sink() as sink:
        yield sink


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def git(repository):
    with GitServer({"/octo/objects.git": repository}).running() as server:
        yield server


def write(gateway: Kikkake, namespace: str, source: dict[str, Any]) -> None:
    gateway.write("build.yaml", resources.sensor(resources.fetched(source), namespace=namespace, retry=RETRY))


def serve(sink: HttpSink, mark: str) -> None:
    sink.default = Reply(body=text(mark).encode())


def attempts(gateway: Kikkake, event: str) -> list[dict[str, Any]]:
    """Of the one effect of an event; none while it is not judged yet."""
    sensors = gateway.api(f"events/{event}/explanation")["sensors"]
    effects = [effect for sensor in sensors for effect in sensor["triggers"][0]["effects"]]
    return effects[0]["attempts"] if effects else []


def test_a_config_map_of_the_cluster_is_read_and_waited_for(gateway, kube_reader, kube_namespace, made):
    write(gateway, kube_namespace, {"configmap": {"name": "objects", "key": "one.yaml"}})
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    [first, *_] = wait_for(lambda: attempts(gateway, "d1"))
    assert "objects" in first["answer"]
    assert made() == []

    kube_reader.create(
        f"/api/v1/namespaces/{kube_namespace}/configmaps",
        {"metadata": {"name": "objects"}, "data": {"one.yaml": text("cluster")}},
    )
    gateway.wait_idle()
    gateway.deliver(deliveries.push("d2"))
    gateway.wait_idle()

    assert made() == [("cluster", "d1"), ("cluster", "d2")]
    assert gateway.command("dead-letters").out == "Nothing was given up.\n"


def test_an_object_behind_a_url_is_made_once_also_when_its_server_was_away(
    gateway, background, sink, kube_namespace, made
):
    serve(sink, "url")
    write(gateway, kube_namespace, {"url": {"path": f"{sink.url}/one.yaml"}})
    background.run(sink.close())
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    wait_until(lambda: len(attempts(gateway, "d1")) >= 2)
    assert made() == []
    sink.default = Reply(503)
    background.run(sink.open())
    wait_until(lambda: len(sink.received) >= 2)
    assert made() == []

    serve(sink, "url")
    gateway.wait_idle()

    assert made() == [("url", "d1")]
    story = gateway.command("explain", "d1").out
    assert "503" in story, story
    assert "done at attempt" in story


def test_a_file_of_a_git_repository_is_made_once_also_when_its_server_was_away(
    gateway, git, repository, kube_namespace, made
):
    repository.commit("main", {"deploy/one.yaml": text("git-1").encode()})
    source = {"url": f"{git.url}/octo/objects.git", "filePath": "deploy/one.yaml", "branch": "main"}
    write(gateway, kube_namespace, {"git": source})
    git.is_down = True
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    wait_until(lambda: len(attempts(gateway, "d1")) >= 2)
    assert made() == []

    git.is_down = False
    gateway.wait_idle()
    repository.commit("main", {"deploy/one.yaml": text("git-2").encode()})
    gateway.deliver(deliveries.push("d2"))
    gateway.wait_idle()

    assert made() == [("git-1", "d1"), ("git-2", "d2")]


def test_what_was_fetched_once_is_what_every_attempt_sends(gateway, sink, proxy, kube_namespace, made):
    """Also after the served file has changed, and after the process was killed."""
    serve(sink, "first")
    write(gateway, kube_namespace, {"url": {"path": f"{sink.url}/one.yaml"}})
    gateway.start()
    proxy.plan.extend([Answer(500)] * 1000)
    gateway.deliver(deliveries.push("d1"))
    wait_until(lambda: proxy.counts.answered >= 2)

    serve(sink, "second")
    wait_until(lambda before=proxy.counts.answered: proxy.counts.answered > before)
    gateway.kill()
    gateway.start()
    wait_until(lambda before=proxy.counts.answered: proxy.counts.answered > before)
    proxy.plan.clear()
    gateway.wait_idle()

    assert made() == [("first", "d1")]
    assert len(sink.received) == 1, "it was fetched once"
    gateway.deliver(deliveries.push("d2"))
    gateway.wait_idle()
    assert made() == [("first", "d1"), ("second", "d2")]


@pytest.mark.parametrize(
    ("reply", "reason", "why"),
    [
        pytest.param(Reply(404), "ArtifactUnusable", "status code 404", id="not there"),
        pytest.param(Reply(body=b"- untold"), "RenderFailed", "source.url", id="no object"),
        pytest.param(Reply(body=b"a: [untold"), "RenderFailed", "line 2", id="no YAML"),
        pytest.param(
            Reply(body=b"a: " + b"x" * 1_300_000), "ArtifactUnusable", "larger than", id="too large"
        ),
    ],
)
def test_what_is_no_object_is_a_dead_letter_and_the_others_go_on(
    gateway, sink, kube_namespace, made, reply, reason, why
):
    sink.default = reply
    write(gateway, kube_namespace, {"url": {"path": f"{sink.url}/one.yaml"}})
    gateway.start()
    gateway.deliver(deliveries.push("d1"))
    gateway.wait_idle()
    [letter] = gateway.command("dead-letters", "-o", "json").lines

    assert letter["reason"] == reason
    assert why in letter["detail"], letter
    assert "untold" not in json.dumps(letter)
    assert made() == []
    assert len(sink.received) == 1
    serve(sink, "mended")
    assert gateway.command(*letter["replay"].split()[1:]).code == 0
    gateway.wait_idle()
    assert made() == [("mended", "d1")]
