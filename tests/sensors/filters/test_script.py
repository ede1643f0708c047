"""The script filter: spec-sensors 3.7, and its place among the others (3.2)."""

import pytest

from sensors.compile import CompiledSensor
from sensors.filter import Code, Reading, unpack_verdict
from sensors.filters.script import NOT_PREPARED, Script
from sensors.script_answers import ScriptedReading
from tests.sensors.support import event, sensor

PROGRAM = "return event.a == 1"


def compiled(filters: str, operator: str = "") -> CompiledSensor:
    return sensor(f"""
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: x}}
spec:
  dependencies:
  - name: a
    eventSourceName: s
    eventName: e
    filtersLogicalOperator: "{operator}"
    filters: {filters}
  triggers:
  - template: {{name: t, record: {{}}}}
""")


def judged(
    code: Code | None, filters: str = "{script: return event.a == 1}", operator: str = ""
) -> tuple[Code, int]:
    dependency = compiled(filters, operator).dependencies[0]
    reading = ScriptedReading(event(b'{"a":1,"b":"x"}'))
    if code is not None:
        reading.answer(PROGRAM, code, "boom" if code is Code.FAILED else "")
    verdict = unpack_verdict(dependency.judge(reading))
    return verdict.code, verdict.rank


@pytest.mark.parametrize(
    ("answer", "code", "rank"),
    [
        (Code.PASSED, Code.PASSED, -1),
        (Code.FILTERED, Code.FILTERED, 4),
        (Code.FAILED, Code.FAILED, 4),
        (None, Code.FAILED, 4),
    ],
)
def test_the_prepared_answer_is_the_verdict(answer, code, rank):
    assert judged(answer) == (code, rank)


def test_an_event_without_data_passes_without_being_asked():
    dependency = compiled("{script: return event.a == 1}").dependencies[0]
    assert dependency.judge(Reading(event(None))) == 0


DATA = '{path: b, type: string, value: ["y"]}'


@pytest.mark.parametrize(
    ("answer", "operator", "code", "rank"),
    [
        pytest.param(Code.PASSED, "or", Code.PASSED, -1, id="one of two is enough"),
        pytest.param(Code.FILTERED, "or", Code.FILTERED, 1, id="neither"),
        pytest.param(Code.FAILED, "or", Code.FAILED, 4, id="its error ends an or"),
        pytest.param(Code.PASSED, "and", Code.FILTERED, 1, id="both are needed"),
        pytest.param(Code.FAILED, "and", Code.FAILED, 4, id="its error is stronger than another's no"),
    ],
)
def test_it_is_joined_with_the_other_kinds(answer, operator, code, rank):
    filters = f"{{script: return event.a == 1, data: [{DATA}]}}"
    assert judged(answer, filters, operator) == (code, rank)


def test_people_are_told_what_it_said_and_why_it_failed():
    dependency = compiled("{script: return event.a == 1}").dependencies[0]
    reading = ScriptedReading(event(b"{}"))
    assert dependency.inspect(reading)[0].reason == f"script filter error ({NOT_PREPARED})"
    reading.answer(PROGRAM, Code.FAILED, "<string>:1: boom")
    assert dependency.inspect(reading)[0].reason == "script filter error (<string>:1: boom)"
    reading.answer(PROGRAM, Code.FILTERED)
    inspection = dependency.inspect(reading)[0]
    assert (inspection.kind, inspection.code, inspection.actual) == (
        "script",
        Code.FILTERED,
        "something else",
    )


def test_a_reading_that_nobody_prepared_fails_with_a_reason():
    dependency = compiled("{script: return event.a == 1}").dependencies[0]
    reading = Reading(event(b"{}"))
    assert unpack_verdict(dependency.judge(reading)).code is Code.FAILED
    assert NOT_PREPARED in dependency.inspect(reading)[0].reason


def test_a_script_that_cannot_be_read_stops_its_dependency_alone():
    found = compiled('{script: "return = 1"}')
    assert found.dependencies[0].is_stopped
    fault = next(each for each in found.findings if each.at.endswith("filters.script"))
    assert fault.part == "dependency:a"
    assert "is not a Lua program: <string>:1:" in fault.what
    assert "line 1 of the program" in fault.fix


def test_a_script_needs_a_worker_and_ranks_last():
    dependency = compiled("{script: return event.a == 1}").dependencies[0]
    assert dependency.needs_worker
    assert [kind.rank for kind in dependency.filters] == [4]
    assert Script.fails_an_or
    assert not compiled("{context: {type: github}}").dependencies[0].needs_worker
