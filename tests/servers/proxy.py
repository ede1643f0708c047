"""A proxy before the Kubernetes API that does what networks and busy servers do: lose, refuse, cut and delay.

It ends TLS with the certificate of the test run's own authority and passes requests on one by one, so that a
fault hits exactly one request. By default only requests that change something can be hit; an ailment decides of any.
"""

import asyncio
import random
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from tests.servers.http1 import Head, answer_bytes, read_body, read_head
from tests.servers.kube import KubeServer
from tests.servers.listener import Listener

_CONNECT_TIMEOUT_S = 10
_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """The server carries the request out; when it succeeded the client's connection is cut, else nothing happens."""


@dataclass(frozen=True, slots=True)
class CutBefore:
    """The client's connection is cut; the server never sees the request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The proxy answers itself, and the server never sees the request."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Delay:
    """The request is held for `seconds`, then carried out as usual."""

    seconds: float


Fault = LoseAnswer | CutBefore | Answer | Delay

Ailment = Callable[[str, str], Fault | None]
"""What a method and a target meet while it lasts; None = nothing."""
Hits = Callable[[str, str], bool]
"""Which methods and targets are meant."""


def too_many_requests(retry_after_s: int) -> Answer:
    """What an overloaded API server says."""
    return Answer(429, {"Retry-After": str(retry_after_s)})


@dataclass(slots=True)
class Counts:
    """What the proxy did so far, in requests."""

    forwarded: int = 0
    lost: int = 0
    cut: int = 0
    answered: int = 0
    delayed: int = 0


def changes_something(method: str, target: str) -> bool:
    """Whether a request may change the cluster."""
    return method in _CHANGES


class FaultProxy:
    """`async with FaultProxy(server, seed=7, lose_answers=0.01) as proxy:` then speak to `proxy.url`.

    `plan` holds faults for the next requests that can be hit, None for "leave this one alone"; when it is empty,
    `lose_answers` is the probability of losing an answer, drawn from `seed` in the order of the requests.
    Both, and `hits` and `ailment`, may be changed at any time. `port` 0 takes a free one.
    """

    def __init__(
        self,
        server: KubeServer,
        *,
        seed: int = 0,
        lose_answers: float = 0.0,
        hits: Hits = changes_something,
        port: int = 0,
    ) -> None:
        self.plan: deque[Fault | None] = deque()
        self.lose_answers = lose_answers
        self.hits = hits
        self.ailment: Ailment | None = None
        """Asked for every request before anything else."""
        self.counts = Counts()
        self.lost_targets: deque[str] = deque(maxlen=10_000)
        """Method and target of each request whose answer was lost."""
        self._underway: dict[asyncio.Task[None], tuple[str, str]] = {}
        """Method and target of what each connection is busy with."""
        self._random = random.Random(seed)
        self._upstream_port = server.port
        self._upstream_tls = ssl.create_default_context(cafile=str(server.ca_file))
        self._listener = Listener(self._serve, _server_tls(server))
        self._listener.port = port

    async def __aenter__(self) -> Self:
        await self._listener.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._listener.close()

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def refuse(self) -> None:
        """Cut all connections and refuse new ones until `accept`."""
        await self._listener.close()

    async def accept(self) -> None:
        """End a `refuse`; on the same port."""
        await self._listener.open()

    async def cut(self, hits: Hits) -> int:
        """Cut the connections that are busy with such a request, a watch for instance; how many there were."""
        meant = [task for task, request in self._underway.items() if hits(*request)]
        for task in meant:
            task.cancel()
        await asyncio.gather(*meant, return_exceptions=True)
        return len(meant)

    async def _serve(self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self._upstream_port, ssl=self._upstream_tls, limit=1 << 20
            )
        task = asyncio.current_task()
        assert task is not None
        try:
            while (request := await read_head(client_reader)) is not None:
                self._underway[task] = request.first_line[:2]
                body = b"".join([piece.wire async for piece in read_body(client_reader, request)])
                fault = self._fault_for(request)
                if isinstance(fault, CutBefore):
                    self.counts.cut += 1
                    return
                if isinstance(fault, Answer):
                    self.counts.answered += 1
                    client_writer.write(answer_bytes(fault.status, fault.headers, fault.body))
                    await client_writer.drain()
                    del self._underway[task]
                    continue
                if isinstance(fault, Delay):
                    self.counts.delayed += 1
                    await asyncio.sleep(fault.seconds)
                writer.write(request.wire + body)
                await writer.drain()
                lose = isinstance(fault, LoseAnswer)
                if not await self._pass_answer(reader, client_writer, request, lose=lose):
                    return
                del self._underway[task]
        finally:
            self._underway.pop(task, None)
            writer.transport.abort()

    def _fault_for(self, request: Head) -> Fault | None:
        method, target, _ = request.first_line
        if self.ailment is not None and (fault := self.ailment(method, target)) is not None:
            return fault
        if not self.hits(method, target):
            return None
        if self.plan:
            return self.plan.popleft()
        return LoseAnswer() if self._random.random() < self.lose_answers else None

    async def _pass_answer(
        self, reader: asyncio.StreamReader, client: asyncio.StreamWriter, request: Head, *, lose: bool
    ) -> bool:
        """Pass one answer on as it arrives; whether the connection can take another request."""
        method, target, _ = request.first_line
        while (answer := await read_head(reader)) is not None:
            status = int(answer.first_line[1])
            is_lost = lose and 200 <= status < 300
            if not is_lost:
                client.write(answer.wire)
            if 100 <= status < 200:
                continue
            if method != "HEAD" and status not in (204, 304):
                async for piece in read_body(reader, answer, until_close=True):
                    if not is_lost:
                        client.write(piece.wire)
                        await client.drain()
            self.counts.forwarded += 1
            if is_lost:
                self.counts.lost += 1
                self.lost_targets.append(f"{method} {target}")
                return False
            await client.drain()
            return not reader.at_eof()
        return False


def _server_tls(server: KubeServer) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(server.certificates.server, server.certificates.server_key)
    return tls
