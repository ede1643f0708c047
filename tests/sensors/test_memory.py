"""Memory against models that are too simple to be wrong (spec-sensors 5.2; correlate, debounce and batch are ours)."""

from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from events.bus import EventRef
from sensors import memory
from sensors.condition import parse_condition
from sensors.memory import Due, Memory
from sensors.waiting import Waiting

EXPRESSIONS = ["a && b", "a && (b || c)", "(a || b) && c", "a && b && c", "a || b", "a || b && c"]
PYTHON = {text: text.replace("&&", "and").replace("||", "or") for text in EXPRESSIONS}
NAMES = ["a", "b", "c"]


def plan(text: str, **how: object) -> Waiting:
    return Waiting(condition=parse_condition(text, NAMES), **how)  # type: ignore[arg-type]  # members of Waiting


def a_ref(name: str, sequence: int) -> EventRef:
    return EventRef(name, sequence, sequence.to_bytes(32, "big"))


class MemoryMachine(RuleBasedStateMachine):
    """Events come, the process restarts; each fired set is what the model says."""

    def __init__(self) -> None:
        super().__init__()
        self.sequence = 0
        self.plans = {text: plan(text) for text in EXPRESSIONS}
        self.memories: dict[str, Memory] = dict.fromkeys(EXPRESSIONS, memory.EMPTY)
        self.model: dict[str, dict[str, int]] = {text: {} for text in EXPRESSIONS}

    @rule(name=st.sampled_from(NAMES))
    def arrive(self, name: str) -> None:
        self.sequence += 1
        for text, waiting in self.plans.items():
            if name not in waiting.condition.names:
                continue
            ref = a_ref(name, self.sequence)
            self.memories[text], fired = memory.arrive(self.memories[text], waiting, ref, self.sequence)
            assert (None if fired is None else {r.dependency: r.sequence for r in fired}) == self.expected(
                text, name
            )

    def expected(self, text: str, name: str) -> dict[str, int] | None:
        held = self.model[text]
        if "&&" not in text:
            return {name: self.sequence}
        held[name] = self.sequence
        if eval(PYTHON[text], {each: each in held for each in "abc"}):
            self.model[text] = {}
            return held
        return None

    @rule()
    def restart(self) -> None:
        for text, held in self.memories.items():
            self.memories[text] = stored_and_read(held)

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        for text, held in self.memories.items():
            assert {ref.dependency: ref.sequence for ref in held.refs} == self.model[text]


TestMemoryMachine = MemoryMachine.TestCase


def stored_and_read(held: Memory) -> Memory:
    state = memory.encode_memory(held)
    return memory.EMPTY if state is None else memory.decode_memory(state)


@dataclass
class Collected:
    """What the model of a collecting trigger knows: plain lists and times."""

    events: list[tuple[str, int, int]] = field(default_factory=list)
    ready_at: int | None = None


PLANS = {
    "debounce": {"debounce_us": 30},
    "batch of 4": {"batch_max": 4, "holds_all": True},
    "batch within": {"batch_within_us": 50, "holds_all": True},
    "batch or quiet": {"batch_max": 5, "batch_within_us": 80, "debounce_us": 25, "holds_all": True},
    "window": {"within_us": 60},
    "window, all": {"within_us": 60, "holds_all": True},
}


