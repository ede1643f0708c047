import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from events.bus import (
    BusFull,
    BusUnavailable,
    EventQuery,
    EventTooLarge,
    Publication,
    Receipt,
    Standing,
)
from events.buses.sqlite import SqliteSettings, open_bus
from events.clock import ManualClock
from events.event import Event
from events.metrics import Metrics
from events.model import SpecModel
from events.ports import SecretRef, SecretUnavailable
from events.topic import Topic
from sources.delivery import Rejected
from sources.ingest import REJECTED_SUFFIX, REJECTED_TYPE
from sources.source import Pulled, PullFailed, PullSource
from sources.supervise import PullSpec, PullState, PullStatus, Supervisor, SupervisorSettings

_SECRET = SecretRef("ci", "broker", "password")
_MINUTE_S = 60


class LineConfig(SpecModel):
    name: str = ""


class Line(PullSource):
    """A source whose other end is in the test: what is put in comes out, an exception breaks the connection."""

    kind: ClassVar[str] = "line"
    event_type: ClassVar[str] = "line"
    Config: ClassVar[type[SpecModel]] = LineConfig

    def __init__(self, config: LineConfig, *, namespace: str, event_source: str, event_name: str) -> None:
        super().__init__(config, namespace=namespace, event_source=event_source, event_name=event_name)
        self.incoming: asyncio.Queue[list[Pulled] | BaseException] = asyncio.Queue(maxsize=100)
        self.acked: list[str] = []
        self.runs = 0
        self.closed = 0
        self.secrets: Mapping[SecretRef, bytes] = {}
        self.refs: tuple[SecretRef, ...] = ()
        self.close_gate: asyncio.Event | None = None

    def secret_refs(self) -> tuple[SecretRef, ...]:
        return self.refs

    async def pull(self, secrets: Mapping[SecretRef, bytes]) -> AsyncGenerator[list[Pulled], None]:
        self.runs += 1
        self.secrets = secrets
        try:
            yield []
            while True:
                batch = await self.incoming.get()
                if isinstance(batch, BaseException):
                    raise batch
                yield batch
        finally:
            if self.close_gate is not None:
                await self.close_gate.wait()
            self.closed += 1

    def pulled(self, event_id: str, *, data: bytes = b"{}", rejected: Rejected | None = None) -> Pulled:
        async def ack() -> None:
            self.acked.append(event_id)

        event = Event(id=event_id, source="line", type="line", subject=self.event_name, data=data)
        return Pulled(
            event=event, peer="line:1", verified="TLS", ack=ack, size_bytes=len(data), rejected=rejected
        )

    async def bring(self, *event_ids: str) -> None:
        await self.incoming.put([self.pulled(event_id) for event_id in event_ids])


def line(event_name: str = "build", *, name: str = "") -> Line:
    return Line(LineConfig(name=name), namespace="ci", event_source="queue", event_name=event_name)


def spec(source: Line, *, event_bus: str = "default") -> PullSpec:
    return PullSpec(Topic("ci", event_bus, "queue", source.event_name), source)


@dataclass
class Intake:
    """A bus of the test's own: stores in memory, and raises what it is told to."""

    stored: list[Publication] = field(default_factory=list)
    refuse: Callable[[Sequence[Publication]], BaseException | None] = lambda _publications: None
    offers: int = 0

    async def publish(self, publications: Sequence[Publication]) -> list[Receipt]:
        self.offers += 1
        if error := self.refuse(publications):
            raise error
        known = {publication.event.id for publication in self.stored}
        self.stored += publications
        return [
            Receipt(Standing.DUPLICATE if one.event.id in known else Standing.NEW, b"", 1)
            for one in publications
        ]

    @property
    def ids(self) -> list[str]:
        return [publication.event.id for publication in self.stored]


class Vault:
    """Secrets of the test; one that is not there cannot be read."""

    def __init__(self) -> None:
        self.values: dict[SecretRef, bytes] = {}

    async def read(self, ref: SecretRef) -> bytes:
        if ref not in self.values:
            raise SecretUnavailable(f"{ref} not found")
        return self.values[ref]


