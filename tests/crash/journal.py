"""The API server's side of the account: every ConfigMap ever created, by uid, whatever became of it.

A watch by a client of its own, straight to the API server. It never forgets: a deleted object stays in the journal.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.servers.kube import KubeServer

_WATCH_S = 3600
_TIMEOUT_S = 60.0
_MAX_LINE_BYTES = 1 << 20


class JournalIncomplete(Exception):
    """The watch has a gap: nothing can be said about duplicates."""


@dataclass(frozen=True, slots=True)
class Made:
    """One object: for which events (dependency, key of the event) of which Sensor it was made."""

    uid: str
    name: str
    sensor: str
    events: tuple[tuple[str, str], ...]
    mark: str


class Journal:
    """`async with journal.watching():`, then look at `objects`, in the order in which they were created."""

    def __init__(self, server: KubeServer, namespace: str, file: Path) -> None:
        self.objects: dict[str, Made] = {}
        self._server = server
        self._file = file
        self._collection = f"/api/v1/namespaces/{namespace}/configmaps"
        self._version = ""

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch from now on until the end of the block."""
        tls = ssl.create_default_context(cafile=str(self._server.ca_file))
        headers = {"Authorization": f"Bearer {self._server.admin_token}"}
        connector = aiohttp.TCPConnector(ssl=tls)
        async with aiohttp.ClientSession(
            self._server.url, connector=connector, headers=headers, read_bufsize=_MAX_LINE_BYTES
        ) as session:
            async with asyncio.timeout(_TIMEOUT_S), session.get(self._collection) as answer:
                self._version = (await answer.json())["metadata"]["resourceVersion"]
            async with asyncio.TaskGroup() as group:
                task = group.create_task(self._watch(session), name="journal:watch")
                yield
                task.cancel()

    async def catch_up(self) -> None:
        """Until everything that is there now is in the journal. Raises TimeoutError."""
        present = {item["metadata"]["uid"] for item in await asyncio.to_thread(self._list)}
        async with asyncio.timeout(_TIMEOUT_S):
            while not present <= self.objects.keys():  # noqa: ASYNC110 - once, at the end
                await asyncio.sleep(0.05)

    async def delete(self, made: list[Made]) -> None:
        """Delete objects as somebody else would: the journal keeps them."""
        await asyncio.to_thread(self._delete, made)

    def _list(self) -> list[dict[str, Any]]:
        with self._server.reader() as reader:
            return reader.list(self._collection)

    def _delete(self, made: list[Made]) -> None:
        with self._server.reader() as reader:
            for each in made:
                reader.delete(f"{self._collection}/{each.name}")

    async def _watch(self, session: aiohttp.ClientSession) -> None:
        with self._file.open("w") as lines:
            while True:
                query = {
                    "watch": "1",
                    "resourceVersion": self._version,
                    "timeoutSeconds": str(_WATCH_S),
                    "allowWatchBookmarks": "true",
                }
                timeout = aiohttp.ClientTimeout(total=None, sock_connect=_TIMEOUT_S)
                async with session.get(self._collection, params=query, timeout=timeout) as answer:
                    answer.raise_for_status()
                    async for line in answer.content:
                        self._take(json.loads(line), lines)

    def _take(self, change: dict[str, Any], lines: Any) -> None:
        if change["type"] == "ERROR":
            raise JournalIncomplete(change["object"].get("message", ""))
        metadata = change["object"]["metadata"]
        self._version = metadata["resourceVersion"]
        if change["type"] != "ADDED":
            return
        data = dict(change["object"].get("data") or {})
        sensor, mark = data.pop("sensor", ""), data.pop("mark", "")
        made = Made(metadata["uid"], metadata["name"], sensor, tuple(sorted(_events(data))), mark)
        self.objects[made.uid] = made
        lines.write(json.dumps([made.uid, made.name, made.sensor, made.events, made.mark]) + "\n")


def _events(data: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Dependency and key of each event; a Sensor that collects has written a list of keys."""
    for dependency, text in data.items():
        keys = json.loads(text) if text.startswith("[") else [text]
        yield from ((dependency, key) for key in keys)
