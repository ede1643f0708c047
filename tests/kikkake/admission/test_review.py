"""What is refused at `kubectl apply`, and what is only said."""

import copy

import pytest

from kikkake.admission.review import ReviewUnreadable, review

SENSOR = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Sensor",
    "metadata": {"name": "s", "namespace": "ci", "generation": 1},
    "spec": {
        "dependencies": [{"name": "d", "eventSourceName": "e", "eventName": "x"}],
        "triggers": [{"template": {"name": "t", "log": {}}}],
    },
}
BUS = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "EventBus",
    "metadata": {"name": "default", "namespace": "ci", "generation": 1},
    "spec": {"jetstream": {"version": "latest"}},
}


def changed(value, **spec):
    value = copy.deepcopy(value)
    value["spec"] |= spec
    value["metadata"]["generation"] += 1
    return value


def judge(value, old=None, operation=None):
    request = {
        "uid": "u",
        "operation": operation or ("UPDATE" if old else "CREATE"),
        "kind": {"kind": value["kind"]},
        "object": value,
        "oldObject": old,
    }
    response = review({"request": request})["response"]
    assert response["uid"] == "u"
    return response["allowed"], response.get("status", {}).get("message", ""), response.get("warnings", [])


def test_a_good_resource_passes_in_silence():
    assert judge(SENSOR) == (True, "", [])


def test_what_upstream_refuses_is_refused_with_all_its_faults():
    allowed, message, _ = judge(changed(SENSOR, triggers=[], dependencies=[]))
    assert not allowed
    assert message.startswith("invalid Sensor: ")
    assert "no triggers found" in message
    assert "no event dependencies found" in message


def test_a_fault_that_stops_only_a_part_is_a_warning_unless_it_is_to_be_judged_strictly():
    broken = changed(SENSOR)
    broken["spec"]["triggers"][0]["template"]["conditions"] = "d && ("
    allowed, _, warnings = judge(broken)
    assert allowed
    assert "conditions" in warnings[0]

    broken["metadata"]["annotations"] = {"kikkake/strict": "true"}
    allowed, message, _ = judge(broken)
    assert not allowed
    assert "conditions" in message


def test_an_update_that_changes_no_text_is_not_judged_again():
    bad = changed(SENSOR, triggers=[])
    labelled = copy.deepcopy(bad)
    labelled["metadata"]["labels"] = {"team": "x"}
    assert judge(labelled, old=bad) == (True, "", [])


def test_what_is_deleted_or_going_away_passes():
    assert judge(changed(SENSOR, triggers=[]), operation="DELETE")[0]
    going = changed(SENSOR, triggers=[])
    going["metadata"]["deletionTimestamp"] = "2026-11-24T10:00:00Z"
    assert judge(going, old=SENSOR)[0]


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"jetstream": None, "kafka": {"url": "x"}}, "Can not change event bus implementation"),
        ({"jetstream": {"version": "latest", "streamConfig": "x"}}, "is immutable"),
    ],
)
def test_an_event_bus_keeps_its_kind_and_its_stream(spec, text):
    allowed, message, _ = judge(changed(BUS, **spec), old=BUS)
    assert not allowed
    assert text in message


def test_an_event_bus_without_a_kind_is_refused():
    assert not judge(changed(BUS, jetstream=None))[0]


def test_warnings_are_short_and_few():
    spec = {f"unknown{number}": "x" * 500 for number in range(50)}
    allowed, _, warnings = judge(changed(SENSOR, **spec))
    assert allowed
    assert len(warnings) == 13
    assert all(len(warning) <= 256 for warning in warnings)


@pytest.mark.parametrize("odd", [{}, {"request": 1}, {"request": {}}, [], None])
def test_what_is_no_review_is_said_to_be_none(odd):
    with pytest.raises(ReviewUnreadable):
        review(odd)


@pytest.mark.parametrize("spec", [None, [], "x", {"triggers": 7}, {"dependencies": {"a": None}}])
def test_odd_specs_are_answered(spec):
    value = {**SENSOR, "spec": spec}
    assert judge(value)[0] is False
