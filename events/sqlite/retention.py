"""What goes, and when: in slices of about a millisecond, each a job of the writer behind everybody else's.

Events go by age and bytes, but never while a Sensor that wants them has not passed them, nor while a memory, an
open effect or a dead letter refers to them (B7). The rest has its own limit in settings.py.
"""

from __future__ import annotations

from collections.abc import Callable

from events.bus import BusUnavailable, EffectState, ResourceState, Standing
from events.clock import US_PER_S, Clock
from events.sqlite import listing
from events.sqlite.dedup import Dedup
from events.sqlite.quota import Quota
from events.sqlite.reading import Reading
from events.sqlite.rows import unpack_refs
from events.sqlite.settings import SqliteSettings
from events.sqlite.transaction import Transaction
from events.sqlite.writer import Lane, Writer

_EVENT_SLICE = 64
"""Bodies deleted at once: each is a page of its own."""
_ROW_SLICE = 256
_MOST_SLICES = 64
"""Of one sort in one round: a long overdue clean-up is spread over several rounds."""
_SWEEPS = 4
"""Slices of expired ids in one round: five million ids are gone through in seven hours."""

_PINNED = """
SELECT sequence FROM hold WHERE sequence BETWEEN ?1 AND ?2
UNION ALL SELECT fired_by FROM effect WHERE fired_by BETWEEN ?1 AND ?2 AND state = 0
UNION ALL SELECT sequence FROM dead_letter WHERE sequence BETWEEN ?1 AND ?2
UNION ALL SELECT part.sequence FROM effect_part AS part JOIN effect USING (number)
    WHERE part.sequence BETWEEN ?1 AND ?2 AND effect.state IN (0, 2)
"""


