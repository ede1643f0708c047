"""Resources from a cluster: what informers see, in the namespaces that are enabled, as a catalog.

Only what changed is read again, in a thread; a text that is refused leaves the last good one in force. While the API
server is away, what was known last stays in force, also over a restart: the store has the last good texts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from events.bus import BusUnavailable
from events.clock import US_PER_S, Clock
from events.errors import Finding, KikkakeError
from events.log import Logger
from events.ports import Kube, Object
from kikkake.catalog import Catalog, Entry, Key
from kikkake.cluster.informer import Informer, Name, Scope
from kikkake.cluster.namespaces import NamedNamespaces
from kikkake.cluster.reading import over_last_good, read_cluster_object
from kikkake.cluster.resources import (
    EVENT_BUS,
    KINDS,
    NAMESPACE,
    ClusterObject,
    is_labelled,
    is_never_served,
    read_object,
)
from kikkake.cluster.rivals import Rivals
from kikkake.feed import Force
from kikkake.files import RESOURCE_API
from kikkake.grants import Account, needs_by_account
from sensors.access import Needs

_READ_AT_ONCE = 25
"""Resources that one turn of a thread reads: some 50 ms, then the loop has its turn."""
_FIRST_SYNC_S = 10.0
"""How long the start waits for the API server before it goes on with what was in force last."""
_RETRY_S = 1.0
_RIVALS_S = 60.0
"""How soon it is seen that Argo Events serves a resource again."""
_BLOCKED_S = 5.0
"""How soon a resource is served after Argo Events has let go of it."""
_ALL: Sequence[str | None] = (None,)

log = Logger("cluster")


class ClusterFeed:
    """The EventSources, Sensors and EventBuses of the enabled namespaces."""

    def __init__(
        self,
        kube: Kube,
        clock: Clock,
        *,
        namespaces: Sequence[str] = (),
        own_namespace: str = "",
        told: Callable[[set[Key]], None] = lambda _keys: None,
    ) -> None:
        """`namespaces`: only these are looked at; empty = all. The gateway's `own_namespace` is never served.

        `told` hears what has been put in force.
        """
        self.faults: tuple[Finding, ...] = ()
        self.objects: dict[Key, ClusterObject] = {}
        """What there is in enabled namespaces, EventBuses too."""
        self.told = told
        self.recovered: Callable[[], None] = lambda: None
        """Hears that the API server answers again."""
        self.in_force = asyncio.Event()
        """What the API server says has been put in force; before, it may be what was in force last."""
        self._clock = clock
        self._own_namespace = own_namespace
        self._seen: dict[Key, ClusterObject] = {}
        """What there is in all namespaces."""
        self._enabled: set[str] = set()
        self._ignored: set[str] = set()
        """Namespaces with the label that are never served."""
        self._dirty: dict[Key, None] = {}
        self._changed = asyncio.Event()
        self._catalog: Catalog = {}
        """What is in force."""
        self._remembered: Catalog = {}
        """In force when the last process ended: what has the same text is not read a second time."""
        self._newest: Catalog = {}
        """What is in force, or is about to be."""
        self._tasks: list[asyncio.Task[None]] = []
        self._dead: BaseException | None = None
        """What ended one of them."""
        self._rivals = Rivals(kube)
        scopes = [
            Scope(api_version=RESOURCE_API, kind=kind, namespace=namespace)
            for kind in KINDS
            for namespace in (namespaces or _ALL)
        ]
        self._followers: list[Informer | NamedNamespaces] = [
            Informer(kube, clock, scope, self._take, recovered=lambda: self.recovered())  # noqa: PLW0108 - set later
            for scope in scopes
        ]
        self._followers.append(
            NamedNamespaces(kube, clock, namespaces, self._take)
            if namespaces
            else Informer(kube, clock, Scope(api_version="v1", kind=NAMESPACE), self._take)
        )

    async def open(self) -> None:
        """Begin to listen; what the API server answers is no reason not to start."""
        for follower in self._followers:
            self._own(follower.run(), f"informer:{follower.label}")

    async def first(self, known: Catalog) -> Catalog:
        """What the cluster says; what was in force last where it does not answer in time."""
        self._catalog = self._newest = known
        self._remembered = dict(known)
        try:
            async with asyncio.timeout(_FIRST_SYNC_S):
                await self._synced()
        except TimeoutError:
            why = next((each.trouble for each in self._followers if each.trouble), "no answer yet")
            log.warning("cluster.not-synced", detail=f"going on with what was in force last: {why}")
            return known
        self._catalog = await self._update()
        return self._catalog

    async def run(self, force: Force) -> None:
        """Put each change in force."""
        await self._synced()
        # What the first catalog was made of is told now that everything else is there.
        self.told(set(self.objects))
        if not self._dirty:
            self.in_force.set()
        self._own(self._watch_rivals(), "cluster:rivals")
        while True:
            await self._changed.wait()
            if self._dead is not None:
                raise self._dead
            keys = set(self._dirty)
            try:
                catalog = await self._update()
                await force(catalog)
            except BusUnavailable:
                raise
            except KikkakeError as error:
                log.error("cluster.not-in-force", detail=str(error))  # noqa: TRY400 - of a store that is full
                self._mark(keys)
                await self._clock.sleep(_RETRY_S)
                continue
            self._catalog = catalog
            self.in_force.set()
            self.told(keys)

    def may_act(self, namespace: str) -> bool:
        """Whether anything may be done for a namespace: it is enabled, or nobody could say yet whether it still is."""
        return namespace in self._enabled or not self._followers[-1].is_synced.is_set()

    def _own(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """None of them ends by itself: without one, changes would go unseen, so that the process has to end too."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._dead = error
            self._changed.set()

    async def close(self) -> None:
        """Listen no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def needs_of(self, account: Account) -> Needs:
        """All that the account needs for what is in force, or is about to be: that is asked for first."""
        specs = (entry.spec for entry in self._newest.values() if entry.spec is not None)
        mine = (spec for spec in specs if Account.of(spec.account, spec.namespace) == account)
        return needs_by_account(mine).get(account, Needs())

    # What the informers tell

    def _take(self, kind: str, name: Name, found: Object | None) -> None:
        if kind == NAMESPACE:
            self._take_namespace(name[1], is_labelled=found is not None and is_labelled(found))
            return
        key = Key(kind, *name)
        read = None if found is None else read_object(kind, found)
        earlier = self._seen.pop(key, None)
        if read is not None:
            self._seen[key] = read
        if read is not None and read.is_same_text(earlier):
            # Its status, or somebody's labels: nothing to read again.
            if key in self.objects:
                self.objects[key] = read
                if read.fire and (earlier is None or read.fire != earlier.fire):
                    self.told({key})
            return
        self._mark([key])

    def _take_namespace(self, name: str, *, is_labelled: bool) -> None:
        if is_never_served(name, self._own_namespace):
            if is_labelled and name not in self._ignored:
                detail = (
                    "its label kikkake/enabled has no effect: move its resources to a namespace of their own"
                )
                log.warning("namespace.never-served", namespace=name, detail=detail)
            (self._ignored.add if is_labelled else self._ignored.discard)(name)
            return
        if (enabled := is_labelled) == (name in self._enabled):
            return
        (self._enabled.add if enabled else self._enabled.discard)(name)
        log.info("namespace.enabled" if enabled else "namespace.left", namespace=name)
        self._mark(key for key in self._seen if key.namespace == name)

    def _mark(self, keys: Iterable[Key]) -> None:
        marked = dict.fromkeys(keys)
        self._dirty.update(marked)
        if marked:
            self._changed.set()

    async def _synced(self) -> None:
        for informer in self._followers:
            await informer.is_synced.wait()

    async def _watch_rivals(self) -> None:
        """Look from time to time whether Argo Events has let go of a resource, or serves it again."""
        looked_us = self._clock.now_us()
        while True:
            await self._clock.sleep(_BLOCKED_S)
            now_us = self._clock.now_us()
            keys = list(self._rivals.doubtful)
            if now_us - looked_us >= _RIVALS_S * US_PER_S:
                looked_us, keys = now_us, list(self.objects)
            found = [self.objects[key] for key in keys if key in self.objects and key.kind != EVENT_BUS]
            self._mark(await self._rivals.look(found))

    # What is in force

    async def _update(self) -> Catalog:
        """The catalog after everything that was marked is read again; the marks are gone."""
        self._changed.clear()
        keys, self._dirty = list(self._dirty), {}
        catalog = dict(self._catalog)
        there: list[ClusterObject] = []
        for key in keys:
            found = self._seen.get(key) if key.namespace in self._enabled else None
            if found is None:
                self.objects.pop(key, None)
                self._rivals.forget(key)
                catalog.pop(key, None)
            else:
                self.objects[key] = found
                if key.kind != EVENT_BUS:
                    there.append(found)
        for key in [key for key in catalog if key not in self.objects]:
            # In force since the last process, and gone meanwhile.
            del catalog[key]
        # One that is in force was looked at before; asking again would hold an edit up.
        await self._rivals.look([each for each in there if not self._is_served(each)])
        for start in range(0, len(there), _READ_AT_ONCE):
            some = there[start : start + _READ_AT_ONCE]
            for entry in await asyncio.to_thread(self._read, some):
                # What a rival serves has no text in force at all.
                is_blocked = entry.key in self._rivals.blocked
                earlier = None if is_blocked else self._catalog.get(entry.key)
                catalog[entry.key] = over_last_good(earlier, entry)
        self._newest = dict(sorted(catalog.items(), key=self._age))
        return self._newest

    def _is_served(self, found: ClusterObject) -> bool:
        entry = self._catalog.get(found.key)
        return entry is not None and entry.spec is not None and entry.uid == found.uid

    def _age(self, item: tuple[Key, Entry]) -> tuple[str, Key]:
        """The oldest first: it keeps a path that a younger one wants too."""
        found = self.objects.get(item[0])
        return (found.created if found is not None else ""), item[0]

    def _read(self, found: Sequence[ClusterObject]) -> list[Entry]:
        return [
            read_cluster_object(each, self._remembered.pop(each.key, None), self._rivals.finding(each))
            for each in found
        ]
