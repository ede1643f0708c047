"""Endpoints: upstream's path syntax, and how a path finds its route."""

import pytest

from sources.route import compile_path, decoded_path, path_fault, path_key, raw_query


@pytest.mark.parametrize(
    ("pattern", "path", "segments"),
    [
        ("/a", "/a", {}),
        ("/a", "/a/", None),
        ("/a", "/A", None),
        ("/a.b", "/axb", None),
        ("/x/{name}", "/x/1", {"name": "1"}),
        ("/x/{name}", "/x/1/2", None),
        ("/x/{name}", "/x/", None),
        ("/x.y/{n}", "/xzy/1", None),
        ("/x/{n:[0-9]+}/y", "/x/12/y", {"n": "12"}),
        ("/x/{n:[0-9]{2}}", "/x/12", {"n": "12"}),
        ("/x/{n:[0-9]+}", "/x/a", None),
    ],
)
def test_a_path_matches_whole_and_exactly(pattern, path, segments):
    assert path_fault(pattern) == ""
    assert compile_path(pattern).match(path) == segments


def test_a_pattern_is_filled_for_sending():
    assert compile_path("/x/{n}").fill({"n": "1"}) == "/x/1"


def test_a_slow_regular_expression_runs_in_linear_time():
    assert compile_path("/{n:(a+)+}").match("/" + "a" * 50_000 + "b") is None


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/a?b=c", "/a", "b=c"),
        ("/a%2Fb%C3%BC?x", "/a/bü", "x"),
        ("/a#f?x", "/a", ""),
        ("/%ff", "/\ufffd", ""),
    ],
)
def test_targets_are_taken_apart(target, path, query):
    assert (decoded_path(target), raw_query(target)) == (path, query)


def test_names_of_segments_do_not_tell_two_endpoints_apart():
    assert path_key("/a/{x}") == path_key("/a/{y}")
    assert len({path_key(path) for path in ("/a/{x}", "/a/{x:z}", "/a/b", "/b")}) == 4
