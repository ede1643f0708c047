import pytest

from kikkake.testing.compare import ABSENT, Difference, matches, subset, whole


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        pytest.param({"a": 1}, {"a": 1, "b": 2}, id="more keys may be there"),
        pytest.param({"a": {"b": [1]}}, {"a": {"b": [1], "c": 2}}, id="at every depth"),
        pytest.param([{"a": 1}], [{"a": 1, "b": 2}], id="elements are subsets too"),
        pytest.param(1, 1.0, id="numbers by value"),
        pytest.param({"a": None}, {"a": None}, id="null is present and null"),
        pytest.param({}, {"a": 1}, id="an empty map is part of every map"),
    ],
)
def test_a_subset_is_found(expected, actual):
    assert subset(expected, actual, ()) == []


@pytest.mark.parametrize(
    ("expected", "actual", "path"),
    [
        pytest.param({"a": 1}, {"a": 2}, "a", id="another value"),
        pytest.param({"a": {"b": 1}}, {"a": {}}, "a.b", id="a key is missing"),
        pytest.param({"a": None}, {}, "a", id="null is not absent"),
        pytest.param([1], [1, 2], "[1]", id="a list is equal in length"),
        pytest.param([1, 2], [1], "[1]", id="from both sides"),
        pytest.param([1, 2], [2, 1], "[0]", id="and in order"),
        pytest.param(True, 1, "(document)", id="true is not 1"),
        pytest.param("1", 1, "(document)", id="a text is no number"),
        pytest.param({}, [], "(document)", id="a map is no list"),
        pytest.param({"a.b": 1}, {}, '["a.b"]', id="odd names are quoted"),
    ],
)
def test_what_is_no_subset_is_named_by_its_path(expected, actual, path):
    assert subset(expected, actual, ())[0].path == path


def test_the_whole_allows_nothing_more():
    assert whole({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, ("object",)) == [
        Difference("object.a.c", ABSENT, "2")
    ]
    assert whole({"a": 1}, {"a": 1.0}, ()) == []


def test_a_key_that_was_probably_meant_is_named():
    [difference] = subset({"metdata": {}}, {"metadata": {}}, ())
    assert difference.look == "there is `metadata`"


def test_a_long_value_is_cut():
    [difference] = subset("x", "y" * 1000, ())
    assert len(difference.actual) <= 160
    assert difference.actual.endswith("…")


def test_a_pattern_is_looked_for_anywhere():
    assert matches("b+", "abba", ("reason",)) == []
    assert matches("^b", "abba", ("reason",)) == [Difference("reason", "/^b/", '"abba"')]
