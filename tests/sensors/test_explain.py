"""Explanations: actual and wanted values, what is waited for, what became of it."""

from collections.abc import Mapping
from pathlib import Path

from events.bus import Attempt, EffectState, Outcome
from events.event import Event
from events.topic import Topic
from sensors.compile import CompiledSensor
from sensors.decision import decode_decisions
from sensors.explain import explain_event, prepare_story
from sensors.prepared import Prepared
from sensors.sandbox import SandboxBusy
from sensors.story import Explanation, SensorStory
from tests.sensors.preparer import Willing
from tests.sensors.support import BUILD, JOIN, KINDS, House, house

MAIN = {"body": {"ref": "refs/heads/main", "sha": "abc"}}


async def explain(one: House, sequence: int) -> Explanation:
    """As the API does it: everything is read from the store."""
    stored = await one.runner.event(sequence)
    assert stored is not None
    decision = await one.reader.decision(sequence)
    versions = {}
    for named in decode_decisions(decision) if decision is not None else ():
        version = await one.reader.version(named.version)
        assert version is not None
        versions[version.id] = version
    memories = {version.uid: await one.reader.memories(version.uid) for version in versions.values()}
    return explain_event(
        stored,
        decision,
        versions,
        await one.reader.effects_of(sequence),
        memories,
        kinds=KINDS,
    )


async def story(one: House, sequence: int) -> SensorStory:
    (only,) = (await explain(one, sequence)).sensors
    return only


async def test_who_sent_it_and_how_it_was_verified(tmp_path: Path):
    async with house(tmp_path) as one:
        sequence = await one.publish("github/push", MAIN, id="d1")
        told = await explain(one, sequence)
        assert (told.event_id, told.topic, told.peer, told.verified) == (
            "d1",
            "ci/github/push",
            "127.0.0.1",
            "not verified",
        )
        assert not told.is_judged
        assert told.sensors == ()


