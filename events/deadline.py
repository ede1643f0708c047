"""One timer for many awaits: a deadline costs a dictionary entry, where `asyncio.timeout` costs 5 us.

It is noticed up to a quarter of a second late, which is nothing beside the seconds that are waited for.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

_TICK_S = 0.25


class Deadlines:
    """The tasks that wait for something outside, and until when. Ticks only while somebody waits."""

    def __init__(self) -> None:
        self._until: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> _Deadline:
        """`async with` it: raises TimeoutError in a block that takes longer. One at a time per task."""
        return _Deadline(self, seconds)

    def begin(self, task: asyncio.Task[Any], seconds: float) -> None:
        """From now on that task has so many seconds."""
        loop = task.get_loop()
        self._until[task] = loop.time() + seconds
        if self._timer is None:
            self._timer = loop.call_later(_TICK_S, self._tick, loop)

    def end(self, task: asyncio.Task[Any]) -> bool:
        """It is through; True = too late, and the task was cancelled for it."""
        if task not in self._late:
            self._until.pop(task, None)
            return False
        self._late.discard(task)
        return True

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s = loop.time()
        for task in [task for task, until_s in self._until.items() if until_s <= now_s]:
            del self._until[task]
            self._late.add(task)
            task.cancel()
        self._timer = loop.call_later(_TICK_S, self._tick, loop) if self._until else None


class _Deadline:
    __slots__ = ("_deadlines", "_seconds", "_task")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self._deadlines = deadlines
        self._seconds = seconds
        self._task: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.current_task()
        if self._task is not None:
            self._deadlines.begin(self._task, self._seconds)

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        task = self._task
        # Someone else may have cancelled it as well: that wish goes on.
        if (
            task is not None
            and self._deadlines.end(task)
            and task.uncancel() == 0
            and kind is asyncio.CancelledError
        ):
            raise TimeoutError
