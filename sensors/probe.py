"""The child process of `quarantine.py`: judges and renders one event a line, and says so if it is still there."""

from __future__ import annotations

import asyncio
import os
import sys

import msgspec
import orjson

from events.bus import ResourceState, ResourceVersion, RunnerState, StoredEvent, StoredMemory
from events.registry import Registry
from sensors.draft import Draft
from sensors.judge import build_index
from sensors.prepared import Preparer, prepare_event
from sensors.preparing import SandboxPreparer
from sensors.quarantine import ProbedSensor, ProbeRequest
from sensors.roster import Roster, memory_changes
from sensors.sandbox import Sandbox, SandboxBusy, SandboxUnavailable
from sensors.timers import Timers
from sensors.trigger import TRIGGERS, Trigger


async def probe(request: ProbeRequest, kinds: Registry[Trigger], preparer: Preparer | None) -> None:
    """Do with the event what the decide loop would do, and keep nothing of it."""
    roster = Roster(_state(request), kinds, compiled={})
    held = {stored.sequence: stored for stored in request.held}

    async def fetch(sequence: int) -> StoredEvent | None:
        return held.get(sequence)

    stored = request.stored
    for judged in roster.judged.values():
        # Each alone, since what is prepared belongs to one Sensor.
        try:
            prepared = await prepare_event(preparer, judged.sensor, stored.event, stored.topic)
        except (SandboxBusy, SandboxUnavailable):
            continue  # a machine without room for a worker says nothing of the event
        draft = Draft(roster, Timers(), request.store_key)
        draft.judge(build_index([judged]).get(stored.topic, ()), stored, prepared=prepared)
        await draft.render(fetch)


def _state(request: ProbeRequest) -> RunnerState:
    memories = {
        (sensor.uid, trigger, slot): memory
        for sensor in request.sensors
        for trigger, slot, memory in sensor.memories
    }
    return RunnerState(
        place=request.stored.sequence - 1,
        lagging={},
        memories=tuple(
            StoredMemory(change.sensor, change.key, change.state)
            for change in memory_changes(memories, {})
            if change.state is not None
        ),
        timers=(),
        resources=tuple(_version(sensor) for sensor in request.sensors),
        unclean_starts=0,
    )


def _version(sensor: ProbedSensor) -> ResourceVersion:
    metadata = orjson.loads(sensor.text)["metadata"]
    return ResourceVersion(
        id=sensor.version,
        uid=sensor.uid,
        kind="Sensor",
        namespace=metadata["namespace"],
        name=metadata["name"],
        state=ResourceState.ACTIVE,
        spec_hash=b"",
        text=sensor.text,
        topics=(),
        starts={},
        changed_us=0,
    )


def main(kinds: Registry[Trigger] = TRIGGERS) -> None:
    """Read requests from standard input until it ends; answer each with a line.

    One sandbox runs the programs of all requests: to start its workers takes longer than to judge a hundred events.
    """
    sandbox = Sandbox()
    preparer = SandboxPreparer(sandbox)
    with asyncio.Runner() as runner:
        try:
            for line in sys.stdin.buffer:
                runner.run(probe(msgspec.json.decode(line, type=ProbeRequest), kinds, preparer))
                os.write(1, b"ok\n")
        except BrokenPipeError:
            return  # who asked was killed meanwhile: nobody waits for the answer
        finally:
            runner.run(sandbox.close())


if __name__ == "__main__":
    main()
