"""Requests to a Kubernetes API server: plain bytes over one pooled HTTP client, errors as our own.

The generated clients parse every answer into models and copy every body; a create here costs one POST of
the bytes that were rendered. How to log in comes from `kube.py`, the only user of the client library.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import orjson

from events.errors import KikkakeError
from events.ports import KubeError, KubeInDoubt, KubeNotSent, Object, Objects
from kikkake.kube_discovery import Discovery
from kikkake.kube_tokens import AccountTokens

_CONNECTIONS = 64
"""Open connections at most: one act loop runs 128 attempts, and an API server answers a create in ~5 ms."""
_CONNECT_TIMEOUT_S = 10.0
_PAGE = 500
"""Objects per page of a list, as kubectl has it."""
_LARGE_BODY_BYTES = 1_048_576
_MAX_WATCH_LINE_BYTES = 8_388_608
"""An object is at most 1.5 MiB in etcd; its JSON in a watch line stays well below this."""
_MAX_RETRY_AFTER_S = 3600.0
_WATCH_TIMEOUT_S = 300
_JSON = "application/json"
_MERGE_PATCH = "application/merge-patch+json"


_NOT_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientProxyConnectionError,
    aiohttp.ClientHttpProxyError,
)
"""Errors before a byte of the request went out: refused, DNS, TLS, or a proxy that would not connect."""


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


class KubeClient:
    """The port `events.ports.Kube` over HTTP. Close it after the last call."""

    def __init__(self, login: Login, *, timeout_s: float = 30.0) -> None:
        """`timeout_s` bounds every call except `watch`; half of the API server's own 60 s."""
        self._login = login
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._discovery = Discovery(self._get_path)
        self._tokens = AccountTokens(self._post_token)
        self._renewing = asyncio.Lock()

    async def get(
        self, api_version: str, kind: str, namespace: str | None, name: str, *, account: str | None = None
    ) -> Object:
        """One object. Raises KubeError (404 too), KubeNotSent, KubeInDoubt, KindUnknown."""
        return await self._on_object("GET", api_version, kind, namespace, name, account=account)

    async def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        *,
        labels: str = "",
        account: str | None = None,
    ) -> list[Object]:
        """All objects of a kind, in pages; `namespace` None means all namespaces."""
        items, _version = await self.snapshot(api_version, kind, namespace, labels=labels, account=account)
        return items

    async def snapshot(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        *,
        labels: str = "",
        fields: str = "",
        account: str | None = None,
    ) -> tuple[Objects, str]:
        """All objects of a kind, in pages, and the resourceVersion from which a watch goes on.

        A page that comes too late (410: its snapshot is compacted) begins the list anew, once.
        """
        resource = await self._discovery.find(api_version, kind)
        selectors = {"labelSelector": labels, "fieldSelector": fields}
        query = {"limit": str(_PAGE), **{name: text for name, text in selectors.items() if text}}
        try:
            return await self._pages(resource.collection(namespace), query, account)
        except KubeError as error:
            if error.status != 410:
                raise
            return await self._pages(resource.collection(namespace), query, account)

    async def _pages(self, path: str, query: dict[str, str], account: str | None) -> tuple[Objects, str]:
        items: Objects = []
        following = ""
        while True:
            more = {"continue": following} if following else {}
            page = await self._request("GET", f"{path}?{urlencode({**query, **more})}", account=account)
            items += page.get("items") or []
            metadata = page.get("metadata") or {}
            following = metadata.get("continue") or ""
            if not following:
                return items, str(metadata.get("resourceVersion") or "")

    async def create(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        body: bytes,
        *,
        dry_run: bool = False,
        account: str | None = None,
    ) -> Object:
        """POST `body` as it is; `namespace` is left out of the path of a cluster-scoped kind."""
        resource = await self._discovery.find(api_version, kind)
        path = resource.collection(namespace) + _query(dry_run=dry_run)
        try:
            return await self._request("POST", path, body, content_type=_JSON, account=account)
        except KubeError as error:
            await self._discovery.doubt(api_version, kind, error)
            raise

    async def update(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        name: str,
        body: bytes,
        *,
        dry_run: bool = False,
        account: str | None = None,
    ) -> Object:
        """PUT one object; with its `resourceVersion` in `body` only if it is still the newest (else 409)."""
        return await self._on_object(
            "PUT",
            api_version,
            kind,
            namespace,
            name,
            body,
            content_type=_JSON,
            query=_query(dry_run=dry_run),
            account=account,
        )

    async def patch(  # noqa: PLR0913 - what the API has
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        name: str,
        body: bytes,
        *,
        content_type: str,
        field_manager: str = "",
        force: bool = False,
        dry_run: bool = False,
        account: str | None = None,
    ) -> Object:
        """PATCH one object with `body` as it is."""
        return await self._on_object(
            "PATCH",
            api_version,
            kind,
            namespace,
            name,
            body,
            content_type=content_type,
            query=_query(dry_run=dry_run, field_manager=field_manager, force=force),
            account=account,
        )

    async def patch_status(
        self, api_version: str, kind: str, namespace: str | None, name: str, body: bytes
    ) -> Object:
        """Merge `body` into the object through its status subresource."""
        resource = await self._discovery.find(api_version, kind)
        path = f"{resource.collection(namespace)}/{quote(name, safe='')}/status"
        return await self._request("PATCH", path, body, content_type=_MERGE_PATCH)

    async def delete(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        dry_run: bool = False,
        account: str | None = None,
    ) -> None:
        """DELETE one object in the background; with `uid` only if it is still that one."""
        options: dict[str, Any] = {"propagationPolicy": "Background"}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        if dry_run:
            # Of a delete with a body the query is not looked at.
            options["dryRun"] = ["All"]
        body = orjson.dumps(options)
        await self._on_object(
            "DELETE", api_version, kind, namespace, name, body, content_type=_JSON, account=account
        )

    async def watch(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        *,
        resource_version: str,
        fields: str = "",
        account: str | None = None,
    ) -> AsyncIterator[tuple[str, Object]]:
        """Changes after `resource_version` as (ADDED | MODIFIED | DELETED | BOOKMARK, object).

        Ends when the server ends it (after some minutes); watch again from the newest resourceVersion seen.
        A version that is too old raises KubeError with status 410.
        """
        resource = await self._discovery.find(api_version, kind)
        query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": resource_version}
        query["timeoutSeconds"] = str(_WATCH_TIMEOUT_S)
        if fields:
            query["fieldSelector"] = fields
        path = f"{resource.collection(namespace)}?{urlencode(query)}"
        headers = await self._headers(None, account)
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=_WATCH_TIMEOUT_S + 30
        )
        with _as_ours():
            async with self._open("GET", path, None, headers, timeout) as response:
                if response.status == 401:
                    await self._renew(headers.get("Authorization"), account)
                if response.status >= 300:
                    raise _error(response, await response.read())
                connection = response.connection
                transport = connection.transport if connection is not None else None
                try:
                    async for line in response.content:
                        event = orjson.loads(line)
                        if event["type"] == "ERROR":
                            raise _status_error(
                                int(event["object"].get("code") or 500), event["object"], None
                            )
                        yield event["type"], event["object"]
                finally:
                    if transport is not None:
                        # A watch is left in the middle of its answer: there is nothing to wait for.
                        transport.abort()

    async def is_namespaced(self, api_version: str, kind: str) -> bool:
        """By discovery, cached. Raises KindUnknown."""
        return (await self._discovery.find(api_version, kind)).is_namespaced

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _on_object(  # noqa: PLR0913 - the port has these
        self,
        method: str,
        api_version: str,
        kind: str,
        namespace: str | None,
        name: str,
        body: bytes | None = None,
        *,
        content_type: str | None = None,
        query: str = "",
        account: str | None = None,
    ) -> Object:
        resource = await self._discovery.find(api_version, kind)
        path = f"{resource.collection(namespace)}/{quote(name, safe='')}{query}"
        return await self._request(method, path, body, content_type=content_type, account=account)

    async def _get_path(self, path: str) -> Object:
        return await self._request("GET", path)

    async def _post_token(self, path: str, body: bytes) -> Object:
        return await self._request("POST", path, body, content_type=_JSON)

    async def _request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        content_type: str | None = None,
        account: str | None = None,
    ) -> Object:
        headers = await self._headers(content_type, account)
        status, response_headers, answer = await self._exchange(method, path, body, headers)
        if status == 401:
            # A token may have ended early (rotation, clock): once with a new one, then it is an answer.
            await self._renew(headers.get("Authorization"), account)
            headers = await self._headers(content_type, account)
            status, response_headers, answer = await self._exchange(method, path, body, headers)
        if status >= 300:
            raise _answer_error(status, answer, response_headers.get("Retry-After"))
        return _object(answer)

    async def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, Any, bytes]:
        timeout = aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=_CONNECT_TIMEOUT_S)
        with _as_ours():
            async with self._open(method, path, body, headers, timeout) as response:
                connection = response.connection
                transport = connection.transport if connection is not None else None
                answer = await response.read()
                if response.status >= 300 and transport is not None and transport.get_write_buffer_size():
                    # Refused while the body was still on its way: nobody will read the rest of it.
                    transport.abort()
                return response.status, response.headers, answer

    def _open(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        timeout: aiohttp.ClientTimeout,
    ) -> Any:
        return self._opened().request(
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

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            tls: ssl.SSLContext | bool = True if self._login.tls is None else self._login.tls
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=_CONNECTIONS,
                    ssl=tls,
                    # A connection that was given up waits for the other side's goodbye: not beyond our `close`.
                    enable_cleanup_closed=aiohttp.connector.NEEDS_CLEANUP_CLOSED,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                read_bufsize=_MAX_WATCH_LINE_BYTES,
            )
        return self._session

    async def _headers(self, content_type: str | None, account: str | None) -> dict[str, str]:
        headers = {"Accept": _JSON, "User-Agent": "kikkake"}
        if content_type is not None:
            headers["Content-Type"] = content_type
        if account is None:
            authorization = await self._authorization()
        else:
            authorization = f"Bearer {await self._tokens.token(account)}"
        if authorization:
            headers["Authorization"] = authorization
        return headers

    async def _renew(self, refused: str | None, account: str | None) -> None:
        if account is not None:
            self._tokens.forget(account)
            return
        async with self._renewing:
            # Many requests meet the same 401: the first one renews for all.
            if await self._authorization() == refused:
                with _as_not_sent():
                    await self._login.renew()

    async def _authorization(self) -> str | None:
        with _as_not_sent():
            return await self._login.authorization()


