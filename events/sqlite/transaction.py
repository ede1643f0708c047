"""One transaction of the writer, and what lives in memory beside the rows: the counters.

Whoever keeps something in memory that belongs to rows is told of both ends: `committed`, `rolled_back`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import apsw
import msgspec

from events.sqlite.rows import pack


class Counters(msgspec.Struct, array_like=True):
    """The last numbers given out, and sums that would need a scan; one row, written with each transaction."""

    head: int = 0
    """Sequence of the newest event, whatever its standing; never used again when that event is gone."""
    judged_head: int = 0
    """Sequence of the newest event that runners read: suspected replays are not among them."""
    effect: int = 0
    letter: int = 0
    version: int = 0
    events: int = 0
    event_bytes: int = 0
    decisions: int = 0
    decision_bytes: int = 0
    newest_decision: int = 0
    merged: int = 0
    """Ids of events up to this sequence are in the table `seen`."""
    ticked_us: int = 0
    """When the newest row of `tick` was written."""


unpack_counters = msgspec.msgpack.Decoder(Counters).decode


class Participant(Protocol):
    """Memory that belongs to rows."""

    def committed(self) -> None:
        """What the transaction did is durable."""
        ...

    def rolled_back(self) -> None:
        """What the transaction did never happened."""
        ...


class Transaction:
    """The write connection with its counters and participants; used by one thread at a time."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        self.execute = connection.execute
        self.executemany = connection.executemany
        self._saved = next(
            (bytes(row[0]) for row in self.execute("SELECT value FROM counters WHERE id = 1")), b""
        )
        self.counters = unpack_counters(self._saved) if self._saved else Counters()
        self._pending = self._saved
        self._participants: Sequence[Participant] = ()
        self.before_seal: Callable[[], None] | None = None
        """What else is written with each transaction."""

    def join(self, *participants: Participant) -> None:
        self._participants = (*self._participants, *participants)

    def begin(self) -> None:
        self.execute("BEGIN IMMEDIATE")

    def seal(self) -> None:
        """Write the counters; nothing but `commit` follows."""
        if self.before_seal is not None:
            self.before_seal()
        self._pending = pack(self.counters)
        if self._pending != self._saved:
            self.execute("INSERT OR REPLACE INTO counters VALUES (1, ?)", (self._pending,))

    def commit(self) -> None:
        """Make it durable. May run on another thread while this one waits."""
        self.execute("COMMIT")

    def committed(self) -> None:
        self._saved = self._pending
        for participant in self._participants:
            participant.committed()

    def roll_back(self) -> None:
        """Forget it all; harmless when SQLite has done so itself."""
        if self.connection.in_transaction:
            self.execute("ROLLBACK")
        self.counters = unpack_counters(self._saved) if self._saved else Counters()
        for participant in self._participants:
            participant.rolled_back()
