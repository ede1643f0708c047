"""What happened in a case, read from the store: verdicts, what waits, what has fired and how that ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from events.bus import DeadLetter, DeadLetterQuery, Effect, EffectState, EventRef, Standing, StoredEvent
from events.ports import Object
from kikkake.testing.store import Gateway
from sensors.compile import CompiledSensor
from sensors.compile_trigger import CompiledTrigger
from sensors.dependency import CompiledDependency
from sensors.explain import explain_event, prepare_story
from sensors.lookup import trigger_of

_OUTCOMES = {EffectState.OPEN: "open", EffectState.DONE: "done", EffectState.SUPERSEDED: "superseded"}
_MAX_LETTERS = 10_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one dependency said of its latest event."""

    word: str
    """`passed`, `filtered`, `failed` or `duplicate`; empty where no event came."""
    reason: str


Ids = dict[str, str | list[str]]
"""Dependency to the id of its event; several are a list, oldest first."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a trigger holds, of one correlation key."""

    key: str
    """Empty where all events belong together."""
    has: Ids
    needs: tuple[str, ...]
    """The dependencies that are missing; none where it is complete and collects more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One trigger that fired."""

    mark: tuple[str, int]
    """Which one it is: an effect's or a dead letter's number."""
    trigger: str
    given: Ids
    rendered: tuple[str, dict[str, Any]] | None
    """`object`, `request` or `message`, and what it is; None where it could not be rendered."""
    outcome: str
    attempts: int
    reason: str
    at_us: int
    place: tuple[int, int]
    """Sequence of the event that made it fire, and the trigger's place in the Sensor."""
    operation: str = ""
    """What is done with the object, where it is not created."""
    effect: Effect | None = None
    """None where nothing could be rendered."""


@dataclass(frozen=True, slots=True)
class Happened:
    """All of it."""

    verdicts: dict[str, Verdict]
    waiting: dict[str, list[Held]]
    """By trigger, oldest key first."""
    fired: list[Firing]
    cluster: list[Object] = field(default_factory=list)
    """The objects of the twin, as they are now."""


@dataclass(slots=True)
class Seen:
    """How far the previous `expect` has judged."""

    arrivals: int = 0
    marks: set[tuple[str, int]] = field(default_factory=set)


