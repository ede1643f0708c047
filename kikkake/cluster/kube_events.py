"""Kubernetes Events about resources: one for each object and cause in five minutes, never in anybody's way."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from typing import NamedTuple

import orjson

from events.clock import US_PER_S, Clock, format_time
from events.log import Logger
from events.ports import KindUnknown, Kube, KubeError, KubeInDoubt, KubeNotSent
from kikkake.cluster.resources import ClusterObject
from kikkake.files import RESOURCE_API

_AGAIN_S = 300.0
_MAX_WAITING = 1000
"""More are dropped: an Event is a courtesy, the condition says the same."""
_MAX_REMEMBERED = 20_000
_MAX_NOTE = 1024
"""Characters, as the API has it."""

log = Logger("cluster")


class _Said(NamedTuple):
    uid: str
    reason: str


class KubeEvents:
    """Records Events with the gateway's own identity, in the object's namespace."""

    def __init__(self, kube: Kube, clock: Clock, *, component: str) -> None:
        self._kube = kube
        self._clock = clock
        self._component = component
        self._told: OrderedDict[_Said, int] = OrderedDict()
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(_MAX_WAITING)

    def tell(self, found: ClusterObject, reason: str, note: str, *, is_warning: bool = True) -> None:
        """Say it, unless the same was said of the object within five minutes."""
        said, now_us = _Said(found.uid, reason), self._clock.now_us()
        if now_us - self._told.get(said, -round(_AGAIN_S * US_PER_S)) < _AGAIN_S * US_PER_S:
            return
        self._told[said] = now_us
        self._told.move_to_end(said)
        while len(self._told) > _MAX_REMEMBERED:
            self._told.popitem(last=False)
        if not self._waiting.full():
            self._waiting.put_nowait(self._event(found, reason, note, is_warning=is_warning))

    async def run(self) -> None:
        """Write what was told, one after the other, for ever."""
        while True:
            body = await self._waiting.get()
            namespace = orjson.loads(body)["metadata"]["namespace"]
            try:
                await self._kube.create("v1", "Event", namespace, body)
            except (KubeError, KubeNotSent, KubeInDoubt, KindUnknown) as error:
                log.limited_warning("cluster.event-not-written", (namespace,), detail=str(error)[:300])

    def _event(self, found: ClusterObject, reason: str, note: str, *, is_warning: bool) -> bytes:
        now_us = self._clock.now_us()
        key, now = found.key, format_time(now_us // US_PER_S * US_PER_S)
        # The name is of no meaning, and two of one object must not share it.
        digest = hashlib.sha256(f"{found.uid} {reason} {now_us}".encode()).hexdigest()[:16]
        return orjson.dumps(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": f"{key.name[:200].rstrip('-.')}.{digest}", "namespace": key.namespace},
                "involvedObject": {
                    "apiVersion": RESOURCE_API,
                    "kind": key.kind,
                    "namespace": key.namespace,
                    "name": key.name,
                    "uid": found.uid,
                },
                "type": "Warning" if is_warning else "Normal",
                "reason": reason,
                "message": note[:_MAX_NOTE],
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
                "source": {"component": self._component},
                "reportingComponent": self._component,
            }
        )
