"""The decide loop on a real embedded bus."""

import asyncio
from pathlib import Path

import pytest

from events.bus import (
    FROM_END,
    DeadLetterQuery,
    ResourceChange,
    ResourceState,
    RunnerFenced,
    Step,
)
from sensors.decide import Decider, DecideSettings
from sensors.decision import Mark, MarkCode
from sensors.filter import Code, unpack_verdict
from tests.sensors.support import BUILD, JOIN, house, sensor

MAIN = {"body": {"ref": "refs/heads/main", "sha": "abc"}}
DEV = {"body": {"ref": "refs/heads/dev", "sha": "abc"}}


async def test_an_event_that_passes_its_filter_becomes_one_effect(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        sequence = await one.publish("github/push", MAIN, id="d1")
        await one.decide()

        assert one.taker.fired == [("job", {"push": "d1"})]
        effect = one.taker.effects[0]
        assert b'"sha":"abc"' in (effect.rendered or b"")
        assert effect.attempt == 1
        assert [each.id for each in await one.reader.effects_of(sequence)] == [effect.id]
        (decision,) = await one.decisions(sequence)
        assert decision.verdicts == (0, 0)
        assert decision.marks == (Mark(0, MarkCode.FIRED),)


async def test_a_filtered_event_leaves_a_verdict_and_no_effect(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        sequence = await one.publish("github/push", DEV)
        await one.decide()

        assert one.taker.effects == []
        (decision,) = await one.decisions(sequence)
        assert unpack_verdict(decision.verdicts[1]) == (Code.FILTERED, 1, 0)


async def test_a_sensor_sees_only_its_own_namespace_and_bus(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD.replace("namespace: ci", "namespace: other"))
        await one.publish("github/push", MAIN)
        await one.decide()
        assert one.taker.effects == []


async def test_a_join_fires_once_with_the_newest_of_each(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(JOIN)
        for name, ident in (("a", "a1"), ("a", "a2"), ("b", "b1"), ("b", "b2")):
            await one.publish(f"source/{name}", {}, id=ident)
        await one.decide()
        assert one.taker.fired == [("both", {"a": "a2", "b": "b1"})]


async def test_a_join_holds_across_a_restart(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(JOIN)
        await one.publish("source/a", {}, id="a1")
        await one.decide()
    async with house(tmp_path) as one:
        await one.publish("source/b", {}, id="b1")
        await one.decide()
        assert one.taker.fired == [("both", {"a": "a1", "b": "b1"})]


async def test_one_event_under_or_fires_once_for_each_dependency(tmp_path: Path):
    text = JOIN.replace("eventName: b", "eventName: a").replace("a && b", "b || a")
    async with house(tmp_path) as one:
        await one.apply(text)
        await one.publish("source/a", {}, id="x")
        await one.decide()
        assert one.taker.fired == [("both", {"b": "x"}), ("both", {"a": "x"})]
        assert len({effect.id for effect in one.taker.effects}) == 2


async def test_one_event_may_satisfy_both_sides_of_and(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(JOIN.replace("eventName: b", "eventName: a"))
        await one.publish("source/a", {}, id="x")
        await one.decide()
        assert one.taker.fired == [("both", {"a": "x", "b": "x"})]


async def test_what_came_before_a_new_sensor_is_not_its_business(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.publish("github/push", MAIN, id="before")
        await one.apply(BUILD)
        await one.publish("github/push", MAIN, id="after")
        await one.decide()
        assert one.taker.fired == [("job", {"push": "after"})]


async def test_an_edit_goes_on_where_it_was(tmp_path: Path):
    """The event was stored before the edit and is judged after it, by the new text: nothing is skipped."""
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        await one.publish("github/push", DEV, id="d1")
        await one.apply(BUILD.replace("^refs/heads/main$", "^refs/heads/dev$"))
        await one.decide()
        assert one.taker.fired == [("job", {"push": "d1"})]


async def test_an_edit_never_fires_and_says_what_it_let_go_of(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(JOIN)
        sequence = await one.publish("source/a", {}, id="a1")
        await one.decide()
        await one.apply(JOIN.replace("a && b", "a || b"))
        await one.decide()

        assert one.taker.effects == []
        (decision,) = await one.decisions(sequence)
        assert [mark.code for mark in decision.marks] == [MarkCode.HELD, MarkCode.SUPERSEDED]
        assert await one.reader.memories("file:ci/join") == []


async def test_an_edit_of_something_else_keeps_held_events(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(JOIN)
        await one.publish("source/a", {}, id="a1")
        await one.decide()
        await one.apply(JOIN.replace("document: {}", "document: {x: y}"))
        await one.publish("source/b", {}, id="b1")
        await one.decide()
        assert one.taker.fired == [("both", {"a": "a1", "b": "b1"})]


async def test_equal_texts_change_nothing(tmp_path: Path):
    async with house(tmp_path) as one:
        first = await one.decider.apply([sensor(BUILD)])
        assert len(first) == 1
        assert await one.decider.apply([sensor(BUILD)]) == ()
    async with house(tmp_path) as one:
        assert await one.decider.apply([sensor(BUILD)]) == ()


async def test_the_last_good_text_judges_after_a_restart(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
    async with house(tmp_path) as one:
        await one.publish("github/push", MAIN, id="d1")
        await one.decide()
        assert one.taker.fired == [("job", {"push": "d1"})]


async def test_a_deleted_sensor_judges_nothing_and_comes_back_with_what_it_held(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(JOIN)
        await one.publish("source/a", {}, id="a1")
        await one.decide()
        await one.decider.apply(deleted=["file:ci/join"])
        await one.publish("source/b", {}, id="missed")
        await one.decide()
        assert one.decider.sensor("file:ci/join") is None
    async with house(tmp_path) as one:
        await one.apply(JOIN)
        await one.publish("source/b", {}, id="b1")
        await one.decide()
        assert one.taker.fired == [("both", {"a": "a1", "b": "b1"})]


async def test_a_sensor_that_comes_back_after_a_day_holds_nothing(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(JOIN)
        await one.publish("source/a", {}, id="a1")
        await one.decide()
        await one.decider.apply(deleted=["file:ci/join"])
        one.clock.advance(25 * 3600)
        await one.bus.maintain()

        await one.apply(JOIN)
        await one.publish("source/b", {}, id="b1")
        await one.decide()
        assert one.taker.fired == []
        await one.publish("source/a", {}, id="a2")
        await one.decide()
        assert one.taker.fired == [("both", {"a": "a2", "b": "b1"})]


async def test_other_resources_are_recorded_in_the_same_step(tmp_path: Path):
    change = ResourceChange(
        uid="file:ci/github",
        kind="EventSource",
        namespace="ci",
        name="github",
        state=ResourceState.ACTIVE,
        spec_hash=b"x",
        text=b"{}",
    )
    async with house(tmp_path) as one:
        versions = await one.decider.apply([sensor(BUILD)], resources=[change])
        assert {version.kind for version in versions} == {"Sensor", "EventSource"}
        assert await one.decider.apply([sensor(BUILD)], resources=[change]) == ()


SUSPENDED = BUILD.replace("namespace: ci}", 'namespace: ci, annotations: {kikkake/suspend: "true"}}')


async def test_a_suspended_sensor_catches_up_when_it_goes_on(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD, JOIN)
        await one.publish("github/push", MAIN, id="d1")
        await one.decide()
        await one.apply(SUSPENDED)
        await one.publish("github/push", MAIN, id="d2")
        await one.publish("source/a", {}, id="a1")
        await one.decide()
        assert one.taker.fired == [("job", {"push": "d1"})]
    async with house(tmp_path) as one:
        await one.publish("github/push", MAIN, id="d3")
        await one.decide()
        assert one.taker.fired == []
        await one.apply(BUILD)
        await one.publish("github/push", MAIN, id="d4")
        await one.decide()
        assert one.taker.fired == [("job", {"push": each}) for each in ("d2", "d3", "d4")]
        assert (await one.reader.facts()).lagging == {}


async def test_catching_up_keeps_the_decisions_of_the_others(tmp_path: Path):
    other = BUILD.replace("name: build", "name: second")
    async with house(tmp_path) as one:
        await one.apply(BUILD, other)
        await one.decider.stop_sensor("file:ci/build", "its dead letters are full")
        sequence = await one.publish("github/push", MAIN, id="d1")
        await one.decide()
        assert len(await one.decisions(sequence)) == 1
        one.decider.resume_sensor("file:ci/build")
        await one.decide()
        assert len(await one.decisions(sequence)) == 2
        assert len(one.taker.fired) == 2


async def test_a_trigger_that_cannot_be_rendered_is_a_dead_letter_and_the_others_go_on(tmp_path: Path):
    other = BUILD.replace("name: build", "name: second").replace("dataKey: body.sha", "dataKey: body.ref")
    async with house(tmp_path) as one:
        await one.apply(BUILD, other)
        sequence = await one.publish("github/push", {"body": {"ref": "refs/heads/main"}})
        await one.decide()

        assert [effect.sensor for effect in one.taker.effects] == ["file:ci/second"]
        (letter,) = await one.reader.dead_letters(DeadLetterQuery())
        assert (letter.reason, letter.sequence, letter.trigger) == ("RenderFailed", sequence, "job")
        assert "dataKey `body.sha`: not in the event; keys at `body`: ref" in letter.detail
        first, _second = await one.decisions(sequence)
        assert first.marks == (Mark(0, MarkCode.RENDER_FAILED),)


async def test_a_bug_in_a_kind_is_a_dead_letter_and_stops_nobody(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(JOIN.replace("a && b", "a || b"))
        await one.publish("source/a", b'{"bug":1}')
        await one.publish("source/b", {}, id="b1")
        await one.decide()
        (letter,) = await one.reader.dead_letters(DeadLetterQuery())
        assert letter.reason == "RenderCrashed"
        assert one.taker.fired == [("both", {"b": "b1"})]


async def test_many_events_are_decided_in_steps_of_bounded_size(tmp_path: Path):
    async with house(tmp_path, settings=DecideSettings(max_events=7)) as one:
        await one.apply(BUILD)
        for number in range(30):
            await one.publish("github/push", MAIN, id=str(number))
        await one.decide()
        assert [ids["push"] for _name, ids in one.taker.fired] == [str(number) for number in range(30)]


async def test_the_loop_wakes_for_events_and_for_changes(tmp_path: Path):
    async with house(tmp_path) as one:
        loop = asyncio.create_task(one.decider.run(), name="decide")
        try:
            async with asyncio.timeout(10):
                await one.apply(BUILD)
                await one.publish("github/push", MAIN, id="d1")
                await one.taker.has_some.wait()
        finally:
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)
        assert one.taker.fired == [("job", {"push": "d1"})]


async def test_a_runner_that_lost_its_shard_stops(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        await one.publish("github/push", MAIN)
        await one.bus.take_over()
        with pytest.raises(RunnerFenced):
            async with asyncio.timeout(10):
                await one.decider.run()
        assert one.taker.effects == []


async def test_a_sensor_that_this_build_refuses_waits_for_one_that_takes_it(tmp_path: Path):
    """The text was good to an older build; here its kind of trigger has another model."""
    async with house(tmp_path) as one:
        compiled = sensor(BUILD)
        change = ResourceChange(
            uid=compiled.uid,
            kind="Sensor",
            namespace="ci",
            name="build",
            state=ResourceState.ACTIVE,
            spec_hash=compiled.spec_hash,
            text=compiled.text.replace(b'"document":{}', b'"document":7'),
            topics=compiled.topics,
            starts={"push": 0},
        )
        await one.runner.commit(Step(resources=[change]))
    async with house(tmp_path) as one:
        await one.apply(JOIN)
        await one.publish("github/push", MAIN, id="d1")
        await one.decide()
        assert one.taker.effects == []
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        await one.decide()
        assert one.taker.fired == [("job", {"push": "d1"})]


async def test_a_start_is_filled_in_by_the_bus(tmp_path: Path):
    async with house(tmp_path) as one:
        sequence = await one.publish("github/push", MAIN)
        (version,) = await one.decider.apply([sensor(BUILD)])
        assert version.starts == {"push": sequence}
        assert FROM_END not in version.starts.values()


async def test_before_load_there_is_no_roster(tmp_path: Path):
    async with house(tmp_path) as one:
        decider = Decider(
            one.runner,
            one.reader,
            one.clock,
            store_key=b"k",
            offer=one.taker.offer,
            look_again=one.taker.look_again,
        )
        with pytest.raises(RuntimeError, match="load comes first"):
            _ = decider.roster
