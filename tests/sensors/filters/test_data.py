"""Data filters: spec-sensors 3.4, row by row."""

import pytest

from events.languages.gjson.document import Document
from sensors.compile import check_sensor
from sensors.filter import Code, Reading, unpack_verdict
from tests.sensors.support import KINDS, document, event, sensor


def resource(entries: str, operator: str = "", filters_operator: str = "", context: str = "") -> str:
    return f"""
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: x}}
spec:
  dependencies:
  - name: a
    eventSourceName: s
    eventName: e
    filtersLogicalOperator: "{filters_operator}"
    filters: {{data: [{entries}], dataLogicalOperator: "{operator}"{context}}}
  triggers:
  - template: {{name: t, record: {{}}}}
"""


def dependency(entries: str, operator: str = "", filters_operator: str = "", context: str = ""):
    return sensor(resource(entries, operator, filters_operator, context)).dependencies[0]


def verdict(entries: str, data: object, operator: str = ""):
    return unpack_verdict(dependency(entries, operator).judge(Reading(event(data))))


@pytest.mark.parametrize(
    ("entry", "data", "code"),
    [
        # The examples of the specification.
        ('{path: k, type: string, value: ["v"]}', b'{"k":"eve"}', Code.PASSED),
        ('{path: k, type: string, value: ["^v$"]}', b'{"k":"eve"}', Code.FILTERED),
        ('{path: a.b, type: number, comparator: ">", value: ["50.0"]}', b'{"a":{"b":"51"}}', Code.PASSED),
        ('{path: k, type: bool, value: ["false"]}', b'{"k":"yes"}', Code.PASSED),
        ('{path: k, type: number, value: ["0"]}', b'{"k":null}', Code.PASSED),
        (
            '{path: "l.#(v>0)#.n", type: string, value: ["^\\\\[\\"a\\",\\"b\\"\\\\]$"]}',
            b'{"l":[{"n":"a","v":1},{"n":"b","v":2}]}',
            Code.PASSED,
        ),
        ('{path: "a,b", type: string, value: [x]}', b'{"a":"x","b":"y"}', Code.MISSING_PATH),
        # bool
        ('{path: k, type: bool, value: ["T"]}', b'{"k":true}', Code.PASSED),
        ('{path: k, type: bool, value: ["true"]}', b'{"k":"TRUE"}', Code.PASSED),
        ('{path: k, type: bool, value: ["true"]}', b'{"k":2}', Code.PASSED),
        ('{path: k, type: bool, value: ["false"]}', b'{"k":null}', Code.PASSED),
        ('{path: k, type: bool, value: ["false"]}', b'{"k":{}}', Code.PASSED),
        ('{path: k, type: bool, comparator: "!=", value: ["true"]}', b'{"k":true}', Code.PASSED),
        # number
        ('{path: k, type: number, value: ["1e3"]}', b'{"k":1000}', Code.PASSED),
        ('{path: k, type: number, value: ["0x1p4"]}', b'{"k":16}', Code.PASSED),
        ('{path: k, type: number, value: ["1_000"]}', b'{"k":1000}', Code.PASSED),
        ('{path: k, type: number, comparator: "!=", value: ["1"]}', b'{"k":true}', Code.FILTERED),
        ('{path: k, type: number, comparator: ">=", value: ["2"]}', b'{"k":2}', Code.PASSED),
        ('{path: k, type: number, comparator: "<", value: ["2"]}', b'{"k":2}', Code.FILTERED),
        ('{path: k, type: number, comparator: "<=", value: ["2"]}', b'{"k":1.5}', Code.PASSED),
        ('{path: k, type: number, comparator: "=", value: ["nan"]}', b'{"k":"nan"}', Code.FILTERED),
        ('{path: k, type: number, comparator: "!=", value: ["nan"]}', b'{"k":1}', Code.PASSED),
        ('{path: k, type: number, comparator: "<", value: ["inf"]}', b'{"k":1}', Code.PASSED),
        ('{path: k, type: number, value: ["0"]}', b'{"k":"none"}', Code.PASSED),
        # string
        ('{path: k, type: string, value: ["^1.5$"]}', b'{"k":1.50}', Code.PASSED),
        ('{path: k, type: string, value: ["^1500000$"]}', b'{"k":1.5e6}', Code.PASSED),
        ('{path: k, type: string, comparator: "!=", value: ["^main$"]}', b'{"k":"dev"}', Code.PASSED),
        ('{path: k, type: string, comparator: "!=", value: ["^main$"]}', b'{"k":"main"}', Code.FILTERED),
        ('{path: k, type: string, comparator: "!=", value: ["^a$", "^b$"]}', b'{"k":"a"}', Code.PASSED),
        ('{path: k, type: string, comparator: ">", value: ["a"]}', b'{"k":"b"}', Code.FILTERED),
        ('{path: k, type: string, value: ["x", "^b"]}', b'{"k":"bb"}', Code.PASSED),
        ('{path: k, type: string, value: ["(?i)^MAIN$"]}', b'{"k":"main"}', Code.PASSED),
        ('{path: k, type: string, value: ["a$"]}', b'{"k":"a\\n"}', Code.FILTERED),
        ('{path: k, type: string, value: ["^\\\\d$"]}', '{"k":"٣"}'.encode(), Code.FILTERED),
        # beginnings
        ('{path: k, type: string, value: ["x"]}', None, Code.PASSED),
        ('{path: k, type: string, value: ["x"]}', b"no json", Code.FAILED),
        ('{path: k, type: string, value: ["x"]}', b'{"j":1}', Code.MISSING_PATH),
        ('{path: k, type: string, value: ["^$"]}', b'{"k":null}', Code.PASSED),
    ],
)
def test_one_entry(entry, data, code):
    assert verdict(entry, data).code is code


