"""Replaying one event: what it ought to have done is compared with what is recorded (spec: bad-input, section 6).

The default is "ensure done": a finished effect is left alone, a dead one is opened again, and what is missing is made
by judging the event with the current text. With a nonce everything is made again under a new identity.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import msgspec

from events.bus import (
    BusReader,
    DeadLetterQuery,
    Effect,
    EffectState,
    EventRef,
    Runner,
    Standing,
    StoredEvent,
)
from events.errors import KikkakeError
from sensors import memory
from sensors.compile_trigger import CompiledTrigger
from sensors.decision import MarkCode, renew_decisions
from sensors.draft import Draft
from sensors.effect import MAIN, Firing
from sensors.filter import Code, Reading, unpack_verdict
from sensors.judge import Judged
from sensors.roster import Roster
from sensors.trigger import Preview, RenderFailed

_LETTERS = 1000
"""Of one event in one Sensor: one for each trigger, so that nobody has more."""


Anew = tuple[int, Sequence[int], Sequence[tuple[object, ...]]]
"""Version of a Sensor, its verdicts and its marks."""


class EventGone(KikkakeError):
    """The body of the event is not stored any more: it cannot be judged again."""


class Action(enum.StrEnum):
    """What a replay does for one trigger."""

    CREATE = "create"
    """A new effect."""
    RETRY = "retry"
    """An effect that had been given up is opened again."""
    HOLD = "hold"
    """The event is held from now on, for a condition that waits for others."""
    CLEAR = "clear"
    """Its dead letter goes: by the current text nothing is left to do."""
    NONE = "none"
    """It is done, under way, waiting, or does not fire."""


class PlanItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the plan."""

    sensor: str
    """The Sensor's uid."""
    label: str
    """NAMESPACE/NAME."""
    trigger: str
    """Empty where it concerns the Sensor as a whole."""
    action: Action
    note: str
    """Why, or what is there already."""
    effect: int = 0
    """Number of a recorded effect; 0 for one that is (or would be) made."""
    effect_id: bytes = b""
    preview: Preview | None = None
    """For CREATE: what would be done."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay does, or with a dry run would do."""

    sequence: int
    event_id: str
    items: tuple[PlanItem, ...]

    @property
    def revived(self) -> tuple[int, ...]:
        """Numbers of the effects that are opened again."""
        return tuple(item.effect for item in self.items if item.action is Action.RETRY)


class Replay:
    """Plans one replay into a draft."""

    def __init__(self, roster: Roster, runner: Runner, reader: BusReader, draft: Draft) -> None:
        self._roster = roster
        self._runner = runner
        self._reader = reader
        self._draft = draft

    async def plan(self, sequence: int, *, sensor: str | None, nonce: str) -> Plan:
        """The plan for one event; its effects are in the draft then. `nonce` empty = ensure done. Raises EventGone."""
        stored = await self._runner.event(sequence)
        if stored is None:
            raise EventGone(f"event {sequence} is not stored any more: it cannot be judged again")
        effects = await self._reader.effects_of(sequence)
        items: list[PlanItem] = []
        decisions: list[Anew] = []
        for uid, judged in self._roster.judged.items():
            if sensor is not None and uid != sensor:
                continue
            mine = [effect for effect in effects if effect.sensor == uid]
            if mine or stored.topic in judged.sensor.topics:
                one = _OneSensor(self._roster, self._runner, self._draft, judged, stored, mine, nonce)
                await one.plan()
                await self._answer_letters(one, uid, sequence)
                items += one.items
                decisions += one.decisions
        if decisions:
            earlier = await self._reader.decision(sequence)
            self._draft.decide(sequence, renew_decisions(earlier, decisions))
        return Plan(sequence=sequence, event_id=stored.event.id, items=tuple(items))

    async def _answer_letters(self, one: _OneSensor, uid: str, sequence: int) -> None:
        """The dead letters of the event that are answered: done now, or nothing is left to do by the current text.

        Those of effects go with the effect.
        """
        letters = await self._reader.dead_letters(
            DeadLetterQuery(sensor=uid, sequence=sequence, limit=_LETTERS)
        )
        answered = [letter.number for letter in letters if not letter.effect and one.answers(letter.trigger)]
        self._draft.answered_letters += answered
        if answered:
            one.clear()


