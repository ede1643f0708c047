"""The embedded bus: SQLite in a folder, one process, nothing else to run. The default.

How it keeps the promises of events/bus.py is told by the modules of `events/sqlite/`; this one opens and closes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw

from events.bus import Bus, BusBroken, BusClosed, Publication, Receipt
from events.clock import US_PER_S, Clock
from events.log import Logger
from events.sqlite.checkpoint import Checkpoints
from events.sqlite.dedup import Dedup
from events.sqlite.effects import Ledger
from events.sqlite.folder import Folder, FreeSpace
from events.sqlite.log import Log, Recent, prepare
from events.sqlite.queries import SqliteReader
from events.sqlite.quota import Quota
from events.sqlite.reading import Reading
from events.sqlite.retention import Retention
from events.sqlite.runner import Shards, SqliteRunner
from events.sqlite.schema import check, open_checkpointer, open_reading, open_writer
from events.sqlite.settings import SqliteSettings
from events.sqlite.steps import Steps
from events.sqlite.topics import TopicNumbers
from events.sqlite.transaction import Transaction
from events.sqlite.writer import Lane, Writer

_log = Logger("bus")

__all__ = ["SqliteBus", "SqliteSettings", "open_bus", "open_reader"]


async def open_bus(
    path: Path, settings: SqliteSettings, clock: Clock, *, vfs: str | None = None
) -> SqliteBus:
    """Open or make the store in folder `path` and start its tasks; ours alone until `close`.

    `vfs` names an apsw VFS to go through instead of the system's. Raises FolderInUse, FolderUnfit, NewerStore,
    SqliteTooOld, StoreDamaged.
    """
    folder = Folder(path)
    folder.lock()
    try:
        return SqliteBus(folder, settings, clock, vfs=vfs)
    except BaseException:
        folder.unlock()
        raise


async def open_reader(path: Path) -> SqliteReader:
    """Look at a store without a bus: nothing is locked and nothing changed. Raises NewerStore, FolderUnfit."""
    folder = Folder(path)
    folder.require_store()
    return SqliteReader(folder)


class SqliteBus(Bus):
    """One store with its tasks: the writer, and the round of retention."""

    def __init__(self, folder: Folder, settings: SqliteSettings, clock: Clock, *, vfs: str | None) -> None:
        self.on_broken: Callable[[BusBroken], None] | None = None
        """Called when the storage failed: end the process at once, without `close` (B8)."""
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._connection = _open_checked(folder, vfs)
        self._transaction = Transaction(self._connection)
        self.store_key = bytes(
            next(iter(self._connection.execute("SELECT value FROM meta WHERE name = 'store_key'")))[0]
        )
        """32 random bytes made with the store: the key of the annotation `kikkake/proof`."""
        self._shards = Shards(self._transaction)
        self._shards.count_start()
        self._ledger = Ledger(self._transaction)
        self._steps = Steps(self._transaction, self._ledger)
        self._checkpoints = Checkpoints(
            self._connection, open_checkpointer(folder.database, vfs=vfs), settings, self._break_off
        )
        self._recent = Recent(
            self._transaction.counters.judged_head,
            max_events=settings.recent_events,
            max_bytes=settings.recent_bytes,
        )
        self._dedup = Dedup(
            self._transaction,
            window_us=settings.dedup_window_s * US_PER_S,
            generation_ids=settings.generation_ids,
        )
        self._log = self._make_log()
        self._writer = Writer(self._transaction, self._checkpoints, settings, self._broken)
        self._reading = Reading(*(open_reading(folder.database, vfs=vfs) for _ in range(2)))
        self._reader = SqliteReader(folder)
        self._retention = self._make_retention()
        self._writing = asyncio.create_task(self._writer.run(), name="bus:writer")
        self._upkeep = asyncio.create_task(self._keep_up(), name="bus:retention")
        self._is_closed = False

    def _make_log(self) -> Log:
        """The log, and everything in memory that belongs to rows joined to the transaction."""
        space = FreeSpace(self._folder.path, self._settings.reserve_bytes, self._checkpoints.uncopied_bytes)
        topics = TopicNumbers(self._transaction)
        log = Log(self._transaction, self._dedup, topics, self._recent, self._clock, space.admits)
        self._transaction.join(topics, self._dedup, log, space)
        self._transaction.before_seal = self._dedup.merge_due
        return log

    def _make_retention(self) -> Retention:
        quota = Quota(
            transaction=self._transaction,
            ledger=self._ledger,
            writer=self._writer,
            reading=self._reading,
            settings=self._settings,
            clock=self._clock,
        )
        return Retention(
            transaction=self._transaction,
            dedup=self._dedup,
            quota=quota,
            writer=self._writer,
            reading=self._reading,
            settings=self._settings,
            clock=self._clock,
        )

    @property
    def head(self) -> int:
        """The highest committed sequence that is judged; 0 = none yet."""
        return self._recent.head

    @property
    def broken(self) -> BusBroken | None:
        """The storage error that ended this bus, if one did."""
        return self._writer.broken

    async def publish(self, publications: Sequence[Publication]) -> list[Receipt]:
        prepared = [prepare(one, self._settings.max_event_bytes) for one in publications]
        size = sum(one.size_bytes for one in prepared)
        return await self._writer.submit(lambda: self._log.store(prepared), Lane.PUBLISH, size_bytes=size)

    async def take_over(self, shard: str = "default") -> SqliteRunner:
        epoch = await self._writer.submit(lambda: self._shards.take_over(shard), Lane.RUNNER)
        return SqliteRunner(
            shard=shard,
            epoch=epoch,
            shards=self._shards,
            writer=self._writer,
            steps=self._steps,
            ledger=self._ledger,
            recent=self._recent,
            reading=self._reading,
            clock=self._clock,
        )

    def reader(self) -> SqliteReader:
        return self._reader

    async def maintain(self) -> None:
        """One round of retention; also done by a task of the bus every few seconds."""
        await self._retention.run()

    async def close(self) -> None:
        """Commit what waits, checkpoint and close. After a storage error: close without another write."""
        if self._is_closed:
            return
        self._is_closed = True
        self._upkeep.cancel()
        await asyncio.gather(self._upkeep, return_exceptions=True)
        if self.broken is None:
            await self._writer.submit(self._shards.count_end, Lane.RUNNER)
        self._writer.finish()
        await self._writing
        self._recent.fail(self.broken or BusClosed("the bus is closed"))
        await self._checkpoints.stop()
        self._writer.shut()
        await self._reader.close()
        self._reading.close()
        self._connection.close()
        self._checkpoints.shut(is_clean=self.broken is None)
        self._folder.unlock()

    async def _keep_up(self) -> None:
        while True:
            await self._clock.sleep(self._settings.maintenance_s)
            try:
                await self._retention.run()
            except Exception as err:  # noqa: BLE001 - a fault of ours in one round must not end the others
                _log.bug("bus.retention_failed", err)

    def _break_off(self, cause: BaseException) -> None:
        self._writer.break_off(cause)

    def _broken(self, error: BusBroken) -> None:
        _log.error("bus.broken", reason=str(error), folder=str(self._folder.path))
        self._folder.mark_broken()
        self._recent.fail(error)
        if self.on_broken is not None:
            self.on_broken(error)


def _open_checked(folder: Folder, vfs: str | None) -> apsw.Connection:
    """The write connection; after a storage error only to a store that is sound. Raises StoreDamaged."""
    connection = open_writer(folder.database, vfs=vfs)
    if folder.is_marked_broken():
        check(connection, folder.database)
        folder.unmark_broken()
    return connection
