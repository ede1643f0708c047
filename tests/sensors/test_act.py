"""The act loop on a real bus: attempts, outcomes, retries, doubt, limits, the end."""

import asyncio

import orjson
import pytest

from events.bus import DeadLetterQuery, EffectState, OrderMode, RunnerFenced
from events.clock import US_PER_S
from sensors.lanes import ActLimits
from sensors.rate_limit import Spacing
from sensors.retry import Retry, Strategy
from sensors.trigger import Begun, Done, OnFailure
from tests.sensors.actors import START_US, Told, ToldInDryRun, ToldOnce, desk, done, failed


@pytest.fixture
async def at(tmp_path):
    async with desk(tmp_path) as at:
        yield at


def steady(steps, **more):
    strategy = Strategy(**{"steps": steps, "duration_s": 10.0, "factor": 2.0, "jitter": 0.0, **more})
    return Retry(strategy=strategy)


async def test_an_offered_effect_is_fired_with_its_bytes_and_recorded(at):
    trigger = at.trigger()
    at.start()

    [number] = await at.commit(at.new())
    effect = await at.wait_state(number, EffectState.DONE)

    [(rendered, attempt, _)] = trigger.fired
    assert rendered == b'{"n":1}'
    assert (attempt.number, attempt.was_in_doubt, attempt.namespace) == (1, False, "ci")
    assert orjson.loads(effect.result) == {"object": "ConfigMap ci/x"}
    assert [one.answer for one in effect.history] == ["201 Created"]


async def test_what_was_not_offered_is_found_in_the_bus(at):
    at.trigger()
    await at.commit(at.new(attempt=0), offer=False)
    at.start()

    await at.wait_state(1, EffectState.DONE)


async def test_a_failure_that_may_pass_is_tried_again_at_its_time(at):
    trigger = at.trigger(retry=steady(3))
    trigger.answers = [failed()]
    at.start()

    [number] = await at.commit(at.new())
    wake_us = await at.sleeping()
    waiting = await at.state(number)
    at.clock.move_to(wake_us)
    effect = await at.wait_state(number, EffectState.DONE)

    assert (waiting.state, waiting.reason, waiting.due_us) == (
        EffectState.OPEN,
        "ServerError",
        START_US + 10 * US_PER_S,
    )
    assert wake_us == START_US + 10 * US_PER_S
    assert [fired[2] for fired in trigger.fired] == [START_US, START_US + 10 * US_PER_S]
    assert [fired[0] for fired in trigger.fired] == [b'{"n":1}'] * 2
    assert [one.number for one in effect.history] == [1, 2]


async def test_attempts_end_in_a_dead_letter_that_says_why(at):
    trigger = at.trigger(retry=steady(2))
    trigger.answers = [failed(), failed()]
    at.start()

    [number] = await at.commit(at.new())
    at.clock.move_to(await at.sleeping())
    await at.wait_state(number, EffectState.DEAD)

    [letter] = await at.bus.reader().dead_letters(DeadLetterQuery())
    assert (letter.effect, letter.reason) == (number, "ServerError")
    assert letter.detail == "it broke (given up after 2 attempts in 10 s)"


async def test_a_namespace_that_may_not_be_acted_for_waits_and_costs_no_attempt(at):
    trigger = at.trigger(retry=steady(1))
    at.closed.add("ci")
    at.start()

    [number] = await at.commit(at.new())
    wake_us = await at.sleeping()
    waiting = await at.state(number)
    assert (waiting.reason, trigger.fired) == ("NamespaceNotEnabled", [])

    at.closed.clear()
    at.clock.move_to(wake_us)
    effect = await at.wait_state(number, EffectState.DONE)
    assert effect.attempt == 1


async def test_what_cannot_become_valid_is_not_tried_again(at):
    at.trigger(retry=steady(5)).answers = [failed(OnFailure.GIVE_UP, reason="ObjectInvalid")]
    at.start()

    [number] = await at.commit(at.new())
    effect = await at.wait_state(number, EffectState.DEAD)

    assert (effect.reason, effect.attempt) == ("ObjectInvalid", 1)


