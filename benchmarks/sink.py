"""Where HTTP triggers arrive: answers 200 at once and notes when each bench id came."""

from __future__ import annotations

import asyncio
import re
import time
from typing import cast

from benchmarks.load import BENCH_ID

_ID = re.compile(rb'"' + BENCH_ID.encode() + rb'"\s*:\s*"(b-\d+)"')
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Sink:
    """Arrival times by bench id, from the clock that the load uses too."""

    def __init__(self) -> None:
        self.arrived: dict[bytes, float] = {}
        self.count = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._wanted = 0
        self._reached = asyncio.Event()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _SinkConnection(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def note(self, request: bytes) -> None:
        now = time.perf_counter()
        self.count += 1
        found = _ID.search(request)
        if found:
            self.arrived.setdefault(found[1], now)
        if len(self.arrived) >= self._wanted:
            self._reached.set()

    async def wait_for(self, different: int, timeout_s: float) -> None:
        """Return when that many different ids have come."""
        self._wanted = different
        self._reached.clear()
        if len(self.arrived) >= different:
            return
        async with asyncio.timeout(timeout_s):
            await self._reached.wait()

    def reset(self) -> None:
        self.arrived.clear()
        self.count = 0

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()


class _SinkConnection(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Under uvloop a transport is not an instance of asyncio's class, but it is one.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head_end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:head_end]).lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            end = head_end + 4 + length
            if len(self._buffer) < end:
                return
            self._sink.note(bytes(self._buffer[:end]))
            del self._buffer[:end]
            assert self._transport is not None
            self._transport.write(_ANSWER)
