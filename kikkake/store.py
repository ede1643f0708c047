"""The embedded bus as a process uses it, and its store as a command reads it.

A kind is found by its name and never imported by it. This module is the one exception: without a cluster there is
no EventBus resource that names a kind, and the store of `--data` is the embedded one by definition.
tests/test_architecture.py holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from events.bus import Bus, BusBroken, BusReader
from events.buses.sqlite import SqliteSettings as StoreSettings
from events.buses.sqlite import open_bus
from events.buses.sqlite import open_reader as _open_reader
from events.clock import Clock

__all__ = ["Store", "StoreReader", "StoreSettings", "open_store", "open_store_reader"]


class Store(Bus, Protocol):
    """A bus in a folder of this process."""

    store_key: bytes
    """32 random bytes made with the store: the key of the annotation `kikkake/proof`."""
    on_broken: Callable[[BusBroken], None] | None
    """Called when the storage failed: end the process at once, without `close` (design, B8)."""

    @property
    def head(self) -> int:
        """The highest committed sequence that is judged; 0 = none yet."""
        ...

    @property
    def broken(self) -> BusBroken | None:
        """The storage error that ended this bus, if one did."""
        ...

    async def maintain(self) -> None:
        """One round of retention; it also comes by itself every few seconds."""
        ...


class StoreReader(BusReader, Protocol):
    """The answers of a store without its process."""

    async def close(self) -> None: ...


async def open_store(folder: Path, settings: StoreSettings, clock: Clock) -> Store:
    """Open or make the store in `folder`; ours alone until `close`.

    Raises FolderInUse, FolderUnfit, NewerStore, SqliteTooOld, StoreDamaged: each says what to do.
    """
    return await open_bus(folder, settings, clock)


async def open_store_reader(folder: Path) -> StoreReader:
    """Look at a store; nothing is locked and nothing changed. Raises NewerStore, FolderUnfit."""
    return await _open_reader(folder)