class House:
    """A supervisor with its surroundings; the clock stands still until a test moves it."""

    def __init__(
        self, publish: Callable[[Sequence[Publication]], Awaitable[list[Receipt]]] | None = None
    ) -> None:
        self.clock = ManualClock(1_000_000_000)
        self.intake = Intake()
        self.vault = Vault()
        self.metrics = Metrics()
        self.jitter = 1.0
        self.supervisor = Supervisor(
            publish or self.intake.publish,
            self.vault,
            self.clock,
            self.metrics,
            settings=SupervisorSettings(stop_timeout_s=0.2),
            jitter=lambda: self.jitter,
        )

    @property
    def status(self) -> PullStatus:
        (status,) = self.supervisor.status()
        return status

    async def until_state(self, state: PullState) -> PullStatus:
        await until(lambda: self.status.state is state)
        return self.status

    async def next_wait_s(self) -> float:
        """How long the first sleeper still sleeps."""
        await until(lambda: self.clock.next_wake_us() is not None)
        return ((self.clock.next_wake_us() or 0) - self.clock.now_us()) / 1e6

    def counted(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


async def until(condition: Callable[[], Any], *, timeout_s: float = 5) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


@pytest.fixture
async def house() -> AsyncGenerator[House, None]:
    house = House()
    yield house
    house.intake.refuse = lambda _publications: None
    await house.supervisor.close()


async def test_events_reach_the_bus_before_they_are_acknowledged(house: House) -> None:
    source = line()
    seen_at_ack: list[list[str]] = []

    async def ack() -> None:
        seen_at_ack.append(house.intake.ids)

    await house.supervisor.apply([spec(source)])
    pulled = source.pulled("1")
    await source.incoming.put([Pulled(event=pulled.event, peer="p", verified="TLS", ack=ack, size_bytes=2)])
    await until(lambda: seen_at_ack)

    assert seen_at_ack == [["1"]]
    (publication,) = house.intake.stored
    assert publication.topic == Topic("ci", "default", "queue", "build")
    assert publication.provenance.kind == "line"
    assert publication.provenance.verified == "TLS"
    assert publication.provenance.arrived_us == house.clock.now_us()


async def test_a_batch_is_acknowledged_in_order(house: House) -> None:
    source = line()
    await house.supervisor.apply([spec(source)])

    await source.bring("1", "2", "3")
    await until(lambda: len(source.acked) == 3)

    assert source.acked == ["1", "2", "3"]
    assert house.status.events == 3
    assert house.status.state is PullState.RUNNING
    assert (
        house.counted(
            "kikkake_ingest_events_total", event_source="ci/queue", event_name="build", standing="new"
        )
        == 3
    )


@pytest.mark.parametrize("error", [BusFull("the disk is full"), BusUnavailable("commit failed")])
async def test_what_the_bus_refuses_is_offered_again_and_not_acknowledged(
    house: House, error: BusUnavailable
) -> None:
    source = line()
    house.intake.refuse = lambda _publications: error
    await house.supervisor.apply([spec(source)])
    await source.bring("1", "2")
    await source.bring("3")

    waits = []
    for _ in range(8):
        waits.append(await house.next_wait_s())
        house.clock.advance(waits[-1])
    held = await house.until_state(PullState.HELD)

    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert str(error) in held.last_error
    assert source.acked == []
    assert source.incoming.qsize() == 1, "a source is asked for nothing while the bus is busy"

    house.intake.refuse = lambda _publications: None
    house.clock.advance(5)
    await until(lambda: len(source.acked) == 3)
    assert house.intake.ids == ["1", "2", "3"]
    assert source.runs == 1, "a refusing bus is no reason to break the connection"
    assert (await house.until_state(PullState.RUNNING)).since_us == house.clock.now_us()


async def test_a_failing_source_waits_longer_each_time_and_is_never_given_up(house: House) -> None:
    source = line()
    await house.supervisor.apply([spec(source)])

    waits = []
    for number in range(20):
        await source.incoming.put(PullFailed(f"broker is away {number}"))
        status = await house.until_state(PullState.WAITING)
        assert status.last_error == f"broker is away {number}"
        waits.append(await house.next_wait_s())
        assert status.next_start_us == house.clock.now_us() + waits[-1] * 1e6
        house.clock.advance(waits[-1])
        await house.until_state(PullState.RUNNING)

    assert waits == [1, 2, 4, 8, 16, 32, *[60] * 14]
    assert house.status.restarts == 20
    assert source.runs == 21
    assert source.closed == 20, "each run was closed before the next began"


async def test_the_wait_has_full_jitter(house: House) -> None:
    house.jitter = 0.25
    source = line()
    await house.supervisor.apply([spec(source)])

    await source.incoming.put(PullFailed("away"))

    assert await house.next_wait_s() == 0.25


async def test_a_minute_of_running_well_makes_the_next_wait_short(house: House) -> None:
    source = line()
    await house.supervisor.apply([spec(source)])
    for wait_s in (1, 2, 4):
        await source.incoming.put(PullFailed("away"))
        await house.until_state(PullState.WAITING)
        house.clock.advance(wait_s)
        await house.until_state(PullState.RUNNING)

    house.clock.advance(_MINUTE_S)
    await source.incoming.put(PullFailed("away again"))
    await house.until_state(PullState.WAITING)

    assert await house.next_wait_s() == 1


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        pytest.param(
            ValueError("pässword=hunter2"), "internal error: ValueError", id="a bug, without its text"
        ),
        pytest.param(
            ExceptionGroup("many", [ValueError("x")]), "internal error: ExceptionGroup", id="several at once"
        ),
    ],
)
async def test_a_failing_source_does_not_disturb_the_others(
    house: House, error: BaseException, shown: str
) -> None:
    bad, good = line("bad"), line("good")
    await house.supervisor.apply([spec(bad), spec(good)])

    await bad.incoming.put(error)
    await until(lambda: house.supervisor.status()[0].state is PullState.WAITING)
    await good.bring("1")
    await until(lambda: good.acked == ["1"])

    first, second = house.supervisor.status()
    assert (first.topic.event_name, first.last_error) == ("bad", shown)
    assert (second.topic.event_name, second.state, second.restarts) == ("good", PullState.RUNNING, 0)
    house.clock.advance(1)
    await bad.bring("2")
    await until(lambda: bad.acked == ["2"])


