"""Copying the write-ahead log into the database, beside the writer.

PASSIVE checkpoints on a connection and thread of their own wait for nobody and hold nobody up; but while the
writer appends they never reach its end, so the log would grow for ever. Beyond a second limit the writer pauses
for the rest, which is short because the bulk was copied beside it, and then starts the log anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import apsw

from events.sqlite.settings import SqliteSettings


class Checkpoints:
    """Runs checkpoints; `fail` is told of a storage error."""

    def __init__(
        self,
        writer: apsw.Connection,
        checkpointer: apsw.Connection,
        settings: SqliteSettings,
        fail: Callable[[BaseException], None],
    ) -> None:
        self._page_bytes = int(next(iter(writer.execute("PRAGMA page_size")))[0])
        self._connection = checkpointer
        self._fail = fail
        self._start_pages = settings.checkpoint_bytes // self._page_bytes
        self._pause_pages = settings.checkpoint_pause_bytes // self._page_bytes
        self._pause_at = self._pause_pages
        self._pages = 0
        self._copied = 0
        self._restarts = 0
        self._running: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "bus-checkpoint")
        writer.set_wal_hook(self._count)

    def uncopied_bytes(self) -> int:
        """What the next checkpoint may add to the database, at most."""
        return max(0, self._pages - self._copied) * self._page_bytes

    def start_if_needed(self) -> None:
        """After a commit: begin a checkpoint if the log has grown enough since the last one."""
        if self._running is None and self._pages - self._copied >= self._start_pages:
            self._running = asyncio.create_task(self._run(), name="bus:checkpoint")

    async def pause_if_needed(self) -> None:
        """Before a group, while the writer has nothing open: finish the checkpoint when the log is too long."""
        if self._pages < self._pause_at:
            return
        await self.stop()
        await self._copy()
        # A reader may still look at an old part of the log: then it goes on growing, and the next pause comes later.
        self._pause_at = self._pages + self._start_pages

    async def stop(self) -> None:
        """Wait for a checkpoint that is under way."""
        if self._running is not None:
            await self._running

    def shut(self, *, is_clean: bool) -> None:
        """After the writer: leave an empty log, if all is well."""
        self._thread.shutdown(wait=True)
        if is_clean:
            # On a full disk the log stays, and the next start reads it.
            with contextlib.suppress(apsw.BusyError, apsw.FullError):
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._connection.close()

    async def _run(self) -> None:
        try:
            await self._copy()
        finally:
            self._running = None

    async def _copy(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            restarts = self._restarts
            _length, copied = await loop.run_in_executor(self._thread, self._connection.wal_checkpoint)
            if restarts == self._restarts:  # else the figure is of the log before the writer began anew
                self._copied = copied
        except (apsw.BusyError, apsw.FullError):
            return  # tried again after a later commit; a full disk is no broken one
        except apsw.Error as err:
            self._fail(err)

    def _count(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        """Called inside COMMIT, on its thread, with the length of the log."""
        if pages < self._pages:
            self._copied = 0
            self._restarts += 1
            self._pause_at = self._pause_pages
        self._pages = pages
        return apsw.SQLITE_OK