class CollectingMachine(RuleBasedStateMachine):
    """Debounce, batch and windows: events come, time passes, the process restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000
        self.sequence = 0
        self.plans = {name: plan("a && b", **how) for name, how in PLANS.items()}
        self.memories: dict[str, Memory] = dict.fromkeys(PLANS, memory.EMPTY)
        self.model = {name: Collected() for name in PLANS}

    @rule(name=st.sampled_from(["a", "b"]))
    def arrive(self, name: str) -> None:
        self.sequence += 1
        for plan_name, waiting in self.plans.items():
            ref = a_ref(name, self.sequence)
            arrived = memory.arrive(self.memories[plan_name], waiting, ref, self.now)
            self.memories[plan_name] = arrived.memory
            fired = None if arrived.fired is None else sorted(each.sequence for each in arrived.fired)
            assert fired == self.expected(plan_name, name), plan_name

    def expected(self, plan_name: str, name: str) -> list[int] | None:
        how, model = PLANS[plan_name], self.model[plan_name]
        if not how.get("holds_all"):
            model.events = [event for event in model.events if event[0] != name]
        model.events.append((name, self.sequence, self.now))
        if {event[0] for event in model.events} != {"a", "b"}:
            return None
        collects = how.keys() & {"debounce_us", "batch_max", "batch_within_us"}
        if not collects or len(model.events) >= how.get("batch_max", 10**9):
            return self.all_gone(model)
        model.ready_at = self.now if model.ready_at is None else model.ready_at
        return None

    def all_gone(self, model: Collected) -> list[int]:
        sequences = sorted(event[1] for event in model.events)
        model.events, model.ready_at = [], None
        return sequences

    @rule(passes=st.integers(1, 40))
    def wait(self, passes: int) -> None:
        """Step by step, so that the model needs no order of what falls due."""
        for _ in range(passes):
            self.now += 1
            for plan_name, waiting in self.plans.items():
                held = self.memories[plan_name]
                due = memory.elapse(held, waiting, self.now)
                assert due is self.due(plan_name), (plan_name, self.now)
                if due is not Due.LATER:
                    assert sorted(ref.sequence for ref in held.refs) == self.all_gone(self.model[plan_name])
                    self.memories[plan_name] = memory.EMPTY

    def due(self, plan_name: str) -> Due:
        how, model = PLANS[plan_name], self.model[plan_name]
        if not model.events:
            return Due.LATER
        if model.ready_at is None:
            first = min(self.first_held(plan_name), self.now)
            return Due.TIMES_OUT if first + how.get("within_us", 10**9) <= self.now else Due.LATER
        quiet = model.events[-1][2] + how.get("debounce_us", 10**9)
        full = model.ready_at + how.get("batch_within_us", 10**9)
        return Due.FIRES if min(quiet, full) <= self.now else Due.LATER

    def first_held(self, plan_name: str) -> int:
        """The window begins with the first event, also where a newer one has taken its place."""
        return self.memories[plan_name].since_us

    @rule()
    def restart(self) -> None:
        for name, held in self.memories.items():
            self.memories[name] = stored_and_read(held)

    @precondition(lambda self: self.sequence > 0)
    @invariant()
    def holds_what_the_model_holds(self) -> None:
        for name, held in self.memories.items():
            model = self.model[name]
            assert sorted(ref.sequence for ref in held.refs) == sorted(event[1] for event in model.events), (
                name
            )


TestCollectingMachine = CollectingMachine.TestCase


def test_more_than_a_thousand_events_make_room_for_the_newest():
    waiting = plan("a && b", holds_all=True)
    held = memory.EMPTY
    for sequence in range(1, memory.MAX_HELD + 3):
        held = memory.arrive(held, waiting, a_ref("a", sequence), sequence).memory
    assert len(held.refs) == memory.MAX_HELD
    assert held.refs[0].sequence == 3
    assert held.refs[-1].sequence == memory.MAX_HELD + 2


def refs(*names: str) -> Memory:
    return Memory(tuple(EventRef(name, index, b"") for index, name in enumerate(names)))


@pytest.mark.parametrize(
    ("expression", "unchanged", "kept", "released"),
    [
        pytest.param("a && b && c", {"a", "b"}, "ab", "", id="all unchanged"),
        pytest.param("a && b && c", {"a"}, "a", "b", id="b has changed"),
        pytest.param("a && c", {"a", "b"}, "a", "b", id="b is not named any more"),
        pytest.param("a || b", {"a", "b"}, "", "ab", id="nothing is held without and"),
        pytest.param("a && b", {"a", "b"}, "ab", "", id="a condition that now holds waits all the same"),
    ],
)
def test_an_edit_keeps_what_did_not_change(expression, unchanged, kept, released):
    stay, gone = memory.keep(refs("a", "b"), plan(expression), frozenset(unchanged))
    assert "".join(ref.dependency for ref in stay.refs) == kept
    assert "".join(ref.dependency for ref in gone) == released
