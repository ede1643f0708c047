"""A step becomes rows, all in one transaction (B4)."""

from __future__ import annotations

from collections.abc import Iterable

from events.bus import (
    FROM_END,
    MemoryChange,
    NewEffect,
    ResourceChange,
    ResourceVersion,
    Step,
    StepReceipt,
    TimerChange,
)
from events.sqlite.effects import Ledger
from events.sqlite.rows import VERSION_COLUMNS, pack, unpack_holds
from events.sqlite.transaction import Transaction


class Steps:
    """Carries out steps; runs inside a transaction."""

    def __init__(self, transaction: Transaction, ledger: Ledger) -> None:
        self._transaction = transaction
        self._execute = transaction.execute
        self._ledger = ledger

    def carry_out(self, step: Step, shard: str, now_us: int) -> StepReceipt:
        """Everything that the step says; resources first, because effects may refer to them."""
        versions = tuple(self._record_resource(change, now_us) for change in step.resources)
        if step.place is not None:
            # The process may yet die on the next batch: that would be its first unclean start there.
            self._execute("UPDATE runner SET place = ?, starts = 1 WHERE shard = ?", (step.place, shard))
        self._record_decisions(step.decisions)
        for memory in step.memories:
            self._record_memory(memory)
        self._record_timers(step.timers)
        self._record_lagging(step.lagging)
        numbers = tuple(self._record_effect(new, versions, now_us) for new in step.effects)
        for letter in step.dead_letters:
            place = (letter.sensor, letter.trigger, letter.sequence)
            self._ledger.bury_event(*place, at_us=now_us, reason=letter.reason, detail=letter.detail)
        for number in step.answered_letters:
            self._execute("DELETE FROM dead_letter WHERE number = ? AND effect = 0", (number,))
        return StepReceipt(effect_numbers=numbers, versions=versions)

    def _record_effect(self, new: NewEffect, versions: tuple[ResourceVersion, ...], now_us: int) -> int:
        version = new.version
        if not version:
            version = next((one.id for one in versions if one.uid == new.sensor), 0)
        return self._ledger.insert(new, version, now_us)

    def _record_decisions(self, decisions: Iterable[tuple[int, bytes]]) -> None:
        counters = self._transaction.counters
        for sequence, packed in decisions:
            if sequence <= counters.newest_decision:
                found = self._execute("SELECT length(data) FROM decision WHERE sequence = ?", (sequence,))
                for (size,) in list(found):
                    counters.decisions -= 1
                    counters.decision_bytes -= size
            self._execute("INSERT OR REPLACE INTO decision VALUES (?, ?)", (sequence, packed))
            counters.decisions += 1
            counters.decision_bytes += len(packed)
            counters.newest_decision = max(counters.newest_decision, sequence)

    def _record_memory(self, change: MemoryChange) -> None:
        at = (change.sensor, change.key)
        held = set(self._held(*at))
        holds = set(change.holds) if change.state is not None else set()
        for sequence in held - holds:
            self._execute("DELETE FROM hold WHERE sequence = ? AND sensor = ? AND key = ?", (sequence, *at))
        for sequence in holds - held:
            self._execute("INSERT INTO hold VALUES (?, ?, ?)", (sequence, *at))
        if change.state is None:
            self._execute("DELETE FROM memory WHERE sensor = ? AND key = ?", at)
        else:
            row = (*at, change.state, pack(tuple(sorted(holds))))
            self._execute("INSERT OR REPLACE INTO memory VALUES (?, ?, ?, ?)", row)

    def _held(self, sensor: str, key: str) -> tuple[int, ...]:
        rows = self._execute("SELECT holds FROM memory WHERE sensor = ? AND key = ?", (sensor, key))
        return next((unpack_holds(row[0]) for row in rows), ())

    def _record_timers(self, timers: Iterable[TimerChange]) -> None:
        for timer in timers:
            if timer.due_us is None:
                self._execute("DELETE FROM timer WHERE sensor = ? AND key = ?", (timer.sensor, timer.key))
            else:
                row = (timer.sensor, timer.key, timer.due_us, timer.payload)
                self._execute("INSERT OR REPLACE INTO timer VALUES (?, ?, ?, ?)", row)

    def _record_lagging(self, lagging: dict[str, int | None]) -> None:
        for sensor, place in lagging.items():
            if place is None:
                self._execute("DELETE FROM lagging WHERE sensor = ?", (sensor,))
            else:
                # Never backwards: the quota may have moved it on, and what lies before are dead letters.
                self._execute(
                    "INSERT INTO lagging VALUES (?, ?) ON CONFLICT DO UPDATE SET place = max(place, excluded.place)",
                    (sensor, place),
                )

    def _record_resource(self, change: ResourceChange, now_us: int) -> ResourceVersion:
        head = self._transaction.counters.head
        starts = {name: head if start == FROM_END else start for name, start in change.starts.items()}
        ident = self._same_text(change)
        if ident is None:
            self._transaction.counters.version += 1
            ident = self._transaction.counters.version
        version = ResourceVersion(
            id=ident,
            uid=change.uid,
            kind=change.kind,
            namespace=change.namespace,
            name=change.name,
            state=change.state,
            spec_hash=change.spec_hash,
            text=change.text,
            topics=change.topics,
            starts=starts,
            changed_us=now_us,
        )
        self._execute(
            "UPDATE resource_version SET left_us = ? WHERE id = (SELECT version FROM resource WHERE uid = ?)",
            (now_us, change.uid),
        )
        self._insert_version(version)
        self._execute("INSERT OR REPLACE INTO resource VALUES (?, ?)", (change.uid, ident))
        return version

    def _same_text(self, change: ResourceChange) -> int | None:
        rows = self._execute(
            "SELECT id FROM resource_version WHERE uid = ? AND spec_hash = ? AND text = ?",
            (change.uid, change.spec_hash, change.text),
        )
        return next((int(row[0]) for row in rows), None)

    def _insert_version(self, version: ResourceVersion) -> None:
        self._execute(
            f"INSERT OR REPLACE INTO resource_version ({VERSION_COLUMNS}, left_us) VALUES ({', '.join('?' * 11)}, 0)",
            (
                version.id,
                version.uid,
                version.kind,
                version.namespace,
                version.name,
                int(version.state),
                version.spec_hash,
                version.text,
                pack(version.topics),
                pack(version.starts),
                version.changed_us,
            ),
        )
