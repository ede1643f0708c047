"""Requests to a Kubernetes API server by verb and kind: the port `events.ports.Kube`.

A create costs one POST of the bytes that were rendered; discovery finds the path of a kind, once.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from events.ports import KubeError, Object, Objects
from kikkake.kube_discovery import Discovery, ResourceType
from kikkake.kube_http import JSON, KubeHttp, Login

_PAGE = 500
"""Objects per page of a list, as kubectl has it."""
_WATCH_TIMEOUT_S = 300
_MERGE_PATCH = "application/merge-patch+json"


class KubeClient:
    """The port `events.ports.Kube` over HTTP. Close it after the last call."""

    def __init__(self, login: Login, *, timeout_s: float = 30.0, impersonates: bool = False) -> None:
        """`timeout_s` bounds every call except `watch`; half of the API server's own 60 s."""
        self._http = KubeHttp(login, timeout_s=timeout_s, impersonates=impersonates)
        self._discovery = Discovery(lambda path: self._http.request("GET", path))

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
        async with self._doubting(api_version, kind):
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
            page = await self._http.request("GET", f"{path}?{urlencode({**query, **more})}", account=account)
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
        async with self._doubting(api_version, kind):
            return await self._http.request("POST", path, body, content_type=JSON, account=account)

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
            content_type=JSON,
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
        async with self._doubting(api_version, kind):
            return await self._http.request("PATCH", path, body, content_type=_MERGE_PATCH)

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
            "DELETE", api_version, kind, namespace, name, body, content_type=JSON, account=account
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
        events = self._http.stream(path, idle_s=_WATCH_TIMEOUT_S + 30, account=account)
        async with self._doubting(api_version, kind), contextlib.aclosing(events):
            async for event in events:
                yield event

    async def resource_of(self, api_version: str, kind: str) -> ResourceType:
        """How the API server names a kind, by discovery, cached. Raises KindUnknown, and what its answer raises."""
        return await self._discovery.find(api_version, kind)

    async def is_namespaced(self, api_version: str, kind: str) -> bool:
        """By discovery, cached. Raises KindUnknown."""
        return (await self._discovery.find(api_version, kind)).is_namespaced

    def wait_with_changes(self, turn: Callable[[], Awaitable[None]]) -> None:
        """From now on each change that is made as an account waits for `turn`: its attempt may have begun long ago."""
        self._http.turn = turn

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

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
        async with self._doubting(api_version, kind):
            return await self._http.request(method, path, body, content_type=content_type, account=account)

    @contextlib.asynccontextmanager
    async def _doubting(self, api_version: str, kind: str) -> AsyncIterator[None]:
        """Raises KindUnknown where an answer says that the kind is gone, and the API server knows it no more."""
        try:
            yield
        except KubeError as error:
            await self._discovery.doubt(api_version, kind, error)
            raise


def _query(*, dry_run: bool = False, field_manager: str = "", force: bool = False) -> str:
    """The part of a URL behind the path; empty where there is nothing to say."""
    options = {
        "dryRun": "All" if dry_run else "",
        "fieldManager": field_manager,
        "force": "true" if force else "",
    }
    given = {name: value for name, value in options.items() if value}
    return f"?{urlencode(given)}" if given else ""
