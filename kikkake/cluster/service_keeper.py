"""Keeps the Service and the EndpointSlice of each EventSource that asks for one as they should be.

It looks at what stands there when something of its own has changed, and every half minute: a team's namespace gives
`get` by name, and no list or watch of its other Services. Each EventSource is attended by itself and has a back-off of
its own, so that what is wrong with one holds up no other.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from events.bus import RunnerFenced
from events.clock import US_PER_S, Clock, wait_until
from events.log import Logger
from events.ports import KindUnknown, Kube, KubeError, KubeInDoubt, KubeNotSent
from kikkake.cluster import service_troubles
from kikkake.cluster.service_memory import ServiceMemory, Source
from kikkake.cluster.service_objects import Place, Wanted
from kikkake.cluster.service_troubles import Trouble
from kikkake.cluster.service_writer import ServiceWriter
from sources.declared_service import DeclaredService

_AT_ONCE = 16
"""EventSources that are attended at once."""
_LOOK_S = 30.0
_LOOKS_PER_S = 10.0
"""With many EventSources the looks come less often: each asks the API server twice."""
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_LONGEST_REMOVAL_PAUSE_S = 300.0
"""Where a namespace is not enabled any more nothing can be removed; its EventSource takes the Service with it."""
_TRIES_TO_LEAVE = 3
"""A look of its own may be under way for the same slice."""
_CONFLICT = 409
_PASSING = frozenset({401, _CONFLICT, 429})
"""Nobody's fault: a token that is just being renewed, a change by somebody else, too many requests."""
_SERVER_FAULT = 500
_NO_ANSWER = (KubeNotSent, KubeInDoubt, KindUnknown, RunnerFenced)
"""Of the API server; or another gateway acts by now, and this process ends."""

log = Logger("services")


class Turn(Protocol):
    """Returns when this gateway may write."""

    def __call__(self) -> Awaitable[None]: ...


async def _at_once() -> None:
    return


@dataclass(slots=True)
class _Care:
    """One EventSource."""

    wanted: Wanted | None
    """None: it wants no Service any more."""
    due_us: int
    provided: Wanted | None = None
    """What stands there, by the last look."""
    tried: Wanted | None = None
    """What the last round was for."""
    trouble: Trouble | None = None
    failures: int = 0
    task: asyncio.Task[None] | None = None


