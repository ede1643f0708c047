"""Replays: "ensure done" and "as new" (spec: bad-input, section 6)."""

import asyncio
from pathlib import Path

import pytest

from events.bus import (
    DeadLetterQuery,
    EffectState,
    NewDeadLetter,
    Outcome,
    Publication,
    Standing,
    Step,
    StepReceipt,
)
from events.topic import Topic
from sensors.replay import Action, EventGone
from sensors.sandbox import SandboxUnavailable
from tests.sensors.preparer import Willing
from tests.sensors.support import BUILD, JOIN, PROVENANCE, House, event, house

MAIN = {"body": {"ref": "refs/heads/main", "sha": "abc"}}
NO_SHA = {"body": {"ref": "refs/heads/main"}}
MENDED = BUILD.replace("dataKey: body.sha", 'dataKey: body.sha, value: "none"')


async def end(one: House, state: EffectState, *, number: int = 1) -> None:
    outcome = Outcome(
        number=number, attempt=1, state=state, at_us=one.clock.now_us(), reason="ObjectInvalid", detail="no"
    )
    assert await one.runner.settle(outcome)


async def actions(one: House, sequence: int, **options: object) -> list[tuple[str, Action]]:
    plan = await one.decider.replay(sequence, **options)  # type: ignore[arg-type]  # options of a test
    return [(item.trigger, item.action) for item in plan.items]


