"""When a failed attempt is tried again, or that it is given up. Pure: time and chance are arguments.

Without `retryStrategy` what may pass is tried for 24 hours, with full jitter; what RBAC or a CRD may still mend,
three times within 10 minutes (design, section 5). A `retryStrategy` sets its own attempts and times, by upstream's
formula (spec-sensors 9.1). What cannot become valid by waiting is given up by both.
"""

from __future__ import annotations

from dataclasses import dataclass

from events.clock import US_PER_S
from events.errors import KikkakeError
from events.languages.go_durations import BadDuration, seconds
from sensors.spec import Backoff
from sensors.trigger import Failed, OnFailure

_FIRST_S = 1.0
_LONGEST_S = 300.0
_BRIEF_S = (60.0, 480.0)
"""After the first and the second attempt: the third is at 9 minutes, within the 10 of the design."""
_MAX_RETRY_AFTER_S = 3600.0
"""What another side may ask for at most (spec: bad-input, section 5)."""
_DOUBT_S = 30.0
"""A doubt is cleared up by repeating within 60 s of the intent (spec: effects 3.1): no longer wait than this."""
_MAX_DELAY_S = 366 * 86_400.0

_DEFAULT_STEPS = 5
_DEFAULT_DURATION_S = 1.0


class UnusableBackoff(KikkakeError):
    """A `retryStrategy` that upstream could not use either; the text is upstream's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How the effects of one trigger are tried again."""

    strategy: Strategy | None = None
    """From `retryStrategy`; None means the default."""
    give_up_after_s: float = 86_400.0
    """Of the default: seconds after the first attempt. An operator's setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A `retryStrategy`: `steps` attempts in all, waiting `duration * factor^i * (1 + U[0,1) * jitter)` between."""

    steps: int
    duration_s: float
    factor: float
    jitter: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """What was tried so far, the failed attempt included."""

    count: int
    """Attempts of this run: since the effect was made or was replayed by hand."""
    first_us: int
    """When the first of them was begun."""


def next_due_us(retry: Retry, tries: Tries, failure: Failed, *, now_us: int, chance: float) -> int | None:
    """When to try again, or None: give up. `chance` is uniform in [0, 1).

    What the other side asked for (`retry_after_s`) leads over our own times, up to an hour.
    """
    strategy = retry.strategy
    if failure.then is OnFailure.GIVE_UP or (failure.then is OnFailure.RETRY_IF_ASKED and strategy is None):
        return None
    if strategy is not None:
        delay_s = (
            strategy_delay_s(strategy, tries.count, chance) if _has_more(strategy, tries, failure) else None
        )
    elif failure.then is OnFailure.RETRY_BRIEFLY:
        delay_s = _BRIEF_S[tries.count - 1] if tries.count <= len(_BRIEF_S) else None
    else:
        delay_s = _default_delay_s(retry, tries, now_us, chance)
    if delay_s is None:
        return None
    if failure.in_doubt:
        delay_s = min(delay_s, _DOUBT_S)
    if failure.retry_after_s is not None:
        delay_s = min(failure.retry_after_s, _MAX_RETRY_AFTER_S)
    return now_us + round(delay_s * US_PER_S)


def read_strategy(backoff: Backoff | None) -> Strategy | None:
    """A `retryStrategy` as numbers. Raises UnusableBackoff with upstream's sentence (spec-sensors 9.1)."""
    if backoff is None:
        return None
    return Strategy(
        steps=backoff.steps if backoff.steps is not None and backoff.steps > 0 else _DEFAULT_STEPS,
        duration_s=_duration_s(backoff.duration),
        factor=_number("factor", backoff.factor, default=1.0),
        jitter=_number("jitter", backoff.jitter, default=1.0),
    )


def _has_more(strategy: Strategy, tries: Tries, failure: Failed) -> bool:
    return not failure.counts or tries.count < strategy.steps


def strategy_delay_s(strategy: Strategy, count: int, chance: float) -> float:
    """Seconds to wait after attempt number `count`."""
    try:
        delay_s = strategy.duration_s * strategy.factor ** max(count - 1, 0) * (1 + chance * strategy.jitter)
    except OverflowError:
        return _MAX_DELAY_S
    return min(max(delay_s, 0.0), _MAX_DELAY_S)


def _default_delay_s(retry: Retry, tries: Tries, now_us: int, chance: float) -> float | None:
    # 2^9 s is beyond the longest wait already; larger exponents only grow numbers.
    delay_s = chance * min(_LONGEST_S, _FIRST_S * 2 ** min(max(tries.count - 1, 0), 9))
    end_us = tries.first_us + round(retry.give_up_after_s * US_PER_S)
    return delay_s if now_us + delay_s * US_PER_S <= end_us else None


def _duration_s(value: int | str | None) -> float:
    if value is None:
        return _DEFAULT_DURATION_S
    try:
        return seconds(value)
    except BadDuration as fault:
        raise UnusableBackoff(f"invalid backoff configuration, {fault.brief}") from None


def _number(name: str, value: float | str | None, *, default: float) -> float:
    if isinstance(value, str):
        raise UnusableBackoff(f"invalid backoff configuration, invalid {name}, write a number without quotes")
    return default if value is None else float(value)
