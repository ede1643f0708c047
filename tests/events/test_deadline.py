"""Deadlines that share one timer behave as `asyncio.timeout` does."""

import asyncio

import pytest

from events.deadline import Deadlines


@pytest.fixture
def deadlines():
    return Deadlines()


async def waiting(deadlines, seconds, entered):
    async with deadlines.within(seconds):
        entered.set()
        await asyncio.Event().wait()


@pytest.mark.looptime
async def test_a_wait_that_is_late_ends_with_a_timeout(deadlines):
    task = asyncio.create_task(waiting(deadlines, 5, asyncio.Event()))
    with pytest.raises(TimeoutError):
        await task
    assert task.cancelling() == 0
    assert 5 <= asyncio.get_running_loop().time() <= 5.5


@pytest.mark.looptime
async def test_one_that_has_time_left_goes_on(deadlines):
    task = asyncio.create_task(waiting(deadlines, 600, asyncio.Event()))
    await asyncio.sleep(500)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.looptime
async def test_what_has_ended_is_not_cancelled_any_more(deadlines):
    async with deadlines.within(5):
        pass
    await asyncio.sleep(10)


async def test_a_cancellation_from_elsewhere_stays_one(deadlines):
    entered = asyncio.Event()
    task = asyncio.create_task(waiting(deadlines, 600, entered))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_block_is_raised_as_it_is(deadlines):
    with pytest.raises(ValueError, match="mine"):
        async with deadlines.within(5):
            raise ValueError("mine")


@pytest.mark.looptime
async def test_nothing_ticks_when_nobody_waits(deadlines):
    async with deadlines.within(5):
        await asyncio.sleep(1)
    await asyncio.sleep(1)
    assert deadlines._timer is None
