"""govaluate: what the specification says, what the Go library answered, and that the normal form means the same."""

import math
import re
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.languages.govaluate import EvaluationError, ExpressionError, compile_expression
from tests.oracles import govaluate_cases
from tests.oracles.fixture import oracle_fixture
from tests.oracles.recordings.govaluate import govaluate_vector
from tests.oracles.vectors import Vector, read

govaluate_oracle = oracle_fixture("govaluate")
SEEDS = st.integers(min_value=0, max_value=2**32)
VECTORS = read("govaluate")


def carried(value: object) -> object:
    """A value as the oracle's JSON carries it; numbers by their digits, so that 1 is not True."""
    if isinstance(value, list):
        return [carried(each) for each in value]
    if isinstance(value, dict):
        return {name: carried(each) for name, each in value.items()}
    if isinstance(value, float):
        if not math.isfinite(value):
            return "<nan>" if math.isnan(value) else "<+inf>" if value > 0 else "<-inf>"
        return "<-0>" if value == 0 and math.copysign(1, value) < 0 else ("number", value)
    if isinstance(value, int) and not isinstance(value, bool):
        return ("number", float(value))
    return value


def outcome(expression: str, variables: dict[str, Any]) -> dict[str, object]:
    """What ours makes of it, in the form of a vector."""
    try:
        compiled = compile_expression(expression)
    except ExpressionError as error:
        return {"refused": str(error)}
    names = list(compiled.names)
    try:
        return {"names": names, "value": carried(compiled.evaluate(variables))}
    except EvaluationError as error:
        return {"names": names, "failed": str(error)}


def expected(vector: Vector) -> dict[str, object]:
    """What ours has to make of it."""
    if "panicked" in vector:
        stage, _, reason = vector["panicked"].partition(": ")
        if stage == "compile":
            return {"refused": "A backslash at the end has nothing to escape"}
        return {"names": list(compile_expression(vector["expression"]).names), "failed": reason}
    wanted = {key: vector[key] for key in ("refused", "failed") if key in vector}
    if "value" in vector:
        wanted["value"] = carried(vector["value"])
    if "names" in vector:
        wanted["names"] = list(dict.fromkeys(vector["names"]))
    return wanted


def roughly(value: object) -> object:
    """The same with numbers of 14 digits, also inside texts: roots go through the C library here."""
    if isinstance(value, dict):
        return {key: roughly(each) for key, each in value.items()}
    if isinstance(value, list):
        return [roughly(each) for each in value]
    if isinstance(value, tuple):
        return f"{value[1]:.14g}"
    if isinstance(value, str):
        return re.sub(r"\d+\.\d+(e[-+]\d+)?", lambda number: f"{float(number[0]):.14g}", value)
    return value


def same(vector: Vector) -> None:
    ours, theirs = outcome(vector["expression"], vector["variables"]), expected(vector)
    if "**" in vector["expression"]:
        assert roughly(ours) == roughly(theirs), vector
    else:
        assert ours == theirs, vector


@pytest.mark.parametrize("number", range(0, len(VECTORS), 100))
def test_recorded_answers_of_the_library_are_ours(number):
    for vector in VECTORS[number : number + 100]:
        same(vector)


@given(
    base=st.floats(min_value=-100, max_value=100, allow_subnormal=False),
    exponent=st.integers(min_value=-300, max_value=300).map(float),
)
@pytest.mark.oracle
def test_whole_powers_have_the_bits_of_the_library(govaluate_oracle, base, exponent):
    variables = {"x": base, "y": exponent}
    vector = govaluate_vector(govaluate_oracle, "x ** y", variables)
    assert outcome("x ** y", variables) == expected(vector)


@pytest.mark.oracle
def test_the_recording_is_what_the_library_says_today(govaluate_oracle):
    for vector in VECTORS:
        assert govaluate_vector(govaluate_oracle, vector["expression"], vector["variables"]) == vector


@pytest.mark.oracle
@settings(max_examples=1500, deadline=None)
@given(seed=SEEDS)
def test_the_library_answers_generated_expressions_the_same_way(govaluate_oracle, seed):
    random = Random(seed)
    expression, variables = govaluate_cases.expression(random), govaluate_cases.variables(random)
    same(govaluate_vector(govaluate_oracle, expression, variables))
