"""What every kind of trigger promises: pure rendering, the same bytes, one effect, no secret where people read.

A kind joins with a line in KINDS: its member, what makes it fire for real, and where its effects are counted.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from events.clock import ManualClock
from events.event import Event
from kikkake.kube import connect_kubeconfig
from sensors.trigger import (
    TRIGGERS,
    AttemptContext,
    Done,
    RenderContext,
    Trigger,
    TriggerServices,
)

NOW_US = 1_790_000_000_000_000
SECRET = "s3cr3t-v4lue"
EFFECT = bytes(range(32))

Effects = Callable[[], Awaitable[int]]


class OneSecret:
    async def read(self, ref):
        return SECRET.encode()


@dataclass
class Case:
    """A kind, a member of a template, and how many effects it has had."""

    kind: type[Trigger]
    member: dict[str, Any]
    namespace: str
    kube: Any
    effects: Effects
    trigger: Trigger | None = None

    def render(self, *, effect_id: bytes = EFFECT, sha: str = "abc") -> bytes:
        data = json.dumps({"sha": sha}).encode()
        event = Event(id="d1", source="gh", type="t", datacontenttype="application/json", data=data)
        context = RenderContext(
            namespace=self.namespace,
            sensor="images",
            trigger="build",
            effect_id=effect_id,
            event_ids=("d1",),
            fired_us=NOW_US,
            store_key=b"key",
        )
        return self.kind.render(json.dumps(self.member).encode(), {"push": event}, context)

    async def fire(self, rendered: bytes, number: int = 1) -> Any:
        if self.trigger is None:
            services = TriggerServices(
                kube=self.kube, secrets=OneSecret(), clock=ManualClock(NOW_US), store_key=b"key"
            )
            self.trigger = self.kind(services)
        attempt = AttemptContext(
            namespace=self.namespace,
            sensor="images",
            trigger="build",
            effect_id=EFFECT,
            number=number,
            was_in_doubt=number > 1,
            first_intent_us=NOW_US,
            at_least_once=False,
        )
        return await self.trigger.fire(rendered, attempt)


PUSH = {"dependencyName": "push", "dataKey": "sha"}


@pytest.fixture(
    params=[
        pytest.param("k8s", marks=pytest.mark.kube),
        pytest.param("argoWorkflow", marks=pytest.mark.kube),
        "http",
        "log",
    ],
)
async def case(request, http_sink, caplog):
    case = await KINDS[request.param](request, http_sink, caplog)
    yield case
    for used in (case.trigger, case.kube):
        if used is not None:
            await used.close()


async def k8s(request, _sink, _caplog):
    namespace = request.getfixturevalue("kube_namespace")
    reader = request.getfixturevalue("kube_reader")
    resource = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}, "data": {}}

    async def effects():
        return len(reader.list(f"/api/v1/namespaces/{namespace}/configmaps"))

    member = {"source": {"resource": resource}, "parameters": [{"src": PUSH, "dest": "data.sha"}]}
    kube = await connect_kubeconfig(request.getfixturevalue("kube_server").kubeconfig)
    return Case(TRIGGERS.get("k8s"), member, namespace, kube, effects)


async def argo_workflow(request, _sink, _caplog):
    request.getfixturevalue("argo")
    namespace = request.getfixturevalue("kube_namespace")
    reader = request.getfixturevalue("kube_reader")
    resource = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "x-"},
        "spec": {"arguments": {"parameters": [{"name": "sha"}]}},
    }

    async def effects():
        return len(reader.list(f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}/workflows"))

    parameters = [{"src": PUSH, "dest": "spec.arguments.parameters.0.value"}]
    member = {"source": {"resource": resource}, "parameters": parameters}
    kube = await connect_kubeconfig(request.getfixturevalue("kube_server").kubeconfig)
    return Case(TRIGGERS.get("argoWorkflow"), member, namespace, kube, effects)


async def http(_request, sink, _caplog):
    async def effects():
        return len({request.header("Idempotency-Key") for request in sink.received})

    member = {
        "url": sink.url,
        "payload": [{"src": PUSH, "dest": "sha"}],
        "secureHeaders": [{"name": "X-Token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        "basicAuth": {"password": {"name": "s", "key": "k"}},
    }
    return Case(TRIGGERS.get("http"), member, "ci", None, effects)


async def log(_request, _sink, caplog):
    caplog.set_level(logging.INFO, logger="kikkake")

    async def effects():
        return len({record.keys["effect"] for record in caplog.records if hasattr(record, "keys")})

    return Case(TRIGGERS.get("log"), {}, "ci", None, effects)


KINDS = {"k8s": k8s, "argoWorkflow": argo_workflow, "http": http, "log": log}


def test_every_kind_of_this_build_is_here():
    assert set(KINDS) == set(TRIGGERS.names())


async def test_rendering_is_pure_and_tells_effects_apart(case):
    assert case.render() == case.render()
    assert case.render(sha="other") != case.render()


async def test_firing_the_same_bytes_again_is_one_effect(case):
    rendered = case.render()

    first = await case.fire(rendered)
    second = await case.fire(rendered, 2)

    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert await case.effects() == 1


async def test_the_preview_shows_what_was_rendered(case):
    preview = case.kind.preview(case.render())

    assert sum(part is not None for part in (preview.object, preview.request, preview.message)) == 1
    assert "abc" in str(preview)


async def test_no_secret_is_in_what_is_stored_shown_or_logged(case, caplog):
    caplog.set_level(logging.DEBUG, logger="kikkake")
    rendered = case.render()

    outcome = await case.fire(rendered)

    logged = " ".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    for text in (rendered.decode(), str(case.kind.preview(rendered)), str(outcome), logged):
        assert SECRET not in text


async def test_the_order_is_known_from_the_bytes_alone(case):
    rendered = case.render()

    assert case.kind.order(rendered) == case.kind.order(rendered)
