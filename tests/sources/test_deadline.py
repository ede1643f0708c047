"""Deadlines that one timer looks after behave as `asyncio.timeout` does."""

import asyncio

import pytest

from sources.deadline import Deadlines


@pytest.fixture
def deadlines():
    return Deadlines()


async def waiting(deadlines, seconds, entered):
    async with deadlines.within(seconds):
        entered.set()
        await asyncio.Event().wait()


def later():
    return asyncio.get_running_loop().time() + 60


async def test_a_wait_that_is_late_ends_with_a_timeout(deadlines):
    entered = asyncio.Event()
    task = asyncio.create_task(waiting(deadlines, 5, entered))
    await entered.wait()

    deadlines.cancel_late(later())

    with pytest.raises(TimeoutError):
        await task
    assert task.cancelling() == 0


async def test_one_that_has_time_left_goes_on(deadlines):
    entered = asyncio.Event()
    task = asyncio.create_task(waiting(deadlines, 600, entered))
    await entered.wait()

    deadlines.cancel_late(later())
    await asyncio.sleep(0)

    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_has_ended_is_not_cancelled_any_more(deadlines):
    async with deadlines.within(5):
        pass
    deadlines.cancel_late(later())
    await asyncio.sleep(0)


async def test_a_cancellation_from_elsewhere_stays_one(deadlines):
    entered = asyncio.Event()
    task = asyncio.create_task(waiting(deadlines, 5, entered))
    await entered.wait()

    task.cancel()
    deadlines.cancel_late(later())

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_block_is_raised_as_it_is(deadlines):
    with pytest.raises(ValueError, match="mine"):
        async with deadlines.within(5):
            raise ValueError("mine")
