"""HTTP/1.1 on one connection: aiohttp's parser, our own deadlines, limits and answers.

The parser is the C one behind `aiohttp.web`. Its server is not used: it knows no deadline for heads and bodies,
decompresses before a signature can be checked, logs each malformed request with a traceback, and costs about
half of the CPU of an accepted delivery (docs/decisions/0004-http-front.md has the figures).
"""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from functools import lru_cache
from typing import Protocol

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser, HttpVersion10, HttpVersion11, RawRequestMessage
from aiohttp.http_exceptions import LineTooLong
from aiohttp.streams import StreamReader

from sources.delivery import Headers, RawRequest, Rejected
from sources.ingest import Reply, too_large
from sources.route import decoded_path, raw_query
from sources.router import Router
from sources.service import Exchange, Service
from sources.wire import answer_bytes

_READ_BUFFER_BYTES = 262_144
_MAX_PIPELINED = 16
"""Requests of one connection that wait for their turn; more stay in the socket."""
_MAX_LINGER_BYTES = 16_777_216
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_NEVER = float("inf")

_Queued = tuple[RawRequestMessage, StreamReader] | Rejected


class Listener(Protocol):
    """What a connection needs of the port that accepted it."""

    router: Router
    service: Service

    def opened(self, connection: Connection) -> bool:
        """Register the connection; False = there are too many."""
        ...

    def closed(self, connection: Connection) -> None: ...


class Phase(enum.Enum):
    """What a connection waits for; each has a deadline of its own."""

    HEAD = "head"
    BODY = "body"
    BUSY = "busy"
    IDLE = "idle"
    LINGER = "linger"


class _BadPayload(Exception):
    """The parser met a malformed body (a bad chunk, a body that ends too early)."""


class _TooSlow(Exception):
    """The body did not arrive in time."""


