"""Runs the pull sources: one task for each event of an EventSource, none of which can disturb another.

A source that fails is started again after 1 s, 2 s, 4 s ... 60 s (full jitter), for ever; after a minute of running
well the next wait is short again. Upstream gives up after ten failures in the life of the process (D-01).

From a batch to its acknowledgement nothing is skipped and nothing is dropped: what the bus refuses is offered again
until it takes it, and meanwhile the source is asked for nothing more. Two kinds of event go into quarantine, as
EVENT`!rejected`, before they are acknowledged: what the source could not read, and what is larger than the bus takes.
Of the latter the attributes and the size are kept; its origin still has the bytes (Kafka: the place is in the id).
"""

from __future__ import annotations

import asyncio
import enum
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

import msgspec
import orjson

from events.bus import BusUnavailable, EventTooLarge, Provenance, Publication, Receipt, Standing
from events.clock import US_PER_S, Clock
from events.errors import KikkakeError
from events.event import JSON
from events.log import Logger
from events.metrics import Metrics
from events.ports import Secrets
from events.topic import Topic
from sources.delivery import Rejected
from sources.event_filter import Verdict, filter_of
from sources.ingest import REJECTED_SUFFIX, REJECTED_TYPE
from sources.source import Pulled, PullFailed, PullSource

log = Logger("sources.supervise")

Publish = Callable[[Sequence[Publication]], Awaitable[list[Receipt]]]
"""`Bus.publish`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorSettings:
    """Waits in seconds."""

    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    """Between two starts of a failing source: a broker that is back is read again within a minute."""
    healthy_after_s: float = 60.0
    """A run of this length without an error counts as well: the next failure waits `first_wait_s` again."""
    first_bus_wait_s: float = 0.1
    longest_bus_wait_s: float = 5.0
    """Between two offers of a batch that the bus refuses."""
    secret_timeout_s: float = 30.0
    stop_timeout_s: float = 20.0
    """For a source to commit and to close; afterwards it is left behind, named in the log."""


@dataclass(frozen=True, slots=True)
class PullSpec:
    """One event of one EventSource to run: the topic of its events, and the source."""

    topic: Topic
    source: PullSource
    account: str | None = None
    """ServiceAccount (NAMESPACE/NAME) that its secrets are read with; None = the gateway's own identity."""

    def is_same(self, other: PullSpec) -> bool:
        """Whether a running one may go on: an edit elsewhere in the resource must not break its connection."""
        mine, theirs = self.source, other.source
        is_same_place = (self.topic, self.account) == (other.topic, other.account)
        return is_same_place and type(mine) is type(theirs) and mine.config == theirs.config


class PullState(enum.StrEnum):
    """What a pull source does at the moment."""

    STARTING = "starting"
    """Reads its secrets and connects."""
    RUNNING = "running"
    """Its connection stands; events come as they come."""
    HELD = "held"
    """It has events that the bus refuses for now."""
    WAITING = "waiting"
    """It failed and is started again at `next_start_us`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullStatus:
    """How one pull source stands. Times are microseconds since 1970, 0 = never; texts hold no secret."""

    topic: Topic
    kind: str
    state: PullState
    since_us: int
    """Start of the present state."""
    run_started_us: int
    """Start of the present or last run."""
    next_start_us: int = 0
    restarts: int = 0
    last_error: str = ""
    """Of the source or of the bus; it stays when the fault has passed."""
    last_error_us: int = 0
    last_event_us: int = 0
    events: int = 0
    """Events handed to the bus, duplicates included."""
    duplicates: int = 0
    rejected: int = 0
    """Events in quarantine."""
    filtered: int = 0
    """Events that the source's own filter dropped."""
    filter_failed: int = 0
    """Those among them on which it failed."""


