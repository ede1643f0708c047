"""Timers: order, replacement, Sensors with a time of their own, and steps that were not committed."""

from events.bus import StoredTimer, TimerChange
from sensors.timers import Journal, Timers


def timer(key: str, due_us: int, uid: str = "s") -> StoredTimer:
    return StoredTimer(uid, key, due_us, b"")


def taken(timers: Timers, until_us: int, lagging: frozenset[str] = frozenset()) -> list[str]:
    keys = []
    while (one := timers.due(until_us, lagging)) is not None:
        keys.append(one.key)
        timers.change(TimerChange(one.sensor, one.key, None), {})
    return keys


def test_due_timers_come_in_order_and_once():
    timers = Timers([timer("b", 20), timer("a", 10), timer("c", 30)])
    assert taken(timers, 20) == ["a", "b"]
    assert taken(timers, 20) == []
    assert timers.next_due_us(()) == 30


def test_a_timer_that_was_set_again_is_due_at_its_new_time():
    timers = Timers([timer("a", 10)])
    timers.change(TimerChange("s", "a", 50), {})
    assert taken(timers, 20) == []
    assert timers.next_due_us(()) == 50


def test_a_timer_that_was_removed_is_not_due():
    timers = Timers([timer("a", 10)])
    timers.change(TimerChange("s", "a", None), {})
    assert timers.next_due_us(()) is None
    assert taken(timers, 99) == []


def test_what_an_uncommitted_step_changed_is_as_before():
    timers = Timers([timer("a", 10), timer("b", 20)])
    journal: Journal = {}
    timers.change(TimerChange("s", "a", None), journal)
    timers.change(TimerChange("s", "b", 5), journal)
    timers.change(TimerChange("s", "b", 7), journal)
    timers.change(TimerChange("s", "c", 1), journal)
    timers.restore(journal)
    assert taken(timers, 99) == ["a", "b"]


def test_a_lagging_sensor_has_a_time_of_its_own():
    timers = Timers([timer("a", 10, "slow"), timer("b", 20)])
    assert taken(timers, 99, frozenset({"slow"})) == ["b"]
    assert timers.next_due_us({"slow"}) is None
    first = timers.due_of("slow", 10)
    assert first is not None
    assert first.key == "a"
    assert timers.due_of("slow", 9) is None
    timers.join("slow")
    assert taken(timers, 99) == ["a"]


def test_the_keys_of_a_sensor_are_those_that_stand():
    timers = Timers([timer("a", 10), timer("b", 20), timer("x", 5, "other")])
    timers.change(TimerChange("s", "a", 11), {})
    timers.change(TimerChange("s", "b", None), {})
    assert timers.keys_of("s") == ["a"]


def test_timers_that_do_not_stand_any_more_take_no_room():
    """A window of a day that every event meets at once: nothing comes up for a day, and nothing may pile up."""
    timers = Timers([timer("reset:0:t", 10**6)])
    for number in range(10_000):
        timers.change(TimerChange("s", "wait::t", 10**9 + number), {})
        timers.change(TimerChange("s", f"wait:{number}:t", 10**9), {})
        timers.change(TimerChange("s", f"wait:{number}:t", None), {})
    assert len(timers._shared) < 100
    assert len(timers._own["s"]) < 100
    assert taken(timers, 10**9 + 10_000) == ["reset:0:t", "wait::t"]
    assert not timers._own


def test_a_timer_that_an_uncommitted_step_removed_stands_after_a_tidying():
    timers = Timers([timer("a", 10)])
    journal: Journal = {}
    timers.change(TimerChange("s", "a", None), journal)
    for number in range(1000):
        timers.change(TimerChange("s", "b", 100 + number), journal)
    timers.restore(journal)
    assert timers.keys_of("s") == ["a"]
    assert taken(timers, 9999) == ["a"]
