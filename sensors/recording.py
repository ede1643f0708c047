"""Recording changed Sensors: one step in which the new texts, what they hold and what they let go of become true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from events.bus import BusReader, ResourceChange, ResourceState, ResourceVersion, Runner, Step
from sensors.compile import CompiledSensor
from sensors.decision import Mark, MarkCode, with_mark
from sensors.edit import plan_edit
from sensors.judge import MemoryKey
from sensors.memory import Memory
from sensors.roster import FailedKey, Roster, memory_changes


class Recording:
    """Collects the changes of one step."""

    def __init__(self, roster: Roster, reader: BusReader) -> None:
        self._roster = roster
        self._reader = reader
        self._changes: list[ResourceChange] = []
        self._compiled: dict[str, CompiledSensor] = {}
        self._memories: dict[MemoryKey, Memory] = {}
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
        held = roster.memories_of(uid)
        edit = plan_edit(roster.last_text(uid), starts, sensor, held, old_topics=topics)
        for trigger, memory in edit.memories.items():
            self._memories[uid, trigger] = memory
        for index, ref in edit.released:
            await self._release(version.id if version is not None else 0, index, ref.sequence)
        for key in roster.failed_keys(uid):
            if sensor.trigger(key[1]) is None:
                self._failed[key] = ()
        if state is ResourceState.SUSPENDED:
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
            memories=memory_changes(self._memories, self._failed),
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
        roster.apply(self._memories, self._failed)

    async def _is_kept(self, uid: str) -> bool:
        """Whether the bus still has what a deleted resource held: it keeps it for a day."""
        return any(version.uid == uid for version in await self._reader.resources())

    async def _release(self, version: int, trigger: int, sequence: int) -> None:
        """Say in the decision of an event that was held that an edit has let go of it."""
        earlier = self._decisions.get(sequence) or await self._reader.decision(sequence)
        mark = Mark(trigger, MarkCode.SUPERSEDED)
        self._decisions[sequence] = with_mark(earlier, version, mark)


async def record_changes(
    roster: Roster,
    runner: Runner,
    reader: BusReader,
    sensors: Sequence[CompiledSensor],
    deleted: Sequence[str],
    resources: Sequence[ResourceChange],
) -> tuple[ResourceVersion, ...]:
    """Commit the changes as one step; the versions that it recorded."""
    recording = Recording(roster, reader)
    for sensor in sensors:
        await recording.change(sensor)
    for uid in deleted:
        recording.delete(uid)
    recording.add(resources)
    step = recording.step()
    if step is None:
        return ()
    receipt = await runner.commit(step)
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
