"""Lanes of Sensors with scripts: order, edits while a lane prepares, ends, and lanes that have nothing to do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from events.event import Event
from events.topic import Topic
from sensors.compile import CompiledSensor
from sensors.sandbox import SandboxBusy
from tests.sensors.preparer import Willing
from tests.sensors.support import BUILD, House, house

LANE = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: lane, namespace: ci}
    spec:
      dependencies:
      - {name: a, eventSourceName: source, eventName: a, filters: {script: return true}}
      - {name: b, eventSourceName: source, eventName: b}
      triggers:
      - template:
          name: job
          conditions: a || b
          record: {document: {}}
"""
UID = "file:ci/lane"
SUSPENDED = LANE.replace("namespace: ci}", 'namespace: ci, annotations: {kikkake/suspend: "true"}}')
UNSCRIPTED = LANE.replace(", filters: {script: return true}", "")
QUIET = LANE.replace("a || b", "a || b\n          debounce: 30s")
MAIN = {"body": {"ref": "refs/heads/main", "sha": "abc"}}


@pytest.fixture
def willing() -> Willing:
    return Willing()


@pytest.fixture
async def one(tmp_path: Path, willing: Willing) -> AsyncIterator[House]:
    async with house(tmp_path, preparer=willing) as running:
        yield running


@contextlib.asynccontextmanager
async def deciding(one: House) -> AsyncIterator[asyncio.Task[None]]:
    """The loop itself, as in a gateway."""
    loop = asyncio.create_task(one.decider.run(), name="decide")
    try:
        async with asyncio.timeout(20):
            yield loop
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)


async def until(condition: Callable[[], bool], loop: asyncio.Task[Any]) -> None:
    """Turns of the loop until it holds; the loop must not have ended meanwhile."""
    while not condition():
        if loop.done():
            loop.result()
        await asyncio.sleep(0.001)


def fired(one: House) -> list[str]:
    return [next(iter(events.values())) for _trigger, events in one.taker.fired]


async def test_a_lane_judges_in_order_and_beside_the_others(one: House):
    plain = UNSCRIPTED.replace("name: lane", "name: plain")
    await one.apply(LANE, plain)
    sequences = [await one.publish("source/a", {"script": n != 2}, id=f"a{n}") for n in (1, 2, 3)]
    await one.decide()
    mine = [effect.events[0].sequence for effect in one.taker.effects if effect.sensor == UID]
    assert mine == [sequences[0], sequences[2]]
    assert [len(await one.decisions(sequence)) for sequence in sequences] == [2, 2, 2]


async def test_no_timer_fires_before_an_event_that_the_others_have_yet_to_pass(one: House):
    """The event of second 20 is stored, the shared place has not passed it: at second 35 it is not quiet for 30."""
    await one.apply(QUIET)
    await one.publish("source/a", {}, id="a1")
    await one.decide()
    one.clock.advance(20)
    await one.publish("source/a", {}, id="a2")
    one.clock.advance(15)
    assert not await one.decider._lanes.decide_once()
    await one.decide()
    assert one.taker.effects == []
    one.clock.advance(15)
    await one.decide()
    assert fired(one) == ["a2"]


async def test_no_timer_fires_before_an_event_that_came_while_the_lane_waited_for_its_turn(one: House):
    await one.apply(QUIET)
    await one.publish("source/a", {}, id="a1")
    await one.decide()
    one.clock.advance(20)
    async with one.decider.desk.turn:
        step = asyncio.create_task(one.decider._lanes.decide_once(), name="lane")
        await until(one.decider._lanes._next.locked, step)
        await one.publish("source/a", {}, id="a2")
        one.clock.advance(15)
    await step
    await one.decide()
    assert one.taker.effects == []


async def test_a_sensor_that_is_suspended_while_its_lane_prepares_decides_nothing(
    one: House, willing: Willing
):
    await one.apply(LANE)
    await one.publish("source/a", {}, id="a1")
    await one.decider.decide_batch()
    willing.may_answer.clear()
    step = asyncio.create_task(one.decider._lanes.decide_once(), name="lane")
    await willing.is_asked.wait()
    await one.apply(SUSPENDED)
    willing.may_answer.set()
    assert not await step
    assert not await one.decider._lanes._step(UID)
    assert one.taker.effects == []
    await one.apply(LANE)
    await one.decide()
    assert fired(one) == ["a1"]


async def test_an_edit_while_the_lane_prepares_judges_by_the_new_text(one: House, willing: Willing):
    await one.apply(LANE)
    await one.publish("source/a", {}, id="a1")
    await one.decider.decide_batch()
    willing.may_answer.clear()
    step = asyncio.create_task(one.decider._lanes.decide_once(), name="lane")
    await willing.is_asked.wait()
    await one.apply(UNSCRIPTED)
    willing.may_answer.set()
    await step
    await one.decide()
    assert fired(one) == ["a1"]
    assert (await one.reader.facts()).lagging == {}
    await one.apply(LANE)
    await one.publish("source/b", {}, id="b1")
    await one.decide()
    assert fired(one) == ["a1", "b1"]