async def test_a_source_that_just_ends_is_started_again(house: House) -> None:
    class Ends(Line):
        async def pull(self, secrets: Mapping[SecretRef, bytes]) -> AsyncGenerator[list[Pulled], None]:
            self.runs += 1
            yield []

    source = Ends(LineConfig(), namespace="ci", event_source="queue", event_name="build")
    await house.supervisor.apply([spec(source)])

    status = await house.until_state(PullState.WAITING)
    assert status.last_error == "the source ended without an error"
    house.clock.advance(1)
    await until(lambda: source.runs == 2)


async def test_a_secret_that_cannot_be_read_is_told_and_tried_again(house: House) -> None:
    source = line()
    source.refs = (_SECRET,)
    await house.supervisor.apply([spec(source)])

    status = await house.until_state(PullState.WAITING)
    assert status.last_error == "secret ci/broker key `password` not found"
    assert source.runs == 0, "without its secret it must not start"

    house.vault.values[_SECRET] = b"hunter2"
    house.clock.advance(1)
    await house.until_state(PullState.RUNNING)
    assert source.secrets == {_SECRET: b"hunter2"}


async def test_an_unchanged_source_keeps_its_connection(house: House) -> None:
    source = line(name="a")
    await house.supervisor.apply([spec(source)])
    await house.until_state(PullState.RUNNING)

    await house.supervisor.apply([spec(line(name="a"))])

    assert (source.runs, source.closed) == (1, 0)
    await source.bring("1")
    await until(lambda: source.acked == ["1"])


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda: spec(line(name="b")), id="another config"),
        pytest.param(lambda: spec(line(name="a"), event_bus="other"), id="another bus"),
    ],
)
async def test_a_changed_source_is_closed_before_its_successor_starts(
    house: House, changed: Callable[[], PullSpec]
) -> None:
    old = line(name="a")
    await house.supervisor.apply([spec(old)])
    await house.until_state(PullState.RUNNING)

    successor = changed()
    await house.supervisor.apply([successor])
    assert old.closed == 1
    await house.until_state(PullState.RUNNING)
    assert isinstance(successor.source, Line)
    await successor.source.bring("1")
    await until(lambda: house.intake.ids == ["1"])

    assert house.intake.stored[0].topic == successor.topic