async def test_a_busy_target_costs_no_attempt(at):
    trigger = at.trigger(retry=steady(1))
    trigger.answers = [failed(retry_after_s=7.0, counts=False)] * 3
    at.start()

    [number] = await at.commit(at.new())
    for tries in (1, 2, 3):
        await at.wait_for(lambda tries=tries: len(trigger.fired) == tries)
        at.clock.move_to(await at.sleeping())
    effect = await at.wait_state(number, EffectState.DONE)

    assert [fired[2] - START_US for fired in trigger.fired] == [0, 7_000_000, 14_000_000, 21_000_000]
    assert effect.attempt == 1


async def test_a_restart_repeats_what_is_in_doubt_and_says_since_when(tmp_path):
    async with desk(tmp_path) as at:
        at.trigger()
        [number] = await at.commit(at.new(), offer=False)
    async with desk(tmp_path, start_us=START_US + 30 * US_PER_S) as at:
        trigger = at.trigger()
        at.start()
        effect = await at.wait_state(number, EffectState.DONE)

    [(_, attempt, _)] = trigger.fired
    assert (attempt.number, attempt.was_in_doubt, attempt.first_intent_us) == (2, True, START_US)
    assert [one.ended_us for one in effect.history] == [0, START_US + 30 * US_PER_S]


async def test_what_must_not_be_repeated_ends_in_doubt_after_a_restart(tmp_path):
    async with desk(tmp_path) as at:
        at.trigger()
        [number] = await at.commit(at.new(attempt=0), offer=False)
        await at.runner.begin(number, 1, START_US)
    async with desk(tmp_path) as at:
        trigger = at.trigger(kind=ToldOnce)
        at.start()
        effect = await at.wait_state(number, EffectState.DEAD)

    assert effect.reason == "InDoubt"
    assert trigger.fired == []


async def test_with_at_least_once_it_is_repeated(tmp_path):
    async with desk(tmp_path) as at:
        at.trigger()
        [number] = await at.commit(at.new(attempt=0), offer=False)
        await at.runner.begin(number, 1, START_US)
    async with desk(tmp_path) as at:
        at.trigger(kind=ToldOnce, at_least_once=True)
        at.start()
        await at.wait_state(number, EffectState.DONE)


@pytest.mark.parametrize(
    ("kind", "ends"), [(Told, EffectState.DONE), (ToldOnce, EffectState.DEAD)], ids=["repeatable", "not"]
)
async def test_no_answer_is_repeated_only_where_that_is_harmless(at, kind, ends):
    trigger = at.trigger(kind=kind)
    trigger.answers = [failed(in_doubt=True)]
    at.start(chance=0.0)

    [number] = await at.commit(at.new())
    await at.wait_state(number, ends)


async def test_a_doubt_stays_one_through_later_answers(at):
    trigger = at.trigger(retry=steady(5))
    trigger.answers = [failed(in_doubt=True), failed()]
    at.start()

    [number] = await at.commit(at.new())
    for tries in (1, 2):
        await at.wait_for(lambda tries=tries: len(trigger.fired) == tries)
        at.clock.move_to(await at.sleeping())
    await at.wait_state(number, EffectState.DONE)

    last = trigger.fired[-1][1]
    assert (last.number, last.was_in_doubt, last.first_intent_us) == (3, True, START_US)


async def test_a_crash_of_a_kind_is_a_failed_attempt_and_ends_no_other(at):
    trigger = at.trigger(retry=steady(2))
    trigger.answers = [ValueError("secret text")]
    at.start()

    numbers = await at.commit(at.new(), at.new())
    await at.wait_state(numbers[1], EffectState.DONE)
    await at.sleeping()

    effect = await at.state(numbers[0])
    assert (effect.state, effect.reason) == (EffectState.OPEN, "InternalError")
    assert "secret text" not in effect.history[0].answer


async def test_a_hanging_target_blocks_nobody_else(at):
    never = asyncio.Event()
    at.trigger("hangs").answers = [never] * 100
    at.trigger("quick")
    at.start(limits=ActLimits(attempts=4, attempts_per_trigger=4))

    await at.commit(*(at.new("hangs") for _ in range(50)))
    [number] = await at.commit(at.new("quick"))

    await at.wait_state(number, EffectState.DONE)
    assert len(at.triggers["hangs"].fired) == 4
    never.set()


