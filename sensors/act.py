"""The act loop: due effect, intent, attempt, outcome (design, section 4, Acting).

Owns every attempt. What must survive is a row of the bus; this loop only remembers which effects it holds, so
that a restart does the same again. It reads the time and waits by its clock alone.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

from events.bus import (
    BusBroken,
    BusClosed,
    BusUnavailable,
    Effect,
    EffectState,
    OrderMode,
    Outcome,
    Runner,
    RunnerFenced,
)
from events.clock import US_PER_S, Clock, wait_until
from events.log import Logger
from sensors.acting import ActObserver, TriggerLookup, TriggerUnusable
from sensors.attempting import Attempting
from sensors.attempts import BEGUN, unusable
from sensors.lanes import ActLimits, Lane, Lanes, Position, Waiting
from sensors.settle import Settler, keys

_PAGE = 128
"""Effects read from the bus at a time: some 10 KB each, on the loop's own thread."""
_BUS_PAUSE_S = 1.0
"""Before the bus is asked again after it could not answer."""
_OVERLAP_US = US_PER_S
"""A look at what is due begins this much before the end of the last one: a step commits later than it says."""

log = Logger("act")


class Actor:
    """Carries out effects. `offer` what a step recorded, keep `run` running, end with `stop`."""

    def __init__(  # noqa: PLR0913 - its surroundings
        self,
        runner: Runner,
        lookup: TriggerLookup,
        clock: Clock,
        observer: ActObserver,
        *,
        limits: ActLimits | None = None,
        is_dry_run: bool = False,
        turn: Callable[[], Awaitable[None]] | None = None,
        may_act: Callable[[str], bool] = lambda _namespace: True,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`turn` returns when an attempt may begin: while nobody knows who else acts, all of them wait. `may_act` says
        whether anything may be done for a namespace.
        """
        self._runner = runner
        self._turn = turn
        self._lookup = lookup
        self._clock = clock
        self._observer = observer
        self._settler = Settler(runner, lookup, clock, observer)
        self._attempting = Attempting(
            runner,
            lookup,
            clock,
            observer,
            is_dry_run=is_dry_run,
            chance=chance,
            replaced=self._replaced,
            may_act=may_act,
        )
        self._lanes = Lanes(limits or ActLimits(), clock.now_us, self._start)
        self._held: set[int] = set()
        """Numbers of the effects that wait in a lane, run, or are being settled."""
        self._first_offered: int | None = None
        """Effects from this number on were recorded by this process: none of their attempts can be another's."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting_turn: set[asyncio.Task[Any]] = set()
        self._wake = asyncio.Event()
        self._look_from: Position | None = (0, 0)
        """Look at what is due after this position; None = nothing to look for before `next_due_us`."""
        self._followers: dict[bytes, None] = {}
        """Order keys of settled effects, in order: another one of the key may be due now."""
        self._looked_until_us = 0
        self._next_due_us: int | None = None
        self._ended_meanwhile: set[int] | None = None
        """Numbers of the effects that were let go while a page of due ones is being taken in."""
        self._is_stopping = False
        self._fatal: BaseException | None = None

    def offer(self, effects: Iterable[Effect]) -> None:
        """Effects that a step of this process has just recorded, in order; what finds no room waits in the bus."""
        now_us = self._clock.now_us()
        for effect in effects:
            if self._first_offered is None:
                self._first_offered = effect.number
            is_ordered = effect.order_key is not None and effect.order_mode is not OrderMode.NONE
            acting = None if is_ordered or effect.due_us > now_us else self._lookup.find(effect)
            if acting is None:
                # Ordered ones only the bus can judge; the rest it keeps for when they are due.
                self._note_due(effect, effect.due_us)
            else:
                self._put(Waiting(effect, acting, is_fresh=effect.attempt == 1))
        if self._lanes.unknown or self._lanes.next_slot_us() is not None:
            self._wake.set()

    def look_again(self) -> None:
        """Something in the bus has become due by other hands: a dead effect was revived."""
        self._look_at((0, 0))

    async def run(self) -> None:
        """Carry out what is due until `stop`. Raises RunnerFenced, BusBroken, BusClosed: the process cannot go on."""
        try:
            while not self._is_stopping:
                self._wake.clear()
                try:
                    wake_us = await self._round()
                except (RunnerFenced, BusBroken, BusClosed):
                    raise
                except BusUnavailable as error:
                    log.warning("act.bus-unavailable", detail=str(error))
                    wake_us = self._clock.now_us() + round(_BUS_PAUSE_S * US_PER_S)
                    self._look_at((0, 0), wake=False)
                if self._fatal is not None:
                    raise self._fatal
                await wait_until(self._wake, self._clock, wake_us)
                if self._fatal is not None:
                    raise self._fatal
        finally:
            self._is_stopping = True
            self._lanes.drop_waiting()

    async def stop(self, timeout_s: float) -> None:
        """Start nothing more, wait up to `timeout_s` seconds for running attempts, cancel the others.

        An attempt that is cancelled leaves its intent without an outcome: the next start finds it in doubt.
        """
        self._is_stopping = True
        self._lanes.drop_waiting()
        self._wake.set()
        for task in list(self._waiting_turn):
            task.cancel()
        if self._tasks:
            _done, late = await asyncio.wait(self._tasks, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    @property
    def running(self) -> int:
        """Attempts that run or are being settled."""
        return len(self._tasks)

    # The loop

    async def _round(self) -> int | None:
        """Do what can be done now; when to look again, unless something wakes it before."""
        self._lanes.unpark()
        now_us = self._clock.now_us()
        await self._follow(now_us)
        more_from, hungry = self._lanes.take_hungry()
        if more_from is not None:
            await self._look(more_from, now_us, hungry)
        is_due = self._next_due_us is not None and self._next_due_us <= now_us
        if self._look_from is not None or is_due:
            # What has become due by the passing of time lies after the last look.
            position = (max(0, self._looked_until_us - _OVERLAP_US), 0)
            position = min(position, self._look_from or position)
            self._look_from = None
            await self._look(position, now_us, None)
            self._looked_until_us = now_us
        while self._lanes.unknown:
            lane = self._lanes.unknown.pop()
            sensor, trigger, _role = lane.key
            self._lanes.learn(lane, await self._runner.last_attempt_us(sensor, trigger))
        self._next_due_us = None
        self._note_next(await self._runner.next_due_us(now_us))
        times = [us for us in (self._next_due_us, self._lanes.next_slot_us()) if us is not None]
        return min(times, default=None)

    async def _look(self, position: Position, now_us: int, hungry: list[Lane] | None) -> None:
        """Take in what is due after `position`, to the end or until all `hungry` lanes are full again."""
        while not self._is_stopping:
            self._ended_meanwhile = set()
            page = await self._runner.due_effects(now_us, limit=_PAGE, after=position)
            for effect in page:
                await self._take(effect)
            if len(page) < _PAGE or (hungry is not None and all(lane.more_from for lane in hungry)):
                break
            position = (page[-1].due_us, page[-1].number)
            # A page is some milliseconds of work: let the attempts and the decide loop have their turn.
            await asyncio.sleep(0)
        self._ended_meanwhile = None

    async def _follow(self, now_us: int) -> None:
        """Take in what waited for a settled effect of its order key."""
        keys_of_settled, self._followers = self._followers, {}
        for order_key in keys_of_settled:
            follower = await self._runner.due_in_order(order_key, now_us)
            if follower is not None:
                await self._take(follower)

    async def _take(self, effect: Effect) -> None:
        # What ended after the page was read is open only on that page.
        has_ended = self._ended_meanwhile is not None and effect.number in self._ended_meanwhile
        if effect.number in self._held or has_ended or self._is_stopping:
            return
        try:
            acting = self._lookup.find(effect) or await self._lookup.load(effect)
        except TriggerUnusable as error:
            outcome = unusable(effect, at_us=self._clock.now_us(), reason=error.reason, detail=error.detail)
            await self._settle(effect, outcome)
            return
        except BusUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one effect must not end the others
            # A bug of ours in one Sensor: the effect stays held and open, and the next start tries it again.
            log.bug("act.crashed", error, **keys(effect))
            self._held.add(effect.number)
            return
        is_own = self._first_offered is not None and effect.number >= self._first_offered
        # Held ones were left out above: an own effect that is met here was never attempted.
        is_fresh = is_own and effect.attempt == 1 and effect.answered == 0 and not effect.reason
        if effect.reason == BEGUN:
            # A look is no attempt: no limit is for it.
            acting = replace(acting, spacing=None)
        self._put(Waiting(effect, acting, is_fresh))

    def _put(self, waiting: Waiting) -> None:
        if not self._is_stopping and waiting.effect.number not in self._held:
            self._held.add(waiting.effect.number)
            if not self._lanes.put(waiting):
                self._held.discard(waiting.effect.number)

    def _note_due(self, effect: Effect, due_us: int) -> None:
        """An open effect that is not held is due then."""
        if due_us <= self._clock.now_us():
            self._look_at((due_us, effect.number - 1))
        elif self._note_next(due_us):
            self._wake.set()

    def _note_next(self, due_us: int | None) -> bool:
        """Whether that is sooner than the loop would look by itself."""
        if due_us is None or (self._next_due_us is not None and self._next_due_us <= due_us):
            return False
        self._next_due_us = due_us
        return True

    def _look_at(self, position: Position, *, wake: bool = True) -> None:
        self._look_from = position if self._look_from is None else min(self._look_from, position)
        if wake:
            self._wake.set()

    # One attempt

    def _start(self, lane: Lane, waiting: Waiting) -> None:
        number = waiting.effect.number
        task = asyncio.create_task(self._carry_out(lane, waiting), name=f"attempt:{number}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, lane: Lane, waiting: Waiting) -> None:
        effect = waiting.effect
        outcome: Outcome | None = None
        try:
            try:
                await self._take_turn()
                outcome = await self._attempting.proceed(lane, waiting)
            finally:
                # Before the outcome is durable: the commit holds up nobody's next attempt.
                self._lanes.ended(lane)
                if self._lanes.has_room_for_more(lane):
                    self._wake.set()
            if outcome is not None:
                await self._settle(effect, outcome)
            self._let_go(effect)
            if outcome is not None and outcome.state is EffectState.OPEN:
                self._note_due(effect, outcome.due_us)
        except (RunnerFenced, BusBroken, BusClosed) as error:
            self._fatal = self._fatal or error
            self._wake.set()
        except BusUnavailable as error:
            # Nothing was begun: the effect is as it was, and is found again after a pause.
            log.warning("act.bus-unavailable", **keys(effect), detail=str(error))
            await self._clock.sleep(_BUS_PAUSE_S)
            self._let_go(effect)
            self._note_due(effect, effect.due_us)
        except Exception as error:  # noqa: BLE001 - one effect must not end the others
            # A bug of ours. The effect stays held: it is open, and the next start tries it again.
            log.bug("act.crashed", error, **keys(effect))

    def _let_go(self, effect: Effect) -> None:
        self._held.discard(effect.number)
        if self._ended_meanwhile is not None:
            self._ended_meanwhile.add(effect.number)

    async def _settle(self, effect: Effect, outcome: Outcome) -> None:
        dlq = await self._settler.settle(effect, outcome)
        if dlq is not None:
            self.offer([dlq])
        if effect.order_key is not None and effect.order_mode is not OrderMode.NONE:
            self._followers[effect.order_key] = None
            self._wake.set()
            if effect.rendered is None:
                # Nobody knows what it is about, so all of its Sensor have waited for it.
                self._look_at((0, 0))

    def _replaced(self, old: bytes, new: bytes | None) -> None:
        """An effect has left the order of those of which nobody knows what they are about: who waited may go on."""
        if old != new:
            self._followers[old] = None
        self._look_at((0, 0))

    async def _take_turn(self) -> None:
        """Wait until attempts may begin; one that waits has begun nothing, and a stop does not wait for it."""
        task = asyncio.current_task()
        if self._turn is None or task is None:
            return
        self._waiting_turn.add(task)
        try:
            await self._turn()
        finally:
            self._waiting_turn.discard(task)
