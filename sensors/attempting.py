"""One attempt of one effect: its intent, its bytes, the trigger, and what its answer means.

Begins, renders and fires; it settles nothing: what comes out is an `Outcome` for the act loop to record.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from events.bus import Effect, OrderMode, Outcome, Runner, RunnerFenced
from events.clock import Clock
from events.log import Logger
from sensors.acting import Acting, ActObserver, TriggerLookup, TriggerUnusable
from sensors.attempt_context import context_of, crashed, rules_of
from sensors.attempts import BEGUN, Answered, in_doubt, looked, outcome_of, past_of, unusable
from sensors.lanes import Lane, Waiting
from sensors.settle import keys
from sensors.trigger import AttemptContext, Begun, Done, Failed, OnFailure, RenderFailed, RenderUnavailable

_NOT_ENABLED_S = 30.0
"""How soon a namespace that has its label again is acted for."""

_NOT_ITS_TURN = Failed(reason="NotItsTurn", detail="", answer="not sent", then=OnFailure.RETRY)
"""Older effects of its order are open: it is found again when they have ended, and nothing is recorded."""

log = Logger("act")


class Attempting:
    """For all effects of one act loop."""

    def __init__(  # noqa: PLR0913 - its surroundings
        self,
        runner: Runner,
        lookup: TriggerLookup,
        clock: Clock,
        observer: ActObserver,
        *,
        is_dry_run: bool,
        chance: Callable[[], float],
        replaced: Callable[[bytes, bytes | None], None],
        may_act: Callable[[str], bool],
    ) -> None:
        """`replaced` hears the former and the new order key of an effect that was rendered only now, `may_act` says
        whether anything may be done for a namespace.
        """
        self._may_act = may_act
        self._runner = runner
        self._lookup = lookup
        self._clock = clock
        self._observer = observer
        self._is_dry_run = is_dry_run
        self._chance = chance
        self._replaced = replaced

    async def proceed(self, lane: Lane, waiting: Waiting) -> Outcome | None:
        """An attempt, or a look at what an earlier one has begun; None when the effect is not open any more, or
        when it is not its turn.
        """
        effect = waiting.effect
        if effect.reason == BEGUN and effect.rendered is not None:
            return await self._look_at_end(effect, waiting.acting, effect.rendered)
        return await self._attempt(lane, waiting)

    async def _attempt(self, lane: Lane, waiting: Waiting) -> Outcome | None:
        """One attempt, its intent first; None when the effect is not open any more."""
        effect, acting, is_fresh = waiting
        past = past_of(effect, is_fresh=is_fresh)
        if past.doubt_since_us is not None and not rules_of(effect, acting).may_repeat:
            what = "the process ended before an answer came"
            return in_doubt(effect, effect.attempt, past.history, at_us=self._clock.now_us(), what=what)
        number = effect.attempt if is_fresh else effect.attempt + 1
        started_us = self._clock.now_us()
        # The intent of a fresh one rode in its step; a rate limit needs the true time of the beginning.
        needs_intent = not is_fresh or acting.spacing is not None
        if needs_intent and not await self._runner.begin(effect.number, number, started_us):
            return None
        try:
            obstacle = await self._obstacle(effect, acting)
        except (RenderFailed, TriggerUnusable) as error:
            at_us = self._clock.now_us()
            return unusable(effect, at_us=at_us, reason=error.reason, detail=error.detail, attempt=number)
        if obstacle is _NOT_ITS_TURN:
            return None
        answer: Done | Failed | Begun | None = obstacle
        if answer is None:
            if acting.spacing is not None:
                await lane.wait_turn(acting.spacing, self._clock)
            context = context_of(effect, acting, past, number, started_us)
            answer = await self._fire(waiting, effect.rendered or b"", context)
            self._observer.attempted(effect, answer, self._clock.now_us() - started_us)
        answered = Answered(
            number=number, started_us=started_us, ended_us=self._clock.now_us(), answer=answer
        )
        return outcome_of(effect, past, answered, rules_of(effect, acting), chance=self._chance())

    async def _obstacle(self, effect: Effect, acting: Acting) -> Failed | None:
        """Why it cannot be fired now; None = it can, and has its bytes. Raises RenderFailed, TriggerUnusable."""
        if not self._may_act(acting.namespace):
            return _not_enabled(acting.namespace)
        try:
            return None if await self._render(effect) else _NOT_ITS_TURN
        except RenderUnavailable as error:
            return error.failure()

    async def _look_at_end(self, effect: Effect, acting: Acting, rendered: bytes) -> Outcome:
        """See how it stands with what was begun."""
        context = context_of(
            effect, acting, past_of(effect, is_fresh=False), effect.attempt, effect.created_us
        )
        result = orjson.loads(effect.result) if effect.result else {}
        answer: Done | Failed | Begun
        try:
            answer = await acting.trigger.look(rendered, context, result)
        except Exception as error:  # noqa: BLE001 - a bug of one kind must not end the others
            log.bug("trigger.crashed", error, **keys(effect))
            answer = crashed(effect, error)
        now_us = self._clock.now_us()
        return looked(effect, answer, rules_of(effect, acting), now_us=now_us, chance=self._chance())

    async def _render(self, effect: Effect) -> bool:
        """Have the bytes of a planned effect stored before they are sent. False: it is not its turn."""
        if effect.rendered is not None:
            return True
        effect.rendered, order_key, order_mode = await self._lookup.render(effect)
        is_turn = await self._runner.plan(effect.number, effect.rendered, order_key, order_mode)
        if effect.order_key is not None and effect.order_mode is not OrderMode.NONE:
            self._replaced(effect.order_key, order_key)
        effect.order_key, effect.order_mode = order_key, order_mode
        return is_turn

    async def _fire(
        self, waiting: Waiting, rendered: bytes, context: AttemptContext
    ) -> Done | Failed | Begun:
        effect, trigger = waiting.effect, waiting.acting.trigger
        if self._is_dry_run and not trigger.fires_in_dry_run:
            preview = trigger.preview(rendered)
            self._observer.previewed(effect, preview)
            shown = {
                name: value for name in ("object", "request", "message") if (value := getattr(preview, name))
            }
            return Done(answer="dry run: not done", result={"dryRun": True, **shown})
        try:
            return await trigger.fire(rendered, context)
        except RunnerFenced:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of one kind must not end the others
            log.bug("trigger.crashed", error, **keys(effect))
            return crashed(effect, error)


def _not_enabled(namespace: str) -> Failed:
    return Failed(
        reason="NamespaceNotEnabled",
        detail=f"namespace {namespace} is not enabled any more: nothing is done for it; label it to go on",
        answer="not sent",
        then=OnFailure.RETRY,
        retry_after_s=_NOT_ENABLED_S,
        counts=False,
    )
