"""Explaining what every interested Sensor made of one event: plain data, for the command, the API and the console.

The record of a decision holds small numbers. Actual and wanted values are computed again from the stored event and
the stored text of the Sensor, which say the same for as long as both are kept.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import orjson

from events.bus import Effect, ResourceVersion, StoredEvent, StoredMemory
from events.errors import ResourceRefused
from events.registry import Registry
from sensors.compile import CompiledSensor, compile_text
from sensors.compile_trigger import CompiledTrigger
from sensors.decision import Mark, MarkCode, SensorDecision, decode_decisions
from sensors.dependency import CompiledDependency
from sensors.effect import MAIN
from sensors.filter import Code, Inspection, Reading, unpack_verdict
from sensors.memory import Memory
from sensors.missing import describe_missing
from sensors.roster import held_by_trigger
from sensors.story import (
    AttemptStory,
    DependencyStory,
    EffectStory,
    Explanation,
    FilterStory,
    SensorStory,
    TriggerStory,
)
from sensors.trigger import TRIGGERS, Trigger

SHOWN_LENGTH = 64
"""Values of events are cut here (spec: bad-input 1.2)."""

_CODE_WORDS = {
    Code.PASSED: "passed",
    Code.FILTERED: "filtered",
    Code.MISSING_PATH: "failed",
    Code.FAILED: "failed",
}


def explain_event(
    stored: StoredEvent,
    decision: bytes | None,
    versions: Mapping[int, ResourceVersion],
    effects: Sequence[Effect],
    memories: Mapping[str, Sequence[StoredMemory]],
    *,
    kinds: Registry[Trigger] = TRIGGERS,
) -> Explanation:
    """The story of one event.

    `versions` are the resource versions that the decision and the effects name, `effects` those that the event is
    part of, `memories` what the Sensors hold now, by uid.
    """
    decisions = decode_decisions(decision) if decision is not None else ()
    reading = Reading(stored.event)
    provenance = stored.provenance
    return Explanation(
        sequence=stored.sequence,
        event_id=stored.event.id,
        topic=str(stored.topic),
        source=stored.event.source,
        type=stored.event.type,
        subject=stored.event.subject,
        arrived_us=provenance.arrived_us,
        stored_us=stored.stored_us,
        peer=provenance.peer,
        kind=provenance.kind,
        verified=provenance.verified,
        standing=stored.standing.name.lower(),
        is_judged=decision is not None,
        sensors=tuple(
            _tell_sensor(each, versions.get(each.version), stored, reading, effects, memories, kinds)
            for each in decisions
        ),
    )


def _tell_sensor(
    decision: SensorDecision,
    version: ResourceVersion | None,
    stored: StoredEvent,
    reading: Reading,
    effects: Sequence[Effect],
    memories: Mapping[str, Sequence[StoredMemory]],
    kinds: Registry[Trigger],
) -> SensorStory:
    if version is None:
        return _untold(decision, "", "a Sensor whose text is not stored any more", "its text is gone")
    label = f"{version.namespace}/{version.name}"
    try:
        sensor = _compiled(version.uid, version.text, kinds)
    except ResourceRefused as refused:
        return _untold(decision, version.uid, label, f"this build refuses its text: {refused}")
    dependencies = tuple(
        _tell_dependency(sensor.dependencies[index], verdict, reading)
        for index, verdict in zip(decision.verdicts[::2], decision.verdicts[1::2], strict=True)
        if index < len(sensor.dependencies)
    )
    rows = [(memory.key, memory.state) for memory in memories.get(version.uid, ())]
    teller = _TriggerTeller(
        sensor,
        decision,
        stored,
        dependencies,
        [e for e in effects if e.sensor == version.uid],
        held_by_trigger(rows),
    )
    triggers = teller.tell()
    outcome, sentence = _sum_up(decision, dependencies, triggers)
    return SensorStory(
        uid=version.uid,
        label=label,
        version=version.id,
        outcome=outcome,
        sentence=sentence,
        dependencies=dependencies,
        triggers=triggers,
    )


@functools.lru_cache(maxsize=1024)
def _compiled(uid: str, text: bytes, kinds: Registry[Trigger]) -> CompiledSensor:
    """A list of events names the same texts again and again."""
    return compile_text(uid, text, kinds=kinds)


def _untold(decision: SensorDecision, uid: str, label: str, why: str) -> SensorStory:
    return SensorStory(
        uid=uid,
        label=label,
        version=decision.version,
        outcome="unknown",
        sentence=why,
        dependencies=(),
        triggers=(),
    )


def _tell_dependency(dependency: CompiledDependency, packed: int, reading: Reading) -> DependencyStory:
    verdict = unpack_verdict(packed)
    inspections = dependency.inspect(reading)
    filters = tuple(_tell_filter(each, reading) for each in inspections)
    reason = ""
    if verdict.code is not Code.PASSED:
        deciding = next(
            (
                story
                for story in filters
                if story.verdict == _CODE_WORDS[verdict.code] and _is_at(story, verdict.entry)
            ),
            None,
        )
        first = next((story for story in filters if story.verdict != "passed"), None)
        told = deciding or first
        reason = told.sentence if told is not None else "its filters pass nothing"
    return DependencyStory(
        name=dependency.name,
        verdict=_CODE_WORDS[verdict.code],
        cause="missing-path" if verdict.code is Code.MISSING_PATH else "",
        reason=reason,
        filters=filters,
    )


def _is_at(story: FilterStory, entry: int) -> bool:
    return story.filter.endswith(f"[{entry}]")


def _tell_filter(inspection: Inspection, reading: Reading) -> FilterStory:
    return FilterStory(
        filter=f"{inspection.kind}[{inspection.entry}]",
        verdict=_CODE_WORDS[inspection.code],
        path=inspection.path,
        comparator=inspection.comparator,
        wanted=inspection.wanted,
        actual=None if inspection.actual is None else cut(inspection.actual),
        sentence=_sentence(inspection, reading),
    )


def _sentence(inspection: Inspection, reading: Reading) -> str:
    name = f"{inspection.kind}[{inspection.entry}]"
    if inspection.code is Code.MISSING_PATH:
        return f"{name}: not matched: {describe_missing(reading.document, inspection.path)}"
    if inspection.code is Code.FAILED:
        return f"{name}: {inspection.reason}"
    actual = "absent" if inspection.actual is None else f"`{cut(inspection.actual)}`"
    wanted = " or ".join(f"`{cut(each)}`" for each in inspection.wanted)
    sign = "" if inspection.comparator in {"", "="} else f"{inspection.comparator} "
    return f"{name}: {inspection.path} is {actual}, wanted {sign}{wanted}"


def cut(text: str) -> str:
    """A value of an event as it may be shown."""
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"


_MARKED = (
    (MarkCode.RENDER_FAILED, "failed", "it fired and could not be rendered: see its dead letter"),
    (MarkCode.FIRED, "fired", "its effect is not stored any more"),
    (MarkCode.SUPERSEDED, "superseded", "it was held, and an edit of the Sensor has let go of it"),
)
"""What a trigger without effects has to say, the most telling first."""


class _TriggerTeller:
    """The triggers of one Sensor."""

    def __init__(
        self,
        sensor: CompiledSensor,
        decision: SensorDecision,
        stored: StoredEvent,
        dependencies: Sequence[DependencyStory],
        effects: Sequence[Effect],
        held: Mapping[str, Memory],
    ) -> None:
        self._sensor = sensor
        self._decision = decision
        self._stored = stored
        self._dependencies = dependencies
        self._effects = effects
        self._held = held

    def tell(self) -> tuple[TriggerStory, ...]:
        """Those that the event's dependencies concern, in the order of the resource."""
        concerned = {each.name for each in self._dependencies}
        return tuple(
            self._story(trigger)
            for trigger in self._sensor.triggers
            if trigger.condition is None
            or concerned & set(trigger.condition.names)
            or any(effect.trigger == trigger.name for effect in self._effects)
        )

    def _story(self, trigger: CompiledTrigger) -> TriggerStory:
        effects = tuple(_tell_effect(effect) for effect in self._effects if effect.trigger == trigger.name)
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
        if held is not None:
            return self._waiting(trigger, held)
        if trigger.is_stopped:
            return "stopped", "a fault in the Sensor stops it: see lint", ()
        mine = [
            each for each in self._dependencies if trigger.condition and each.name in trigger.condition.names
        ]
        reasons = [f"{each.name}: {each.reason}" for each in mine if each.verdict != "passed"]
        is_failed = any(each.verdict == "failed" and not each.cause for each in mine)
        return ("failed" if is_failed else "filtered"), "; ".join(reasons), ()

    def _waiting(self, trigger: CompiledTrigger, mark: Mark) -> tuple[str, str, tuple[str, ...]]:
        if trigger.condition is None:
            return "waiting", "", ()
        now = self._held.get(trigger.name, ())
        if any(ref.sequence == self._stored.sequence for ref in now):
            missing = trigger.condition.missing([ref.dependency for ref in now])
            return "waiting", f"held, waiting for {', '.join(missing) or 'its next event'}", missing
        names = [self._sensor.dependencies[index].name for index in mark.held]
        missing = trigger.condition.missing(names)
        then = f"it waited for {', '.join(missing)}" if missing else "it waited"
        return "superseded", f"{then}, and a newer event of the same dependency took its place", ()


def _tell_effect(effect: Effect) -> EffectStory:
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
            return "superseded by a newer event"
        case _:
            last = f", last answer: {effect.attempts[-1].answer}" if effect.attempts else ""
            return f"under way{last}"


_STRENGTH = ("failed", "fired", "waiting", "superseded", "stopped", "filtered")


def _sum_up(
    decision: SensorDecision, dependencies: Sequence[DependencyStory], triggers: Sequence[TriggerStory]
) -> tuple[str, str]:
    if any(mark.code == MarkCode.CRASHED for mark in decision.marks):
        return "failed", "judging it ended the process three times: it is a dead letter, EvaluatorCrashed"
    passed = any(each.verdict == "passed" for each in dependencies)
    order = _STRENGTH if passed else ("fired", "filtered", "failed", *_STRENGTH)
    for word in order:
        found = next((story for story in triggers if story.outcome == word), None)
        if found is not None:
            return word, f"{found.name}: {found.sentence}"
    return "filtered", "; ".join(f"{each.name}: {each.reason}" for each in dependencies if each.reason)