class Supervisor:
    """Owns the tasks of all pull sources. `apply` says which there are to be; `close` ends them all."""

    def __init__(
        self,
        publish: Publish,
        secrets: Secrets,
        clock: Clock,
        metrics: Metrics,
        *,
        settings: SupervisorSettings | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._tools = _Tools(publish, secrets, clock, metrics, settings or SupervisorSettings(), jitter)
        self._keepers: dict[tuple[str, str, str], _Keeper] = {}
        self._changing = asyncio.Lock()

    async def apply(self, specs: Iterable[PullSpec]) -> None:
        """Run exactly these: stop what is gone, swap what changed, start what is new, leave the others alone.

        A changed one is stopped, with its offsets committed, before its successor starts.
        """
        wanted = {_key(spec.topic): spec for spec in specs}
        async with self._changing:
            ended = [
                key
                for key, keeper in self._keepers.items()
                if key not in wanted or not keeper.spec.is_same(wanted[key])
            ]
            await self._stop(ended)
            for key, spec in wanted.items():
                if key not in self._keepers:
                    self._keepers[key] = _Keeper(spec, self._tools)

    def status(self) -> tuple[PullStatus, ...]:
        """All of them, by namespace, event source and event."""
        return tuple(self._keepers[key].status for key in sorted(self._keepers))

    async def close(self) -> None:
        """Stop all; returns when each has closed its connection, or after `stop_timeout_s`."""
        async with self._changing:
            await self._stop(list(self._keepers))

    async def _stop(self, keys: Iterable[tuple[str, str, str]]) -> None:
        await asyncio.gather(*(self._keepers.pop(key).stop() for key in keys))


@dataclass(frozen=True, slots=True)
class _Tools:
    publish: Publish
    secrets: Secrets
    clock: Clock
    metrics: Metrics
    settings: SupervisorSettings
    jitter: Callable[[], float]


def _key(topic: Topic) -> tuple[str, str, str]:
    # Not the bus: an EventSource that changes its bus is the same source and must not run twice.
    return (topic.namespace, topic.event_source, topic.event_name)


class _Keeper:
    """Keeps one source running, in a task of its own."""

    def __init__(self, spec: PullSpec, tools: _Tools) -> None:
        self.spec = spec
        now_us = tools.clock.now_us()
        self.status = PullStatus(
            topic=spec.topic,
            kind=spec.source.kind,
            state=PullState.STARTING,
            since_us=now_us,
            run_started_us=now_us,
        )
        self._tools = tools
        self._connected_us: int | None = None
        self._filter = filter_of(spec.source.config)
        self._label = f"{spec.topic.namespace}/{spec.topic.event_source}"
        self._log = log.bind(
            event_source=self._label, event_name=spec.topic.event_name, kind=spec.source.kind
        )
        self._task = asyncio.create_task(self._keep_running(), name=f"pull:{'/'.join(_key(spec.topic))}")

    async def stop(self) -> None:
        self._task.cancel()
        _done, late = await asyncio.wait({self._task}, timeout=self._tools.settings.stop_timeout_s)
        if late:
            self._log.error("pull.stop_timeout", after_s=self._tools.settings.stop_timeout_s)

    async def _keep_running(self) -> None:
        settings = self._tools.settings
        healthy_us = round(settings.healthy_after_s * US_PER_S)
        failures = 0
        while True:
            self._connected_us = None
            self._enter(PullState.STARTING, run_started_us=self._now())
            error = await self._run_once()
            if self._connected_us is not None and self._now() - self._connected_us >= healthy_us:
                failures = 0
            longest_s = min(settings.first_wait_s * 2.0 ** min(failures, 32), settings.longest_wait_s)
            wait_s = longest_s * self._tools.jitter()
            failures += 1
            self._fail(error, wait_s)
            await self._tools.clock.sleep(wait_s)
            self.status = replace(self.status, restarts=self.status.restarts + 1, next_start_us=0)

    async def _run_once(self) -> str:
        """Why the run ended."""
        try:
            await self._run()
        except KikkakeError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001  # a fault in one kind must not end the others; it is shown
            self._log.bug("pull.bug", error)
            return f"internal error: {type(error).__name__}"
        return "the source ended without an error"

    async def _run(self) -> None:
        source = self.spec.source
        secrets = {}
        for ref in source.secret_refs():
            try:
                async with asyncio.timeout(self._tools.settings.secret_timeout_s):
                    secrets[ref] = await self._tools.secrets.read(ref.read_by(self.spec.account))
            except TimeoutError as error:
                raise PullFailed(f"{ref} cannot be read: no answer") from error
        # Closing it is what lets a source commit and leave, also where the error or the stop came from here.
        async with aclosing(source.pull(secrets)) as batches:
            async for batch in batches:
                if self._connected_us is None:
                    self._connected_us = self._now()
                    self._enter(PullState.RUNNING)
                if batch:
                    await self._take(batch)

    async def _take(self, batch: list[Pulled]) -> None:
        """Have the bus store what the source's filter lets pass, then acknowledge the whole batch, in order."""
        arrived_us = self._now()
        kept = [pulled for pulled in batch if self._passes(pulled, arrived_us)]
        receipts = (
            await self._offer([self._publication(pulled, arrived_us) for pulled in kept]) if kept else []
        )
        for pulled in batch:
            await pulled.ack()
        self._count(kept, receipts)

    def _passes(self, pulled: Pulled, arrived_us: int) -> bool:
        """Whether it is published. What goes into quarantine was never an event to filter."""
        if self._filter is None or pulled.rejected is not None:
            return True
        verdict = self._filter.judge(pulled.event.data, arrived_us)
        if not verdict.is_passed:
            self._dropped(pulled, verdict)
        return verdict.is_passed

    def _dropped(self, pulled: Pulled, verdict: Verdict) -> None:
        name = self.spec.topic.event_name
        self._tools.metrics.ingest_filtered.labels(self._label, name, verdict.reason).inc()
        self.status = replace(
            self.status,
            filtered=self.status.filtered + 1,
            filter_failed=self.status.filter_failed + bool(verdict.failure),
        )
        if verdict.failure:
            self._log.limited_warning(
                "pull.filter_failed",
                (self._label, name),
                error=verdict.failure,
                event_id=pulled.event.id,
                peer=pulled.peer,
            )
        else:
            self._log.debug("pull.filtered", event_id=pulled.event.id)

    def _publication(self, pulled: Pulled, arrived_us: int) -> Publication:
        provenance = Provenance(arrived_us, pulled.peer, self.spec.source.kind, pulled.verified)
        publication = Publication(self.spec.topic, pulled.event, provenance)
        return publication if pulled.rejected is None else _quarantined(publication, pulled.rejected)

    async def _offer(self, publications: list[Publication]) -> list[Receipt]:
        """Publish until the bus has taken all; one that is too large for it goes alone, into quarantine."""
        try:
            return await self._insist(publications)
        except EventTooLarge as error:
            if len(publications) > 1:
                return [receipt for one in publications for receipt in await self._offer([one])]
            rejected = Rejected(413, "too-large", "Event too large", str(error))
            self._rejected(publications[0], rejected)
            kept = orjson.dumps({"sizeBytes": error.size_bytes, "limitBytes": error.limit_bytes})
            small = msgspec.structs.replace(publications[0].event, data=kept, datacontenttype=JSON)
            return await self._insist(
                [_quarantined(msgspec.structs.replace(publications[0], event=small), rejected)]
            )

    async def _insist(self, publications: list[Publication]) -> list[Receipt]:
        """Publish, and wait as long as the bus refuses. Raises EventTooLarge."""
        settings = self._tools.settings
        wait_s = settings.first_bus_wait_s
        while True:
            try:
                return await self._tools.publish(publications)
            except BusUnavailable as error:
                if self.status.state is not PullState.HELD:
                    self._log.warning("pull.held", error=str(error) or type(error).__name__)
                text = f"the bus takes nothing: {error}"
                self._enter(PullState.HELD, last_error=text, last_error_us=self._now())
            await self._tools.clock.sleep(wait_s * (0.5 + self._tools.jitter() / 2))
            wait_s = min(wait_s * 2, settings.longest_bus_wait_s)

    def _count(self, batch: list[Pulled], receipts: list[Receipt]) -> None:
        counter = self._tools.metrics.ingest_events
        for receipt in receipts:
            standing = receipt.standing.name.lower()
            counter.labels(self._label, self.spec.topic.event_name, standing).inc()
        for pulled in batch:
            if pulled.rejected is not None:
                self._rejected(self._publication(pulled, 0), pulled.rejected)
        duplicates = sum(receipt.standing is Standing.DUPLICATE for receipt in receipts)
        self._enter(
            PullState.RUNNING,
            events=self.status.events + len(batch),
            duplicates=self.status.duplicates + duplicates,
            last_event_us=self._now(),
        )

    def _rejected(self, publication: Publication, rejected: Rejected) -> None:
        self._tools.metrics.ingest_rejected.labels(self._label, rejected.cause).inc()
        self.status = replace(self.status, rejected=self.status.rejected + 1)
        limit_key = (self._label, rejected.cause)
        self._log.limited_warning(
            "pull.rejected",
            limit_key,
            cause=rejected.cause,
            detail=rejected.detail,
            event_id=publication.event.id,
            peer=publication.provenance.peer,
        )

    def _fail(self, error: str, wait_s: float) -> None:
        now_us = self._now()
        next_start_us = now_us + round(wait_s * US_PER_S)
        self._enter(PullState.WAITING, last_error=error, last_error_us=now_us, next_start_us=next_start_us)
        self._log.warning("pull.failed", error=error, next_start_s=round(wait_s, 1))

    def _enter(self, state: PullState, **changes: int | str) -> None:
        since_us = self.status.since_us if state is self.status.state else self._now()
        self.status = replace(self.status, state=state, since_us=since_us, **changes)  # type: ignore[arg-type]  # names and types are those of PullStatus

    def _now(self) -> int:
        return self._tools.clock.now_us()


def _quarantined(publication: Publication, rejected: Rejected) -> Publication:
    """The same event where no Sensor sees it unless it names it, with the reason (as `ingest` does for deliveries)."""
    event, topic = publication.event, publication.topic
    reason: dict[str, str | int | bool] = {"rejectcause": rejected.cause, "rejectdetail": rejected.detail}
    if not topic.event_name.endswith(REJECTED_SUFFIX):
        topic = topic._replace(event_name=topic.event_name + REJECTED_SUFFIX)
    kept = msgspec.structs.replace(event, type=REJECTED_TYPE, extensions={**event.extensions, **reason})
    return Publication(topic, kept, publication.provenance)
