"""The client of HTTP triggers: one request, its redirects, a bounded answer; errors by what may have happened.

Redirects are followed here, since the library would carry credentials along: 5 hops, never to a weaker scheme, no
secret header to another host (design, section 5). Cookies are not kept, answers are read to 64 KiB and given back.
"""

from __future__ import annotations

import functools
import io
import socket
import ssl
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
from yarl import URL

from events.deadline import Deadlines
from events.errors import KikkakeError
from sensors.addresses import AddressPolicy
from sensors.http_wire import Wire, is_plain

MAX_ANSWER_BYTES = 65_536
"""Of an answer's body that are read; the rest is not worth our memory, and closes the connection."""
_MAX_HOPS = 5
_CONNECT_TIMEOUT_S = 10.0
_LARGE_BODY_BYTES = 1_048_576
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD = frozenset({307, 308})
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization", "www-authenticate"})
"""Headers that Go does not carry to another host either, however they were given."""
_OWN_HEADERS = frozenset({"Accept-Encoding", "Content-Type", "User-Agent"})
"""Ours to set or leave out: the library would add values of its own."""


class RequestNotSent(KikkakeError):
    """The request never reached the other side (refused, DNS, TLS): trying again is safe."""


class NoAnswer(KikkakeError):
    """The request was written and no answer came: it may or may not have taken effect."""


class AddressNotAllowed(KikkakeError):
    """The other side's address is refused by the operator's policy; nothing was sent."""


class UrlUnusable(KikkakeError):
    """No request can be sent to that URL, now or later (a host such as 127.1)."""


class RedirectRefused(KikkakeError):
    """The answer leads somewhere where the request must not go; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What goes over the wire. Header names are written as they are given, in that order."""

    method: str
    url: URL
    headers: tuple[tuple[str, str], ...]
    secret_headers: tuple[tuple[str, str], ...] = ()
    """Added to `headers`; they never go to another host."""
    body: bytes = b""
    tls: ssl.SSLContext | None = None
    """None: the system's roots, and the proxies of the environment as in Go."""
    max_answer_bytes: int = MAX_ANSWER_BYTES
    """How much of the answer's body is read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    retry_after: str | None
    body: bytes
    """At most `Request.max_answer_bytes`."""
    is_whole: bool = True
    """False: there is more, or it broke off."""


Exchange = Callable[[Request, float], Awaitable[tuple[Answer, str | None]]]
"""One request within so many seconds: the answer, and where it leads for a redirect. Raises as `HttpClient.send`."""

_REFUSED = "resolves to the refused address"

_NOT_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientProxyConnectionError,
    aiohttp.ClientHttpProxyError,
)
"""Errors before a byte of the request went out: refused, DNS, TLS, or a proxy that would not connect."""


@functools.lru_cache(maxsize=256)
def _connect_timeout(timeout_s: float) -> aiohttp.ClientTimeout:
    """For the connection alone: the whole exchange has the client's own deadline."""
    return aiohttp.ClientTimeout(total=None, sock_connect=min(_CONNECT_TIMEOUT_S, timeout_s))