async def test_what_waits_in_the_bus_is_taken_in_when_there_is_room(at):
    trigger = at.trigger()
    at.start(limits=ActLimits(attempts=2, attempts_per_trigger=2, waiting_per_trigger=4))

    numbers = await at.commit(*(at.new() for _ in range(300)))
    await at.wait_for(lambda: len(at.settled_outcomes) == 300)

    assert sorted(effect.number for effect, _ in at.settled_outcomes) == numbers
    assert len(trigger.fired) == 300
    assert {attempt.was_in_doubt for _, attempt, _ in trigger.fired} == {False}


async def test_a_rate_limit_spaces_attempts_exactly(at):
    trigger = at.trigger(spacing=Spacing(2 * US_PER_S))
    at.start()

    await at.commit(*(at.new(attempt=0) for _ in range(3)))
    for tries in (1, 2, 3):
        await at.wait_for(lambda tries=tries: len(trigger.fired) == tries)
        if tries < 3:
            at.clock.move_to(await at.sleeping())

    assert [fired[2] - START_US for fired in trigger.fired] == [0, 2_000_000, 4_000_000]


async def test_a_rate_limit_survives_a_restart(tmp_path):
    async with desk(tmp_path) as at:
        at.trigger(spacing=Spacing(10 * US_PER_S))
        at.start()
        [number] = await at.commit(at.new(attempt=0))
        await at.wait_state(number, EffectState.DONE)
    async with desk(tmp_path, start_us=START_US + 4 * US_PER_S) as at:
        trigger = at.trigger(spacing=Spacing(10 * US_PER_S))
        at.start()
        [number] = await at.commit(at.new(attempt=0))
        assert await at.sleeping() == START_US + 10 * US_PER_S
        assert trigger.fired == []
        at.clock.move_to(START_US + 10 * US_PER_S)
        await at.wait_state(number, EffectState.DONE)


async def test_a_backlog_of_a_limited_trigger_goes_on_after_a_restart(tmp_path):
    async with desk(tmp_path) as at:
        await at.commit(at.new(attempt=0), at.new(attempt=0), offer=False)
    async with desk(tmp_path) as at:
        trigger = at.trigger(spacing=Spacing(10 * US_PER_S))
        at.start()
        await at.wait_for(lambda: len(trigger.fired) == 1)
        at.clock.move_to(await at.sleeping())
        await at.wait_for(lambda: len(trigger.fired) == 2)


async def test_a_backlog_larger_than_memory_is_worked_off_after_a_restart(tmp_path):
    async with desk(tmp_path) as at:
        await at.commit(
            *(at.new(attempt=0) for _ in range(400)),
            *(at.new("quick", attempt=0) for _ in range(3)),
            offer=False,
        )
    async with desk(tmp_path) as at:
        never = asyncio.Event()
        at.trigger().answers = [never] * 2
        quick = at.trigger("quick")
        at.start(limits=ActLimits(attempts=2, attempts_per_trigger=2, waiting_per_trigger=8))

        await at.wait_for(lambda: len(quick.fired) == 3)
        never.set()
        await at.wait_for(lambda: len(at.settled_outcomes) == 403)

        assert len({effect.number for effect, _ in at.settled_outcomes}) == 403
        assert len(at.triggers["build"].fired) == 400


async def test_effects_that_wait_for_one_another_run_in_order(at):
    trigger = at.trigger(retry=steady(3))
    trigger.answers = [failed()]
    ordered = {"order_key": b"k" * 32, "order_mode": OrderMode.WAIT, "attempt": 0}
    at.start()

    numbers = await at.commit(*(at.new(**ordered) for _ in range(4)))
    at.clock.move_to(await at.sleeping())
    for number in numbers:
        await at.wait_state(number, EffectState.DONE)

    assert [fired[0] for fired in trigger.fired] == [b'{"n":%d}' % n for n in (1, 1, 2, 3, 4)]


