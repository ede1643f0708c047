"""Where the resources of a gateway come from, files or a cluster: a feed says what is in force, and when it changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from events.errors import Finding
from kikkake.catalog import Catalog

Force = Callable[[Catalog], Awaitable[None]]
"""Puts a catalog in force. When it raises, the one before is in force, and it can be tried again."""


class Feed(Protocol):
    """One place where resources come from."""

    faults: tuple[Finding, ...]
    """Of places in which nobody knows what stands: no resource could speak of them."""

    async def open(self) -> None:
        """Look at the place, before anything else is opened: where it cannot be used, nothing starts."""
        ...

    async def first(self, known: Catalog) -> Catalog:
        """What is in force at the start, given what was when the last process ended."""
        ...

    async def run(self, force: Force) -> None:
        """Put each change in force, for as long as the process lives."""
        ...
