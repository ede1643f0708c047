"""How triggers wait: resets, correlation, windows, debounce and batches, by the time of the log and of the wall."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from events.bus import DeadLetterQuery, EffectState
from sensors.compile import check_sensor
from sensors.decide import DecideSettings
from sensors.decision import MarkCode, decode_decisions
from sensors.explain import explain_event
from tests.sensors.support import KINDS, House, document, house

JOIN = """
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
          record:
            document: {}
            parameters: []
          HOW
"""
LATE = """
      - template:
          name: late
          record: {document: {}}
"""


def join(how: str, more: str = "") -> str:
    return JOIN.replace("HOW", how) + more


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as running:
        yield running


async def later(one: House, seconds: float) -> None:
    """Time passes, and what falls due happens."""
    one.clock.advance(seconds)
    await one.decide()


async def story(one: House, sequence: int) -> tuple[str, str]:
    """What the first trigger's story says of an event."""
    stored = await one.runner.event(sequence)
    record = await one.reader.decision(sequence)
    assert stored is not None
    version = one.decider.roster.versions["file:ci/join"]
    effects = await one.reader.effects_of(sequence)
    memories = {version.uid: await one.reader.memories(version.uid)}
    told = explain_event(stored, record, {version.id: version}, effects, memories, kinds=KINDS)
    trigger = told.sensors[0].triggers[0]
    return trigger.outcome, trigger.sentence


# conditionsReset

RESET = "conditionsReset: [{byTime: {cron: '0 * * * *', timezone: Europe/Berlin}}]"


async def test_a_reset_lets_go_of_what_is_held(one: House):
    await one.apply(join(RESET))
    first = await one.publish("source/a", {}, id="a1")
    await one.decide()
    await later(one, 3600)
    await one.publish("source/b", {}, id="b1")
    await one.decide()
    assert one.taker.effects == []
    assert await story(one, first) == ("reset", "it was held, and conditionsReset has let go of it")
    await one.publish("source/a", {}, id="a2")
    await one.decide()
    assert one.taker.fired == [("both", {"a": "a2", "b": "b1"})]


async def test_a_reset_happens_at_its_time_of_the_log_in_a_backlog(one: House):
    """Both events are read in one batch, long after: the reset between them happens all the same."""
    await one.apply(join(RESET))
    await one.publish("source/a", {}, id="a1")
    one.clock.advance(3700)
    await one.publish("source/b", {}, id="b1")
    one.clock.advance(10)
    await one.decide()
    assert one.taker.effects == []


