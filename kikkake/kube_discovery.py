"""What kinds an API server has: plural names and scopes, asked once per apiVersion."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from events.ports import KindUnknown, KubeError, KubeInDoubt, KubeNotSent, Object

_API_VERSION = re.compile(r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?v[a-z0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One kind as it stands in a URL."""

    api_version: str
    plural: str
    is_namespaced: bool

    def collection(self, namespace: str | None) -> str:
        """The path of its objects in `namespace`; of all of them for None and for cluster-scoped kinds."""
        path = api_path(self.api_version)
        if namespace is not None and self.is_namespaced:
            path += f"/namespaces/{quote(namespace, safe='')}"
        return f"{path}/{self.plural}"


def api_path(api_version: str) -> str:
    """`v1` lives under /api, everything else under /apis.

    Raises KindUnknown: a text that is no GROUP/VERSION could lead anywhere, and is asked with our own identity.
    """
    if not _API_VERSION.fullmatch(api_version):
        raise KindUnknown(f"`{api_version[:64]}` is no apiVersion; write VERSION or GROUP/VERSION")
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


class Discovery:
    """Finds kinds and remembers them. An unknown kind is asked for again each time: its CRD may come later."""

    def __init__(self, get: Callable[[str], Awaitable[Object]]) -> None:
        self._get = get
        self._known: dict[str, dict[str, ResourceType]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def find(self, api_version: str, kind: str) -> ResourceType:
        """Raises KindUnknown, and what the API server's answer raises."""
        known = self._known.get(api_version)
        if known is None or kind not in known:
            known = await self._ask(api_version, known)
        try:
            return known[kind]
        except KeyError:
            raise KindUnknown(f"the API server has no kind {kind} in {api_version}") from None

    async def doubt(self, api_version: str, kind: str, error: KubeError) -> None:
        """After an error: forget the kind's apiVersion when the answer says that the resource itself is gone."""
        if error.is_of_kind:
            self._known.pop(api_version, None)
            await self.find(api_version, kind)

    async def _ask(self, api_version: str, seen: dict[str, ResourceType] | None) -> dict[str, ResourceType]:
        async with self._locks.setdefault(api_version, asyncio.Lock()):
            known = self._known.get(api_version)
            if known is not None and known is not seen:
                return known
            try:
                answer = await self._get(api_path(api_version))
            except KubeError as error:
                if error.status != 404:
                    raise
                raise KindUnknown(f"the API server has no apiVersion {api_version}") from error
            except KubeInDoubt as error:
                # Nothing is in doubt: only the question for kinds was sent.
                raise KubeNotSent(f"asking for the kinds of {api_version}: {error}") from error
            self._known[api_version] = _read(api_version, answer)
            return self._known[api_version]


def _read(api_version: str, answer: Object) -> dict[str, ResourceType]:
    return {
        str(entry["kind"]): ResourceType(api_version, str(entry["name"]), bool(entry.get("namespaced")))
        for entry in answer.get("resources") or ()
        # `pods/log` and the like are verbs of another kind.
        if "/" not in entry["name"]
    }