ENTRY = "{{path: {path}, type: string, value: ['^{value}$']}}"


def entries(*pairs: tuple[str, str]) -> str:
    return ", ".join(ENTRY.format(path=path, value=value) for path, value in pairs)


@pytest.mark.parametrize(
    ("operator", "pairs", "expected"),
    [
        pytest.param("", [("k", "v"), ("j", "w")], (Code.PASSED, 0), id="and: all match"),
        pytest.param("and", [("k", "x"), ("nope", "w")], (Code.FILTERED, 0), id="and: the first no decides"),
        pytest.param(
            "and", [("nope", "x"), ("k", "x")], (Code.MISSING_PATH, 0), id="and: the first reason decides"
        ),
        pytest.param("and", [("k", "v"), ("j", "x")], (Code.FILTERED, 1), id="and: the index of the decider"),
        pytest.param("or", [("nope", "x"), ("k", "v")], (Code.PASSED, 0), id="or: a match forgets reasons"),
        pytest.param("or", [("k", "x"), ("nope", "x")], (Code.MISSING_PATH, 1), id="or: a reason beats a no"),
        pytest.param("or", [("k", "x"), ("j", "x")], (Code.FILTERED, 0), id="or: none matches"),
    ],
)
def test_several_entries(operator, pairs, expected):
    found = verdict(entries(*pairs), b'{"k":"v","j":"w"}', operator)
    if expected[0] is Code.PASSED:
        assert found.code is Code.PASSED
    else:
        assert (found.code, found.rank, found.entry) == (expected[0], 1, expected[1])


CONTEXT = ", context: {type: t}"


@pytest.mark.parametrize(
    ("operator", "pairs", "context_type", "code"),
    [
        pytest.param("and", [("k", "v")], "t", Code.PASSED, id="and: both"),
        pytest.param("and", [("k", "v")], "u", Code.FILTERED, id="and: the context says no"),
        pytest.param("and", [("nope", "v")], "t", Code.MISSING_PATH, id="and: an error stops it"),
        pytest.param("or", [("k", "x")], "t", Code.PASSED, id="or: one is enough"),
        pytest.param("or", [("k", "x")], "u", Code.FILTERED, id="or: none"),
        pytest.param(
            "or", [("nope", "x")], "t", Code.MISSING_PATH, id="or: an error beats a pass of another kind"
        ),
    ],
)
def test_kinds_are_combined_as_upstream_does(operator, pairs, context_type, code):
    judge = dependency(entries(*pairs), filters_operator=operator, context=CONTEXT).judge
    assert unpack_verdict(judge(Reading(event(b'{"k":"v"}', type=context_type)))).code is code


def test_equal_tests_of_different_sensors_are_asked_once():
    first, second = dependency(entries(("k", "v"))), dependency(entries(("k", "v")))
    reading = Reading(event(b'{"k":"v"}'))
    first.judge(reading)
    second.judge(reading)
    assert len(reading.answers) == 1


def test_a_path_that_costs_too_much_fails_alone():
    deep = b'{"k":' + b"[" * 5000 + b"]" * 5000 + b"}"
    assert Document(deep).is_valid()
    found = verdict("{path: 'k.@flatten:{\"deep\":true}', type: string, value: ['x']}", deep)
    assert found.code in {Code.FAILED, Code.FILTERED}


