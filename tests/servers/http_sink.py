"""An HTTP receiver that records what it is sent and answers as it is told."""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from tests.servers.http1 import Head, answer_bytes, read_body, read_head
from tests.servers.listener import Listener


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    head: Head
    body: bytes
    at_s: float
    """When it was complete, on the clock of `time.time`."""

    @property
    def method(self) -> str:
        return self.head.first_line[0]

    @property
    def target(self) -> str:
        """The path and the query, as sent."""
        return self.head.first_line[1]

    def header(self, name: str) -> str | None:
        return self.head.header(name)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, after `delay_s` seconds."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Hang:
    """The request is read and never answered."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The request is read, then the connection is cut."""


Behaviour = Reply | Hang | Cut


class HttpSink:
    """`async with HttpSink() as sink:` then send to `sink.url`.

    `answers` holds what the next requests get, in order of arrival; when it is empty they get `default`.
    `received` grows with each request, answered or not. `close` and `open` are an outage on the same port.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, default: Behaviour | None = None) -> None:
        self.received: list[Received] = []
        self.answers: deque[Behaviour] = deque()
        self.default: Behaviour = default or Reply()
        self._arrived = asyncio.Condition()
        self._scheme = "https" if tls else "http"
        self._listener = Listener(self._serve, tls)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    async def open(self) -> None:
        await self._listener.open()

    async def close(self) -> None:
        await self._listener.close()

    async def wait_for(self, count: int, *, timeout_s: float = 10) -> Sequence[Received]:
        """All requests so far, once there are at least `count`.

        Raises:
            TimeoutError: there were not so many within `timeout_s` seconds.
        """
        async with asyncio.timeout(timeout_s), self._arrived:
            await self._arrived.wait_for(lambda: len(self.received) >= count)
            return self.received

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (head := await read_head(reader)) is not None:
            if (head.header("expect") or "").lower() == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = b"".join([piece.data async for piece in read_body(reader, head)])
            behaviour = self.answers.popleft() if self.answers else self.default
            async with self._arrived:
                self.received.append(Received(head, body, time.time()))
                self._arrived.notify_all()
            if isinstance(behaviour, Cut):
                return
            if isinstance(behaviour, Hang):
                await reader.read()  # until the client gives up
                return
            await asyncio.sleep(behaviour.delay_s)
            writer.write(answer_bytes(behaviour.status, behaviour.headers, behaviour.body))
            await writer.drain()