async def test_the_dlq_trigger_fires_when_the_main_one_is_given_up(at):
    at.trigger().answers = [failed(OnFailure.GIVE_UP)]
    fallback = at.trigger("fallback")
    at.dlq["build"] = "fallback"
    at.start()

    [number] = await at.commit(at.new())
    await at.wait_state(number, EffectState.DEAD)
    await at.wait_for(lambda: len(at.settled_outcomes) == 2)

    assert len(fallback.fired) == 1
    assert (await at.state(number + 1)).role == "dlq"


async def test_a_planned_effect_is_rendered_once_before_its_first_attempt(at):
    trigger = at.trigger(retry=steady(2))
    trigger.answers = [failed()]
    new = at.new(attempt=0, rendered=None)
    at.planned[new.id] = b'{"planned":true}'
    at.start()

    [number] = await at.commit(new)
    wake_us = await at.sleeping()
    at.planned[new.id] = b'{"planned":"anew"}'
    at.clock.move_to(wake_us)
    await at.wait_state(number, EffectState.DONE)

    assert [fired[0] for fired in trigger.fired] == [b'{"planned":true}'] * 2


PLANNED = {"attempt": 0, "rendered": None, "order_key": b"t" * 32, "order_mode": OrderMode.WAIT}


async def test_planned_effects_keep_the_order_of_their_object(at):
    """Rendered late, the older one still comes first: nobody knew before what either is about."""
    trigger = at.trigger("fetched")
    at.trigger("direct")
    ordered = {"order_key": b"object" * 5, "order_mode": OrderMode.WAIT}
    news = [
        at.new("fetched", **PLANNED),
        at.new("direct", attempt=0, **ordered),
        at.new("fetched", **PLANNED),
    ]
    for new, body in zip(news, (b'{"n":1}', b"", b'{"n":3}'), strict=True):
        at.planned[new.id], at.orders[new.id] = body, (ordered["order_key"], OrderMode.WAIT)
    first = asyncio.Event()
    trigger.answers = [first]
    at.start()

    numbers = await at.commit(*news)
    await at.wait_for(lambda: len(trigger.fired) == 1)
    assert at.triggers["direct"].fired == [], "it waits for the older one, whose object is its own"
    first.set()
    for number in numbers:
        await at.wait_state(number, EffectState.DONE)
    await at.wait_for(lambda: len(at.settled_outcomes) == 3)

    ended = [effect.number for effect, _outcome in at.settled_outcomes]
    assert ended == numbers
    assert [fired[0] for fired in trigger.fired] == [b'{"n":1}', b'{"n":3}']


async def test_a_planned_effect_about_another_object_holds_nobody_up(at):
    fetched, direct = at.trigger("fetched"), at.trigger("direct")
    never = asyncio.Event()
    fetched.answers = [never]
    planned = at.new("fetched", **PLANNED)
    at.planned[planned.id], at.orders[planned.id] = b"{}", (b"another" * 4, OrderMode.WAIT)
    at.start()

    _older, newer = await at.commit(
        planned, at.new("direct", attempt=0, order_key=b"object", order_mode=OrderMode.WAIT)
    )
    await at.wait_state(newer, EffectState.DONE)

    assert len(direct.fired) == 1
    never.set()


async def test_an_object_that_cannot_be_fetched_holds_up_only_its_own_trigger(at):
    at.trigger("fetched", retry=steady(2))
    direct = at.trigger("direct")
    planned = at.new("fetched", **PLANNED)
    at.start()

    older, newer = await at.commit(
        planned, at.new("direct", attempt=0, order_key=b"object", order_mode=OrderMode.WAIT)
    )
    await at.wait_state(newer, EffectState.DONE)

    assert (await at.state(older)).reason == "ArtifactUnavailable"
    assert len(direct.fired) == 1


async def test_a_trigger_that_is_gone_is_a_dead_letter(at):
    at.gone.add("build")
    at.start()

    [number] = await at.commit(at.new(attempt=0))
    effect = await at.wait_state(number, EffectState.DEAD)

    assert effect.reason == "TriggerGone"


