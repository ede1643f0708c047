"""What people ask of the store: a read-only connection on a thread of its own, beside the writer or without one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from events.bus import (
    BusFacts,
    BusReader,
    DeadLetter,
    DeadLetterLoad,
    DeadLetterQuery,
    Effect,
    EventQuery,
    ResourceVersion,
    Standing,
    StoredEvent,
    StoredMemory,
)
from events.sqlite import listing
from events.sqlite.folder import Folder
from events.sqlite.rows import (
    EFFECT_COLUMNS,
    EVENT_COLUMNS,
    EVENT_TABLES,
    LETTER_COLUMNS,
    VERSION_COLUMNS,
    dead_letter,
    effect,
    resource_version,
    stored_event,
)
from events.sqlite.schema import open_reading
from events.sqlite.topics import TopicNames
from events.sqlite.transaction import Counters, unpack_counters

A = TypeVar("A")

_KEY_PREFIX = re.compile(r"[0-9a-fA-F]{8,64}")
_MAX_SEQUENCE = 2**63 - 1


class SqliteReader(BusReader):
    """Answers from committed rows only; one question after the other."""

    def __init__(self, folder: Folder, *, shard: str = "default") -> None:
        self._folder = folder
        self._shard = shard
        self._connection = open_reading(folder.database)
        self._names = TopicNames(self._connection)
        self._thread = ThreadPoolExecutor(1, "bus-reader")

    async def events(self, query: EventQuery) -> list[StoredEvent]:
        return await self._ask(lambda: self._list_events(query))

    async def find_events(self, reference: str, *, limit: int = 10) -> list[StoredEvent]:
        return await self._ask(lambda: self._find_events(reference, limit))

    async def decision(self, sequence: int) -> bytes | None:
        return await self._ask(lambda: self._value("SELECT data FROM decision WHERE sequence = ?", sequence))

    async def effects_of(self, sequence: int) -> list[Effect]:
        return await self._ask(lambda: self._effects_of(sequence))

    async def effect(self, number: int) -> Effect | None:
        sql = f"SELECT {EFFECT_COLUMNS} FROM effect WHERE number = ?"
        return await self._ask(
            lambda: next((effect(row) for row in self._connection.execute(sql, (number,))), None)
        )

    async def dead_letters(self, query: DeadLetterQuery) -> list[DeadLetter]:
        return await self._ask(lambda: self._list_letters(query))

    async def dead_letter_load(self) -> dict[str, DeadLetterLoad]:
        sql = "SELECT sensor, count(*), sum(size) FROM dead_letter GROUP BY sensor"
        return await self._ask(
            lambda: {
                str(sensor): DeadLetterLoad(int(rows), int(size))
                for sensor, rows, size in self._connection.execute(sql)
            }
        )

    async def version(self, version_id: int) -> ResourceVersion | None:
        sql = f"SELECT {VERSION_COLUMNS} FROM resource_version WHERE id = ?"
        return await self._ask(
            lambda: next(
                (resource_version(row) for row in self._connection.execute(sql, (version_id,))), None
            )
        )

    async def memories(self, sensor: str) -> list[StoredMemory]:
        return await self._ask(lambda: list(listing.memories(self._connection, sensor)))

    async def resources(self) -> list[ResourceVersion]:
        return await self._ask(lambda: list(listing.newest_versions(self._connection)))

    async def facts(self) -> BusFacts:
        return await self._ask(self._facts)

    async def close(self) -> None:
        """End the thread and close the connection."""
        await self._ask(self._connection.close)
        self._thread.shutdown(wait=False)

    async def _ask(self, question: Callable[[], A]) -> A:
        return await asyncio.get_running_loop().run_in_executor(self._thread, question)

    def _effects_of(self, sequence: int) -> list[Effect]:
        rows = self._connection.execute(
            f"SELECT {EFFECT_COLUMNS} FROM effect WHERE fired_by = ?1 OR number IN "
            "(SELECT number FROM effect_part WHERE sequence = ?1) ORDER BY number",
            (sequence,),
        )
        found = [effect(row) for row in rows]
        for each in found:
            each.behind = listing.behind(self._connection, each.number)
        return found

    def _value(self, sql: str, *values: Any) -> Any:
        return next((row[0] for row in self._connection.execute(sql, values)), None)

    def _list_events(self, query: EventQuery) -> list[StoredEvent]:
        numbers = [
            str(number)
            for number, topic in self._names.all().items()
            if query.namespace in {"", topic.namespace}
            and query.event_source in {"", topic.event_source}
            and query.event_name in {"", topic.event_name}
        ]
        before = _MAX_SEQUENCE if query.before is None else query.before
        return self._select_events(
            f"h.sequence < ? AND h.stored_us >= ? AND h.topic IN ({','.join(numbers)})",
            (before, query.since_us),
            query.limit,
        )

    def _select_events(self, where: str, values: tuple[Any, ...], limit: int) -> list[StoredEvent]:
        rows = self._connection.execute(
            f"SELECT {EVENT_COLUMNS} FROM {EVENT_TABLES} WHERE {where} ORDER BY h.sequence DESC LIMIT ?",
            (*values, limit),
        )
        return [stored_event(row, self._names.topic(row[1])) for row in rows]

    def _find_events(self, reference: str, limit: int) -> list[StoredEvent]:
        found: list[StoredEvent] = []
        if reference.isascii() and reference.isdigit() and int(reference) <= _MAX_SEQUENCE:
            found = self._select_events("h.sequence = ?", (int(reference),), 1)
        if not found:
            found = self._select_events("h.ce_id = ?", (reference,), limit)
        if not found and _KEY_PREFIX.fullmatch(reference):
            found = self._find_by_key(reference.lower(), limit)
        return found

    def _find_by_key(self, prefix: str, limit: int) -> list[StoredEvent]:
        """Merged ids are found by the table `seen`, newer ones by a scan of the few heads above it."""
        low, high = (bytes.fromhex(prefix.ljust(64, filler)) for filler in "0f")
        return self._select_events(
            "h.key BETWEEN ? AND ? AND (h.sequence > ? OR h.sequence IN "
            "(SELECT sequence FROM seen WHERE id BETWEEN ? AND ?))",
            (low, high, self._counters().merged, low[:16], high[:16]),
            limit,
        )

    def _list_letters(self, query: DeadLetterQuery) -> list[DeadLetter]:
        before = _MAX_SEQUENCE if query.before is None else query.before
        where = ["number < ?", "at_us >= ?"]
        values: list[Any] = [before, query.since_us]
        for column, text in (("sensor", query.sensor), ("reason", query.reason)):
            if text:
                where.append(f"{column} = ?")
                values.append(text)
        if query.sequence is not None:
            where.append("sequence = ?")
            values.append(query.sequence)
        rows = self._connection.execute(
            f"SELECT {LETTER_COLUMNS} FROM dead_letter WHERE {' AND '.join(where)} ORDER BY number DESC LIMIT ?",
            (*values, query.limit),
        )
        return [dead_letter(row) for row in rows]

    def _counters(self) -> Counters:
        saved = self._value("SELECT value FROM counters WHERE id = 1")
        return unpack_counters(saved) if saved else Counters()

    def _facts(self) -> BusFacts:
        self._connection.execute("BEGIN")
        try:
            counters = self._counters()
            place = listing.place(self._connection, self._shard)
            return BusFacts(
                head=counters.head,
                place=place,
                events=counters.events,
                open_effects=self._value("SELECT count(*) FROM effect WHERE state = 0"),
                dead_letters=self._value("SELECT count(*) FROM dead_letter"),
                lagging=listing.lagging(self._connection),
                size_bytes=self._folder.size_bytes(),
                oldest_unprocessed_us=self._value(
                    "SELECT stored_us FROM event_head WHERE sequence > ? AND standing = ? ORDER BY sequence LIMIT 1",
                    place,
                    int(Standing.NEW),
                ),
            )
        finally:
            self._connection.execute("COMMIT")
