"""Print and read again, hostile texts, and limits: no expression crashes the parser or costs more than its length."""

import contextlib
import os
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.languages.govaluate import (
    MAX_DEPTH,
    MAX_LENGTH,
    EvaluationError,
    ExpressionError,
    compile_expression,
)
from events.languages.govaluate.arithmetic import power
from events.languages.govaluate.operators import MAX_TEXT
from events.languages.govaluate.values import MAX_NESTING, format_number
from tests import fuzzing
from tests.events.languages.test_govaluate import carried, outcome
from tests.oracles import govaluate_cases

FUZZ = fuzzing.COUNT
SEEDS = st.integers(min_value=0, max_value=2**32)


def evaluate(expression: str, **variables: object) -> object:
    return compile_expression(expression).evaluate(variables)


@settings(max_examples=1500, deadline=None)
@given(seed=SEEDS)
def test_the_normal_form_means_the_same_and_is_stable(seed):
    random = Random(seed)
    expression = govaluate_cases.expression(random)
    try:
        compiled = compile_expression(expression)
    except ExpressionError:
        return
    text = compiled.text()
    again = compile_expression(text)
    assert again.text() == text
    assert set(again.names) <= set(compiled.names)
    for _ in range(3):
        variables = govaluate_cases.variables(random)
        first, second = outcome(expression, variables), outcome(text, variables)
        del first["names"], second["names"]
        assert first == second


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("a  &&b|| ! c", "a && b || !c"),
        ("my\\-name=='it\\'s'", '[my-name] == "it\\\'s"'),
        ("[in] in (0x10,.5)", "[in] in (16, 0.5)"),
        ("x =~ '\\\\d' + y", 'x =~ "\\\\d" + y'),
        ("d > '1969-12-31'", "d > -86400"),
        ("1\\e300 < x.Y", "1\\e\\+300 < x.Y"),
        ("((1) 2) + 5", "((1))"),
        ("[a\\]b]?1:2", "[a\\]b] ? 1 : 2"),
        ("(1) + 3 in) == (1", "((1) + 3 in )"),
    ],
)
def test_the_normal_form(expression, text):
    assert compile_expression(expression).text() == text


def test_equal_texts_are_one_object():
    assert compile_expression("a == 1") is compile_expression("a == 1")


@pytest.mark.parametrize(
    ("expression", "at"),
    [
        ("a ==-1", 2),
        ("a == 1 and b", 7),
        ("size > 'x", 7),
        ("a && (b || [c)", 11),
        ("a == f(1)", 5),
        ("a &&", 4),
        ("x =~ '('", 5),
        ("a == b.c", 5),
        ("a \\", 2),
        ("(a", None),
    ],
)
def test_a_fault_knows_its_place(expression, at):
    with pytest.raises(ExpressionError) as fault:
        compile_expression(expression)
    assert fault.value.at == at


def test_injured_expressions_never_fail_otherwise():
    """Any answer is right, as long as there is one."""
    seed = int(os.environ.get("KIKKAKE_FUZZ_SEED", "20261124"))
    print(f"seed {seed}")
    random = Random(seed)
    compiled, places = 0, []
    started = time.process_time()
    for _ in range(FUZZ):
        text = govaluate_cases.mutate(random, govaluate_cases.expression(random))
        try:
            expression = compile_expression(text)
        except ExpressionError as fault:
            places.append((fault.at or 0, len(text)))
            continue
        compiled += 1
        with contextlib.suppress(EvaluationError):
            carried(expression.evaluate(govaluate_cases.variables(random)))
    assert all(0 <= at <= length for at, length in places)
    assert compiled > FUZZ * 0.2
    assert time.process_time() - started < 5 + FUZZ * 0.002


@pytest.mark.parametrize("chars", ["\\x", "(", ")", "a.", "0", "-", "'", "[", "é", "\u00a0", "=~ '(' ", "1,"])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_characters_are_answered(chars, data):
    text = data.draw(st.text(alphabet=chars + "ab1 ", max_size=40))
    outcome(text, {"a": 1.0})