async def test_a_stopped_sensor_asks_no_worker(one: House, willing: Willing):
    await one.apply(LANE)
    async with deciding(one) as loop:
        await until(lambda: UID in one.decider._lanes._resting, loop)
        await one.decider.stop_sensor(UID, "its dead letters are full")
        await until(lambda: UID not in one.decider._lanes._resting, loop)
        await one.publish("source/a", {}, id="a1")
        await until(lambda: one.decider.roster.place >= 1, loop)
        assert willing.asked == []
        one.decider.resume_sensor(UID)
        await until(lambda: fired(one) == ["a1"], loop)


async def test_a_stopped_sensor_with_a_timer_that_is_due_costs_nothing(one: House):
    await one.apply(QUIET)
    await one.publish("source/a", {}, id="a1")
    async with deciding(one) as loop:
        await until(
            lambda: UID in one.decider._lanes._resting and bool(one.decider.roster.holdings.of_sensor(UID)),
            loop,
        )
        await one.decider.stop_sensor(UID, "its dead letters are full")
        one.clock.advance(60)
        await until(lambda: f"decide:{UID}" not in {task.get_name() for task in asyncio.all_tasks()}, loop)
        assert one.taker.effects == []
        one.decider.resume_sensor(UID)
        await until(lambda: fired(one) == ["a1"], loop)


async def test_a_sensor_that_is_deleted_while_its_lane_is_at_work_ends_nobody_else(
    one: House, willing: Willing
):
    await one.apply(LANE, BUILD)
    async with deciding(one) as loop:
        for number in range(20):
            willing.is_asked.clear()
            willing.may_answer.clear()
            await one.publish("source/a", {}, id=f"a{number}")
            await willing.is_asked.wait()
            await one.decider.apply(deleted=[UID])
            if number % 2:
                await asyncio.sleep(0)
            willing.may_answer.set()
            await one.apply(LANE)
        await one.publish("github/push", MAIN, id="d1")
        await one.publish("source/b", {}, id="b1")
        await until(lambda: {"d1", "b1"} <= set(fired(one)), loop)


class Busy(Willing):
    """No worker is to be had at first."""

    async def prepare(self, sensor: CompiledSensor, event: Event, topic: Topic):  # type: ignore[no-untyped-def]  # as inherited
        if not self.asked:
            self.asked.append("refused")
            raise SandboxBusy("calls wait already")
        return await super().prepare(sensor, event, topic)


async def test_events_wait_while_no_worker_is_to_be_had(tmp_path: Path):
    async with house(tmp_path, preparer=Busy()) as one:
        await one.apply(LANE)
        await one.publish("source/a", {}, id="a1")
        async with deciding(one) as loop:
            await until(lambda: bool(one.decider._preparer.asked), loop)
            while not one.taker.effects:
                one.clock.advance(1)
                await until(lambda: True, loop)
                await asyncio.sleep(0.001)
        assert fired(one) == ["a1"]


async def test_a_lane_that_is_ended_amid_its_commit_knows_what_it_has_committed(one: House):
    """The bus commits whoever waits for it: what the step held must not be forgotten, nor be judged again."""
    await one.apply(LANE.replace("a || b", "a && b"))
    await one.publish("source/a", {}, id="a1")
    await one.decider.decide_batch()
    commit, reached, may_go_on = one.runner.commit, asyncio.Event(), asyncio.Event()

    async def slow(step):
        receipt = await commit(step)
        reached.set()
        await may_go_on.wait()
        return receipt

    one.runner.commit = slow
    lane = asyncio.create_task(one.decider._lanes.decide_once(), name="lane")
    await reached.wait()
    lane.cancel()
    await asyncio.sleep(0)
    lane.cancel()
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await lane
    one.runner.commit = commit
    await one.publish("source/b", {}, id="b1")
    await one.decide()
    assert one.taker.fired == [("job", {"a": "a1", "b": "b1"})]


async def test_a_lane_that_rests_is_level_and_is_taken_along(one: House, monkeypatch: pytest.MonkeyPatch):
    """Events of others wake it never; after them it does not read the log from where it last had something to do."""
    monkeypatch.setattr("sensors.scripted_lanes._FAR", 10)
    await one.apply(LANE, BUILD)
    await one.publish("source/a", {}, id="a1")
    async with deciding(one) as loop:
        await until(lambda: fired(one) == ["a1"] and UID in one.decider._lanes._resting, loop)
        for number in range(40):
            await one.publish("github/push", MAIN, id=f"d{number}")
            await until(lambda: len(one.taker.effects) == number + 2, loop)  # noqa: B023 - asked at once
        assert one.decider._lanes.are_level()
        assert (await one.reader.facts()).lagging[UID] > 20
        sequence = await one.publish("source/a", {}, id="a2")
        await until(lambda: fired(one)[-1] == "a2", loop)
        await until(lambda: UID in one.decider._lanes._resting, loop)
        assert one.decider._lanes._level_place(UID) == sequence


async def test_what_its_quota_gives_up_while_the_lane_prepares_is_not_judged_as_well(
    one: House, willing: Willing
):
    await one.apply(LANE)
    await one.publish("source/a", {}, id="a1")
    await one.publish("source/a", {}, id="a2")
    await one.decider.decide_batch()
    willing.may_answer.clear()
    step = asyncio.create_task(one.decider._lanes.decide_once(), name="lane")
    await willing.is_asked.wait()
    one.clock.advance(8 * 86_400)
    await one.bus.maintain()
    willing.may_answer.set()
    await step
    await one.decide()
    assert fired(one) == []
