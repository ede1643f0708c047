"""The senders' own account of what they sent and what was acknowledged. It knows nothing of the gateway."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.crash.traffic import Sent


@dataclass(slots=True)
class Entry:
    """One event. Times are those of `time.time`; an event without `acked_at` may be stored or not."""

    key: str
    source: str
    group: str
    sent_at: float
    acked_at: float | None = None


class Ledger:
    """Every event by key; `refused` has the answers that no sender should get."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.refused: list[str] = []
        self.redelivered = 0
        """Deliveries that were sent again although they had been acknowledged."""

    def sent(self, events: Iterable[Sent]) -> None:
        """They go out now; only the first time counts."""
        for event in events:
            if event.key not in self.entries:
                self.entries[event.key] = Entry(event.key, event.source, event.group, time.time())

    def acknowledged(self, events: Iterable[Sent]) -> None:
        for event in events:
            entry = self.entries[event.key]
            entry.acked_at = entry.acked_at or time.time()

    @property
    def acked(self) -> int:
        return sum(entry.acked_at is not None for entry in self.entries.values())

    def write(self, file: Path) -> None:
        """One event a line."""
        with file.open("w") as lines:
            lines.writelines(json.dumps(asdict(entry)) + "\n" for entry in self.entries.values())
