"""What an edit of a Sensor keeps and lets go of (design, section 4)."""

from events.bus import FROM_END, EventRef
from sensors.edit import plan_edit
from tests.sensors.support import JOIN, sensor

A, B = EventRef("a", 1, b"a"), EventRef("b", 2, b"b")
STARTS = {"a": 10, "b": 20}


def edited(old: str, new: str):
    return sensor(JOIN.replace(old, new))


def test_a_new_sensor_starts_at_the_end_of_the_log():
    edit = plan_edit(None, {}, sensor(JOIN), {})
    assert edit.starts == {"a": FROM_END, "b": FROM_END}


def test_another_filter_goes_on_where_it_was_and_lets_go_of_what_it_held():
    new = edited("eventName: a}", "eventName: a, filters: {context: {type: t}}}")
    edit = plan_edit(sensor(JOIN), STARTS, new, {"both": (A,)})
    assert edit.starts == {"a": 10, "b": 20}
    assert edit.memories == {"both": ()}
    assert edit.released == ((0, A),)


def test_another_event_is_a_new_dependency():
    edit = plan_edit(sensor(JOIN), STARTS, edited("eventName: a}", "eventName: z}"), {})
    assert edit.starts == {"a": FROM_END, "b": 20}


def test_what_did_not_change_is_kept():
    edit = plan_edit(sensor(JOIN), STARTS, edited("document: {}", "document: {x: y}"), {"both": (A,)})
    assert edit.memories == {}
    assert edit.released == ()


def test_a_trigger_that_is_gone_lets_go_of_everything():
    edit = plan_edit(sensor(JOIN), STARTS, edited("name: both", "name: other"), {"both": (A, B)})
    assert edit.memories == {"both": ()}
    assert edit.released == ((0, A), (0, B))


def test_a_trigger_that_an_edit_broke_keeps_what_it_holds():
    edit = plan_edit(sensor(JOIN), STARTS, edited("record: {document: {}}", "slack: {}"), {"both": (A,)})
    assert edit.memories == {}
