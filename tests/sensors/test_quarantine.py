"""Poisonous batches: what ends the process is found in a child, and the others are decided."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from events.bus import DeadLetterQuery, Provenance, Runner, RunnerState, Standing, StoredEvent
from events.event import Event
from events.topic import Topic
from sensors.decide import Decider
from sensors.decision import MarkCode
from sensors.prepared import Prepared
from sensors.probe import probe
from sensors.quarantine import ProbedSensor, ProbeRequest
from sensors.sandbox import SandboxUnavailable
from tests.sensors.preparer import Willing
from tests.sensors.support import BUILD, JOIN, KINDS, House, house, sensor, stored

PROBE = (sys.executable, "-m", "tests.sensors.kinds_probe")
OPEN = BUILD[: BUILD.index("        filters:")] + BUILD[BUILD.index("      triggers:") :].replace(
    "- {src: {dependencyName: push, dataKey: body.sha}, dest: sha}", "[]"
).replace("parameters:\n            []", "parameters: []")


async def die_three_times(one: House) -> None:
    """Start again as after three deaths on the same batch."""
    state = await one.runner.load()
    runner = await one.bus.take_over()
    suspicious = RunnerState(
        state.place, state.lagging, state.memories, state.timers, state.resources, unclean_starts=3
    )

    async def load() -> RunnerState:
        return suspicious

    runner.load = load  # type: ignore[method-assign]  # what three killed processes would have left
    await restart_with(one, runner)


async def restart_with(one: House, runner: Runner) -> None:
    one.decider = Decider(
        runner,
        one.reader,
        one.clock,
        store_key=one.bus.store_key,
        offer=one.taker.offer,
        look_again=one.taker.look_again,
        kinds=KINDS,
        probe=PROBE,
    )
    await one.decider.load()


async def test_the_event_that_ends_the_child_is_a_dead_letter_and_the_others_fire(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(OPEN)
        await one.publish("github/push", {}, id="good")
        bad = await one.publish("github/push", b'{"kill":"me"}', id="bad")
        await one.publish("github/push", {}, id="after")
        await die_three_times(one)
        await one.decide()

        assert one.taker.fired == [("job", {"push": "good"}), ("job", {"push": "after"})]
        (letter,) = await one.reader.dead_letters(DeadLetterQuery())
        assert (letter.sequence, letter.reason) == (bad, "EvaluatorCrashed")
        assert "exit code 11" in letter.detail
        (decision,) = await one.decisions(bad)
        assert [mark.code for mark in decision.marks] == [MarkCode.CRASHED]

        # The batch is behind us: the next events are judged here again.
        await one.publish("github/push", {}, id="later")
        await one.decide()
        assert one.taker.fired[-1] == ("job", {"push": "later"})


async def test_what_comes_after_the_suspicious_batch_is_judged_without_the_child(tmp_path: Path):
    """Also while somebody is still busy with it: a child takes a hundred times as long."""
    async with house(tmp_path) as one:
        await one.apply(OPEN)
        await one.publish("github/push", {}, id="suspicious")
        await die_three_times(one)
        quarantine = one.decider._quarantine
        assert quarantine is not None
        await one.decide()
        await one.publish("github/push", b'{"kill":"me"}', id="later")
        (later,) = [stored for stored in await one.runner.read(0, limit=9) if stored.event.id == "later"]
        with one.decider.desk.drafting() as draft:
            interests = one.decider.roster.index[later.topic]
            assert await quarantine.passes(draft, interests, later)
            assert draft.dead_letters == []


async def test_a_join_is_tried_with_the_events_that_it_holds(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(JOIN)
        await one.publish("source/a", b'{"kill":"me"}', id="a1")
        await one.decide()
        bad = await one.publish("source/b", {}, id="b1")
        await die_three_times(one)
        await one.decide()
        assert one.taker.effects == []
        (letter,) = await one.reader.dead_letters(DeadLetterQuery())
        assert letter.sequence == bad


async def test_a_child_that_cannot_start_ends_like_a_crash_and_nothing_hangs(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(OPEN)
        await one.publish("github/push", {}, id="good")
        await die_three_times(one)
        one.decider._quarantine._command = (sys.executable, "-c", "pass")
        await one.decide()
        (letter,) = await one.reader.dead_letters(DeadLetterQuery())
        assert letter.reason == "EvaluatorCrashed"


async def test_a_sensor_that_catches_up_is_watched_as_well(tmp_path: Path):
    suspended = OPEN.replace("namespace: ci}", 'namespace: ci, annotations: {kikkake/suspend: "true"}}')
    other = OPEN.replace("name: build", "name: other").replace("eventName: push", "eventName: tag")
    async with house(tmp_path) as one:
        await one.apply(suspended, other)
        bad = await one.publish("github/push", b'{"kill":"me"}', id="bad")
        await one.publish("github/push", {}, id="good")
        await one.publish("github/tag", {}, id="tag")
        await one.decide()
        await one.apply(OPEN, other)
        one.taker.effects.clear()
        await die_three_times(one)
        await one.decide()

        assert one.taker.fired == [("job", {"push": "good"})]
        (letter,) = await one.reader.dead_letters(DeadLetterQuery())
        assert (letter.sequence, letter.reason) == (bad, "EvaluatorCrashed")
        assert one.decider._quarantine is None


async def test_three_processes_that_really_died_are_enough(tmp_path: Path):
    """Nothing is told to anybody: what the store remembers of processes that SIGKILL ended is all there is."""
    async with house(tmp_path) as one:
        await one.apply(OPEN)
        await one.publish("github/push", {}, id="good")
        bad = await one.publish("github/push", b'{"kill":"whoever reads this"}', id="bad")
        await one.publish("github/push", {}, id="after")

    ends = [await decide_once(tmp_path) for _ in range(4)]

    assert ends == [
        (-signal.SIGKILL, ""),
        (-signal.SIGKILL, ""),
        (-signal.SIGKILL, ""),
        (0, '["good", "after"]'),
    ]
    async with house(tmp_path) as one:
        (letter,) = await one.reader.dead_letters(DeadLetterQuery())
        assert (letter.sequence, letter.reason) == (bad, "EvaluatorCrashed")
        await one.publish("github/push", {}, id="later")
        await one.decide()
        assert one.taker.fired == [("job", {"push": "later"})]


async def decide_once(folder: Path) -> tuple[int | None, str]:
    """Exit code and output of a process that decides what waits in the store."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.sensors.decide_once",
        str(folder),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    async with asyncio.timeout(60):
        output, _errors = await process.communicate()
    return process.returncode, output.decode()


