"""What one event did in the triggers of one Sensor, in words: a part of `explain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from events.bus import Effect, StoredEvent
from events.clock import format_time
from sensors.attempts import BEGUN
from sensors.compile import CompiledSensor
from sensors.compile_trigger import CompiledTrigger
from sensors.decision import Mark, MarkCode, SensorDecision
from sensors.effect import MAIN
from sensors.filter import Reading
from sensors.memory import Memory, due_us
from sensors.story import AttemptStory, DependencyStory, EffectStory, TriggerStory
from sensors.waiting import NoKey, Waiting

_MARKED = (
    (MarkCode.RENDER_FAILED, "failed", "it fired and could not be rendered: see its dead letter"),
    (MarkCode.FIRED, "fired", "its effect is not stored any more"),
    (MarkCode.SUPERSEDED, "superseded", "it was held, and an edit of the Sensor has let go of it"),
    (MarkCode.TIMED_OUT, "timed-out", "it was held, and what it waited for did not come in time"),
    (MarkCode.RESET, "reset", "it was held, and conditionsReset has let go of it"),
)
"""What a trigger without effects has to say, the most telling first."""


class TriggerTeller:
    """The triggers of one Sensor."""

    def __init__(
        self,
        sensor: CompiledSensor,
        decision: SensorDecision,
        stored: StoredEvent,
        dependencies: Sequence[DependencyStory],
        effects: Sequence[Effect],
        held: Mapping[str, Sequence[Memory]],
        readings: Mapping[int, Reading],
    ) -> None:
        self._sensor = sensor
        self._decision = decision
        self._stored = stored
        self._dependencies = dependencies
        self._effects = effects
        self._held = held
        self._readings = readings

    def tell(self) -> tuple[TriggerStory, ...]:
        """Those that the event's dependencies or marks concern, in the order of the resource.

        What an earlier version of the Sensor held is let go of by a later one, which has judged nothing of the event.
        """
        return tuple(self._story(trigger) for trigger in self._sensor.triggers if self._is_concerned(trigger))

    def _is_concerned(self, trigger: CompiledTrigger) -> bool:
        is_marked = any(mark.trigger == trigger.index for mark in self._decision.marks)
        if is_marked or any(effect.trigger == trigger.name for effect in self._effects):
            return True
        if trigger.waiting is None:
            return True
        # One that fires by time-outs only has nothing to say of an event that did not time out.
        names = trigger.waiting.condition.names
        return not trigger.waiting.is_only_by_timeout and any(
            each.name in names for each in self._dependencies
        )

    def _story(self, trigger: CompiledTrigger) -> TriggerStory:
        effects = tuple(tell_effect(effect) for effect in self._effects if effect.trigger == trigger.name)
        outcome, sentence, waiting_for = self._outcome(trigger, effects)
        return TriggerStory(
            name=trigger.name,
            kind=trigger.kind,
            outcome=outcome,
            sentence=sentence,
            waiting_for=waiting_for,
            effects=effects,
        )

    def _outcome(
        self, trigger: CompiledTrigger, effects: Sequence[EffectStory]
    ) -> tuple[str, str, tuple[str, ...]]:
        marks = [mark for mark in self._decision.marks if mark.trigger == trigger.index]
        codes = {mark.code for mark in marks}
        if effects:
            newest = next((each for each in reversed(effects) if each.role == MAIN), effects[-1])
            return "fired", _effect_sentence(newest), ()
        for code, outcome, sentence in _MARKED:
            if code in codes:
                return outcome, sentence, ()
        held = next((mark for mark in marks if mark.code == MarkCode.HELD), None)
        if held is not None and trigger.waiting is not None:
            return self._waiting(trigger, trigger.waiting, held)
        if MarkCode.NO_KEY in codes and trigger.waiting is not None:
            return "uncorrelated", self._no_key(trigger.waiting), ()
        if trigger.is_stopped:
            return "stopped", "a fault in the Sensor stops it: see lint", ()
        mine = [
            each for each in self._dependencies if trigger.condition and each.name in trigger.condition.names
        ]
        reasons = [f"{each.name}: {each.reason}" for each in mine if each.verdict != "passed"]
        is_failed = any(each.verdict == "failed" and not each.cause for each in mine)
        return ("failed" if is_failed else "filtered"), "; ".join(reasons), ()

    def _waiting(
        self, trigger: CompiledTrigger, waiting: Waiting, mark: Mark
    ) -> tuple[str, str, tuple[str, ...]]:
        for memory in self._held.get(trigger.name, ()):
            if any(ref.sequence == self._stored.sequence for ref in memory.refs):
                missing = waiting.condition.missing([ref.dependency for ref in memory.refs])
                return "waiting", _held_sentence(memory, waiting, missing), missing
        names = [self._sensor.dependencies[index].name for index in mark.held]
        missing = waiting.condition.missing(names)
        then = f"it waited for {', '.join(missing)}" if missing else "it waited"
        return "superseded", f"{then}, and a newer event of the same dependency took its place", ()

    def _no_key(self, waiting: Waiting) -> str:
        """Why the event cannot be correlated: read again, as the verdicts are."""
        reasons = []
        for name, key in (waiting.keys or {}).items():
            dependency = self._sensor.dependency(name)
            reading = self._readings.get(dependency.index) if dependency is not None else None
            if reading is None or all(each.name != name for each in self._dependencies):
                continue
            try:
                key.read(reading)
            except NoKey as error:
                reasons.append(f"{name}: cannot be correlated: {error}")
        return "; ".join(reasons)


def _held_sentence(memory: Memory, waiting: Waiting, missing: Sequence[str]) -> str:
    held = f"held under the key `{memory.key}`" if memory.key else "held"
    others = len(memory.refs) - 1
    count = f" with {others} other{'s' if others > 1 else ''}" if others else ""
    end_us = due_us(memory, waiting)
    until = f" until {format_time(end_us)}" if end_us is not None else ""
    if memory.ready_us is not None:
        return f"{held}{count}, complete; more is collected{until}"
    return f"{held}{count}, waiting for {', '.join(missing) or 'its next event'}{until}"


def tell_effect(effect: Effect) -> EffectStory:
    return EffectStory(
        number=effect.number,
        id=effect.id.hex(),
        role=effect.role,
        state=effect.state.name.lower(),
        created_us=effect.created_us,
        due_us=effect.due_us,
        attempts=tuple(
            AttemptStory(
                number=attempt.number,
                started_us=attempt.started_us,
                took_us=attempt.ended_us - attempt.started_us if attempt.ended_us else None,
                answer=attempt.answer,
            )
            for attempt in effect.history
        ),
        behind=effect.behind,
        reason=effect.reason,
        result=orjson.loads(effect.result) if effect.result else {},
        events={ref.dependency: ref.sequence for ref in effect.events},
    )


def _effect_sentence(effect: EffectStory) -> str:
    what = str(effect.result.get("object") or effect.result.get("status") or "")
    attempts = effect.attempts[-1].number if effect.attempts else 0
    match effect.state:
        case "done":
            return f"done at attempt {attempts}" + (f": {what}" if what else "")
        case "dead":
            return f"given up after {attempts} attempts: {effect.reason}"
        case "superseded":
            return f"superseded: {effect.reason}" if effect.reason else "superseded by a newer event"
        case _ if effect.behind:
            return f"waits for effect {effect.behind}, which is older and about the same object or of the same trigger"
        case _ if effect.reason == BEGUN:
            state = effect.result.get("state")
            return f"made: {what}, and waits for its end" + (f" ({state})" if state else "")
        case _:
            last = f", last answer: {effect.attempts[-1].answer}" if effect.attempts else ""
            return f"under way{last}"