class Observation:
    """Looks at one Sensor in one gateway."""

    def __init__(self, gateway: Gateway, sensor: CompiledSensor) -> None:
        self._gateway = gateway
        self._sensor = sensor
        self._stories: dict[int, dict[str, Verdict]] = {}

    async def since(self, seen: Seen) -> Happened:
        """What happened since `seen`, which is moved forward."""
        happened = await self._happened(seen)
        seen.arrivals = len(self._gateway.arrivals)
        seen.marks |= {firing.mark for firing in happened.fired}
        return happened

    async def whole(self) -> Happened:
        """What happened since the beginning."""
        return await self._happened(Seen())

    async def _happened(self, seen: Seen) -> Happened:
        arrivals = self._gateway.arrivals[seen.arrivals :]
        fired = await self._fired()
        return Happened(
            {each.name: await self._verdict(each, arrivals) for each in self._sensor.dependencies},
            self._waiting(),
            [firing for firing in fired if firing.mark not in seen.marks],
            self._gateway.objects,
        )

    async def _verdict(self, dependency: CompiledDependency, arrivals: Sequence[StoredEvent]) -> Verdict:
        mine = [arrival for arrival in arrivals if arrival.topic == dependency.topic]
        if not mine:
            return Verdict("", "no event came for it")
        latest = mine[-1]
        if latest.standing is Standing.DUPLICATE:
            return Verdict("duplicate", f"event `{latest.event.id}` of `{latest.event.source}` came before")
        if latest.standing is Standing.SUSPECTED_REPLAY:
            return Verdict("duplicate", "suspected replay: the same body came before under another id")
        verdict = (await self._story(latest)).get(dependency.name)
        if verdict is not None:
            return verdict
        return Verdict("", self._why_not_judged(dependency))

    def _why_not_judged(self, dependency: CompiledDependency) -> str:
        if self._sensor.is_suspended:
            return "the Sensor is suspended by its annotation"
        return (
            "a fault of its own stops it" if dependency.is_stopped else "the Sensor did not judge its event"
        )

    async def _story(self, stored: StoredEvent) -> dict[str, Verdict]:
        """What each dependency said of an event: its judgement never changes, so it is asked for once."""
        if stored.sequence not in self._stories:
            decision = await self._gateway.bus.reader().decision(stored.sequence)
            version = self._gateway.decider.roster.versions[self._sensor.uid]
            versions = {version.id: version}
            prepared = await prepare_story(self._gateway.preparer, stored, decision, versions)
            explanation = explain_event(stored, decision, versions, (), {}, prepared=prepared)
            self._stories[stored.sequence] = {
                each.name: Verdict(each.verdict, each.reason)
                for told in explanation.sensors
                if told.version == version.id
                for each in told.dependencies
            }
        return self._stories[stored.sequence]

    def _waiting(self) -> dict[str, list[Held]]:
        waiting: dict[str, list[Held]] = {}
        holdings = self._gateway.decider.roster.holdings
        for trigger in self._sensor.triggers:
            owner = (self._sensor.uid, trigger.name)
            for slot in holdings.slots(owner):
                memory = holdings.get((*owner, slot))
                has = self._ids(memory.refs)
                needs = trigger.condition.missing(list(has)) if trigger.condition is not None else ()
                is_complete = memory.ready_us is not None
                waiting.setdefault(trigger.name, []).append(
                    Held(memory.key, has, () if is_complete else needs)
                )
        return waiting

    def _ids(self, refs: Sequence[EventRef]) -> Ids:
        ids: Ids = {}
        for ref in refs:
            known, event_id = ids.get(ref.dependency), self._event_id(ref.sequence)
            if known is None:
                ids[ref.dependency] = event_id
            else:
                ids[ref.dependency] = [*(known if isinstance(known, list) else [known]), event_id]
        return ids

    async def _fired(self) -> list[Firing]:
        reader = self._gateway.bus.reader()
        uid = self._sensor.uid
        letters = await reader.dead_letters(DeadLetterQuery(sensor=uid, limit=_MAX_LETTERS))
        details = {letter.effect: f"{letter.reason}: {letter.detail}" for letter in letters if letter.effect}
        effects: dict[int, Effect] = {}
        for sequence in dict.fromkeys(arrival.sequence for arrival in self._gateway.arrivals):
            found = await reader.effects_of(sequence)
            effects |= {effect.number: effect for effect in found if effect.sensor == uid}
        fired = [self._effect(effects[number], details.get(number, "")) for number in sorted(effects)]
        for letter in reversed(letters):
            if not letter.effect:
                _insert(fired, self._buried(letter))
        return fired

    def _effect(self, effect: Effect, detail: str) -> Firing:
        trigger = trigger_of(self._sensor, effect.trigger, effect.role)
        last = effect.history[-1].answer if effect.history else ""
        rendered, operation = _rendered(trigger, effect)
        return Firing(
            mark=("effect", effect.number),
            trigger=trigger.name if trigger is not None else effect.trigger,
            given=self._ids(effect.events),
            rendered=rendered,
            operation=operation,
            effect=None if rendered is None else effect,
            outcome=_outcome(effect),
            attempts=effect.attempt,
            reason=detail or (f"{effect.reason}: {last}" if effect.reason else ""),
            at_us=effect.created_us,
            place=(max(ref.sequence for ref in effect.events), trigger.index if trigger is not None else 0),
        )

    def _buried(self, letter: DeadLetter) -> Firing:
        """What fired and could not be rendered."""
        trigger = self._sensor.trigger(letter.trigger)
        refs = self._gateway.decider.roster.failed_set(
            (self._sensor.uid, letter.trigger, letter.sequence)
        ).refs
        given = self._ids(refs)
        if not given and trigger is not None and trigger.condition is not None:
            topic = self._arrival(letter.sequence).topic
            named = [each for each in self._sensor.dependencies if each.name in trigger.condition.names]
            mine = [each.name for each in named if each.topic == topic]
            given = {name: self._event_id(letter.sequence) for name in mine[:1]}
        return Firing(
            mark=("letter", letter.number),
            trigger=letter.trigger,
            given=given,
            rendered=None,
            outcome="dead-letter",
            attempts=0,
            reason=f"{letter.reason}: {letter.detail}",
            at_us=letter.at_us,
            place=(letter.sequence, trigger.index if trigger is not None else 0),
        )

    def _arrival(self, sequence: int) -> StoredEvent:
        return next(each for each in self._gateway.arrivals if each.sequence == sequence)

    def _event_id(self, sequence: int) -> str:
        return self._arrival(sequence).event.id


def _rendered(
    trigger: CompiledTrigger | None, effect: Effect
) -> tuple[tuple[str, dict[str, Any]] | None, str]:
    """What it is, and the operation."""
    if trigger is None or trigger.kind_class is None or effect.rendered is None:
        return None, ""
    preview = trigger.kind_class.preview(effect.rendered)
    for name in ("object", "request", "message"):
        value = getattr(preview, name)
        if value is not None:
            return (name, value), preview.operation
    return None, ""


def _outcome(effect: Effect) -> str:
    if effect.state is EffectState.DEAD:
        return "in-doubt" if effect.reason == "InDoubt" else "dead-letter"
    return _OUTCOMES[effect.state]


def _insert(fired: list[Firing], buried: Firing) -> None:
    """Where it fired: before the first that fired later."""
    later = (index for index, firing in enumerate(fired) if firing.place > buried.place)
    fired.insert(next(later, len(fired)), buried)