def test_inspections_tell_actual_and_wanted():
    one = dependency(
        "{path: body.ref, type: string, value: ['^main$']}, {path: nope, type: string, value: [x]}"
    )
    seen = one.inspect(Reading(event({"body": {"ref": "dev"}})))
    assert (seen[0].path, seen[0].actual, seen[0].wanted, seen[0].code) == (
        "body.ref",
        "dev",
        ("^main$",),
        Code.FILTERED,
    )
    assert (seen[1].actual, seen[1].code, seen[1].reason) == (
        None,
        Code.MISSING_PATH,
        "path 'nope' does not exist",
    )


TEMPLATED = "{{path: k, type: {type}, value: ['{value}'], template: '{template}'}}"


@pytest.mark.parametrize(
    ("template", "type_", "value", "data", "code"),
    [
        pytest.param(
            "{{ b64dec .Input }}", "bool", "true", {"k": "dHJ1ZQ=="}, Code.PASSED, id="as specified"
        ),
        pytest.param("{{ .Input | trimPrefix `v` }}", "number", "2", {"k": "v2"}, Code.PASSED, id="a number"),
        pytest.param("{{ .Input }}x", "string", "^1.5x$", {"k": 1.50}, Code.PASSED, id="the string form"),
        pytest.param(
            "{{ .Input }}", "string", '^{\\"a\\": ?1}$', {"k": {"a": 1}}, Code.PASSED, id="an object's text"
        ),
        pytest.param(
            "{{ .Input | fromJson | len }}", "number", "2", {"k": [1, 2]}, Code.PASSED, id="read again"
        ),
        pytest.param("{{ .Input }}", "string", "x", {"k": ""}, Code.FAILED, id="an empty output"),
        pytest.param("{{ .Other }}", "string", "x", {"k": "x"}, Code.FAILED, id="no value"),
        pytest.param(
            "{{ .Other }}x", "string", "^<no value>x$", {"k": "x"}, Code.PASSED, id="no value inside"
        ),
        pytest.param("{{ index .Input 9 }}", "string", "x", {"k": "x"}, Code.FAILED, id="a run that fails"),
        pytest.param("{{ .Input }}", "string", "x", {"j": "x"}, Code.MISSING_PATH, id="nothing to run on"),
        pytest.param(
            "{{ .Input }}", "string", "^ab$", {"k": "ab\u0001cd"}, Code.PASSED, id="cut at a control"
        ),
        pytest.param(
            "{{ .Input }}", "string", "^é\t\\n$", {"k": "é\t\n"}, Code.PASSED, id="not cut at a tab"
        ),
        pytest.param("{{ now.Year }}", "number", "2014", {"k": "x"}, Code.PASSED, id="the event's time"),
    ],
)
def test_a_template_changes_what_is_tested(template, type_, value, data, code):
    judge = dependency(TEMPLATED.format(template=template, type=type_, value=value)).judge
    found = unpack_verdict(judge(Reading(event(data, time="2014-05-06T00:00:00Z"))))
    assert found.code is code


def test_chance_in_a_template_falls_the_same_way_for_the_same_event():
    judge = dependency(TEMPLATED.format(template="{{ randInt 0 1000000 }}", type="number", value="7")).inspect
    first, again, other = (judge(Reading(event({"k": "x"}, id=id_)))[0].actual for id_ in ("1", "1", "2"))
    assert first == again != other


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ .Other }}", "template '{{ .Other }}' evaluated to empty string or no value"),
        ("{{ index .Input 9 }}", "error calling index"),
    ],
)
def test_a_template_that_fails_says_why(template, reason):
    entry = TEMPLATED.format(template=template, type="string", value="x")
    (inspection,) = dependency(entry).inspect(Reading(event({"k": "x"})))
    assert inspection.code is Code.FAILED
    assert reason in inspection.reason


def test_what_is_no_template_stops_its_dependency():
    entry = TEMPLATED.format(template="{{ .Input | nope }}", type="string", value="x")
    _, findings = check_sensor(document(resource(entry)), kinds=KINDS)
    first = next(each for each in findings if each.part == "dependency:a")
    assert first.at == "spec.dependencies[0].filters.data[0].template"
    assert 'function "nope" not defined' in first.what


@pytest.mark.parametrize("template", ['{{ genPrivateKey "rsa" }}', "{{ bcrypt .Input }}"])
def test_a_template_that_takes_long_stops_its_dependency_and_nobody_else(template):
    entry = f"{{path: k, type: string, value: [x], template: '{template}'}}"
    _, findings = check_sensor(document(resource(entry)), kinds=KINDS)
    first = next(each for each in findings if each.part == "dependency:a")
    assert first.at == "spec.dependencies[0].filters.data[0].template"
    assert "every other Sensor would wait for it" in first.what
