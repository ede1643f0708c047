"""The block `connectionBackoff` of pull kinds: how often, and how far apart, a connection is tried (spec-sources 1.3).

Upstream gives a source up after these steps. Here the supervisor then waits, starts it again, and so on for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from events.errors import cut
from events.languages.go_durations import BadDuration, seconds
from events.model import SpecModel

_DEFAULT_DURATION_S = 1.0
_DEFAULT_STEPS = 5
_LONGEST_WAIT_S = 600.0
"""No wait is longer, whatever the factor makes of it: a broker that is back should not stay unread."""


class ConnectionBackoff(SpecModel):
    """Attempt i (from 0) that fails is followed by a wait of `duration * factor^i * (1 + U[0, jitter))`."""

    duration: int | str | None = None
    """Nanoseconds as a number, or a Go duration such as `1m30s`; default 1s."""
    factor: float | int | None = None
    """Default 1."""
    jitter: float | int | None = None
    """Default 1."""
    steps: int | None = None
    """Attempts in all; default 5, also for 0 and less."""

    def fault(self) -> str:
        """What is wrong with it; empty where nothing is."""
        try:
            seconds(0 if self.duration is None else self.duration)
        except BadDuration:
            return (
                f"invalid backoff configuration, `{cut(self.duration)}` is not a duration such as 1s or 1m30s"
            )
        return ""

    def waits_s(self, random: Callable[[], float]) -> Iterator[float]:
        """Seconds to wait after each attempt but the last; `random` gives [0, 1)."""
        duration_s = _DEFAULT_DURATION_S if self.duration is None else seconds(self.duration)
        factor = 1.0 if self.factor is None else self.factor
        jitter = 1.0 if self.jitter is None else self.jitter
        steps = self.steps if self.steps and self.steps > 0 else _DEFAULT_STEPS
        wait_s = duration_s
        for _ in range(steps - 1):
            yield min(max(wait_s * (1 + random() * jitter), 0.0), _LONGEST_WAIT_S)
            # Cut at each step, so that no factor overflows.
            wait_s = min(wait_s * factor, _LONGEST_WAIT_S)
