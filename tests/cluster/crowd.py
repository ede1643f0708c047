"""Very many resources in one API server: good ones, and among them mutated ones that are judged one by one.

Everything is stored through the API server, so that what it takes, and only that, is what the gateway has to live with.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from events.resource import read_documents
from tests.cluster.team import Team, config_map, creates, hook, sensor
from tests.manifests.cluster import ROOT, Cluster, path_of, resource
from tests.manifests.mutants import mutants
from tests.servers.kube_reader import KubeReader, Object

_CONNECTIONS = 16
_LARGE_BYTES = 20_000
_LARGE_EVERY = 200
"""One mutant in so many may be larger: all of them would be more than etcd keeps."""
_RULES = ("get,create configmaps", "get,watch secrets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many of each, spread over the namespaces."""

    sensors: int
    sources: int
    mutants: int = 0
    namespaces: int = 10


class Crowd:
    """Stores everything in the namespaces `names`: `es0` and `s0` and so on are good, `m0` and so on are mutants."""

    def __init__(self, cluster: Cluster, size: Size, *, seed: int = 0) -> None:
        self.size = size
        self.names = [_enabled(cluster) for _ in range(size.namespaces)]
        self.mutants: list[Object] = []
        """As they were sent."""
        self._cluster = cluster
        self._mutated = _mutated(seed)

    async def fill(self) -> None:
        """The good ones."""
        each = [self.names[number % len(self.names)] for number in range(self.size.sources)]
        sources = [
            (namespace, hook(f"es{number // len(self.names)}")) for number, namespace in enumerate(each)
        ]
        sensors = [
            (self.names[number % len(self.names)], self._sensor(number // len(self.names)))
            for number in range(self.size.sensors)
        ]
        await self._create(sources + sensors)

    async def fill_mutants(self) -> None:
        """The others; what the API server does not take is replaced by another one."""
        while len(self.mutants) < self.size.mutants:
            wanted = self.size.mutants - len(self.mutants)
            batch = []
            for number, (kind, spec) in zip(range(wanted), self._mutated, strict=False):
                name = f"m{len(self.mutants) + number}"
                place = self.names[number % len(self.names)]
                batch.append((place, resource(kind, spec, name, namespace=place)))
            self.mutants += await self._create(batch)

    def targets(self) -> list[tuple[str, str]]:
        """Namespace and name of every good source."""
        count = len(self.names)
        return [(self.names[number % count], f"es{number // count}") for number in range(self.size.sources)]

    def objects(self, reader: KubeReader, kind: str) -> list[Object]:
        """All of a kind in these namespaces."""
        return [found for name in self.names for found in reader.list(path_of(kind, name))]

    def made(self, reader: KubeReader) -> int:
        """ConfigMaps that Sensors have made."""
        listed = (reader.list(f"/api/v1/namespaces/{name}/configmaps") for name in self.names)
        return sum(found["metadata"]["name"].startswith("made-") for items in listed for found in items)

    def _sensor(self, number: int) -> Object:
        """The `number`-th of its namespace listens to one source, in turn."""
        sources = max(1, self.size.sources // len(self.names))
        return sensor(creates(config_map()), name=f"s{number}", source=f"es{number % sources}")

    async def _create(self, objects: Sequence[tuple[str, Object]]) -> list[Object]:
        """What was taken, in its order."""
        server = self._cluster.server
        tls = ssl.create_default_context(cafile=str(server.ca_file))
        headers = {"Authorization": f"Bearer {server.admin_token}", "Content-Type": "application/json"}
        waiting = iter(enumerate(objects))
        taken: dict[int, Object] = {}

        async def work(session: aiohttp.ClientSession) -> None:
            for number, (namespace, body) in waiting:
                path = path_of(body["kind"], namespace)
                async with session.post(path, data=json.dumps(body).encode()) as answer:
                    text = await answer.text()
                if answer.status < 300:
                    taken[number] = body
                elif answer.status not in {400, 413, 422}:
                    raise AssertionError(f"{path}: {answer.status} {text[:300]}")

        connector = aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=tls)
        async with (
            aiohttp.ClientSession(server.url, connector=connector, headers=headers) as session,
            asyncio.TaskGroup() as group,
        ):
            for number in range(_CONNECTIONS):
                group.create_task(work(session), name=f"crowd:{number}")
        return [taken[number] for number in sorted(taken)]


def _enabled(cluster: Cluster) -> str:
    """A namespace whose `default` account may make ConfigMaps and read Secrets."""

    team = Team(cluster)
    team.account("default", *_RULES)
    return team.name


def _mutated(seed: int) -> Iterator[tuple[str, Object]]:
    """Endless: kind and spec, out of the examples."""
    streams = {kind: mutants(specs, seed=seed) for kind, specs in example_specs().items()}
    for number, kind in enumerate(itertools.cycle(("Sensor", "EventSource"))):
        spec = next(streams[kind])
        if number % _LARGE_EVERY and len(json.dumps(spec)) > _LARGE_BYTES:
            continue
        yield kind, spec


def example_specs() -> dict[str, list[Object]]:
    """The specs of all examples, by kind."""
    found: dict[str, list[Object]] = {"EventSource": [], "Sensor": []}
    for file in sorted((ROOT / "examples").rglob("*.yaml")):
        for document in read_documents(file.read_text(encoding="utf-8"), str(file))[0]:
            value: Any = document.value
            if document.kind in found:
                found[document.kind].append(copy.deepcopy(value["spec"]))
    return found
