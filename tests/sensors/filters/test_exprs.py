"""Expression filters: spec-sensors 3.3, row by row."""

import time
from pathlib import Path

import pytest

from events.errors import Scope
from sensors.compile import check_sensor
from sensors.dependency import CompiledDependency
from sensors.filter import Code, Reading, unpack_verdict
from tests.sensors.support import KINDS, document, event, house, sensor
from tests.sensors.test_explain import story

RANK = 0


def resource(entries: str, operator: str = "", filters_operator: str = "", others: str = "") -> str:
    return f"""
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {{name: x, namespace: ci}}
spec:
  dependencies:
  - name: push
    eventSourceName: github
    eventName: push
    filtersLogicalOperator: "{filters_operator}"
    filters: {{exprs: [{entries}], exprLogicalOperator: "{operator}"{others}}}
  triggers:
  - template: {{name: job, record: {{document: {{}}}}}}
"""


def entry(expression: str, **paths: str) -> str:
    fields = ", ".join(f"{{name: {name}, path: '{path}'}}" for name, path in paths.items())
    return f"{{expr: '{expression.replace(chr(39), chr(39) * 2)}', fields: [{fields}]}}"


def dependency(*entries: str, operator: str = "") -> CompiledDependency:
    return sensor(resource(", ".join(entries), operator)).dependencies[0]


def code_of(expression: str, data: object, **paths: str) -> Code:
    paths = paths or {"v": "v"}
    return unpack_verdict(dependency(entry(expression, **paths)).judge(Reading(event(data)))).code


WORKED = entry('size > 10 && kind =~ "^(push|tag)$"', size="body.size", kind="headers.X-Event.0")


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [
        ({"body": {"size": 11}, "headers": {"X-Event": ["push"]}}, Code.PASSED, ""),
        (
            {"body": {"size": 3}, "headers": {"X-Event": ["tag"]}},
            Code.FILTERED,
            "is false, wanted true: size is 3, kind is 'tag'",
        ),
        ({"body": {"size": 11}}, Code.MISSING_PATH, "path 'headers.X-Event.0' does not exist"),
        (
            {"body": {"size": "11"}, "headers": {"X-Event": ["push"]}},
            Code.FAILED,
            "Value '11' cannot be used with the comparator '>', it is not a number (size is '11', kind is 'push')",
        ),
    ],
)
def test_the_example_of_the_specification(data, code, reason):
    judged = dependency(WORKED)
    verdict = unpack_verdict(judged.judge(Reading(event(data))))
    assert verdict.code is code
    assert code is Code.PASSED or (verdict.rank, verdict.entry) == (RANK, 0)
    (inspection,) = judged.inspect(Reading(event(data)))
    assert inspection.code is code
    assert inspection.reason.endswith(reason)


@pytest.mark.parametrize(
    ("expression", "value", "code"),
    [
        # Bound types.
        ('v == "push"', "push", Code.PASSED),
        ("v == 1", 1, Code.PASSED),
        ("v == 1", "1", Code.FILTERED),
        ("v == 1", True, Code.FILTERED),
        ("v", True, Code.PASSED),
        ("(v ?? 3) == 3", None, Code.PASSED),
        ("v ?? 3 == 3", None, Code.PASSED),
        ('"b" in v', ["a", "b"], Code.PASSED),
        ("v == v", {"a": [1, {"b": None}]}, Code.PASSED),
        ('v + "" == "map[a:1]"', {"a": 1}, Code.PASSED),
        # Only the boolean is a yes.
        ("v", 1, Code.FILTERED),
        ("v", "true", Code.FILTERED),
        ("v", None, Code.FILTERED),
        ("v", [True], Code.FILTERED),
        # Dates in the text are numbers.
        ('v == "2014-01-02"', "2014-01-02", Code.FILTERED),
        ('v > "2014-01-01"', 1388620800, Code.PASSED),
        # Short circuit, also for names that are not bound.
        ("v || unbound", True, Code.PASSED),
        ("v && unbound", True, Code.FAILED),
        ("v && unbound", False, Code.FILTERED),
        # Errors of types.
        ("v > 1", "2", Code.FAILED),
        ("v && true", "x", Code.FAILED),
        ('v in ("x")', "x", Code.FAILED),
        ('v in ("x", "y")', "x", Code.PASSED),
        ('v =~ "\\\\d+"', "a1", Code.PASSED),
        ("v !~ v", "(", Code.FAILED),
        ("v in (v, 1)", {"a": 1}, Code.FAILED),
        ('v.Name == "x"', {"Name": "x"}, Code.FAILED),
        ("1 / 0 > v", 1e300, Code.PASSED),
    ],
)
def test_one_entry(expression, value, code):
    assert code_of(expression, {"v": value}) is code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (None, Code.PASSED),
        (b"no json", Code.FAILED),
        (b'{"w":1}', Code.MISSING_PATH),
        (b"1", Code.MISSING_PATH),
    ],
)
def test_events_without_the_data(data, code):
    assert code_of("v == 1", data) is code


