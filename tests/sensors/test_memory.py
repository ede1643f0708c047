"""Memory against a model that is too simple to be wrong (spec-sensors 5.2)."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from events.bus import EventRef
from sensors import memory
from sensors.condition import parse_condition

EXPRESSIONS = ["a && b", "a && (b || c)", "(a || b) && c", "a && b && c", "a || b", "a || b && c"]
PYTHON = {text: text.replace("&&", "and").replace("||", "or") for text in EXPRESSIONS}


class MemoryMachine(RuleBasedStateMachine):
    """Events come, the process restarts; each fired set is what the model says."""

    def __init__(self) -> None:
        super().__init__()
        self.sequence = 0
        self.conditions = {text: parse_condition(text, ["a", "b", "c"]) for text in EXPRESSIONS}
        self.memories: dict[str, memory.Memory] = dict.fromkeys(EXPRESSIONS, memory.EMPTY)
        self.model: dict[str, dict[str, int]] = {text: {} for text in EXPRESSIONS}

    @rule(name=st.sampled_from(["a", "b", "c"]))
    def arrive(self, name: str) -> None:
        self.sequence += 1
        for text, condition in self.conditions.items():
            if name not in condition.names:
                continue
            ref = EventRef(name, self.sequence, self.sequence.to_bytes(32, "big"))
            self.memories[text], fired = memory.step(self.memories[text], condition, ref)
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
            state = memory.encode_memory(held)
            self.memories[text] = memory.EMPTY if state is None else memory.decode_memory(state)

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        for text, held in self.memories.items():
            assert {ref.dependency: ref.sequence for ref in held} == self.model[text]


TestMemoryMachine = MemoryMachine.TestCase


def refs(*names: str) -> memory.Memory:
    return tuple(EventRef(name, index, b"") for index, name in enumerate(names))


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
    condition = parse_condition(expression, ["a", "b", "c"])
    stay, gone = memory.keep(refs("a", "b"), condition, frozenset(unchanged))
    assert "".join(ref.dependency for ref in stay) == kept
    assert "".join(ref.dependency for ref in gone) == released
