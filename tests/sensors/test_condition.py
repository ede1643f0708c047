"""Conditions: the grammar of spec-sensors 5.1."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.condition import BadCondition, parse_condition


@pytest.mark.parametrize(
    ("expression", "arrived", "fires"),
    [
        pytest.param("a && b", {"a"}, False, id="and waits for both"),
        pytest.param("a && b", {"a", "b"}, True, id="and fires with both"),
        pytest.param("a || b", {"b"}, True, id="or needs one"),
        pytest.param("a && (b || c)", {"a", "c"}, True, id="brackets bind first"),
        pytest.param("a || b && c", {"a"}, True, id="and binds tighter, left"),
        pytest.param("a || b && c", {"b"}, False, id="and binds tighter, right"),
        pytest.param("(a||b)&&(c\n||\ta)", {"b", "c"}, True, id="any white space"),
        pytest.param("", {"a", "b"}, False, id="empty means all"),
        pytest.param("  ", {"a", "b", "c"}, True, id="blank means all"),
    ],
)
def test_a_condition_holds_exactly_when_it_is_complete(expression, arrived, fires):
    condition = parse_condition(expression, ["a", "b", "c"])
    assert condition.holds(condition.mask(sorted(arrived))) is fires


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("a && (b", "`a && (b`: missing `)` at column 8; names allowed: a, b"),
        ("a &&", "a name is missing at column 5"),
        ("a && c", "unknown name `c` at column 6"),
        ("!a", "expected a name, got `!` at column 1"),
        ("a & b", "unexpected `&` at column 3"),
        ("a and b", "expected `&&` or `||` before `and` at column 3"),
        ("a (b)", "expected `&&` or `||` before `(` at column 3"),
        ("()", "expected a name, got `)` at column 2"),
        ("a)", "`)` was never opened at column 2"),
        ("a + b", "unexpected `+` at column 3"),
        ("a.x", "unexpected `.` at column 2"),
        ("1a", "expected a name, got `1` at column 1"),
        ("true", "unknown name `true` at column 1"),
        ("(" * 101 + "a", "more than 100 open brackets"),
    ],
)
def test_a_bad_condition_names_its_column_and_the_names_allowed(expression, message):
    with pytest.raises(BadCondition) as caught:
        parse_condition(expression, ["a", "b"])
    assert message in str(caught.value)
    assert "names allowed: a, b" in str(caught.value)


def test_dash_and_underscore_are_the_same_and_the_later_name_wins():
    assert parse_condition("dep-1a", ["dep-1a", "dep_1a"]).names == ("dep_1a",)
    assert parse_condition("dep_1", ["dep-1"]).names == ("dep-1",)


def test_names_are_in_the_order_of_the_expression():
    assert parse_condition("c && a || c", ["a", "b", "c"]).names == ("c", "a")


@pytest.mark.parametrize(
    ("expression", "needs_memory"), [("a || b", False), ("a", False), ("a && b", True), ("", True)]
)
def test_only_a_condition_with_and_needs_memory(expression, needs_memory):
    assert parse_condition(expression, ["a", "b"]).needs_memory is needs_memory


def test_one_dependency_alone_needs_no_memory():
    assert not parse_condition("", ["a"]).needs_memory


NAMES = ("a", "b", "c", "d")
TREES = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: st.tuples(st.sampled_from(["&&", "||"]), st.lists(inner, min_size=2, max_size=3)),
    max_leaves=8,
)


def written(tree) -> str:
    if isinstance(tree, str):
        return tree
    sign, parts = tree
    return "(" + f" {sign} ".join(written(part) for part in parts) + ")"


def truth(tree, present) -> bool:
    if isinstance(tree, str):
        return tree in present
    sign, parts = tree
    join = all if sign == "&&" else any
    return join(truth(part, present) for part in parts)


@given(TREES)
def test_every_expression_means_what_it_says(tree):
    condition = parse_condition(written(tree), NAMES)
    for size in range(len(NAMES) + 1):
        for present in itertools.combinations(NAMES, size):
            assert condition.holds(condition.mask(present)) is truth(tree, present)


def test_of_many_names_a_message_shows_some():
    names = [f"d{number}" for number in range(1000)]
    with pytest.raises(BadCondition) as caught:
        parse_condition("x", names)
    assert str(caught.value).endswith("d18, d19, …")
