"""Properties of the decide loop and its lanes: how events are cut into steps, and kills, change nothing."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from events.bus import DeadLetterQuery
from sensors.decide import DecideSettings
from sensors.decision import decode_decisions
from tests.sensors.preparer import Willing
from tests.sensors.support import House, house

PAIR = """
    apiVersion: argoproj.io/v1alpha1
    kind: Sensor
    metadata: {name: pair, namespace: ci}
    spec:
      dependencies:
      - {name: a, eventSourceName: source, eventName: a}
      - {name: b, eventSourceName: source, eventName: b}
      - name: c
        eventSourceName: source
        eventName: c
        filters: {data: [{path: n, type: number, comparator: ">", value: ["1"]}]}
      triggers:
      - template: {name: join, conditions: a && (b || c), record: {}}
      - template: {name: each, conditions: a || c, record: {}}
      - template:
          name: fails
          conditions: b && c
          record: {parameters: [{src: {dependencyName: b, dataKey: n}, dest: refuse}]}
      - template:
          name: same
          conditions: a && b
          correlate: {key: {dataKey: n}, within: 20s, maxKeys: 2, onTimeout: {trigger: missing}}
          record: {}
      - template: {name: missing, record: {}}
      - template: {name: quiet, conditions: a || b, debounce: 5s, record: {}}
      - template: {name: bundle, conditions: a && c, hold: all, batch: {max: 4, within: 30s}, record: {}}
      - template:
          name: hourly
          conditions: a && b
          conditionsReset: [{byTime: {cron: "* * * * *"}}]
          record: {}