def _query(*, dry_run: bool = False, field_manager: str = "", force: bool = False) -> str:
    """The part of a URL behind the path; empty where there is nothing to say."""
    options = {
        "dryRun": "All" if dry_run else "",
        "fieldManager": field_manager,
        "force": "true" if force else "",
    }
    given = {name: value for name, value in options.items() if value}
    return f"?{urlencode(given)}" if given else ""


@contextlib.contextmanager
def _as_ours() -> Any:
    """Errors of the HTTP client as ours: what was never sent, and what nobody knows."""
    try:
        yield
    except _NOT_CONNECTED as error:
        raise KubeNotSent(f"the API server cannot be reached: {_cause(error)}") from error
    except aiohttp.ConnectionTimeoutError as error:
        raise KubeNotSent("the API server cannot be reached: no connection in time") from error
    except TimeoutError as error:
        raise KubeInDoubt("the API server gave no answer in time") from error
    except (aiohttp.ClientError, OSError) as error:
        raise KubeInDoubt(f"the connection to the API server broke: {type(error).__name__}") from error


@contextlib.contextmanager
def _as_not_sent() -> Any:
    """A kubeconfig, exec plugin or token file that fails while the process runs: it may be mended meanwhile."""
    try:
        yield
    except (KikkakeError, OSError) as error:
        raise KubeNotSent(f"no credentials for the API server: {error}") from error


