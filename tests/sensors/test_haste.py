"""After an outage nobody waits out a back-off that was made for it."""

import asyncio

import pytest

from events.bus import EffectState
from sensors.haste import Haste
from sensors.trigger import KUBERNETES
from tests.sensors.actors import desk, failed


@pytest.fixture
async def at(tmp_path):
    async with desk(tmp_path) as at:
        yield at


@pytest.fixture
async def haste(at):
    """One that runs, on the desk's act loop: it is told of every outcome."""
    haste = Haste(at.runner, at.clock, lambda: at.actor.look_again())  # noqa: PLW0108 - the actor is made later
    recorded = at.settled

    def settled(effect, outcome):
        recorded(effect, outcome)
        haste.settled(effect, outcome)

    at.settled = settled
    running = asyncio.create_task(haste.run(), name="haste")
    yield haste
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def waiting(at, *reasons, kind="k8s"):
    """Effects that have failed for these reasons and wait."""
    trigger = at.trigger()
    trigger.answers = [failed(reason=reason) for reason in reasons]
    at.start(chance=0.9)
    numbers = await at.commit(*(at.new(kind=kind) for _ in reasons))
    await at.sleeping()
    return trigger, numbers


async def test_one_success_after_an_outage_brings_the_others_of_its_peer_forward(at, haste):
    trigger, numbers = await waiting(at, "Unreachable", "Unreachable", "NoAnswer")
    trigger.answers = [failed(reason="Unreachable")] * 12
    for _ in range(4):
        at.clock.move_to(await at.sleeping())
    states = [(await at.state(number)).state for number in numbers]
    assert states == [EffectState.OPEN] * 3
    trigger.answers = []

    at.clock.move_to(await at.sleeping())
    for number in numbers:
        await at.wait_state(number, EffectState.DONE)


async def test_news_of_the_peer_brings_them_forward(at, haste):
    _trigger, [number] = await waiting(at, "ServerError")
    haste.recovered(KUBERNETES)
    await at.wait_state(number, EffectState.DONE)


@pytest.mark.parametrize(("reason", "kind"), [("Forbidden", "k8s"), ("Unreachable", "http")])
async def test_what_has_nothing_to_do_with_it_keeps_its_time(at, haste, reason, kind):
    trigger, [number] = await waiting(at, reason, kind=kind)
    haste.recovered(KUBERNETES)
    haste.recovered("")
    at.trigger("other")
    [second] = await at.commit(at.new("other"))
    await at.wait_state(second, EffectState.DONE)
    assert (await at.state(number)).state is EffectState.OPEN
    assert len(trigger.fired) == 1


async def test_news_that_come_thick_hurry_once_in_some_seconds(at, haste):
    trigger, [number] = await waiting(at, "Unreachable")
    trigger.answers = [failed(reason="Unreachable")] * 50
    haste.recovered(KUBERNETES)
    await at.wait_for(lambda: len(trigger.fired) == 2)
    for _ in range(20):
        haste.recovered(KUBERNETES)
        await at.sleeping()
    assert len(trigger.fired) == 2
    assert (await at.state(number)).state is EffectState.OPEN
