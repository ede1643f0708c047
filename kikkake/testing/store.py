"""The gateway of one case: the real store, decide loop and act loop on a clock that only the case moves.

A restart is a crash: the new process opens a copy of the store's files as they lie there at that moment, and what
the old one would still write goes to a folder that nobody reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from events.bus import Effect, Publication, Receipt, Runner, StoredEvent
from events.clock import ManualClock
from events.errors import KikkakeError
from events.ports import Object
from kikkake.store import Store, StoreSettings, open_store
from kikkake.testing.artifacts import Artifacts
from kikkake.testing.outside import LONGEST_JITTER, Outside, ScriptedLookup
from sensors.act import Actor
from sensors.compile import CompiledSensor
from sensors.decide import Decider
from sensors.lookup import trigger_of
from sensors.prepared import Preparer
from sensors.trigger import Begun, Done, Failed, Preview

STORE_KEY = bytes(range(32))
"""Fixed, so that `kikkake/proof` is the same in every run: a test may match an object whole."""

_FAST_FOLDER = Path("/dev/shm")  # noqa: S108 - only a place for a folder that is made safely below
"""Memory, on Linux: nothing of a test has to outlive its process, and an fsync costs nothing there."""
_STUCK_S = 30.0
"""`Gateway.patience_s` unless something is fetched."""
_FIRST_POLLS = 200
_POLL_S = 0.0005


class Stuck(KikkakeError):
    """What is due does not end: a fault of Kikkake, not of the test."""


class _NobodyWatches:
    """The act loop's observer: the store says everything afterwards."""

    def attempted(self, effect: Effect, answer: Done | Failed | Begun, took_us: int) -> None:
        """Nobody is told."""

    def settled(self, effect: Effect, outcome: object) -> None:
        """Nobody is told."""

    def previewed(self, effect: Effect, preview: Preview) -> None:
        """Nobody is told."""


