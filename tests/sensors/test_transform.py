"""The transform of a dependency, as it is compiled: spec-sensors 4."""

import pytest

from events.event import JSON
from sensors.compile import CompiledSensor
from sensors.transform import CompiledTransform, with_data
from tests.sensors.support import event, sensor


def compiled(transform: str) -> CompiledSensor:
    return sensor(f"""
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: x}}
spec:
  dependencies:
  - name: a
    eventSourceName: s
    eventName: e
    transform: {transform}
  - {{name: b, eventSourceName: s, eventName: e}}
  triggers:
  - template: {{name: t, conditions: a, record: {{}}}}
  - template: {{name: u, conditions: b, record: {{}}}}
""")


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        ("{jq: .a}", CompiledTransform("jq", ".a")),
        ("{script: return event}", CompiledTransform("lua", "return event")),
        ("{jq: .a, script: return event}", CompiledTransform("jq", ".a")),
        ("{}", None),
        ("null", None),
        ('{jq: "", script: ""}', None),
    ],
)
def test_jq_wins_over_a_script(transform, expected):
    dependency = compiled(transform).dependencies[0]
    assert dependency.transform == expected
    assert dependency.needs_worker is (expected is not None)
    assert not dependency.is_stopped


@pytest.mark.parametrize(
    ("transform", "member", "text"),
    [
        ('{jq: ".a | ["}', "jq", "is not a jq program: unexpected EOF at line 1"),
        ("{jq: foo}", "jq", "function not defined: foo/0"),
        ("{jq: input}", "jq", "input(s)/0 is not allowed"),
        ('{script: "return ="}', "script", "is not a Lua program: <string>:1:"),
    ],
)
def test_a_program_that_cannot_be_read_stops_its_dependency_and_the_rest_works(transform, member, text):
    found = compiled(transform)
    fault = next(each for each in found.findings if each.at == f"spec.dependencies[0].transform.{member}")
    assert text in fault.what
    assert fault.part == "dependency:a"
    assert [each.is_stopped for each in found.dependencies] == [True, False]
    assert [each.is_stopped for each in found.triggers] == [True, False]


def test_a_program_of_several_lines_is_told_with_the_line_of_the_program():
    found = compiled('{jq: ".a\\n| .b\\n| nope"}')
    fault = next(each for each in found.findings if each.at.endswith("transform.jq"))
    assert "at line 3" in fault.what


def test_a_change_of_the_transform_changes_the_fingerprint():
    one, other = (compiled(text).dependencies[0] for text in ("{jq: .a}", "{jq: .b}"))
    assert one.fingerprint != other.fingerprint


def test_only_the_data_changes():
    before = event(b"{}", subject="s", datacontenttype="text/plain")
    after = with_data(before, b'{"a":1}')
    assert (after.data, after.datacontenttype) == (b'{"a":1}', JSON)
    assert (after.id, after.source, after.type, after.subject) == (before.id, before.source, before.type, "s")
    assert after.document.raw == b'{"a":1}'
