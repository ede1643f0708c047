"""What the two APIs need from the running process; `compose.py` provides it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from events.bus import BusReader
from events.errors import Finding
from sensors.prepared import Preparer
from sensors.replay import Plan


class ResourceReport(msgspec.Struct, frozen=True, kw_only=True):
    """One resource as the process sees it now."""

    kind: str
    """`EventSource` or `Sensor`."""
    namespace: str
    name: str
    file: str = ""
    state: str
    """`active`, `suspended`, `refused` (never worked), `outdated` (its last good text stays active)."""
    findings: tuple[Finding, ...] = ()
    lag: int = 0
    """Events that a Sensor still has to judge."""
    urls: tuple[str, ...] = ()
    """Where a push source takes deliveries."""


class ApiServices(Protocol):
    """The running process as the APIs see it."""

    @property
    def reader(self) -> BusReader: ...

    @property
    def preparer(self) -> Preparer | None:
        """Who runs transforms and scripts again for an explanation."""
        ...

    def resources(self) -> Sequence[ResourceReport]:
        """Every EventSource and Sensor, by namespace and name."""
        ...

    def not_ready(self) -> Sequence[str]:
        """Why deliveries cannot be taken yet or any more, a sentence each; empty = ready."""
        ...

    def not_healthy(self) -> Sequence[str]:
        """Why the process should be restarted (the store cannot be written), a sentence each; empty = healthy."""
        ...

    def about(self) -> dict[str, str]:
        """Facts for `status`: version, data folder, cluster (`dry run` where there is none), started."""
        ...

    async def replay(self, sequence: int, *, sensor: str | None, as_new: bool, dry_run: bool) -> Plan:
        """As `Decider.replay`: `sensor` is a uid, None = every interested one. Raises EventGone."""
        ...