async def test_a_finished_effect_is_left_alone(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        sequence = await one.publish("github/push", MAIN)
        await one.decide()
        await end(one, EffectState.DONE)
        assert await actions(one, sequence) == [("job", Action.NONE)]
        assert len(one.taker.effects) == 1


async def test_a_dead_effect_is_opened_again(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        sequence = await one.publish("github/push", MAIN)
        await one.decide()
        await end(one, EffectState.DEAD)
        assert len(await one.reader.dead_letters(DeadLetterQuery())) == 1

        assert await actions(one, sequence, dry_run=True) == [("job", Action.RETRY)]
        assert len(await one.reader.dead_letters(DeadLetterQuery())) == 1
        assert await actions(one, sequence) == [("job", Action.RETRY)]
        assert await one.reader.dead_letters(DeadLetterQuery()) == []
        effect = await one.reader.effect(1)
        assert effect is not None
        assert effect.state is EffectState.OPEN
        assert one.taker.looks == 1


async def test_what_could_not_be_rendered_is_made_after_the_sensor_was_mended(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        sequence = await one.publish("github/push", NO_SHA, id="d1")
        await one.decide()
        assert one.taker.effects == []
        plan = await one.decider.replay(sequence)
        assert [item.action for item in plan.items] == [Action.NONE]
        assert "cannot be rendered" in plan.items[0].note
        assert len(await one.reader.dead_letters(DeadLetterQuery())) == 1

        await one.apply(MENDED)
        plan = await one.decider.replay(sequence, dry_run=True)
        assert plan.items[0].action is Action.CREATE
        assert plan.items[0].preview is not None
        assert plan.items[0].preview.object is not None
        assert one.taker.effects == []

        assert await actions(one, sequence) == [("job", Action.CREATE)]
        assert one.taker.fired == [("job", {"push": "d1"})]
        assert await one.reader.dead_letters(DeadLetterQuery()) == []
        # And once is enough.
        assert await actions(one, sequence) == [("job", Action.NONE)]
        assert len(one.taker.effects) == 1


FAILING_JOIN = JOIN.replace(
    "record: {document: {}}",
    "record: {parameters: [{src: {dependencyName: a, dataKey: sha}, dest: sha}]}",
)


async def test_a_join_that_could_not_be_rendered_has_all_its_events_after_a_restart(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(FAILING_JOIN)
        await one.publish("source/a", {}, id="a1")
        sequence = await one.publish("source/b", {}, id="b1")
        await one.decide()
        assert one.taker.effects == []
    async with house(tmp_path) as one:
        await one.apply(FAILING_JOIN.replace("dataKey: sha", 'dataKey: sha, value: "none"'))
        # The memory of the join is spent: these two are another set.
        await one.publish("source/a", {"sha": "x"}, id="a2")
        await one.publish("source/b", {}, id="b2")
        await one.decide()
        assert await actions(one, sequence) == [("both", Action.CREATE)]
        assert one.taker.fired == [("both", {"a": "a2", "b": "b2"}), ("both", {"a": "a1", "b": "b1"})]
        assert await one.reader.memories("file:ci/join") == []


async def test_as_new_makes_another_effect_every_time(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        sequence = await one.publish("github/push", MAIN, id="d1")
        await one.decide()
        await end(one, EffectState.DONE)
        assert await actions(one, sequence, as_new=True) == [("job", Action.CREATE)]
        one.clock.advance(1)
        assert await actions(one, sequence, as_new=True) == [("job", Action.CREATE)]
        assert len({effect.id for effect in one.taker.effects}) == 3
        assert len({effect.nonce for effect in one.taker.effects}) == 3


async def test_a_join_is_made_again_with_the_events_that_it_had(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(JOIN)
        first = await one.publish("source/a", {}, id="a1")
        await one.publish("source/b", {}, id="b1")
        await one.decide()
        await one.decider.replay(first, as_new=True)
        assert one.taker.fired == [("both", {"a": "a1", "b": "b1"})] * 2


async def test_a_suspected_replay_is_judged_when_a_person_says_so(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        topic = Topic("ci", "default", "github", "push")
        receipts = []
        for ident in ("d1", "d2"):
            publication = Publication(topic, event(MAIN, id=ident), PROVENANCE, body_mac=b"m" * 32)
            receipts += await one.bus.publish([publication])
        assert receipts[1].standing is Standing.SUSPECTED_REPLAY
        await one.decide()
        assert one.taker.fired == [("job", {"push": "d1"})]
        assert await actions(one, receipts[1].sequence) == [("job", Action.CREATE)]
        assert one.taker.fired[1] == ("job", {"push": "d2"})
        assert len(await one.decisions(receipts[1].sequence)) == 1


async def test_a_filtered_event_says_why_nothing_happens(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        sequence = await one.publish("github/push", {"body": {"ref": "refs/heads/dev"}})
        await one.decide()
        plan = await one.decider.replay(sequence)
        assert [(item.action, item.note) for item in plan.items] == [(Action.NONE, "push: filtered")]


async def test_a_held_event_says_what_it_waits_for(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(JOIN)
        old = await one.publish("source/a", {}, id="a1")
        new = await one.publish("source/a", {}, id="a2")
        await one.decide()
        assert (await one.decider.replay(new)).items[0].note == "it is held, waiting for b"
        assert (await one.decider.replay(old)).items[0].note == "a newer event of `a` is held, waiting for b"
        await one.publish("source/b", {}, id="b1")
        await one.decide()
        assert one.taker.fired == [("both", {"a": "a2", "b": "b1"})]


async def test_an_event_from_before_the_sensor_may_be_given_to_it_by_hand(tmp_path: Path):
    async with house(tmp_path) as one:
        sequence = await one.publish("github/push", MAIN, id="d1")
        await one.apply(BUILD, JOIN)
        assert await actions(one, sequence, sensor="file:ci/join") == []
        assert await actions(one, sequence, sensor="file:ci/build") == [("job", Action.CREATE)]


async def test_an_event_that_is_gone_cannot_be_replayed(tmp_path: Path):
    async with house(tmp_path) as one:
        with pytest.raises(EventGone, match="event 77 is not stored any more"):
            await one.decider.replay(77)


async def test_a_dry_run_changes_nothing(tmp_path: Path):
    async with house(tmp_path) as one:
        sequence = await one.publish("source/a", {}, id="a1")
        await one.apply(JOIN)
        plan = await one.decider.replay(sequence, dry_run=True)
        assert plan.items[0].note == "is held from now on, waiting for b"
        assert await one.reader.memories("file:ci/join") == []
        assert await one.reader.decision(sequence) is None


async def give_up(one: House, sequence: int, *, trigger: str = "", reason: str = "QuotaExceeded") -> None:
    letter = NewDeadLetter(
        sensor="file:ci/build", trigger=trigger, sequence=sequence, reason=reason, detail="given up"
    )
    await one.runner.commit(Step(dead_letters=[letter]))


async def letters(one: House) -> list[tuple[str, str]]:
    return [(letter.trigger, letter.reason) for letter in await one.reader.dead_letters(DeadLetterQuery())]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(MAIN, id="it fires"),
        pytest.param({"body": {"ref": "refs/heads/dev"}}, id="it is filtered"),
    ],
)
async def test_an_event_that_a_quota_gave_up_is_judged_and_its_letter_goes(tmp_path: Path, data: object):
    """Also where nothing comes of it: thousands of filtered events would fill the dead letters for ever."""
    async with house(tmp_path) as one:
        sequence = await one.publish("github/push", data, id="d1")
        await one.apply(BUILD)
        await give_up(one, sequence)

        expected = ("job", Action.CREATE) if data is MAIN else ("", Action.CLEAR)
        assert (await actions(one, sequence, dry_run=True))[-1] == expected
        assert len(await letters(one)) == 1
        await one.decider.replay(sequence)

        assert await letters(one) == []
        assert len(one.taker.fired) == (data is MAIN)
        assert len(await one.decisions(sequence)) == 1


async def test_a_letter_stays_while_its_trigger_cannot_be_carried_out(tmp_path: Path):
    stopped = BUILD + "        rateLimit: {requestsPerUnit: 0}\n"
    async with house(tmp_path) as one:
        sequence = await one.publish("github/push", MAIN, id="d1")
        await one.apply(stopped)
        await give_up(one, sequence)
        await give_up(one, sequence, trigger="job", reason="RenderFailed")

        await one.decider.replay(sequence)

        assert sorted(await letters(one)) == [("", "QuotaExceeded"), ("job", "RenderFailed")]


async def test_a_letter_of_a_trigger_that_now_filters_the_event_goes(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        sequence = await one.publish("github/push", NO_SHA, id="d1")
        await one.decide()
        assert await letters(one) == [("job", "RenderFailed")]
        await one.apply(BUILD.replace("heads/main", "heads/other"))

        await one.decider.replay(sequence)

        assert await letters(one) == []
        assert one.taker.fired == []


async def test_a_side_of_a_join_that_a_quota_gave_up_is_held_by_a_replay(tmp_path: Path):
    async with house(tmp_path) as one:
        sequence = await one.publish("source/a", {}, id="a1")
        await one.apply(JOIN)
        await one.runner.commit(
            Step(
                dead_letters=[
                    NewDeadLetter(
                        sensor="file:ci/join",
                        trigger="",
                        sequence=sequence,
                        reason="QuotaExceeded",
                        detail="",
                    )
                ]
            )
        )
        assert await actions(one, sequence) == [("both", Action.HOLD)]
        assert await letters(one) == []
        await one.publish("source/b", {}, id="b1")
        await one.decide()
        assert one.taker.fired == [("both", {"a": "a1", "b": "b1"})]


LATE = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: join, namespace: ci}
    spec:
      dependencies:
      - {name: a, eventSourceName: source, eventName: a}
      - {name: b, eventSourceName: source, eventName: b}
      triggers:
      - template:
          name: both
          conditions: a && b
          correlate: {key: {dataKey: n}, within: 30m, onTimeout: {trigger: late}}
          record: {}
      - template:
          name: late
          record: {parameters: [{src: {dependencyName: a, dataKey: sha}, dest: sha}]}
"""
MENDED_LATE = LATE.replace("dataKey: sha", 'dataKey: sha, value: "none"')


async def test_a_timeout_that_could_not_be_rendered_is_made_by_a_replay_under_its_own_identity(
    tmp_path: Path,
):
    """No event wakes its trigger: the replay has to know the set, and why it fired."""
    async with house(tmp_path) as one:
        await one.apply(LATE)
        sequence = await one.publish("source/a", {"n": 1}, id="a1")
        await one.decide()
        one.clock.advance(1800)
        due_us = one.clock.now_us()
        await one.decide()
        assert await letters(one) == [("late", "RenderFailed")]
        await one.decider.replay(sequence, sensor="file:ci/join")
        assert await letters(one) == [("late", "RenderFailed")]
    async with house(tmp_path) as one:
        await one.apply(MENDED_LATE)
        assert await actions(one, sequence, dry_run=True) == [("late", Action.CREATE)]
        assert await actions(one, sequence) == [("late", Action.CREATE)]
        assert one.taker.fired == [("late", {"a": "a1"})]
        occasion = one.taker.effects[0].occasion
        assert occasion.startswith("timeout:both:")
        assert occasion.endswith(f":{due_us}")
        assert await letters(one) == []
        assert await one.reader.memories("file:ci/join") == []
        assert await actions(one, sequence) == [("late", Action.NONE)]


async def test_a_replay_does_not_wait_again_for_what_has_timed_out_already(tmp_path: Path):
    """Or else the time-out would come again, and its trigger would fire a second time."""
    async with house(tmp_path) as one:
        await one.apply(MENDED_LATE)
        sequence = await one.publish("source/a", {"n": 1}, id="a1")
        await one.decide()
        one.clock.advance(1800)
        await one.decide()
        assert one.taker.fired == [("late", {"a": "a1"})]
        await one.decider.replay(sequence)
        one.clock.advance(1800)
        await one.decide()
        assert one.taker.fired == [("late", {"a": "a1"})]


async def test_a_timeout_is_made_again_as_new(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(MENDED_LATE)
        sequence = await one.publish("source/a", {"n": 1}, id="a1")
        await one.decide()
        one.clock.advance(1800)
        await one.decide()
        assert await actions(one, sequence, as_new=True) == [("late", Action.CREATE)]
        assert [effect.trigger for effect in one.taker.effects] == ["late", "late"]
        assert len({(effect.occasion, effect.nonce) for effect in one.taker.effects}) == 2
        assert len({effect.occasion for effect in one.taker.effects}) == 1


async def test_a_set_whose_letter_is_answered_is_not_kept(tmp_path: Path):
    """Its events would be pinned for ever, and nobody would ask for it again."""
    async with house(tmp_path) as one:
        await one.apply(FAILING_JOIN)
        await one.publish("source/a", {}, id="a1")
        sequence = await one.publish("source/b", {}, id="b1")
        await one.decide()
        assert len(await one.reader.memories("file:ci/join")) == 1
        refusing = FAILING_JOIN.replace(
            "eventName: b}", 'eventName: b, filters: {data: [{path: n, type: string, value: ["x"]}]}}'
        )
        await one.apply(refusing)
        await one.decider.replay(sequence)
        assert await letters(one) == []
        assert await one.reader.memories("file:ci/join") == []
        assert one.decider.roster.failed_keys("file:ci/join") == []


SCRIPTED = BUILD.replace("        filters:\n", "        filters:\n          script: return true\n")


async def test_a_replay_takes_its_turn_only_after_the_scripts_have_run(tmp_path: Path):
    """A person who replays an event of a slow script holds nobody up."""
    willing = Willing()
    other = JOIN.replace("a && b", "a || b")
    async with house(tmp_path, preparer=willing) as one:
        sequence = await one.publish("github/push", MAIN, id="d1")
        await one.apply(SCRIPTED, other)
        await one.decide()
        willing.may_answer.clear()
        replay = asyncio.create_task(one.decider.replay(sequence), name="replay")
        await willing.is_asked.wait()
        await one.publish("source/a", {}, id="a1")
        async with asyncio.timeout(5):
            while not one.taker.effects:
                await one.decider.decide_batch()
        assert one.taker.fired == [("both", {"a": "a1"})]
        willing.may_answer.set()
        plan = await replay
        assert [(item.trigger, item.action) for item in plan.items] == [("job", Action.CREATE)]
        assert one.taker.fired[1:] == [("job", {"push": "d1"})]


async def test_a_replay_without_workers_says_so_and_changes_nothing(tmp_path: Path):
    async with house(tmp_path) as one:
        sequence = await one.publish("github/push", MAIN, id="d1")
        await one.apply(SCRIPTED)
        with pytest.raises(SandboxUnavailable, match="ci/build needs workers"):
            await one.decider.replay(sequence)
        assert one.taker.effects == []


async def test_a_replay_that_is_cancelled_amid_its_commit_knows_what_it_holds(tmp_path: Path):
    """Whoever asked has hung up: what the step made true in the store is true here, too."""
    async with house(tmp_path) as one:
        sequence = await one.publish("source/a", {}, id="a1")
        await one.apply(JOIN)
        commit, reached, may_go_on = one.runner.commit, asyncio.Event(), asyncio.Event()

        async def slow(step: Step) -> StepReceipt:
            receipt = await commit(step)
            reached.set()
            await may_go_on.wait()
            return receipt

        one.runner.commit = slow  # type: ignore[method-assign]  # a disk that takes its time
        replay = asyncio.create_task(one.decider.replay(sequence), name="replay")
        await reached.wait()
        replay.cancel()
        await asyncio.sleep(0)
        may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await replay
        one.runner.commit = commit  # type: ignore[method-assign]  # as it was
        await one.publish("source/b", {}, id="b1")
        await one.decide()
        assert one.taker.fired == [("both", {"a": "a1", "b": "b1"})]


@pytest.mark.parametrize(
    "how",
    [
        "correlate: {key: {dataKey: n}, maxKeys: 1, within: 1h}",
        "debounce: 30s",
        "batch: {max: 5, within: 1m}",
    ],
)
async def test_a_dry_run_leaves_no_trace_of_what_waits(tmp_path: Path, how: str):
    async with house(tmp_path) as one:
        old = await one.publish("source/a", {"n": 1}, id="a1")
        await one.apply(JOIN.replace("conditions: a && b", f"conditions: a && b\n          {how}"))
        await one.publish("source/a", {"n": 2}, id="a2")
        await one.publish("source/b", {"n": 3}, id="b1")
        await one.decide()
        before = await one.runner.load()
        held = one.decider.roster.holdings.of_sensor("file:ci/join")
        due_us = one.decider.next_due_us()
        await one.decider.replay(old, dry_run=True)
        await one.decider.replay(old, dry_run=True, as_new=True)
        after = await one.runner.load()
        assert (after.memories, after.timers) == (before.memories, before.timers)
        assert one.decider.roster.holdings.of_sensor("file:ci/join") == held
        assert one.decider.next_due_us() == due_us