def _cause(error: aiohttp.ClientError) -> str:
    """What a person needs to know of a failed connection; never a header, the messages here hold only addresses."""
    return str(error)[:300]


def _object(answer: bytes) -> Object:
    try:
        value = orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise KubeInDoubt("the API server's answer is not JSON: is there a proxy in between?") from error
    if not isinstance(value, dict):
        raise KubeInDoubt("the API server's answer is not an object")
    return value


def _error(response: aiohttp.ClientResponse, answer: bytes) -> KikkakeError:
    return _answer_error(response.status, answer, response.headers.get("Retry-After"))


def _answer_error(status: int, answer: bytes, retry_after: str | None) -> KubeError:
    try:
        value = orjson.loads(answer)
    except orjson.JSONDecodeError:
        value = None
    body = value if isinstance(value, dict) else {}
    return _status_error(status, body, retry_after)


def _status_error(status: int, body: dict[str, Any], retry_after: str | None) -> KubeError:
    """A `Status` object as our error; its message and causes are the API's own words."""
    details = body.get("details")
    details = details if isinstance(details, dict) else {}
    causes = tuple(
        f"{cause.get('field', '')}: {cause.get('message', '')} ({cause.get('reason', '')})"
        for cause in details.get("causes") or ()
        if isinstance(cause, dict)
    )
    seconds = retry_after if retry_after and retry_after.isdecimal() else details.get("retryAfterSeconds")
    return KubeError(
        status,
        str(body.get("reason") or ""),
        str(body.get("message") or ""),
        retry_after_s=min(float(seconds), _MAX_RETRY_AFTER_S) if seconds else None,
        causes=causes,
    )
