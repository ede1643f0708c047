"""The engines of the bus as their contract suite sees them: opened, killed, and with limits small enough to reach.

Another engine joins by a class with the four methods of `Engine` and a line in ENGINES.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from events.bus import Bus, EventRef, NewEffect, OrderMode, Outcome, Provenance, Publication
from events.buses.sqlite import SqliteBus, SqliteSettings, open_bus
from events.clock import US_PER_S, ManualClock
from events.event import Event
from events.topic import Topic

START_US = 1_790_000_000 * US_PER_S
DAY_S = 86_400
TOPIC = Topic("ci", "default", "github", "push")
OTHER_TOPIC = Topic("ci", "default", "github", "tag")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What tests change; each engine has a setting for each."""

    max_event_bytes: int = 1_048_576
    dedup_window_s: int = 7 * DAY_S
    event_retention_s: int = 7 * DAY_S
    event_retention_bytes: int = 1 << 30
    ledger_retention_s: int = 14 * DAY_S
    decision_rows: int = 1000
    quota_s: int = 7 * DAY_S
    quota_bytes: int = 1 << 30
    dead_letter_rows: int = 1000


class Engine(Protocol):
    """One store of one engine, and the process that uses it."""

    clock: ManualClock

    async def open(self, limits: Limits | None = None) -> Bus:
        """Start on the store; `limits` stay for later calls."""
        ...

    async def kill(self) -> Bus:
        """The process dies without a word, as by SIGKILL, and starts again on what it left."""
        ...

    async def maintain(self) -> None:
        """One round of retention."""
        ...

    async def stop(self) -> None:
        """Everything that was opened is closed; the test is over."""
        ...


class SqliteEngine:
    """A killed process leaves its files as they are at that moment: a copy of them is opened."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(START_US)
        self._root = folder
        self._names = itertools.count(1)
        self._settings = SqliteSettings()
        self._buses: list[SqliteBus] = []
        self.folder = folder / "store-0"

    async def open(self, limits: Limits | None = None) -> SqliteBus:
        if limits is not None:
            self._settings = SqliteSettings(
                max_event_bytes=limits.max_event_bytes,
                dedup_window_s=limits.dedup_window_s,
                event_retention_s=limits.event_retention_s,
                event_retention_bytes=limits.event_retention_bytes,
                ledger_retention_s=limits.ledger_retention_s,
                decision_rows=limits.decision_rows,
                quota_s=limits.quota_s,
                quota_bytes=limits.quota_bytes,
                dead_letter_rows=limits.dead_letter_rows,
                generation_ids=16,
            )
        bus = await open_bus(self.folder, self._settings, self.clock)
        self._buses.append(bus)
        return bus

    async def kill(self) -> SqliteBus:
        left = self.folder
        self.folder = self._root / f"store-{next(self._names)}"
        shutil.copytree(left, self.folder, ignore=shutil.ignore_patterns("lock", "*-shm"))
        return await self.open()

    async def maintain(self) -> None:
        await self._buses[-1].maintain()

    async def stop(self) -> None:
        for bus in self._buses:
            await bus.close()


ENGINES: dict[str, Callable[[Path], Engine]] = {"sqlite": SqliteEngine}


def publication(
    ident: object,
    *,
    topic: Topic = TOPIC,
    mac: bytes | None = None,
    data: bytes | None = b'{"a": 1}',
    source: str = "github",
) -> Publication:
    event = Event(id=str(ident), source=source, type="push", subject="main", extensions={"seq": 7}, data=data)
    provenance = Provenance(START_US, "192.0.2.1", "github", "HMAC-SHA256, secret 1 of 1")
    return Publication(topic, event, provenance, mac)


def new_effect(
    ident: int,
    *,
    events: tuple[int, ...] = (),
    due_us: int = START_US,
    attempt: int = 0,
    order: tuple[bytes, OrderMode] | None = None,
    rendered: bytes | None = b"{}",
) -> NewEffect:
    return NewEffect(
        id=ident.to_bytes(32, "big"),
        sensor="uid-1",
        version=1,
        trigger="build",
        role="main",
        kind="k8s",
        events=tuple(EventRef(f"dep-{i}", sequence, bytes(32)) for i, sequence in enumerate(events)),
        due_us=due_us,
        attempt=attempt,
        order_key=order[0] if order else None,
        order_mode=order[1] if order else OrderMode.NONE,
        rendered=rendered,
    )


def outcome(number: int, attempt: int, state: int, **more: object) -> Outcome:
    return Outcome(number=number, attempt=attempt, state=state, at_us=START_US, **more)  # type: ignore[arg-type]  # fields by name