class Connection(BaseProtocol):
    """One connection. `check_deadline` is called by the front a few times a second."""

    def __init__(self, listener: Listener, loop: asyncio.AbstractEventLoop) -> None:
        settings = listener.service.settings
        super().__init__(
            loop,
            HttpRequestParser(
                self,
                loop,
                _READ_BUFFER_BYTES,
                max_line_size=settings.max_line_bytes,
                max_field_size=settings.max_line_bytes,
                # Our own limits are lower and have an answer of their own (431); the parser's would be a 400.
                max_headers=_READ_BUFFER_BYTES,
                payload_exception=_BadPayload,
                auto_decompress=False,
                max_msg_queue_size=_MAX_PIPELINED,
            ),
        )
        self.task: asyncio.Task[None] | None = None
        self.peer = ""
        self._listener = listener
        self._service = listener.service
        self._settings = settings
        self._queue: deque[_Queued] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._payload: StreamReader | None = None
        """The body of the request that is being answered."""
        self._arriving: StreamReader | None = None
        """The body of the request whose head came last: until its end nothing that comes is part of a head."""
        self._phase = Phase.HEAD
        self._deadline = 0.0
        self._head_bytes = 0
        self._linger_bytes = 0
        self._is_broken = False
        """Nothing more is parsed: the stream is out of step."""
        self._closes = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peername = transport.get_extra_info("peername")
        self.peer = str(peername[0]) if peername else ""
        self._enter(Phase.HEAD, self._settings.head_timeout_s)
        if not self._listener.opened(self):
            self._is_broken = True
            self._reply_and_close(
                Rejected(503, "connections", "Too many connections", headers={"Retry-After": "1"})
            )

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._closes = True
        self._listener.closed(self)
        if self._arriving is not None and not self._arriving.is_eof():
            self._arriving.set_exception(ConnectionResetError("the sender went away"))
        self._wake()

    def data_received(self, data: bytes) -> None:
        if self._phase is Phase.LINGER:
            self._linger_bytes += len(data)
            if self._linger_bytes > _MAX_LINGER_BYTES:
                self.abort()
            return
        if self._is_broken or self.transport is None:
            return
        assert self._parser is not None  # noqa: S101  # set in __init__, cleared by nobody
        is_body = self._arriving is not None and not self._arriving.is_eof()
        try:
            messages, is_upgraded, _tail = self._parser.feed_data(data)
        except Exception as error:  # noqa: BLE001  # whatever the parser says: this stream is out of step
            self._broken(error)
            return
        if is_upgraded:
            self._broken(None)
        elif messages:
            self._head_bytes = 0
            self._arriving = messages[-1][1]
            self._queue.extend(messages)
            self._start()
        elif data and not is_body:
            self._part_of_head(len(data))

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002  # aiohttp's signature
        # The parser's streams ask for this after every read, paused or not.
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def _part_of_head(self, size_bytes: int) -> None:
        self._head_bytes += size_bytes
        if self._head_bytes > self._settings.max_head_bytes:
            self._broken(LineTooLong(b"", self._settings.max_head_bytes))
        elif self._phase is Phase.IDLE:
            self._enter(Phase.HEAD, self._settings.head_timeout_s)

    def _broken(self, error: Exception | None) -> None:
        self._is_broken = True
        if isinstance(error, LineTooLong):
            self._queue.append(_head_too_large())
        else:
            self._queue.append(_malformed())
        self._start()

    def _start(self) -> None:
        if self.task is None:
            self.task = self._loop.create_task(self._run(), name=f"connection:{self.peer}")
        else:
            self._wake()
        if len(self._queue) >= _MAX_PIPELINED and not self._buffer_paused:
            self._pause_reading_for_buffer()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def eof_received(self) -> bool:
        """The sender has sent all; what is being answered is answered, then the connection closes."""
        self._closes = True
        if self._arriving is not None and not self._arriving.is_eof():
            self._arriving.set_exception(_BadPayload("the body ended too early"))
        self._wake()
        return self.task is not None and not self.task.done()

    def drain(self) -> None:
        """Close after what is being answered, at once when there is nothing."""
        if self._phase is Phase.IDLE or (self._phase is Phase.HEAD and self._head_bytes == 0):
            self._closes = True
            self._close()

    def check_deadline(self, now_s: float) -> None:
        """Act on a deadline that has passed."""
        if now_s < self._deadline:
            return
        self._deadline = _NEVER
        if self._phase is Phase.BODY and self._payload is not None:
            self._payload.set_exception(_TooSlow())
        elif self._phase is Phase.HEAD and self._head_bytes:
            self._is_broken = True
            self._queue.append(Rejected(408, "slow-head", "Request timeout"))
            self._start()
        else:
            self.abort() if self._phase is Phase.LINGER else self._close()

    async def _run(self) -> None:
        """Answer the requests of the connection, one after the other."""
        try:
            while await self._next():
                queued = self._queue.popleft()
                self._enter(Phase.BUSY, _NEVER)
                if isinstance(queued, Rejected):
                    self._write(self._service.refuse(queued, self.peer), closes=True)
                    self._linger()
                    return
                if not await self._answer(*queued):
                    return
        finally:
            if self._phase is not Phase.LINGER:
                self._close()

    async def _next(self) -> bool:
        if self._buffer_paused and len(self._queue) < _MAX_PIPELINED // 2:
            self._resume_reading_for_buffer()
            self.data_received(b"")
        if self._queue:
            return True
        if self._closes:
            return False
        if self._head_bytes:
            self._enter(Phase.HEAD, self._settings.head_timeout_s)
        else:
            self._enter(Phase.IDLE, self._settings.idle_timeout_s)
        self._waiter = self._loop.create_future()
        await self._waiter
        self._waiter = None
        return bool(self._queue)

    async def _answer(self, message: RawRequestMessage, payload: StreamReader) -> bool:
        """Answer one request; False = the connection ends here."""
        self._payload = payload
        reply = await self._reply(message, payload)
        assert self._parser is not None  # noqa: S101  # set in __init__, cleared by nobody
        self._parser.message_consumed()
        is_read = payload.is_eof()
        closes = (
            message.should_close
            or (self._closes and not self._queue)
            or self.transport is None
            or not is_read
            or 400 <= reply.status < 500
            or "Connection" in reply.headers
            or self._service.is_draining
        )
        self._write(reply, closes=closes, has_body=message.method != "HEAD")
        if closes:
            if not is_read:
                self._linger()
            return False
        if self._paused:
            await self._drained()
        return True

    async def _drained(self) -> None:
        """Wait for a sender that does not read its answers, as long as for a body."""
        try:
            async with asyncio.timeout(self._settings.body_timeout_s):
                await self._drain_helper()
        except (TimeoutError, ConnectionError):
            self.abort()

    async def _reply(self, message: RawRequestMessage, payload: StreamReader) -> Reply:
        held: list[int] = []
        try:
            begun = self._begin(message)
            if isinstance(begun, Reply):
                return begun
            body = await self._body(begun, message, payload, held)
            return await self._service.serve(begun, body)
        except Rejected as rejected:
            return self._service.refuse(rejected, self.peer)
        except _TooSlow:
            return self._service.refuse(Rejected(408, "slow-body", "Request timeout"), self.peer)
        except (_BadPayload, ConnectionError):
            self._is_broken = True
            return self._service.refuse(_malformed(), self.peer)
        except Exception as error:  # noqa: BLE001  # a bug in one request must not end the connection silently
            return self._service.bug(error)
        finally:
            for size_bytes in held:
                self._service.release(size_bytes)

    def _begin(self, message: RawRequestMessage) -> Exchange | Reply:
        if message.version not in {HttpVersion11, HttpVersion10}:
            raise _malformed()
        if len(message.raw_headers) > self._settings.max_headers:
            raise _head_too_large()
        headers: dict[str, tuple[str, ...]] = {}
        size_bytes = 0
        for raw_name, raw_value in message.raw_headers:
            size_bytes += len(raw_name) + len(raw_value)
            name = _lower_name(raw_name)
            earlier = headers.get(name)
            value = raw_value.decode("utf-8", "surrogateescape")
            headers[name] = (value,) if earlier is None else (*earlier, value)
        if size_bytes > self._settings.max_head_bytes:
            raise _head_too_large()
        if message.chunked and [value.lower() for value in headers["transfer-encoding"]] != ["chunked"]:
            # Nobody would undo the other codings, and the bytes that were signed would not be there.
            raise _malformed()
        target = message.path
        if not target.startswith("/"):
            target = message.url.raw_path_qs or "/"
        head = RawRequest(
            method=message.method,
            path=decoded_path(target),
            query=raw_query(target),
            headers=headers,
            peer=self.peer,
        )
        return self._service.begin(self._listener.router, head, _declared_bytes(headers))

    async def _body(
        self, exchange: Exchange, message: RawRequestMessage, payload: StreamReader, held: list[int]
    ) -> bytes:
        limit = exchange.route.endpoint.max_body_bytes
        if payload.is_eof():
            body = payload.read_nowait(-1)
            self._hold(len(body), held)
            if len(body) > limit:
                raise too_large(exchange.route)
            return body
        declared = _declared_bytes(exchange.head.headers)
        self._hold(declared, held)
        if (
            exchange.head.headers.get("expect", ("",))[0].lower() == "100-continue"
            and self.transport is not None
        ):
            self.transport.write(_CONTINUE)
        self._enter(Phase.BODY, self._settings.body_timeout_s)
        parts: list[bytes] = []
        size_bytes = 0
        while not payload.at_eof():
            part = await payload.readany()
            size_bytes += len(part)
            if size_bytes > limit:
                raise too_large(exchange.route)
            if message.chunked:
                self._hold(len(part), held)
            parts.append(part)
        self._enter(Phase.BUSY, _NEVER)
        return b"".join(parts)

    def _hold(self, size_bytes: int, held: list[int]) -> None:
        self._service.hold(size_bytes)
        held.append(size_bytes)

    def _enter(self, phase: Phase, seconds: float) -> None:
        self._phase = phase
        self._deadline = _NEVER if seconds == _NEVER else self._loop.time() + seconds

    def _write(self, reply: Reply, *, closes: bool, has_body: bool = True) -> None:
        if self.transport is not None:
            self.transport.write(answer_bytes(reply, self._loop.time(), closes=closes, has_body=has_body))

    def _reply_and_close(self, rejected: Rejected) -> None:
        self._write(self._service.refuse(rejected, self.peer), closes=True)
        self._close()

    def _linger(self) -> None:
        """Say that we are done and read on for a while: a reset would take the answer from the sender."""
        if self.transport is None:
            return
        self._enter(Phase.LINGER, self._settings.linger_s)
        self._payload = None
        if self._reading_paused or self._buffer_paused:
            self._reading_paused = self._buffer_paused = False
            self._resume_transport_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """Cut the connection."""
        if self.transport is not None:
            self.transport.abort()


def _declared_bytes(headers: Headers) -> int:
    values = headers.get("content-length")
    return int(values[0]) if values else 0


@lru_cache(maxsize=512)
def _lower_name(raw: bytes) -> str:
    return raw.decode("latin-1").lower()


def _malformed() -> Rejected:
    return Rejected(400, "malformed", "Malformed request")


def _head_too_large() -> Rejected:
    return Rejected(431, "head-too-large", "Request header fields too large")
