"""What triggers hold: slots by age, in what is committed and in the layer of a step."""

from hypothesis import given
from hypothesis import strategies as st

from events.bus import EventRef
from sensors.held import HeldLayer, Holdings
from sensors.memory import EMPTY, Memory

OWNER = ("uid", "t")


def memory(sequence: int, since_us: int = 0) -> Memory:
    return Memory((EventRef("a", sequence, b""),), since_us=since_us, first=sequence)


def test_events_that_were_stored_together_keep_their_order_over_a_restart():
    """One delivery may give several events of one time; the oldest key makes room, also after a restart."""
    holdings = Holdings()
    holdings.load(
        [(("uid", "t", slot), memory(number, 7)) for slot, number in (("x", 3), ("y", 1), ("z", 2))]
    )
    assert list(holdings.slots(OWNER)) == ["y", "z", "x"]


def test_a_sensor_is_known_by_what_its_triggers_hold():
    holdings = Holdings()
    holdings.load(
        [(("uid", "t", "x"), memory(1)), (("uid", "u", ""), memory(2)), (("other", "t", "x"), memory(3))]
    )
    assert set(holdings.of_sensor("uid")) == {("uid", "t", "x"), ("uid", "u", "")}
    assert holdings.of_sensor("nobody") == {}


@given(st.lists(st.lists(st.tuples(st.sampled_from("wxyz"), st.booleans()), max_size=8), max_size=6))
def test_a_layer_says_what_will_be_held_and_in_what_order(steps):
    """Against a dict, in which what is emptied and filled again is the youngest."""
    holdings, model, number = Holdings(), {}, 0
    for step in steps:
        layer = HeldLayer(holdings)
        committed = dict(model)
        for slot, is_filled in step:
            number += 1
            if is_filled:
                model[slot] = memory(number)
                layer.put((*OWNER, slot), model[slot])
            else:
                model.pop(slot, None)
                layer.put((*OWNER, slot), EMPTY)
            assert list(layer.slots(OWNER)) == list(model)
            assert layer.count(OWNER) == len(model)
            assert {each: layer.get((*OWNER, each)) for each in model} == model
            assert list(holdings.slots(OWNER)) == list(committed)
        layer.apply()
        assert list(holdings.slots(OWNER)) == list(model)
