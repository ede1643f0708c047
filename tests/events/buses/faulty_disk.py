"""A disk that fails when it is told to: an apsw VFS over the system's own."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import apsw

_names = itertools.count(1)


class FaultyDisk:
    """Faults of all files that are opened through the VFS `name`; `writes_to` says which file writes go to."""

    def __init__(self) -> None:
        self.name = f"faulty-{next(_names)}"
        self.fail_sync: apsw.Error | None = None
        self.fail_write: apsw.Error | None = None
        self.failing_file = "-wal"
        """Only the file whose name ends like this fails."""
        self.failures_left = 1 << 30
        self.writes = 0
        self.sync_may_end = threading.Event()
        self.sync_may_end.set()
        self.in_sync = threading.Event()
        self._vfs = _Vfs(self)

    @contextmanager
    def holding_syncs(self) -> Iterator[None]:
        """Inside, no sync of a write-ahead log comes back."""
        self.in_sync.clear()
        self.sync_may_end.clear()
        try:
            yield
        finally:
            self.sync_may_end.set()

    def heal(self) -> None:
        self.fail_sync = self.fail_write = None

    def fail(self, name: str, error: apsw.Error | None) -> None:
        """Raise `error` if it is the turn of this file."""
        if error is not None and name.endswith(self.failing_file) and self.failures_left:
            self.failures_left -= 1
            raise error


class _Vfs(apsw.VFS):
    def __init__(self, disk: FaultyDisk) -> None:
        self._disk = disk
        super().__init__(disk.name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's own name
        return _File(self._disk, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, disk: FaultyDisk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        super().__init__("", name, flags)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's own name
        if self._name.endswith("-wal"):
            self._disk.in_sync.set()
            self._disk.sync_may_end.wait(10)
        self._disk.fail(self._name, self._disk.fail_sync)
        super().xSync(flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's own name
        self._disk.fail(self._name, self._disk.fail_write)
        self._disk.writes += 1
        super().xWrite(data, offset)
