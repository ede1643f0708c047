"""What the stopped gateway's store holds: the stored order of the events, and which text has judged each of them.

Read after the end, read-only. Keys and groups are taken from the events' data, not from their ids.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from events.bus import EventQuery, ResourceVersion, Standing, StoredEvent
from events.clock import US_PER_S
from events.sqlite.folder import Folder
from events.sqlite.queries import SqliteReader
from sensors.decision import decode_decisions
from tests.crash.model import Logged
from tests.crash.resources import Rule, rule_of_text

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Log:
    """The whole store."""

    events: Sequence[Logged]
    """In stored order, duplicates included if there are any."""
    edits: Mapping[str, Sequence[int]]
    """By Sensor: the edits that were recorded, in their order."""
    oddities: Sequence[str]
    """Events that are not as they ought to be: judged twice by one Sensor, or by none, or set aside."""
    dead_letters: int
    open_effects: int


async def read_log(data: Path, rules: list[dict[str, Rule]], namespace: str) -> Log:
    """Everything of the run's namespace; `rules[edit]` are the Sensors as they were written."""
    reader = SqliteReader(Folder(data))
    try:
        return await _Reading(reader, rules, namespace).read()
    finally:
        await reader.close()


class _Reading:
    def __init__(self, reader: SqliteReader, rules: list[dict[str, Rule]], namespace: str) -> None:
        self._reader = reader
        self._namespace = namespace
        self._rules = rules
        self._versions: dict[int, tuple[str, int]] = {}
        """Of Sensors: version -> (Sensor, edit)."""
        self._oddities: list[str] = []

    async def read(self) -> Log:
        events = [await self._logged(stored) async for stored in self._events()]
        facts = await self._reader.facts()
        return Log(
            events=events[::-1],
            edits=await self._edits(),
            oddities=self._oddities,
            dead_letters=facts.dead_letters,
            open_effects=facts.open_effects,
        )

    async def _events(self) -> AsyncIterator[StoredEvent]:
        """Newest first."""
        before: int | None = None
        while page := await self._reader.events(EventQuery(before=before, limit=_PAGE)):
            for stored in page:
                yield stored
            before = page[-1].sequence

    async def _logged(self, stored: StoredEvent) -> Logged:
        source = stored.topic.event_source
        key, group, link = _identity(source, json.loads(stored.event.data or b"null"))
        record = await self._reader.decision(stored.sequence)
        judged_by: dict[str, int] = {}
        for decision in decode_decisions(record) if record is not None else ():
            sensor, edit = await self._version(decision.version)
            if sensor in judged_by:
                self._oddities.append(
                    f"event {key} was judged by {sensor} as of edits {judged_by[sensor]} and {edit}"
                )
            judged_by[sensor] = edit
        interested = {
            name
            for name, rule in self._rules[0].items()
            if source in {want.source for _name, want in rule.wants}
        }
        if missing := interested - judged_by.keys():
            self._oddities.append(f"event {key} was not judged by {', '.join(sorted(missing))}")
        if stored.standing is not Standing.NEW:
            self._oddities.append(f"event {key} is {stored.standing.name}")
        return Logged(stored.sequence, key, source, group, judged_by, stored.stored_us / US_PER_S, link)

    async def _version(self, number: int) -> tuple[str, int]:
        if number not in self._versions:
            version = await self._reader.version(number)
            assert version is not None, f"version {number} has judged and is not stored"
            self._versions[number] = (version.name, rule_of_text(version.text, self._rules))
        return self._versions[number]

    async def _edits(self) -> dict[str, list[int]]:
        """By the numbers of the versions: each text is written once, so each has a number of its own."""
        newest = [version for version in await self._reader.resources() if self._is_meant(version)]
        edits: dict[str, list[int]] = {version.name: [] for version in newest}
        for number in range(1, _highest(newest) + 1):
            version = await self._reader.version(number)
            if version is not None and self._is_meant(version):
                edits[version.name].append((await self._version(number))[1])
        return edits

    def _is_meant(self, version: ResourceVersion) -> bool:
        """Whether it is a Sensor of the run, and not of people who work beside it."""
        return (version.kind, version.namespace) == ("Sensor", self._namespace)


def _highest(versions: Sequence[ResourceVersion]) -> int:
    return max(version.id for version in versions)


def _identity(source: str, data: Any) -> tuple[str, str, str]:
    """Key, group and link of an event, as `traffic.py` has put them in."""
    body = data["body"]
    if source == "github":
        return body["after"], body["ref"].removeprefix("refs/heads/"), body["link"]
    if source == "distribution":
        key = body["target"]["tag"]
        return key, body["target"]["repository"].removeprefix("crash/"), key
    return body["key"], body["kind"], body["link"]
