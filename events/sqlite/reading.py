"""The runners' way of reading: short questions on the loop's thread, the log on a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import apsw

from events.sqlite.topics import TopicNames

A = TypeVar("A")


class Reading:
    """Two connections that only read, one for each thread.

    Measured: the effects that are due take 30 us, less than to hand them to a thread; a batch of the log may
    take milliseconds and touch the disk.
    """

    def __init__(self, connection: apsw.Connection, beside: apsw.Connection) -> None:
        self.connection = connection
        self.names = TopicNames(connection)
        self._beside = beside
        self._beside_names = TopicNames(beside)
        self._thread = ThreadPoolExecutor(1, "bus-log")

    async def beside(self, ask: Callable[[apsw.Connection, TopicNames], A]) -> A:
        """Run `ask` with the other connection on the thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, ask, self._beside, self._beside_names)

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        self.connection.close()
        self._beside.close()