async def test_a_revived_effect_has_all_its_attempts_again(at):
    trigger = at.trigger(retry=steady(2))
    trigger.answers = [failed(), failed(), failed()]
    at.start()
    [number] = await at.commit(at.new())
    at.clock.move_to(await at.sleeping())
    await at.wait_state(number, EffectState.DEAD)

    await at.runner.revive(number, at.clock.now_us())
    at.actor.look_again()
    await at.wait_for(lambda: len(trigger.fired) == 3)
    at.clock.move_to(await at.sleeping())
    effect = await at.wait_state(number, EffectState.DONE)

    assert effect.attempt == 4
    assert [one.number for one in effect.history] == [3, 4]


async def test_a_dry_run_previews_and_does_nothing(at):
    trigger = at.trigger()
    at.start(is_dry_run=True)

    [number] = await at.commit(at.new())
    effect = await at.wait_state(number, EffectState.DONE)

    assert trigger.fired == []
    assert [preview.object for preview in at.previews] == [{"n": 1}]
    assert orjson.loads(effect.result) == {"dryRun": True, "object": {"n": 1}}


async def test_a_dry_run_fires_what_changes_nothing(at):
    trigger = at.trigger(kind=ToldInDryRun)
    at.start(is_dry_run=True)

    [number] = await at.commit(at.new())
    await at.wait_state(number, EffectState.DONE)

    assert len(trigger.fired) == 1


async def test_stopping_waits_for_running_attempts_and_records_them(at):
    gate = asyncio.Event()
    at.trigger().answers = [gate]
    at.start()
    [number] = await at.commit(at.new())
    await at.wait_for(lambda: at.triggers["build"].fired)

    stopping = asyncio.create_task(at.stop(timeout_s=5))
    await asyncio.sleep(0)
    gate.set()
    await stopping

    assert (await at.state(number)).state is EffectState.DONE


async def test_an_attempt_that_does_not_end_in_time_is_left_in_doubt(at):
    at.trigger().answers = [asyncio.Event()]
    at.start()
    numbers = await at.commit(at.new(), at.new())
    await at.wait_state(numbers[1], EffectState.DONE)

    await at.stop(timeout_s=0.01)

    effect = await at.state(numbers[0])
    assert (effect.state, effect.attempt, effect.answered) == (EffectState.OPEN, 1, 0)


async def test_nothing_is_begun_after_another_runner_took_over(at):
    trigger = at.trigger()
    await at.commit(at.new(attempt=0), offer=False)
    await at.bus.take_over()
    at.start()

    with pytest.raises(RunnerFenced):
        await at.running
    at.running = None

    assert trigger.fired == []


async def test_two_triggers_do_not_share_a_rate_limit(at):
    at.trigger("slow", spacing=Spacing(60 * US_PER_S))
    quick = at.trigger("quick")
    at.start()

    await at.commit(*(at.new("slow", attempt=0) for _ in range(3)), *(at.new("quick") for _ in range(3)))
    await at.wait_for(lambda: len(quick.fired) == 3 and len(at.triggers["slow"].fired) == 1)


async def test_a_backlog_in_order_is_worked_off_one_by_one_whatever_else_is_due(at, monkeypatch):
    """Each end of an effect asks for its follower alone: a look at all that is due would cost the square."""
    never = asyncio.Event()
    at.trigger("hangs").answers = [never] * 40
    trigger = at.trigger()
    looks = 0
    due_effects = at.runner.due_effects

    async def counted(*args, **more):
        nonlocal looks
        looks += 1
        return await due_effects(*args, **more)

    monkeypatch.setattr(at.runner, "due_effects", counted)
    # What hangs was due first, so that every look begins with it.
    await at.commit(*(at.new("hangs", attempt=0) for _ in range(20)), offer=False)
    ordered = {"order_key": b"k" * 32, "order_mode": OrderMode.WAIT, "attempt": 0}
    await at.commit(*(at.new(**ordered) for _ in range(300)), offer=False)
    at.start()

    await at.wait_for(lambda: len(at.settled_outcomes) == 300)

    assert [fired[0] for fired in trigger.fired] == [b'{"n":%d}' % n for n in range(21, 321)]
    assert looks < 10
    never.set()


