"""All objects of one kind as they are now: listed once, then watched, for as long as the process lives.

A watch that ends goes on from the newest version seen (bookmarks keep it new); one whose version is too old (410),
and every `resync_s`, lists again, and what vanished meanwhile is told as gone. The API server may be away for as
long as it likes: the newest known state stays in force, and it is asked again with growing pauses.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from events.clock import US_PER_S, Clock
from events.log import Logger
from events.ports import KindUnknown, Kube, KubeError, KubeInDoubt, KubeNotSent, Object

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 15.0
"""Of the pause before another try, with full jitter: the API server is back for everybody at the same moment."""
_MAX_RETRY_AFTER_S = 60.0
_SHORTEST_WATCH_S = 1.0
"""One that ends sooner, without a word, is no watch: something in between cuts it."""
_GONE = 410

log = Logger("informer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which objects: those of a kind, in one namespace or (None) in all, by a field or by labels where given."""

    api_version: str
    kind: str
    namespace: str | None = None

    @property
    def label(self) -> str:
        """For the log: `Sensor in all namespaces`."""
        return f"{self.kind} in {self.namespace or 'all namespaces'}"


Name = tuple[str, str]
"""Namespace (empty for cluster-scoped kinds) and name."""
Changed = Callable[[str, Name, Object | None], None]
"""Told of each change: kind, name, and the object as it is now; None = it is gone."""


class Informer:
    """Keeps up with one scope. `changed` is called on the loop, for every object once before `is_synced` is set."""

    def __init__(
        self,
        kube: Kube,
        clock: Clock,
        scope: Scope,
        changed: Changed,
        *,
        recovered: Callable[[], None] = lambda: None,
        resync_s: float = 3600.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.scope = scope
        self.label = scope.label
        self.is_synced = asyncio.Event()
        self.trouble = ""
        """Why the state may be old: the last failure, empty when all is well."""
        self._kube = kube
        self._clock = clock
        self._changed = changed
        self._recovered = recovered
        self._resync_s = resync_s
        self._chance = chance
        self._versions: dict[Name, str] = {}
        """resourceVersion of every object that was told."""
        self._newest = ""
        """Where the next watch begins; empty = list first."""
        self._is_fresh = False
        """Listed a moment ago and nothing heard since: a 410 then is no version that has grown old."""
        self._listed_us = 0
        self._failures = 0

    async def run(self) -> None:
        """For ever; whatever the API server answers is tried again."""
        while True:
            try:
                await self._follow()
            except KubeError as error:
                if error.status == _GONE and self._newest:
                    self._newest = ""
                    if not self._is_fresh:
                        continue
                await self._pause(error, error.retry_after_s)
            except (KubeNotSent, KubeInDoubt, KindUnknown) as error:
                await self._pause(error, None)

    async def _follow(self) -> None:
        """One list where it is due, then one watch to its end."""
        scope = self.scope
        now_us = self._clock.now_us()
        self._is_fresh = False
        # Spread, so that not every kind is listed in the same second.
        resync_us = round(self._resync_s * (0.9 + 0.2 * self._chance()) * US_PER_S)
        if not self._newest or now_us - self._listed_us >= resync_us:
            items, self._newest = await self._kube.snapshot(scope.api_version, scope.kind, scope.namespace)
            self._listed_us = now_us
            self._take_all(items)
            self._is_fresh = True
        began_us, has_heard = now_us, False
        async for word, found in self._kube.watch(
            scope.api_version, scope.kind, scope.namespace, resource_version=self._newest
        ):
            self._newest = str(found.get("metadata", {}).get("resourceVersion") or self._newest)
            has_heard, self._is_fresh = True, False
            self._well()
            if word == "DELETED":
                self._forget(_name(found))
            elif word != "BOOKMARK":
                self._take(found)
        if not has_heard and self._clock.now_us() - began_us < _SHORTEST_WATCH_S * US_PER_S:
            raise KubeNotSent("a watch ended as soon as it had begun")
        self._well()

    def _take_all(self, items: list[Object]) -> None:
        present = set()
        for found in items:
            present.add(_name(found))
            self._take(found)
        for name in [name for name in self._versions if name not in present]:
            self._forget(name)
        self.is_synced.set()

    def _take(self, found: Object) -> None:
        name, version = _name(found), str(found.get("metadata", {}).get("resourceVersion") or "")
        if self._versions.get(name) != version:
            self._versions[name] = version
            self._changed(self.scope.kind, name, found)

    def _forget(self, name: Name) -> None:
        if self._versions.pop(name, None) is not None:
            self._changed(self.scope.kind, name, None)

    def _well(self) -> None:
        if self.trouble:
            log.info("informer.recovered", scope=self.scope.label)
            self._recovered()
        self.trouble = ""
        self._failures = 0

    async def _pause(self, error: Exception, retry_after_s: float | None) -> None:
        longest_s = min(_FIRST_PAUSE_S * 2.0 ** min(self._failures, 16), _LONGEST_PAUSE_S)
        pause_s = longest_s * self._chance()
        if retry_after_s is not None:
            pause_s += min(retry_after_s, _MAX_RETRY_AFTER_S)
        self._failures += 1
        if str(error) != self.trouble:
            log.warning("informer.interrupted", scope=self.scope.label, detail=str(error)[:300])
        self.trouble = str(error)
        await self._clock.sleep(pause_s)


def _name(found: Object) -> Name:
    metadata = found.get("metadata") or {}
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
