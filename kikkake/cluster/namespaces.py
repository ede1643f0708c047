"""Namespaces that are named one by one: looked at by name, since the right to list all of them is not to be had.

A Role in a namespace can allow to get that namespace, and nothing can allow to watch it from inside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from events.clock import Clock
from events.log import Logger
from events.ports import KindUnknown, Kube, KubeError, KubeInDoubt, KubeNotSent, Object
from kikkake.cluster.informer import Changed
from kikkake.cluster.resources import NAMESPACE

_LOOK_S = 10.0
_RETRY_S = 2.0

log = Logger("informer")


class NamedNamespaces:
    """Tells of each of them as an informer would: now, and at every change that a look finds."""

    def __init__(self, kube: Kube, clock: Clock, names: Sequence[str], changed: Changed) -> None:
        self.is_synced = asyncio.Event()
        self.trouble = ""
        self.label = f"Namespaces {', '.join(names)}"
        self._kube = kube
        self._clock = clock
        self._names = names
        self._changed = changed
        self._versions: dict[str, str] = {}

    async def run(self) -> None:
        """For ever."""
        while True:
            self.trouble = ""
            for name in self._names:
                await self._look(name)
            if not self.trouble:
                self.is_synced.set()
            await self._clock.sleep(_RETRY_S if self.trouble else _LOOK_S)

    async def _look(self, name: str) -> None:
        try:
            found: Object | None = await self._kube.get("v1", NAMESPACE, None, name)
        except KubeError as error:
            if error.status != 404:
                self._fail(name, error)
                return
            found = None
        except (KubeNotSent, KubeInDoubt, KindUnknown) as error:
            self._fail(name, error)
            return
        version = str(((found or {}).get("metadata") or {}).get("resourceVersion") or "")
        if self._versions.get(name) != version:
            self._versions[name] = version
            self._changed(NAMESPACE, ("", name), found)

    def _fail(self, name: str, error: Exception) -> None:
        if not self.trouble:
            log.limited_warning(
                "informer.interrupted", (name,), scope=f"Namespace {name}", detail=str(error)[:300]
            )
        self.trouble = f"namespace {name}: {error}"
