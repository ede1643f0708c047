"""How often the attempts of a trigger may begin: exactly spaced, no bursts (spec-sensors 9.3). Pure.

Upstream lets unused slots pile up to a burst of about 11; here each attempt begins at least one spacing after the
one before, retries and restarts included.
"""

from __future__ import annotations

from dataclasses import dataclass

from events.errors import KikkakeError
from sensors.spec import RateLimit

UNITS_US = {"Second": 1_000_000, "Minute": 60_000_000, "Hour": 3_600_000_000}


class UnusableRateLimit(KikkakeError):
    """`requestsPerUnit` is 0 or absent: upstream crashes on it."""


@dataclass(frozen=True, slots=True)
class Spacing:
    """The shortest time from the beginning of one attempt to the next, in microseconds."""

    us: int

    def slot_us(self, last_us: int | None) -> int:
        """When the next attempt may begin, after one at `last_us`; 0 where there was none."""
        return 0 if last_us is None else last_us + self.us


def read_rate_limit(limit: RateLimit | None) -> Spacing | None:
    """The spacing that a `rateLimit` asks for; None = unlimited (also for negative numbers, as upstream).

    Raises UnusableRateLimit.
    """
    if limit is None:
        return None
    per_unit = limit.requests_per_unit
    if not per_unit:
        raise UnusableRateLimit("rateLimit.requestsPerUnit is 0 or missing: give a number of 1 or more")
    if per_unit < 0:
        return None
    unit_us = UNITS_US.get(limit.unit, UNITS_US["Second"])
    # Rounded up: never more than the limit, at most a microsecond slower.
    return Spacing(-(-unit_us // per_unit))
