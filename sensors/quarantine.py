"""Suspicious batches: after three unclean starts on the same events, each is first judged in a child process.

The event that ends the child (or does not come back in time) becomes a dead letter for every Sensor that was
interested, and is never judged here; the others go on (spec: bad-input, sections 4 and 5).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from events.bus import NewDeadLetter, StoredEvent
from events.log import Logger
from sensors.decision import MarkCode, merge_decisions
from sensors.draft import Draft
from sensors.judge import Interest
from sensors.memory import Memory

log = Logger("decide")

_TIMEOUT_S = 10.0
"""For one event: judging takes microseconds, starting the child half a second."""
_MAX_SLOTS = 100
"""Correlation keys of a trigger whose events the child gets, too: the crash is looked for in the new event."""
PROBE = (sys.executable, "-m", "sensors.probe")
"""The command of the child."""
_PACKAGES = str(Path(__file__).parent.parent)


class ProbedSensor(msgspec.Struct, frozen=True):
    """One interested Sensor, as the child compiles it."""

    uid: str
    version: int
    text: bytes
    memories: tuple[tuple[str, str, Memory], ...]
    """Trigger, slot, and what is held there."""


class ProbeRequest(msgspec.Struct, frozen=True):
    """One line to the child."""

    sensors: tuple[ProbedSensor, ...]
    stored: StoredEvent
    held: tuple[StoredEvent, ...]
    """The events that those memories refer to."""
    store_key: bytes


class Quarantine:
    """Tries events in a child process, which is started when the first one comes."""

    def __init__(
        self,
        fetch: Callable[[int], Awaitable[StoredEvent | None]],
        store_key: bytes,
        *,
        command: Sequence[str],
    ) -> None:
        self._fetch = fetch
        self._store_key = store_key
        self._command = command
        self._child: asyncio.subprocess.Process | None = None
        self._last: int | None = None

    def watch(self, last: int) -> None:
        """The suspicious batch ends with this sequence; the first call counts."""
        self._last = last if self._last is None else self._last

    def is_behind(self, place: int) -> bool:
        """Whether the runner has passed the suspicious batch."""
        return self._last is not None and place >= self._last

    async def passes(
        self, draft: Draft, interests: Sequence[Interest], stored: StoredEvent, earlier: bytes | None = None
    ) -> bool:
        """Whether the child survives judging and rendering the event; if not, its dead letters are in the draft.

        `earlier` are decisions of it that other Sensors made before.
        """
        if self.is_behind(stored.sequence - 1):
            # It came after what may have ended the process; who is slow to get past that holds up nobody.
            return True
        request = await self._request(draft, interests, stored)
        line = msgspec.json.encode(request) + b"\n"
        # Twice: a child that ends for want of memory or time, on a machine that is busy, says nothing of the event.
        if await self._try(line) is None or (ending := await self._try(line)) is None:
            return True
        log.error("event.quarantined", sequence=stored.sequence, ending=ending)
        decisions = []
        for interest in interests:
            judged = interest.judged
            decisions.append((judged.version, (), ((-1, int(MarkCode.CRASHED)),)))
            draft.dead_letters.append(
                NewDeadLetter(
                    sensor=judged.sensor.uid,
                    trigger="",
                    sequence=stored.sequence,
                    reason="EvaluatorCrashed",
                    detail=f"judging it ended the process ({ending}); it is not judged again",
                )
            )
        draft.decide(stored.sequence, merge_decisions(earlier, decisions))
        return False

    async def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()

    async def _request(
        self, draft: Draft, interests: Sequence[Interest], stored: StoredEvent
    ) -> ProbeRequest:
        sensors = []
        held: dict[int, StoredEvent] = {}
        for interest in interests:
            sensor = interest.judged.sensor
            memories: list[tuple[str, str, Memory]] = []
            for trigger, _woken_by in interest.triggers:
                slots = itertools.islice(draft.held.slots((sensor.uid, trigger.name)), _MAX_SLOTS)
                memories += [
                    (trigger.name, slot, draft.held.get((sensor.uid, trigger.name, slot))) for slot in slots
                ]
            for _trigger, _slot, memory in memories:
                for ref in memory.refs:
                    event = held.get(ref.sequence) or await self._fetch(ref.sequence)
                    if event is not None:
                        held[ref.sequence] = event
            sensors.append(ProbedSensor(sensor.uid, interest.judged.version, sensor.text, tuple(memories)))
        return ProbeRequest(tuple(sensors), stored, tuple(held.values()), self._store_key)

    async def _try(self, line: bytes) -> str | None:
        """None when the child has answered, else how it ended."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                child = await self._started()
                if child.stdin is None or child.stdout is None:
                    return "no pipes"
                child.stdin.write(line)
                await child.stdin.drain()
                if await child.stdout.readline():
                    return None
                ending = f"exit code {await child.wait()}"
        except TimeoutError:
            ending = f"no answer in {_TIMEOUT_S:.0f} s"
        except (BrokenPipeError, ConnectionResetError):
            ending = "it ended before it had read the event"
        await self.close()
        return ending

    async def _started(self) -> asyncio.subprocess.Process:
        if self._child is None:
            # An empty environment but for the way to our own packages: it judges what may be hostile.
            self._child = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={"PYTHONPATH": _PACKAGES, "PYTHONSAFEPATH": "1"},
            )
        return self._child
