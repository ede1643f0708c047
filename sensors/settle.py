"""Recording how attempts ended: durably, however long the bus needs, and the `dlqTrigger` before its cause."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from events.bus import BusBroken, BusClosed, BusUnavailable, Effect, EffectState, Outcome, Runner, Step
from events.clock import Clock
from events.log import Logger
from sensors.acting import ActObserver, TriggerLookup
from sensors.attempts import BEGUN, opened
from sensors.trigger import PLAIN_REASONS, RenderFailed

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0

T = TypeVar("T")

log = Logger("act")


class Settler:
    """Writes outcomes and tells the observer and the log."""

    def __init__(self, runner: Runner, lookup: TriggerLookup, clock: Clock, observer: ActObserver) -> None:
        self._runner = runner
        self._lookup = lookup
        self._clock = clock
        self._observer = observer

    async def settle(self, effect: Effect, outcome: Outcome) -> Effect | None:
        """Record an outcome; the effect of the `dlqTrigger`, recorded before it, where this one has died.

        In this order a crash between the two repeats the last attempt of this effect; the other order would lose
        the `dlqTrigger`. Waits for a bus that cannot take it now. Raises RunnerFenced, BusBroken, BusClosed.
        """
        dlq = await self._begin_dlq(effect) if outcome.state is EffectState.DEAD else None
        if await self._until_stored(effect, lambda: self._runner.settle(outcome)):
            self._observer.settled(effect, outcome)
            _write(effect, outcome)
        return dlq

    async def _begin_dlq(self, effect: Effect) -> Effect | None:
        try:
            new = await self._until_stored(effect, lambda: self._lookup.make_dlq(effect))
        except RenderFailed as error:
            log.error("trigger.dlq-failed", **keys(effect), reason=error.reason)  # noqa: TRY400 - no traceback: a resource is wrong
            return None
        if new is None:
            return None
        receipt = await self._until_stored(effect, lambda: self._runner.commit(Step(effects=[new])))
        return opened(new, receipt.effect_numbers[0], version=new.version, at_us=self._clock.now_us())

    async def _until_stored(self, effect: Effect, ask: Callable[[], Awaitable[T]]) -> T:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await ask()
            except (BusBroken, BusClosed):
                raise
            except BusUnavailable as error:
                log.warning("act.bus-unavailable", **keys(effect), detail=str(error))
            await self._clock.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


def keys(effect: Effect) -> dict[str, object]:
    """The keys of every log line about an effect."""
    return {"sensor": effect.sensor, "trigger": effect.trigger, "effect": effect.number}


def _write(effect: Effect, outcome: Outcome) -> None:
    attempt = outcome.attempt
    if outcome.state is EffectState.DONE:
        log.info("trigger.done", **keys(effect), attempt=attempt)
    elif outcome.reason == BEGUN:
        log.debug("trigger.waiting", **keys(effect), attempt=attempt)
    elif outcome.state is EffectState.OPEN:
        log.limited_warning(
            "trigger.retrying",
            (effect.sensor, effect.trigger),
            **keys(effect),
            attempt=attempt,
            reason=outcome.reason,
            detail=detail_for_all(outcome),
        )
    else:
        detail = detail_for_all(outcome)
        log.error("trigger.dead", **keys(effect), attempt=attempt, reason=outcome.reason, detail=detail)


def detail_for_all(outcome: Outcome) -> str:
    """What logs and statuses may say of a failure: what may quote the event's data is read by who may read events."""
    if outcome.reason in PLAIN_REASONS:
        return outcome.detail
    if outcome.public:
        return outcome.public
    return "its dead letter says why" if outcome.state is EffectState.DEAD else "kikkake explain says why"