def test_a_child_whose_asker_was_killed_ends_in_silence():
    """Found by 200 kills: the answer met a closed pipe, and a traceback stood in the gateway's log."""
    stored = StoredEvent(
        1,
        b"k",
        Topic("ci", "default", "github", "push"),
        0,
        Standing.NEW,
        Provenance(0, "", "github", ""),
        Event(id="1", source="s", type="t", data=b"{}"),
    )
    request = msgspec.json.encode(ProbeRequest(stored=stored, sensors=(), held=(), store_key=b""))
    child = subprocess.Popen(PROBE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    child.stdin.write(request + b"\n")
    child.stdin.close()
    with child.stderr:
        assert child.stderr.read() == b""
    assert child.wait(timeout=30) == 0


async def test_a_machine_without_room_for_a_worker_says_nothing_of_the_event():
    """The child would end, twice, and an event that harms nobody would be a dead letter."""

    class Nobody(Willing):
        async def prepare(self, *_: object) -> Mapping[int, Prepared]:  # type: ignore[override]  # it is never asked more
            raise SandboxUnavailable("no worker process could be started")

    scripted = sensor(
        OPEN.replace("eventName: push", "eventName: push\n        filters: {script: return true}")
    )
    request = ProbeRequest(
        stored=stored({}), sensors=(ProbedSensor(scripted.uid, 1, scripted.text, ()),), held=(), store_key=b""
    )
    await probe(request, KINDS, Nobody())
