"""`python -m tests.stories.failing_disk run ...`: the real command on a disk that fails while a marker file exists.

The marker is named by KIKKAKE_TEST_DISK_FAILS. While it is there, every sync of the store's write-ahead log ends with
an I/O error, as on a disk that dies.
"""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from kikkake.cli.main import main

_SYSTEM = apsw.vfs_names()[0]
_MARKER = Path(os.environ.get("KIKKAKE_TEST_DISK_FAILS", ""))


class _Vfs(apsw.VFS):
    """The system's, with files that may fail."""

    def __init__(self) -> None:
        super().__init__("failing", _SYSTEM)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's own name
        return _File(name, flags)


class _File(apsw.VFSFile):
    def __init__(self, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._is_log = (name.filename() if isinstance(name, apsw.URIFilename) else name or "").endswith(
            "-wal"
        )
        super().__init__(_SYSTEM, name, flags)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's own name
        if self._is_log and _MARKER.exists():
            raise apsw.IOError("disk I/O error")
        super().xSync(flags)


if __name__ == "__main__":
    _vfs = _Vfs()
    # Every connection that names no VFS goes through this one from now on.
    apsw.set_default_vfs("failing")
    main()
