"""The worker processes of a gateway, seen from outside: in /proc, by their command and their parent."""

from __future__ import annotations

import os
import signal
from pathlib import Path

_BOOTSTRAP = b"sensors.sandbox.child"
_IDLE_ARGUMENT = 6
"""Where a worker's command has the seconds after which it ends unasked: 0.0, except for the one that reads programs."""


def children_of(pid: int) -> list[int]:
    """Every process of the sandbox that this gateway has started: workers, and the reader of programs."""
    return [child for child in _processes() if _parent(child) == pid and _BOOTSTRAP in _command(child)]


def workers_of(pid: int) -> list[int]:
    """Those that run programs on events."""
    return [child for child in children_of(pid) if _command(child).split(b"\0")[_IDLE_ARGUMENT] == b"0.0"]


def busy_worker_of(pid: int) -> int | None:
    """The one that the processor works for at this moment."""
    return next((child for child in workers_of(pid) if _state(child) == "R"), None)


def is_gone(pid: int) -> bool:
    """Whether the process has ended; one that nobody has waited for yet has."""
    return _state(pid) in {"", "Z", "X"}


def kill(pid: int) -> None:
    """SIGKILL; harmless where it was faster."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _command(pid: int) -> bytes:
    return _read(pid, "cmdline")


def _state(pid: int) -> str:
    return (_fields(pid) or [""])[0]


def _parent(pid: int) -> int:
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def _fields(pid: int) -> list[str]:
    """What stands behind the name in `stat`, which may hold blanks and brackets itself."""
    return _read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
