"""Replaying one event: what it ought to have done is compared with what is recorded (spec: bad-input, section 6).

The default is "ensure done": a finished effect is left alone, a dead one is opened again, and what is missing is made
by judging the event with the current text. With a nonce everything is made again under a new identity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from events.bus import DeadLetterQuery, Effect, EffectState, EventRef, Standing, StoredEvent
from sensors.arrival import event_comes, memory_key
from sensors.attempts import BEGUN
from sensors.compile_trigger import CompiledTrigger
from sensors.decision import MarkCode, renew_decisions
from sensors.desk import Desk
from sensors.draft import Draft
from sensors.effect import MAIN, Firing
from sensors.elapse import timeout_of
from sensors.filter import Code, Reading, unpack_verdict
from sensors.judge import held_mark, judge_prepared
from sensors.judged import Judged
from sensors.memory import EMPTY, Memory
from sensors.prepared import Prepared, Preparer, prepare_event
from sensors.replay_plan import Action, EventGone, Plan, PlanItem
from sensors.trigger import RenderFailed
from sensors.waiting import NoKey, Waiting

__all__ = ["Action", "EventGone", "Plan", "PlanItem", "Replay", "run_programs"]

_LETTERS = 1000
"""Of one event in one Sensor: one for each trigger, so that nobody has more."""


Anew = tuple[int, Sequence[int], Sequence[tuple[object, ...]]]
"""Version of a Sensor, its verdicts and its marks."""

Programs = Mapping[str, tuple[Judged, Mapping[int, Prepared]]]
"""By uid: a Sensor, and the event as its transforms and scripts leave it."""


async def run_programs(
    desk: Desk, preparer: Preparer | None, sequence: int, *, sensor: str | None
) -> Programs:
    """Have transforms and scripts run for a replay before it takes its turn, so that nobody waits for them.

    Raises SandboxBusy, SandboxUnavailable.
    """
    stored = await desk.runner.event(sequence)
    programs: dict[str, tuple[Judged, Mapping[int, Prepared]]] = {}
    for uid in tuple(desk.roster.scripted):
        judged = desk.roster.judged.get(uid)
        if (
            stored is None
            or judged is None
            or sensor not in {None, uid}
            or stored.topic not in judged.sensor.topics
        ):
            continue
        programs[uid] = judged, await prepare_event(preparer, judged.sensor, stored.event, stored.topic)
    return programs


class Replay:
    """Plans one replay into a draft."""

    def __init__(self, desk: Desk, draft: Draft, preparer: Preparer | None, programs: Programs) -> None:
        self._desk = desk
        self._roster = desk.roster
        self._runner = desk.runner
        self._reader = desk.reader
        self._draft = draft
        self._preparer = preparer
        self._programs = programs

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
                prepared = await self._prepared(judged, stored)
                one = _OneSensor(self._desk, self._draft, judged, stored, mine, nonce, prepared)
                await one.plan()
                await self._answer_letters(one, uid, sequence)
                items += one.items
                decisions += one.decisions
        if decisions:
            earlier = await self._reader.decision(sequence)
            self._draft.decide(sequence, renew_decisions(earlier, decisions))
        return Plan(sequence=sequence, event_id=stored.event.id, items=tuple(items))

    async def _prepared(self, judged: Judged, stored: StoredEvent) -> Mapping[int, Prepared]:
        """As it was prepared before the turn, unless the Sensor was edited since."""
        before, prepared = self._programs.get(judged.sensor.uid, (None, {}))
        if before is judged:
            return prepared
        return await prepare_event(self._preparer, judged.sensor, stored.event, stored.topic)

    async def _answer_letters(self, one: _OneSensor, uid: str, sequence: int) -> None:
        """The dead letters of the event that are answered: done now, or nothing is left to do by the current text.

        Those of effects go with the effect.
        """
        letters = await self._reader.dead_letters(
            DeadLetterQuery(sensor=uid, sequence=sequence, limit=_LETTERS)
        )
        answered = [letter for letter in letters if not letter.effect and one.answers(letter.trigger)]
        self._draft.answered_letters += [letter.number for letter in answered]
        for key in [(uid, letter.trigger, sequence) for letter in answered]:
            if self._roster.failed_set(key):
                # Without its letter nobody asks for the set again, and its events need not be kept.
                self._draft.remember_failed({key: EMPTY})
        if answered:
            one.clear()


class _OneSensor:
    """The plan of one Sensor."""

    def __init__(
        self,
        desk: Desk,
        draft: Draft,
        judged: Judged,
        stored: StoredEvent,
        effects: Sequence[Effect],
        nonce: str,
        prepared: Mapping[int, Prepared],
    ) -> None:
        self._roster = desk.roster
        self._runner = desk.runner
        self._now_us = desk.clock.now_us()
        self._draft = draft
        self._prepared = prepared
        self._judged = judged
        self._stored = stored
        self._effects = effects
        self._nonce = nonce
        self._reading = Reading(stored.event)
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
            await self._plan_trigger(trigger, passed)
        if self._marks:
            self._record()
        if not self.items:
            self._add("", Action.NONE, self._why_not(self._verdicts))

    async def _plan_trigger(self, trigger: CompiledTrigger, passed: Sequence[str]) -> None:
        waiting = trigger.waiting
        key = (self._judged.sensor.uid, trigger.name, self._stored.sequence)
        failed = self._roster.failed_set(key)
        is_woken = waiting is None or not waiting.is_only_by_timeout
        names = [name for name in waiting.condition.names if name in passed] if waiting and is_woken else []
        if trigger.is_stopped:
            self._unsolved.add(trigger.name)
            if names or failed or not waiting:
                self._add(trigger.name, Action.NONE, "the trigger is stopped by a fault: see lint")
            return
        # A time-out is no matter of the trigger's own conditions.
        if failed and (names or failed.key) and await self._create(trigger, failed.refs, failed.key):
            self._draft.remember_failed({key: EMPTY})
            self._marks.append((trigger.index, int(MarkCode.FIRED)))
        if names and waiting is not None and (failed.key or not failed):
            self._marks += await self._trigger(trigger, waiting, names)

    def answers(self, trigger: str) -> bool:
        """Whether a dead letter of that trigger (empty: of the whole Sensor) has nothing to wait for any more."""
        if self._verdicts is None:
            return False
        if self._nonce:
            return trigger in self._created or (not trigger and bool(self._created) and not self._unsolved)
        known = self._judged.sensor.trigger(trigger)
        if known is not None and known.waiting is not None and known.waiting.is_only_by_timeout:
            # That the event passes or not says nothing of it.
            return trigger in self._created or any(effect.trigger == trigger for effect in self._effects)
        return (not trigger or known is not None) and not (
            self._unsolved if not trigger else trigger in self._unsolved
        )

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
        verdicts: list[int] = []
        passed = []
        for dependency in self._judged.sensor.dependencies:
            if dependency.topic == self._stored.topic and not dependency.is_stopped:
                verdict = judge_prepared(
                    dependency.judge, self._reading, self._prepared.get(dependency.index)
                )
                verdicts += (dependency.index, verdict)
                if not verdict:
                    passed.append(dependency.name)
        return verdicts, passed

    async def _existing(self, effect: Effect) -> None:
        if self._nonce:
            trigger = self._judged.sensor.trigger(effect.trigger)
            if effect.role == MAIN and not effect.nonce and trigger is not None and not trigger.is_stopped:
                await self._create(trigger, effect.events, effect.occasion)
            return
        name = effect.trigger if effect.role == MAIN else f"{effect.trigger} ({effect.role})"
        match effect.state:
            case EffectState.DEAD:
                self._add(name, Action.RETRY, f"was given up: {effect.reason}", effect)
            case EffectState.DONE:
                self._add(name, Action.NONE, f"done at attempt {effect.attempt}", effect)
            case EffectState.SUPERSEDED:
                self._add(name, Action.NONE, "superseded by a newer event", effect)
            case _ if effect.reason == BEGUN:
                self._add(name, Action.NONE, "made, and waits for its end", effect)
            case _:
                self._add(name, Action.NONE, f"under way, attempt {effect.attempt}", effect)

    async def _trigger(
        self, trigger: CompiledTrigger, waiting: Waiting, names: Sequence[str]
    ) -> list[tuple[object, ...]]:
        """What a trigger lacks; the marks of the decision for what it gets."""
        marks = []
        for name in names:
            ref = EventRef(name, self._stored.sequence, self._stored.key)
            if not self._is_spent(trigger, waiting, ref):
                marks += await self._come_again(trigger, waiting, ref)
        return marks

    def _is_spent(self, trigger: CompiledTrigger, waiting: Waiting, ref: EventRef) -> bool:
        """Whether the trigger has fired with it, or has given it to the trigger of its time-out."""
        timeout = timeout_of(trigger.name)
        failed_key = (self._judged.sensor.uid, waiting.on_timeout or "", ref.sequence)
        return self._roster.failed_set(failed_key).key.startswith(timeout) or any(
            ref in effect.events and (effect.trigger == trigger.name or effect.occasion.startswith(timeout))
            for effect in self._effects
        )

    async def _come_again(
        self, trigger: CompiledTrigger, waiting: Waiting, ref: EventRef
    ) -> list[tuple[object, ...]]:
        """The event reaches a trigger that has nothing recorded of it, as if it came now."""
        if not waiting.needs_memory:
            return [(trigger.index, int(MarkCode.FIRED))] if await self._create(trigger, (ref,)) else []
        sensor = self._judged.sensor
        index = next(each.index for each in sensor.dependencies if each.name == ref.dependency)
        prepared = self._prepared.get(index)
        reading = prepared.reading if prepared is not None else self._reading
        try:
            key = memory_key(sensor.uid, trigger.name, waiting, ref.dependency, reading)
        except NoKey as error:
            self._add(trigger.name, Action.NONE, f"cannot be correlated: {error}")
            return [(trigger.index, int(MarkCode.NO_KEY))]
        before = self._draft.held.get(key)
        obstacle = _obstacle(before, waiting, ref)
        if obstacle:
            self._add(trigger.name, Action.NONE, f"{obstacle}, {_waits_for(before, waiting)}")
            return []
        arrived = event_comes(
            self._judged, trigger, waiting, ref, reading, held=self._draft.held, at_us=self._now_us
        )
        if arrived.fired is not None and not await self._create(trigger, arrived.fired):
            self._draft.held.put(key, before)
            return []
        self._draft.change_timers(arrived.timers)
        if arrived.passing is not None:
            self._draft.take_over(arrived.passing)
        if arrived.fired is not None:
            return [(trigger.index, int(MarkCode.FIRED))]
        self._add(trigger.name, Action.HOLD, f"is held from now on, {_waits_for(arrived.memory, waiting)}")
        return [held_mark(sensor, trigger, arrived.memory)]

    async def _create(self, trigger: CompiledTrigger, refs: Sequence[EventRef], occasion: str = "") -> bool:
        firing = Firing(
            sensor=self._judged.sensor,
            version=self._judged.version,
            trigger=trigger,
            name=trigger.name,
            refs=tuple(refs),
            fired_us=self._stored.stored_us,
            sequence=self._stored.sequence,
            occasion=occasion,
            nonce=self._nonce,
        )
        if self._nonce and any(each.id == firing.id for each in self._effects):
            self._add(trigger.name, Action.NONE, "was made before under the same name")
            return False
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


def _obstacle(memory: Memory, waiting: Waiting, ref: EventRef) -> str:
    """Why the event changes nothing in a memory; empty where it does."""
    if ref in memory.refs:
        return "it is held"
    is_newer = any(
        each.dependency == ref.dependency and each.sequence >= ref.sequence for each in memory.refs
    )
    return f"a newer event of `{ref.dependency}` is held" if is_newer and not waiting.holds_all else ""


def _waits_for(memory: Memory, waiting: Waiting) -> str:
    missing = waiting.condition.missing([each.dependency for each in memory.refs])
    return f"waiting for {', '.join(missing)}" if memory.ready_us is None else "until no more comes"
