"""Noticing that files changed, by looking at them: it works on every file system and costs 2 ms for 500 files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from events.clock import US_PER_S, Clock
from events.errors import KikkakeError
from events.log import Logger
from kikkake.files import fingerprint
from kikkake.settings import RunSettings

log = Logger("watch")

Marks = dict[Path, tuple[int, int, int]]


async def watch_files(
    settings: RunSettings, reload: Callable[[], Awaitable[bool]], clock: Clock, seen: Marks | None
) -> None:
    """Call `reload` when a resource file was saved, added or removed.

    It says whether something has vanished that is not forgotten yet: then it is called once more when its time is over.
    `seen` is how the files looked (`look`) before they were read at the start: a save in between is not missed.
    A save in two writes is seen as one: the files must look the same twice before they are read.
    """
    if settings.paths == ("-",):
        return
    settle_at_us = 0
    told = ""
    while True:
        await clock.sleep(settings.poll_interval_s)
        now = await look(settings)
        if now is None or (now == seen and (not settle_at_us or clock.now_us() < settle_at_us)):
            continue
        if now != seen and now != await _look_again(settings, clock):
            continue
        try:
            has_vanished = await reload()
        except KikkakeError as error:
            # Of the files, or of a store that is full for the moment: the next look tries again.
            if str(error) != told:
                log.error("files.reload_failed", detail=str(error))  # noqa: TRY400 - no fault of ours
            told = str(error)
            continue
        told = ""
        seen = now
        settle_at_us = clock.now_us() + round(settings.vanish_after_s * US_PER_S) if has_vanished else 0


async def _look_again(settings: RunSettings, clock: Clock) -> Marks | None:
    await clock.sleep(min(0.1, settings.poll_interval_s))
    return await look(settings)


async def look(settings: RunSettings) -> Marks | None:
    """How the files look now; None when a path that was named is away for the moment."""
    try:
        return await asyncio.to_thread(fingerprint, settings.paths)
    except (KikkakeError, OSError) as error:
        log.debug("files.unreadable", detail=str(error))
        return None
