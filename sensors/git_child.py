"""The process that reads one file out of one repository and ends: `python -m sensors.git_child`.

A pack is unpacked by whoever asks for it, and may hold anything: terabytes in a kilobyte, or deltas that take minutes.
Here that costs this process its memory or its time, and no other Sensor anything (spec: security, T-GIT).
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

import msgspec

from sensors.blocking import Cutoff
from sensors.git_call import GitCall, GitReply
from sensors.git_read import read_file
from sensors.git_transport import MAX_PACK_BYTES
from sensors.guarded_pool import Guard

_MEMORY_BYTES = 1_073_741_824
"""More than at the start: four times the largest pack, which is mapped and unpacked."""
_STATM = Path("/proc/self/statm")


def main() -> None:
    """One call on standard input, one reply on standard output."""
    call = msgspec.json.decode(sys.stdin.buffer.read(), type=GitCall)
    _restrict(call.timeout_s)
    try:
        reply = read_file(call, Guard(Cutoff(call.timeout_s), call.addresses))
    except MemoryError:
        reply = GitReply(refused="the repository needs too much memory")
    sys.stdout.buffer.write(msgspec.json.encode(reply))


def _restrict(timeout_s: float) -> None:
    # Whoever started this may be gone: no process outlives its call.
    signal.alarm(int(timeout_s) + 2)
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MAX_PACK_BYTES, 2 * MAX_PACK_BYTES))
    if _STATM.exists():  # macOS has neither this file nor a limit of the address space
        in_use = int(_STATM.read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (in_use + _MEMORY_BYTES, in_use + _MEMORY_BYTES))


if __name__ == "__main__":
    main()
