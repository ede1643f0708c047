"""Settings of the sandbox."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """What programs of resources may take. Read once by `kikkake/settings.py`."""

    workers: int = 2
    """Calls at a time; one more process stands by for the next that is killed."""

    deadline_s: float = 0.1
    """CPU seconds that one call may take. Upstream has no limit; operators may raise it, up to `MAX_DEADLINE_S`."""

    memory_bytes: int = 256 << 20
    """Address space that a worker may take beyond what it starts with."""

    max_waiting: int = 10_000
    """Calls that may wait for a worker; further ones are refused at once."""

    calls_per_worker: int = 100_000
    """A worker is replaced after so many calls, whatever it may have leaked."""

    def __post_init__(self) -> None:
        if (
            self.workers < 1
            or not 0 < self.deadline_s <= MAX_DEADLINE_S
            or self.memory_bytes < MIN_MEMORY_BYTES
        ):
            raise ValueError(
                f"sandbox: at least one worker, a deadline of at most {MAX_DEADLINE_S:.0f} s and at least"
                f" {MIN_MEMORY_BYTES >> 20} MiB of memory are needed"
            )


MAX_DEADLINE_S = 5.0
MIN_MEMORY_BYTES = 32 << 20
