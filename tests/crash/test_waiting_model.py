"""The model of Sensors that wait in ways of their own, on events that a person can follow."""

from tests.crash.waiting_model import Arrival, Set, fired_by
from tests.crash.ways import LATE, WAYS

DEPENDENCIES = {
    "pair": ("push", "order"),
    "quiet": ("order",),
    "pile": ("image",),
    "minute": ("push", "image"),
}


def fired(sensor, *events, made=None):
    """What has to fire for events as (seconds, dependency, key, link); `made` is what there is, or anything."""
    arrivals = [Arrival(dependency, key, link, at_s) for at_s, dependency, key, link in events]
    found = fired_by(
        sensor, WAYS[sensor], DEPENDENCIES[sensor], arrivals, lambda each: made is None or each in made
    )
    return sorted(found)


def one(sensor, **events):
    return Set(sensor, tuple(sorted(events.items())))


def many(sensor, dependency, *keys):
    return Set(sensor, tuple(sorted((dependency, key) for key in keys)))


def test_a_pair_is_made_of_events_of_one_link():
    events = [
        (0.0, "push", "a", "x"),
        (0.1, "push", "b", "y"),
        (0.2, "order", "c", "x"),
        (0.3, "order", "d", "y"),
    ]

    assert fired("pair", *events) == [one("pair", push="a", order="c"), one("pair", push="b", order="d")]


def test_what_has_no_partner_in_time_is_late_and_the_partner_waits_anew():
    assert fired("pair", (0.0, "push", "a", "x"), (3.0, "order", "c", "x")) == [
        one(LATE, order="c"),
        one(LATE, push="a"),
    ]


def test_the_time_runs_from_the_first_event_and_the_newest_is_given():
    events = [(0.0, "push", "a", "x"), (1.9, "push", "b", "x"), (1.95, "order", "c", "x")]
    assert fired("pair", *events) == [one("pair", push="b", order="c")]
    assert fired("pair", *events[:2], (3.5, "order", "c", "x")) == [one(LATE, order="c"), one(LATE, push="b")]


def test_an_event_just_before_the_time_may_have_come_after_it_and_what_was_made_decides():
    events = [(0.0, "push", "a", "x"), (2.9, "order", "c", "x")]
    in_time = [one("pair", push="a", order="c")]
    too_late = [one(LATE, order="c"), one(LATE, push="a")]

    assert fired("pair", *events, made=in_time) == in_time
    assert fired("pair", *events, made=too_late) == too_late


def test_what_fits_no_way_is_missed():
    events = [(0.0, "push", "a", "x"), (2.9, "order", "c", "x")]

    assert fired("pair", *events, made=[]) == [one("pair", push="a", order="c")]
    assert one(LATE, order="c") in fired("pair", *events, made=[one(LATE, push="a")])


def test_long_before_the_time_there_is_one_way_only():
    events = [(0.0, "push", "a", "x"), (1.0, "order", "c", "x")]

    assert fired("pair", *events, made=[one(LATE, order="c"), one(LATE, push="a")]) == [
        one("pair", push="a", order="c")
    ]


def test_what_comes_without_a_pause_fires_together():
    events = [
        (0.0, "order", "a", "x"),
        (0.5, "order", "b", "x"),
        (0.6, "order", "z", "y"),
        (2.0, "order", "c", "x"),
    ]
    made = [many("quiet", "order", "a", "b"), many("quiet", "order", "c"), many("quiet", "order", "z")]

    assert fired("quiet", *events, made=made) == made


def test_a_batch_has_four_and_the_rest_waits():
    events = [(float(at), "image", key, "") for at, key in enumerate("abcdefghi")]

    assert fired("pile", *events) == [many("pile", "image", *"abcd"), many("pile", "image", *"efgh")]


def test_a_reset_lets_go_of_what_is_held():
    before, after = (30.0, "push", "a", ""), (70.0, "image", "i", "")

    assert fired("minute", before, (50.0, "image", "h", "")) == [one("minute", push="a", image="h")]
    assert fired("minute", before, after) == []
    assert fired("minute", before, after, (80.0, "push", "b", "")) == [one("minute", push="b", image="i")]


def test_an_event_just_before_a_reset_may_have_come_after_it():
    events = [(59.5, "push", "a", ""), (70.0, "image", "i", "")]
    survived = [one("minute", push="a", image="i")]

    assert fired("minute", *events, made=survived) == survived
    assert fired("minute", *events, made=[]) == []
