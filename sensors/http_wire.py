"""One plain request on a connection of aiohttp's pool, without its request and response objects.

Connections, names, TLS and the parser are the library's; only the head is written here, since every header is known
already. That costs 15 us where `ClientSession.request` costs 58 (docs/decisions/0005-http-client.md). What needs more
(a proxy, credentials in the URL, a large body) is left to the session: `is_plain` says so.
"""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp.client_reqrep import ClientRequest
from aiohttp.http import HttpProcessingError, RawResponseMessage
from aiohttp.streams import StreamReader
from yarl import URL

_MAX_TARGETS = 256
_OF_THE_CONNECTION = frozenset({"connection", "content-length", "expect", "transfer-encoding", "upgrade"})
_WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})
_BREAKS = frozenset("\r\n\0")


class Wire:
    """Requests over one connector. Errors are the library's: `aiohttp.ClientError` and OSError."""

    def __init__(self, connector: aiohttp.BaseConnector) -> None:
        self._connector = connector
        self._targets: dict[tuple[URL, int], ClientRequest] = {}

    async def send(
        self,
        method: str,
        url: URL,
        headers: list[tuple[str, str]],
        body: bytes,
        *,
        tls: object,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the library's settings of the connection
        max_answer_bytes: int,
    ) -> tuple[RawResponseMessage, bytes, bool]:
        """The answer's head, its body as far as `max_answer_bytes` go, and whether that is all. `tls` as aiohttp's."""
        try:
            connection = await self._connector.connect(self._target(url, tls), [], timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError("Connection timeout to host") from error
        protocol, transport = connection.protocol, connection.transport
        if protocol is None or transport is None:
            connection.close()
            raise aiohttp.ServerDisconnectedError
        try:
            protocol.set_response_params(read_until_eof=True, auto_decompress=False)
            transport.write(_head(method, url, headers, body) + body)
            message, payload = await protocol.read()
            while 100 <= message.code < 200 and message.code != 101:
                message, payload = await protocol.read()
            answer, is_whole = await _read(payload, max_answer_bytes)
            if message.code >= 300 and transport.get_write_buffer_size():
                # Answered while the body was still on its way: nobody will read the rest of it.
                transport.abort()
        except HttpProcessingError as error:
            connection.close()
            raise aiohttp.ClientPayloadError("the answer is not HTTP") from error
        except BaseException:
            connection.close()
            raise
        if is_whole and message.code != 101:
            connection.release()
        else:
            connection.close()
        return message, answer, is_whole

    def _target(self, url: URL, tls: object) -> ClientRequest:
        """What the pool needs to know of the other side; the same for every request there."""
        key = (url.origin(), id(tls))
        target = self._targets.get(key)
        # The context is held by the target, so that its id cannot be another's.
        if target is None:
            if len(self._targets) >= _MAX_TARGETS:
                self._targets.clear()
            loop = asyncio.get_running_loop()
            target = self._targets[key] = ClientRequest("GET", key[0], loop=loop, ssl=tls)  # type: ignore[arg-type] # as aiohttp's own `ssl`
        return target


def is_plain(url: URL, headers: list[tuple[str, str]]) -> bool:
    """Whether `Wire.send` may send it: no credentials in the URL, and no header that steers the connection."""
    return url.raw_user is None and not any(
        name.lower() in _OF_THE_CONNECTION or not _BREAKS.isdisjoint(value) for name, value in headers
    )


def _head(method: str, url: URL, headers: list[tuple[str, str]], body: bytes) -> bytes:
    names = {name.lower() for name, _ in headers}
    lines = [f"{method} {url.raw_path_qs or '/'} HTTP/1.1"]
    if "host" not in names:
        lines.append(f"Host: {url.host_port_subcomponent}")
    lines += [f"{name}: {value}" for name, value in headers]
    if "accept" not in names:
        lines.append("Accept: */*")
    if body or method in _WITH_LENGTH:
        lines.append(f"Content-Length: {len(body)}")
    lines += ["", ""]
    return "\r\n".join(lines).encode()


async def _read(payload: StreamReader, most: int) -> tuple[bytes, bool]:
    """The body as far as it is kept, and whether that is all. An answer whose rest breaks is an answer all the same."""
    kept = b""
    try:
        while not payload.at_eof():
            kept += await payload.read(most - len(kept))
            if len(kept) >= most:
                return kept, payload.at_eof()
    except (aiohttp.ClientError, OSError):
        return kept, False
    return kept, True
