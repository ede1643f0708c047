"""Asyncio servers of the tests beside a test that waits on child processes: their loop has a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

from tests.servers.http_sink import HttpSink
from tests.servers.kube import KubeServer
from tests.servers.proxy import FaultProxy

T = TypeVar("T")

_TIMEOUT_S = 60


class Background:
    """`run` has a coroutine done in the loop's thread and gives its result."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tests:background")
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_TIMEOUT_S)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextlib.contextmanager
    def proxy(self, server: KubeServer) -> Iterator[FaultProxy]:
        """A proxy before `server`; its plan may be changed from any thread."""
        proxy = FaultProxy(server)
        self.run(proxy.__aenter__())
        try:
            yield proxy
        finally:
            self.run(proxy.__aexit__())

    @contextlib.contextmanager
    def sink(self) -> Iterator[HttpSink]:
        """An HTTP receiver; what it received may be read from any thread."""
        sink = HttpSink()
        self.run(sink.open())
        try:
            yield sink
        finally:
            self.run(sink.close())
