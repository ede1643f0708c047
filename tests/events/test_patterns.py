"""Patterns: the fast tests say what RE2 says."""

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from events.patterns import BadPattern, text_test

PIECES = st.sampled_from(["a", "b", "/", "-", "é", "\n", " ", "\\.", "\\$", "\\^", "\\/", "_", "&", "<", ","])


@given(
    start=st.sampled_from(["", "^", "\\A"]),
    body=st.lists(PIECES, max_size=4).map("".join),
    end=st.sampled_from(["", "$", "\\z"]),
    text=st.text(alphabet="ab/-é\n .$^_&<,", max_size=8),
)
def test_a_literal_pattern_means_the_same_to_re2(start, body, end, text):
    pattern = start + body + end
    expected = re2.compile(pattern.encode()).search(text.encode()) is not None
    assert text_test(pattern)(text) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("a.c", "abc", True),
        ("^(push|tag)$", "push", True),
        ("^(push|tag)$", "pushed", False),
        ("[0-9]{2}", "a12", True),
        ("(?i)ABC", "xabcx", True),
        ("(?m)^b$", "a\nb\nc", True),
        ("^b$", "a\nb\nc", False),
        ("\\d", "٣", False),
        ("x.y", "x\ufffdy", True),
    ],
)
def test_others_go_to_the_engine(pattern, text, found):
    assert text_test(pattern)(text) is found


@pytest.mark.parametrize("pattern", ["(a", "a(?=b)", "\\1", "[z-a]", "*", "\\q"])
def test_what_re2_refuses_is_a_bad_pattern(pattern):
    with pytest.raises(BadPattern):
        text_test(pattern)


def test_endless_backtracking_does_not_happen():
    assert text_test("^(a+)+$")("a" * 100_000 + "b") is False


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", "error parsing regexp: missing closing ): `(`"),
        ("[a", "error parsing regexp: missing closing ]: `[a`"),
        ("[b-a]", "error parsing regexp: invalid character class range: `b-a`"),
        ("x{1001}", "error parsing regexp: invalid repeat count: `{1001}`"),
        ("*", "error parsing regexp: missing argument to repetition operator: `*`"),
        ("\\8", "error parsing regexp: invalid escape sequence: `\\8`"),
        ("(?P<n", "error parsing regexp: invalid named capture: `(?P<n`"),
        ("a(?=b)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"),
        ("a**", "error parsing regexp: invalid nested repetition operator: `**`"),
        ("a\\", "error parsing regexp: trailing backslash at end of expression: ``"),
        ("\\pX", "error parsing regexp: invalid character class range: `\\pX`"),
        ("a)", "error parsing regexp: unexpected ): `a)`"),
    ],
)
def test_a_bad_pattern_is_told_in_the_words_of_go(pattern, words):
    with pytest.raises(BadPattern) as bad:
        text_test(pattern)
    assert bad.value.as_go() == words
