"""Recording changed Sensors: one step in which the new texts, what they hold and what they let go of become true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from events.bus import ResourceChange, ResourceState, ResourceVersion, Step, TimerChange
from sensors.compile import CompiledSensor
from sensors.decision import Mark, MarkCode, with_mark
from sensors.desk import Desk, to_its_end
from sensors.draft import MAX_MARKED
from sensors.edit import plan_edit
from sensors.elapse import first_resets, memory_timer
from sensors.held import HeldLayer, MemoryKey
from sensors.memory import EMPTY, Memory
from sensors.roster import FailedKey, memory_changes


class Recording:
    """Collects the changes of one step."""

    def __init__(self, desk: Desk) -> None:
        self._roster = desk.roster
        self._reader = desk.reader
        self._timers = desk.timers
        self._now_us = desk.clock.now_us()
        self._held = HeldLayer(desk.roster.holdings)
        self._changes: list[ResourceChange] = []
        self._compiled: dict[str, CompiledSensor] = {}
        self._timer_changes: dict[str, list[TimerChange]] = {}
        """By uid."""
        self._failed: dict[FailedKey, Memory] = {}
        self._decisions: dict[int, bytes] = {}
        self._lagging: dict[str, int | None] = {}

    async def change(self, sensor: CompiledSensor) -> None:
        """A new or edited Sensor; an equal text in the same state changes nothing."""
        roster, uid = self._roster, sensor.uid
        state = ResourceState.SUSPENDED if sensor.is_suspended else ResourceState.ACTIVE
        version = roster.versions.get(uid)
        if version is not None and version.text == sensor.text and version.state is state:
            return
        if version is not None and version.state is ResourceState.DELETED and not await self._is_kept(uid):
            roster.forget(uid)
            version = None
        # One that comes back finds what it held, and starts at the end of the log like a new one.
        starts = version.starts if version is not None and version.state is not ResourceState.DELETED else {}
        topics = version.topics if version is not None else ()
        held = roster.holdings.of_sensor(uid)
        edit = plan_edit(roster.last_text(uid), starts, sensor, held, old_topics=topics)
        for memory_key, memory in edit.memories.items():
            self._held.put(memory_key, memory)
        self._timer_changes[uid] = self._new_timers(sensor, {**held, **edit.memories})
        for index, ref in edit.released:
            await self._release(version.id if version is not None else 0, index, ref.sequence)
        for key in roster.failed_keys(uid):
            if sensor.trigger(key[1]) is None:
                self._failed[key] = EMPTY
        if state is ResourceState.SUSPENDED or sensor.needs_worker:
            self._lagging[uid] = roster.places.get(uid, roster.place)
        self._compiled[uid] = sensor
        self._changes.append(_change_of(sensor, state, edit.starts))

    def delete(self, uid: str) -> None:
        """A Sensor that is gone. What it holds stays for a while: it may come back."""
        version = self._roster.versions.get(uid)
        if version is None or version.state is ResourceState.DELETED:
            return
        if uid in self._roster.places:
            self._lagging[uid] = None
        # Should it come back, they are made anew from what it still holds.
        self._timer_changes[uid] = [TimerChange(uid, key, None) for key in self._timers.keys_of(uid)]
        self._changes.append(
            ResourceChange(
                uid=uid,
                kind=version.kind,
                namespace=version.namespace,
                name=version.name,
                state=ResourceState.DELETED,
                spec_hash=version.spec_hash,
                text=version.text,
                topics=version.topics,
                starts=version.starts,
            )
        )

    def add(self, changes: Iterable[ResourceChange]) -> None:
        """Other resources, as they are, unless they are recorded already."""
        for change in changes:
            version = self._roster.versions.get(change.uid)
            if version is None or (version.text, version.state) != (change.text, change.state):
                self._changes.append(change)

    def step(self) -> Step | None:
        """What is committed; None where nothing has changed."""
        if not self._changes:
            return None
        return Step(
            resources=self._changes,
            memories=memory_changes(self._held.changes, self._failed),
            timers=[change for changes in self._timer_changes.values() for change in changes],
            decisions=list(self._decisions.items()),
            lagging=self._lagging,
        )

    def committed(self, versions: Sequence[ResourceVersion]) -> None:
        """The step is committed: now it is true."""
        roster = self._roster
        for version in versions:
            roster.record(version, self._compiled.get(version.uid))
        for uid, place in self._lagging.items():
            roster.set_place(uid, place)
        self._held.apply()
        roster.apply_failed(self._failed)
        for changes in self._timer_changes.values():
            for change in changes:
                self._timers.change(change, {})

    def _new_timers(self, sensor: CompiledSensor, held: Mapping[MemoryKey, Memory]) -> list[TimerChange]:
        """All timers as of the new text; one that is overdue stays, so that a missed reset still happens."""
        wanted = {change.key: change for change in first_resets(sensor, self._now_us)}
        for memory_key, memory in held.items():
            trigger = sensor.trigger(memory_key[1])
            if trigger is not None and trigger.waiting is not None:
                change = memory_timer(memory_key, trigger.waiting, EMPTY, memory)
                if change is not None:
                    wanted[change.key] = change
        changes = []
        for key in self._timers.keys_of(sensor.uid):
            due_us = self._timers.due_us(sensor.uid, key)
            if key in wanted and due_us is not None and due_us <= self._now_us:
                del wanted[key]
            elif key not in wanted:
                changes.append(TimerChange(sensor.uid, key, None))
        return [*changes, *wanted.values()]

    async def _is_kept(self, uid: str) -> bool:
        """Whether the bus still has what a deleted resource held: it keeps it for a day."""
        return any(version.uid == uid for version in await self._reader.resources())

    async def _release(self, version: int, trigger: int, sequence: int) -> None:
        """Say in the decision of an event that was held that an edit has let go of it; of so many as a draft does."""
        if len(self._decisions) >= MAX_MARKED:
            return
        earlier = self._decisions.get(sequence) or await self._reader.decision(sequence)
        mark = Mark(trigger, MarkCode.SUPERSEDED)
        self._decisions[sequence] = with_mark(earlier, version, mark)


async def record_changes(
    desk: Desk,
    sensors: Sequence[CompiledSensor],
    deleted: Sequence[str],
    resources: Sequence[ResourceChange],
) -> tuple[ResourceVersion, ...]:
    """Commit the changes as one step; the versions that it recorded. The caller holds the turn."""
    recording = Recording(desk)
    for sensor in sensors:
        await recording.change(sensor)
    for uid in deleted:
        recording.delete(uid)
    recording.add(resources)
    step = recording.step()
    if step is None:
        return ()
    return await to_its_end(_commit(desk, recording, step), "decide:record")


async def _commit(desk: Desk, recording: Recording, step: Step) -> tuple[ResourceVersion, ...]:
    receipt = await desk.runner.commit(step)
    recording.committed(receipt.versions)
    return receipt.versions


def _change_of(sensor: CompiledSensor, state: ResourceState, starts: dict[str, int]) -> ResourceChange:
    return ResourceChange(
        uid=sensor.uid,
        kind="Sensor",
        namespace=sensor.namespace,
        name=sensor.name,
        state=state,
        spec_hash=sensor.spec_hash,
        text=sensor.text,
        topics=sensor.topics,
        starts=starts,
    )
