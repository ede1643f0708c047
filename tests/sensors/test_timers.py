"""Timers: order, replacement, and steps that were not committed."""

from events.bus import StoredTimer, TimerChange
from sensors.timers import Timers


def timer(key: str, due_us: int) -> StoredTimer:
    return StoredTimer("s", key, due_us, b"")


def taken(timers: Timers, until_us: int) -> list[str]:
    keys = []
    while (one := timers.take_due(until_us)) is not None:
        keys.append(one.key)
    return keys


def test_due_timers_come_in_order_and_once():
    timers = Timers([timer("b", 20), timer("a", 10), timer("c", 30)])
    assert taken(timers, 20) == ["a", "b"]
    assert taken(timers, 20) == []
    assert timers.next_due_us() == 30


def test_a_timer_that_was_set_again_is_due_at_its_new_time():
    timers = Timers([timer("a", 10)])
    timers.apply([TimerChange("s", "a", 50)])
    assert taken(timers, 20) == []
    assert timers.next_due_us() == 50


def test_a_timer_that_was_removed_is_not_due():
    timers = Timers([timer("a", 10)])
    timers.apply([TimerChange("s", "a", None)])
    assert timers.next_due_us() is None
    assert taken(timers, 99) == []


def test_what_an_uncommitted_step_took_is_due_again():
    timers = Timers([timer("a", 10)])
    one = timers.take_due(10)
    assert one is not None
    timers.give_back([one])
    assert taken(timers, 10) == ["a"]
