"""What a gateway remembers of the Services that it made, in one file of its data folder: its ports, and whose they are.

Losing the file costs no event: ports are lent anew and the EndpointSlices follow.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from events.log import Logger
from kikkake.cluster.own_ports import OwnPorts

FILE = "services.json"
_VERSION = 1

log = Logger("services")


class Source(NamedTuple):
    """An EventSource."""

    namespace: str
    name: str


class ServiceMemory:
    """Of one gateway; `load` before the first use, `save` after each change."""

    def __init__(self, folder: Path, numbers: Iterable[int]) -> None:
        self.ports = OwnPorts(numbers)
        self.made: dict[Source, str] = {}
        """EventSources that have, or may have, a Service of ours, with their uids: also when they are gone."""
        self._file = folder / FILE
        self._written = b""

    def load(self) -> None:
        """Read the file, if there is one. One that cannot be used is left out and written anew."""
        try:
            text = self._file.read_bytes()
            saved = orjson.loads(text)
            if saved["version"] != _VERSION:
                raise ValueError(f"version {saved['version']}")  # noqa: TRY301 - handled as the other faults
            made = {
                Source(each["namespace"], each["eventSource"]): str(each["uid"]) for each in saved["services"]
            }
            # Last, and all or none of it.
            self.ports.restore(saved["ports"])
            self.made = made
            self._written = text
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("services.memory-unreadable", file=str(self._file), detail=str(error)[:200])

    async def save(self) -> None:
        """Write what has changed, and return when it is on the disk. Raises OSError."""
        text = orjson.dumps(self._document(), option=orjson.OPT_INDENT_2)
        if text != self._written:
            await asyncio.to_thread(_write, self._file, text)
            self._written = text

    def _document(self) -> dict[str, Any]:
        services = [
            {"namespace": source.namespace, "eventSource": source.name, "uid": uid}
            for source, uid in self.made.items()
        ]
        return {"version": _VERSION, "ports": self.ports.saved(), "services": services}


def _write(file: Path, text: bytes) -> None:
    """In one piece: after a crash the old or the new text is there."""
    unfinished = file.with_name(f".{file.name}.tmp")
    with unfinished.open("wb") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    unfinished.replace(file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
