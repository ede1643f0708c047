"""What a worker process may do once it is ready: calculate, read its input, write its answers.

Set by the process itself before it reads the first program; hard limits cannot be raised again.
"""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

_STATM = Path("/proc/self/statm")


def set_signals() -> None:
    """In the main thread: what ends the process, and what does not."""
    # The terminal's Ctrl-C is for the gateway, which ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The default of SIGPROF ends the process whatever it is doing: that is the deadline.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)


def restrict(memory_bytes: int) -> None:
    """No more files, sockets, processes and written bytes; `memory_bytes` more memory than now.

    macOS knows no limit of the address space: there only Lua's own limit and the deadline bound the memory.
    """
    in_use = _address_space()
    if in_use is not None:
        _limit("RLIMIT_AS", in_use + memory_bytes)
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_FSIZE", 0)
    _limit("RLIMIT_NPROC", 0)
    # What is open stays open; nothing else can be opened any more.
    _limit("RLIMIT_NOFILE", 0)


def _address_space() -> int | None:
    """Bytes of address space in use; None where the system does not tell."""
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[0])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _limit(name: str, amount: int) -> None:
    which = getattr(resource, name, None)
    if which is None:
        return
    _soft, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        amount = min(amount, hard)
    resource.setrlimit(which, (amount, amount))


def start_deadline(cpu_s: float) -> None:
    """From now on, `cpu_s` seconds of CPU end the process; 0 stops the clock."""
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
