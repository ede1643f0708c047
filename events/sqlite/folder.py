"""The folder of a store: one process at a time, no network file system, room kept for steps and outcomes."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from events.bus import BusUnavailable
from events.errors import KikkakeError

DATABASE = "bus.db"

_NETWORK_TYPES = ("nfs", "cifs", "smb", "ceph", "lustre", "afs", "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs")
_COMMIT_BYTES = 98_304
"""What a commit may write beside its event: the last page of six tables, at 16 KiB."""
_FREE_SPACE_AGE_S = 0.25
"""A figure of the free space is used this long: others write to the disk too."""


class FolderInUse(BusUnavailable):
    """Another process has the folder."""


class FolderUnfit(KikkakeError):
    """The folder cannot hold a store: it is on a network file system, or not a folder."""


class Folder:
    """DIR of `--data DIR`: holds `bus.db`, its write-ahead log, `lock`, and `broken` after a storage error."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / DATABASE
        self._marker = path / "broken"
        self._lock: int | None = None

    def lock(self) -> None:
        """Make the folder ours until the process ends or `unlock`. Raises FolderInUse, FolderUnfit."""
        self._refuse_network()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as err:
            raise FolderUnfit(
                f"data folder {self.path}: {err.strerror}; name another one with --data"
            ) from err
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            os.close(handle)
            raise FolderInUse(
                f"data folder {self.path} is used by another process; stop it, or name another folder with --data"
            ) from err
        self._lock = handle

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def require_store(self) -> None:
        """Raises FolderUnfit where no store is."""
        if not self.database.is_file():
            raise FolderUnfit(
                f"data folder {self.path}: no store in it; name the --data folder of `kikkake run`"
            )

    def is_marked_broken(self) -> bool:
        """Whether a storage error ended the last process: the store is checked before it is used."""
        return self._marker.exists()

    def mark_broken(self) -> None:
        try:
            self._marker.touch()
        except OSError:
            # The same disk failed a moment ago. Without the marker the next start skips a check that SQLite's own
            # recovery of the log mostly makes needless; there is nothing better to do here.
            return

    def unmark_broken(self) -> None:
        self._marker.unlink(missing_ok=True)

    def size_bytes(self) -> int:
        """Of the database and its log."""
        files = (self.database, self.database.with_name(DATABASE + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def _refuse_network(self) -> None:
        kind = file_system_type(self.path, _mount_table())
        if kind.startswith(_NETWORK_TYPES):
            raise FolderUnfit(
                f"data folder {self.path} is on a network file system ({kind}), where SQLite's log is not safe; "
                "name a local folder with --data"
            )


class FreeSpace:
    """Whether an event still leaves the reserve, and room for a checkpoint of what is only in the log so far.

    Asks the file system at most four times a second, and again when what was let in since may have used it up.
    """

    def __init__(self, path: Path, reserve_bytes: int, uncopied_bytes: Callable[[], int]) -> None:
        self._path = path
        self._reserve_bytes = reserve_bytes
        self._uncopied_bytes = uncopied_bytes
        self._asked_s = float("-inf")
        self._room_bytes = 0
        self._uncommitted_bytes = 0

    def admits(self, size_bytes: int) -> bool:
        """Whether there is room for that many bytes, which are then counted as used."""
        needed = 2 * (size_bytes + _COMMIT_BYTES)  # once in the log, once in the database
        if time.monotonic() - self._asked_s >= _FREE_SPACE_AGE_S or 0 <= self._room_bytes < needed:
            self._ask()
        if self._room_bytes < needed:
            return False
        self._room_bytes -= needed
        self._uncommitted_bytes += needed
        return True

    def committed(self) -> None:
        self._uncommitted_bytes = 0

    def rolled_back(self) -> None:
        self._uncommitted_bytes = 0

    def _ask(self) -> None:
        facts = os.statvfs(self._path)
        reserve = min(self._reserve_bytes, facts.f_blocks * facts.f_frsize // 10)
        promised = reserve + self._uncopied_bytes() + self._uncommitted_bytes
        self._room_bytes = facts.f_bavail * facts.f_frsize - promised
        self._asked_s = time.monotonic()


def file_system_type(path: Path, mounts: str) -> str:
    """Of the mount that holds `path`, from the text of a mount table; empty where none does."""
    target = str(path.resolve())
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        point = fields[1].replace("\\040", " ")
        inside = point in {"/", target} or target.startswith(point + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def _mount_table() -> str:
    try:
        return Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # not Linux: nothing is refused
