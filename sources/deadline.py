"""One timer for many awaits: a deadline costs a dictionary entry, where `asyncio.timeout` costs 5 us.

A deadline is noticed when somebody calls `cancel_late`, here the front's tick, twice a second: late by that much.
"""

from __future__ import annotations

import asyncio
from types import TracebackType


class Deadlines:
    """The tasks that wait for something outside, and until when."""

    def __init__(self) -> None:
        self._until: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()

    def within(self, seconds: float) -> _Deadline:
        """`async with` it: raises TimeoutError in a block that takes longer. One at a time per task."""
        return _Deadline(self._until, self._late, seconds)

    def cancel_late(self, now_s: float) -> None:
        """End the waits whose time is over; `now_s` is the loop's time."""
        for task in [task for task, until_s in self._until.items() if until_s <= now_s]:
            del self._until[task]
            self._late.add(task)
            task.cancel()


class _Deadline:
    __slots__ = ("_late", "_seconds", "_task", "_until")

    def __init__(
        self, until: dict[asyncio.Task[object], float], late: set[asyncio.Task[object]], seconds: float
    ) -> None:
        self._until = until
        self._late = late
        self._seconds = seconds
        self._task: asyncio.Task[object] | None = None

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - an await without a task cannot be
        self._task = task
        self._until[task] = asyncio.get_running_loop().time() + self._seconds

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        task = self._task
        assert task is not None  # noqa: S101 - entered before it is left
        self._until.pop(task, None)
        if task not in self._late:
            return
        self._late.discard(task)
        # Someone else may have cancelled it as well: that wish goes on.
        if task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise TimeoutError
