"""What one attempt of an effect knows, and by which rules its answer is judged. Pure."""

from __future__ import annotations

from events.bus import Effect
from sensors.acting import Acting
from sensors.attempts import Past, Rules
from sensors.trigger import AttemptContext, Failed, OnFailure


def crashed(effect: Effect, error: Exception) -> Failed:
    """What an attempt comes to that ended in a bug of a kind."""
    return Failed(
        reason="InternalError",
        detail=f"trigger kind {effect.kind} crashed with {type(error).__name__}: this is a bug of ours",
        answer="crashed: in doubt",
        then=OnFailure.RETRY,
        in_doubt=True,
    )


def rules_of(effect: Effect, acting: Acting) -> Rules:
    """What decides after a failure of this effect."""
    may_repeat = acting.at_least_once or acting.trigger.may_repeat(effect.rendered or b"")
    return Rules(retry=acting.retry, may_repeat=may_repeat)


def context_of(effect: Effect, acting: Acting, past: Past, number: int, started_us: int) -> AttemptContext:
    """What attempt `number`, begun at `started_us`, knows."""
    doubt_us = past.doubt_since_us
    first_us = past.history[0].started_us if past.history else started_us
    return AttemptContext(
        namespace=acting.namespace,
        sensor=acting.sensor,
        trigger=effect.trigger,
        effect_id=effect.id,
        number=number,
        was_in_doubt=doubt_us is not None,
        first_intent_us=first_us if doubt_us is None else doubt_us,
        at_least_once=acting.at_least_once,
        account=acting.account,
        policy=acting.policy,
        is_strict=acting.is_strict,
    )
