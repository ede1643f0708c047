"""What an edit of a Sensor keeps and lets go of (design, section 4)."""

from events.bus import FROM_END, EventRef
from sensors.edit import plan_edit
from sensors.memory import EMPTY, Memory
from tests.sensors.support import JOIN, sensor

A, B = EventRef("a", 1, b"a"), EventRef("b", 2, b"b")
STARTS = {"a": 10, "b": 20}
BOTH = ("file:ci/join", "both", "")


def edited(old: str, new: str):
    return sensor(JOIN.replace(old, new))


def test_a_new_sensor_starts_at_the_end_of_the_log():
    edit = plan_edit(None, {}, sensor(JOIN), {})
    assert edit.starts == {"a": FROM_END, "b": FROM_END}


def test_another_filter_goes_on_where_it_was_and_lets_go_of_what_it_held():
    new = edited("eventName: a}", "eventName: a, filters: {context: {type: t}}}")
    edit = plan_edit(sensor(JOIN), STARTS, new, {BOTH: Memory((A,))})
    assert edit.starts == {"a": 10, "b": 20}
    assert edit.memories == {BOTH: EMPTY}
    assert edit.released == ((0, A),)


def test_another_event_is_a_new_dependency():
    edit = plan_edit(sensor(JOIN), STARTS, edited("eventName: a}", "eventName: z}"), {})
    assert edit.starts == {"a": FROM_END, "b": 20}


def test_a_condition_that_broke_and_was_mended_keeps_what_was_correlated():
    how = "conditions: a && b\n          correlate: {key: {dataKey: n}}"
    whole = sensor(JOIN.replace("conditions: a && b", how))
    broken = sensor(JOIN.replace("conditions: a && b", how.replace("a && b", "a &&")))
    slot = ("file:ci/join", "both", "0" * 32)
    held = {slot: Memory((A,), "7")}
    assert plan_edit(whole, STARTS, broken, held).memories == {}
    assert plan_edit(broken, STARTS, whole, held).memories == {}
    assert plan_edit(broken, STARTS, sensor(JOIN), held).memories == {slot: EMPTY}


def test_what_did_not_change_is_kept():
    edit = plan_edit(sensor(JOIN), STARTS, edited("document: {}", "document: {x: y}"), {BOTH: Memory((A,))})
    assert edit.memories == {}
    assert edit.released == ()


def test_a_trigger_that_is_gone_lets_go_of_everything():
    edit = plan_edit(sensor(JOIN), STARTS, edited("name: both", "name: other"), {BOTH: Memory((A, B))})
    assert edit.memories == {BOTH: EMPTY}
    assert edit.released == ((0, A), (0, B))


def test_a_trigger_that_an_edit_broke_keeps_what_it_holds():
    edit = plan_edit(
        sensor(JOIN), STARTS, edited("record: {document: {}}", "pulsar: {}"), {BOTH: Memory((A,))}
    )
    assert edit.memories == {}


CORRELATED = JOIN.replace("name: both", "name: both\n          correlate: {key: {dataKey: id}}")


def test_what_is_held_by_another_key_is_let_go_of():
    """Under the old key a commit, under the new one a digest: what belongs together is not known any more."""
    new = sensor(CORRELATED.replace("dataKey: id", "dataKey: digest"))
    key = ("file:ci/join", "both", "abc")
    edit = plan_edit(sensor(CORRELATED), STARTS, new, {key: Memory((A,), "1")})
    assert edit.memories == {key: EMPTY}
    assert edit.released == ((0, A),)


def test_another_window_keeps_what_is_held():
    new = sensor(CORRELATED.replace("{key:", "{within: 5m, key:"))
    key = ("file:ci/join", "both", "abc")
    edit = plan_edit(sensor(CORRELATED), STARTS, new, {key: Memory((A,), "1")})
    assert edit.memories == {}
