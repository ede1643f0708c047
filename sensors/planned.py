"""Rendering what the decide loop could only plan: transformed events, and objects that are fetched first.

Runs in the act loop, before the first attempt; its bytes are stored, so that every attempt sends the same.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pydantic

from events.event import Event
from events.ports import SecretsAs
from sensors.artifact import LOCAL_SOURCES, json_bytes, one_object
from sensors.artifact_location import chosen_kind
from sensors.artifact_source import (
    ARTIFACT_SOURCES,
    ArtifactSource,
    ArtifactUnavailable,
    ArtifactUnusable,
    Reach,
)
from sensors.artifact_spec import ArtifactLocation
from sensors.compile import CompiledSensor
from sensors.effect import Firing, member_of, render_member
from sensors.given import Given, every
from sensors.prepared import Preparer
from sensors.trigger import RenderFailed, RenderUnavailable, TriggerServices

_THREADS = 2


class PlannedRenderer:
    """Renders planned effects; one for all Sensors of the process."""

    def __init__(
        self,
        services: TriggerServices,
        preparer: Preparer | None,
        *,
        files: Path | None = None,
        make_source: Callable[[str], ArtifactSource[object]] | None = None,
    ) -> None:
        """`make_source` gives the source of a kind that is not the registry's: `kikkake test` has no network."""
        self._services = services
        self._preparer = preparer
        self._files = files
        self._make_source = make_source or _from_registry
        self._sources: dict[str, ArtifactSource[object]] = {}
        # Of its own, so that templates that make keys hold up neither reloads nor lookups.
        self._pool = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="render")

    async def render(self, firing: Firing, events: Given) -> bytes:
        """The bytes that every attempt sends. Raises RenderFailed, RenderUnavailable."""
        given = await self._transformed(firing.sensor, events)
        # In a thread, since a template may make keys: that takes up to seconds.
        loop = asyncio.get_running_loop()
        member, name = await loop.run_in_executor(self._pool, member_of, firing, given)
        location = _location(member)
        if location is not None and chosen_kind(location) not in LOCAL_SOURCES:
            member = await self._fetched(firing, member, location)
        store_key = self._services.store_key
        return await loop.run_in_executor(self._pool, render_member, firing, given, member, name, store_key)

    async def close(self) -> None:
        """Close every source that was used."""
        for source in self._sources.values():
            await source.close()
        self._sources.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _transformed(self, sensor: CompiledSensor, events: Given) -> Given:
        """The events as the transforms of their dependencies leave them."""
        pairs: list[tuple[str, Event]] = []
        for dependency in sensor.dependencies:
            for event in every(events, dependency.name):
                if dependency.transform is None:
                    pairs.append((dependency.name, event))
                    continue
                if self._preparer is None:
                    raise RenderUnavailable("this process has no workers for transforms")
                pairs.append((dependency.name, await self._preparer.transform(sensor, dependency, event)))
        return Given(pairs)

    async def _fetched(self, firing: Firing, member: bytes, location: ArtifactLocation) -> bytes:
        """The kind's member with the fetched object in the place of its location."""
        kind = chosen_kind(location)
        if kind is None:
            raise RenderFailed(f"{firing.trigger.kind}.source: holds no object")
        sensor = firing.sensor
        account = self._services.account_of(sensor.namespace, sensor.account)
        reach = Reach(
            namespace=sensor.namespace,
            secrets=SecretsAs(self._services.secrets, account),
            clock=self._services.clock,
            addresses=self._services.addresses,
            is_strict=sensor.is_strict,
            files=self._files,
            exchange=self._services.exchange,
        )
        at = f"{firing.trigger.kind}.source.{kind}"
        try:
            raw = await self._source(kind).fetch(getattr(location, kind), reach)
        except ArtifactUnusable as error:
            raise RenderFailed(f"{at}: {error}", reason="ArtifactUnusable") from error
        except ArtifactUnavailable as error:
            raise RenderUnavailable(f"{at}: {error}") from error
        # The standard library's reader keeps integers of any size.
        value = json.loads(member)
        value["source"] = {"resource": await asyncio.to_thread(one_object, raw, at)}
        return json_bytes(value)

    def _source(self, kind: str) -> ArtifactSource[object]:
        source = self._sources.get(kind)
        if source is None:
            source = self._sources[kind] = self._make_source(kind)
        return source


def _from_registry(kind: str) -> ArtifactSource[object]:
    return ARTIFACT_SOURCES.get(kind)()


def _location(member: bytes) -> ArtifactLocation | None:
    """Where the object is fetched from; None for a kind without a source. Raises RenderFailed."""
    source = json.loads(member).get("source")
    try:
        return ArtifactLocation.model_validate(source) if source is not None else None
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RenderFailed(f"source.{where}: {first['msg']}") from error
