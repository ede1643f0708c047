"""Writing statuses: once for each object and generation, when what is said changes, and slowly what only counts.

A status that cannot be written is said in the log and a metric, and tried again later; nothing waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import orjson
from prometheus_client import Counter

from events.clock import US_PER_S, Clock, format_time, wait_until
from events.log import Logger
from events.metrics import Metrics
from events.ports import KindUnknown, Kube, KubeError, KubeInDoubt, KubeNotSent
from kikkake.catalog import Key
from kikkake.cluster.kube_events import KubeEvents
from kikkake.cluster.resources import ClusterObject
from kikkake.cluster.status import FALSE, READY, Outlook, Status, is_said, status_of
from kikkake.files import RESOURCE_API

_AT_ONCE = 8
"""Writes that run at once: 10,000 objects take seconds, and triggers keep most of the connections."""
_SETTLE_S = 0.05
"""Between two looks at what is to be written: what changes in bursts is written once."""
_UNSETTLED_S = 5.0
_SOONEST_S = 30.0
"""Between two statuses of one generation; a new generation does not wait."""
_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 30.0
"""Of the pause after a status could not be written: twice as long each time."""

log = Logger("cluster")


@dataclass(frozen=True, slots=True)
class _Written:
    uid: str
    generation: int
    at_us: int
    conditions: object
    addresses: object
    manual: object


class StatusKeeper:
    """Owns the statuses of all objects. `mark` what may have changed; `run` writes."""

    def __init__(  # noqa: PLR0913 - its surroundings
        self,
        kube: Kube,
        clock: Clock,
        metrics: Metrics,
        *,
        find: Callable[[Key], ClusterObject | None],
        outlook: Callable[[ClusterObject], Outlook],
        events: KubeEvents,
        interval_s: float,
        is_settled: Callable[[Key], bool] = lambda _key: True,
    ) -> None:
        """`find` gives an object as it is now, `outlook` what is known of it; `interval_s` is for counts alone.

        What is not `is_settled` yet is waited for a little, so that it is said with the rest.
        """
        self._kube = kube
        self._clock = clock
        self._find = find
        self._outlook = outlook
        self._events = events
        self._is_settled = is_settled
        self._marked: dict[Key, int] = {}
        """Since when each is to be looked at."""
        self._interval_us = round(interval_s * US_PER_S)
        self._due: dict[Key, int] = {}
        """When each is to be looked at: now, after a pause, or for its counts."""
        self._written: dict[Key, _Written] = {}
        self._failures: dict[Key, int] = {}
        """Of each status that could not be written: how often in a row."""
        self._changed = asyncio.Event()
        self._failed = Counter(
            "kikkake_status_write_failed",
            "Statuses that could not be written.",
            ["kind"],
            registry=metrics.registry,
        )

    def mark(self, keys: Iterable[Key]) -> None:
        """These may have something new to say."""
        now_us = self._clock.now_us()
        for key in keys:
            self._due[key] = now_us
            self._marked.setdefault(key, now_us)
            self._changed.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            now_us = self._clock.now_us()
            due = [key for key, at_us in self._due.items() if at_us <= now_us]
            for start in range(0, len(due), _AT_ONCE):
                some = due[start : start + _AT_ONCE]
                await asyncio.gather(*(self._look_alone(key) for key in some))
            await self._sleep()

    async def _sleep(self) -> None:
        self._changed.clear()
        now_us = self._clock.now_us()
        next_us = min(self._due.values(), default=now_us + 60 * US_PER_S)
        await wait_until(self._changed, self._clock, max(next_us, now_us + round(_SETTLE_S * US_PER_S)))
        await self._clock.sleep(_SETTLE_S)

    async def _look_alone(self, key: Key) -> None:
        try:
            await self._look(key)
        except Exception as error:  # noqa: BLE001 - a bug that one object meets must not end the gateway
            log.bug("status.crashed", error, resource=str(key))
            self._due[key] = self._clock.now_us() + self._interval_us

    async def _look(self, key: Key) -> None:
        """Write the status of one object where it says something new and its time has come."""
        self._due.pop(key, None)
        found, now_us = self._find(key), self._clock.now_us()
        since_us = self._marked.get(key, now_us)
        if found is not None and not self._is_settled(key) and now_us - since_us < _UNSETTLED_S * US_PER_S:
            self._due[key] = now_us + round(_SETTLE_S * US_PER_S)
            return
        self._marked.pop(key, None)
        if found is None:
            self._written.pop(key, None)
            self._failures.pop(key, None)
            return
        outlook = self._outlook(found)
        status = status_of(key.kind, outlook, found.status, format_time(now_us // US_PER_S * US_PER_S))
        if is_said(status, found.status):
            self._note(key, found, status, now_us)
            return
        later_us = self._not_before_us(key, found, status)
        if later_us > now_us:
            self._due[key] = later_us
            return
        await self._write(key, found, status, now_us)

    def _not_before_us(self, key: Key, found: ClusterObject, status: Status) -> int:
        written = self._written.get(key)
        if written is None or (written.uid, written.generation) != (found.uid, found.generation):
            return 0
        if written.manual != status.get("manual"):
            # Somebody waits for the answer to an order.
            return 0
        if (written.conditions, written.addresses) == (status["conditions"], status.get("addresses")):
            return written.at_us + self._interval_us
        return written.at_us + round(_SOONEST_S * US_PER_S)

    async def _write(self, key: Key, found: ClusterObject, status: Status, now_us: int) -> None:
        try:
            await self._kube.patch_status(
                RESOURCE_API, key.kind, key.namespace, key.name, orjson.dumps({"status": status})
            )
        except KubeError as error:
            if error.status == 404:
                return
            self._fail(key, error)
        except (KubeNotSent, KubeInDoubt, KindUnknown) as error:
            self._fail(key, error)
        else:
            self._note(key, found, status, now_us)
            self._tell(found, status)

    def _note(self, key: Key, found: ClusterObject, status: Status, now_us: int) -> None:
        """It is said: look again when the counts are due."""
        self._failures.pop(key, None)
        self._written[key] = _Written(
            uid=found.uid,
            generation=found.generation,
            at_us=now_us,
            conditions=status["conditions"],
            addresses=status.get("addresses"),
            manual=status.get("manual"),
        )
        if self._due.get(key, now_us + self._interval_us) >= now_us + self._interval_us:
            self._due[key] = now_us + self._interval_us

    def _fail(self, key: Key, error: Exception) -> None:
        self._failed.labels(key.kind).inc()
        log.limited_warning(
            "cluster.status-not-written", (key.kind,), resource=str(key), detail=str(error)[:300]
        )
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        pause_s = min(_FIRST_RETRY_S * 2 ** min(failures - 1, 8), _LONGEST_RETRY_S)
        self._due[key] = self._clock.now_us() + round(pause_s * US_PER_S)

    def _tell(self, found: ClusterObject, status: Status) -> None:
        for condition in status["conditions"]:
            if condition["type"] == READY and condition["status"] == FALSE:
                self._events.tell(found, condition["reason"], condition.get("message", ""))