"""
LANE = PAIR.replace("name: pair", "name: lane").replace(
    "eventName: a}", "eventName: a, filters: {script: return true}}"
)
"""The same with a script: judged on a lane of its own."""


Arrivals = list[tuple[str, int]]
"""Names of events, and the seconds that pass before each."""


async def one_step(one: House) -> bool:
    """A step of the shared place and one of each lane; False = there was nothing left."""
    return await one.decider.decide_batch() or await one.decider._lanes.decide_once()


async def story(arrivals: Arrivals, max_events: int, *, crash_every: int = 0, live: bool = False):
    """What a run over these events leaves: effects, decisions and dead letters."""
    with TemporaryDirectory() as folder:
        options = {"settings": DecideSettings(max_events=max_events, max_judging_s=60), "preparer": Willing()}
        async with house(Path(folder), **options) as one:
            await one.apply(PAIR, LANE)
            sequences = []
            for number, (name, pause) in enumerate(arrivals):
                for _ in range(pause):
                    one.clock.advance(1)
                    if live:
                        await one.decide()
                sequences.append(await one.publish(f"source/{name}", {"n": number % 3}, id=str(number)))
                if live:
                    await one.decide()
            steps = 0
            one.clock.advance(100)
            while await one_step(one):
                steps += 1
                if crash_every and steps % crash_every == 0:
                    # The process dies between two steps: only what is committed is left.
                    await one.start(**options)
            return await left_behind(one, sequences)


async def _by_text(one: House, record: bytes | None):
    """Verdicts and marks by the text that judged: its number depends on what retention has done meanwhile.

    Who judged first is nobody's business, nor which trigger let go first of what an edit ended.
    """
    told = {}
    for each in decode_decisions(record) if record is not None else ():
        version = await one.reader.version(each.version)
        assert version is not None
        marks = sorted(each.marks, key=lambda mark: mark.trigger)
        told[version.uid, version.text] = (each.verdicts, marks)
    return told


async def left_behind(one: House, sequences: Sequence[int]):
    """Effects in the order of each Sensor, decisions of each event, dead letters, what is held and what is awaited."""
    effects = {
        effect.number: effect for sequence in sequences for effect in await one.reader.effects_of(sequence)
    }
    fired: dict[str, list[object]] = {}
    for number in sorted(effects):
        one_of_them = effects[number]
        fired.setdefault(one_of_them.sensor, []).append(
            (one_of_them.id, one_of_them.trigger, one_of_them.occasion, one_of_them.rendered)
        )
    records = [await one.reader.decision(sequence) for sequence in sequences]
    letters = await one.reader.dead_letters(DeadLetterQuery())
    state = await one.runner.load()
    return (
        fired,
        [await _by_text(one, record) for record in records],
        sorted((letter.sensor, letter.trigger, letter.sequence, letter.reason) for letter in letters),
        sorted((memory.sensor, memory.key, memory.state) for memory in state.memories),
        sorted((timer.sensor, timer.key, timer.due_us) for timer in state.timers),
    )


SLOW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ARRIVALS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from([1, 1, 4, 6, 25])), min_size=1, max_size=12
)


@SLOW
@given(arrivals=ARRIVALS, max_events=st.integers(1, 13))
@example(arrivals=[("a", 1)] * 5, max_events=4)  # a key that timed out and came again is the youngest
def test_a_backlog_decides_exactly_as_live_traffic_would(arrivals, max_events):
    assert asyncio.run(story(arrivals, max_events)) == asyncio.run(story(arrivals, 256, live=True))


@SLOW
@given(arrivals=ARRIVALS, max_events=st.integers(1, 4))
def test_a_crash_between_steps_changes_nothing(arrivals, max_events):
    assert asyncio.run(story(arrivals, max_events, crash_every=1)) == asyncio.run(story(arrivals, 256))


CALM = PAIR.replace("name: pair", "name: calm").replace("debounce: 5s", "debounce: 9s")
TEXTS = {
    "plain": CALM,
    "edited": CALM.replace("debounce: 9s", "debounce: 3s").replace("within: 20s", "within: 40s"),
    "other-filter": CALM.replace("eventName: b}", "eventName: b, filters: {context: {type: github}}}"),
    "scripted": CALM.replace("eventName: a}", "eventName: a, filters: {script: return true}}"),
    "broken": CALM.replace("conditions: a && (b || c)", "conditions: a && (b"),
    "suspended": CALM.replace("namespace: ci}", 'namespace: ci, annotations: {kikkake/suspend: "true"}}'),
}
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("abc"), st.sampled_from([0, 1, 4, 25])),
        st.tuples(st.sampled_from(["decide", "delete", "stop", "resume", *TEXTS]), st.just(0)),
    ),
    min_size=2,
    max_size=16,
)
"""Names of events and the seconds before each, and what people do to a Sensor in between."""


UID = "file:ci/calm"
FULL = "its dead letters are full"


class Life:
    """A run in which a Sensor is edited, suspended, stopped, deleted, scripted and brought back, perhaps with kills."""

    def __init__(self, one: House, options: dict[str, object], *, is_killed: bool) -> None:
        self.sequences: list[int] = []
        self._one = one
        self._options = options
        self._is_killed = is_killed
        self._is_stopped = False

    async def decide(self) -> None:
        while await one_step(self._one):
            if self._is_killed:
                # Only what is committed is left; who is full is found out again at the start.
                await self._one.start(**self._options)
                if self._is_stopped:
                    await self._one.decider.stop_sensor(UID, FULL)

    async def do(self, deed: str, number: int) -> None:
        decider = self._one.decider
        if deed in {"a", "b", "c"}:
            sequence = await self._one.publish(f"source/{deed}", {"n": number % 3}, id=str(number))
            self.sequences.append(sequence)
            return
        # Whatever is done takes hold with the step that records it: what came before is judged before.
        await self.decide()
        decider = self._one.decider
        if deed in TEXTS:
            await self._one.apply(TEXTS[deed])
        elif deed == "delete":
            await decider.apply(deleted=[UID])
        elif deed == "stop" and decider.sensor(UID) is not None:
            self._is_stopped = True
            await decider.stop_sensor(UID, FULL)
        elif deed == "resume":
            self._is_stopped = False
            decider.resume_sensor(UID)


async def life(deeds: Arrivals, max_events: int, *, is_killed: bool):
    """What it leaves, once the Sensor decides again and everything is decided."""
    with TemporaryDirectory() as folder:
        options = {"settings": DecideSettings(max_events=max_events, max_judging_s=60), "preparer": Willing()}
        async with house(Path(folder), **options) as one:
            await one.apply(CALM)
            lived = Life(one, options, is_killed=is_killed)
            for number, (deed, pause) in enumerate([*deeds, ("resume", 0), ("plain", 0)]):
                one.clock.advance(pause)
                await lived.do(deed, number)
            one.clock.advance(100)
            await lived.decide()
            assert (await one.reader.facts()).lagging == {}
            return await left_behind(one, lived.sequences)


@SLOW
@given(deeds=DEEDS, max_events=st.integers(1, 4))
# The older of two keys that began at one time is the older also when a newer event has taken the place of its first.
@example(deeds=[("b", 0), ("decide", 0), ("a", 0), ("b", 0), ("a", 0)], max_events=1)
def test_kills_between_edits_suspensions_and_scripts_change_nothing(deeds, max_events):
    killed = asyncio.run(life(deeds, max_events, is_killed=True))
    assert killed == asyncio.run(life(deeds, 256, is_killed=False))
