"""The bus against a model: publish, step, begin, settle and kill at will; what is stored is what was told."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from events.bus import Bus, EffectState, MemoryChange, OrderMode, Runner, Standing, Step, TimerChange
from tests.contracts.buses import ENGINES, START_US, Engine, Limits, new_effect, outcome, publication

OPEN, DONE, DEAD, SUPERSEDED = EffectState.OPEN, EffectState.DONE, EffectState.DEAD, EffectState.SUPERSEDED


@dataclass
class ModelEffect:
    due_us: int
    attempt: int
    order: tuple[bytes, OrderMode] | None
    answered: int = 0
    state: EffectState = OPEN


@dataclass
class Model:
    """What must be stored, in the plainest form."""

    head: int = 0
    sequences: dict[str, int] = field(default_factory=dict)
    owners: set[bytes] = field(default_factory=set)
    judged: list[tuple[int, str]] = field(default_factory=list)
    place: int = 0
    memories: dict[str, bytes] = field(default_factory=dict)
    timers: dict[str, int] = field(default_factory=dict)
    effects: dict[int, ModelEffect] = field(default_factory=dict)

    def publish(self, ident: str, mac: bytes | None) -> tuple[Standing, int]:
        if ident in self.sequences:
            return Standing.DUPLICATE, self.sequences[ident]
        self.head += 1
        self.sequences[ident] = self.head
        if mac is not None and mac in self.owners:
            return Standing.SUSPECTED_REPLAY, self.head
        if mac is not None:
            self.owners.add(mac)
        self.judged.append((self.head, ident))
        return Standing.NEW, self.head

    def add(self, effect: ModelEffect) -> int:
        if effect.order is not None and effect.order[1] is OrderMode.SUPERSEDE:
            for older in self.effects.values():
                is_waiting = older.state is OPEN and older.attempt == older.answered
                if older.order == effect.order and is_waiting:
                    older.state = SUPERSEDED
        number = len(self.effects) + 1
        self.effects[number] = effect
        return number

    def settle(self, number: int, attempt: int, state: EffectState, due_us: int) -> bool:
        effect = self.effects[number]
        if effect.state is not OPEN or effect.attempt != attempt:
            return False
        newer = [other for n, other in self.effects.items() if n > number and other.order == effect.order]
        is_overtaken = any(other.state in {OPEN, DONE} for other in newer)
        if (
            state is OPEN
            and effect.order is not None
            and effect.order[1] is OrderMode.SUPERSEDE
            and is_overtaken
        ):
            state = SUPERSEDED
        effect.state, effect.answered, effect.due_us = state, attempt, due_us
        return True

    def due(self, now_us: int) -> list[int]:
        open_ones = {number: effect for number, effect in self.effects.items() if effect.state is OPEN}
        ready = [
            (effect.due_us, number)
            for number, effect in open_ones.items()
            if effect.due_us <= now_us and not self._is_behind(number, effect, open_ones)
        ]
        return [number for _due, number in sorted(ready)]

    @staticmethod
    def _is_behind(number: int, effect: ModelEffect, open_ones: dict[int, ModelEffect]) -> bool:
        if effect.order is None:
            return False
        return any(n < number and o.order and o.order[0] == effect.order[0] for n, o in open_ones.items())


IDENTS = st.integers(0, 12).map(lambda n: f"id-{n}")
MACS = st.none() | st.sampled_from([b"m1", b"m2", b"m3"])
ORDERS = st.none() | st.tuples(
    st.sampled_from([b"x", b"y"]), st.sampled_from([OrderMode.WAIT, OrderMode.SUPERSEDE])
)
STATES = st.sampled_from([OPEN, DONE, DEAD])


class BusMachine(RuleBasedStateMachine):
    """One engine and its model; the engine's class is set by the subclass below."""

    make_engine: Callable[[Path], Engine]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="bus-model-"))
        self.model = Model()

    @initialize()
    def open(self) -> None:
        self.engine = type(self).make_engine(self.folder)
        self.run_on(self.loop.run(self.engine.open(Limits())))

    def run_on(self, bus: Bus) -> None:
        self.bus = bus
        self.runner: Runner = self.loop.run(bus.take_over())

    @rule(events=st.lists(st.tuples(IDENTS, MACS), min_size=1, max_size=6), together=st.booleans())
    def publish(self, events: list[tuple[str, bytes | None]], together: bool) -> None:
        publications = [publication(ident, mac=mac) for ident, mac in events]

        async def send() -> list[tuple[Standing, int]]:
            if together:
                receipts = await self.bus.publish(publications)
            else:
                calls = [self.bus.publish([one]) for one in publications]
                receipts = [receipt for call in await asyncio.gather(*calls) for receipt in call]
            return [(receipt.standing, receipt.sequence) for receipt in receipts]

        assert self.loop.run(send()) == [self.model.publish(ident, mac) for ident, mac in events]

    @rule(
        moves=st.booleans(),
        memory=st.none() | st.tuples(st.sampled_from("ab"), st.none() | st.binary(max_size=3)),
        timer=st.none() | st.tuples(st.sampled_from("ab"), st.none() | st.integers(1, 9)),
        effects=st.lists(st.tuples(st.integers(0, 3), st.booleans(), ORDERS), max_size=3),
    )
    def step(self, moves, memory, timer, effects) -> None:
        step = Step(place=self.model.head if moves else None)
        if moves:
            self.model.place = self.model.head
        if memory is not None:
            key, state = memory
            step.memories = [MemoryChange("s", key, state, (1,))]
            self.model.memories = {**self.model.memories, key: state}
        if timer is not None:
            key, due_us = timer
            step.timers = [TimerChange("s", key, due_us)]
            self.model.timers = {**self.model.timers, key: due_us}
        news = [
            ModelEffect(START_US + after, int(is_born and not order), order)
            for after, is_born, order in effects
        ]
        step.effects = [
            new_effect(1, due_us=one.due_us, attempt=one.attempt, order=one.order) for one in news
        ]

        receipt = self.loop.run(self.runner.commit(step))

        assert list(receipt.effect_numbers) == [self.model.add(one) for one in news]

    @precondition(lambda self: self.model.effects)
    @rule(data=st.data(), state=STATES, after=st.integers(0, 3), is_recorded=st.booleans())
    def attempt(self, data: st.DataObject, state: EffectState, after: int, is_recorded: bool) -> None:
        number = data.draw(st.sampled_from(sorted(self.model.effects)))
        effect = self.model.effects[number]
        is_open = effect.state is OPEN
        assert self.loop.run(self.runner.begin(number, effect.attempt + 1, START_US)) is is_open
        if is_open:
            effect.attempt += 1
        if is_recorded:
            self.settle(number, effect.attempt, state, after)

    @precondition(lambda self: self.model.effects)
    @rule(data=st.data(), state=STATES, late_by=st.integers(0, 2), after=st.integers(0, 3))
    def late_outcome(self, data: st.DataObject, state: EffectState, late_by: int, after: int) -> None:
        number = data.draw(st.sampled_from(sorted(self.model.effects)))
        self.settle(number, max(0, self.model.effects[number].attempt - late_by), state, after)

    def settle(self, number: int, attempt: int, state: EffectState, after: int) -> None:
        due_us = START_US + after
        wanted = self.model.settle(number, attempt, state, due_us)
        assert self.loop.run(self.runner.settle(outcome(number, attempt, state, due_us=due_us))) is wanted

    @rule()
    def kill(self) -> None:
        self.run_on(self.loop.run(self.engine.kill()))

    @rule()
    def restart(self) -> None:
        self.loop.run(self.bus.close())
        self.run_on(self.loop.run(self.engine.open()))

    @rule()
    def maintain(self) -> None:
        self.loop.run(self.engine.maintain())

    @invariant()
    def what_is_stored_is_what_was_told(self) -> None:
        if not hasattr(self, "runner"):
            return
        stored = self.loop.run(self.runner.read(0, limit=1000))
        assert [(one.sequence, one.event.id) for one in stored] == self.model.judged
        state = self.loop.run(self.runner.load())
        memories = {key: value for key, value in self.model.memories.items() if value is not None}
        timers = {key: value for key, value in self.model.timers.items() if value is not None}
        assert state.place == self.model.place
        assert {memory.key: memory.state for memory in state.memories} == memories
        assert {timer.key: timer.due_us for timer in state.timers} == timers
        due = self.loop.run(self.runner.due_effects(START_US + 2, limit=1000))
        assert [effect.number for effect in due] == self.model.due(START_US + 2)
        for effect in due:
            wanted = self.model.effects[effect.number]
            assert (effect.attempt, effect.answered) == (wanted.attempt, wanted.answered)

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.loop.run(self.engine.stop())
        self.loop.close()
        shutil.rmtree(self.folder)


class SqliteMachine(BusMachine):
    make_engine = ENGINES["sqlite"]


TestSqlite = SqliteMachine.TestCase
TestSqlite.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
