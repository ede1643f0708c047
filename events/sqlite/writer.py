"""The writer: many jobs, one transaction, one fsync.

The loop's thread executes the statements of the jobs that wait, for about two milliseconds, then hands over
COMMIT alone to another thread and collects new jobs meanwhile. A job that raises while it inserts costs its group
nothing: the transaction is rolled back, and each job of the group is run again in one of its own.

A storage error, or a commit whose result is unknown, breaks the writer: everybody who waits is told, nothing more
is written, not even a checkpoint, and the process is expected to end (B8).
"""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

import apsw

from events.bus import BusBroken, BusClosed, BusFull, BusUnavailable
from events.errors import KikkakeError
from events.sqlite.checkpoint import Checkpoints
from events.sqlite.settings import SqliteSettings
from events.sqlite.transaction import Transaction

T = TypeVar("T")


class Lane(enum.Enum):
    """Who goes first: what runners wait for, then publications, then one slice of upkeep a group."""

    RUNNER = 0
    PUBLISH = 1
    UPKEEP = 2


class _Job:
    __slots__ = ("answer", "lane", "result", "size_bytes", "work")

    def __init__(
        self, work: Callable[[], Any], lane: Lane, size_bytes: int, answer: asyncio.Future[Any]
    ) -> None:
        self.work = work
        self.lane = lane
        self.size_bytes = size_bytes
        self.answer = answer
        self.result: Any = None

    def succeed(self) -> None:
        if not self.answer.done():
            self.answer.set_result(self.result)

    def fail(self, error: BaseException) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Writer:
    """Owns the write connection. `submit` from the loop's thread; `run` is a task of the bus."""

    def __init__(
        self,
        transaction: Transaction,
        checkpoints: Checkpoints,
        settings: SqliteSettings,
        on_broken: Callable[[BusBroken], None],
    ) -> None:
        self._transaction = transaction
        self._checkpoints = checkpoints
        self._settings = settings
        self._on_broken = on_broken
        self._lanes: dict[Lane, deque[_Job]] = {lane: deque() for lane in Lane}
        self._publish_bytes = 0
        self._wake = asyncio.Event()
        self._refusal: BusUnavailable | None = None
        self._is_closing = False
        self._thread = ThreadPoolExecutor(1, "bus-commit")

    @property
    def broken(self) -> BusBroken | None:
        """Why nothing is written any more."""
        return self._refusal if isinstance(self._refusal, BusBroken) else None

    def submit(self, work: Callable[[], T], lane: Lane, *, size_bytes: int = 0) -> asyncio.Future[T]:
        """Run `work` inside a transaction; the future has its result once that is durable.

        A KikkakeError that `work` raises means that it has written nothing. Raises BusUnavailable at once
        when too much waits, or when the bus is closed or broken.
        """
        if self._refusal is not None:
            raise self._refusal
        if lane is Lane.PUBLISH:
            self._refuse_overload(size_bytes)
            self._publish_bytes += size_bytes
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._lanes[lane].append(_Job(work, lane, size_bytes, answer))
        self._wake.set()
        return answer

    async def run(self) -> None:
        """Write until `finish`; returns early when the storage breaks."""
        try:
            while self._refusal is None:
                await self._wake.wait()
                self._wake.clear()
                while self._waits() and self._refusal is None:
                    await self._checkpoints.pause_if_needed()
                    await self._write(self._fill)
                if self._is_closing:
                    break
        except Exception as err:  # noqa: BLE001 - a fault of ours here leaves an unknown state: as a broken disk
            self.break_off(err)
        finally:
            self._refuse(self._refusal or BusClosed("the bus is closed"))

    def finish(self) -> None:
        """Let `run` write what waits and return."""
        self._is_closing = True
        self._wake.set()

    def shut(self) -> None:
        """After `run`: end the thread."""
        self._refuse(self._refusal or BusClosed("the bus is closed"))
        self._thread.shutdown(wait=True)

    def break_off(self, cause: BaseException) -> None:
        """The storage failed, here or in a checkpoint: tell everybody and stop."""
        if self.broken is None:
            error = BusBroken(f"storage failed: {type(cause).__name__}: {cause}; the process must end")
            error.__cause__ = cause
            self._refuse(error)
            self._on_broken(error)
        self._wake.set()

    def _refuse(self, error: BusUnavailable) -> None:
        self._refusal = error
        self._fail_waiting(error)

    def _fail_waiting(self, error: Exception) -> None:
        self._publish_bytes = 0
        for lane in self._lanes.values():
            while lane:
                lane.popleft().fail(error)

    def _refuse_overload(self, size_bytes: int) -> None:
        waiting = len(self._lanes[Lane.PUBLISH])
        if waiting >= self._settings.waiting_publications or (
            waiting and self._publish_bytes + size_bytes > self._settings.waiting_bytes
        ):
            raise BusUnavailable(f"{waiting} publications wait for the disk; try again in a moment")

    def _waits(self) -> bool:
        return any(self._lanes.values())

    def _next(self) -> _Job | None:
        """The next job whose caller still waits."""
        for lane in (Lane.RUNNER, Lane.PUBLISH):
            jobs = self._lanes[lane]
            while jobs:
                job = jobs.popleft()
                self._publish_bytes -= job.size_bytes
                if not job.answer.done():
                    return job
        return None

    async def _write(self, fill: Callable[[list[_Job]], None]) -> None:
        """One transaction with the jobs that `fill` performs."""
        group: list[_Job] = []
        try:
            self._transaction.begin()
            fill(group)
            self._transaction.seal()
        except Exception as err:  # noqa: BLE001 - whatever a job raised is its own caller's; the others go on
            await self._part(group, err)
            return
        await self._commit(group)

    def _fill(self, group: list[_Job]) -> None:
        deadline = perf_counter() + self._settings.group_insert_ms / 1000
        if self._lanes[Lane.UPKEEP]:
            self._perform(self._lanes[Lane.UPKEEP].popleft(), group)
        while (job := self._next()) is not None:
            self._perform(job, group)
            if perf_counter() >= deadline:
                break

    @staticmethod
    def _perform(job: _Job, group: list[_Job]) -> None:
        try:
            job.result = job.work()
        except KikkakeError as err:
            job.fail(err)  # it has written nothing
        except BaseException:
            group.append(job)
            raise
        else:
            group.append(job)

    async def _part(self, group: list[_Job], err: Exception) -> None:
        """Undo a group in which something failed, and run its jobs one by one."""
        if _is_storage_failure(err):
            self._give_up(group, err)
            return
        try:
            self._transaction.roll_back()
        except apsw.Error as second:
            self._give_up(group, second)
            return
        if not group:
            self._fail_waiting(_translated(err))  # the transaction did not even begin
        elif len(group) == 1:
            group[0].fail(_translated(err))
            return
        for job in group:
            if self._refusal is None:
                await self._write(partial(self._perform, job))
                job.fail(_translated(err))  # unless it was answered: then its transaction did not even begin
            else:
                job.fail(self._refusal)

    async def _commit(self, group: list[_Job]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._transaction.commit)
        except (apsw.FullError, apsw.BusyError) as err:
            await self._part(group, err)
            return
        except apsw.Error as err:
            self._give_up(group, err)
            return
        self._transaction.committed()
        for job in group:
            if self.broken is None:
                job.succeed()
            else:
                job.fail(self.broken)  # a checkpoint failed meanwhile: the disk is not believed any more
        self._checkpoints.start_if_needed()

    def _give_up(self, group: list[_Job], err: BaseException) -> None:
        self.break_off(err)
        for job in group:
            job.fail(self._refusal or BusBroken(str(err)))


def _is_storage_failure(err: Exception) -> bool:
    return isinstance(err, apsw.IOError | apsw.CorruptError | apsw.NotADBError | apsw.CantOpenError)


def _translated(err: Exception) -> Exception:
    """What SQLite raised, as the contract names it."""
    if isinstance(err, apsw.FullError):
        return BusFull("no room on the disk; free some space")
    if isinstance(err, apsw.BusyError):
        return BusUnavailable("another process holds the store; stop it")
    return err