class Retention:
    """Runs rounds of clean-up; a round is also the moment where a Sensor's quota is enforced."""

    def __init__(
        self,
        *,
        transaction: Transaction,
        dedup: Dedup,
        quota: Quota,
        writer: Writer,
        reading: Reading,
        settings: SqliteSettings,
        clock: Clock,
    ) -> None:
        self._transaction = transaction
        self._execute = transaction.execute
        self._dedup = dedup
        self._quota = quota
        self._writer = writer
        self._reading = reading
        self._settings = settings
        self._clock = clock
        self._event_from = 0
        self._effect_from = 0
        self._floors: dict[int, int] = {}

    async def run(self) -> None:
        """One round. A bus that cannot write now is left for the next."""
        try:
            await self._quota.enforce()
            self._floors = await self._reading.beside(listing.unprocessed_floors)
            for work in (self._drop_events, self._drop_decisions, self._drop_effects, self._drop_letters):
                await self._repeat(work, _MOST_SLICES)
            await self._repeat(self._forget_deleted, 1)
            await self._repeat(self._drop_versions, 1)
            await self._repeat(lambda: self._dedup.sweep_slice(self._clock.now_us()), _SWEEPS)
        except BusUnavailable:
            return

    async def _repeat(self, work: Callable[[], bool], most: int) -> None:
        for _ in range(most):
            if not await self._writer.submit(work, Lane.UPKEEP):
                return

    def _drop_events(self) -> bool:
        """One slice of the oldest events; False when the rest may stay or the end is reached."""
        counters = self._transaction.counters
        rows = list(
            self._execute(
                "SELECT sequence, topic, stored_us, size, standing FROM event_head WHERE sequence > ? "
                "ORDER BY sequence LIMIT ?",
                (self._event_from, _EVENT_SLICE),
            )
        )
        if not rows:
            self._event_from = 0
            return False
        oldest_us = self._clock.now_us() - self._settings.event_retention_s * US_PER_S
        pinned = {row[0] for row in self._execute(_PINNED, (rows[0][0], rows[-1][0]))}
        for sequence, topic, stored_us, size, standing in rows:
            if stored_us >= oldest_us and counters.event_bytes <= self._settings.event_retention_bytes:
                self._event_from = 0
                return False
            if sequence > counters.merged:
                # Its ids are found by its row until they are in the table: merge them, and take it next round.
                self._dedup.close_generation()
                self._dedup.merge_slice(_ROW_SLICE)
                self._event_from = sequence - 1
                return True
            is_waited_for = standing == Standing.NEW and sequence > self._floors.get(topic, sequence)
            if not is_waited_for and sequence not in pinned:
                self._drop_event(sequence, size)
            self._event_from = sequence
        return True

    def _drop_event(self, sequence: int, size: int) -> None:
        self._execute("DELETE FROM event_body WHERE sequence = ?", (sequence,))
        self._execute("DELETE FROM event_head WHERE sequence = ?", (sequence,))
        self._transaction.counters.events -= 1
        self._transaction.counters.event_bytes -= size

    def _drop_decisions(self) -> bool:
        counters, settings = self._transaction.counters, self._settings
        is_over = (
            counters.decisions > settings.decision_rows or counters.decision_bytes > settings.decision_bytes
        )
        if not is_over:
            return False
        oldest = "SELECT sequence, length(data) FROM decision ORDER BY sequence LIMIT ?"
        for sequence, size in list(self._execute(oldest, (_ROW_SLICE,))):
            if (
                counters.decisions <= settings.decision_rows
                and counters.decision_bytes <= settings.decision_bytes
            ):
                return False
            self._execute("DELETE FROM decision WHERE sequence = ?", (sequence,))
            counters.decisions -= 1
            counters.decision_bytes -= size
        return True

    def _drop_effects(self) -> bool:
        """One slice of ended effects; dead ones go after their dead letter."""
        cutoff_us = self._clock.now_us() - self._settings.ledger_retention_s * US_PER_S
        rows = list(
            self._execute(
                "SELECT number, state, created_us, ended_us, events FROM effect WHERE number > ? "
                "ORDER BY number LIMIT ?",
                (self._effect_from, _ROW_SLICE),
            )
        )
        for number, state, created_us, ended_us, packed in rows:
            if created_us >= cutoff_us:
                self._effect_from = 0
                return False
            if state != EffectState.OPEN and ended_us < cutoff_us and not self._has_letter(number):
                self._execute("DELETE FROM effect WHERE number = ?", (number,))
                for ref in unpack_refs(packed):
                    key = (ref.sequence, number)
                    self._execute("DELETE FROM effect_part WHERE sequence = ? AND number = ?", key)
        self._effect_from = rows[-1][0] if len(rows) == _ROW_SLICE else 0
        return len(rows) == _ROW_SLICE

    def _has_letter(self, number: int) -> bool:
        rows = self._execute("SELECT 1 FROM dead_letter WHERE effect = ? LIMIT 1", (number,))
        return next(iter(rows), None) is not None

    def _drop_letters(self) -> bool:
        cutoff_us = self._clock.now_us() - self._settings.dead_letter_retention_s * US_PER_S
        self._execute(
            "DELETE FROM dead_letter WHERE number IN (SELECT number FROM dead_letter ORDER BY number LIMIT ?) "
            "AND at_us < ?",
            (_ROW_SLICE, cutoff_us),
        )
        return self._transaction.connection.changes() == _ROW_SLICE

    def _forget_deleted(self) -> bool:
        """What a deleted resource held, a day after it went."""
        cutoff_us = self._clock.now_us() - self._settings.deleted_retention_s * US_PER_S
        gone = self._execute(
            "SELECT resource.uid, version FROM resource JOIN resource_version ON id = version "
            "WHERE state = ? AND changed_us < ?",
            (int(ResourceState.DELETED), cutoff_us),
        )
        for uid, version in list(gone):
            for table in ("memory", "hold", "timer", "lagging", "last_attempt"):
                self._execute(f"DELETE FROM {table} WHERE sensor = ?", (uid,))
            self._execute("DELETE FROM resource WHERE uid = ?", (uid,))
            self._execute(
                "UPDATE resource_version SET left_us = ? WHERE id = ?", (self._clock.now_us(), version)
            )
        return False

    def _drop_versions(self) -> bool:
        """Texts that were replaced before the oldest effect and the oldest decision were made."""
        oldest = next(
            iter(
                self._execute(
                    "SELECT (SELECT created_us FROM effect ORDER BY number LIMIT 1), (SELECT stored_us FROM event_head "
                    "WHERE sequence >= (SELECT min(sequence) FROM decision) ORDER BY sequence LIMIT 1)"
                )
            )
        )
        cutoff_us = min([us for us in oldest if us is not None], default=self._clock.now_us())
        self._execute(
            "DELETE FROM resource_version WHERE left_us BETWEEN 1 AND ? AND id NOT IN (SELECT version FROM resource)",
            (cutoff_us - 1,),
        )
        return False
