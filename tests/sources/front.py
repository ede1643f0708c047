"""A front on loopback and a client that sends bytes as they are."""

import asyncio
import contextlib
import io
import json
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Self

from events import log
from events.clock import ManualClock
from events.metrics import Metrics
from sources.limits import ServerSettings
from sources.listening import plan_declared
from sources.server import Front
from sources.spec import EventSourceSpec
from tests.sources.support import NOW_US, FixedSecrets, RememberingBus


@dataclass
class Running:
    """A front with what it was given."""

    front: Front
    bus: RememberingBus
    secrets: FixedSecrets
    clock: ManualClock
    metrics: Metrics
    logged: io.StringIO = field(default_factory=io.StringIO)

    def port(self, declared: int = 12000) -> int:
        return self.front.addresses()[declared][1]

    def rejected(self, cause: str, source: str = "ci/in") -> float:
        found = self.metrics.registry.get_sample_value(
            "kikkake_ingest_rejected_total", {"event_source": source, "cause": cause}
        )
        return found or 0.0


@contextlib.asynccontextmanager
async def running(
    *specs: EventSourceSpec, bus: RememberingBus | None = None, **settings
) -> AsyncIterator[Running]:
    logged = io.StringIO()
    log.configure(level="DEBUG", stream=logged)
    ports = settings.pop("ports", {12000: 0, 12001: 0})
    plan = settings.pop("plan", plan_declared)
    bus = bus or RememberingBus()
    secrets, clock, metrics = FixedSecrets(), ManualClock(NOW_US), Metrics()
    front = Front(
        ServerSettings(host="127.0.0.1", ports=ports, **settings),
        bus.publish,
        secrets,
        clock,
        metrics,
        log.Logger("sources"),
        plan=plan,
    )
    try:
        assert await front.apply(specs) == []
        yield Running(front, bus, secrets, clock, metrics, logged)
    finally:
        await front.close()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)


class Client:
    """One connection; every read has a deadline."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, tls: ssl.SSLContext | None = None) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=tls))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await self.writer.wait_closed()

    async def send(self, wire: bytes) -> None:
        self.writer.write(wire)
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    async def answer(self) -> Answer:
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").rstrip().split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(first.split(" ")[1]), headers, body)

    async def ask(self, wire: bytes) -> Answer:
        await self.send(wire)
        return await self.answer()

    async def is_closed(self) -> bool:
        """Whether the front closes the connection without another byte."""
        try:
            async with asyncio.timeout(10):
                return await self.reader.read(1) == b""
        except ConnectionError:
            return True


async def until(is_true: Callable[[], bool]) -> None:
    """Wait until a condition holds; fails after ten seconds."""
    for _ in range(2000):
        if is_true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to that")


def request(
    path: str = "/e",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    *,
    method: str = "POST",
    version: str = "1.1",
) -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost"]
    given = {"Content-Length": str(len(body))} | (headers or {})
    lines += [f"{name}: {value}" for name, value in given.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def ask(port: int, wire: bytes, tls: ssl.SSLContext | None = None) -> Answer:
    """One request on a connection of its own."""
    async with await Client.connect(port, tls) as client:
        return await client.ask(wire)