class Gateway:
    """One process after the other on one store. Made by `open_gateway`."""

    def __init__(
        self,
        folder: Path,
        clock: ManualClock,
        outside: Outside,
        sensors: Sequence[CompiledSensor],
        preparer: Preparer | None,
    ) -> None:
        self.clock = clock
        self.preparer = preparer
        """Who runs transforms and scripts; None where no Sensor has any."""
        self.arrivals: list[StoredEvent] = []
        """Everything that was published, in order: retention may remove it from the store."""
        self.patience_s = _STUCK_S
        """Real seconds in which everything that is due has to be done."""
        self._folder = folder
        self._outside = outside
        self._sensors = sensors
        self._starts = 0
        self._bus: Store
        self._runner: Runner
        self._decider: Decider
        self._actor: Actor
        self._lookup: ScriptedLookup
        self._acting: asyncio.Task[None]

    @property
    def bus(self) -> Store:
        return self._bus

    @property
    def artifacts(self) -> Artifacts:
        """What the case gives in place of fetched objects, and what it did not give."""
        return self._outside.artifacts

    @property
    def objects(self) -> list[Object]:
        """Of the twin of the cluster, as they are now."""
        return self._outside.cluster.all()

    @property
    def decider(self) -> Decider:
        return self._decider

    async def start(self) -> None:
        """Open the store and record the Sensors, as the start of the process does."""
        self._starts += 1
        self._bus = await open_store(self._path, StoreSettings(), self.clock)
        runner = self._runner = await self._bus.take_over()
        reader = self._bus.reader()
        self._decider = Decider(
            runner,
            reader,
            self.clock,
            store_key=STORE_KEY,
            offer=lambda effects: self._actor.offer(effects),  # noqa: PLW0108 - the actor is made after `load`
            look_again=lambda: self._actor.look_again(),  # noqa: PLW0108
            preparer=self.preparer,
        )
        await self._decider.load()
        self._lookup = ScriptedLookup(self._decider.roster, runner, reader, self._outside, self.preparer)
        self._actor = Actor(runner, self._lookup, self.clock, _NobodyWatches(), chance=lambda: LONGEST_JITTER)
        await self._decider.apply(self._sensors)
        self._acting = asyncio.create_task(self._actor.run(), name="test:act")

    async def restart(self) -> None:
        """Die without any clean-up, and start again on what is stored."""
        old_bus, old_path = self._bus, self._path
        await self._stop_loops()
        target = self._folder / str(self._starts + 1)
        await asyncio.to_thread(_copy_store, old_path, target)
        await old_bus.close()
        await self.start()
        await self.settle()

    async def close(self) -> None:
        """End the process; the folder is the caller's."""
        await self._stop_loops()
        await self._bus.close()

    async def publish(self, publications: Sequence[Publication]) -> list[Receipt]:
        """As sources do, and note what came; a duplicate has the sequence of the first one."""
        receipts = await self._bus.publish(publications)
        now_us = self.clock.now_us()
        for publication, receipt in zip(publications, receipts, strict=True):
            self.arrivals.append(
                StoredEvent(
                    receipt.sequence,
                    receipt.key,
                    publication.topic,
                    now_us,
                    receipt.standing,
                    publication.provenance,
                    publication.event,
                )
            )
        return receipts

    async def settle(self) -> None:
        """Decide everything that is stored, and let every attempt end that is due now. Raises Stuck."""
        await self._decider.settle_all()
        polls = 0
        try:
            async with asyncio.timeout(self.patience_s):
                while not await self._is_quiet():
                    # Commits run in a thread and take some 50 us: the first looks follow at once.
                    await asyncio.sleep(0 if polls < _FIRST_POLLS else _POLL_S)
                    polls += 1
        except TimeoutError as error:
            raise Stuck(f"what is due did not end within {self.patience_s:g} s") from error

    async def move_to(self, target_us: int) -> None:
        """Move the clock forward; what falls due on the way happens at its time."""
        while (due_us := await self._next_due_us()) is not None and due_us <= target_us:
            await self._jump(due_us)
        await self._jump(target_us)

    async def _jump(self, target_us: int) -> None:
        self.clock.move_to(target_us)
        # The act loop may be about to begin a sleep that it measured on the time before: wake it in any case.
        self._actor.look_again()
        await self.settle()

    @property
    def _path(self) -> Path:
        return self._folder / str(self._starts)

    async def _stop_loops(self) -> None:
        await self._actor.stop(0)
        self._acting.cancel()
        await asyncio.gather(self._acting, return_exceptions=True)
        await self._lookup.close()

    async def _is_quiet(self) -> bool:
        if self._acting.done():
            self._acting.result()
        # One that waits for labels does nothing until the case moves its clock; its effect stays due meanwhile.
        asleep = len(self._outside.naps.ahead_us())
        if self._actor.running > asleep:
            return False
        now_us = self.clock.now_us()
        return sum(slot_us <= now_us for slot_us in await self._slots()) <= asleep

    async def _next_due_us(self) -> int | None:
        now_us = self.clock.now_us()
        due = [
            await self._runner.next_due_us(now_us),
            self._decider.next_due_us(),
            *self._outside.naps.ahead_us(),
            *await self._slots(),
        ]
        return min((us for us in due if us is not None and us > now_us), default=None)

    async def _slots(self) -> list[int]:
        """When each effect that is due may be attempted: now, or when its rate limit lets it."""
        now_us = self.clock.now_us()
        slots = []
        for effect in await self._runner.due_effects(now_us, limit=1000):
            sensor = self._decider.sensor(effect.sensor)
            trigger = trigger_of(sensor, effect.trigger, effect.role) if sensor is not None else None
            if trigger is None or trigger.spacing is None:
                slots.append(now_us)
                continue
            last_us = await self._runner.last_attempt_us(effect.sensor, effect.trigger)
            slots.append(max(now_us, trigger.spacing.slot_us(last_us)))
        return slots


@contextlib.asynccontextmanager
async def open_gateway(
    start_us: int,
    make_outside: Callable[[ManualClock], Outside],
    sensors: Sequence[CompiledSensor],
    preparer: Preparer | None = None,
) -> AsyncIterator[Gateway]:
    """A started gateway with an empty store, on a clock that stands at `start_us`."""
    clock = ManualClock(start_us)
    with _temporary_folder() as folder:
        gateway = Gateway(Path(folder), clock, make_outside(clock), sensors, preparer)
        await gateway.start()
        try:
            yield gateway
        finally:
            await gateway.close()


def _temporary_folder() -> TemporaryDirectory[str]:
    base = _FAST_FOLDER if os.access(_FAST_FOLDER, os.W_OK) else None
    return TemporaryDirectory(prefix="kikkake-test-", dir=base, ignore_cleanup_errors=True)


def _copy_store(source: Path, target: Path) -> None:
    """Database and log; the lock is the living process's."""
    target.mkdir(mode=0o700)
    for file in source.iterdir():
        if file.name != "lock" and not file.name.endswith("-shm"):
            shutil.copyfile(file, target / file.name)
