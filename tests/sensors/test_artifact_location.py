import pytest

from sensors.artifact_location import chosen_kind, location_faults, location_name
from sensors.artifact_source import ARTIFACT_SOURCES
from sensors.artifact_spec import ArtifactLocation


def location(**members):
    return ArtifactLocation.model_validate(members)


EVERYTHING = {
    "resource": {"kind": "Pod"},
    "configmap": {"name": "c", "key": "k"},
    "git": {"url": "https://example.com/x.git", "filePath": "/a/b.yaml"},
    "url": {"path": "https://example.com/wf.yaml"},
    "file": {"path": "x"},
    "inline": "",
    "s3": {"endpoint": "s3.example.com", "bucket": {"name": "b", "key": "k"}},
}


def test_of_several_sources_the_first_in_upstreams_order_counts():
    members = dict(EVERYTHING)
    for kind in ("s3", "inline", "file", "url", "git", "configmap", "resource"):
        assert chosen_kind(location(**members)) == kind
        del members[kind]
    assert chosen_kind(location()) is None


def test_every_member_has_a_kind_that_fetches_it():
    assert {*ArtifactLocation.field_names()} == {*ARTIFACT_SOURCES.names()}
    for name in ARTIFACT_SOURCES.names():
        assert ARTIFACT_SOURCES.get(name).kind == name


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("s3", "s3://b/k"),
        ("url", "https://example.com/wf.yaml"),
        ("git", "https://example.com/x.git//a/b.yaml"),
        ("inline", "inline"),
    ],
)
def test_an_artifact_has_a_name_for_tests(kind, name):
    assert location_name(location(**{kind: EVERYTHING[kind]})) == name
    assert location_name(location()) == ""


def test_all_faults_are_said_at_their_place():
    faults = location_faults(location(git={"url": "file:///etc", "filePath": "../x", "branch": "a b"}))
    assert [fault.member for fault in faults] == [("git", "url"), ("git", "branch"), ("git", "filePath")]
    [fault] = location_faults(location())
    assert (fault.member, fault.what) == ((), "holds no object")
    assert not location_faults(location(inline=""))
