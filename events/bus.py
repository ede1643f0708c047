"""The bus: keeps events in order, remembers each Sensor's place, and commits a step in one piece.

This module is the contract (design, section 4); `buses/` has the engines, tests/contracts/test_bus.py
the suite that every engine passes. The promises by number:

B1  `publish` returns after the events are durable; failure raises and leaves nothing half stored.
B2  the same event key within the dedup window is stored once; the receipt says which were new.
B3  events of one topic are read in the order in which they were stored.
B4  a `Step` is committed whole or not at all.
B5  a step or an intent of a runner that lost its shard is refused; an outcome of the newest attempt is not.
B6  an effect stays until its outcome is recorded; due effects and timers are listed without reading the log.
B7  an unprocessed event never disappears without a dead-letter record.
B8  a full disk refuses new events and keeps a reserve for steps and outcomes; a broken one stops the process.

Times are microseconds since 1970, sequences and effect numbers are positive and grow in commit order.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Protocol

import msgspec

from events.errors import KikkakeError
from events.event import Event
from events.topic import Topic

FROM_END = -1
"""As a start in `ResourceChange.starts`: the end of the log as of the step that records it."""


class BusUnavailable(KikkakeError):
    """The bus cannot take it now; nothing is stored as far as anybody may rely on. The caller answers 503."""

    retryable: ClassVar[bool] = True


class BusFull(BusUnavailable):
    """No room for new events (B8). Steps and outcomes still have their reserve."""


class BusBroken(BusUnavailable):
    """The storage failed (EIO, a failed fsync): the process must exit at once without a checkpoint (B8)."""


class BusClosed(BusUnavailable):
    """The bus was closed before the write was committed."""


class EventTooLarge(KikkakeError):
    """Larger than the bus takes; sending it again cannot help."""

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes
        super().__init__(f"event {size_bytes} bytes; bus limit {limit_bytes} bytes")


class RunnerFenced(KikkakeError):
    """Another runner owns this shard now (B5): stop deciding and acting."""


class NewerStore(KikkakeError):
    """The store was written by a newer version than this one; the text says which."""


class Standing(enum.IntEnum):
    """What the bus made of a published event."""

    NEW = 0
    DUPLICATE = 1
    """Its key is in the dedup window: not stored again."""
    SUSPECTED_REPLAY = 2
    """The same body under another id: stored, not judged, replayable by hand (spec: signatures, rule 6)."""


class Provenance(msgspec.Struct, frozen=True, array_like=True):
    """How an event came: shown by `explain`. Holds no header and no secret."""

    arrived_us: int
    """When its first byte was read."""
    peer: str
    """Address of the sender, or the broker for pull sources."""
    kind: str
    """Kind of the source."""
    verified: str
    """How it was proven, in words: `HMAC-SHA256, secret 1 of 2`, `bearer token`, `not verified`."""


class Publication(msgspec.Struct, frozen=True):
    """One event on its way into the bus."""

    topic: Topic
    event: Event
    provenance: Provenance
    body_mac: bytes | None = None
    """MAC of the delivery's body where the delivery id is not signed; None means no replay check."""


class Receipt(msgspec.Struct, frozen=True):
    """What became of one publication; given out only when the commit is durable."""

    standing: Standing
    key: bytes
    sequence: int
    """Of the stored event; for a duplicate that of the first one."""


class StoredEvent(msgspec.Struct, frozen=True):
    """One event of the log."""

    sequence: int
    key: bytes
    topic: Topic
    stored_us: int
    standing: Standing
    provenance: Provenance
    event: Event


class EventRef(msgspec.Struct, frozen=True, array_like=True):
    """An event that an effect or a memory refers to; the bus pins what is referred to."""

    dependency: str
    sequence: int
    key: bytes


class OrderMode(enum.IntEnum):
    """How effects with the same order key behave towards one another (design, section 4, Order)."""

    NONE = 0
    WAIT = 1
    """Runs when every older one of its order key has ended."""
    SUPERSEDE = 2
    """Ends every older SUPERSEDE one of its order key and trigger that still waits; visible as `superseded`. Waits for
    the older ones that it cannot end: those under way, those of mode WAIT, and those of another trigger, which may say
    something else of the same object."""


