"""Which ids were seen within the window, among millions, without a random insert on the way of a publication.

New ids are kept in a dict in memory (a *generation*) and can be found again in their event's row after a crash.
A full generation is sorted and merged into the table `seen` in slices; where it ends is the counter `merged`.
An id is looked up in the dicts, then in the table. Ids outlive their events: an id has expired when the `tick`
at or before its sequence says so, and a sweep deletes such rows in slices.

Ids are the first 16 bytes of event keys and replay keys (events/topic.py): a chance of 2^-82 for a wrong match
among five million ids and a billion events.
"""

from __future__ import annotations

from itertools import islice

from events.clock import US_PER_S
from events.sqlite.transaction import Transaction

ID_BYTES = 16
TICK_US = 60 * US_PER_S
"""How exactly the time of an id is known once its event is gone: a minute, 10,000 rows a week."""

_MERGED_PER_NEW = 4
"""Ids merged for each new one: a merge is spread evenly over a quarter of the next generation."""
_SWEEP_SLICE = 512


class Dedup:
    """The writer's memory of ids. Runs on the loop's thread, inside the writer's transactions."""

    def __init__(self, transaction: Transaction, *, window_us: int, generation_ids: int) -> None:
        self._transaction = transaction
        self._window_us = window_us
        self._generation_ids = generation_ids
        self._fresh: dict[bytes, int] = {}
        self._generation: dict[bytes, int] = {}
        self._merging: dict[bytes, int] = {}
        self._rest: list[tuple[bytes, int]] = []
        self._merge_to = 0
        self._sliced: list[tuple[bytes, int]] = []
        self._sweep_from = b""
        self._swept_until = 0
        self._rebuild()

    def find(self, ident: bytes, now_us: int) -> int | None:
        """The sequence that an id was first stored with, if it is in the window."""
        sequence = self._fresh.get(ident) or self._generation.get(ident) or self._merging.get(ident)
        if sequence is None:
            for row in self._transaction.execute("SELECT sequence FROM seen WHERE id = ?", (ident,)):
                sequence = int(row[0])
        if sequence is None or self._has_expired(sequence, now_us):
            return None
        return sequence

    def remember(self, ident: bytes, sequence: int, now_us: int) -> None:
        """Part of the running transaction."""
        self._fresh[ident] = sequence
        counters = self._transaction.counters
        if now_us - counters.ticked_us >= TICK_US or now_us < counters.ticked_us:
            self._transaction.execute("INSERT OR REPLACE INTO tick VALUES (?, ?)", (sequence, now_us))
            counters.ticked_us = now_us

    def merge_due(self) -> None:
        """Before a transaction is sealed: merge as many ids of a full generation as keep up with the new ones."""
        if not self._merging and len(self._generation) >= self._generation_ids:
            self.close_generation()
        if self._rest and self._fresh:
            self.merge_slice(_MERGED_PER_NEW * len(self._fresh))

    def close_generation(self) -> None:
        """Begin to merge what is in memory, full or not, unless a merge is under way."""
        if self._merging or not self._generation:
            return
        self._merging, self._generation = self._generation, {}
        self._rest = sorted(self._merging.items(), reverse=True)
        self._merge_to = max(self._merging.values())

    def merge_slice(self, most: int) -> None:
        """Write the next few ids of the generation, as part of the running transaction."""
        if not self._rest:
            return
        part = self._rest[-most:]
        del self._rest[-most:]
        self._sliced = part + self._sliced
        # What is there under this id has expired, or `find` would have said so.
        self._transaction.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", reversed(part))
        if not self._rest:
            self._transaction.counters.merged = self._merge_to

    def sweep_slice(self, now_us: int) -> bool:
        """Delete expired ids among the next few of the table; False when the end was reached."""
        execute = self._transaction.execute
        until = self._expired_until(now_us)
        rows = list(
            execute(
                "SELECT id, sequence FROM seen WHERE id > ? ORDER BY id LIMIT ?",
                (self._sweep_from, _SWEEP_SLICE),
            )
        )
        gone = [(ident,) for ident, sequence in rows if sequence < until]
        self._transaction.executemany("DELETE FROM seen WHERE id = ?", gone)
        self._sweep_from = bytes(rows[-1][0]) if len(rows) == _SWEEP_SLICE else b""
        if not self._sweep_from:
            execute("DELETE FROM tick WHERE sequence < ?", (self._swept_until,))
            self._swept_until = until
        return bool(self._sweep_from)

    def committed(self) -> None:
        self._generation.update(self._fresh)
        self._fresh.clear()
        self._sliced = []
        if self._merging and not self._rest:
            self._merging = {}

    def rolled_back(self) -> None:
        self._fresh.clear()
        self._rest.extend(self._sliced)
        self._sliced = []

    def _expired_until(self, now_us: int) -> int:
        """Every id below this sequence has expired: it lies before the first tick after the newest expired one."""
        execute = self._transaction.execute
        newest = "SELECT max(sequence) FROM tick WHERE us < ?"
        expired = next(iter(execute(newest, (now_us - self._window_us - TICK_US,))))[0]
        if expired is None:
            return 0
        following = next(iter(execute("SELECT min(sequence) FROM tick WHERE sequence > ?", (expired,))))[0]
        return int(following or self._transaction.counters.head + 1)

    def _has_expired(self, sequence: int, now_us: int) -> bool:
        tick = "SELECT us FROM tick WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1"
        for row in self._transaction.execute(tick, (sequence,)):
            return bool(row[0] + TICK_US < now_us - self._window_us)
        return True  # its tick was swept with the ids of that time

    def _rebuild(self) -> None:
        """Read back what was not merged when the process ended; a half merged generation is merged again."""
        rows = self._transaction.execute(
            f"SELECT sequence, substr(key, 1, {ID_BYTES}), replay FROM event_head WHERE sequence > ? ORDER BY sequence",
            (self._transaction.counters.merged,),
        )
        while part := list(islice(rows, 1024)):
            for sequence, ident, replay in part:
                self._generation[ident] = sequence
                if replay is not None:
                    self._generation[replay] = sequence
