"""What a run is told, and the command that repeats it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run. The same seed gives the same kills, edits and payloads; what the kernel makes of them differs."""

    seed: int
    kills: int
    rate: float = 200.0
    """Events a second."""
    outage_s: float = 0.0
    """How long the API server is away in the middle of the run; 0 = it is not."""
    serve: bool = False
    """`kikkake serve` with objects of the API server, and people at work beside it; else `run` with files."""
    canary: str = ""
    """A known fault that is put into the gateway (`canary.py`)."""

    @property
    def command(self) -> str:
        serve = " --serve" if self.serve else ""
        canary = f" --canary {self.canary}" if self.canary else ""
        return (
            f"python -m tests.crash.run --seed {self.seed} --kills {self.kills} --rate {self.rate:g} "
            f"--outage {self.outage_s:g}{serve}{canary}"
        )

    @property
    def program(self) -> tuple[str, ...]:
        """The module that is the gateway."""
        return ("tests.crash.canary", self.canary) if self.canary else ("kikkake",)

    @property
    def outage_kills(self) -> range:
        """Numbers of the kills that happen while the API server is away: about a twentieth, in the middle."""
        first = self.kills // 2 + 1
        return range(first, first + max(2, self.kills // 20)) if self.outage_s else range(0)
