"""Which port listens for which declared port: the same one for ever, and never one that was just somebody else's."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.clock import US_PER_S
from kikkake.cluster.own_ports import OwnPorts
from sources.listening import DeclaredPort

HOUR_US = 3600 * US_PER_S


def declared(name, port=12000):
    return DeclaredPort("ci", name, port)


A, B, C = declared("a"), declared("b"), declared("c")


def test_each_wish_has_a_number_of_its_own_and_keeps_it():
    ports = OwnPorts(range(5, 9))

    assert ports.lend([A, B], 0) == {A: 5, B: 6}
    assert ports.lend([C, B, A], 1) == {A: 5, B: 6, C: 7}


def test_a_number_that_was_given_back_rests_for_an_hour_and_waits_for_its_owner():
    ports = OwnPorts(range(5, 7))
    ports.lend([A], 0)
    ports.lend([], 1)

    assert ports.lend([B, C], 2) == {B: 6}
    assert ports.lend([A, B], HOUR_US) == {A: 5, B: 6}
    ports.lend([B], HOUR_US + 1)
    assert ports.lend([B, C], 2 * HOUR_US + 1) == {B: 6, C: 5}


def test_a_number_that_somebody_else_has_is_replaced_and_tried_again_later():
    ports = OwnPorts(range(5, 8))
    ports.lend([A, B], 0)

    assert ports.refuse([5], 1)
    assert ports.lend([A, B], 2) == {A: 7, B: 6}
    assert not ports.refuse([5], 3)
    assert ports.lend([A, B, C], 4) == {A: 7, B: 6}
    assert ports.lend([A, B, C], HOUR_US) == {A: 7, B: 6, C: 5}


def test_a_refused_number_without_another_leaves_its_wish_alone_without():
    ports = OwnPorts([5])
    ports.lend([A], 0)

    assert ports.refuse([5], 1)
    assert ports.lend([A], 2) == {}
    assert not ports.refuse([5], 3)


def test_what_is_saved_goes_on_also_what_rests():
    ports = OwnPorts(range(5, 9))
    ports.lend([A, B], 0)
    ports.lend([B], 7)

    restored = OwnPorts(range(5, 9))
    restored.restore(orjson.loads(orjson.dumps(ports.saved())))

    assert restored.saved() == ports.saved()
    assert restored.lend([C, B], 8) == {B: 6, C: 7}


def test_a_number_outside_of_a_new_range_is_replaced():
    ports = OwnPorts(range(5, 9))
    ports.lend([A], 0)

    moved = OwnPorts(range(50, 52))
    moved.restore(ports.saved())

    assert moved.lend([A], 1) == {A: 50}


@pytest.mark.parametrize(
    "saved",
    [
        [{"namespace": "ci", "eventSource": "a", "declared": 1}],
        [{"namespace": "ci", "eventSource": "a", "declared": 1, "number": "x"}],
        [
            {"namespace": "ci", "eventSource": "a", "declared": 1, "number": 5},
            {"namespace": "ci", "eventSource": "b", "declared": 1, "number": 5},
        ],
    ],
)
def test_what_is_not_what_was_saved_is_refused(saved):
    with pytest.raises((KeyError, TypeError, ValueError)):
        OwnPorts(range(5, 9)).restore(saved)


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from([declared(name) for name in "abcdef"]), unique=True),
            st.integers(1, 2 * HOUR_US),
            st.lists(st.integers(5, 9), max_size=2),
        )
    )
)
def test_no_number_is_ever_lent_twice_at_once_and_none_moves_without_need(steps):
    ports, now_us, before = OwnPorts(range(5, 10)), 0, {}
    for wanted, pause_us, refused in steps:
        now_us += pause_us
        lent = ports.lend(wanted, now_us)

        assert len(set(lent.values())) == len(lent)
        assert set(lent) <= set(wanted)
        kept = {wish: number for wish, number in before.items() if wish in wanted}
        assert {wish: lent.get(wish) for wish in kept} == kept
        before = dict(lent)
        if ports.refuse(refused, now_us):
            before = {}
