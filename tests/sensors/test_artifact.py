"""Sources of objects that need nothing from outside: spec-sensors 8."""

import pytest

from sensors.artifact import fetch_local, fetch_local_json
from sensors.trigger import RenderFailed


def test_a_resource_is_itself():
    assert fetch_local({"resource": {"kind": "Pod", "spec": {"a": [1]}}}) == {
        "kind": "Pod",
        "spec": {"a": [1]},
    }


def test_inline_text_is_yaml_or_json_and_leads():
    source = {"inline": "kind: Pod\nspec: {on: 1}\n", "resource": {"kind": "Job"}}
    assert fetch_local(source) == {"kind": "Pod", "spec": {"true": 1}}
    assert fetch_local({"inline": '{"kind": "Pod"}'}) == {"kind": "Pod"}


def test_of_several_documents_the_first_is_taken():
    assert fetch_local({"inline": "kind: Pod\n---\nkind: Job\n"})["kind"] == "Pod"


def test_what_is_fetched_may_be_changed_by_the_caller():
    source = {"inline": "kind: Pod\n"}
    fetch_local(source)["kind"] = "changed"
    assert fetch_local(source) == {"kind": "Pod"}


def test_large_integers_stay_exact():
    assert fetch_local_json({"resource": {"n": 2**70}}) == b'{"n":1180591620717411303424}'


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({}, "neither `inline` nor `resource`"),
        ({"inline": ""}, "is empty"),
        ({"inline": "a: ["}, "source.inline line 2"),
        ({"inline": "- a"}, "expected an object"),
        ({"inline": "a: .nan"}, "Out of range float"),
    ],
)
def test_what_is_no_object_is_unusable(source, message):
    with pytest.raises(RenderFailed, match=message):
        fetch_local(source)
