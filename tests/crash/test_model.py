"""The model that the crash runs are judged by, on logs that a person can follow."""

from tests.crash.model import Fired, Logged, expected
from tests.crash.resources import rules_of

RULES = [rules_of(edit) for edit in range(5)]


def log(*events):
    """Events as (key, source, group, edit), judged by `push` and `release` as of that edit."""
    return [
        Logged(number, key, source, group, {"push": edit, "release": edit})
        for number, (key, source, group, edit) in enumerate(events, 1)
    ]


def joins(events, edits):
    return [
        (dict(fired.events)["push"], dict(fired.events)["order"], fired.mark)
        for fired in expected(events, {"release": edits}, RULES)
    ]


def test_a_join_takes_the_newest_event_of_each_dependency_and_then_holds_nothing():
    events = log(
        ("a1", "github", "flip", 0),
        ("a2", "github", "flip", 0),
        ("b1", "kafka", "open", 0),
        ("b2", "kafka", "open", 0),
        ("a3", "github", "flip", 0),
    )

    assert joins(events, [0]) == [("a2", "b1", "0"), ("a3", "b2", "0")]


def test_an_event_that_a_filter_refuses_is_not_held():
    events = log(("a1", "github", "main", 0), ("b1", "kafka", "void", 0), ("b2", "kafka", "open", 0))

    assert joins(events, [0]) == []


def test_an_edit_of_a_filter_lets_go_of_what_its_dependency_holds():
    events = log(("a1", "github", "flip", 0), ("b1", "kafka", "open", 1), ("a2", "github", "main", 1))

    assert joins(events, [0, 1]) == [("a2", "b1", "0")]


def test_an_edit_of_the_other_parts_keeps_what_is_held():
    events = log(("a1", "github", "flip", 1), ("b1", "kafka", "open", 2))

    assert joins(events, [0, 1, 2]) == [("a1", "b1", "1")]


def test_two_edits_that_were_recorded_in_between_both_count():
    """Edit 1 and edit 3 each change the filter: what was held before is gone, although both texts look alike."""
    events = log(("a1", "github", "flip", 0), ("b1", "kafka", "open", 3))

    assert joins(events, [0, 1, 3]) == []


def test_an_edit_that_was_never_recorded_changes_nothing():
    """From edit 0 straight to edit 3 the filter is the same: the gateway never saw the ones in between."""
    events = log(("a1", "github", "flip", 0), ("b1", "kafka", "open", 3))

    assert joins(events, [0, 3]) == [("a1", "b1", "1")]


def test_a_sensor_with_one_dependency_fires_with_every_event_that_passes():
    events = log(("a1", "github", "main", 0), ("a2", "github", "flip", 0), ("a3", "github", "flip", 1))

    fired = expected(events, {"push": [0, 1]}, RULES)

    assert fired == [
        Fired("push", (("push", "a1"),), "0"),
        Fired("push", (("push", "a3"),), "0"),
    ]
