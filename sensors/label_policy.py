"""Success by the labels of the created object: it is looked at until they are there (spec-sensors 7.2).

The waiting belongs to the attempt. A process that ends meanwhile leaves the attempt in doubt; the next one meets the
object under its name, which is ours, and waits again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from events.clock import Clock
from events.ports import KindUnknown, KubeError, KubeInDoubt, KubeNotSent, Object
from sensors.retry import Strategy, read_strategy, strategy_delay_s
from sensors.spec import Backoff, LabelPolicy
from sensors.trigger import Done, Failed, OnFailure

Get = Callable[[], Awaitable[Object | None]]
"""The object as it is now; None where it is gone."""


@dataclass(frozen=True, slots=True)
class LabelWait:
    """A policy, ready to wait."""

    labels: Mapping[str, str]
    strategy: Strategy
    is_error_on_timeout: bool

    @classmethod
    def of(cls, policy: Mapping[str, Any] | None) -> LabelWait | None:
        """From a trigger's `policy` as JSON; None where it says nothing of labels. Raises UnusableBackoff."""
        value = policy.get("k8s") if policy is not None else None
        if value is None:
            return None
        read = LabelPolicy.model_validate(value)
        if not read.labels:
            return None
        strategy = read_strategy(read.backoff or Backoff())
        assert strategy is not None  # noqa: S101 - a backoff always gives one
        return cls(read.labels or {}, strategy, read.error_on_backoff_timeout)

    async def judge(self, done: Done, get: Get, clock: Clock, chance: Callable[[], float]) -> Done | Failed:
        """`done` once the labels are there; what the policy says of the object that never got them."""
        seen: Mapping[str, Any] = {}
        for attempt in range(self.strategy.steps):
            try:
                live = await get()
            except KindUnknown:
                live = None
            except (KubeError, KubeNotSent, KubeInDoubt) as error:
                # Upstream fails at once; but a look that fails says nothing of the object.
                live, seen = {}, {"": f"the last look failed: {type(error).__name__}"}
            if live is None:
                return _failed(f"{done.result.get('object', 'the object')} is gone", "gone")
            if live:
                seen = live.get("metadata", {}).get("labels") or {}
            if all(seen.get(name) == value for name, value in self.labels.items()):
                return Done(answer=f"{done.answer}, and it has the labels of the policy", result=done.result)
            if attempt + 1 < self.strategy.steps:
                await clock.sleep(strategy_delay_s(self.strategy, attempt + 1, chance()))
        missing = ", ".join(name for name, value in self.labels.items() if seen.get(name) != value)
        if not self.is_error_on_timeout:
            answer = f"{done.answer}; without the labels of the policy after {self.strategy.steps} looks"
            return Done(answer=answer, result=done.result)
        return _failed(f"has not got the labels of the policy ({missing})", "labels missing")


def _failed(detail: str, answer: str) -> Failed:
    return Failed(
        reason="PolicyFailed", detail=detail, answer=answer, then=OnFailure.RETRY_IF_ASKED, in_doubt=False
    )