async def test_missed_resets_happen_once_after_a_restart(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(join(RESET))
        await one.publish("source/a", {}, id="a1")
        await one.decide()
    async with house(tmp_path) as one:
        one.clock.advance(5 * 86_400)
        await one.decide()
        await one.publish("source/b", {}, id="b1")
        await one.decide()
        assert one.taker.effects == []
        timers = (await one.runner.load()).timers
        assert [timer.key for timer in timers] == ["reset:0:both"]
        assert timers[0].due_us > one.clock.now_us()


async def test_an_edit_takes_the_reset_away(one: House):
    await one.apply(join(RESET))
    await one.publish("source/a", {}, id="a1")
    await one.decide()
    await one.apply(join(""))
    await later(one, 86_400)
    await one.publish("source/b", {}, id="b1")
    await one.decide()
    assert one.taker.fired == [("both", {"a": "a1", "b": "b1"})]


async def test_a_deleted_sensor_has_no_timers(one: House):
    await one.apply(join(RESET))
    await one.decider.apply(deleted=["file:ci/join"])
    assert (await one.runner.load()).timers == ()
    await one.apply(join(RESET))
    assert len((await one.runner.load()).timers) == 1


# correlate

BY_SHA = "correlate: {key: {dataKey: sha}}"


async def test_events_of_the_same_key_meet(one: House):
    await one.apply(join(BY_SHA))
    await one.publish("source/a", {"sha": "x"}, id="ax")
    await one.publish("source/a", {"sha": "y"}, id="ay")
    await one.publish("source/b", {"sha": "z"}, id="bz")
    await one.publish("source/b", {"sha": "x"}, id="bx")
    await one.decide()
    assert one.taker.fired == [("both", {"a": "ax", "b": "bx"})]
    await one.publish("source/b", {"sha": "y"}, id="by")
    await one.decide()
    assert one.taker.fired[1:] == [("both", {"a": "ay", "b": "by"})]


async def test_each_dependency_may_have_its_key_elsewhere(one: House):
    await one.apply(join("correlate: {key: {a: {dataKey: head.sha}, b: {contextKey: subject}}}"))
    await one.publish("source/a", {"head": {"sha": "7"}}, id="a1")
    await one.publish("source/b", {}, id="b1", subject="7")
    await one.decide()
    assert one.taker.fired == [("both", {"a": "a1", "b": "b1"})]


async def test_an_event_without_the_key_says_so(one: House):
    await one.apply(join(BY_SHA))
    sequence = await one.publish("source/a", {"other": 1}, id="a1")
    await one.decide()
    outcome, sentence = await story(one, sequence)
    assert outcome == "uncorrelated"
    assert sentence == "a: cannot be correlated: dataKey `sha` is not in the event, or empty"


async def test_what_waits_says_under_which_key_and_until_when(one: House):
    await one.apply(join("correlate: {key: {dataKey: sha}, within: 30m}"))
    sequence = await one.publish("source/a", {"sha": "abc"}, id="a1")
    await one.decide()
    outcome, sentence = await story(one, sequence)
    assert outcome == "waiting"
    assert sentence.startswith("held under the key `abc`, waiting for b until 2")


async def test_a_window_that_ends_lets_go(one: House):
    await one.apply(join("correlate: {key: {dataKey: sha}, within: 30m}"))
    sequence = await one.publish("source/a", {"sha": "x"}, id="a1")
    await one.decide()
    await later(one, 1800)
    assert (await story(one, sequence))[0] == "timed-out"
    await one.publish("source/b", {"sha": "x"}, id="b1")
    await one.decide()
    assert one.taker.effects == []


ON_TIMEOUT = "correlate: {key: {dataKey: sha}, within: 30m, onTimeout: {trigger: late}}"


async def test_a_missing_event_fires_the_trigger_of_the_timeout(one: House):
    """And that trigger, which has no conditions of its own, fires by nothing else."""
    await one.apply(join(ON_TIMEOUT, LATE))
    await one.publish("source/a", {"sha": "x"}, id="ax")
    await one.publish("source/a", {"sha": "y"}, id="ay")
    await one.publish("source/b", {"sha": "y"}, id="by")
    await one.decide()
    assert one.taker.fired == [("both", {"a": "ay", "b": "by"})]
    await later(one, 1799)
    assert len(one.taker.fired) == 1
    await later(one, 1)
    assert one.taker.fired[1:] == [("late", {"a": "ax"})]


async def test_a_trigger_of_time_outs_says_nothing_of_an_event_that_waits(one: House):
    await one.apply(join(ON_TIMEOUT, LATE))
    sequence = await one.publish("source/a", {"sha": "x"}, id="ax")
    await one.decide()
    stored, record = await one.runner.event(sequence), await one.reader.decision(sequence)
    assert stored is not None
    version = one.decider.roster.versions["file:ci/join"]
    told = explain_event(stored, record, {version.id: version}, (), {}, kinds=KINDS)
    assert [trigger.name for trigger in told.sensors[0].triggers] == ["both"]


async def test_a_timeout_in_a_backlog_comes_before_the_event_that_is_too_late(one: House):
    await one.apply(join(ON_TIMEOUT, LATE))
    await one.publish("source/a", {"sha": "x"}, id="a1")
    one.clock.advance(1800)
    await one.publish("source/b", {"sha": "x"}, id="b1")
    await one.decide()
    assert one.taker.fired == [("late", {"a": "a1"})]


async def test_a_timeout_survives_a_restart(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(join(ON_TIMEOUT, LATE))
        await one.publish("source/a", {"sha": "x"}, id="a1")
        await one.decide()
    async with house(tmp_path) as one:
        one.clock.advance(86_400)
        await one.decide()
        assert one.taker.fired == [("late", {"a": "a1"})]
        await one.decide()
        assert len(one.taker.fired) == 1


async def test_beyond_max_keys_the_oldest_times_out(one: House):
    await one.apply(join("correlate: {key: {dataKey: sha}, maxKeys: 2, onTimeout: {trigger: late}}", LATE))
    for sha in ("x", "y", "z"):
        await one.publish("source/a", {"sha": sha}, id=f"a{sha}")
    await one.decide()
    assert one.taker.fired == [("late", {"a": "ax"})]
    await one.publish("source/b", {"sha": "y"}, id="by")
    await one.publish("source/a", {"sha": "w"}, id="aw")
    await one.decide()
    assert one.taker.fired[1:] == [("both", {"a": "ay", "b": "by"})]
    await one.publish("source/a", {"sha": "v"}, id="av")
    await one.decide()
    assert one.taker.fired[2:] == [("late", {"a": "az"})]


async def test_a_window_without_a_key_counts_for_all_events_together(one: House):
    await one.apply(join("correlate: {within: 10m, onTimeout: {trigger: late}}", LATE))
    await one.publish("source/a", {}, id="a1")
    await one.decide()
    await later(one, 600)
    assert one.taker.fired == [("late", {"a": "a1"})]


async def test_another_window_counts_from_the_first_event(one: House):
    """An edit makes the window shorter: what has waited longer times out at once, and nothing fires by the edit."""
    await one.apply(join(ON_TIMEOUT, LATE))
    await one.publish("source/a", {"sha": "x"}, id="a1")
    await one.decide()
    one.clock.advance(600)
    await one.apply(join(ON_TIMEOUT.replace("30m", "5m"), LATE))
    assert one.taker.effects == []
    await one.decide()
    assert one.taker.fired == [("late", {"a": "a1"})]


# hold, debounce, batch

VALUES = "parameters: [{src: {dependencyName: a, dataKey: n, all: true, useRawData: true}, dest: list}]"


def all_values(how: str) -> str:
    return join(how).replace("parameters: []", VALUES)


def documents(one: House) -> list[object]:
    return [orjson.loads(effect.rendered)["document"] for effect in one.taker.effects if effect.rendered]


async def test_hold_all_keeps_every_event(one: House):
    await one.apply(all_values("hold: all"))
    for number in (1, 2, 3):
        await one.publish("source/a", {"n": number}, id=f"a{number}")
    await one.publish("source/b", {}, id="b1")
    await one.decide()
    assert documents(one) == [{"list": [1, 2, 3]}]
    assert [ref.dependency for ref in one.taker.effects[0].events] == ["a", "a", "a", "b"]


async def test_a_debounce_fires_once_when_it_has_become_quiet(one: House):
    await one.apply(join("debounce: 30s"))
    await one.publish("source/a", {}, id="a1")
    await one.publish("source/b", {}, id="b1")
    await one.decide()
    await later(one, 20)
    await one.publish("source/a", {}, id="a2")
    await one.decide()
    await later(one, 29)
    assert one.taker.effects == []
    await later(one, 1)
    assert one.taker.fired == [("both", {"a": "a2", "b": "b1"})]


async def test_a_debounce_in_a_backlog_fires_as_it_would_have_live(one: House):
    await one.apply(join("debounce: 30s").replace("a && b", "a || b"))
    for number, pause in enumerate((10, 10, 40, 10), start=1):
        await one.publish("source/a", {}, id=f"a{number}")
        one.clock.advance(pause)
    one.clock.advance(100)
    await one.decide()
    assert one.taker.fired == [("both", {"a": "a3"}), ("both", {"a": "a4"})]


async def test_a_batch_fires_when_it_is_full_or_when_its_time_is_over(one: House):
    await one.apply(all_values("batch: {max: 3, within: 1m}").replace("a && b", "a || b"))
    for number in range(1, 5):
        await one.publish("source/a", {"n": number}, id=f"a{number}")
    await one.decide()
    assert documents(one) == [{"list": [1, 2, 3]}]
    await later(one, 60)
    assert documents(one)[1:] == [{"list": [4]}]


async def test_correlation_and_debounce_work_together(one: House):
    await one.apply(
        join("correlate: {key: {dataKey: sha}}, debounce: 10s".replace(", debounce", "\n          debounce"))
    )
    for sha in ("x", "y"):
        await one.publish("source/a", {"sha": sha}, id=f"a{sha}")
        await one.publish("source/b", {"sha": sha}, id=f"b{sha}")
    await one.decide()
    one.clock.advance(5)
    await one.publish("source/b", {"sha": "x"}, id="bx2")
    await one.decide()
    await later(one, 5)
    assert one.taker.fired == [("both", {"a": "ay", "b": "by"})]
    await later(one, 5)
    assert one.taker.fired[1:] == [("both", {"a": "ax", "b": "bx2"})]


async def test_what_has_fired_stays_one_effect_after_a_restart(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(join("debounce: 30s"))
        await one.publish("source/a", {}, id="a1")
        await one.publish("source/b", {}, id="b1")
        await one.decide()
        await later(one, 30)
        assert len(one.taker.effects) == 1
    async with house(tmp_path) as one:
        await later(one, 3600)
        assert one.taker.effects == []
        effects = await one.runner.due_effects(one.clock.now_us(), limit=10)
        assert [effect.state for effect in effects] == [EffectState.OPEN]


async def test_a_debounced_set_that_could_not_be_rendered_says_so(one: House):
    await one.apply(
        join("debounce: 30s").replace(
            "parameters: []", "parameters: [{src: {dependencyName: a, dataKey: sha}, dest: sha}]"
        )
    )
    sequence = await one.publish("source/a", {}, id="a1")
    await one.publish("source/b", {}, id="b1")
    await one.decide()
    await later(one, 30)
    assert one.taker.effects == []
    assert await story(one, sequence) == ("failed", "it fired and could not be rendered: see its dead letter")


# Much at once


async def test_windows_that_end_together_are_spread_over_steps_and_come_before_the_next_event(tmp_path: Path):
    """Each step of this loop has time for one thing only: what it leaves is the same."""
    async with house(tmp_path, settings=DecideSettings(max_judging_s=0)) as one:
        await one.apply(join(ON_TIMEOUT, LATE))
        for number in range(20):
            await one.publish("source/a", {"sha": str(number)}, id=f"a{number}")
        one.clock.advance(1800)
        await one.publish("source/b", {"sha": "7"}, id="b7")
        await one.decide()
        assert sorted(ids["a"] for trigger, ids in one.taker.fired) == sorted(f"a{n}" for n in range(20))
        assert {trigger for trigger, _ids in one.taker.fired} == {"late"}


async def test_a_reset_of_very_many_keys_lets_go_of_all_before_the_next_event(tmp_path: Path):
    async with house(tmp_path, settings=DecideSettings(max_judging_s=0)) as one:
        await one.apply(join(f"{BY_SHA}\n          {RESET}"))
        for number in range(250):
            await one.publish("source/a", {"sha": str(number)}, id=f"a{number}")
        one.clock.advance(3600)
        await one.publish("source/b", {"sha": "249"}, id="b")
        await one.decide()
        assert one.taker.effects == []
        assert len(one.decider.roster.holdings.of_sensor("file:ci/join")) == 1
        timers = {timer.key: timer.due_us for timer in (await one.runner.load()).timers}
        assert timers["reset:0:both"] > one.clock.now_us()
        first = await one.reader.decision(1)
        assert first is not None
        assert [mark.code for mark in decode_decisions(first)[0].marks] == [MarkCode.HELD, MarkCode.RESET]


# Faults


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("correlate: {key: {x: {dataKey: sha}}}", "there is no dependency `x`"),
        ("correlate: {key: {a: {dataKey: sha}}}", "says nothing of `b`"),
        ("correlate: {key: {datakey: sha}}", "expected one of `dataKey: PATH`"),
        ("correlate: {key: {a: {dataKey: x, contextKey: y}, b: {dataKey: x}}}", "needs exactly one of"),
        ("correlate: {within: 5 minutes}", "time: unknown unit"),
        ("correlate: {within: 0s}", "is no time to wait"),
        ("correlate: {key: {dataKey: x}, maxKeys: 0}", "expected 1 to 100000, got 0"),
        ("correlate: {onTimeout: {trigger: lat}}", "there is no trigger `lat`"),
        ("debounce: '10'", "time: missing unit in duration"),
        ("batch: {}", "needs max or within"),
        ("batch: {max: 1}", "expected 2 to 1000, got 1"),
    ],
)
def test_a_fault_stops_its_trigger_only(how: str, said: str):
    compiled, findings = check_sensor(document(join(how, LATE)), kinds=KINDS)
    errors = [finding for finding in findings if finding.severity == "error"]
    assert [finding.part for finding in errors] == ["trigger:both"], errors
    assert said in errors[0].what
    assert compiled is not None
    assert [trigger.is_stopped for trigger in compiled.triggers] == [True, False]


# What cannot be rendered


REFUSED = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: join, namespace: ci}
    spec:
      dependencies:
      - {name: a, eventSourceName: source, eventName: a}
      triggers:
      - template:
          name: one
          record: {parameters: [{src: {dependencyName: a, dataKey: nope}, dest: x}]}
        dlqTrigger:
          template: {name: told, record: {parameters: [{src: {dependencyName: a, dataKey: FIRST}, dest: x}]}}
          dlqTrigger:
            template: {name: last, record: {document: {}}}
"""


@pytest.mark.parametrize(
    ("first", "roles", "reasons"),
    [
        ("n", ["dlq"], ["parameters[0].src dataKey `nope`"]),
        ("nope", ["dlq.dlq"], ["parameters[0].src dataKey `nope`", "dlq: parameters[0].src dataKey `nope`"]),
    ],
)
async def test_the_dlq_trigger_fires_also_where_nothing_could_be_rendered(one: House, first, roles, reasons):
    """As for an effect that was given up: upstream calls both a failed attempt."""
    await one.apply(REFUSED.replace("FIRST", first))
    await one.publish("source/a", {"n": 1}, id="a1")
    await one.decide()
    assert [effect.role for effect in one.taker.effects] == roles
    letters = await one.reader.dead_letters(DeadLetterQuery())
    said = [letter.detail for letter in reversed(letters)]
    assert len(said) == len(reasons)
    assert all(reason in detail for reason, detail in zip(reasons, said, strict=True)), said
