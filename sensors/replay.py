"""Replaying one event: what it ought to have done is compared with what is recorded (spec: bad-input, section 6).

The default is "ensure done": a finished effect is left alone, a dead one is opened again, and what is missing is made
by judging the event with the current text. With a nonce everything is made again under a new identity.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import msgspec

from events.bus import BusReader, DeadLetterQuery, Effect, EffectState, EventRef, Runner, StoredEvent
from events.errors import KikkakeError
from sensors import memory
from sensors.compile_trigger import CompiledTrigger
from sensors.decision import MarkCode, merge_decisions
from sensors.draft import Draft
from sensors.effect import MAIN, Firing
from sensors.filter import Code, Reading, unpack_verdict
from sensors.judge import Judged
from sensors.roster import Roster
from sensors.trigger import Preview, RenderFailed

_LETTER_PAGE = 500


class EventGone(KikkakeError):
    """The body of the event is not stored any more: it cannot be judged again."""


class Action(enum.StrEnum):
    """What a replay does for one trigger."""

    CREATE = "create"
    """A new effect."""
    RETRY = "retry"
    """An effect that had been given up is opened again."""
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
        decisions: list[tuple[object, ...]] = []
        for uid, judged in self._roster.judged.items():
            if sensor is not None and uid != sensor:
                continue
            mine = [effect for effect in effects if effect.sensor == uid]
            if mine or stored.topic in judged.sensor.topics:
                one = _OneSensor(self._roster, self._runner, self._draft, judged, stored, mine, nonce)
                items += await one.plan()
                decisions += one.decisions
                if one.has_created:
                    await self._answer_letters(uid, sequence, one.created)
        if decisions:
            earlier = await self._reader.decision(sequence)
            self._draft.decide(sequence, merge_decisions(earlier, decisions))
        return Plan(sequence=sequence, event_id=stored.event.id, items=tuple(items))

    async def _answer_letters(self, uid: str, sequence: int, triggers: Sequence[str]) -> None:
        """The dead letters of the event that these triggers' new effects answer."""
        before: int | None = None
        while True:
            page = await self._reader.dead_letters(
                DeadLetterQuery(sensor=uid, before=before, limit=_LETTER_PAGE)
            )
            self._draft.answered_letters += [
                letter.number
                for letter in page
                # A dead letter without a trigger stands for the whole Sensor (EvaluatorCrashed).
                if letter.sequence == sequence and not letter.effect and letter.trigger in {*triggers, ""}
            ]
            if len(page) < _LETTER_PAGE:
                return
            before = page[-1].number


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
        self._items: list[PlanItem] = []
        self.created: list[str] = []
        self.decisions: list[tuple[object, ...]] = []

    @property
    def has_created(self) -> bool:
        """Whether a new effect is in the draft."""
        return bool(self.created)

    async def plan(self) -> list[PlanItem]:
        """One item for each effect that there is or will be, or one that says why there is none."""
        sensor = self._judged.sensor
        if sensor.uid in self._roster.stopped:
            self._add("", Action.NONE, f"the Sensor is {self._roster.stopped[sensor.uid]}")
            return self._items
        for effect in self._effects:
            await self._existing(effect)
        verdicts, passed = self._verdicts()
        marks: list[tuple[object, ...]] = []
        for trigger in sensor.triggers:
            names = [name for name in trigger.condition.names if name in passed] if trigger.condition else []
            if trigger.is_stopped and (not trigger.condition or names):
                self._add(trigger.name, Action.NONE, "the trigger is stopped by a fault: see lint")
            elif names:
                marks += await self._trigger(trigger, names)
        if marks:
            self.decisions.append((self._judged.version, verdicts, marks))
        if not self._items:
            self._add("", Action.NONE, self._why_not(verdicts))
        return self._items

    def _verdicts(self) -> tuple[list[int], list[str]]:
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
            self._add(trigger.name, Action.NONE, f"is held from now on, waiting for {missing}")
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
            return False
        self._draft.effects.append(effect)
        self.created.append(trigger.name)
        preview = None
        if trigger.kind_class is not None and effect.rendered is not None:
            preview = trigger.kind_class.preview(effect.rendered)
        note = "made again under a new identity" if self._nonce else "was not made yet"
        sensor = self._judged.sensor
        self._items.append(
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
        self._items.append(
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
