"""Planned effects: objects that are fetched and events that are transformed, rendered by the act loop."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from events.bus import DeadLetterQuery, Effect, EffectState
from events.ports import SecretRef, SecretUnavailable
from sensors.act import Actor
from sensors.compile import compile_sensor
from sensors.filter import RANKS, Code, unpack_verdict
from sensors.lookup import Lookup
from sensors.planned import PlannedRenderer
from sensors.preparing import SandboxPreparer
from sensors.sandbox import Sandbox
from sensors.trigger import TRIGGERS, Preview, TriggerServices
from tests.sensors.support import House, document, house

SENSOR = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: build, namespace: ci}
    spec:
      dependencies:
      - {name: push, eventSourceName: github, eventName: push TRANSFORM}
      triggers:
      - template:
          name: job
          k8s:
            source: {SOURCE}
            parameters: [{src: {dependencyName: push, dataKey: sha}, dest: data.sha}]
"""
OBJECT = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: build-, namespace: ci}\ndata: {sha: none}\n"
)


@dataclass
class Shelf:
    """ConfigMaps that may be there or not."""

    values: dict[str, str] = field(default_factory=dict)

    async def read(self, ref: SecretRef) -> bytes:
        if ref.name not in self.values:
            raise SecretUnavailable(f"{ref} is not there")
        return self.values[ref.name].encode()


@dataclass
class Watcher:
    previews: list[Mapping[str, object]] = field(default_factory=list)

    def attempted(self, effect: Effect, answer: object, took_us: int) -> None: ...

    def settled(self, effect: Effect, outcome: object) -> None: ...

    def previewed(self, effect: Effect, preview: Preview) -> None:
        assert preview.object is not None
        self.previews.append(preview.object)


@dataclass
class Place:
    """A decider and an act loop that fires nothing, but renders everything."""

    one: House
    shelf: Shelf
    watcher: Watcher
    actor: Actor

    async def apply(self, text: str) -> None:
        await self.one.decider.apply([compile_sensor(document(text))])

    async def settle(self) -> Effect:
        """Decide, act once, and give the first effect."""
        await self.one.decide()
        self.actor.look_again()
        number = self.one.taker.effects[0].number
        async with asyncio.timeout(20):
            while True:
                effect = await self.one.reader.effect(number)
                if effect is not None and (effect.answered or effect.state is not EffectState.OPEN):
                    return effect
                await asyncio.sleep(0.002)


@asynccontextmanager
async def place(folder: Path) -> AsyncIterator[Place]:
    async with house(folder) as one, Sandbox() as sandbox:
        shelf, watcher = Shelf(), Watcher()
        preparer = SandboxPreparer(sandbox)
        await one.start(preparer=preparer, kinds=TRIGGERS)
        services = TriggerServices(kube=None, secrets=shelf, clock=one.clock, store_key=one.bus.store_key)
        renderer = PlannedRenderer(services, preparer)
        lookup = Lookup(one.decider.roster, one.runner, one.reader, services, renderer=renderer)
        actor = Actor(one.runner, lookup, one.clock, watcher, is_dry_run=True)
        running = asyncio.create_task(actor.run())
        try:
            yield Place(one, shelf, watcher, actor)
        finally:
            await actor.stop(5)
            await running
            await lookup.close()


def sensor(source: str = "configmap: {name: templates, key: job.yaml}", transform: str = "") -> str:
    return SENSOR.replace("{SOURCE}", f"{{{source}}}").replace(" TRANSFORM", transform)


async def test_a_fetched_object_is_rendered_once_and_stored(tmp_path: Path):
    async with place(tmp_path) as there:
        there.shelf.values["templates"] = OBJECT
        await there.apply(sensor())
        await there.one.publish("github/push", {"sha": "abc"}, id="1")
        effect = await there.settle()
        assert there.one.taker.effects[0].rendered is None
        assert effect.state is EffectState.DONE
        assert effect.rendered is not None
        assert orjson.loads(effect.rendered)["data"] == {"sha": "abc"}
        assert there.watcher.previews[0]["data"] == {"sha": "abc"}


async def test_what_is_not_there_yet_is_fetched_again(tmp_path: Path):
    """Nothing was sent, so that no doubt remains: also a process that ended in between would just try again."""
    async with place(tmp_path) as there:
        await there.apply(sensor())
        await there.one.publish("github/push", {"sha": "abc"}, id="1")
        effect = await there.settle()
        assert effect.state is EffectState.OPEN
        assert effect.reason == "ArtifactUnavailable"
        assert "configmap ci/templates" in effect.history[-1].answer
        assert effect.due_us > there.one.clock.now_us()
        there.shelf.values["templates"] = OBJECT
        there.one.clock.move_to(effect.due_us)
        there.actor.look_again()
        async with asyncio.timeout(20):
            while not there.watcher.previews:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.002)
        assert there.watcher.previews[0]["data"] == {"sha": "abc"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "not valid YAML"), ("", "is empty"), ("kind: [1", "not valid YAML")],
)
async def test_what_is_no_object_is_a_dead_letter(tmp_path: Path, text: str, said: str):
    async with place(tmp_path) as there:
        there.shelf.values["templates"] = text
        await there.apply(sensor())
        await there.one.publish("github/push", {"sha": "abc"}, id="1")
        effect = await there.settle()
        assert effect.state is EffectState.DEAD
        letters = await there.one.reader.dead_letters(DeadLetterQuery())
        assert said in letters[0].detail


async def test_a_transform_shapes_what_filters_parameters_and_held_events_see(tmp_path: Path):
    transform = (
        ", transform: {jq: '.sha = .head.sha[:3]'}"
        ", filters: {data: [{path: sha, type: string, value: [^abc$]}]}"
    )
    source = "resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: build-, namespace: ci}}"
    async with place(tmp_path) as there:
        await there.apply(sensor(source, transform))
        await there.one.publish("github/push", {"head": {"sha": "xyz000"}}, id="1")
        await there.one.publish("github/push", {"head": {"sha": "abcdef"}}, id="2")
        effect = await there.settle()
        assert effect.state is EffectState.DONE
        assert there.watcher.previews[0]["data"] == {"sha": "abc"}
        assert len(there.one.taker.effects) == 1


async def test_a_transform_that_fails_is_a_verdict_with_its_reason(tmp_path: Path):
    async with place(tmp_path) as there:
        await there.apply(
            sensor(
                "resource: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: b-}}",
                ", transform: {jq: .sha}",
            )
        )
        sequence = await there.one.publish("github/push", {"sha": "abc"}, id="1")
        await there.one.decide()
        (decision,) = await there.one.decisions(sequence)
        verdict = unpack_verdict(decision.verdicts[1])
        assert (verdict.code, RANKS[verdict.rank]) == (Code.FAILED, "transform")
        assert there.one.taker.effects == []


async def test_what_a_template_says_of_its_data_stands_in_the_dead_letter_and_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    text = sensor().replace("dataKey: sha}", "dataTemplate: '{{ fail .Input.sha }}'}")
    async with place(tmp_path) as there:
        there.shelf.values["templates"] = OBJECT
        await there.apply(text)
        await there.one.publish("github/push", {"sha": "from-the-payload"}, id="1")
        effect = await there.settle()
        assert effect.state is EffectState.DEAD
        (letter,) = await there.one.reader.dead_letters(DeadLetterQuery())
        assert "from-the-payload" in letter.detail
    told = [vars(record) for record in caplog.records]
    assert any("trigger.dead" in str(record) for record in told)
    assert "from-the-payload" not in str(told)