async def test_a_source_that_is_gone_is_closed(house: House) -> None:
    stays, goes = line("stays"), line("goes")
    await house.supervisor.apply([spec(stays), spec(goes)])
    await until(lambda: goes.runs == 1)

    await house.supervisor.apply([spec(stays)])

    assert (stays.closed, goes.closed) == (0, 1)
    assert [status.topic.event_name for status in house.supervisor.status()] == ["stays"]


async def test_closing_in_the_middle_of_a_refused_batch_acknowledges_nothing(house: House) -> None:
    source = line()
    house.intake.refuse = lambda _publications: BusUnavailable("closing")
    await house.supervisor.apply([spec(source)])
    await source.bring("1")
    await house.until_state(PullState.HELD)

    await house.supervisor.close()

    assert source.acked == []
    assert source.closed == 1
    assert house.supervisor.status() == ()


async def test_a_source_that_does_not_close_holds_nobody_up(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    stuck = line()
    stuck.close_gate = asyncio.Event()
    await house.supervisor.apply([spec(stuck)])
    await house.until_state(PullState.RUNNING)

    async with asyncio.timeout(5):
        await house.supervisor.close()

    assert "pull.stop_timeout" in caplog.messages
    stuck.close_gate.set()
    await until(lambda: stuck.closed == 1)


async def test_what_a_source_could_not_read_is_kept_in_quarantine_and_acknowledged(house: House) -> None:
    source = line()
    refusal = Rejected(400, "bad-json", "Body is not valid JSON", "line 1 column 1: unexpected text")
    await house.supervisor.apply([spec(source)])
    await source.incoming.put([source.pulled("1"), source.pulled("2", data=b'"QQ=="', rejected=refusal)])
    await until(lambda: source.acked == ["1", "2"])

    good, kept = house.intake.stored
    assert good.topic.event_name == "build"
    assert kept.topic.event_name == f"build{REJECTED_SUFFIX}"
    assert kept.event.type == REJECTED_TYPE
    assert kept.event.extensions == {
        "rejectcause": "bad-json",
        "rejectdetail": "line 1 column 1: unexpected text",
    }
    assert (kept.event.id, kept.event.data) == ("2", b'"QQ=="')
    await until(lambda: house.status.rejected == 1)
    assert house.counted("kikkake_ingest_rejected_total", event_source="ci/queue", cause="bad-json") == 1


async def test_an_event_that_is_too_large_leaves_a_record_and_the_others_go_on(
    house: House, tmp_path: Path
) -> None:
    """With the real bus: it refuses a batch whole for one event, and nothing of it is stored."""
    bus = await open_bus(tmp_path, SqliteSettings(max_event_bytes=2000), house.clock)
    house = House(bus.publish)
    source = line()
    await house.supervisor.apply([spec(source)])

    batch = [source.pulled("1"), source.pulled("2", data=b"x" * 5000), source.pulled("3")]
    await source.incoming.put(batch)
    await until(lambda: source.acked == ["1", "2", "3"])
    await house.supervisor.close()
    stored = await bus.reader().events(EventQuery())
    await bus.close()

    assert [(one.topic.event_name, one.event.id) for one in reversed(stored)] == [
        ("build", "1"),
        (f"build{REJECTED_SUFFIX}", "2"),
        ("build", "3"),
    ]
    kept = stored[1].event
    assert kept.extensions["rejectcause"] == "too-large"
    assert "bus limit 2000 bytes" in str(kept.extensions["rejectdetail"])
    assert b'"limitBytes":2000' in (kept.data or b"")


async def test_the_supervisor_shows_duplicates(house: House) -> None:
    source = line()
    await house.supervisor.apply([spec(source)])

    await source.bring("1")
    await source.bring("1")
    await until(lambda: house.status.events == 2)

    assert house.status.duplicates == 1


async def test_too_large_stays_too_large_for_a_record_without_a_body(house: House) -> None:
    """Not even the small record fits: nothing is acknowledged, and the source shows why."""
    source = line()
    house.intake.refuse = lambda _publications: EventTooLarge(5000, 10)
    await house.supervisor.apply([spec(source)])
    await source.bring("1")

    status = await house.until_state(PullState.WAITING)

    assert "bus limit 10 bytes" in status.last_error
    assert source.acked == []
