"""What an effect has behind it, and what one more answer makes of it. Pure: no loop, no clock, no bus.

Read from the effect's row, so that a restarted process knows the same: which attempts were made in this run (since
the effect was made, or replayed by hand), and since when it is in doubt whether one of them took effect.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from msgspec.structs import replace

from events.bus import Attempt, Effect, EffectState, NewEffect, Outcome
from events.clock import US_PER_S
from sensors.retry import Retry, Tries, next_due_us
from sensors.trigger import Begun, Done, Failed, OnFailure

BEGUN = "WaitingForEnd"
"""The reason of an open effect that was carried out and whose end is still to come: it is looked at, not attempted."""

_KEPT = 10
"""Attempts in a history (events/bus.py)."""
_SHOWN_DETAIL = 200
"""Characters of a failure's sentence beside each answer; the dead letter has it whole."""


@dataclass(frozen=True, slots=True)
class Past:
    """The attempts of this run, oldest first; one with `ended_us` 0 is in doubt."""

    history: tuple[Attempt, ...]

    @property
    def doubt_since_us(self) -> int | None:
        """When the first attempt was begun of which nobody knows the end; None = there is none."""
        return next((attempt.started_us for attempt in self.history if not attempt.ended_us), None)

    def tries(self, number: int, started_us: int) -> Tries:
        """This run with attempt `number` in it."""
        if not self.history:
            return Tries(count=1, first_us=started_us)
        first = self.history[0]
        return Tries(count=number - first.number + 1, first_us=first.started_us)


def past_of(effect: Effect, *, is_fresh: bool) -> Past:
    """What lies behind an open effect.

    `is_fresh`: its newest attempt was recorded together with the effect and has not been carried out yet.
    """
    # A failed attempt leaves its reason, a replay by hand takes it away: the run begins anew. Whoever replays has
    # judged the doubt, too.
    history = effect.history if effect.reason else ()
    if effect.attempt > effect.answered and not is_fresh and effect.rendered is not None:
        # Begun by a process that ended before it could record the answer. An attempt of a step began with the
        # effect, any other one when it was due or later: the doubt is at most this old. Of one that was never
        # rendered nothing can have been sent.
        started_us = effect.created_us if effect.attempt == 1 else effect.due_us
        history = _with(history, Attempt(effect.attempt, started_us, 0, "no answer: the process ended"))
    return Past(history)


