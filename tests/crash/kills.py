"""When the process is killed: a schedule that a seed repeats, and the waiting for its moments.

Most kills come at a random time. Some come while the process starts, and some within 50 ms of a commit or of a
checkpoint, which are seen from outside: a commit grows or rewrites the write-ahead log, a checkpoint writes the
database.
"""

from __future__ import annotations

import asyncio
import enum
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CLOSE_S = 0.05
"""What counts as close to a commit or a checkpoint."""

_EDIT_EVERY = 10
_LONGEST_LIFE_S = 1.5
_LONGEST_START_S = 0.8
_MOMENT_TIMEOUT_S = 5.0
_POLL_S = 0.001


class Moment(enum.Enum):
    """What a kill waits for."""

    ANY = "at any time"
    STARTING = "while it starts"
    COMMIT = "at a commit"
    CHECKPOINT = "at a checkpoint"


class Edit(enum.Enum):
    """When the file of an edit is replaced."""

    RUNNING = "while it runs"
    DOWN = "while it is down"


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: after `life_s` seconds (of serving, or of starting) and its moment, `close_s` after that."""

    number: int
    moment: Moment
    life_s: float
    close_s: float
    edit: Edit | None


def schedule(seed: int, count: int) -> Iterator[Kill]:
    """The kills of a run, numbered from 1; the fifth, fifteenth, ... has an edit beside it."""
    chance = random.Random(f"{seed}:kills")
    moments, weights = list(Moment), [50, 10, 20, 20]
    for number in range(1, count + 1):
        has_edit = number % _EDIT_EVERY == _EDIT_EVERY // 2
        edit = chance.choice(list(Edit)) if has_edit else None
        moment = chance.choices(moments, weights)[0]
        # An edit of a running gateway is for a gateway that runs.
        moment = Moment.ANY if edit is Edit.RUNNING and moment is Moment.STARTING else moment
        longest = _LONGEST_START_S if moment is Moment.STARTING else _LONGEST_LIFE_S
        yield Kill(number, moment, chance.uniform(0.02, longest), chance.uniform(0.0, CLOSE_S / 2), edit)


async def strike(kill: Kill, data: Path, end_process: Callable[[], None]) -> float | None:
    """End the process when it is time; seconds since the commit or checkpoint, or None where none was seen.

    In a thread of its own: the loop of this process has servers and senders to care for.
    """
    return await asyncio.to_thread(_strike, kill, data, end_process)


def _strike(kill: Kill, data: Path, end_process: Callable[[], None]) -> float | None:
    time.sleep(kill.life_s)
    seen_at = None
    if kill.moment in (Moment.COMMIT, Moment.CHECKPOINT):
        file = data / ("bus.db-wal" if kill.moment is Moment.COMMIT else "bus.db")
        seen_at = _time_of_change(file)
        time.sleep(kill.close_s)
    struck_at = time.monotonic()
    end_process()
    return None if seen_at is None else struck_at - seen_at


def _time_of_change(file: Path) -> float | None:
    """When the file was written to; None when it was not within the time-out."""
    before = _mark(file)
    end = time.monotonic() + _MOMENT_TIMEOUT_S
    while (now := time.monotonic()) < end:
        if _mark(file) != before:
            return now
        time.sleep(_POLL_S)
    return None


def _mark(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
