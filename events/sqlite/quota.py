"""How far a Sensor may fall behind (design B7): beyond it, its oldest events become dead letters that keep the body.

When the Sensor's dead letters are at their own limit, nothing more is dropped: the Sensor stands, its events stay.
"""

from __future__ import annotations

from functools import partial

import apsw

from events.bus import ResourceState, Standing
from events.clock import US_PER_S, Clock
from events.sqlite import listing
from events.sqlite.effects import Ledger
from events.sqlite.reading import Reading
from events.sqlite.settings import SqliteSettings
from events.sqlite.topics import TopicNames
from events.sqlite.transaction import Transaction
from events.sqlite.writer import Lane, Writer

REASON = "QuotaExceeded"
_SLICE = 64


class Quota:
    """Enforces the quota of every lagging Sensor; asks for sums on the readers' thread, since they are scans."""

    def __init__(
        self,
        *,
        transaction: Transaction,
        ledger: Ledger,
        writer: Writer,
        reading: Reading,
        settings: SqliteSettings,
        clock: Clock,
    ) -> None:
        self._execute = transaction.execute
        self._ledger = ledger
        self._writer = writer
        self._reading = reading
        self._settings = settings
        self._clock = clock

    async def enforce(self) -> None:
        """Once for every lagging Sensor, slice by slice."""
        for sensor, topics, waiting_bytes in await self._reading.beside(_backlogs):
            excess = waiting_bytes - self._settings.quota_bytes
            more = True
            while more:
                slice_of_it = partial(self._drop, sensor, topics, excess)
                excess, more = await self._writer.submit(slice_of_it, Lane.UPKEEP)

    def _drop(self, sensor: str, topics: str, excess: int) -> tuple[int, bool]:
        """One slice: what is still too much in bytes, and whether to go on."""
        now_us = self._clock.now_us()
        oldest_us = now_us - self._settings.quota_s * US_PER_S
        rows, size = self._letters(sensor)
        found = self._execute(
            "SELECT sequence, stored_us, size FROM event_head "
            "WHERE sequence > (SELECT place FROM lagging WHERE sensor = ?) "
            f"AND topic IN ({topics}) AND standing = ? ORDER BY sequence LIMIT ?",
            (sensor, int(Standing.NEW), _SLICE),
        )
        taken = 0
        for sequence, stored_us, event_bytes in list(found):
            is_within = excess <= 0 and stored_us >= oldest_us
            size += event_bytes
            if (
                is_within
                or rows + taken >= self._settings.dead_letter_rows
                or size > self._settings.dead_letter_bytes
            ):
                break
            detail = "the Sensor is suspended or failing and fell behind further than its quota allows"
            self._ledger.bury_event(sensor, "", sequence, at_us=now_us, reason=REASON, detail=detail)
            self._execute("UPDATE lagging SET place = ? WHERE sensor = ?", (sequence, sensor))
            excess -= event_bytes
            taken += 1
        return excess, taken == _SLICE

    def _letters(self, sensor: str) -> tuple[int, int]:
        sums = self._execute(
            "SELECT count(*), coalesce(sum(size), 0) FROM dead_letter WHERE sensor = ?", (sensor,)
        )
        rows, size = next(iter(sums))
        return int(rows), int(size)


def _backlogs(connection: apsw.Connection, names: TopicNames) -> list[tuple[str, str, int]]:
    """Sensor, its topics as a list of numbers, and the bytes that wait for it, for each that lags."""
    numbers = {topic: number for number, topic in names.all().items()}
    versions = {version.uid: version for version in listing.newest_versions(connection)}
    found: list[tuple[str, str, int]] = []
    for sensor, place in listing.lagging(connection).items():
        version = versions.get(sensor)
        if version is None or version.state is ResourceState.DELETED:
            continue
        topics = ",".join(str(numbers[topic]) for topic in version.topics if topic in numbers)
        sums = connection.execute(
            "SELECT coalesce(sum(size), 0) FROM event_head "
            f"WHERE sequence > ? AND topic IN ({topics}) AND standing = ?",
            (place, int(Standing.NEW)),
        )
        found.append((sensor, topics, int(next(iter(sums))[0])))
    return found
