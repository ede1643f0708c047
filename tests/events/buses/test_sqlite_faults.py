"""The embedded bus on a disk that is full, slow or broken (B1, B8)."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import apsw
import pytest

from events.bus import BusBroken, BusFull, EventQuery, MemoryChange, Standing, Step
from events.buses.sqlite import SqliteBus, SqliteSettings, open_bus
from events.clock import ManualClock, SystemClock
from events.sqlite.schema import StoreDamaged
from events.sqlite.settings import MIB
from tests.contracts.buses import OTHER_TOPIC, START_US, new_effect, outcome, publication
from tests.events.buses.faulty_disk import FaultyDisk

Opener = Callable[..., "asyncio.Future[SqliteBus]"]


@pytest.fixture
def disk() -> FaultyDisk:
    return FaultyDisk()


@pytest.fixture
async def open_store(tmp_path: Path, disk: FaultyDisk) -> AsyncIterator[Opener]:
    """Opens the store of the test on the faulty disk; what is open at the end is closed."""
    opened: list[SqliteBus] = []

    async def open_it(**settings: object) -> SqliteBus:
        clock = ManualClock(START_US)
        bus = await open_bus(tmp_path / "store", SqliteSettings(**settings), clock, vfs=disk.name)
        opened.append(bus)
        return bus

    yield open_it
    disk.heal()
    for bus in opened:
        await bus.close()


def io_error() -> apsw.IOError:
    return apsw.IOError("disk I/O error")


def full_error() -> apsw.FullError:
    return apsw.FullError("database or disk is full")


@pytest.mark.parametrize("fault", ["fail_sync", "fail_write"])
async def test_after_a_storage_error_nothing_is_acknowledged_or_written_any_more(
    open_store, disk, tmp_path, fault
):
    bus = await open_store()
    runner = await bus.take_over()
    await bus.publish([publication("before")])
    reported: list[BusBroken] = []
    bus.on_broken = reported.append
    reading = asyncio.create_task(runner.wait(1))
    setattr(disk, fault, io_error())

    calls = [
        bus.publish([publication("during")]),
        runner.commit(Step(place=1)),
        bus.publish([publication("other")]),
    ]
    answers = await asyncio.gather(*calls, return_exceptions=True)

    assert [type(answer) for answer in answers] == [BusBroken] * 3
    assert reported == [bus.broken]
    disk.heal()
    writes = disk.writes
    for refused in (bus.publish([publication("after")]), runner.begin(1, 1, START_US), reading):
        with pytest.raises(BusBroken, match="process must end"):
            await refused
    await bus.close()
    assert disk.writes == writes, "no checkpoint, no other write"
    assert (tmp_path / "store" / "broken").exists()

    bus = await open_store()
    [before] = await bus.publish([publication("before")])
    assert before.standing is Standing.DUPLICATE
    assert not (tmp_path / "store" / "broken").exists(), "checked and sound"


async def test_a_store_that_was_damaged_is_not_opened_after_a_storage_error(open_store, disk, tmp_path):
    bus = await open_store()
    await bus.publish([publication(n, data=b"x" * 20_000) for n in range(200)])
    await bus.close()
    database = tmp_path / "store" / "bus.db"
    with database.open("r+b") as file:
        file.seek(16_384 * 20)
        file.write(b"\xff" * 16_384 * 100)
    (tmp_path / "store" / "broken").touch()

    with pytest.raises(StoreDamaged, match="restore a backup"):
        await open_store()


async def test_a_failed_checkpoint_stops_the_bus_like_a_failed_commit(open_store, disk):
    bus = await open_store(checkpoint_bytes=1)
    broke = asyncio.Event()
    bus.on_broken = lambda _error: broke.set()
    disk.failing_file = "bus.db"
    disk.fail_write = io_error()

    await bus.publish([publication("a")])

    async with asyncio.timeout(5):
        await broke.wait()
    with pytest.raises(BusBroken):
        await bus.publish([publication("b")])


async def test_a_full_disk_under_a_checkpoint_is_not_a_broken_one(open_store, disk):
    bus = await open_store(checkpoint_bytes=1)
    disk.failing_file = "bus.db"
    disk.fail_write = full_error()

    for n in range(5):
        await bus.publish([publication(n)])

    disk.heal()
    await bus.publish([publication("more")])
    assert bus.broken is None


async def test_a_duplicate_in_flight_is_answered_after_the_commit_of_the_first(open_store, disk):
    bus = await open_store()
    with disk.holding_syncs():
        first = asyncio.create_task(bus.publish([publication("a")]))
        await asyncio.to_thread(disk.in_sync.wait, 5)
        again = asyncio.create_task(bus.publish([publication("a")]))
        done, _waiting = await asyncio.wait({first, again}, timeout=0.05)
        assert not done, "neither is durable yet"

    receipts = [(await first)[0], (await again)[0]]

    assert [receipt.standing for receipt in receipts] == [Standing.NEW, Standing.DUPLICATE]
    assert len({receipt.sequence for receipt in receipts}) == 1


async def test_a_duplicate_of_an_event_whose_commit_failed_is_not_acknowledged(open_store, disk):
    bus = await open_store()
    with disk.holding_syncs():
        disk.fail_sync = io_error()
        first = asyncio.create_task(bus.publish([publication("a")]))
        await asyncio.to_thread(disk.in_sync.wait, 5)
        again = asyncio.create_task(bus.publish([publication("a")]))
        await asyncio.sleep(0)

    answers = await asyncio.gather(first, again, return_exceptions=True)

    assert [type(answer) for answer in answers] == [BusBroken, BusBroken]


async def test_what_a_full_disk_refused_can_be_published_again(open_store, disk):
    """A refused event leaves no id and no number behind, in memory either."""
    bus = await open_store()
    runner = await bus.take_over()
    await bus.publish([publication("before")])
    disk.fail_write = full_error()
    with pytest.raises(BusFull):
        await bus.publish([publication("a", mac=b"m", topic=OTHER_TOPIC)])
    assert await runner.read(1, limit=9) == []
    disk.heal()

    [receipt] = await bus.publish([publication("a", mac=b"m", topic=OTHER_TOPIC)])

    assert (receipt.standing, receipt.sequence) == (Standing.NEW, 2)
    assert [stored.event.id for stored in await runner.read(1, limit=9)] == ["a"]
    [listed] = await bus.reader().events(EventQuery(event_name=OTHER_TOPIC.event_name))
    assert listed.topic == OTHER_TOPIC


async def test_a_group_that_does_not_fit_is_committed_one_by_one(open_store, disk):
    bus = await open_store()
    disk.failures_left = 1
    disk.fail_write = full_error()

    receipts = await asyncio.gather(*(bus.publish([publication(n)]) for n in range(10)))

    assert [receipt.sequence for [receipt] in receipts] == list(range(1, 11))


async def test_one_bad_row_fails_its_own_job_and_no_other_of_its_group(open_store):
    bus = await open_store()
    runner = await bus.take_over()
    bad = Step(place=99, memories=[MemoryChange("s", "k", object())])

    answers = await asyncio.gather(
        bus.publish([publication("a")]),
        runner.commit(bad),
        runner.commit(Step(effects=[new_effect(1)])),
        bus.publish([publication("b")]),
        return_exceptions=True,
    )

    assert isinstance(answers[1], TypeError)
    assert {answers[0][0].sequence, answers[3][0].sequence} == {1, 2}
    assert answers[2].effect_numbers == (1,)
    state = await runner.load()
    assert (state.place, state.memories) == (0, ()), "nothing of the bad step"


async def test_a_store_at_its_size_limit_refuses_events_and_takes_outcomes(open_store):
    bus = await open_store()
    runner = await bus.take_over()
    receipt = await runner.commit(Step(effects=[new_effect(1)]))
    pages = next(iter(bus._connection.execute("PRAGMA page_count")))[0]
    bus._connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    stored = await fill(bus)

    assert await runner.settle(outcome(receipt.effect_numbers[0], 0, 1))
    bus._connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
    [recovered] = await bus.publish([publication(stored, data=b"x" * 100_000)])

    assert recovered.sequence == stored + 1


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 32 MiB of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system; the size limit of the store is tested above")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_full_disk_refuses_events_keeps_a_reserve_and_recovers_by_itself(small_disk: Path):
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * 8 * MIB)
    bus = await open_bus(small_disk / "store", SqliteSettings(), SystemClock())
    try:
        runner = await bus.take_over()
        taken = await fill(bus)
        assert taken > 50
        assert shutil.disk_usage(small_disk).free > 2.5 * MIB, "a tenth of the disk is kept"

        for place in range(1, 21):
            effect = new_effect(place, rendered=b"x" * 20_000)
            receipt = await runner.commit(Step(place=place, effects=[effect]))
            assert await runner.settle(outcome(receipt.effect_numbers[0], 0, 1))
        ballast.unlink()
        assert await accepts_within(bus, seconds=5)
    finally:
        await bus.close()


async def fill(bus: SqliteBus) -> int:
    """How many events of 100 KB it took until it was full."""
    for taken in range(1000):
        try:
            await bus.publish([publication(taken, data=b"x" * 100_000)])
        except BusFull as err:
            assert "free some space" in str(err)  # noqa: PT017 - the loop counts
            return taken
    raise AssertionError("never full")


async def accepts_within(bus: SqliteBus, *, seconds: int) -> bool:
    for _ in range(seconds * 20):
        try:
            await bus.publish([publication("recovered")])
        except BusFull:
            await asyncio.sleep(0.05)  # the free space is asked four times a second
        else:
            return True
    return False
