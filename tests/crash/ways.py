"""How a Sensor of a run waits, beyond holding the newest event of each dependency, told apart from its YAML.

The events of such a Sensor have a `link`, by which those that belong together are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LATE = "late"
"""The trigger that gets what `pair` held when its time was over."""

LONGEST_WAIT_S = 3.0
"""After this long without events every timer has fired."""

MARK = "seen"
"""What `scripted` writes into its objects: its transform puts it into the event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to wait; what is None or False does not apply."""

    by_link: bool = False
    """Each link has a memory of its own."""
    within_s: float | None = None
    """An incomplete memory goes to `LATE` after so long."""
    debounce_s: float | None = None
    """A complete one fires when nothing has come for so long, with everything that came."""
    batch_max: int | None = None
    """A complete one fires with so many events."""
    reset_every_s: int | None = None
    """At each multiple of it, on the wall's clock, everything that is held is let go."""

    @property
    def holds_all(self) -> bool:
        """Every event of a dependency is held, else the newest."""
        return self.debounce_s is not None or self.batch_max is not None

    def template(self) -> dict[str, Any]:
        """The members of the trigger's template."""
        members: dict[str, Any] = {}
        if self.by_link:
            members["correlate"] = {"key": {"dataKey": "body.link"}}
            if self.within_s is not None:
                members["correlate"] |= {"within": f"{self.within_s:g}s", "onTimeout": {"trigger": LATE}}
        if self.debounce_s is not None:
            members |= {"debounce": f"{round(self.debounce_s * 1000)}ms", "hold": "all"}
        if self.batch_max is not None:
            members["batch"] = {"max": self.batch_max}
        if self.reset_every_s is not None:
            assert self.reset_every_s == 60, "cron of a reset knows minutes"
            members["conditionsReset"] = [{"byTime": {"cron": "* * * * *"}}]
        return members


SIMPLE = Way()

WAYS = {
    "pair": Way(by_link=True, within_s=3.0),
    "quiet": Way(by_link=True, debounce_s=1.0),
    "pile": Way(batch_max=4),
    "minute": Way(reset_every_s=60),
}
"""By Sensor."""

TRANSFORM = f'.body.mark = "{MARK}" | .body.group = (.body.ref | ltrimstr("refs/heads/"))'
"""jq of `scripted`."""
SCRIPT = 'return event.body.group == "pair"'
"""Its Lua filter."""