class _OneSensor:
    """The plan of one Sensor."""

    def __init__(
        self,
        roster: Roster,
        runner: Runner,
        draft: Draft,
        judged: Judged,
        stored: StoredEvent,
        effects: Sequence[Effect],
        nonce: str,
    ) -> None:
        self._roster = roster
        self._runner = runner
        self._draft = draft
        self._judged = judged
        self._stored = stored
        self._effects = effects
        self._nonce = nonce
        self.items: list[PlanItem] = []
        self._created: set[str] = set()
        self._unsolved: set[str] = set()
        """Triggers that ought to do something and cannot."""
        self._verdicts: list[int] | None = None
        """None until the event was judged anew."""
        self._marks: list[tuple[object, ...]] = []
        self.decisions: list[Anew] = []

    async def plan(self) -> None:
        """Add one item for each effect that there is or will be, or one that says why there is none."""
        sensor = self._judged.sensor
        if sensor.uid in self._roster.stopped:
            self._add("", Action.NONE, f"the Sensor is {self._roster.stopped[sensor.uid]}")
            return
        for effect in self._effects:
            await self._existing(effect)
        if self._is_ahead():
            self._add("", Action.NONE, "it is not judged yet: its turn comes")
            return
        self._verdicts, passed = self._judge()
        for trigger in sensor.triggers:
            names = [name for name in trigger.condition.names if name in passed] if trigger.condition else []
            if trigger.is_stopped:
                self._unsolved.add(trigger.name)
                if names or not trigger.condition:
                    self._add(trigger.name, Action.NONE, "the trigger is stopped by a fault: see lint")
            elif names:
                self._marks += await self._trigger(trigger, names)
        if self._marks:
            self._record()
        if not self.items:
            self._add("", Action.NONE, self._why_not(self._verdicts))

    def answers(self, trigger: str) -> bool:
        """Whether a dead letter of that trigger (empty: of the whole Sensor) has nothing to wait for any more."""
        if self._verdicts is None:
            return False
        if self._nonce:
            return trigger in self._created or (not trigger and bool(self._created) and not self._unsolved)
        is_known = not trigger or self._judged.sensor.trigger(trigger) is not None
        return is_known and not (self._unsolved if not trigger else trigger in self._unsolved)

    def clear(self) -> None:
        """Its dead letters go: say so where nothing else is done, and have the decision say what was judged anew."""
        if all(item.action is Action.NONE for item in self.items):
            self._add("", Action.CLEAR, "nothing is left to do: its dead letter goes")
        self._record()

    def _record(self) -> None:
        if self._verdicts is not None:
            self.decisions[:] = [(self._judged.version, self._verdicts, self._marks)]

    def _is_ahead(self) -> bool:
        """Whether the Sensor will come to the event by itself: what a replay made now would be made twice."""
        stored, judged = self._stored, self._judged
        if stored.standing is Standing.SUSPECTED_REPLAY:
            return False
        return stored.sequence > self._roster.place_of(judged.sensor.uid) and any(
            stored.sequence > judged.starts.get(each.name, 0)
            for each in judged.sensor.dependencies
            if each.topic == stored.topic
        )

    def _judge(self) -> tuple[list[int], list[str]]:
        """What each dependency of the topic says by the current text, and the names of those that it passed."""
        reading = Reading(self._stored.event)
        verdicts: list[int] = []
        passed = []
        for dependency in self._judged.sensor.dependencies:
            if dependency.topic == self._stored.topic and not dependency.is_stopped:
                verdict = dependency.judge(reading)
                verdicts += (dependency.index, verdict)
                if not verdict:
                    passed.append(dependency.name)
        return verdicts, passed

    async def _existing(self, effect: Effect) -> None:
        if self._nonce:
            trigger = self._judged.sensor.trigger(effect.trigger)
            if effect.role == MAIN and not effect.nonce and trigger is not None and not trigger.is_stopped:
                await self._create(trigger, effect.events)
            return
        name = effect.trigger if effect.role == MAIN else f"{effect.trigger} ({effect.role})"
        match effect.state:
            case EffectState.DEAD:
                self._add(name, Action.RETRY, f"was given up: {effect.reason}", effect)
            case EffectState.DONE:
                self._add(name, Action.NONE, f"done at attempt {effect.attempt}", effect)
            case EffectState.SUPERSEDED:
                self._add(name, Action.NONE, "superseded by a newer event", effect)
            case _:
                self._add(name, Action.NONE, f"under way, attempt {effect.attempt}", effect)

    async def _trigger(self, trigger: CompiledTrigger, names: Sequence[str]) -> list[tuple[object, ...]]:
        """What a trigger lacks; the marks of the decision for what it gets."""
        uid, sequence = self._judged.sensor.uid, self._stored.sequence
        failed = self._roster.failed_set((uid, trigger.name, sequence))
        if failed:
            has_made = await self._create(trigger, failed)
            if has_made:
                self._draft.remember({}, {(uid, trigger.name, sequence): memory.EMPTY})
            return [(trigger.index, int(MarkCode.FIRED))] if has_made else []
        marks = []
        for name in names:
            ref = EventRef(name, sequence, self._stored.key)
            if not any(effect.trigger == trigger.name and ref in effect.events for effect in self._effects):
                marks += await self._come_again(trigger, ref)
        return marks

    async def _come_again(self, trigger: CompiledTrigger, ref: EventRef) -> list[tuple[object, ...]]:
        """The event reaches a trigger that has nothing recorded of it, as if it came now."""
        condition = trigger.condition
        if condition is None:
            return []
        key = (self._judged.sensor.uid, trigger.name)
        held = self._draft.held(key)
        same = next((each for each in held if each.dependency == ref.dependency), None)
        if same is not None and same.sequence >= ref.sequence:
            missing = ", ".join(condition.missing([each.dependency for each in held]))
            what = "it is held" if same == ref else f"a newer event of `{ref.dependency}` is held"
            self._add(trigger.name, Action.NONE, f"{what}, waiting for {missing}")
            return []
        after, fired = memory.step(held, condition, ref)
        if fired is None:
            self._draft.remember({key: after})
            missing = ", ".join(condition.missing([each.dependency for each in after]))
            self._add(trigger.name, Action.HOLD, f"is held from now on, waiting for {missing}")
            indexes = {each.name: each.index for each in self._judged.sensor.dependencies}
            return [(trigger.index, int(MarkCode.HELD), [indexes[each.dependency] for each in after])]
        if not await self._create(trigger, fired):
            return []
        if condition.needs_memory:
            self._draft.remember({key: after})
        return [(trigger.index, int(MarkCode.FIRED))]

    async def _create(self, trigger: CompiledTrigger, refs: Sequence[EventRef]) -> bool:
        firing = Firing(
            sensor=self._judged.sensor,
            version=self._judged.version,
            trigger=trigger,
            name=trigger.name,
            refs=tuple(refs),
            fired_us=self._stored.stored_us,
            sequence=self._stored.sequence,
            nonce=self._nonce,
        )
        try:
            effect = await self._draft.effect(firing, self._runner.event)
        except RenderFailed as failed:
            self._add(trigger.name, Action.NONE, f"cannot be rendered: {failed.detail}")
            self._unsolved.add(trigger.name)
            return False
        self._draft.effects.append(effect)
        self._created.add(trigger.name)
        preview = None
        if trigger.kind_class is not None and effect.rendered is not None:
            preview = trigger.kind_class.preview(effect.rendered)
        note = "made again under a new identity" if self._nonce else "was not made yet"
        sensor = self._judged.sensor
        self.items.append(
            PlanItem(
                sensor=sensor.uid,
                label=sensor.label,
                trigger=trigger.name,
                action=Action.CREATE,
                note=note,
                effect_id=effect.id,
                preview=preview,
            )
        )
        return True

    def _add(self, trigger: str, action: Action, note: str, effect: Effect | None = None) -> None:
        sensor = self._judged.sensor
        self.items.append(
            PlanItem(
                sensor=sensor.uid,
                label=sensor.label,
                trigger=trigger,
                action=action,
                note=note,
                effect=effect.number if effect is not None else 0,
                effect_id=effect.id if effect is not None else b"",
            )
        )

    def _why_not(self, verdicts: Sequence[int]) -> str:
        names = {each.index: each.name for each in self._judged.sensor.dependencies}
        words = {
            Code.FILTERED: "filtered",
            Code.MISSING_PATH: "filtered, a path is not in it",
            Code.FAILED: "failed",
        }
        said = [
            f"{names[index]}: {words.get(unpack_verdict(verdict).code, 'passed, no trigger uses it')}"
            for index, verdict in zip(verdicts[::2], verdicts[1::2], strict=True)
        ]
        return "; ".join(said) or "no dependency works: see lint"
