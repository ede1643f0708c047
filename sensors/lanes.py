"""Which waiting effect may be attempted now: one lane for each trigger. Not a task of its own; `act.py` drives it.

A target that hangs must block nobody else: a lane has a limit of its own, its first attempt is always allowed, and
what goes beyond that is shared. A lane keeps a bounded number of waiting effects in memory; the rest stays in the
bus, and the lane remembers from where on.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from events.bus import Effect
from events.clock import US_PER_S, Clock
from sensors.acting import Acting
from sensors.rate_limit import Spacing

Position = tuple[int, int]
"""(due_us, number) of an effect: the order in which the bus lists what is due."""

LaneKey = tuple[str, str, str]
"""Sensor, trigger, role: an edit of the Sensor keeps the lane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActLimits:
    """How much is done at the same time."""

    attempts: int = 128
    """Running at most, over all triggers; the first one of each trigger is always allowed. An attempt is a
    connection and some 100 KB: more helps no target that answers in 10 ms."""
    attempts_per_trigger: int = 32
    """At 5 ms an answer that is 6,400 a second to one target, and few enough for it not to be flooded."""
    waiting_per_trigger: int = 256
    """Effects held in memory for one trigger; the others wait in the bus."""


class Waiting(NamedTuple):
    """An effect that waits for its turn."""

    effect: Effect
    acting: Acting
    is_fresh: bool


@dataclass(slots=True, eq=False)
class Lane:
    """The waiting and running effects of one trigger."""

    key: LaneKey
    waiting: deque[Waiting] = field(default_factory=deque)
    running: int = 0
    more_from: Position | None = None
    """The bus has more that is due for this lane, after this position."""
    last_us: int | None = None
    """When its newest attempt began; only kept where there is a rate limit."""
    sent_us: int = 0
    """When its newest attempt was sent; its intent was committed before, which takes its time."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the attempt of a limited trigger that is sent next."""
    knows_last: bool = False
    is_starved: bool = False
    is_parked: bool = False

    async def wait_turn(self, spacing: Spacing, clock: Clock) -> None:
        """Wait until an attempt whose intent is committed may be sent: the requests keep the distance themselves."""
        async with self.turn:
            # Never longer than one spacing: the clock may have been set back.
            wait_us = min(self.sent_us + spacing.us - clock.now_us(), spacing.us)
            if wait_us > 0:
                await clock.sleep(wait_us / US_PER_S)
            self.sent_us = clock.now_us()


class Lanes:
    """All lanes. Calls `start` for each effect whose turn it is; `ended` must follow when its attempt is over."""

    def __init__(
        self, limits: ActLimits, now_us: Callable[[], int], start: Callable[[Lane, Waiting], None]
    ) -> None:
        self._limits = limits
        self._now_us = now_us
        self._start = start
        self._lanes: dict[LaneKey, Lane] = {}
        self._running = 0
        self._behind: set[Lane] = set()
        """Those with `more_from`: of thousands of lanes, few."""
        self._starved: deque[Lane] = deque()
        self._parked: list[tuple[int, int, Lane]] = []
        self._parkings = 0
        self.unknown: list[Lane] = []
        """Lanes with a rate limit whose last attempt has to be looked up; then call `learn`."""

    def put(self, waiting: Waiting) -> bool:
        """Take an effect in, and start it if it may; False = its lane is full and remembers that there is more."""
        effect = waiting.effect
        lane = self._lane((effect.sensor, effect.trigger, effect.role))
        if len(lane.waiting) >= self._limits.waiting_per_trigger:
            position = (effect.due_us, effect.number - 1)
            lane.more_from = position if lane.more_from is None else min(lane.more_from, position)
            self._behind.add(lane)
            return False
        lane.waiting.append(waiting)
        self._pump(lane)
        return True

    def ended(self, lane: Lane) -> None:
        """An attempt of this lane is over: give its place to who waits longest."""
        lane.running -= 1
        self._running -= 1
        if self._starved and lane.running and lane.waiting:
            self._starve(lane)
        else:
            self._pump(lane)
        while self._starved and self._running < self._limits.attempts:
            hungry = self._starved.popleft()
            hungry.is_starved = False
            self._pump(hungry)

    def learn(self, lane: Lane, last_us: int | None) -> None:
        """What the bus knows of the lane's last attempt."""
        lane.last_us = last_us
        lane.knows_last = True
        self._pump(lane)

    def unpark(self) -> None:
        """Start what had to wait for its rate limit until now."""
        now_us = self._now_us()
        while self._parked and self._parked[0][0] <= now_us:
            lane = heapq.heappop(self._parked)[2]
            lane.is_parked = False
            self._pump(lane)

    def next_slot_us(self) -> int | None:
        """When the first rate limit lets the next attempt begin."""
        return self._parked[0][0] if self._parked else None

    def take_hungry(self) -> tuple[Position | None, list[Lane]]:
        """The lanes that have room again and more in the bus, and from where on."""
        hungry = [lane for lane in self._behind if self.has_room_for_more(lane)]
        positions = [lane.more_from for lane in hungry if lane.more_from is not None]
        for lane in hungry:
            lane.more_from = None
            self._behind.discard(lane)
        return min(positions, default=None), hungry

    def has_room_for_more(self, lane: Lane) -> bool:
        """Whether `take_hungry` would name this lane."""
        return lane.more_from is not None and len(lane.waiting) <= self._limits.waiting_per_trigger // 2

    def drop_waiting(self) -> None:
        """Forget what has not been started: it stays in the bus."""
        for lane in self._lanes.values():
            lane.waiting.clear()
            lane.more_from = None
        self._behind.clear()

    def _lane(self, key: LaneKey) -> Lane:
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key)
        return lane

    def _pump(self, lane: Lane) -> None:
        while lane.waiting and not lane.is_parked and lane.running < self._limits.attempts_per_trigger:
            if lane.running and self._running >= self._limits.attempts:
                self._starve(lane)
                return
            waiting = lane.waiting[0]
            if waiting.acting.spacing is not None and not self._has_slot(lane, waiting.acting.spacing):
                return
            lane.waiting.popleft()
            lane.running += 1
            self._running += 1
            self._start(lane, waiting)

    def _has_slot(self, lane: Lane, spacing: Spacing) -> bool:
        if not lane.knows_last:
            if lane not in self.unknown:
                self.unknown.append(lane)
            return False
        now_us = self._now_us()
        # Never further away than one spacing: the last attempt may have been begun before the clock was set back.
        slot_us = min(spacing.slot_us(lane.last_us), now_us + spacing.us)
        if slot_us > now_us:
            self._parkings += 1
            lane.is_parked = True
            heapq.heappush(self._parked, (slot_us, self._parkings, lane))
            return False
        lane.last_us = now_us
        return True

    def _starve(self, lane: Lane) -> None:
        if not lane.is_starved:
            lane.is_starved = True
            self._starved.append(lane)
