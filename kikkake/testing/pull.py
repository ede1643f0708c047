"""Records of a case: in place of the outside they go through the supervisor of pull sources, as a broker's would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from events.bus import Publication, Receipt
from events.metrics import Metrics
from events.ports import SecretRef
from events.resource import Path
from events.topic import Topic
from kikkake.testing.outside import StandIns
from kikkake.testing.reading import LoadedTest, RefusedTest
from kikkake.testing.store import Gateway, Stuck
from sources.source import Pulled, PullSource, RecordUnreadable
from sources.spec import EventSourceSpec
from sources.supervise import PullSpec, Supervisor

_TIMEOUT_S = 30.0
"""Real seconds for one record to be stored."""


class Feed:
    """The pull sources of some EventSources, in front of one gateway. `close` ends their tasks."""

    def __init__(
        self, specs: Sequence[EventSourceSpec], gateway: Gateway, secrets: StandIns, metrics: Metrics
    ) -> None:
        self._start_us = gateway.clock.now_us()
        self._gateway = gateway
        self._secrets = secrets
        self._metrics = metrics
        self._sources = [
            (Topic(spec.namespace, spec.event_bus_name, spec.name, event.name), event.source)
            for spec in specs
            for event in spec.events
            if isinstance(event.source, PullSource)
        ]
        self._published: list[tuple[Publication, Receipt]] = []

    async def take(
        self, test: LoadedTest, record: Mapping[str, Any], path: Path
    ) -> list[tuple[Publication, Receipt]]:
        """Give the record that stands at `path` to every event that reads it; what was published.

        Raises RefusedTest.
        """
        self._published.clear()
        readers = self._readers(test, record, path)
        for topic, source, pulled in readers:
            await self._pull(topic, _Fed(source, pulled))
        return list(self._published)

    def _readers(
        self, test: LoadedTest, record: Mapping[str, Any], path: Path
    ) -> list[tuple[Topic, PullSource, Pulled]]:
        if not self._sources:
            raise RefusedTest([test.fault(path, "the EventSource has no event that is pulled")])
        found = []
        for topic, source in self._sources:
            try:
                pulled = source.recorded(record, default_us=self._start_us)
            except RecordUnreadable as error:
                raise RefusedTest([test.fault(path, str(error))]) from error
            if pulled is not None:
                found.append((topic, source, pulled))
        if not found:
            raise RefusedTest([test.fault(path, "no event of the EventSource reads this record")])
        return found

    async def _pull(self, topic: Topic, fed: _Fed) -> None:
        supervisor = Supervisor(self._publish, self._secrets, self._gateway.clock, self._metrics)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await supervisor.apply([PullSpec(topic, fed)])
                await fed.acknowledged.wait()
        except TimeoutError as error:
            errors = [status.last_error for status in supervisor.status()]
            raise Stuck(f"the record was not taken: {', '.join(errors)}") from error
        finally:
            await supervisor.close()

    async def _publish(self, publications: Sequence[Publication]) -> list[Receipt]:
        receipts = await self._gateway.publish(publications)
        self._published += zip(publications, receipts, strict=True)
        return receipts


class _Fed(PullSource):
    """A source whose outside has exactly one record; everything else is the real one's."""

    def __init__(self, source: PullSource, pulled: Pulled) -> None:
        super().__init__(
            source.config,
            namespace=source.namespace,
            event_source=source.event_source,
            event_name=source.event_name,
        )
        self.kind = source.kind  # type: ignore[misc]  # a twin is of the kind that it stands for
        self.acknowledged = asyncio.Event()
        self._pulled = replace(pulled, ack=self._ack)

    async def pull(self, secrets: Mapping[SecretRef, bytes]) -> AsyncGenerator[list[Pulled], None]:  # noqa: ARG002 - nothing to log in to
        yield [self._pulled]
        await asyncio.Event().wait()

    def secret_refs(self) -> tuple[SecretRef, ...]:
        return ()

    async def _ack(self) -> None:
        self.acknowledged.set()
