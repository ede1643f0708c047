"""Work of libraries that block, in threads of their own: each with a deadline that its connections feel.

A thread cannot be stopped from outside. Its sockets and processes can: at the deadline, and when the caller is
cancelled, they are closed under it, and the thread ends with an error.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Cutoff:
    """When one piece of work has to be done, and what is closed then. Used from both threads."""

    def __init__(self, timeout_s: float) -> None:
        self._end_s = time.monotonic() + timeout_s
        self._lock = threading.Lock()
        self._closers: list[Callable[[], None]] = []
        self._is_cut = False

    def remaining_s(self) -> float:
        """Seconds that are left. Raises TimeoutError: none."""
        left_s = self._end_s - time.monotonic()
        if self._is_cut or left_s <= 0:
            raise TimeoutError("not done in time")
        return left_s

    def guard(self, close: Callable[[], None]) -> None:
        """`close` is called when the time is over; at once if it is already. It must not block, and may come late."""
        with self._lock:
            if not self._is_cut:
                self._closers.append(close)
                return
        close()

    def cut(self) -> None:
        """The time is over."""
        with self._lock:
            self._is_cut = True
            closers, self._closers = self._closers, []
        for close in closers:
            close()


class Workers:
    """Some threads for one kind of work. Those that wait for a thread wait within their own deadline."""

    def __init__(self, name: str, count: int = 4) -> None:
        self._threads = ThreadPoolExecutor(max_workers=count, thread_name_prefix=name)

    async def run(self, work: Callable[[Cutoff], T], timeout_s: float) -> T:
        """What `work` returns. Raises what it raises, and TimeoutError."""
        cutoff = Cutoff(timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work, cutoff)
        finally:
            cutoff.cut()

    def close(self) -> None:
        """Nothing more is begun. What runs ends by its cutoff."""
        self._threads.shutdown(wait=False, cancel_futures=True)