def opened(new: NewEffect, number: int, *, version: int, at_us: int) -> Effect:
    """The effect that a step recorded, as the bus has it now: what the act loop is offered."""
    return Effect(
        number=number,
        id=new.id,
        sensor=new.sensor,
        version=version,
        trigger=new.trigger,
        role=new.role,
        kind=new.kind,
        events=new.events,
        state=EffectState.OPEN,
        created_us=at_us,
        due_us=new.due_us,
        attempt=new.attempt,
        answered=0,
        order_key=new.order_key,
        order_mode=new.order_mode,
        rendered=new.rendered,
        occasion=new.occasion,
        nonce=new.nonce,
        reason="",
        result=b"",
        history=(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One attempt and how it was answered."""

    number: int
    started_us: int
    ended_us: int
    answer: Done | Failed | Begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What decides after a failure."""

    retry: Retry
    may_repeat: bool
    """The kind is repeatable, or `atLeastOnce` is set: a doubt is cleared up by doing it again."""


def outcome_of(effect: Effect, past: Past, answered: Answered, rules: Rules, *, chance: float) -> Outcome:
    """The record of an attempt: done, tried again at a time, or dead. `chance` is uniform in [0, 1)."""
    answer = answered.answer
    history = _with(past.history, _attempt(answered))
    if isinstance(answer, Done):
        return Outcome(
            number=effect.number,
            attempt=answered.number,
            state=EffectState.DONE,
            at_us=answered.ended_us,
            result=orjson.dumps(answer.result),
            history=history,
        )
    if isinstance(answer, Begun):
        return _begun(effect, answered.number, history, answered.ended_us, answer)
    if answer.in_doubt and not rules.may_repeat:
        return in_doubt(effect, answered.number, history, at_us=answered.ended_us, what=answer.detail)
    tries = past.tries(answered.number, answered.started_us)
    due_us = next_due_us(rules.retry, tries, answer, now_us=answered.ended_us, chance=chance)
    if due_us is None:
        detail = _last_words(answer, tries, answered.ended_us, has_doubt=past.doubt_since_us is not None)
        dead = _dead(effect, answered.number, history, answered.ended_us, answer.reason, detail)
        return replace(dead, public=answer.public)
    return Outcome(
        number=effect.number,
        attempt=answered.number,
        state=EffectState.OPEN,
        at_us=answered.ended_us,
        due_us=due_us,
        reason=answer.reason,
        detail=answer.detail,
        public=answer.public,
        history=history,
        counts_as_attempt=answer.counts,
    )


def looked(
    effect: Effect, answer: Done | Failed | Begun, rules: Rules, *, now_us: int, chance: float
) -> Outcome:
    """The record of a look at what an attempt has begun; a look is no attempt, and leaves no trace of its own."""
    number, last = effect.attempt, effect.history[-1:]
    if isinstance(answer, Begun):
        return _begun(effect, number, effect.history, now_us, answer)
    history = effect.history
    if last:
        history = (*history[:-1], replace(last[0], answer=f"{last[0].answer}; {answer.answer}"))
    if isinstance(answer, Done):
        return Outcome(
            number=effect.number,
            attempt=number,
            state=EffectState.DONE,
            at_us=now_us,
            result=orjson.dumps(answer.result),
            history=history,
        )
    tries = Past(history).tries(number, now_us)
    due_us = next_due_us(rules.retry, tries, answer, now_us=now_us, chance=chance)
    if due_us is None:
        dead = _dead(effect, number, history, now_us, answer.reason, answer.detail)
        return replace(dead, public=answer.public)
    return Outcome(
        number=effect.number,
        attempt=number,
        state=EffectState.OPEN,
        at_us=now_us,
        due_us=due_us,
        reason=answer.reason,
        detail=answer.detail,
        public=answer.public,
        history=history,
    )


def _begun(effect: Effect, number: int, history: tuple[Attempt, ...], at_us: int, answer: Begun) -> Outcome:
    return Outcome(
        number=effect.number,
        attempt=number,
        state=EffectState.OPEN,
        at_us=at_us,
        due_us=at_us + round(answer.look_in_s * US_PER_S),
        reason=BEGUN,
        result=orjson.dumps(answer.result),
        history=history,
    )


def in_doubt(effect: Effect, number: int, history: tuple[Attempt, ...], *, at_us: int, what: str) -> Outcome:
    """The end of an effect that may have taken effect and must not be repeated (design, section 5)."""
    detail = f"{what}; it may have taken effect, and `atLeastOnce: false` does not repeat it"
    return _dead(effect, number, history, at_us, "InDoubt", detail)


def unusable(effect: Effect, *, at_us: int, reason: str, detail: str, attempt: int | None = None) -> Outcome:
    """The end of an effect that cannot even be attempted; `attempt` where an intent was written for one."""
    number = effect.attempt if attempt is None else attempt
    return _dead(effect, number, effect.history, at_us, reason, detail)


def _dead(
    effect: Effect, number: int, history: tuple[Attempt, ...], at_us: int, reason: str, detail: str
) -> Outcome:
    return Outcome(
        number=effect.number,
        attempt=number,
        state=EffectState.DEAD,
        at_us=at_us,
        reason=reason,
        detail=detail,
        history=history,
    )


def _attempt(answered: Answered) -> Attempt:
    answer = answered.answer
    if isinstance(answer, Done | Begun):
        return Attempt(answered.number, answered.started_us, answered.ended_us, answer.answer)
    asked = "" if answer.retry_after_s is None else f", retry after {answer.retry_after_s:g} s"
    text = f"{answer.answer}{asked}: {answer.detail[:_SHOWN_DETAIL]}"
    ended_us = 0 if answer.in_doubt else answered.ended_us
    return Attempt(answered.number, answered.started_us, ended_us, text)


def _with(history: tuple[Attempt, ...], attempt: Attempt) -> tuple[Attempt, ...]:
    # A number that was given back (429) is used again: its newest answer stands.
    kept = tuple(one for one in history if one.number != attempt.number)
    longer = (*kept, attempt)
    if len(longer) <= _KEPT:
        return longer
    # The first one tells how long it has been tried, the first doubt how old the doubt is: both stay.
    doubt = next((one for one in longer if not one.ended_us), longer[0])
    head = tuple(dict.fromkeys((longer[0], doubt)))
    rest = [one for one in longer if one not in head]
    return (*head, *rest[-(_KEPT - len(head)) :])


def _last_words(failure: Failed, tries: Tries, now_us: int, *, has_doubt: bool) -> str:
    text = failure.detail
    if tries.count > 1:
        text += f" (given up after {tries.count} attempts in {(now_us - tries.first_us) // 1_000_000} s)"
    if (has_doubt or failure.in_doubt) and failure.then is not OnFailure.GIVE_UP:
        text += "; an attempt without an answer may have taken effect"
    return text