HOSTILE = {
    "brackets": lambda n: "(" * n,
    "closed brackets": lambda n: "(" * (n // 2) + "1" + ")" * (n // 2),
    "calls": lambda n: "a.B(" * (n // 5) + "1" + ")" * (n // 5),
    "prefixes": lambda n: "- " * (n // 2) + "1",
    "symbols": lambda n: "&" * n,
    "a long name": lambda n: "a" * n,
    "a long number": lambda n: "1" * n,
    "a long fraction": lambda n: "1." + "1" * (n - 2),
    "a long hexadecimal number": lambda n: "0x" + "f" * (n - 2),
    "a long text": lambda n: "'" + "a" * (n - 2) + "'",
    "a long year": lambda n: "'2014-" + "0" * (n - 7) + "'",
    "a long fraction of a second": lambda n: "'2014-01-02T14:12:22." + "9" * (n - 23) + "Z'",
    "backslashes": lambda n: "\\" * n,
    "quotes": lambda n: "'" * n,
    "spaces": lambda n: " " * n,
    "an accessor": lambda n: "a" + ".A" * (n // 2 - 1),
    "a sum": lambda n: "1" + "+1" * (n // 2 - 1),
    "a sum of names": lambda n: "a" + "+a" * (n // 2 - 1),
    "powers": lambda n: "a" + "**a" * (n // 3 - 1),
    "logic": lambda n: "a" + "&&a||a" * (n // 6 - 1),
    "choices": lambda n: "a" + "?a:a" * (n // 4 - 1),
    "a list": lambda n: "(a" + ",a" * (n // 2 - 2) + ")",
    "all precedences": lambda n: "a" + "**a*a+a<<a&a==a&&a||a??a,a" * (n // 26 - 1),
    "patterns": lambda n: "a" + "=~'(a*)*b'" * (n // 10 - 1),
    "dates": lambda n: "'2014-01-02'" + "<'2014-01-02'" * (n // 13 - 1),
    "near dates": lambda n: "'2014-01-0x'" + "<'2014-01-0x'" * (n // 13 - 1),
    "a large pattern": lambda n: "a =~ '" + "(a{1000})" * (n // 9 - 1) + "'",
}


def cost(text: str) -> float:
    """CPU seconds of compiling, evaluating and printing; the best of three."""
    times = []
    for _ in range(3):
        compile_expression.cache_clear()
        started = time.process_time()
        try:
            expression = compile_expression(text)
            expression.text()
            expression.evaluate({"a": 1.0})
        except (ExpressionError, EvaluationError):
            pass
        times.append(time.process_time() - started)
    return min(times)


@pytest.mark.parametrize("shape", HOSTILE)
def test_hostile_texts_take_linear_time(shape):
    """Eight times the size may take sixteen times as long; what is quadratic takes sixty-four."""
    small, large = HOSTILE[shape](1250), HOSTILE[shape](10_000)
    assert cost(large) < 16 * cost(small) + 0.1


def test_a_text_that_is_too_long_says_so():
    with pytest.raises(ExpressionError, match=r"16386 characters, 16384 are allowed; shorten it"):
        compile_expression("a" + " " * MAX_LENGTH + "b")


def test_brackets_that_are_too_deep_say_so():
    everything = "a ? b : c || d && e == f & g << h + i * j ** -("
    with pytest.raises(ExpressionError, match="more than 32 brackets are open at once") as fault:
        compile_expression("(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1))
    assert fault.value.at == MAX_DEPTH
    deepest = compile_expression(everything * MAX_DEPTH + "1" + ")" * MAX_DEPTH)
    assert deepest.evaluate({"a": True, "b": "reached"}) == "reached"
    variables = {"a": False, "c": False, "d": True} | dict.fromkeys("efghij", 1.0)
    with pytest.raises(EvaluationError, match=r"Value 'false' cannot be used with the prefix '-'"):
        deepest.evaluate(variables)
    assert compile_expression(deepest.text()).text() == deepest.text()


def test_a_text_made_of_texts_has_an_end():
    assert evaluate("a + a", a="x" * (MAX_TEXT // 2)) == "x" * MAX_TEXT
    with pytest.raises(EvaluationError, match="longer than 1048576 characters"):
        evaluate("a + a + 'y'", a="x" * (MAX_TEXT // 2))


@pytest.mark.parametrize("expression", ["a == b", "a + ''", "a > 1"])
def test_values_that_are_nested_too_deeply_say_so(expression):
    def nested(levels: int) -> object:
        value: object = 1.0
        for level in range(levels):
            value = [value] if level % 2 else {"k": value}
        return value

    with pytest.raises(EvaluationError, match="nested deeper than 100 levels"):
        evaluate(expression, a=nested(MAX_NESTING + 1), b=nested(MAX_NESTING + 1))
    assert evaluate("a == b", a=nested(MAX_NESTING), b=nested(MAX_NESTING)) is True


def test_two_lists_made_of_one_stay_apart():
    """The library's share their memory, so that the second one overwrites the first."""
    assert evaluate("(l, 1) == (l, 2)", l=["a", "b", "c"]) is False


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1e6, "1e+06"),
        (999999.5, "999999.5"),
        (1.5e-5, "1.5e-05"),
        (0.0001, "0.0001"),
        (1e300, "1e+300"),
        (-0.0, "-0"),
    ],
)
def test_numbers_print_as_in_go(number, text):
    assert format_number(number) == text


@pytest.mark.parametrize(
    ("base", "exponent", "result"),
    [
        (0.0, -1.0, float("inf")),
        (-0.0, -3.0, float("-inf")),
        (-0.0, -2.0, float("inf")),
        (2.0, 0.5, 2**0.5),
        (-1.0, 2.0**70, 1.0),
        (0.5, 2.0**70, 0.0),
        (2.0, 1e9, float("inf")),
        (2.0, -1e9, 0.0),
        (float("-inf"), 3.0, float("-inf")),
    ],
)
def test_powers_at_the_edges(base, exponent, result):
    assert power(base, exponent) == result
