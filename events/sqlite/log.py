"""The log: publications become rows, and the newest events stay in memory for the runner."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from events.bus import BusFull, EventTooLarge, Publication, Receipt, Standing, StoredEvent
from events.clock import Clock
from events.sqlite.dedup import ID_BYTES, Dedup
from events.sqlite.rows import pack_head
from events.sqlite.topics import TopicNumbers
from events.sqlite.transaction import Transaction
from events.topic import event_key, replay_key

_INSERT_HEAD = "INSERT INTO event_head VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_BODY = "INSERT INTO event_body VALUES (?, ?)"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A publication with everything computed that needs no transaction."""

    publication: Publication
    key: bytes
    replay_id: bytes | None
    head: bytes
    size_bytes: int


def prepare(publication: Publication, max_event_bytes: int) -> Prepared:
    """Hash and pack. Raises EventTooLarge."""
    event, topic = publication.event, publication.topic
    head = pack_head(event, publication.provenance)
    size = len(event.data or b"") + len(head)
    if size > max_event_bytes:
        raise EventTooLarge(size, max_event_bytes)
    mac = publication.body_mac
    replay_id = None if mac is None else replay_key(topic, mac)[:ID_BYTES]
    return Prepared(publication, event_key(topic, event.source, event.id), replay_id, head, size)


class Log:
    """The writer's side of the log; `store` runs inside a transaction."""

    def __init__(
        self,
        transaction: Transaction,
        dedup: Dedup,
        topics: TopicNumbers,
        recent: Recent,
        clock: Clock,
        admits: Callable[[int], bool],
    ) -> None:
        self._transaction = transaction
        self._dedup = dedup
        self._topics = topics
        self._clock = clock
        self._admits = admits
        self._recent = recent
        self._stored: list[StoredEvent] = []

    def store(self, prepared: Sequence[Prepared]) -> list[Receipt]:
        """Insert what is new. Raises BusFull."""
        if not self._admits(sum(one.size_bytes for one in prepared)):
            raise BusFull("no room for new events: the disk is full but for the reserve; free some space")
        now_us = self._clock.now_us()
        return [self._store_one(one, now_us) for one in prepared]

    def committed(self) -> None:
        self._recent.append(self._stored)
        self._stored.clear()

    def rolled_back(self) -> None:
        self._stored.clear()

    def _store_one(self, one: Prepared, now_us: int) -> Receipt:
        ident = one.key[:ID_BYTES]
        first = self._dedup.find(ident, now_us)
        if first is not None:
            return Receipt(Standing.DUPLICATE, one.key, first)
        replay_id = one.replay_id
        standing = Standing.NEW
        if replay_id is not None and self._dedup.find(replay_id, now_us) is not None:
            standing = Standing.SUSPECTED_REPLAY
            replay_id = None  # the MAC stays with its first owner
        counters = self._transaction.counters
        counters.head += 1
        sequence = counters.head
        self._insert(sequence, one, now_us, standing, replay_id)
        self._dedup.remember(ident, sequence, now_us)
        if replay_id is not None:
            self._dedup.remember(replay_id, sequence, now_us)
        if standing is Standing.NEW:
            counters.judged_head = sequence
            publication = one.publication
            self._stored.append(
                StoredEvent(
                    sequence,
                    one.key,
                    publication.topic,
                    now_us,
                    standing,
                    publication.provenance,
                    publication.event,
                )
            )
        return Receipt(standing, one.key, sequence)

    def _insert(
        self, sequence: int, one: Prepared, now_us: int, standing: Standing, replay_id: bytes | None
    ) -> None:
        event = one.publication.event
        topic = self._topics.number(one.publication.topic)
        row = (sequence, topic, now_us, int(standing), one.size_bytes, event.id, one.key, replay_id, one.head)
        self._transaction.execute(_INSERT_HEAD, row)
        self._transaction.execute(_INSERT_BODY, (sequence, event.data))
        counters = self._transaction.counters
        counters.events += 1
        counters.event_bytes += one.size_bytes


class Recent:
    """The newest committed events, so that a runner right behind the head reads no SQL; bounded."""

    def __init__(self, head: int, *, max_events: int, max_bytes: int) -> None:
        self.head = head
        """Sequence of the newest event that runners read, as committed."""
        self._before = head  # every event above it is in memory
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._events: deque[StoredEvent] = deque()
        self._bytes = 0
        self._changed: asyncio.Future[None] | None = None

    def append(self, events: Sequence[StoredEvent]) -> None:
        """Take the events of a commit, in order, and wake who waits."""
        if not events:
            return
        for event in events:
            self._events.append(event)
            self._bytes += _size(event)
        self.head = events[-1].sequence
        while self._events and (len(self._events) > self._max_events or self._bytes > self._max_bytes):
            self._drop_oldest()
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
        self._changed = None

    def after(self, sequence: int, *, limit: int, max_bytes: int) -> list[StoredEvent] | None:
        """Events above `sequence`; None when the log has to be read. Forgets those that were read before."""
        if sequence < self._before:
            return None
        while self._events and self._events[0].sequence <= sequence:
            self._drop_oldest()
        if self._bytes <= max_bytes:
            return list(islice(self._events, limit))
        taken: list[StoredEvent] = []
        size = 0
        for event in islice(self._events, limit):
            size += _size(event)
            if taken and size > max_bytes:
                break
            taken.append(event)
        return taken

    async def wait(self, after: int) -> None:
        """Return when there is an event above `after`. Raises what `fail` was given."""
        while self.head <= after:
            if self._changed is None:
                self._changed = asyncio.get_running_loop().create_future()
            # Shielded: one waiter that is cancelled must not wake the others.
            await asyncio.shield(self._changed)

    def fail(self, error: Exception) -> None:
        """End every wait, now and later."""
        if self._changed is None or self._changed.done():
            self._changed = asyncio.get_running_loop().create_future()
        self._changed.set_exception(error)
        self._changed.exception()  # seen: there may be no waiter

    def _drop_oldest(self) -> None:
        event = self._events.popleft()
        self._before = event.sequence
        self._bytes -= _size(event)


def _size(event: StoredEvent) -> int:
    return 512 + len(event.event.data or b"")  # the structs around the data take about half a KiB
