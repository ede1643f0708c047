"""What has to happen before an event is judged by a dependency with programs: they run, in the sandbox.

The answers are put into a reading, so that judging stays a pure look-up and can be done again for a person.
"""

from __future__ import annotations

from events.clock import US_PER_S, parse_time
from events.event import Event
from sensors.dependency import CompiledDependency
from sensors.filter import Code, pack_verdict
from sensors.prepared import Prepared
from sensors.sandbox import Sandbox, SandboxBusy, SandboxError, Task
from sensors.sandbox.errors import SandboxUnavailable
from sensors.script_answers import ScriptedReading
from sensors.transform import RANK, with_data

_TRANSFORM_FAILED = pack_verdict(Code.FAILED, RANK)


async def prepare(sandbox: Sandbox, dependency: CompiledDependency, event: Event, caller: str) -> Prepared:
    """Run the transform, and the script filter on what it gave. `caller` is the Sensor's uid.

    What a program does wrong is part of the answer. Raises SandboxBusy or SandboxUnavailable where it was not run,
    which says nothing of the event: try again later.
    """
    now_s = _present(event)
    try:
        event = await transformed(sandbox, dependency, event, caller)
    except (SandboxBusy, SandboxUnavailable):
        raise
    except SandboxError as error:
        reason = f"failed to apply event transformation: {error}"
        return Prepared(ScriptedReading(event), _TRANSFORM_FAILED, reason)
    reading = ScriptedReading(event)
    if dependency.script and event.data is not None:
        await _ask(sandbox, dependency.script, reading, caller, now_s)
    return Prepared(reading)


async def transformed(sandbox: Sandbox, dependency: CompiledDependency, event: Event, caller: str) -> Event:
    """The event as the dependency's transform leaves it; one without data, or without a transform, as it is.

    Raises SandboxError.
    """
    transform = dependency.transform
    if transform is None or event.data is None:
        return event
    data = await sandbox.run(transform.task, event.data, caller=caller, now_s=_present(event))
    return with_data(event, data)


async def _ask(
    sandbox: Sandbox, program: str, reading: ScriptedReading, caller: str, now_s: float | None
) -> None:
    """Let one script answer."""
    task = Task("lua", "filter", program)
    try:
        answer = await sandbox.run(task, reading.event.data or b"", caller=caller, now_s=now_s)
    except (SandboxBusy, SandboxUnavailable):
        raise
    except SandboxError as error:
        reading.answer(program, Code.FAILED, str(error))
        return
    reading.answer(program, Code.PASSED if answer else Code.FILTERED)


def _present(event: Event) -> float | None:
    """What the programs take for now: the event's time, so that they say the same whenever they are asked."""
    time_us = parse_time(event.time) if event.time else None
    return None if time_us is None else time_us / US_PER_S
