"""What all loops of one runner share: its Sensors, its timers, and the one way to commit a step.

The loops take turns: whoever makes a step holds `turn` from its first look at what is held to the commit.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, TypeVar

from events.bus import BusBroken, BusClosed, BusReader, BusUnavailable, Effect, Runner, RunnerState, Step
from events.clock import Clock
from events.log import Logger
from events.registry import Registry
from events.topic import Topic
from sensors.attempts import opened
from sensors.compile import CompiledSensor
from sensors.draft import Draft
from sensors.roster import Roster
from sensors.timers import Timers
from sensors.trigger import Trigger

log = Logger("decide")

T = TypeVar("T")

Offer = Callable[[Sequence[Effect]], None]
"""Takes effects that were just committed. It never blocks: what finds no room stays in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideSettings:
    """How much one step holds."""

    max_events: int = 256
    """Events of one step. More gain nothing: a commit of this many costs 2 % of judging them."""

    max_judging_s: float = 0.010
    """Seconds of judging and rendering before a step is closed: deliveries wait for the same loop."""

    poison_after_starts: int = 3
    """Unclean starts on the same batch after which its events are tried one by one in a child process."""

    unavailable_pause_s: float = 1.0
    """Seconds to wait when the bus cannot take a step."""


class Watch:
    """Who waits until the shared place passes events of some topics, or until the Sensors change."""

    def __init__(self, topics: frozenset[Topic]) -> None:
        self.topics = topics
        self.moved = asyncio.Event()
        self.before: int | None = None
        """Once `moved` is set: up to here no event of the topics has come since the watch began."""

    def tell(self, before: int) -> None:
        """Something has happened; the first time counts."""
        if self.before is None:
            self.before = before
        self.moved.set()


class Desk:
    """Made by `Decider.load`; one a runner."""

    def __init__(  # noqa: PLR0913 - what the loops share, put together in one place
        self,
        runner: Runner,
        reader: BusReader,
        clock: Clock,
        state: RunnerState,
        *,
        store_key: bytes,
        offer: Offer,
        kinds: Registry[Trigger],
        settings: DecideSettings,
        compiled: Mapping[str, CompiledSensor],
    ) -> None:
        self.runner = runner
        self.reader = reader
        self.clock = clock
        self.settings = settings
        self.roster = Roster(state, kinds, compiled)
        self.timers = Timers(state.timers)
        self.turn = asyncio.Lock()
        self._store_key = store_key
        self._offer = offer
        self._watches: dict[Watch, None] = {}

    @contextlib.contextmanager
    def drafting(self, *, due_us: int | None = None) -> Iterator[Draft]:
        """An empty step; what is not committed in the end was never true. The caller holds `turn`."""
        draft = Draft(self.roster, self.timers, self._store_key, due_us=due_us)
        try:
            yield draft
        finally:
            if not draft.is_committed:
                draft.abandoned()

    async def commit(self, draft: Draft) -> None:
        """Render, commit, take over, and offer what is due."""
        await draft.render(self.runner.event)
        await draft.mark_released(self.reader.decision)
        await to_its_end(self._commit(draft, draft.step()), "decide:commit")

    async def _commit(self, draft: Draft, step: Step) -> None:
        receipt = await self.runner.commit(step)
        before = self.roster.place
        draft.committed()
        self._tell_moved(draft.topics, before)
        if draft.effects:
            at_us = self.clock.now_us()
            self._offer(
                [
                    opened(new, number, version=new.version, at_us=at_us)
                    for new, number in zip(draft.effects, receipt.effect_numbers, strict=True)
                ]
            )

    async def patiently(self, work: Callable[[], Awaitable[bool]]) -> bool:
        """Do a piece of work; a bus that cannot take it now is asked again after a pause.

        Raises RunnerFenced, BusBroken, BusClosed: then this process has to stop.
        """
        try:
            return await work()
        except (BusBroken, BusClosed):
            raise
        except BusUnavailable as error:
            log.warning("decide.bus-unavailable", detail=str(error))
        await self.clock.sleep(self.settings.unavailable_pause_s)
        return True

    def watch(self, topics: frozenset[Topic]) -> Watch:
        """Told when a step has passed events of one of `topics`, and when the Sensors change."""
        watch = Watch(topics)
        self._watches[watch] = None
        return watch

    def unwatch(self, watch: Watch) -> None:
        """End what `watch` began."""
        self._watches.pop(watch, None)

    def tell_changed(self) -> None:
        """The Sensors that decide are others now: an edit, a stop, a resumption."""
        for watch in self._watches:
            watch.tell(self.roster.place)

    def _tell_moved(self, topics: AbstractSet[Topic], before: int) -> None:
        for watch in self._watches:
            if not watch.topics.isdisjoint(topics):
                watch.tell(before)


async def to_its_end(work: Coroutine[Any, Any, T], name: str) -> T:
    """Do what must not be broken off, also when the caller is cancelled: then it is cancelled afterwards.

    A commit goes on in the bus whoever waits for it; if nobody took over what it made true, the next step would be
    made from what is not true any more.
    """
    task = asyncio.create_task(work, name=name)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # who was cancelled does not hear of it
        raise
