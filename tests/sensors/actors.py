"""What tests of the act loop share: a real embedded bus, a clock that is moved, and a trigger that answers as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from events.bus import Effect, EffectState, NewEffect, OrderMode, Outcome, Step
from events.buses.sqlite import SqliteBus, SqliteSettings, open_bus
from events.clock import US_PER_S, ManualClock
from events.model import SpecModel
from events.ports import SecretRef, SecretUnavailable
from sensors.act import Actor
from sensors.acting import Acting, Rendered, TriggerUnusable
from sensors.attempts import opened
from sensors.lanes import ActLimits
from sensors.retry import Retry
from sensors.trigger import (
    AttemptContext,
    Begun,
    Done,
    Failed,
    OnFailure,
    Preview,
    RenderUnavailable,
    Trigger,
    TriggerServices,
)

_UPKEEP_S = 100 * 86_400
START_US = 1_790_000_000 * US_PER_S

Answer = Done | Failed | Begun | asyncio.Event | Exception


def done() -> Done:
    return Done(answer="201 Created", result={"object": "ConfigMap ci/x"})


def failed(then: OnFailure = OnFailure.RETRY, **more: Any) -> Failed:
    return Failed(**{"reason": "ServerError", "detail": "it broke", "answer": "503", "then": then, **more})


class NoSecrets:
    async def read(self, ref: SecretRef) -> bytes:
        raise SecretUnavailable(str(ref))


class Told(Trigger):
    """Answers from `answers`, then with success; an Event is waited for first, an Exception raised."""

    kind = "told"
    Config = SpecModel
    repeatable = True

    def __init__(self, services: TriggerServices) -> None:
        super().__init__(services)
        self.answers: list[Answer] = []
        self.fired: list[tuple[bytes, AttemptContext, int]] = []
        self.ends: list[Done | Failed | Begun] = []
        """What `look` answers."""
        self.looked: list[tuple[dict[str, Any], int]] = []

    @classmethod
    def render(cls, spec, events, context):
        return spec

    @classmethod
    def preview(cls, rendered: bytes) -> Preview:
        return Preview(object=orjson.loads(rendered))

    async def look(self, rendered, attempt, result):
        self.looked.append((dict(result), self.services.clock.now_us()))
        return self.ends.pop(0)

    async def fire(self, rendered: bytes, attempt: AttemptContext) -> Done | Failed | Begun:
        self.fired.append((rendered, attempt, self.services.clock.now_us()))
        answer = self.answers.pop(0) if self.answers else done()
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            answer = done()
        if isinstance(answer, Exception):
            raise answer
        return answer


class ToldOnce(Told):
    """The same, of a kind whose repeat does harm."""

    kind = "toldOnce"
    repeatable = False


class ToldInDryRun(Told):
    """The same, of a kind that changes nothing outside."""

    kind = "toldInDryRun"
    fires_in_dry_run = True


@dataclass
class Desk:
    """A bus, its runner, a clock, triggers by name, and the actor on them. It is lookup and observer, too."""

    bus: SqliteBus
    runner: Any
    clock: ManualClock
    triggers: dict[str, Told] = field(default_factory=dict)
    acting: dict[str, dict[str, Any]] = field(default_factory=dict)
    dlq: dict[str, str] = field(default_factory=dict)
    planned: dict[bytes, bytes] = field(default_factory=dict)
    orders: dict[bytes, tuple[bytes, OrderMode]] = field(default_factory=dict)
    """Of planned effects, once they are rendered."""
    gone: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    """Namespaces for which nothing may be done."""
    settled_outcomes: list[tuple[Effect, Outcome]] = field(default_factory=list)
    previews: list[Preview] = field(default_factory=list)
    actor: Actor = field(init=False)
    running: asyncio.Task[None] | None = None
    _made: int = 0

    def start(
        self, *, limits: ActLimits | None = None, chance: float = 0.5, is_dry_run: bool = False
    ) -> None:
        self.actor = Actor(
            self.runner,
            self,
            self.clock,
            self,
            limits=limits,
            is_dry_run=is_dry_run,
            may_act=lambda namespace: namespace not in self.closed,
            chance=lambda: chance,
        )
        self.running = asyncio.create_task(self.actor.run(), name="actor")

    async def stop(self, timeout_s: float = 1.0) -> None:
        if self.running is not None:
            await self.actor.stop(timeout_s)
            await self.running
            self.running = None

    def trigger(self, name: str = "build", kind: type[Told] = Told, **acting: Any) -> Told:
        services = TriggerServices(kube=None, secrets=NoSecrets(), clock=self.clock, store_key=b"k")
        self.triggers[name] = kind(services)
        self.acting[name] = acting
        return self.triggers[name]

    # The lookup

    def find(self, effect: Effect) -> Acting | None:
        if effect.trigger in self.gone:
            return None
        values = {"retry": Retry(), "spacing": None, "at_least_once": False, **self.acting[effect.trigger]}
        return Acting(
            trigger=self.triggers[effect.trigger], namespace="ci", sensor="s", account=None, **values
        )

    async def load(self, effect: Effect) -> Acting:
        raise TriggerUnusable("TriggerGone", "no such trigger any more")

    async def render(self, effect: Effect) -> Rendered:
        if effect.id not in self.planned:
            raise RenderUnavailable("nobody gives it")
        return Rendered(self.planned[effect.id], *self.orders.get(effect.id, ()))

    async def make_dlq(self, effect: Effect) -> NewEffect | None:
        name = self.dlq.get(effect.trigger) if effect.role == "main" else None
        return self.new(name, role="dlq") if name else None

    # The observer

    def attempted(self, effect: Effect, answer: Done | Failed | Begun, took_us: int) -> None:
        pass

    def settled(self, effect: Effect, outcome: Outcome) -> None:
        self.settled_outcomes.append((effect, outcome))

    def previewed(self, effect: Effect, preview: Preview) -> None:
        self.previews.append(preview)

    # What decide would do

    def new(self, trigger: str = "build", **changes: Any) -> NewEffect:
        self._made += 1
        values = {
            "id": self._made.to_bytes(32, "big"),
            "sensor": "file:ci/s",
            "version": 1,
            "trigger": trigger,
            "role": "main",
            "kind": "told",
            "events": (),
            "due_us": self.clock.now_us(),
            "attempt": 1,
            "rendered": b'{"n":%d}' % self._made,
            "order_mode": OrderMode.NONE,
        }
        return NewEffect(**{**values, **changes})

    async def commit(self, *news: NewEffect, offer: bool = True) -> list[int]:
        receipt = await self.runner.commit(Step(effects=list(news)))
        if offer:
            now_us = self.clock.now_us()
            pairs = zip(news, receipt.effect_numbers, strict=True)
            self.actor.offer([opened(new, number, version=1, at_us=now_us) for new, number in pairs])
        return list(receipt.effect_numbers)

    async def state(self, number: int) -> Effect:
        effect = await self.bus.reader().effect(number)
        assert effect is not None
        return effect

    async def wait_for(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.002)

    async def wait_state(self, number: int, *states: EffectState) -> Effect:
        async with asyncio.timeout(5):
            while (effect := await self.state(number)).state not in states:  # noqa: ASYNC110 - a row has no event
                await asyncio.sleep(0.002)
        return effect

    async def sleeping(self) -> int:
        """When the actor wakes by itself, once it sleeps and everything begun has been recorded."""
        end_us = self.clock.now_us() + _UPKEEP_S * US_PER_S // 2

        def sleeps() -> bool:
            # Later than this only the bus wakes, for its upkeep.
            return not self.actor.running and (self.clock.next_wake_us() or end_us) < end_us

        await self.wait_for(sleeps)
        return self.clock.next_wake_us() or 0


@asynccontextmanager
async def desk(folder: Path, *, start_us: int = START_US) -> AsyncIterator[Desk]:
    """A desk whose actor has not been started; it is stopped and the bus closed at the end."""
    clock = ManualClock(start_us)
    settings = SqliteSettings(maintenance_s=_UPKEEP_S)
    bus = await open_bus(folder, settings, clock)
    made = Desk(bus, await bus.take_over(), clock)
    await made.runner.load()
    try:
        yield made
    finally:
        await made.stop()
        await bus.close()