class HttpClient:
    """Connections of one trigger; nothing is shared with others. Opened by the first request.

    With `exchange` it opens none: a twin of the outside answers each request. `addresses` restricts where it
    connects to; proxies are used only where it says so, since they hide the address.
    """

    def __init__(self, exchange: Exchange | None = None, addresses: AddressPolicy | None = None) -> None:
        self._exchange = exchange or self._once
        self._addresses = addresses
        self._uses_proxies = addresses is None or addresses.uses_proxies
        self._session: aiohttp.ClientSession | None = None
        self._wire: Wire | None = None
        self._proxies: dict[str, str] = {}
        self._deadlines = Deadlines()

    async def send(self, request: Request, *, timeout_s: float) -> Answer:
        """The answer after all redirects, within `timeout_s` seconds.

        Raises RequestNotSent, NoAnswer, RedirectRefused, AddressNotAllowed, UrlUnusable.
        """
        try:
            async with self._deadlines.within(timeout_s):
                return await self._follow(request, timeout_s)
        except aiohttp.ConnectionTimeoutError as error:
            raise RequestNotSent(f"{_host(request.url)}: no connection in time") from error
        except TimeoutError as error:
            raise NoAnswer(f"{_host(request.url)}: no answer within {timeout_s:g} s") from error

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _follow(self, request: Request, timeout_s: float) -> Answer:
        hops = 0
        while True:
            answer, location = await self._exchange(request, timeout_s)
            if answer.status not in _REDIRECTS or location is None:
                return answer
            hops += 1
            if hops > _MAX_HOPS:
                raise RedirectRefused(f"more than {_MAX_HOPS} redirects")
            request = _redirected(request, answer.status, location)

    async def _once(self, request: Request, timeout_s: float) -> tuple[Answer, str | None]:
        session = self._opened()
        proxy = self._proxy(request)
        try:
            if proxy is None and self._wire is not None and len(request.body) <= _LARGE_BODY_BYTES:
                headers = [*request.headers, *request.secret_headers]
                if is_plain(request.url, headers):
                    return await self._send_plain(self._wire, request, headers, timeout_s)
            return await self._send_with_session(session, request, proxy, timeout_s)
        except _NOT_CONNECTED as error:
            if _was_refused(error):
                raise AddressNotAllowed(f"{request.url.host} {_cause(error)}") from error
            raise RequestNotSent(f"{_host(request.url)} cannot be reached: {_cause(error)}") from error
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise UrlUnusable(f"http.url has no host that can be connected to: {request.url.host}") from error
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswer(f"{_host(request.url)}: the connection broke ({type(error).__name__})") from error

    @staticmethod
    async def _send_plain(
        wire: Wire, request: Request, headers: list[tuple[str, str]], timeout_s: float
    ) -> tuple[Answer, str | None]:
        message, body, is_whole = await wire.send(
            request.method,
            request.url,
            headers,
            request.body,
            tls=True if request.tls is None else request.tls,
            timeout=_connect_timeout(timeout_s),
            max_answer_bytes=request.max_answer_bytes,
        )
        answer = Answer(message.code, message.headers.get("Retry-After"), body, is_whole)
        return answer, message.headers.get("Location")

    @staticmethod
    async def _send_with_session(
        session: aiohttp.ClientSession, request: Request, proxy: str | None, timeout_s: float
    ) -> tuple[Answer, str | None]:
        body: bytes | io.BytesIO | None = request.body or None
        if len(request.body) > _LARGE_BODY_BYTES:
            body = io.BytesIO(request.body)  # in pieces, so that it holds up none of the others
        async with session.request(
            request.method,
            request.url,
            data=body,
            headers=[*request.headers, *request.secret_headers],
            skip_auto_headers=_OWN_HEADERS,
            allow_redirects=False,
            ssl=True if request.tls is None else request.tls,
            proxy=proxy,
            timeout=_connect_timeout(timeout_s),
        ) as response:
            connection = response.connection
            transport = connection.transport if connection is not None else None
            read, is_whole = await _read(response, request.max_answer_bytes)
            if response.status >= 300 and transport is not None and transport.get_write_buffer_size():
                # Answered while the body was still on its way: nobody will read the rest of it.
                transport.abort()
            answer = Answer(response.status, response.headers.get("Retry-After"), read, is_whole)
            return answer, response.headers.get("Location")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._proxies = urllib.request.getproxies() if self._uses_proxies else {}
            self._session = aiohttp.ClientSession(
                # How many run at once is the act loop's decision.
                connector=aiohttp.TCPConnector(
                    limit=0,
                    socket_factory=self._socket,
                    # A connection that was given up waits for the other side's goodbye: not beyond our `close`.
                    enable_cleanup_closed=aiohttp.connector.NEEDS_CLEANUP_CLOSED,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
            if self._session.connector is not None:
                self._wire = Wire(self._session.connector)
        return self._session

    def _socket(self, found: tuple[Any, ...]) -> socket.socket:
        """A socket for an address that was just resolved; what is connected to is what is judged."""
        family, kind, protocol, _name, address = found
        why = self._addresses.refusal(str(address[0])) if self._addresses is not None else ""
        if why:
            raise _AddressRefusedError(f"{_REFUSED} {address[0]} ({why})")
        return socket.socket(family, kind, protocol)

    def _proxy(self, request: Request) -> str | None:
        if not self._proxies or request.tls is not None:
            return None
        host = request.url.host or ""
        if urllib.request.proxy_bypass(host):
            return None
        return self._proxies.get(request.url.scheme)


async def _read(response: aiohttp.ClientResponse, most: int) -> tuple[bytes, bool]:
    """The body as far as it is kept, and whether that is all: one whose rest breaks is an answer all the same."""
    kept = bytearray()
    try:
        while len(kept) < most:
            piece = await response.content.read(most - len(kept))
            if not piece:
                return bytes(kept), True
            kept += piece
    except (aiohttp.ClientError, OSError):
        pass
    response.close()
    return bytes(kept), False


def _redirected(request: Request, status: int, location: str) -> Request:
    try:
        url = request.url.join(URL(location))
    except ValueError as error:
        raise RedirectRefused("its target is not a URL") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise RedirectRefused(f"its target has the scheme `{url.scheme[:16]}`")
    if request.url.scheme == "https" and url.scheme != "https":
        raise RedirectRefused(f"from https to http ({_host(url)})")
    moved = replace(request, url=url)
    if status not in _KEEPS_METHOD and request.method != "GET":
        moved = replace(moved, method="GET", body=b"")
    if _is_same_host(request.url, url):
        return moved
    kept = tuple(
        (name, value) for name, value in request.headers if name.lower() not in _CREDENTIALS | {"host"}
    )
    return replace(moved, url=url, headers=kept, secret_headers=())


def _is_same_host(old: URL, new: URL) -> bool:
    if old.host != new.host:
        return False
    is_upgrade = old.scheme == "http" and new.scheme == "https"
    return old.port == new.port or (is_upgrade and old.is_default_port() and new.is_default_port())


def _host(url: URL) -> str:
    """For messages: no path, no query, no user and password."""
    return f"{url.host}:{url.port}"


class _AddressRefusedError(OSError):
    """For the library, which tries the next address of a name after an OSError."""


def _was_refused(error: aiohttp.ClientError) -> bool:
    """Whether the policy refused every address of the name: an address that merely did not answer has an errno."""
    text = str(getattr(error, "os_error", ""))
    return _REFUSED in text and "[Errno" not in text


def _cause(error: aiohttp.ClientError) -> str:
    inner = getattr(error, "os_error", None) or error.__cause__
    return str(getattr(inner, "strerror", None) or inner or type(error).__name__)[:200]
