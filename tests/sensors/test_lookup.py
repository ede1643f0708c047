"""From an effect to how it is carried out, also after edits and restarts."""

from pathlib import Path

import orjson
import pytest

from events.bus import Step
from events.clock import ManualClock
from events.ports import SecretRef, SecretUnavailable
from sensors.acting import TriggerUnusable
from sensors.lookup import Lookup
from sensors.planned import PlannedRenderer
from sensors.trigger import RenderFailed, TriggerServices
from tests.sensors.preparer import Willing
from tests.sensors.support import BUILD, KINDS, House, house

MAIN = {"body": {"ref": "refs/heads/main", "sha": "abc"}}
NESTED = (
    BUILD
    + """
        retryStrategy: {steps: 3, duration: 2s}
        rateLimit: {requestsPerUnit: 2}
        dlqTrigger:
          template: {name: told, record: {document: {level: first}}}
          dlqTrigger:
            template: {name: told, record: {document: {level: second}}}
""".rstrip()
)


class NoSecrets:
    async def read(self, ref: SecretRef) -> bytes:
        raise SecretUnavailable(str(ref))


def lookup(one: House) -> Lookup:
    services = TriggerServices(kube=None, secrets=NoSecrets(), clock=one.clock, store_key=one.bus.store_key)
    assert isinstance(one.clock, ManualClock)
    return Lookup(one.decider.roster, one.runner, one.reader, services, kinds=KINDS)


async def test_the_trigger_of_the_current_text_is_found_in_memory(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(NESTED)
        await one.publish("github/push", MAIN)
        await one.decide()
        found = lookup(one).find(one.taker.effects[0])
        assert found is not None
        assert (found.namespace, found.sensor) == ("ci", "build")
        assert found.retry.strategy is not None
        assert (found.retry.strategy.steps, found.retry.strategy.duration_s) == (3, 2.0)
        assert found.spacing is not None
        assert found.spacing.us == 500_000


async def test_an_effect_keeps_the_text_that_made_it(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(NESTED)
        await one.publish("github/push", MAIN)
        await one.decide()
        await one.apply(NESTED.replace("steps: 3", "steps: 9"))
        asked = lookup(one)
        effect = one.taker.effects[0]
        assert asked.find(effect) is None
        loaded = await asked.load(effect)
        assert loaded.retry.strategy is not None
        assert loaded.retry.strategy.steps == 3
        assert asked.find(effect) is not None


async def test_the_dlq_trigger_and_its_own_fire_once_each_with_the_same_events(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(NESTED)
        await one.publish("github/push", MAIN, id="d1")
        await one.decide()
        asked = lookup(one)
        first = await asked.make_dlq(one.taker.effects[0])
        assert first is not None
        assert (first.trigger, first.role) == ("job", "dlq")
        assert orjson.loads(first.rendered or b"")["document"] == {"level": "first"}
        assert orjson.loads(first.rendered or b"")["name"] == "told"
        assert first.events == one.taker.effects[0].events

        receipt = await one.runner.commit(Step(effects=[first]))
        assert await asked.make_dlq(one.taker.effects[0]) is None
        recorded = await one.reader.effect(receipt.effect_numbers[0])
        assert recorded is not None
        second = await asked.make_dlq(recorded)
        assert second is not None
        assert second.role == "dlq.dlq"
        assert orjson.loads(second.rendered or b"")["document"] == {"level": "second"}
        assert len({one.taker.effects[0].id, first.id, second.id}) == 3


async def test_a_planned_effect_is_rendered_with_its_events(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        await one.publish("github/push", MAIN, id="d1")
        await one.decide()
        effect = one.taker.effects[0]
        assert (await lookup(one).render(effect)).body == effect.rendered


async def test_a_trigger_that_is_gone_is_unusable(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        await one.publish("github/push", MAIN)
        await one.decide()
        effect = one.taker.effects[0]
        effect.trigger = "other"
        with pytest.raises(TriggerUnusable, match="TriggerGone"):
            await lookup(one).load(effect)
        effect.version = 99
        with pytest.raises(TriggerUnusable, match="VersionGone"):
            await lookup(one).load(effect)


async def test_one_instance_serves_all_and_is_closed(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD, BUILD.replace("name: build", "name: second"))
        await one.publish("github/push", MAIN)
        await one.decide()
        asked = lookup(one)
        first, second = (asked.find(effect) for effect in one.taker.effects)
        assert first is not None
        assert second is not None
        assert first.trigger is second.trigger
        await asked.close()


async def test_a_strict_sensor_is_acted_for_strictly(tmp_path: Path):
    strict = BUILD.replace("namespace: ci}", 'namespace: ci, annotations: {kikkake/strict: "true"}}')
    async with house(tmp_path) as one:
        await one.apply(strict, BUILD.replace("name: build", "name: other"))
        await one.publish("github/push", MAIN)
        await one.decide()
        found = {effect.sensor: lookup(one).find(effect) for effect in one.taker.effects}
        assert {uid: acting.is_strict for uid, acting in found.items() if acting is not None} == {
            "file:ci/build": True,
            "file:ci/other": False,
        }


async def test_a_bug_in_rendering_what_was_planned_is_a_failure_with_a_reason(tmp_path: Path):
    """Else the effect would stay open, tried by nobody, until the process starts again."""
    planned = BUILD[: BUILD.index("        filters:")] + BUILD[BUILD.index("      triggers:") :]
    planned = planned.replace("eventName: push", "eventName: push\n        transform: {jq: .}")
    async with house(tmp_path, preparer=Willing()) as one:
        await one.apply(planned)
        await one.publish("github/push", b'{"bug":1}')
        await one.decide()
        (effect,) = one.taker.effects
        assert effect.rendered is None
        services = TriggerServices(
            kube=None, secrets=NoSecrets(), clock=one.clock, store_key=one.bus.store_key
        )
        renderer = PlannedRenderer(services, Willing())
        finding = Lookup(one.decider.roster, one.runner, one.reader, services, renderer=renderer, kinds=KINDS)
        with pytest.raises(RenderFailed, match="RenderCrashed: a fault of kikkake: ZeroDivisionError"):
            await finding.render(effect)