async def test_a_filtered_event_shows_path_actual_and_wanted(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        sequence = await one.publish("github/push", {"body": {"ref": "refs/heads/dev"}})
        await one.decide()
        told = await story(one, sequence)
        assert told.outcome == "filtered"
        assert told.sentence == "job: push: data[0]: body.ref is `refs/heads/dev`, wanted `^refs/heads/main$`"
        (test,) = told.dependencies[0].filters
        assert (test.filter, test.path, test.comparator, test.actual, test.wanted) == (
            "data[0]",
            "body.ref",
            "=",
            "refs/heads/dev",
            ("^refs/heads/main$",),
        )


async def test_a_missing_path_is_not_matched_and_names_the_nearest(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD.replace("path: body.ref,", "path: body.reff,"))
        sequence = await one.publish("github/push", MAIN)
        await one.decide()
        told = await story(one, sequence)
        (dependency,) = told.dependencies
        assert told.outcome == "filtered"
        assert (dependency.verdict, dependency.cause) == ("failed", "missing-path")
        assert dependency.reason == (
            "data[0]: not matched: path `body.reff` is not in the event; did you mean `body.ref`?; "
            "keys at `body`: ref, sha"
        )


async def test_data_that_is_not_json_has_failed(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        sequence = await one.publish("github/push", b"hello")
        await one.decide()
        told = await story(one, sequence)
        assert told.outcome == "failed"
        assert "event data not valid JSON" in told.sentence


async def test_long_values_are_cut(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        sequence = await one.publish("github/push", {"body": {"ref": "x" * 5000}})
        await one.decide()
        told = await story(one, sequence)
        assert told.dependencies[0].filters[0].actual == "x" * 64 + "…"


async def test_a_held_event_says_what_is_missing_until_a_newer_one_takes_its_place(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(JOIN)
        first = await one.publish("source/a", {}, id="a1")
        await one.decide()
        told = await story(one, first)
        assert (told.outcome, told.triggers[0].waiting_for) == ("waiting", ("b",))
        assert told.sentence == "both: held, waiting for b"

        await one.publish("source/a", {}, id="a2")
        await one.decide()
        told = await story(one, first)
        assert told.outcome == "superseded"
        assert "it waited for b, and a newer event of the same dependency took its place" in told.sentence


async def test_an_event_that_was_held_and_fired_later_shows_its_effect(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(JOIN)
        first = await one.publish("source/a", {}, id="a1")
        second = await one.publish("source/b", {}, id="b1")
        await one.decide()
        told = await story(one, first)
        assert told.outcome == "fired"
        assert told.triggers[0].effects[0].events == {"a": first, "b": second}


async def test_an_effect_shows_its_attempts_and_how_long_they_took(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        sequence = await one.publish("github/push", MAIN)
        await one.decide()
        outcome = Outcome(
            number=1,
            attempt=1,
            state=EffectState.DONE,
            at_us=one.clock.now_us(),
            result=b'{"object":"ConfigMap ci/build-x"}',
            history=(Attempt(1, 100, 141, "201 Created"),),
        )
        assert await one.runner.settle(outcome)
        told = await story(one, sequence)
        assert told.sentence == "job: done at attempt 1: ConfigMap ci/build-x"
        (attempt,) = told.triggers[0].effects[0].attempts
        assert (attempt.took_us, attempt.answer) == (41, "201 Created")


async def test_what_could_not_be_rendered_has_failed(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(BUILD)
        sequence = await one.publish("github/push", {"body": {"ref": "refs/heads/main"}})
        await one.decide()
        told = await story(one, sequence)
        assert (told.outcome, told.triggers[0].outcome) == ("failed", "failed")


async def test_an_edit_that_let_go_of_it_is_told(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(JOIN)
        sequence = await one.publish("source/a", {}, id="a1")
        await one.decide()
        await one.apply(JOIN.replace("a && b", "a || b"))
        told = await story(one, sequence)
        assert told.outcome == "superseded"
        assert told.sentence == "both: it was held, and an edit of the Sensor has let go of it"


async def test_what_a_later_version_let_go_of_is_told_with_that_version(tmp_path: Path):
    """It has judged nothing of the event, and yet it is the one that knows."""
    timed = JOIN.replace("a && b", "a && b\n          correlate: {within: 10m}")
    async with house(tmp_path) as one:
        await one.apply(timed)
        sequence = await one.publish("source/a", {}, id="a1")
        await one.decide()
        await one.apply(timed.replace("document: {}", "document: {x: y}"))
        one.clock.advance(600)
        await one.decide()
        _judged, later = (await explain(one, sequence)).sensors
        assert later.outcome == "timed-out"
        assert later.sentence == "both: it was held, and what it waited for did not come in time"


SCRIPTED = BUILD.replace("        filters:\n", "        filters:\n          script: return false\n")


async def test_while_no_worker_is_to_be_had_the_record_still_says_what_came_of_it(tmp_path: Path):
    class Unwilling(Willing):
        async def prepare(self, sensor: CompiledSensor, event: Event, topic: Topic) -> Mapping[int, Prepared]:
            raise SandboxBusy("calls wait already")

    async with house(tmp_path, preparer=Willing()) as one:
        await one.apply(SCRIPTED)
        sequence = await one.publish("github/push", {**MAIN, "script": False})
        await one.decide()
        stored = await one.runner.event(sequence)
        assert stored is not None
        record = await one.reader.decision(sequence)
        version = one.decider.roster.versions["file:ci/build"]
        versions = {version.id: version}
        prepared = await prepare_story(Unwilling(), stored, record, versions, kinds=KINDS)
        told = explain_event(stored, record, versions, [], {}, prepared=prepared, kinds=KINDS)
        (dependency,) = told.sensors[0].dependencies
        assert (dependency.verdict, dependency.filters) == ("filtered", ())
        assert dependency.reason.startswith("its programs could not be run again")

        prepared = await prepare_story(Willing(), stored, record, versions, kinds=KINDS)
        told = explain_event(stored, record, versions, [], {}, prepared=prepared, kinds=KINDS)
        assert told.sensors[0].dependencies[0].reason.startswith("script")