def test_a_null_is_there_and_a_missing_member_is_not():
    assert code_of("true", {"v": None}) is Code.PASSED
    assert code_of("true", {}) is Code.MISSING_PATH


def test_of_two_fields_with_one_name_the_last_counts_and_both_must_be_there():
    twice = "{expr: 'v == 2', fields: [{name: v, path: a}, {name: v, path: b}]}"
    judge = dependency(twice).judge
    assert judge(Reading(event({"a": 1, "b": 2}))) == 0
    assert unpack_verdict(judge(Reading(event({"b": 2})))).code is Code.MISSING_PATH


NO = entry("v == 2", v="v")
YES = entry("v == 1", v="v")
MISSING = entry("w == 1", w="w")
WRONG = entry('v > "a"', v="v")


@pytest.mark.parametrize(
    ("operator", "entries", "code", "index"),
    [
        pytest.param("", [YES, YES], Code.PASSED, 0, id="and: all"),
        pytest.param("and", [NO, MISSING], Code.FILTERED, 0, id="and: the first no ends it"),
        pytest.param("and", [YES, MISSING, NO], Code.MISSING_PATH, 1, id="and: the first reason ends it"),
        pytest.param("and", [YES, WRONG], Code.FAILED, 1, id="and: an error is a reason"),
        pytest.param("or", [MISSING, WRONG, YES], Code.PASSED, 0, id="or: a yes forgets the reasons"),
        pytest.param("or", [NO, MISSING, WRONG], Code.MISSING_PATH, 1, id="or: the first reason beats a no"),
        pytest.param("or", [WRONG, MISSING], Code.FAILED, 0, id="or: all failed"),
        pytest.param("or", [NO, NO], Code.FILTERED, 0, id="or: none"),
    ],
)
def test_several_entries(operator, entries, code, index):
    verdict = unpack_verdict(dependency(*entries, operator=operator).judge(Reading(event({"v": 1}))))
    assert verdict.code is code
    if code is not Code.PASSED:
        assert (verdict.rank, verdict.entry) == (RANK, index)


@pytest.mark.parametrize(
    ("operator", "data_value", "code", "rank"),
    [
        pytest.param("and", "1", Code.PASSED, -1, id="and: both"),
        pytest.param("and", "2", Code.FILTERED, 1, id="and: the data says no"),
        pytest.param("or", "2", Code.PASSED, -1, id="or: the expression is enough"),
    ],
)
def test_it_is_combined_with_other_kinds(operator, data_value, code, rank):
    others = f", data: [{{path: v, type: number, value: ['{data_value}']}}]"
    judge = sensor(resource(YES, filters_operator=operator, others=others)).dependencies[0].judge
    verdict = unpack_verdict(judge(Reading(event({"v": 1}))))
    assert (verdict.code, verdict.rank) == (code, rank)


def checked(*entries: str):
    """The Sensor, and what is said of its dependency; that the trigger is stopped with it is said as well."""
    compiled, findings = check_sensor(document(resource(", ".join(entries))), kinds=KINDS)
    return compiled, [each for each in findings if each.part.startswith("dependency:")]


