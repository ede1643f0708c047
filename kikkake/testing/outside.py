"""The outside of a case: a twin of the cluster, of HTTP receivers and of the Secrets, that answers from a script.

Every trigger has a script of its own (`answers:`): each request that would change something takes the next answer,
and gets a success when there is none left. The twin outlives restarts, as the real outside does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson

from events.bus import BusReader, Effect, NewEffect, Runner
from events.clock import Clock
from events.ports import SecretRef, Secrets, SecretUnavailable
from kikkake.testing.artifacts import Artifacts
from kikkake.testing.cluster import Cluster
from kikkake.testing.naps import Naps
from kikkake.testing.scripted_kube import ScriptedKube
from kikkake.testing.sensor_document import Answer
from sensors.acting import Acting, Rendered
from sensors.lookup import Lookup, trigger_of
from sensors.planned import PlannedRenderer
from sensors.prepared import Preparer
from sensors.roster import Roster
from sensors.trigger import Trigger, TriggerServices

LONGEST_JITTER = math.nextafter(1.0, 0.0)
"""Chance of every back-off: the longest it can be, so that what a test waits for always falls due."""


class StandIns:
    """The Secrets and ConfigMaps of a test document; the namespace is not looked at."""

    def __init__(
        self, secrets: Mapping[str, Mapping[str, str]], config_maps: Mapping[str, Mapping[str, str]]
    ) -> None:
        self._values = {"Secret": secrets, "ConfigMap": config_maps}

    async def read(self, ref: SecretRef) -> bytes:
        """Raises SecretUnavailable: the document has none of that name and key."""
        value = self._values[ref.kind].get(ref.name, {}).get(ref.key)
        if value is None:
            member = "configMaps" if ref.kind == "ConfigMap" else "secrets"
            raise SecretUnavailable(f"{ref}: the test has no `{member}: {{{ref.name}: {{{ref.key}: ...}}}}`")
        return value.removesuffix("\n").encode()


class Outside:
    """Everything that triggers reach in one case."""

    def __init__(
        self,
        secrets: Secrets,
        answers: Mapping[str, list[Answer]],
        objects: list[dict[str, Any]],
        clock: Clock,
        store_key: bytes,
        artifacts: Artifacts | None = None,
    ) -> None:
        self.secrets = secrets
        self.artifacts = artifacts or Artifacts({})
        self.naps = Naps(clock)
        self.cluster = Cluster(objects, clock)
        self._scripts = {name: iter(script) for name, script in answers.items()}
        self._store_key = store_key

    def services(self, trigger: str) -> TriggerServices:
        """The outside as the trigger of that name meets it."""
        script = self._scripts.setdefault(trigger, iter(()))
        return TriggerServices(
            kube=ScriptedKube(self.cluster, script),
            secrets=self.secrets,
            clock=self.naps,
            store_key=self._store_key,
            chance=lambda: LONGEST_JITTER,
            exchange=_Receiver(script).exchange,
        )


class _Receiver:
    """What HTTP requests of one trigger meet."""

    def __init__(self, script: Iterator[Answer]) -> None:
        self._script = script

    async def exchange(self, request: Any, timeout_s: float) -> tuple[Any, str | None]:
        """One request and its answer, as `sensors.http_client.Exchange`."""
        from sensors.http_client import Answer as HttpAnswer  # noqa: PLC0415 - aiohttp, only where HTTP is sent
        from sensors.http_client import NoAnswer, RequestNotSent  # noqa: PLC0415

        answer = next(self._script, Answer())
        host = f"{request.url.host}:{request.url.port}"
        if answer.refused:
            raise RequestNotSent(f"{host} cannot be reached: Connection refused")
        if answer.lost:
            raise NoAnswer(f"{host}: no answer within {timeout_s:g} s")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        body = b"" if answer.body is None else orjson.dumps(answer.body)
        status = 200 if answer.status is None else answer.status
        return HttpAnswer(status, headers.get("retry-after"), body), headers.get("location")


class ScriptedLookup:
    """The production look-up, with an instance of a kind for each trigger, since each has its own outside."""

    def __init__(
        self, roster: Roster, runner: Runner, reader: BusReader, outside: Outside, preparer: Preparer | None
    ) -> None:
        services = outside.services("")
        renderer = PlannedRenderer(services, preparer, make_source=outside.artifacts.source)
        self._inner = Lookup(roster, runner, reader, services, renderer=renderer)
        self._roster = roster
        self._outside = outside
        self._instances: dict[tuple[str, type[Trigger]], Trigger] = {}

    def find(self, effect: Effect) -> Acting | None:
        acting = self._inner.find(effect)
        return None if acting is None else self._scripted(effect, acting)

    async def load(self, effect: Effect) -> Acting:
        return self._scripted(effect, await self._inner.load(effect))

    async def render(self, effect: Effect) -> Rendered:
        return await self._inner.render(effect)

    async def make_dlq(self, effect: Effect) -> NewEffect | None:
        return await self._inner.make_dlq(effect)

    async def close(self) -> None:
        """Close every kind that was used."""
        for instance in self._instances.values():
            await instance.close()
        await self._inner.close()

    def _scripted(self, effect: Effect, acting: Acting) -> Acting:
        # A dlqTrigger goes by its own name, as people see it.
        trigger = trigger_of(self._roster.judged[effect.sensor].sensor, effect.trigger, effect.role)
        key = (trigger.name if trigger is not None else effect.trigger, type(acting.trigger))
        instance = self._instances.get(key)
        if instance is None:
            instance = self._instances[key] = key[1](self._outside.services(key[0]))
        return replace(acting, trigger=instance)