class ServiceKeeper:
    """Owns the Services of all EventSources. `look` says that something may have changed; `run` works."""

    def __init__(
        self,
        kube: Kube,
        clock: Clock,
        place: Place,
        memory: ServiceMemory,
        *,
        wanted: Callable[[], Mapping[Source, Wanted]],
        turn: Turn | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`wanted` says which Services there are to be, `turn` when this gateway may write."""
        self.told: Callable[[Source], None] = lambda _source: None
        """Hears of which EventSource something may be known that was not."""
        self._writer = ServiceWriter(kube)
        self._clock = clock
        self._place = place
        self._memory = memory
        self._wanted = wanted
        self._turn = turn or _at_once
        self._chance = chance
        self._cares: dict[Source, _Care] = {}
        self._changed = asyncio.Event()
        self._room = asyncio.Semaphore(_AT_ONCE)

    def look(self) -> None:
        """Something may have changed: what is wanted, or which ports listen."""
        self._changed.set()

    def trouble(self, source: Source) -> Trouble | None:
        """Why it has no Service, or not the one that it wants."""
        care = self._cares.get(source)
        return care.trouble if care is not None else None

    def is_known(self, source: Source, service: DeclaredService) -> bool:
        """Whether it has been tried once to give it this Service."""
        care = self._cares.get(source)
        return care is not None and care.tried is not None and care.tried.service == service

    def provided(self, source: Source) -> Wanted | None:
        """What its Service is, where there is one."""
        care = self._cares.get(source)
        return care.provided if care is not None else None

    async def run(self) -> None:
        """Until this gateway leaves."""
        try:
            while not self._place.is_leaving:
                self._changed.clear()
                self._compare()
                await self._remember()
                self._attend_due()
                await self._sleep()
        finally:
            tasks = [care.task for care in self._cares.values() if care.task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def leave(self) -> None:
        """Say in every slice that this gateway takes nothing in any more; what fails is logged."""
        self._place = replace(self._place, is_leaving=True)
        self._changed.set()
        provided = [care.provided for care in self._cares.values() if care.provided is not None]
        await asyncio.gather(*(self._leave(each) for each in provided))

    async def _leave(self, provided: Wanted) -> None:
        error: Exception | None = None
        for _ in range(_TRIES_TO_LEAVE):
            try:
                async with self._room:
                    # After another gateway has taken over, the slice is that one's.
                    await self._turn()
                    await self._writer.put_slice(provided, self._place)
            except KubeError as failure:
                error = failure
                if failure.status == _CONFLICT:
                    continue
            except _NO_ANSWER as failure:
                error = failure
            else:
                return
            break
        log.warning("services.not-left", event_source=_label(provided.source), detail=str(error)[:300])

    # What is to be done, and when

    def _compare(self) -> None:
        """What is wanted now against what was; a difference is attended at once."""
        wanted = self._wanted()
        now_us = self._clock.now_us()
        for source, each in wanted.items():
            care = self._cares.get(source)
            if care is None or care.wanted != each:
                self._renew(source, each, now_us)
                self._memory.made.setdefault(source, each.uid)
        for source in {*self._cares, *self._memory.made} - wanted.keys():
            care = self._cares.get(source)
            if care is None or care.wanted is not None:
                self._renew(source, None, now_us)

    def _renew(self, source: Source, wanted: Wanted | None, now_us: int) -> None:
        care = self._cares.setdefault(source, _Care(wanted, now_us))
        care.wanted, care.due_us, care.failures = wanted, now_us, 0

    async def _remember(self) -> None:
        """Before any slice names a port: after a crash the same one is lent again."""
        try:
            await self._memory.save()
        except OSError as error:
            log.limited_warning("services.memory-not-written", (), detail=str(error)[:300])

    def _attend_due(self) -> None:
        now_us = self._clock.now_us()
        for source, care in list(self._cares.items()):
            if care.task is None and care.due_us <= now_us:
                care.task = asyncio.create_task(self._attend(source, care), name=f"service:{_label(source)}")
                care.task.add_done_callback(_report_bug)

    async def _sleep(self) -> None:
        """Until something changes or is due."""
        times = [care.due_us for care in self._cares.values() if care.task is None]
        later_us = self._clock.now_us() + round(_LOOK_S * US_PER_S)
        await wait_until(self._changed, self._clock, min(times, default=later_us))

    async def _attend(self, source: Source, care: _Care) -> None:
        """One round for one EventSource; whatever the API server answers is tried again."""
        wanted, earlier, is_done = care.wanted, care.trouble, False
        try:
            async with self._room:
                care.trouble = await self._bring(source, wanted)
            is_done = care.trouble is None
        except KubeError as error:
            if error.status in _PASSING or error.status >= _SERVER_FAULT:
                self._warn(source, error)
            else:
                care.trouble = service_troubles.refused(error, source)
        except _NO_ANSWER as error:
            self._warn(source, error)
        finally:
            care.task, care.tried = None, wanted
            if care.trouble is not None or is_done:
                care.provided = wanted if is_done else None
            if care.wanted is wanted:
                self._plan(source, care, is_done=is_done)
            self._changed.set()
        self._tell(source, care, earlier)

    async def _bring(self, source: Source, wanted: Wanted | None) -> Trouble | None:
        """Make it so. Raises what the API client raises."""
        await self._turn()
        made = self._memory.made
        if wanted is None:
            await self._writer.remove(source, made.get(source, ""))
            made.pop(source, None)
            return None
        if (earlier_uid := made.get(source, wanted.uid)) != wanted.uid:
            # The EventSource was deleted and made again.
            await self._writer.remove(source, earlier_uid)
            made[source] = wanted.uid
        if not self._place.address:
            return service_troubles.no_address()
        return await self._writer.provide(wanted, self._place)

    def _plan(self, source: Source, care: _Care, *, is_done: bool) -> None:
        """When to look again."""
        if is_done and care.wanted is None:
            self._cares.pop(source, None)
            return
        if is_done:
            care.failures = 0
            pause_s = max(_LOOK_S, len(self._cares) / _LOOKS_PER_S) * (0.8 + 0.2 * self._chance())
        else:
            longest_s = _LONGEST_PAUSE_S if care.wanted is not None else _LONGEST_REMOVAL_PAUSE_S
            pause_s = min(_FIRST_PAUSE_S * 2**care.failures, longest_s) * (0.5 + 0.5 * self._chance())
            care.failures = min(care.failures + 1, 16)
        care.due_us = self._clock.now_us() + round(pause_s * US_PER_S)

    def _warn(self, source: Source, error: Exception) -> None:
        """It passes: what was known of the EventSource stays."""
        log.limited_warning("services.unanswered", (), event_source=_label(source), detail=str(error)[:300])

    def _tell(self, source: Source, care: _Care, earlier: Trouble | None) -> None:
        if care.trouble is not None and care.trouble != earlier:
            log.warning(
                "services.refused",
                event_source=_label(source),
                code=care.trouble.code,
                detail=care.trouble.what,
            )
        self.told(source)


def _report_bug(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.bug("services.round_failed", error, task=task.get_name())


def _label(source: Source) -> str:
    return f"{source.namespace}/{source.name}"