class EffectState(enum.IntEnum):
    """Where an effect stands."""

    OPEN = 0
    DONE = 1
    DEAD = 2
    SUPERSEDED = 3


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """One try of an effect and how it was answered; `ended_us` is 0 while no answer is known."""

    number: int
    started_us: int
    ended_us: int
    answer: str
    """In words, without secrets: `201 Created`, `503, retry after 2 s`, `no answer: in doubt`."""


class NewEffect(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do, as a step records it."""

    id: bytes
    """32 bytes, the same for the same sensor, trigger, role, events, occasion and nonce."""
    sensor: str
    """The Sensor's uid."""
    version: int
    """The resource version (`ResourceVersion.id`) that it was made from; 0 = the one this step records."""
    trigger: str
    role: str
    """`main` or `dlq`."""
    kind: str
    """Kind of the trigger."""
    events: tuple[EventRef, ...]
    due_us: int
    attempt: int = 0
    """1 when the effect is repeatable and due at once: its first attempt needs no intent of its own."""
    order_key: bytes | None = None
    order_mode: OrderMode = OrderMode.NONE
    rendered: bytes | None = None
    """What every attempt sends. None = planned: rendered and committed before its first attempt."""
    occasion: str = ""
    nonce: str = ""


class Effect(msgspec.Struct, kw_only=True):
    """An effect as the bus has it."""

    number: int
    id: bytes
    sensor: str
    version: int
    trigger: str
    role: str
    kind: str
    events: tuple[EventRef, ...]
    state: EffectState
    created_us: int
    due_us: int
    attempt: int
    """Number of the newest attempt that was begun; 0 = none."""
    answered: int
    """Number of the newest attempt with a recorded outcome; less than `attempt` = in doubt."""
    order_key: bytes | None
    order_mode: OrderMode
    rendered: bytes | None
    occasion: str
    nonce: str
    reason: str
    """Why it is dead or waits (`ObjectInvalid`, `Forbidden`), empty where there is nothing to say."""
    result: bytes
    """JSON of what came of it: `{"object": "Workflow ci/build-…", "uid": …}`; empty while nothing has."""
    history: tuple[Attempt, ...]
    """The newest attempts, oldest first; at most 10."""
    behind: int = 0
    """For people (`BusReader.effects_of`): number of the older effect of its order that it waits for; 0 = none."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended. With `state` OPEN the effect is tried again at `due_us`."""

    number: int
    attempt: int
    state: EffectState
    at_us: int
    due_us: int = 0
    reason: str = ""
    detail: str = ""
    """For a dead letter: the sentence that a person reads. Without secrets."""
    public: str = ""
    """What logs and statuses may say, where `detail` is for those who may read events; not stored."""
    result: bytes = b""
    history: tuple[Attempt, ...] = ()
    counts_as_attempt: bool = True
    """False for 429: the attempt number is given back."""


class MemoryChange(msgspec.Struct, frozen=True):
    """What one trigger (or one correlation key of it) holds after the step; None = nothing any more."""

    sensor: str
    key: str
    state: bytes | None
    holds: tuple[int, ...] = ()
    """Sequences of the events that it refers to: pinned."""


class TimerChange(msgspec.Struct, frozen=True):
    """A timer of a Sensor; `due_us` None removes it."""

    sensor: str
    key: str
    due_us: int | None
    payload: bytes = b""


class NewDeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """Something given up. Effects that end DEAD get theirs from `Outcome`; this one is for events."""

    sensor: str
    trigger: str
    sequence: int
    reason: str
    detail: str


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A record of something given up; it stays until it is replayed or its retention ends."""

    number: int
    sensor: str
    trigger: str
    effect: int
    """Number of the effect; 0 for an event that was given up before it became one."""
    sequence: int
    """Of the event (for an effect: of the one that made it fire)."""
    at_us: int
    reason: str
    detail: str
    size_bytes: int


class ResourceState(enum.IntEnum):
    """Whether a resource takes part."""

    ACTIVE = 0
    SUSPENDED = 1
    DELETED = 2


class ResourceChange(msgspec.Struct, frozen=True, kw_only=True):
    """A new text or state of a resource; recorded in a step so that each event has one judge."""

    uid: str
    kind: str
    """`Sensor` or `EventSource`."""
    namespace: str
    name: str
    state: ResourceState
    spec_hash: bytes
    text: bytes
    """The resource as JSON: the last good text, used after a restart and by `explain`."""
    topics: tuple[Topic, ...] = ()
    """What it is interested in (Sensors)."""
    starts: dict[str, int] = {}
    """Per dependency: it sees events after this sequence; `FROM_END` is filled in by the bus."""


class ResourceVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One stored text of a resource."""

    id: int
    """Small number that decisions and effects refer to; the same text of the same uid keeps it."""
    uid: str
    kind: str
    namespace: str
    name: str
    state: ResourceState
    spec_hash: bytes
    text: bytes
    topics: tuple[Topic, ...]
    starts: dict[str, int]
    changed_us: int


class Step(msgspec.Struct, kw_only=True):
    """What is committed together after a batch of events was judged (B4)."""

    place: int | None = None
    """The runner has judged everything up to here; None = unchanged."""
    decisions: Sequence[tuple[int, bytes]] = ()
    """Per event sequence: one packed record of all interested Sensors. A second one replaces the first."""
    memories: Sequence[MemoryChange] = ()
    timers: Sequence[TimerChange] = ()
    effects: Sequence[NewEffect] = ()
    lagging: dict[str, int | None] = {}
    """Sensors with a place of their own; None = it has caught up and shares the runner's again."""
    resources: Sequence[ResourceChange] = ()
    dead_letters: Sequence[NewDeadLetter] = ()
    answered_letters: Sequence[int] = ()
    """Numbers of dead letters of events that this step answers (a replay by hand): they are removed."""


class StepReceipt(msgspec.Struct, frozen=True):
    """What the bus filled in."""

    effect_numbers: tuple[int, ...]
    """One per `Step.effects`, in order."""
    versions: tuple[ResourceVersion, ...]
    """One per `Step.resources`, in order."""


class StoredMemory(msgspec.Struct, frozen=True):
    """A memory as it was committed."""

    sensor: str
    key: str
    state: bytes


class StoredTimer(msgspec.Struct, frozen=True):
    """A timer as it was committed."""

    sensor: str
    key: str
    due_us: int
    payload: bytes


class RunnerState(msgspec.Struct, frozen=True):
    """Everything a runner needs after a restart, except the log itself."""

    place: int
    lagging: dict[str, int]
    memories: tuple[StoredMemory, ...]
    timers: tuple[StoredTimer, ...]
    resources: tuple[ResourceVersion, ...]
    """The newest version of every resource, deleted ones included while their state is kept."""
    unclean_starts: int
    """How often in a row the process ended without `close` while the place stood where it stands."""


class Runner(Protocol):
    """One owner of a shard: reads the log, commits steps, begins and settles attempts."""

    async def load(self) -> RunnerState:
        """The committed state; called once, before anything else."""
        ...

    async def read(
        self, after: int, *, limit: int, max_bytes: int = 8_388_608, topics: frozenset[Topic] | None = None
    ) -> list[StoredEvent]:
        """Events with a sequence above `after`, in order (B3); at least one if there is one.

        Suspected replays are left out. `topics` narrows it for a Sensor that catches up alone.
        """
        ...

    async def wait(self, after: int) -> None:
        """Return when the log has an event above `after`."""
        ...

    async def commit(self, step: Step) -> StepReceipt:
        """Commit the step whole (B4). Raises RunnerFenced, BusUnavailable."""
        ...

    async def event(self, sequence: int) -> StoredEvent | None:
        """One event of the log, or None when its body is gone."""
        ...

    async def due_effects(self, now_us: int, *, limit: int, after: tuple[int, int] = (0, 0)) -> list[Effect]:
        """Open effects that are due, by (due_us, number), above `after`; ones in doubt at once after a restart (B6).

        Left out are those that wait: for an older one of their order key; and, where they have an order, for an older
        planned one of their Sensor whose own order nobody knows yet. Of another trigger only until its first failure.
        """
        ...

    async def due_in_order(self, order_key: bytes, now_us: int) -> Effect | None:
        """The open effect of an order key whose turn it is, if it is due: whoever settled the one before asks."""
        ...

    async def next_due_us(self, now_us: int) -> int | None:
        """When the first open effect that is not yet due will be; None = there is none."""
        ...

    async def lagging_place(self, sensor: str) -> int | None:
        """Where a Sensor with a place of its own stands: its quota may have moved it on (B7); None = it has none."""
        ...

    async def plan(
        self,
        number: int,
        rendered: bytes,
        order_key: bytes | None = None,
        order_mode: OrderMode = OrderMode.NONE,
    ) -> bool:
        """Commit the bytes of a planned effect, and its place in the order of what they name, before they are sent.

        False: it is not its turn: an older one of its key is open, or a newer one has taken its place. The attempt
        that rendered it is given back.
        """
        ...

    async def begin(self, number: int, attempt: int, at_us: int) -> bool:
        """Commit the intent of an attempt. Raises RunnerFenced (B5).

        False: the effect is not open any more (a newer one superseded it meanwhile): do not attempt it.
        """
        ...

    async def settle(self, outcome: Outcome) -> bool:
        """Record an outcome, durably. False: a newer attempt is recorded, this one is ignored (B5)."""
        ...

    async def revive(self, number: int, due_us: int) -> Effect | None:
        """Open a dead effect again and remove its dead letter; None if it is not dead."""
        ...

    async def bring_forward(self, kinds: Sequence[str], reasons: Sequence[str], now_us: int) -> int:
        """Let open effects of these kinds that wait for one of these reasons be due now; how many there are.

        One whose attempt is in doubt keeps its time: it is cleared up by its own rules.
        """
        ...

    async def last_attempt_us(self, sensor: str, trigger: str) -> int | None:
        """When the newest attempt of a trigger began: an exact rate limit survives a restart."""
        ...


class Bus(Protocol):
    """What sources publish to and what hands out the runner."""

    async def publish(self, publications: Sequence[Publication]) -> list[Receipt]:
        """Store the events, all or none, and return when they are durable (B1, B2).

        Raises EventTooLarge, BusFull, BusUnavailable; then nothing may be answered 2xx.
        """
        ...

    async def take_over(self, shard: str = "default") -> Runner:
        """Become the owner of a shard; the former owner is fenced from now on (B5)."""
        ...

    def reader(self) -> BusReader:
        """Questions about what is stored; they never disturb the writers."""
        ...

    async def close(self) -> None:
        """Commit what waits, checkpoint and close; afterwards the next start is a clean one."""
        ...


class EventQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events to list, newest first. Empty texts and None mean any."""

    namespace: str = ""
    event_source: str = ""
    event_name: str = ""
    since_us: int = 0
    before: int | None = None
    """Only sequences below this one: the next page."""
    limit: int = 50


class DeadLetterQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters to list, newest first."""

    sensor: str = ""
    reason: str = ""
    sequence: int | None = None
    """Only those of this event."""
    since_us: int = 0
    before: int | None = None
    limit: int = 100


class BusFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Figures for metrics, readiness and the list of events."""

    head: int
    place: int
    events: int
    open_effects: int
    dead_letters: int
    lagging: dict[str, int]
    size_bytes: int
    oldest_unprocessed_us: int | None


class DeadLetterLoad(NamedTuple):
    """How many dead letters of one Sensor there are, and how large (event bodies and rendered effects)."""

    rows: int
    size_bytes: int


class BusReader(Protocol):
    """What is stored, for people: answers come from committed data only."""

    async def events(self, query: EventQuery) -> list[StoredEvent]: ...

    async def find_events(self, reference: str, *, limit: int = 10) -> list[StoredEvent]:
        """By sequence (digits only), by CloudEvents id, or by at least 8 hex digits of the event key; newest first."""
        ...

    async def decision(self, sequence: int) -> bytes | None:
        """The packed decisions of an event; None = not judged yet, or gone from the ring."""
        ...

    async def effects_of(self, sequence: int) -> list[Effect]:
        """Every effect that one event is part of, by number."""
        ...

    async def effect(self, number: int) -> Effect | None: ...

    async def dead_letters(self, query: DeadLetterQuery) -> list[DeadLetter]: ...

    async def dead_letter_load(self) -> dict[str, DeadLetterLoad]:
        """Per Sensor that has any: a full one stops deciding (B7)."""
        ...

    async def version(self, version_id: int) -> ResourceVersion | None: ...

    async def memories(self, sensor: str) -> list[StoredMemory]: ...

    async def resources(self) -> list[ResourceVersion]:
        """The newest version of every resource."""
        ...

    async def facts(self) -> BusFacts: ...
