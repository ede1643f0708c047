"""The way to a Kubernetes API server: one pooled HTTP client, and who asks.

Plain bytes go in and out: the generated clients parse every answer into models and copy every body. How to log in comes
from `kube.py`, the only user of the client library. A request is made with the caller's own identity, or as a
ServiceAccount: with a token that is asked for in its name, or by impersonation.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from multidict import CIMultiDict

from events.ports import KubeError, KubeInDoubt, Object
from kikkake.kube_errors import answer_error, as_not_sent, as_ours, read_object, status_error
from kikkake.kube_tokens import AccountTokens, impersonation_refusal, split_account

_CONNECTIONS = 64
"""Open connections at most: one act loop runs 128 attempts, and an API server answers a create in ~5 ms."""
_CONNECT_TIMEOUT_S = 10.0
_LARGE_BODY_BYTES = 1_048_576
_MAX_WATCH_LINE_BYTES = 8_388_608
"""An object is at most 1.5 MiB in etcd; its JSON in a watch line stays well below this."""
JSON = "application/json"

Headers = CIMultiDict[str]


@dataclass(frozen=True, slots=True)
class Login:
    """Where the API server is and how to prove who asks."""

    url: str
    tls: ssl.SSLContext | None
    server_name: str | None
    """The name in its certificate where that is not the host of `url`."""
    proxy: str | None
    authorization: Callable[[], Awaitable[str | None]]
    """The value of the header for the next request; renews itself when it knows that it has to."""
    renew: Callable[[], Awaitable[None]]
    """Called after a 401: get a new token from where tokens come from."""


class KubeHttp:
    """Requests to one API server. Close it after the last one."""

    def __init__(self, login: Login, *, timeout_s: float, impersonates: bool = False) -> None:
        """`timeout_s` bounds every request but streams; `impersonates`: act as accounts without asking for tokens."""
        self._login = login
        self._timeout_s = timeout_s
        self._impersonates = impersonates
        self._session: aiohttp.ClientSession | None = None
        self._streams: aiohttp.ClientSession | None = None
        self._tokens = AccountTokens(self._post_token)
        self._renewing = asyncio.Lock()
        self.turn: Callable[[], Awaitable[None]] | None = None
        """Awaited before each change that is made as an account."""

    async def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        content_type: str | None = None,
        account: str | None = None,
    ) -> Object:
        """The object that is answered. Raises KubeError, KubeNotSent, KubeInDoubt, and what `turn` raises."""
        if self.turn is not None and account is not None and method != "GET":
            await self.turn()
        headers = await self._headers(content_type, account)
        status, response_headers, answer = await self._exchange(method, path, body, headers)
        if status == 401:
            # A token may have ended early (rotation, clock): once with a new one, then it is an answer.
            await self._renew(headers.get("Authorization"), account)
            headers = await self._headers(content_type, account)
            status, response_headers, answer = await self._exchange(method, path, body, headers)
        if status >= 300:
            raise self._refusal(answer_error(status, answer, response_headers.get("Retry-After")), account)
        return read_object(answer)

    async def stream(
        self, path: str, *, idle_s: float, account: str | None = None
    ) -> AsyncGenerator[tuple[str, Object], None]:
        """The events of a watch, line by line, to its end; `idle_s` without one is the end of the connection."""
        headers = await self._headers(None, account)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=idle_s)
        with as_ours():
            async with self._open(self._streaming(), "GET", path, None, headers, timeout) as response:
                if response.status == 401:
                    await self._renew(headers.get("Authorization"), account)
                if response.status >= 300:
                    error = answer_error(
                        response.status, await response.read(), response.headers.get("Retry-After")
                    )
                    raise self._refusal(error, account)
                connection = response.connection
                transport = connection.transport if connection is not None else None
                try:
                    async for line in response.content:
                        yield _watched(line)
                finally:
                    if transport is not None:
                        # A watch is left in the middle of its answer: there is nothing to wait for.
                        transport.abort()

    async def close(self) -> None:
        """Close the connections."""
        for session in (self._session, self._streams):
            if session is not None:
                await session.close()

    async def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Headers
    ) -> tuple[int, Any, bytes]:
        timeout = aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=_CONNECT_TIMEOUT_S)
        with as_ours():
            async with self._open(self._requesting(), method, path, body, headers, timeout) as response:
                connection = response.connection
                transport = connection.transport if connection is not None else None
                answer = await response.read()
                if response.status >= 300 and transport is not None and transport.get_write_buffer_size():
                    # Refused while the body was still on its way: nobody will read the rest of it.
                    transport.abort()
                return response.status, response.headers, answer

    def _open(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        body: bytes | None,
        headers: Headers,
        timeout: aiohttp.ClientTimeout,
    ) -> Any:
        return session.request(
            method,
            self._login.url + path,
            # In pieces where it is large, so that it holds the loop up for none of the others.
            data=body if body is None or len(body) < _LARGE_BODY_BYTES else io.BytesIO(body),
            headers=headers,
            timeout=timeout,
            proxy=self._login.proxy,
            server_hostname=self._login.server_name,
            allow_redirects=False,
        )

    def _requesting(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = self._make_session(_CONNECTIONS)
        return self._session

    def _streaming(self) -> aiohttp.ClientSession:
        """A pool of their own: a watch holds its connection for minutes, and requests must not wait for one."""
        if self._streams is None:
            self._streams = self._make_session(0)
        return self._streams

    def _make_session(self, connections: int) -> aiohttp.ClientSession:
        tls: ssl.SSLContext | bool = True if self._login.tls is None else self._login.tls
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=connections,
                ssl=tls,
                # A connection that was given up waits for the other side's goodbye: not beyond our `close`.
                enable_cleanup_closed=aiohttp.connector.NEEDS_CLEANUP_CLOSED,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            read_bufsize=_MAX_WATCH_LINE_BYTES,
        )

    async def _headers(self, content_type: str | None, account: str | None) -> Headers:
        headers = CIMultiDict({"Accept": JSON, "User-Agent": "kikkake"})
        if content_type is not None:
            headers["Content-Type"] = content_type
        if account is None or self._impersonates:
            authorization = await self._authorization()
        else:
            authorization = f"Bearer {await self._tokens.token(account)}"
        if authorization:
            headers["Authorization"] = authorization
        if account is not None and self._impersonates:
            _impersonate(headers, account)
        return headers

    def _refusal(self, error: KubeError, account: str | None) -> KubeError:
        if account is None or not self._impersonates:
            return error
        return impersonation_refusal(error, account)

    async def _renew(self, refused: str | None, account: str | None) -> None:
        if account is not None and not self._impersonates:
            self._tokens.forget(account, refused)
            return
        async with self._renewing:
            # Many requests meet the same 401: the first one renews for all.
            if await self._authorization() == refused:
                with as_not_sent():
                    await self._login.renew()

    async def _authorization(self) -> str | None:
        with as_not_sent():
            return await self._login.authorization()

    async def _post_token(self, path: str, body: bytes) -> Object:
        return await self.request("POST", path, body, content_type=JSON)


def _watched(line: bytes) -> tuple[str, Object]:
    """One event of a watch. Raises KubeError: it is an error; KubeInDoubt: the line was cut."""
    try:
        event = orjson.loads(line)
        word, found = str(event["type"]), event["object"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise KubeInDoubt("a watch was cut in the middle of a line") from error
    if not isinstance(found, dict):
        raise KubeInDoubt("a watch told of something that is no object")
    if word == "ERROR":
        raise status_error(int(found.get("code") or 500), found, None)
    return word, found


def _impersonate(headers: Headers, account: str) -> None:
    """The user of the account. Raises KubeError: an empty account is refused.

    The API server adds the three groups that a token of it would have. To name them would take the right to impersonate
    groups, which is of the whole cluster; so a RoleBinding in the team's namespace is enough.
    """
    namespace, name = split_account(account)
    headers["Impersonate-User"] = f"system:serviceaccount:{namespace}:{name}"
