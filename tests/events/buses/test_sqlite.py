"""What only the embedded bus has: its folder, its writer and its memory. Its promises are in tests/contracts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from events.bus import BusClosed, BusUnavailable, EventQuery, NewerStore, Standing, Step
from events.buses.sqlite import SqliteBus, SqliteSettings, open_bus, open_reader
from events.clock import ManualClock
from events.sqlite.folder import FolderInUse, FolderUnfit, file_system_type
from events.sqlite.settings import MIB
from tests.contracts.buses import START_US, publication


class Store:
    """The folder of a test, and the buses that it opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock(START_US)
        self.opened: list[SqliteBus] = []

    async def open(self, **settings: object) -> SqliteBus:
        bus = await open_bus(self.folder, SqliteSettings(**settings), self.clock)  # type: ignore[arg-type]  # by name
        self.opened.append(bus)
        return bus


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path / "store")
    yield store
    for bus in store.opened:
        await bus.close()


async def test_a_second_process_on_the_folder_is_told_so(store: Store):
    bus = await store.open()

    with pytest.raises(FolderInUse, match=str(store.folder)):
        await store.open()

    await bus.close()
    await store.open()


async def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(FolderUnfit, match="name another one with --data"):
        await open_bus(tmp_path / "file" / "store", SqliteSettings(), ManualClock(START_US))


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/data/kikkake", "nfs4"), ("/data2/kikkake", "ext4"), ("/my share/x", "cifs"), ("/data", "nfs4")],
)
def test_the_mount_that_holds_a_folder_is_found(path: str, kind: str):
    mounts = "/dev/vda / ext4 rw 0 0\nhost:/x /data nfs4 rw 0 0\n//host/y /my\\040share cifs rw 0 0\n"

    assert file_system_type(Path(path), mounts) == kind


async def test_a_store_of_a_newer_version_is_left_alone(store: Store):
    bus = await store.open()
    await bus.close()
    connection = apsw.Connection(str(store.folder / "bus.db"))
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(NewerStore, match="format 99"):
        await store.open()
    with pytest.raises(NewerStore):
        await open_reader(store.folder)


async def test_the_store_key_is_made_once(store: Store, tmp_path: Path):
    bus = await store.open()
    key = bus.store_key
    await bus.close()
    other = Store(tmp_path / "other")

    again, elsewhere = (await store.open()).store_key, (await other.open()).store_key
    await other.opened[0].close()

    assert len(key) == 32
    assert again == key
    assert elsewhere != key


async def test_a_store_can_be_read_when_no_process_runs_and_beside_one(store: Store):
    with pytest.raises(FolderUnfit, match="no store in it"):
        await open_reader(store.folder)
    bus = await store.open()
    await bus.publish([publication("a")])
    for _ in range(2):
        reader = await open_reader(store.folder)
        assert [stored.event.id for stored in await reader.events(EventQuery())] == ["a"]
        assert (await reader.facts()).head == 1
        await reader.close()
        await bus.close()


async def test_close_commits_what_waits_and_refuses_the_rest(store: Store):
    bus = await store.open()
    runner = await bus.take_over()
    waiting = asyncio.create_task(runner.wait(100))
    last = [asyncio.create_task(bus.publish([publication(n)])) for n in range(100)]
    await asyncio.sleep(0)

    await bus.close()

    assert sorted(receipt.sequence for [receipt] in await asyncio.gather(*last)) == list(range(1, 101))
    for refused in (bus.publish([publication("late")]), runner.commit(Step(place=1)), waiting):
        with pytest.raises(BusClosed):
            await refused
    assert (store.folder / "bus.db-wal").stat().st_size == 0, "a clean end leaves nothing in the log"


async def test_too_many_waiting_publications_are_refused_and_steps_are_not(store: Store):
    bus = await store.open(waiting_publications=3, waiting_bytes=MIB)
    runner = await bus.take_over()

    calls = [bus.publish([publication(n)]) for n in range(5)]
    answers = await asyncio.gather(*calls, runner.commit(Step(place=1)), return_exceptions=True)

    assert [isinstance(answer, BusUnavailable) for answer in answers] == [False] * 3 + [True] * 2 + [False]
    large = [bus.publish([publication(f"l{n}", data=b"x" * 700_000)]) for n in range(2)]
    answers = await asyncio.gather(*large, return_exceptions=True)
    assert [isinstance(answer, BusUnavailable) for answer in answers] == [False, True]
    assert await bus.publish([publication("afterwards")]), "the count goes down again"


