import pytest

from events.clock import ManualClock
from sensors.acting import Acting
from sensors.lanes import ActLimits, Lanes, Waiting
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
