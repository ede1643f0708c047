"""Times are exact integers, and the manual clock wakes its sleepers in order."""

import asyncio

import pytest

from events.clock import ManualClock, SystemClock, format_time, parse_time, wait_until


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("2026-11-24T10:00:00.123456789Z", 1_795_514_400_123_456),
        ("2026-02-30T10:00:00Z", None),
        ("2026-11-24", None),
        ("", None),
    ],
)
def test_rfc_3339_is_read_exactly(text, us):
    assert parse_time(text) == us


def test_printing_and_reading_a_time_gives_it_back():
    for us in (0, 1, 999_999, 1_795_514_400_120_000):
        assert parse_time(format_time(us)) == us


def test_the_system_clock_counts_microseconds():
    assert SystemClock().now_us() > 1_700_000_000_000_000


async def test_sleepers_wake_in_the_order_of_their_times():
    clock = ManualClock(0)
    woken = []

    async def sleeper(name, seconds):
        await clock.sleep(seconds)
        woken.append((name, clock.now_us()))

    tasks = [asyncio.create_task(sleeper("late", 30)), asyncio.create_task(sleeper("early", 10))]
    await asyncio.sleep(0)
    assert clock.next_wake_us() == 10_000_000
    clock.advance(10)
    await tasks[1]
    assert woken == [("early", 10_000_000)]
    clock.advance(20)
    await tasks[0]
    assert woken[-1] == ("late", 30_000_000)


async def test_a_cancelled_sleeper_is_forgotten():
    clock = ManualClock(0)
    task = asyncio.create_task(clock.sleep(5))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert clock.next_wake_us() is None


@pytest.mark.parametrize("wake_us", [None, 5_000_000])
async def test_a_change_ends_a_wait(wake_us):
    clock, changed = ManualClock(0), asyncio.Event()
    waiting = asyncio.create_task(wait_until(changed, clock, wake_us), name="waiting")
    await asyncio.sleep(0)
    assert not waiting.done()

    changed.set()
    async with asyncio.timeout(20):
        await waiting
    assert clock.next_wake_us() is None, "nobody sleeps on"


async def test_its_time_ends_a_wait_too():
    clock, changed = ManualClock(0), asyncio.Event()
    waiting = asyncio.create_task(wait_until(changed, clock, 5_000_000), name="waiting")
    for _ in range(3):
        await asyncio.sleep(0)
    assert clock.next_wake_us() == 5_000_000

    clock.advance(5)
    async with asyncio.timeout(20):
        await waiting
    await wait_until(changed, clock, 4_000_000)
