"""Who is served when: each caller has a lane of its own, and those that were stopped wait for one another only.

A call never waits for more than the calls that run already; Sensors whose every call runs into its deadline hold one
worker at most, all of them together, and never the last that is ready, so that the rest find the other workers free.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Self

from sensors.sandbox.errors import (
    DeadlineExceeded,
    MemoryExceeded,
    SandboxBusy,
    SandboxError,
    SandboxUnavailable,
    ScriptFailed,
    WorkerCrashed,
)
from sensors.sandbox.protocol import Reply, Request, Status, Task, frame
from sensors.sandbox.settings import SandboxSettings
from sensors.sandbox.worker import Ended, Worker


class Sandbox:
    """A few workers and one that stands by. None is started before the first call."""

    def __init__(self, settings: SandboxSettings | None = None) -> None:
        self._settings = settings or SandboxSettings()
        self._idle: deque[Worker] = deque()
        self._workers: set[Worker] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self._ready: deque[asyncio.Future[Worker]] = deque()
        """Who waits for a worker."""
        self._patient: deque[asyncio.Future[Worker]] = deque()
        """Who was stopped before, and waits until there are two."""
        self._turns = _Turns(self._settings.workers, self._settings.max_waiting)
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def run(
        self,
        task: Task,
        data: bytes,
        *,
        caller: str,
        now_s: float | None = None,
        deadline_s: float | None = None,
    ) -> bytes:
        """The new data of a transform; of a filter `1` when it passes, else nothing.

        Calls of one `caller` (a Sensor's uid) are served one after another. `now_s` is the present that the program
        sees, seconds since 1970; `deadline_s` CPU seconds, by default the setting.

        Raises:
            ScriptFailed: the program failed.
            DeadlineExceeded, MemoryExceeded, WorkerCrashed: it was stopped.
            SandboxBusy, SandboxUnavailable: it was not run.
        """
        deadline_s = deadline_s or self._settings.deadline_s
        request = frame(Request(task, data, now_s, deadline_s))
        await self._turns.wait(caller)
        was_stopped = True
        try:
            is_patient = self._turns.was_stopped(caller)
            reply = await self._call(request, task, deadline_s, is_patient=is_patient)
            was_stopped = reply.status is Status.MEMORY
        finally:
            self._turns.end(caller, was_stopped=was_stopped)
        if reply.status is Status.MEMORY:
            raise MemoryExceeded(task.language, reply.error)
        if reply.status is Status.FAILED:
            raise ScriptFailed(reply.error, reply.line)
        return reply.result

    async def close(self) -> None:
        """End all processes; calls that wait are refused."""
        self._is_closed = True
        self._turns.refuse()
        under_way = tuple(self._under_way)
        for task in under_way:
            if task.get_name() == _START:
                task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await asyncio.gather(*(worker.close() for worker in tuple(self._workers)))
        self._workers.clear()
        self._idle.clear()
        self._refuse_waiting(SandboxBusy("the sandbox is closed"))

    async def _call(self, request: bytes, task: Task, deadline_s: float, *, is_patient: bool) -> Reply:
        """Once more in another worker if the first was ended, perhaps from outside."""
        for is_last in (False, True):
            worker = await self._take(is_patient=is_patient or is_last)
            is_usable = False
            try:
                reply = await worker.call(request, _wall_s(deadline_s))
                is_usable = (
                    reply.status is not Status.MEMORY and worker.calls < self._settings.calls_per_worker
                )
            except TimeoutError:
                raise DeadlineExceeded(task.language, _wall_s(deadline_s)) from None
            except Ended as ended:
                if ended.by_deadline:
                    raise DeadlineExceeded(task.language, deadline_s) from None
                if is_last:
                    raise WorkerCrashed(task.language, str(ended)) from None
                continue
            finally:
                self._give_back(worker, is_usable=is_usable)
            return reply
        raise AssertionError  # the second round has returned or raised

    async def _take(self, *, is_patient: bool) -> Worker:
        """A worker that is ready; the missing ones are started meanwhile.

        `is_patient`: only where one more stays ready for the others. A caller that was stopped may end its worker
        again, faster than a new one starts.
        """
        if self._is_closed:
            raise SandboxBusy("the sandbox is closed")
        for worker in [each for each in self._idle if each.is_gone]:
            # Killed from outside while it had nothing to do: no program has to answer for that.
            self._idle.remove(worker)
            self._give_back(worker, is_usable=False)
        if len(self._idle) > is_patient:
            worker = self._idle.popleft()
            self._fill()
            return worker
        future: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
        (self._patient if is_patient else self._ready).append(future)
        self._fill()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._give_back(future.result(), is_usable=True)
            raise

    def _give_back(self, worker: Worker, *, is_usable: bool) -> None:
        if is_usable and not self._is_closed:
            self._offer(worker)
            return
        self._workers.discard(worker)
        worker.kill()
        self._spawn(worker.close(), "sandbox:end")
        self._fill()

    def _offer(self, worker: Worker) -> None:
        """To whoever waits for a worker, else to those that stand by."""
        future = _first_waiting(self._ready)
        if future is None and self._idle:
            future = _first_waiting(self._patient)
        if future is None:
            self._idle.append(worker)
        else:
            future.set_result(worker)

    def _fill(self) -> None:
        """Start what is missing."""
        if self._is_closed:
            return
        starting = sum(task.get_name() == _START for task in self._under_way)
        for _ in range(self._settings.workers + 1 - len(self._workers) - starting):
            self._spawn(self._start(), _START)

    async def _start(self) -> None:
        try:
            worker = await Worker.start(self._settings.memory_bytes)
        except SandboxUnavailable as error:
            # Whoever waits is told; the next call tries again.
            self._refuse_waiting(error)
            return
        self._workers.add(worker)
        self._offer(worker)

    def _refuse_waiting(self, error: SandboxError) -> None:
        """Nobody gets the worker that was waited for."""
        for waiting in (self._ready, self._patient):
            while (future := _first_waiting(waiting)) is not None:
                future.set_exception(error)

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


def _first_waiting(waiting: deque[asyncio.Future[Worker]]) -> asyncio.Future[Worker] | None:
    """Take out the first that still waits; None where nobody does."""
    while waiting:
        future = waiting.popleft()
        if not future.done():
            return future
    return None


_START = "sandbox:start"
_MAX_STOPPED = 10_000


def _wall_s(deadline_s: float) -> float:
    """Seconds by the clock on the wall after which a call is stopped that has not used its CPU seconds up.

    The machine has too much to do then, or the program makes the worker wait for memory.
    """
    return deadline_s * 4 + 0.6


class _Turns:
    """In which order callers are served."""

    def __init__(self, workers: int, max_waiting: int) -> None:
        self._workers = workers
        self._max_waiting = max_waiting
        self._waiting = 0
        self._lanes: dict[str, deque[asyncio.Future[None]]] = {}
        self._queue: deque[str] = deque()
        """Callers whose next call may run, the one that has waited longest first."""
        self._running: set[str] = set()
        self._stopped: set[str] = set()
        """Callers whose last call was stopped."""

    async def wait(self, caller: str) -> None:
        """Return when it is the caller's turn. Raises SandboxBusy."""
        is_first = caller not in self._running and caller not in self._lanes and not self._queue
        if is_first and self._has_room(caller):
            self._running.add(caller)
            return
        if self._waiting >= self._max_waiting:
            raise SandboxBusy(f"{self._waiting} calls wait for a worker already")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        lane = self._lanes.get(caller)
        if lane is None:
            lane = self._lanes[caller] = deque()
            if caller not in self._running:
                self._queue.append(caller)
        lane.append(future)
        self._waiting += 1
        self._serve()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.end(caller, was_stopped=caller in self._stopped)
            raise
        finally:
            self._waiting -= 1

    def end(self, caller: str, *, was_stopped: bool) -> None:
        """The caller's call has ended."""
        self._running.discard(caller)
        if was_stopped:
            if len(self._stopped) >= _MAX_STOPPED:
                self._stopped.clear()  # Sensors that are gone were among them
            self._stopped.add(caller)
        else:
            self._stopped.discard(caller)
        if caller in self._lanes:
            self._queue.append(caller)
        self._serve()

    def was_stopped(self, caller: str) -> bool:
        """Whether the caller's last call was stopped."""
        return caller in self._stopped

    def refuse(self) -> None:
        """Nobody is served any more."""
        lanes, self._lanes = self._lanes, {}
        self._queue.clear()
        for lane in lanes.values():
            for future in lane:
                if not future.done():
                    future.set_exception(SandboxBusy("the sandbox is closed"))

    def _has_room(self, caller: str) -> bool:
        if len(self._running) >= self._workers:
            return False
        if caller not in self._stopped or self._workers == 1:
            return True
        return self._running.isdisjoint(self._stopped)

    def _serve(self) -> None:
        for caller in tuple(self._queue):
            if len(self._running) >= self._workers:
                return
            if not self._has_room(caller):
                continue
            self._queue.remove(caller)
            lane = self._lanes[caller]
            while lane and lane[0].done():
                lane.popleft()  # its caller has gone away meanwhile
            future = lane.popleft() if lane else None
            if not lane:
                del self._lanes[caller]
            if future is not None:
                self._running.add(caller)
                future.set_result(None)
