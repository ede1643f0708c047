"""Noticing that files changed, by looking at them: it works on every file system and costs 2 ms for 500 files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from events.clock import Clock
from events.errors import KikkakeError
from events.log import Logger
from kikkake.files import Loaded, fingerprint
from kikkake.settings import RunSettings

log = Logger("watch")

Marks = dict[Path, tuple[int, int, int]]


async def watch_files(settings: RunSettings, reload: Callable[[], Awaitable[Loaded]], clock: Clock) -> None:
    """Call `reload` when a resource file was saved, added or removed, and again until what vanished is forgotten.

    A save in two writes is seen as one: the files must look the same twice before they are read.
    """
    if settings.paths == ("-",):
        return
    seen = await _look(settings)
    settled_at = 0.0
    loop = asyncio.get_running_loop()
    while True:
        await clock.sleep(settings.poll_interval_s)
        now = await _look(settings)
        if now is None or (now == seen and (not settled_at or loop.time() < settled_at)):
            continue
        if now != seen and now != await _look_again(settings, clock):
            continue
        has_lost = seen is not None and bool(seen.keys() - now.keys())
        seen = now
        # What vanished counts as deleted only after a while: then the catalog has to be made once more.
        settled_at = loop.time() + settings.vanish_after_s + settings.poll_interval_s if has_lost else 0.0
        try:
            await reload()
        except KikkakeError as error:
            log.error("files.reload_failed", detail=str(error))  # noqa: TRY400 - a fault of the files, not of ours


async def _look_again(settings: RunSettings, clock: Clock) -> Marks | None:
    await clock.sleep(min(0.1, settings.poll_interval_s))
    return await _look(settings)


async def _look(settings: RunSettings) -> Marks | None:
    """None when a path that was named is away for the moment."""
    try:
        return await asyncio.to_thread(fingerprint, settings.paths)
    except (KikkakeError, OSError) as error:
        log.debug("files.unreadable", detail=str(error))
        return None