@pytest.mark.parametrize(
    ("expression", "what", "fix"),
    [
        ("v ==-1", "`v ==-1` is no expression, at its character 3: Invalid token: '==-'", "put a space"),
        ("v == 1 and w", "Cannot transition token types from NUMERIC [1] to VARIABLE [and]", "correct the"),
        ("v.a == 1", "Unable to access unexported field 'a' in token 'v.a'", "a name has no dots"),
        ("len(v) == 1", "Undefined function len", "there are no functions"),
        ("v =~ '('", "error parsing regexp: missing closing ): `(`", "RE2"),
        ("(v", "`(v` is no expression: Unbalanced parenthesis", "correct the"),
        ("0x + v 1.2.3", "Unable to parse hex value '' to uint64", "correct the"),
        ("v == 'x", "Unclosed string literal", "end the text with the quote"),
    ],
)
def test_what_is_no_expression_stops_its_dependency(expression, what, fix):
    compiled, findings = checked(entry(expression, v="v"))
    (finding,) = findings
    assert (finding.code, finding.scope, finding.part) == (
        "InvalidDependencies",
        Scope.PART,
        "dependency:push",
    )
    assert finding.at == "spec.dependencies[0].filters.exprs[0].expr"
    assert (finding.line > 0, finding.column > 0) == (True, True)
    assert what in finding.what
    assert fix in finding.fix
    assert compiled is not None
    assert compiled.dependencies[0].is_stopped


def test_a_path_beyond_the_limits_stops_its_dependency():
    _, findings = checked(entry("v", v="a." * 100 + "b"))
    assert [each.at for each in findings] == ["spec.dependencies[0].filters.exprs[0].fields[0].path"]


def test_all_faults_of_all_entries_are_told_at_once():
    _, findings = checked(entry("v ==", v="v"), entry("v &&", v="v"))
    assert [each.at[-13:] for each in findings] == ["exprs[0].expr", "exprs[1].expr"]


def test_equal_expressions_of_different_sensors_are_asked_once():
    first, second, other = dependency(YES), dependency(YES), dependency(entry("v == 1", v="w"))
    reading = Reading(event({"v": 1, "w": 1}))
    assert (first.judge(reading), second.judge(reading)) == (0, 0)
    assert len(reading.answers) == 1
    assert other.judge(reading) == 0
    assert len(reading.answers) == 2


def test_long_values_are_cut_in_what_people_read():
    for value in ("x" * 5000, ["x" * 50] * 100):
        (inspection,) = dependency(entry("v > 1", v="v")).inspect(Reading(event({"v": value})))
        assert inspection.reason.endswith("…)") or inspection.reason.endswith("…')")
        assert "cannot be used with the comparator '>', it is not a number" in inspection.reason
        assert len(inspection.reason) < 300


async def test_explain_shows_the_values_of_the_fields(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(resource(WORKED))
        sequence = await one.publish("github/push", {"body": {"size": 3}, "headers": {"X-Event": ["tag"]}})
        await one.decide()
        told = await story(one, sequence)
        assert told.outcome == "filtered"
        assert told.sentence == (
            'job: push: exprs[0]: `size > 10 && kind =~ "^(push|tag)$"` is false, wanted true: '
            "size is 3, kind is 'tag'"
        )


async def test_explain_names_the_path_that_is_missing(tmp_path: Path):
    async with house(tmp_path) as one:
        await one.apply(resource(WORKED))
        sequence = await one.publish("github/push", {"body": {"sise": 3}, "headers": {"X-Event": ["tag"]}})
        await one.decide()
        told = await story(one, sequence)
        assert told.dependencies[0].cause == "missing-path"
        assert (
            "exprs[0]: not matched: path `body.size` is not in the event; did you mean `body.sise`?"
            in told.sentence
        )


def test_a_thousand_sensors_judge_one_event_together():
    """Five distinct expressions: what is shared is worked out once (`make bench` has the times)."""
    judges = [
        dependency(entry(f"size > {number % 5} && kind == 'push'", size="size", kind="kind"), YES).judge
        for number in range(1000)
    ]
    reading = Reading(event({"size": 3, "kind": "push", "v": 1}))
    started = time.process_time()
    verdicts = [judge(reading) for judge in judges]
    assert time.process_time() - started < 0.1
    assert len(reading.answers) == 6
    assert verdicts.count(0) == 600
