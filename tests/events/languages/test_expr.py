"""expr: what the Go library answered, and what an event source relies on."""

import json
import math
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.languages.expr import (
    MAX_DEPTH,
    MAX_TEXT_CHARACTERS,
    ExprError,
    ExprEvaluationError,
    compile_program,
    host_functions,
)
from events.languages.expr.nodes import Builtin, Call, children
from events.languages.expr.parser import PREDICATES, parse
from events.languages.expr.signatures import NAMES, OVERLOADS
from events.languages.go_json import read_json
from events.languages.go_values import GoTime
from tests.oracles import expr_cases
from tests.oracles.expr_values import same_value, tagged
from tests.oracles.fixture import oracle_fixture
from tests.oracles.recordings.expr import expr_vector
from tests.oracles.vectors import Vector, read

expr_oracle = oracle_fixture("expr")
SEEDS = st.integers(min_value=0, max_value=2**32)
VECTORS = read("expr")
NOW_US = 1_795_600_000_000_000
COUNTS = {
    "get": {2},
    "take": {2},
    "sort": {1, 2},
    "sortBy": {2, 3},
    "max": set(range(9)),
    "min": set(range(9)),
}


def has_unchecked_misuse(expression: str) -> bool:
    """Whether a builtin with a wrong number of arguments stands where the library does not check: the message of the
    run is then what its machine makes of a stack that is not what it should be (listed as a difference)."""
    waiting = [(parse(expression, NAMES), False)]
    while waiting:
        node, is_inside = waiting.pop()
        if is_inside and isinstance(node, Builtin) and node.name not in PREDICATES:
            allowed = {len(overload.parameters) for overload in OVERLOADS.get(node.name, ())}
            if len(node.arguments) not in (allowed or COUNTS.get(node.name, {1})):
                return True
        waiting += [(child, is_inside or isinstance(node, Call)) for child in children(node)]
    return False


def evaluated(expression: str, changes: dict) -> Vector:
    environment = read_json(expr_cases.environment(changes).encode(), as_floats=True)
    vector = {"expression": expression, "changes": changes}
    try:
        program = compile_program(expression)
    except ExprError as error:
        return {**vector, "stage": "compile", "error": str(error)}
    try:
        value = program.run({**environment, **host_functions()}, now_us=NOW_US)
    except ExprEvaluationError as error:
        return {**vector, "stage": "run", "error": str(error)}
    return {**vector, "stage": "done", "value": tagged(value)}


def same(vector: Vector) -> None:
    """Ours is the library's answer: the value with its types, or the message with place and snippet."""
    ours = evaluated(vector["expression"], vector["changes"])
    if ours["stage"] == vector["stage"] == "done":
        assert same_value(ours["value"], vector["value"]), (ours, vector)
    elif ours["stage"] == vector["stage"] == "run" and ours["error"] != vector["error"]:
        assert has_unchecked_misuse(vector["expression"]), (ours, vector)
    else:
        assert ours == vector


@pytest.mark.parametrize("number", range(0, len(VECTORS), 100))
def test_recorded_answers_of_the_library_are_ours(number):
    for vector in VECTORS[number : number + 100]:
        same(vector)


@pytest.mark.oracle
def test_the_recording_is_what_the_library_says_today(expr_oracle):
    for vector in VECTORS[::5]:
        assert expr_vector(expr_oracle, vector["expression"], vector["changes"]) == vector


@pytest.mark.oracle
@settings(max_examples=800, deadline=None)
@given(seed=SEEDS)
def test_the_library_evaluates_the_same_way(expr_oracle, seed):
    random = Random(seed)
    expression = expr_cases.expression(random)
    same(expr_vector(expr_oracle, expression, expr_cases.changes(random)))


@pytest.mark.oracle
@settings(max_examples=500, deadline=None)
@given(seed=SEEDS)
def test_the_library_reads_broken_expressions_the_same_way(expr_oracle, seed):
    random = Random(seed)
    expression = expr_cases.mutated(random, expr_cases.expression(random, 3))
    same(expr_vector(expr_oracle, expression, {}))


BODY = {"id": 4.0, "arr": [1.0, 2.0, 3.0], "x-y": True, "none": None, "ratio": 2.5}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        pytest.param("body.id == 4", True, id="a double equals an integer"),
        pytest.param("body.arr == [1,2,3]", False, id="lists compare with their types"),
        pytest.param("missing == nil && body.missing == nil", True, id="what is not there is nil"),
        pytest.param('body["x-y"]', True, id="nested names keep their dashes"),
        pytest.param('header["X-Foo"][0] == "a"', True, id="headers are lists"),
        pytest.param("asInt(body.id) % 2 == 0", True, id="asInt makes a whole number"),
        pytest.param('asFloat("2.5") == body.ratio', True, id="asFloat reads a text"),
        pytest.param('toJson(body.arr) == "[1,2,3]"', True, id="toJson is compact"),
        pytest.param('jsonpath(toJson(body), "$.arr[1]") == 2', True, id="jsonpath reads a JSON text"),
        pytest.param('sprig.upper("a") == "A"', True, id="sprig has its functions"),
    ],
)
def test_what_the_specification_verified(expression, value):
    environment = {"body": BODY, "header": {"X-Foo": ["a"]}, **host_functions()}
    assert compile_program(expression).run(environment) is value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("missing.a == 1", "cannot fetch a from <nil> (1:9)"),
        ("missing < 1", "invalid operation: <nil> < int (1:9)"),
        ("body.ratio % 2 == 0", "invalid operation: float64 % int (1:12)"),
        ("body.arr[7] == 1", "reflect: slice index out of range (1:9)"),
        ('sprig.env("HOME") == ""', "reflect: call of reflect.Value.Call on zero Value (1:7)"),
        ("sprig.uuidv4() == x", "16 random bytes are not to be had in a filter (1:7)"),
        ('sprig.genPrivateKey("rsa") == ""', "sprig.genPrivateKey is not carried out in filters"),
        ('jsonpath("{}", "$.a") == 1', "jsonpath $.a: key 'a' is not there (1:1)"),
    ],
)
def test_what_fails_says_where(expression, message):
    with pytest.raises(ExprEvaluationError) as caught:
        compile_program(expression).run({"body": BODY, **host_functions()}, now_us=NOW_US)
    assert str(caught.value).startswith(message)


