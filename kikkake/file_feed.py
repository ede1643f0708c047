"""Resources from files on disk, read again when they change."""

from __future__ import annotations

import asyncio

from events.clock import US_PER_S, Clock
from events.errors import Finding
from events.log import Logger
from kikkake.catalog import Catalog, unowned_faults, update_catalog
from kikkake.feed import Force
from kikkake.files import Loaded, ResourceFiles
from kikkake.settings import RunSettings
from kikkake.watch import Marks, look, watch_files


class FileFeed:
    """The files of `kikkake run`."""

    def __init__(self, settings: RunSettings, clock: Clock) -> None:
        self.faults: tuple[Finding, ...] = ()
        self._settings = settings
        self._clock = clock
        self._log = Logger("gateway")
        self._files = ResourceFiles(settings.paths)
        self._catalog: Catalog = {}
        self._seen: Marks | None = None
        self._loaded = Loaded()

    async def open(self) -> None:
        """Read the files. Raises FilesUnreadable for a path that was named and is not there."""
        self._seen = await look(self._settings) if self._settings.watch else None
        self._loaded = self._files.load()

    async def first(self, known: Catalog) -> Catalog:
        """What the files say."""
        # A file that is not there at the start was removed on purpose: nobody was saving it just now.
        self._catalog = self._taken(known, self._loaded, vanish_after_us=0)
        self.faults = unowned_faults(self._loaded, self._catalog)
        return self._catalog

    async def run(self, force: Force) -> None:
        """Watch the files, unless the settings say not to."""
        if self._settings.watch:
            await watch_files(self._settings, lambda: self.reload(force), self._clock, self._seen)

    async def reload(self, force: Force) -> bool:
        """Read the files again and put them in force; what was refused leaves its last good text in force.

        True: something has vanished and is kept for `vanish_after_s`; reload once more then.
        """
        known_faults = self.faults
        loaded = await asyncio.to_thread(self._files.load)
        vanish_after_us = round(self._settings.vanish_after_s * US_PER_S)
        catalog = self._taken(self._catalog, loaded, vanish_after_us=vanish_after_us)
        await force(catalog)
        self._catalog, self.faults = catalog, unowned_faults(loaded, catalog)
        for fault in self.faults:
            if fault not in known_faults:
                self._log.error("file.unreadable", file=fault.file, line=fault.line, detail=str(fault))
        return any(entry.gone_us is not None for entry in catalog.values())

    def _taken(self, before: Catalog, loaded: Loaded, *, vanish_after_us: int) -> Catalog:
        return update_catalog(before, loaded, self._clock.now_us(), vanish_after_us=vanish_after_us)