def begun(look_in_s=2.0, **result):
    return Begun(answer="201 Created, and its end is waited for", result=result, look_in_s=look_in_s)


async def test_what_was_begun_is_looked_at_until_its_end_and_not_attempted_again(at):
    trigger = at.trigger()
    trigger.answers = [begun(object="Workflow ci/x")]
    trigger.ends = [
        begun(10.0, object="Workflow ci/x", state="Running"),
        Done(answer="it has ended", result={"end": 1}),
    ]
    at.start()

    [number] = await at.commit(at.new())
    await at.sleeping()
    waiting = await at.state(number)
    assert (waiting.state, waiting.reason, waiting.attempt) == (EffectState.OPEN, "WaitingForEnd", 1)
    for _ in range(2):
        at.clock.move_to(await at.sleeping())
    done = await at.wait_state(number, EffectState.DONE)

    assert len(trigger.fired) == 1
    assert [(result, us - START_US) for result, us in trigger.looked] == [
        ({"object": "Workflow ci/x"}, 2 * US_PER_S),
        ({"object": "Workflow ci/x", "state": "Running"}, 12 * US_PER_S),
    ]
    [attempt] = done.history
    assert attempt.answer.endswith("; it has ended")


async def test_a_bad_end_is_a_dead_letter_and_fires_the_dlq_trigger(at):
    trigger = at.trigger()
    trigger.answers = [begun()]
    trigger.ends = [failed(OnFailure.GIVE_UP, reason="ObjectFailed")]
    fallback = at.trigger("fallback")
    at.dlq["build"] = "fallback"
    at.start()

    [number] = await at.commit(at.new())
    at.clock.move_to(await at.sleeping())
    dead = await at.wait_state(number, EffectState.DEAD)
    await at.wait_for(lambda: fallback.fired)

    assert (dead.reason, dead.attempt) == ("ObjectFailed", 1)


async def test_a_restart_goes_on_looking(tmp_path):
    async with desk(tmp_path) as at:
        at.trigger().answers = [begun(60.0, object="Workflow ci/x")]
        at.start()
        [number] = await at.commit(at.new())
        await at.sleeping()
    async with desk(tmp_path, start_us=START_US + 30 * US_PER_S) as at:
        trigger = at.trigger()
        trigger.ends = [done()]
        at.start()
        at.clock.move_to(await at.sleeping())
        await at.wait_state(number, EffectState.DONE)

        assert trigger.fired == []
        assert [us - START_US for _result, us in trigger.looked] == [60 * US_PER_S]


async def test_a_look_that_fails_for_good_reason_is_an_attempt_again(at):
    trigger = at.trigger(retry=steady(3))
    trigger.answers = [begun(), begun()]
    trigger.ends = [failed(OnFailure.RETRY, reason="Forbidden"), done()]
    at.start()

    [number] = await at.commit(at.new())
    for _ in range(3):
        at.clock.move_to(await at.sleeping())
    await at.wait_state(number, EffectState.DONE)

    assert [attempt.number for _rendered, attempt, _us in trigger.fired] == [1, 2]


async def test_a_newer_one_that_supersedes_ends_the_waiting(at):
    trigger = at.trigger()
    trigger.answers = [begun(60.0)]
    ordered = {"order_key": b"k" * 32, "order_mode": OrderMode.SUPERSEDE, "attempt": 0}
    at.start()

    [older] = await at.commit(at.new(**ordered))
    await at.sleeping()
    [newer] = await at.commit(at.new(**ordered))
    await at.wait_state(newer, EffectState.DONE)

    assert (await at.state(older)).state is EffectState.SUPERSEDED


async def test_a_look_needs_no_slot_of_a_rate_limit(at):
    trigger = at.trigger(spacing=Spacing(3600 * US_PER_S))
    trigger.answers = [begun()]
    trigger.ends = [done()]
    at.start()

    [number] = await at.commit(at.new(attempt=0))
    at.clock.move_to(await at.sleeping())
    await at.wait_state(number, EffectState.DONE)

    assert at.clock.now_us() == START_US + 2 * US_PER_S