def test_a_syntax_error_has_line_column_and_snippet():
    with pytest.raises(ExprError) as caught:
        compile_program("a ==\n  b b")
    assert (caught.value.line, caught.value.column) == (2, 5)
    assert str(caught.value) == 'unexpected token Identifier("b") (2:5)\n |   b b\n | ....^'


def test_a_summary_holds_no_value_of_the_environment():
    with pytest.raises(ExprEvaluationError) as caught:
        compile_program("int(body.token) == 1").run({"body": {"token": "s3cr3t"}})
    assert "s3cr3t" in str(caught.value)
    assert caught.value.summary == "invalid operation: int(…) (1:1)"


def test_now_is_the_time_that_the_caller_gives():
    assert compile_program("now()").run({}, now_us=NOW_US) == GoTime(NOW_US * 1000)
    with pytest.raises(ExprEvaluationError, match="not known"):
        compile_program("now()").run({})


def test_the_static_type_is_known_where_the_check_finds_it():
    assert compile_program("a == 1").result_type == "bool"
    assert compile_program("1 + 1").result_type == "int"
    assert compile_program("a.b").result_type == "interface {}"
    assert compile_program("nil").result_type == "<nil>"


@pytest.mark.parametrize(
    "expression",
    [
        "count(1..999, count(1..999, count(1..999, true) > 0) > 0)",
        'reduce(1..9999, #acc + #acc, "aaaaaaaa") == ""',
        'len(replace(repeat("a", 1000000), "a", repeat("b", 1000000))) > 0',
        "len(1..1000000000) > 0",
        "len(map(1..999, map(1..999, #))) > 0",
        "len(map(1..99999, sprig.add(1, 2))) > 0",
        'len(map(1..99999, jsonpath("[[1, 2], [3, 4]]", "$..*"))) > 0',
        "string(" + "map(1..9, " * 8 + "s" + ")" * 8 + ') == ""',
        pytest.param(
            "let a = [s, s]; let b = [a, a, a, a, a, a, a, a]; let c = [b, b, b, b, b, b, b, b, b]; "
            "let d = [c, c, c, c, c, c, c, c]; let e = [d, d, d, d, d, d, d, d]; let f = [e, e, e, e, e, e, e]; "
            'string([f, f, f, f, f]) == "" || toJSON([f, f, f, f]) == "" || [f, f, f, f] == [f, f, f, f]',
            id="lists that hold one another",
        ),
    ],
)
def test_a_program_that_would_not_end_runs_out_of_its_budget(expression):
    started = time.perf_counter()
    with pytest.raises(ExprEvaluationError, match="budget exceeded"):
        compile_program(expression).run({"s": "x", **host_functions()})
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("opening", ["(", "[", "!", "-", "f(", "a?", "map(a, ", "{a: ", "let a = 1; ", "a."])
def test_depth_is_limited_with_a_clear_error(opening):
    with pytest.raises(ExprError, match=f"nested deeper than {MAX_DEPTH} levels"):
        compile_program(opening * 2000 + "a")


def test_long_chains_of_alternatives_are_no_depth():
    expression = " || ".join(f"n == {number}" for number in range(2000))
    assert compile_program(expression).run({"n": 1999.0}) is True
    assert compile_program(expression).run({"n": -1.0}) is False


def test_an_expression_has_a_longest_length():
    with pytest.raises(ExprError, match="longer than"):
        compile_program("a" * (MAX_TEXT_CHARACTERS + 1))


def test_a_run_changes_nothing_that_the_next_one_sees():
    program = compile_program('sprig.set({a: [1]}, "b", n).b == n && [1, 2] == [1, 2]')
    environment = {"n": 1.0, **host_functions()}
    before = json.dumps(sorted(environment))
    assert program.run(environment) is True
    assert program.run({**environment, "n": 2.0}) is True
    assert json.dumps(sorted(environment)) == before


def test_numbers_overflow_as_in_go():
    run = compile_program("[9223372036854775807 + n, 1 / 0, 0 / 0]").run({"n": 1})
    assert run[0] == -(2**63)
    assert run[1] == math.inf
    assert math.isnan(run[2])
