"""The promises of the bus (events/bus.py), one section each; every engine passes all of it."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from msgspec.structs import replace

from events.bus import (
    FROM_END,
    Attempt,
    Bus,
    DeadLetterQuery,
    EffectState,
    EventQuery,
    EventTooLarge,
    MemoryChange,
    NewDeadLetter,
    OrderMode,
    ResourceChange,
    ResourceState,
    Runner,
    RunnerFenced,
    Standing,
    Step,
    TimerChange,
)
from events.topic import Topic, event_key
from tests.contracts.buses import (
    DAY_S,
    OTHER_TOPIC,
    START_US,
    TOPIC,
    Engine,
    Limits,
    new_effect,
    outcome,
    publication,
)

OPEN, DONE, DEAD, SUPERSEDED = EffectState.OPEN, EffectState.DONE, EffectState.DEAD, EffectState.SUPERSEDED


async def publish(bus: Bus, *idents: object, topic: Topic = TOPIC) -> list[int]:
    receipts = await bus.publish([publication(ident, topic=topic) for ident in idents])
    return [receipt.sequence for receipt in receipts]


async def read_ids(runner: Runner, after: int = 0) -> list[str]:
    return [stored.event.id for stored in await runner.read(after, limit=1000)]


def sensor(
    uid: str = "uid-1", *, text: bytes = b"{}", state: ResourceState = ResourceState.ACTIVE, **more: object
) -> ResourceChange:
    fields = {"topics": (TOPIC,), **more}
    return ResourceChange(
        uid=uid,
        kind="Sensor",
        namespace="ci",
        name=uid,
        state=state,
        spec_hash=text[:8],
        text=text,
        **fields,  # type: ignore[arg-type]  # fields by name
    )


async def effect_of(runner: Runner, **more: object) -> int:
    """Number of a new effect that is due."""
    receipt = await runner.commit(Step(effects=[new_effect(1, **more)]))  # type: ignore[arg-type]  # fields by name
    return receipt.effect_numbers[0]


async def due_numbers(runner: Runner, now_us: int = START_US) -> list[int]:
    return [effect.number for effect in await runner.due_effects(now_us, limit=100)]


# Promise B1: durable before the receipt, all or none


async def test_what_was_acknowledged_is_there_after_a_kill(engine: Engine):
    bus = await engine.open()
    await publish(bus, "a", "b")

    bus = await engine.kill()

    assert await read_ids(await bus.take_over()) == ["a", "b"]


async def test_an_event_comes_back_as_it_was_published(engine: Engine):
    bus = await engine.open()
    sent = publication("a", data=b"\x00\xff")
    [receipt] = await bus.publish([sent])
    at_once = (await (await bus.take_over()).read(0, limit=1))[0]

    bus = await engine.kill()
    stored = (await (await bus.take_over()).read(0, limit=1))[0]

    assert stored.event == sent.event
    assert stored.provenance == sent.provenance
    assert stored.topic == TOPIC
    assert stored.key == receipt.key == event_key(TOPIC, "github", "a")
    assert (stored.sequence, stored.stored_us) == (receipt.sequence, START_US)
    assert at_once == stored


async def test_no_data_and_empty_data_stay_different(engine: Engine):
    bus = await engine.open()
    await bus.publish([publication("none", data=None), publication("empty", data=b"")])

    bus = await engine.kill()

    stored = await (await bus.take_over()).read(0, limit=10)
    assert [one.event.data for one in stored] == [None, b""]


async def test_a_publication_that_is_too_large_stores_none_of_its_call(engine: Engine):
    bus = await engine.open(Limits(max_event_bytes=2000))

    with pytest.raises(EventTooLarge, match="limit 2000 bytes"):
        await bus.publish([publication("small"), publication("large", data=b"x" * 2001)])

    assert await read_ids(await bus.take_over()) == []


# Promise B2: once within the window


async def test_the_same_event_is_stored_once_and_its_receipt_names_the_first(engine: Engine):
    bus = await engine.open()
    [first] = await bus.publish([publication("a")])

    [again, other] = await bus.publish([publication("a", data=b"changed"), publication("b")])

    assert (first.standing, again.standing, other.standing) == (
        Standing.NEW,
        Standing.DUPLICATE,
        Standing.NEW,
    )
    assert (again.sequence, again.key) == (first.sequence, first.key)
    assert await read_ids(await bus.take_over()) == ["a", "b"]


async def test_duplicates_in_one_call_and_in_flight_get_the_same_sequence(engine: Engine):
    bus = await engine.open()

    calls = [bus.publish([publication("a"), publication("a")]) for _ in range(5)]
    receipts = [receipt for call in await asyncio.gather(*calls) for receipt in call]

    assert len({receipt.sequence for receipt in receipts}) == 1
    assert [receipt.standing for receipt in receipts].count(Standing.NEW) == 1
    assert await read_ids(await bus.take_over()) == ["a"]


@pytest.mark.parametrize(
    ("topic", "source"),
    [(OTHER_TOPIC, "github"), (TOPIC, "gitlab"), (TOPIC._replace(namespace="cd"), "github")],
)
async def test_the_same_id_elsewhere_is_another_event(engine: Engine, topic: Topic, source: str):
    bus = await engine.open()
    await publish(bus, "a")

    [receipt] = await bus.publish([publication("a", topic=topic, source=source)])

    assert receipt.standing is Standing.NEW


async def test_ids_are_known_after_kills_however_many_came_since(engine: Engine):
    bus = await engine.open(Limits())
    sequences = {ident: (await publish(bus, ident))[0] for ident in range(100)}
    for _ in range(2):
        bus = await engine.kill()
        await publish(bus, *(f"more-{n}" for n in range(40)))

        receipts = await bus.publish([publication(ident) for ident in sequences])

        assert {receipt.standing for receipt in receipts} == {Standing.DUPLICATE}
        assert [receipt.sequence for receipt in receipts] == list(sequences.values())


async def test_an_id_is_known_within_the_window_and_forgotten_after_it(engine: Engine):
    bus = await engine.open(Limits(dedup_window_s=DAY_S))
    [first] = await publish(bus, "a")
    await publish(bus, *range(50))

    engine.clock.advance(DAY_S - 1)
    [within] = await bus.publish([publication("a")])
    engine.clock.advance(3600)
    [after] = await bus.publish([publication("a")])
    [again] = await bus.publish([publication("a")])

    assert (within.standing, within.sequence) == (Standing.DUPLICATE, first)
    assert after.standing is Standing.NEW
    assert (again.standing, again.sequence) == (Standing.DUPLICATE, after.sequence)


async def test_an_id_outlives_its_event(engine: Engine):
    bus = await engine.open(Limits(event_retention_s=3600))
    [first] = await publish(bus, "a")
    engine.clock.advance(2 * 3600)
    await engine.maintain()
    assert await (await bus.take_over()).event(first) is None

    bus = await engine.kill()
    [receipt] = await bus.publish([publication("a")])

    assert (receipt.standing, receipt.sequence) == (Standing.DUPLICATE, first)


# Suspected replays (spec/signatures.md, rule 6)


async def test_the_same_body_under_another_id_is_stored_but_not_judged(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()

    receipts = await bus.publish(
        [publication("a", mac=b"m"), publication("b", mac=b"m"), publication("c", mac=b"n")]
    )

    assert [receipt.standing for receipt in receipts] == [
        Standing.NEW,
        Standing.SUSPECTED_REPLAY,
        Standing.NEW,
    ]
    assert await read_ids(runner) == ["a", "c"]
    listed = await bus.reader().events(EventQuery())
    assert [(stored.event.id, stored.standing) for stored in listed] == [
        ("c", Standing.NEW),
        ("b", Standing.SUSPECTED_REPLAY),
        ("a", Standing.NEW),
    ]
    assert await runner.event(receipts[1].sequence) == listed[1]


async def test_a_suspected_replay_is_remembered_by_its_own_id_and_the_body_stays_with_its_first_owner(
    engine: Engine,
):
    bus = await engine.open()
    await bus.publish([publication("a", mac=b"m")])
    [suspect] = await bus.publish([publication("b", mac=b"m")])

    bus = await engine.kill()
    receipts = await bus.publish([publication(ident, mac=b"m") for ident in ("a", "b", "c")])

    assert [receipt.standing for receipt in receipts] == [
        Standing.DUPLICATE,
        Standing.DUPLICATE,
        Standing.SUSPECTED_REPLAY,
    ]
    assert receipts[1].sequence == suspect.sequence
    assert await read_ids(await bus.take_over()) == ["a"]


async def test_suspected_replays_do_not_prolong_the_window_of_a_body(engine: Engine):
    bus = await engine.open(Limits(dedup_window_s=DAY_S))
    await bus.publish([publication("a", mac=b"m")])
    engine.clock.advance(DAY_S - 3600)
    [within] = await bus.publish([publication("b", mac=b"m")])
    engine.clock.advance(2 * 3600)

    [after] = await bus.publish([publication("c", mac=b"m")])

    assert (within.standing, after.standing) == (Standing.SUSPECTED_REPLAY, Standing.NEW)


async def test_the_same_body_on_another_topic_is_no_replay(engine: Engine):
    bus = await engine.open()
    await bus.publish([publication("a", mac=b"m")])

    [receipt] = await bus.publish([publication("b", mac=b"m", topic=OTHER_TOPIC)])

    assert receipt.standing is Standing.NEW


async def test_a_runner_at_the_end_does_not_wake_for_a_suspected_replay(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    [first] = await bus.publish([publication("a", mac=b"m")])
    waiting = asyncio.create_task(runner.wait(first.sequence))

    await bus.publish([publication("b", mac=b"m")])
    assert not waiting.done()
    await bus.publish([publication("c", mac=b"n")])

    async with asyncio.timeout(5):
        await waiting
    assert await read_ids(runner, first.sequence) == ["c"]


# Promise B3: the order of the log


async def test_events_are_read_in_the_order_in_which_they_were_stored(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    order: dict[int, str] = {}

    async def publisher(name: int) -> None:
        for number in range(20):
            [sequence] = await publish(bus, f"{name}-{number}")
            order[sequence] = f"{name}-{number}"

    await asyncio.gather(*(publisher(name) for name in range(8)))

    expected = [order[sequence] for sequence in sorted(order)]
    assert await read_ids(runner) == expected
    for name in range(8):
        own = [ident for ident in expected if ident.startswith(f"{name}-")]
        assert own == [f"{name}-{number}" for number in range(20)]
    bus = await engine.kill()
    assert await read_ids(await bus.take_over()) == expected


async def test_reading_goes_on_after_any_event_and_stops_at_the_limits(engine: Engine):
    bus = await engine.open()
    await bus.publish([publication(n, data=b"x" * 10_000) for n in range(10)])
    for runner in (await bus.take_over(), await (await engine.kill()).take_over()):
        assert len(await runner.read(0, limit=3)) == 3
        assert await read_ids(runner, 7) == ["7", "8", "9"]
        assert len(await runner.read(7, limit=10, max_bytes=25_000)) == 2
        assert len(await runner.read(8, limit=10, max_bytes=1)) == 1, "at least one"
        assert await runner.read(10, limit=10) == []


async def test_a_sensor_that_catches_up_alone_reads_its_topics_only(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    await publish(bus, "a", "b")
    await publish(bus, "c", topic=OTHER_TOPIC)
    await publish(bus, "d")

    async def ids(*topics: Topic) -> list[str]:
        return [stored.event.id for stored in await runner.read(0, limit=10, topics=frozenset(topics))]

    assert await ids(TOPIC) == ["a", "b", "d"]
    assert await ids(OTHER_TOPIC) == ["c"]
    assert await ids(TOPIC, OTHER_TOPIC) == ["a", "b", "c", "d"]
    assert await ids(TOPIC._replace(event_name="unknown")) == []


async def test_a_waiting_runner_wakes_for_the_next_event(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    [first] = await publish(bus, "a")
    await runner.wait(0)
    waiting = [asyncio.create_task(runner.wait(first)) for _ in range(2)]
    cancelled = asyncio.create_task(runner.wait(first))
    await asyncio.sleep(0)
    cancelled.cancel()

    await publish(bus, "b")

    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)
    assert await read_ids(runner, first) == ["b"]


# Promise B4: a step is whole


async def test_a_step_is_there_whole_after_a_kill(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    [a, b] = await publish(bus, "a", "b")
    step = Step(
        place=b,
        decisions=[(a, b"first"), (b, b"second")],
        memories=[MemoryChange("uid-1", "build", b"held", (a,)), MemoryChange("uid-1", "none", None)],
        timers=[TimerChange("uid-1", "reset", START_US + 5, b"due")],
        effects=[new_effect(1, events=(a, b))],
        lagging={"uid-2": a},
        resources=[sensor(text=b'{"v": 1}')],
        dead_letters=[
            NewDeadLetter(sensor="uid-1", trigger="build", sequence=a, reason="Poison", detail="it kills")
        ],
    )
    receipt = await runner.commit(step)

    bus = await engine.kill()
    runner = await bus.take_over()
    state = await runner.load()
    reader = bus.reader()

    assert (state.place, state.lagging) == (b, {"uid-2": a})
    assert [(memory.key, memory.state) for memory in state.memories] == [("build", b"held")]
    assert [(timer.key, timer.due_us, timer.payload) for timer in state.timers] == [
        ("reset", START_US + 5, b"due")
    ]
    assert state.resources == receipt.versions
    assert await due_numbers(runner) == list(receipt.effect_numbers)
    assert [await reader.decision(sequence) for sequence in (a, b)] == [b"first", b"second"]
    assert [letter.reason for letter in await reader.dead_letters(DeadLetterQuery())] == ["Poison"]


async def test_a_later_step_replaces_and_removes(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    [a] = await publish(bus, "a")
    await runner.commit(
        Step(
            decisions=[(a, b"first")],
            memories=[MemoryChange("s", "k", b"1", (a,)), MemoryChange("s", "gone", b"1")],
            timers=[TimerChange("s", "k", 1), TimerChange("s", "gone", 2)],
            lagging={"s": 0, "t": 0},
        )
    )
    await runner.commit(
        Step(
            decisions=[(a, b"second")],
            memories=[MemoryChange("s", "k", b"2"), MemoryChange("s", "gone", None)],
            timers=[TimerChange("s", "k", 9), TimerChange("s", "gone", None)],
            lagging={"s": 1, "t": None},
        )
    )

    state = await runner.load()

    assert [(memory.key, memory.state) for memory in state.memories] == [("k", b"2")]
    assert [(timer.key, timer.due_us) for timer in state.timers] == [("k", 9)]
    assert state.lagging == {"s": 1}
    assert await bus.reader().decision(a) == b"second"
    assert [memory.state for memory in await bus.reader().memories("s")] == [b"2"]


async def test_an_event_published_before_a_step_ends_before_it(engine: Engine):
    """FROM_END is the end of the log as of the step, whatever was in flight."""
    bus = await engine.open()
    runner = await bus.take_over()
    await publish(bus, "a")

    published, receipt = await asyncio.gather(
        publish(bus, "b"), runner.commit(Step(resources=[sensor(starts={"push": FROM_END, "old": 0})]))
    )
    [after] = await publish(bus, "c")

    starts = receipt.versions[0].starts
    assert starts["old"] == 0
    assert starts["push"] in {published[0] - 1, published[0]}
    assert starts["push"] < after


async def test_the_same_text_of_a_resource_keeps_its_number(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()

    async def record(text: bytes, state: ResourceState = ResourceState.ACTIVE, uid: str = "uid-1") -> int:
        return (await runner.commit(Step(resources=[sensor(uid, text=text, state=state)]))).versions[0].id

    one, two, other = await record(b"1"), await record(b"2"), await record(b"1", uid="uid-2")
    assert len({one, two, other}) == 3
    assert await record(b"1") == one
    assert await record(b"1", ResourceState.SUSPENDED) == one
    newest = {version.uid: version for version in await bus.reader().resources()}
    assert (newest["uid-1"].id, newest["uid-1"].state) == (one, ResourceState.SUSPENDED)
    assert (await runner.load()).resources == tuple(sorted(newest.values(), key=lambda version: version.id))
    old = await bus.reader().version(two)
    assert old is not None
    assert old.text == b"2"


async def test_an_effect_without_a_version_gets_the_one_that_its_step_records(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    effect = msgspec.structs.replace(new_effect(1), version=0)
    receipt = await runner.commit(Step(resources=[sensor("other"), sensor()], effects=[effect]))

    [stored] = await runner.due_effects(START_US, limit=1)

    assert stored.version == receipt.versions[1].id


async def test_unclean_starts_are_counted_while_the_place_stands(engine: Engine):
    async def starts(bus: Bus) -> int:
        return (await (await bus.take_over()).load()).unclean_starts

    bus = await engine.open()
    assert await starts(bus) == 0
    assert await starts(await engine.kill()) == 1
    bus = await engine.kill()
    assert await starts(bus) == 2
    [place] = await publish(bus, "a")
    await (await bus.take_over()).commit(Step(place=place))
    bus = await engine.kill()
    assert await starts(bus) == 1, "the place moved: counted anew"
    await bus.close()
    assert await starts(await engine.open()) == 0


# Promise B5: fencing


async def test_a_runner_that_lost_its_shard_is_refused_and_its_outcomes_are_not(engine: Engine):
    bus = await engine.open()
    old = await bus.take_over()
    number = await effect_of(old)
    assert await old.begin(number, 1, START_US)
    new = await bus.take_over()

    with pytest.raises(RunnerFenced):
        await old.commit(Step(place=9, memories=[MemoryChange("s", "k", b"x")]))
    with pytest.raises(RunnerFenced):
        await old.begin(number, 2, START_US)
    with pytest.raises(RunnerFenced):
        await old.plan(number, b"x")
    state = await new.load()
    assert (state.place, state.memories) == (0, ())
    assert await old.settle(outcome(number, 1, DONE))
    assert await due_numbers(new) == []


async def test_an_outcome_of_an_older_attempt_is_ignored(engine: Engine):
    bus = await engine.open()
    old = await bus.take_over()
    number = await effect_of(old)
    await old.begin(number, 1, START_US)
    new = await bus.take_over()
    await new.begin(number, 2, START_US)

    assert not await old.settle(outcome(number, 1, DEAD))
    assert await new.settle(outcome(number, 2, DONE))
    assert not await new.settle(outcome(number, 2, DEAD)), "it has ended"
    stored = await bus.reader().effect(number)
    assert stored is not None
    assert stored.state is DONE


async def test_another_shard_is_not_fenced(engine: Engine):
    bus = await engine.open()
    one, two = await bus.take_over("one"), await bus.take_over("two")

    await one.commit(Step(place=1))
    await two.commit(Step(place=2))

    assert ((await one.load()).place, (await two.load()).place) == (1, 2)


# Promise B6: effects stay until their outcome is recorded


async def test_an_effect_is_listed_until_it_has_an_outcome(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    [a] = await publish(bus, "a")
    wanted = new_effect(7, events=(a,), rendered=b"bytes")
    [number] = (await runner.commit(Step(effects=[wanted]))).effect_numbers
    await runner.begin(number, 1, START_US)

    bus = await engine.kill()
    runner = await bus.take_over()
    [effect] = await runner.due_effects(START_US, limit=10)

    assert (effect.number, effect.id, effect.events, effect.rendered) == (
        number,
        wanted.id,
        wanted.events,
        b"bytes",
    )
    assert (effect.state, effect.attempt, effect.answered) == (OPEN, 1, 0), "in doubt, due at once"
    await runner.begin(number, 2, START_US)
    history = (
        Attempt(1, START_US, 0, "no answer: in doubt"),
        Attempt(2, START_US, START_US + 1, "201 Created"),
    )
    await runner.settle(outcome(number, 2, DONE, result=b'{"uid":"u"}', history=history))
    bus = await engine.kill()
    assert await due_numbers(await bus.take_over()) == []
    [ended] = await bus.reader().effects_of(a)
    assert (ended.state, ended.answered, ended.result, ended.history) == (DONE, 2, b'{"uid":"u"}', history)


async def test_a_retry_is_due_at_its_time(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    number = await effect_of(runner)
    await runner.begin(number, 1, START_US)

    await runner.settle(outcome(number, 1, OPEN, due_us=START_US + 50, reason="503"))

    assert await due_numbers(runner, START_US + 49) == []
    assert await runner.next_due_us(START_US) == START_US + 50
    [effect] = await runner.due_effects(START_US + 50, limit=10)
    assert (effect.attempt, effect.answered, effect.reason) == (1, 1, "503")
    assert await runner.next_due_us(START_US + 50) is None


async def test_due_effects_come_by_time_and_number_and_in_pages(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    dues = [30, 10, 20, 10]
    receipt = await runner.commit(Step(effects=[new_effect(n, due_us=due) for n, due in enumerate(dues)]))
    first, second, third, fourth = receipt.effect_numbers

    page = await runner.due_effects(100, limit=2)
    rest = await runner.due_effects(100, limit=9, after=(page[-1].due_us, page[-1].number))

    assert [effect.number for effect in page] == [second, fourth]
    assert [effect.number for effect in rest] == [third, first]


async def test_an_answer_that_does_not_count_gives_its_number_back(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    number = await effect_of(runner)
    await runner.begin(number, 1, START_US)

    await runner.settle(outcome(number, 1, OPEN, due_us=START_US + 1, counts_as_attempt=False))

    [effect] = await runner.due_effects(START_US + 1, limit=1)
    assert (effect.attempt, effect.answered) == (0, 0)
    assert await runner.begin(number, 1, START_US + 1)
    assert await runner.settle(outcome(number, 1, DONE))


async def test_a_planned_effect_has_its_bytes_before_its_first_attempt_and_keeps_them(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    number = await effect_of(runner, rendered=None)
    [planned] = await runner.due_effects(START_US, limit=1)
    assert planned.rendered is None

    await runner.plan(number, b"first")
    await runner.plan(number, b"second")

    bus = await engine.kill()
    [effect] = await (await bus.take_over()).due_effects(START_US, limit=1)
    assert effect.rendered == b"first"


async def test_an_effect_may_be_born_with_its_first_attempt(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    assert await runner.last_attempt_us("uid-1", "build") is None
    number = await effect_of(runner, attempt=1)
    engine.clock.advance(1)
    assert await runner.last_attempt_us("uid-1", "build") == START_US

    bus = await engine.kill()
    runner = await bus.take_over()

    [effect] = await runner.due_effects(START_US, limit=1)
    assert (effect.number, effect.attempt, effect.answered) == (number, 1, 0)
    await runner.begin(number, 2, START_US + 77)
    assert await runner.last_attempt_us("uid-1", "build") == START_US + 77


async def test_effects_of_an_event_include_those_that_it_is_only_a_part_of(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    a, b = await publish(bus, "a", "b")
    effects = [
        new_effect(1, events=(a,)),
        new_effect(2, events=(a, b)),
        new_effect(3, events=(b,)),
        new_effect(4),
    ]
    one, two, three, _four = (await runner.commit(Step(effects=effects))).effect_numbers

    reader = bus.reader()

    assert [effect.number for effect in await reader.effects_of(a)] == [one, two]
    assert [effect.number for effect in await reader.effects_of(b)] == [two, three]


# Effects on the same object


async def order_effects(runner: Runner, *modes: OrderMode, key: bytes = b"object") -> list[int]:
    effects = [new_effect(n, order=(key, mode)) for n, mode in enumerate(modes)]
    return [
        number
        for effect in effects
        for number in (await runner.commit(Step(effects=[effect]))).effect_numbers
    ]


async def test_an_effect_that_waits_runs_when_every_older_one_of_its_key_has_ended(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    first, second, third = await order_effects(runner, OrderMode.WAIT, OrderMode.WAIT, OrderMode.WAIT)
    [other] = await order_effects(runner, OrderMode.WAIT, key=b"another")
    assert await due_numbers(runner) == [first, other]

    await runner.begin(first, 1, START_US)
    await runner.settle(outcome(first, 1, OPEN, due_us=START_US + 99))
    assert await due_numbers(runner) == [other], "a retry of the older one blocks only its key"
    await runner.begin(first, 2, START_US)
    await runner.settle(outcome(first, 2, DEAD))
    assert await due_numbers(runner) == [second, other], "a dead one blocks nobody"
    await runner.begin(second, 1, START_US)
    await runner.settle(outcome(second, 1, DONE))
    assert await due_numbers(runner) == [third, other]


async def test_the_next_of_an_order_key_is_found_by_its_key(engine: Engine):
    runner = await (await engine.open()).take_over()
    key = b"object"
    first, second = await order_effects(runner, OrderMode.WAIT, OrderMode.WAIT)
    await order_effects(runner, OrderMode.WAIT, key=b"another")

    async def following(now_us: int = START_US) -> int | None:
        found = await runner.due_in_order(key, now_us)
        return None if found is None else found.number

    assert await following() == first
    await runner.begin(first, 1, START_US)
    await runner.settle(outcome(first, 1, OPEN, due_us=START_US + 99))
    assert await following() is None, "it waits for its retry, and the others for it"
    assert await following(START_US + 99) == first
    await runner.begin(first, 2, START_US)
    await runner.settle(outcome(first, 2, DEAD))
    assert await following() == second
    assert await runner.due_in_order(b"none", START_US) is None


async def test_a_newer_effect_supersedes_those_that_wait(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()

    first, second, third = await order_effects(
        runner, OrderMode.SUPERSEDE, OrderMode.SUPERSEDE, OrderMode.SUPERSEDE
    )

    assert await due_numbers(runner) == [third]
    for number in (first, second):
        effect = await bus.reader().effect(number)
        assert effect is not None
        assert effect.state is SUPERSEDED
        assert not await runner.begin(number, 1, START_US), "it must not run any more"


async def test_an_attempt_under_way_is_not_superseded_but_gets_no_retry(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    [first] = await order_effects(runner, OrderMode.SUPERSEDE)
    await runner.begin(first, 1, START_US)
    [second] = await order_effects(runner, OrderMode.SUPERSEDE)
    assert await due_numbers(runner) == [first], "the new one waits for it"

    assert await runner.settle(outcome(first, 1, OPEN, due_us=START_US))

    assert await due_numbers(runner) == [second]
    effect = await bus.reader().effect(first)
    assert effect is not None
    assert effect.state is SUPERSEDED


async def test_a_waiting_effect_is_never_superseded(engine: Engine):
    """What a patch does, a newer apply need not do."""
    bus = await engine.open()
    runner = await bus.take_over()

    patch, apply = await order_effects(runner, OrderMode.WAIT, OrderMode.SUPERSEDE)

    assert await due_numbers(runner) == [patch]
    await runner.begin(patch, 1, START_US)
    await runner.settle(outcome(patch, 1, DONE))
    assert await due_numbers(runner) == [apply]


async def test_another_trigger_supersedes_nothing_and_waits(engine: Engine):
    """It may say something else of the same object: what the older one says would never be done."""
    runner = await (await engine.open()).take_over()
    [first] = await order_effects(runner, OrderMode.SUPERSEDE)
    other = replace(new_effect(7, order=(b"object", OrderMode.SUPERSEDE)), trigger="other")
    [second] = (await runner.commit(Step(effects=[other]))).effect_numbers

    assert await due_numbers(runner) == [first]
    await runner.begin(first, 1, START_US)
    await runner.settle(outcome(first, 1, DONE))
    assert await due_numbers(runner) == [second]


# Planned effects on the same object


async def planned(runner: Runner, ident: int, *, key: bytes = b"trigger", trigger: str = "build") -> int:
    effect = replace(new_effect(ident, order=(key, OrderMode.WAIT), rendered=None), trigger=trigger)
    [number] = (await runner.commit(Step(effects=[effect]))).effect_numbers
    return number


async def test_a_planned_effect_takes_its_place_in_the_order_when_it_is_rendered(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    [older] = await order_effects(runner, OrderMode.WAIT)
    number = await planned(runner, 7)
    assert await due_numbers(runner) == [older, number], "nobody knows yet that it is about the same object"
    await runner.begin(number, 1, START_US)

    is_turn = await runner.plan(number, b"{}", b"object", OrderMode.WAIT)

    assert not is_turn
    effect = await bus.reader().effect(number)
    assert effect is not None
    assert (effect.attempt, effect.order_key, effect.rendered) == (0, b"object", b"{}"), (
        "nothing was attempted"
    )
    assert await due_numbers(runner) == [older]
    await runner.begin(older, 1, START_US)
    await runner.settle(outcome(older, 1, DONE))
    assert await due_numbers(runner) == [number]


async def test_what_is_ordered_waits_for_an_older_planned_effect_of_its_sensor(engine: Engine):
    runner = await (await engine.open()).take_over()
    older = await planned(runner, 7, trigger="fetched")
    [newer] = await order_effects(runner, OrderMode.WAIT)
    [free] = (await runner.commit(Step(effects=[new_effect(9)]))).effect_numbers
    assert await due_numbers(runner) == [older, free]
    assert await runner.due_in_order(b"object", START_US) is None

    await runner.begin(older, 1, START_US)
    assert await runner.plan(older, b"{}", b"another", OrderMode.WAIT)

    assert await due_numbers(runner) == [older, newer, free], "it is about something else"


async def test_a_planned_effect_that_cannot_be_rendered_holds_up_only_its_own_trigger(engine: Engine):
    """Nor do those that wait behind it, of which nobody has tried to render one yet."""
    runner = await (await engine.open()).take_over()
    older = await planned(runner, 7, trigger="fetched")
    await planned(runner, 8, trigger="fetched")
    [newer] = await order_effects(runner, OrderMode.WAIT)

    await runner.begin(older, 1, START_US)
    await runner.settle(outcome(older, 1, OPEN, due_us=START_US + 99, reason="ArtifactUnavailable"))

    assert await due_numbers(runner) == [newer]
    assert await due_numbers(runner, START_US + 99) == [newer, older]


async def test_a_serial_trigger_that_is_tried_again_holds_up_no_other(engine: Engine):
    """With `atLeastOnce` it keeps its place after it was rendered, and the next one is not rendered before."""
    runner = await (await engine.open()).take_over()
    first = await planned(runner, 7, trigger="serial")
    await planned(runner, 8, trigger="serial")
    await runner.begin(first, 1, START_US)
    assert await runner.plan(first, b"{}", b"trigger", OrderMode.WAIT)
    await runner.settle(outcome(first, 1, OPEN, due_us=START_US + 99, reason="ServerError"))
    [newer] = await order_effects(runner, OrderMode.WAIT)

    assert await due_numbers(runner) == [newer]


async def test_a_planned_effect_that_was_overtaken_is_superseded(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    older = await planned(runner, 7)
    newer = await planned(runner, 8, key=b"elsewhere")
    await runner.begin(newer, 1, START_US)
    assert await runner.plan(newer, b"{}", b"object", OrderMode.SUPERSEDE)
    await runner.settle(outcome(newer, 1, DONE))
    await runner.begin(older, 1, START_US)

    assert not await runner.plan(older, b"{}", b"object", OrderMode.SUPERSEDE)

    effect = await bus.reader().effect(older)
    assert effect is not None
    assert effect.state is SUPERSEDED
    assert effect.reason == f"effect {newer}, newer and on the same object, took its place"


async def test_an_effect_that_waits_says_for_which(engine: Engine):
    bus = await engine.open()
    [sequence] = await publish(bus, "a")
    runner = await bus.take_over()
    effects = [new_effect(n, events=(sequence,), order=(b"object", OrderMode.WAIT)) for n in range(2)]
    first, second = (await runner.commit(Step(effects=effects))).effect_numbers

    found = await bus.reader().effects_of(sequence)

    assert [(effect.number, effect.behind) for effect in found] == [(first, 0), (second, first)]


# What was given up


async def test_a_dead_effect_leaves_a_dead_letter_and_can_be_revived(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    [a] = await publish(bus, "a")
    number = await effect_of(runner, events=(a,), rendered=b"12345")
    assert await runner.revive(number, START_US) is None, "it is not dead"
    await runner.begin(number, 1, START_US)
    await runner.settle(outcome(number, 1, DEAD, reason="ObjectInvalid", detail="spec.replicas is a text"))

    bus = await engine.kill()
    runner = await bus.take_over()
    [letter] = await bus.reader().dead_letters(DeadLetterQuery(sensor="uid-1", reason="ObjectInvalid"))
    assert (letter.effect, letter.sequence, letter.trigger, letter.at_us) == (number, a, "build", START_US)
    assert letter.detail == "spec.replicas is a text"
    assert letter.size_bytes > 5
    assert await bus.reader().dead_letters(DeadLetterQuery(sensor="other")) == []
    assert await bus.reader().dead_letters(DeadLetterQuery(reason="Forbidden")) == []
    assert await bus.reader().dead_letters(DeadLetterQuery(before=letter.number)) == []

    revived = await runner.revive(number, START_US + 3)

    assert revived is not None
    assert (revived.state, revived.due_us, revived.attempt) == (OPEN, START_US + 3, 1)
    assert await bus.reader().dead_letters(DeadLetterQuery()) == []
    assert await due_numbers(runner, START_US + 3) == [number]


async def test_what_waits_for_an_outage_can_be_brought_forward_and_nothing_else_is(engine: Engine):
    later_us = START_US + 300_000_000
    runner = await (await engine.open()).take_over()
    effects = [new_effect(n) for n in range(4)]
    waiting, other, dead, doubtful = (await runner.commit(Step(effects=effects))).effect_numbers
    for number in (waiting, other, dead, doubtful):
        await runner.begin(number, 1, START_US)
    await runner.settle(outcome(waiting, 1, OPEN, due_us=later_us, reason="Unreachable"))
    await runner.settle(outcome(other, 1, OPEN, due_us=later_us, reason="Forbidden"))
    await runner.settle(outcome(dead, 1, DEAD, reason="Unreachable"))

    assert await runner.bring_forward(["http"], ["Unreachable"], START_US) == 0, "another kind"
    assert await runner.bring_forward(["k8s"], ["Unreachable", "ServerError"], START_US) == 1
    assert waiting in await due_numbers(runner, START_US)
    assert other not in await due_numbers(runner, START_US)


async def test_a_revived_effect_does_not_undo_a_newer_one(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    [old] = await order_effects(runner, OrderMode.SUPERSEDE)
    await runner.begin(old, 1, START_US)
    await runner.settle(outcome(old, 1, DEAD))
    [new] = await order_effects(runner, OrderMode.SUPERSEDE)
    await runner.begin(new, 1, START_US)
    await runner.settle(outcome(new, 1, DONE))

    revived = await runner.revive(old, START_US)

    assert revived is not None
    assert revived.state is SUPERSEDED
    assert await due_numbers(runner) == []


async def test_a_dead_letter_of_an_event_goes_when_a_step_answers_it(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    [a] = await publish(bus, "a")
    await runner.commit(
        Step(dead_letters=[NewDeadLetter(sensor="s", trigger="t", sequence=a, reason="Poison", detail="x")])
    )
    [letter] = await bus.reader().dead_letters(DeadLetterQuery())

    await runner.commit(Step(effects=[new_effect(1, events=(a,))], answered_letters=[letter.number]))

    assert await bus.reader().dead_letters(DeadLetterQuery()) == []


# Promise B7: retention


async def old_events(engine: Engine, bus: Bus, runner: Runner, count: int) -> list[int]:
    """Judged events that are older than what is kept."""
    sequences = await publish(bus, *range(count))
    await runner.commit(Step(place=sequences[-1], resources=[sensor(starts={"push": 0})]))
    engine.clock.advance(8 * DAY_S)
    return sequences


async def kept(runner: Runner, sequences: list[int]) -> list[int]:
    return [sequence for sequence in sequences if await runner.event(sequence) is not None]


async def test_old_events_go_when_they_were_judged(engine: Engine):
    bus = await engine.open(Limits())
    runner = await bus.take_over()
    sequences = await old_events(engine, bus, runner, 100)
    [young] = await publish(bus, "young")

    await engine.maintain()

    assert await kept(runner, [*sequences, young]) == [young]
    assert (await bus.reader().facts()).events == 1
    assert await publish(bus, "next") == [young + 1], "numbers are never used again"


async def test_an_event_that_a_sensor_has_not_passed_never_goes(engine: Engine):
    bus = await engine.open(Limits(quota_s=365 * DAY_S))
    runner = await bus.take_over()
    sequences = await publish(bus, *range(6))
    others = await publish(bus, *range(6), topic=OTHER_TOPIC)
    lag = {"uid-1": sequences[1]}
    await runner.commit(Step(place=others[-1], lagging=dict(lag), resources=[sensor()]))
    engine.clock.advance(30 * DAY_S)

    await engine.maintain()

    assert await kept(runner, sequences) == sequences[2:]
    assert await kept(runner, others) == [], "nobody waits for those"


async def test_an_event_above_the_place_stays_while_its_sensor_is_there(engine: Engine):
    bus = await engine.open(Limits())
    runner = await bus.take_over()
    await runner.commit(Step(resources=[sensor()]))
    sequences = await publish(bus, *range(3))
    engine.clock.advance(30 * DAY_S)
    await engine.maintain()
    assert await kept(runner, sequences) == sequences

    await runner.commit(Step(resources=[sensor(state=ResourceState.DELETED)]))
    await engine.maintain()

    assert await kept(runner, sequences) == []


async def test_events_that_something_refers_to_stay(engine: Engine):
    bus = await engine.open(Limits())
    runner = await bus.take_over()
    held, waiting, joined, quarantined, dead, free = await old_events(engine, bus, runner, 6)
    receipt = await runner.commit(
        Step(
            memories=[MemoryChange("uid-1", "k", b"m", (held,))],
            effects=[new_effect(1, events=(joined, waiting)), new_effect(2, events=(dead,))],
            dead_letters=[
                NewDeadLetter(sensor="uid-1", trigger="t", sequence=quarantined, reason="Poison", detail="")
            ],
        )
    )
    one, two = receipt.effect_numbers
    await runner.settle(outcome(two, 0, DEAD))
    await engine.maintain()
    pinned = [held, waiting, joined, quarantined, dead]
    assert await kept(runner, [*pinned, free]) == pinned

    await runner.settle(outcome(one, 0, DONE))
    await runner.commit(Step(memories=[MemoryChange("uid-1", "k", b"m")]))
    await engine.maintain()

    assert await kept(runner, pinned) == [quarantined, dead]


async def test_events_go_by_bytes_oldest_first(engine: Engine):
    bus = await engine.open(Limits(event_retention_bytes=55_000))
    runner = await bus.take_over()
    receipts = await bus.publish([publication(n, data=b"x" * 10_000) for n in range(20)])
    sequences = [receipt.sequence for receipt in receipts]
    await runner.commit(Step(place=sequences[-1], resources=[sensor()]))

    await engine.maintain()

    assert await kept(runner, sequences) == sequences[-5:]


async def test_a_sensor_beyond_its_quota_gets_dead_letters_that_keep_the_body(engine: Engine):
    bus = await engine.open(Limits(quota_s=DAY_S))
    runner = await bus.take_over()
    sequences = await publish(bus, *range(5))
    engine.clock.advance(2 * DAY_S)
    young = await publish(bus, "young")
    await runner.commit(
        Step(place=young[-1], lagging={"uid-1": 0}, resources=[sensor(state=ResourceState.SUSPENDED)])
    )

    await engine.maintain()

    letters = await bus.reader().dead_letters(DeadLetterQuery(sensor="uid-1"))
    assert [letter.sequence for letter in reversed(letters)] == sequences
    assert {letter.reason for letter in letters} == {"QuotaExceeded"}
    assert (await bus.reader().facts()).lagging == {"uid-1": sequences[-1]}
    engine.clock.advance(10 * DAY_S)
    await engine.maintain()
    assert await kept(runner, sequences) == sequences


async def test_the_quota_also_counts_bytes(engine: Engine):
    bus = await engine.open(Limits(quota_bytes=25_000))
    runner = await bus.take_over()
    receipts = await bus.publish([publication(n, data=b"x" * 10_000) for n in range(5)])
    await runner.commit(Step(place=receipts[-1].sequence, lagging={"uid-1": 0}, resources=[sensor()]))

    await engine.maintain()

    assert (await bus.reader().facts()).lagging == {"uid-1": receipts[2].sequence}


async def test_a_full_dead_letter_quota_drops_nothing_more(engine: Engine):
    bus = await engine.open(Limits(quota_s=DAY_S, dead_letter_rows=2))
    runner = await bus.take_over()
    sequences = await publish(bus, *range(5))
    await runner.commit(Step(place=sequences[-1], lagging={"uid-1": 0}, resources=[sensor()]))
    engine.clock.advance(30 * DAY_S)

    await engine.maintain()

    assert (await bus.reader().facts()).lagging == {"uid-1": sequences[1]}
    assert await kept(runner, sequences) == sequences


async def test_the_load_of_dead_letters_is_known_per_sensor(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    assert await bus.reader().dead_letter_load() == {}
    [a] = await publish(bus, "a")
    letters = [
        NewDeadLetter(sensor=uid, trigger="t", sequence=a, reason="RenderFailed", detail="")
        for uid in ("uid-1", "uid-1", "uid-2")
    ]
    await runner.commit(Step(dead_letters=letters))

    load = await bus.reader().dead_letter_load()

    [one, *_others] = await bus.reader().dead_letters(DeadLetterQuery(sensor="uid-2"))
    assert load == {"uid-1": (2, 2 * one.size_bytes), "uid-2": (1, one.size_bytes)}
    assert one.size_bytes > 0


async def test_a_lagging_sensor_learns_where_its_quota_has_moved_it(engine: Engine):
    bus = await engine.open(Limits(quota_s=DAY_S))
    runner = await bus.take_over()
    sequences = await publish(bus, *range(3))
    await runner.commit(Step(place=sequences[-1], lagging={"uid-1": 0}, resources=[sensor()]))
    assert await runner.lagging_place("uid-1") == 0
    assert await runner.lagging_place("uid-2") is None
    engine.clock.advance(2 * DAY_S)

    await engine.maintain()

    assert await runner.lagging_place("uid-1") == sequences[-1]


async def test_a_lagging_place_never_goes_back_behind_its_dead_letters(engine: Engine):
    bus = await engine.open(Limits(quota_s=DAY_S))
    runner = await bus.take_over()
    sequences = await publish(bus, *range(3))
    await runner.commit(Step(lagging={"uid-1": 0}, resources=[sensor()]))
    engine.clock.advance(2 * DAY_S)
    await engine.maintain()

    await runner.commit(Step(lagging={"uid-1": sequences[0]}))

    assert (await runner.load()).lagging == {"uid-1": sequences[-1]}


async def test_decisions_are_a_ring(engine: Engine):
    bus = await engine.open(Limits(decision_rows=5))
    runner = await bus.take_over()
    sequences = await publish(bus, *range(12))
    await runner.commit(Step(decisions=[(sequence, b"d") for sequence in sequences]))

    await engine.maintain()

    left = [sequence for sequence in sequences if await bus.reader().decision(sequence) is not None]
    assert left == sequences[-5:]


async def test_ended_effects_go_after_their_retention_and_open_ones_stay(engine: Engine):
    bus = await engine.open(Limits())
    runner = await bus.take_over()
    receipt = await runner.commit(Step(effects=[new_effect(n) for n in range(3)]))
    done, dead, still = receipt.effect_numbers
    await runner.settle(outcome(done, 0, DONE))
    await runner.settle(outcome(dead, 0, DEAD))
    engine.clock.advance(15 * DAY_S)

    await engine.maintain()

    found = [number for number in (done, dead, still) if await bus.reader().effect(number) is not None]
    assert found == [dead, still]


async def test_a_deleted_resource_is_forgotten_a_day_later(engine: Engine):
    bus = await engine.open(Limits())
    runner = await bus.take_over()
    await runner.commit(
        Step(
            resources=[sensor(), sensor("uid-2")],
            memories=[MemoryChange("uid-1", "k", b"m"), MemoryChange("uid-2", "k", b"m")],
            timers=[TimerChange("uid-1", "t", 5)],
        )
    )
    await runner.commit(Step(resources=[sensor(state=ResourceState.DELETED)]))
    await engine.maintain()
    assert len((await runner.load()).memories) == 2
    engine.clock.advance(DAY_S + 1)

    await engine.maintain()

    state = await runner.load()
    assert [memory.sensor for memory in state.memories] == ["uid-2"]
    assert (state.timers, [version.uid for version in state.resources]) == ((), ["uid-2"])


# Questions of people


async def test_events_are_listed_newest_first_and_in_pages(engine: Engine):
    bus = await engine.open()
    reader = bus.reader()
    first = await publish(bus, "a", "b")
    engine.clock.advance(60)
    later = await publish(bus, "c", topic=OTHER_TOPIC)

    async def ids(**query: object) -> list[str]:
        return [stored.event.id for stored in await reader.events(EventQuery(**query))]  # type: ignore[arg-type]  # fields by name

    assert await ids() == ["c", "b", "a"]
    assert await ids(limit=1) == ["c"]
    assert await ids(before=later[0], limit=1) == ["b"]
    assert await ids(before=first[0]) == []
    assert await ids(since_us=START_US + 1) == ["c"]
    assert await ids(event_name="push") == ["b", "a"]
    assert await ids(event_source="github", namespace="ci") == ["c", "b", "a"]
    assert await ids(namespace="cd") == []


async def test_an_event_is_found_by_sequence_by_id_and_by_the_start_of_its_key(engine: Engine):
    bus = await engine.open(Limits())
    idents = [f"id-{n}" for n in range(60)]
    sequences = await publish(bus, *idents)
    await publish(bus, "id-0", topic=OTHER_TOPIC)
    bus = await engine.kill()
    reader = bus.reader()

    async def found(reference: str) -> list[int]:
        return [stored.sequence for stored in await reader.find_events(reference)]

    assert await found(str(sequences[7])) == [sequences[7]]
    assert await found("id-9") == [sequences[9]]
    assert await found("id-0") == [sequences[-1] + 1, sequences[0]]
    for n in (0, 30, 59):
        key = event_key(TOPIC, "github", idents[n]).hex()
        assert await found(key[:8]) == [sequences[n]]
        assert await found(key.upper()) == [sequences[n]]
        assert await found(key[:40] + "0" * 24) == []
    assert await found("id-unknown") == []
    assert await found("abc") == []
    assert await found("9" * 40) == []


async def test_facts_tell_where_things_stand(engine: Engine):
    bus = await engine.open()
    runner = await bus.take_over()
    assert (await bus.reader().facts()).oldest_unprocessed_us is None
    a, b = await publish(bus, "a", "b")
    engine.clock.advance(5)
    await publish(bus, "c")
    await runner.commit(Step(place=a, effects=[new_effect(1)], lagging={"uid-1": a}))

    facts = await bus.reader().facts()

    assert (facts.head, facts.place, facts.events, facts.open_effects, facts.dead_letters) == (
        b + 1,
        a,
        3,
        1,
        0,
    )
    assert (facts.lagging, facts.oldest_unprocessed_us) == ({"uid-1": a}, START_US)
    assert facts.size_bytes > 0