async def test_a_publisher_that_is_cancelled_while_it_waits_stores_nothing(store: Store):
    bus = await store.open()
    gone = asyncio.create_task(bus.publish([publication("gone")]))
    stays = asyncio.create_task(bus.publish([publication("stays")]))
    await asyncio.sleep(0)
    gone.cancel()

    await stays

    with contextlib.suppress(asyncio.CancelledError):
        await gone
    assert [stored.event.id for stored in await bus.reader().events(EventQuery())] == ["stays"]


async def test_a_runner_that_is_slower_than_the_memory_reads_the_log(store: Store):
    bus = await store.open(recent_events=4)
    runner = await bus.take_over()
    seen: list[int] = []
    for part in range(10):
        await bus.publish([publication(f"{part}-{n}") for n in range(10)])
        seen.extend([stored.sequence for stored in await runner.read(len(seen), limit=7)])
    while batch := await runner.read(len(seen), limit=7):
        seen.extend(stored.sequence for stored in batch)

    assert seen == list(range(1, 101))


async def test_the_log_of_a_busy_store_starts_anew(store: Store):
    bus = await store.open(checkpoint_bytes=MIB // 2, checkpoint_pause_bytes=2 * MIB)
    runner = await bus.take_over()
    for part in range(40):
        await asyncio.gather(
            *(bus.publish([publication(f"{part}-{n}", data=b"x" * 50_000)]) for n in range(10))
        )
        await runner.read(part, limit=3)

    assert (store.folder / "bus.db-wal").stat().st_size < 5 * MIB


async def test_retention_runs_by_itself(store: Store):
    bus = await store.open(event_retention_s=60, maintenance_s=10.0)
    await bus.publish([publication("a")])
    assert (await bus.reader().facts()).events == 1

    async with asyncio.timeout(5):
        while (await bus.reader().facts()).events:
            store.clock.advance(61)
            await asyncio.sleep(0.01)  # bounded: the round runs beside this test


async def test_expired_ids_leave_the_table(store: Store):
    bus = await store.open(dedup_window_s=3600, generation_ids=8, event_retention_s=60)
    for n in range(40):
        await bus.publish([publication(n)])
    store.clock.advance(2 * 3600)
    await bus.publish([publication("young")])
    await bus.maintain()
    await bus.maintain()

    ids = next(iter(bus._connection.execute("SELECT count(*) FROM seen")))[0]
    [known] = await bus.publish([publication("young")])
    assert ids <= 1
    assert known.standing is Standing.DUPLICATE


_PUBLISHER = """
import asyncio, sys
from pathlib import Path
from events.buses.sqlite import SqliteSettings, open_bus
from events.clock import SystemClock
from tests.contracts.buses import publication

async def publish(bus, name):
    number = 0
    while True:
        number += 1
        await bus.publish([publication(f"{name}-{number}")])
        print(f"{name}-{number}", flush=True)

async def main():
    bus = await open_bus(Path(sys.argv[1]), SqliteSettings(checkpoint_bytes=1), SystemClock())
    await asyncio.gather(*(publish(bus, name) for name in range(8)))

asyncio.run(main())
"""


async def test_what_a_killed_process_acknowledged_is_stored(store: Store):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PUBLISHER, str(store.folder), stdout=asyncio.subprocess.PIPE, cwd=Path.cwd()
    )
    assert process.stdout is not None
    acknowledged = [(await process.stdout.readline()).decode().strip() for _ in range(500)]
    os.kill(process.pid, signal.SIGKILL)
    acknowledged += [line.decode().strip() for line in (await process.stdout.read()).split(b"\n")[:-1]]
    await process.wait()

    bus = await store.open()
    runner = await bus.take_over()
    stored = [event.event.id for event in await runner.read(0, limit=1_000_000, max_bytes=1 << 30)]

    assert set(acknowledged) <= set(stored)
    assert len(set(stored)) == len(stored)
    assert (await runner.load()).unclean_starts == 1


async def test_a_foreign_lock_on_the_store_is_told_and_passes(store: Store):
    bus = await store.open()
    shell = apsw.Connection(str(store.folder / "bus.db"))
    shell.execute("BEGIN IMMEDIATE")
    with pytest.raises(BusUnavailable, match="another process holds the store"):
        await bus.publish([publication("a")])
    shell.execute("ROLLBACK")
    shell.close()

    [receipt] = await bus.publish([publication("a")])

    assert receipt.standing is Standing.NEW
