import asyncio

import pytest

from events.clock import ManualClock
from sensors.acting import Acting
from sensors.lanes import ActLimits, Lane, Lanes, Waiting
from sensors.rate_limit import Spacing
from sensors.retry import Retry
from sensors.trigger import TriggerServices
from tests.sensors.actors import NoSecrets, Told
from tests.sensors.test_attempts import effect


class Floor:
    """Lanes with a clock, and what they started."""

    def __init__(self, **limits):
        self.clock = ManualClock(0)
        self.started = []
        self.lanes = Lanes(ActLimits(**limits), self.clock.now_us, lambda *begun: self.started.append(begun))
        services = TriggerServices(kube=None, secrets=NoSecrets(), clock=self.clock, store_key=b"k")
        self.trigger = Told(services)

    def put(self, trigger, number, spacing=None):
        acting = Acting(
            trigger=self.trigger,
            namespace="ci",
            sensor="s",
            retry=Retry(),
            spacing=spacing,
            at_least_once=False,
            account=None,
        )
        return self.lanes.put(Waiting(effect(trigger=trigger, number=number), acting, is_fresh=True))

    def end(self, number):
        [lane] = [lane for lane, waiting in self.started if waiting.effect.number == number]
        self.lanes.ended(lane)

    @property
    def numbers(self):
        return [waiting.effect.number for _, waiting in self.started]


def test_the_first_attempt_of_each_trigger_is_always_allowed():
    floor = Floor(attempts=2, attempts_per_trigger=2)

    for number, trigger in enumerate("aabbcc", start=1):
        floor.put(trigger, number)

    assert floor.numbers == [1, 2, 3, 5]


def test_places_are_shared_in_turn():
    floor = Floor(attempts=3, attempts_per_trigger=3)
    for number in range(1, 7):
        floor.put("a", number)
    for number in range(11, 15):
        floor.put("b", number)
    assert floor.numbers == [1, 2, 3, 11]

    floor.end(1)
    floor.end(2)
    floor.end(3)

    begun = floor.numbers[4:]
    assert {number > 10 for number in begun} == {True, False}


def test_a_full_lane_remembers_where_the_bus_has_more():
    floor = Floor(attempts=1, attempts_per_trigger=1, waiting_per_trigger=2)

    taken = [floor.put("a", number) for number in range(1, 6)]

    assert taken == [True, True, True, False, False]
    assert floor.lanes.take_hungry() == (None, [])
    floor.end(1)
    position, [lane] = floor.lanes.take_hungry()
    assert position == (effect().due_us, 3)
    assert lane.more_from is None


@pytest.mark.parametrize("last_us", [None, 0])
def test_a_rate_limit_waits_until_the_last_attempt_is_known(last_us):
    floor = Floor()
    floor.clock.advance(100)

    floor.put("a", 1, Spacing(5_000_000))
    floor.put("a", 2, Spacing(5_000_000))
    assert floor.numbers == []
    [lane] = floor.lanes.unknown
    floor.lanes.learn(lane, last_us)

    assert floor.numbers == [1]
    assert floor.lanes.next_slot_us() == 105_000_000


def test_a_limited_trigger_holds_up_no_other():
    floor = Floor(attempts=1, attempts_per_trigger=1)
    floor.put("slow", 1, Spacing(5_000_000))
    floor.put("quick", 2)

    assert floor.numbers == [2]


def test_a_clock_that_was_set_back_costs_one_spacing_at_most():
    floor = Floor()
    floor.put("a", 1, Spacing(5_000_000))
    [lane] = floor.lanes.unknown

    floor.lanes.learn(lane, 3_600_000_000)

    assert floor.numbers == []
    assert floor.lanes.next_slot_us() == 5_000_000


async def test_requests_keep_their_distance_however_long_their_intents_took():
    clock, spacing = ManualClock(1_000_000), Spacing(100_000)
    lane = Lane(("file:ci/s", "t", "main"))
    sent = []

    async def send() -> None:
        await lane.wait_turn(spacing, clock)
        sent.append(clock.now_us())

    # Three intents were committed at once, since the bus had been busy.
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        for number in range(3):
            tasks.create_task(send(), name=f"send:{number}")
        while len(sent) < 3:
            await asyncio.sleep(0)
            if clock.next_wake_us() is not None:
                clock.move_to(clock.next_wake_us())

    assert sent == [1_000_000, 1_100_000, 1_200_000]
    # A late one moves those behind it.
    clock.advance(0.17)
    await send()
    assert sent[-1] == 1_370_000


async def test_a_turn_is_not_lost_to_a_clock_that_was_set_back():
    clock = ManualClock(1_000_000)
    lane = Lane(("file:ci/s", "t", "main"), sent_us=3_600_000_000)
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        turn = tasks.create_task(lane.wait_turn(Spacing(100_000), clock), name="turn")
        while clock.next_wake_us() is None:  # noqa: ASYNC110 - a sleeper has no event
            await asyncio.sleep(0)
        assert clock.next_wake_us() == 1_100_000
        clock.move_to(1_100_000)
    assert turn.done()
    assert lane.sent_us == 1_100_000
