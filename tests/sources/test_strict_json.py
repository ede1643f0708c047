"""Which bodies are JSON here, and what a refusal says: a position, a reason, no content."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.delivery import Rejected
from sources.strict_json import MAX_DIGITS, check_json, read_json, read_strict_json


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "line 1 column 1: the text ends too early"),
        (b"  \n ", "line 2 column 2: the text ends too early"),
        (b'{"a": 1,\n "b": tru}', "line 2 column 7: unexpected text"),
        (b'{"a":1,}', "line 1 column 8: expected key"),
        (b"[1,]", "line 1 column 4: expected value"),
        (b"[1 2]", "line 1 column 4: expected comma or end"),
        (b'{"a" 1}', "line 1 column 6: expected colon"),
        (b"{1:2}", "line 1 column 2: expected key or end"),
        (b"[}", "line 1 column 2: expected value or end"),
        (b"NaN", "line 1 column 1: unexpected text"),
        (b"[-Infinity]", "line 1 column 2: unexpected text"),
        (b'"abc', "line 1 column 1: a string that is not closed"),
        (b'{"a":1}\n{}', "line 2 column 1: more text after the value"),
        (b'"\xff"', "line 1 column 2: not valid UTF-8"),
        (b"\xef\xbb\xbf{}", "line 1 column 1: unexpected text"),
        (b"[" * 65 + b"]" * 65, "line 1 column 65: nested more than 64 levels"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "line 1 column 321: nested more than 64 levels"),
        (b"[" + b"1" * 4301 + b"]", "line 1 column 2: a number of more than 4300 digits"),
    ],
)
def test_what_is_no_json_is_refused_with_its_position(body, detail):
    for read in (check_json, read_json, read_strict_json):
        with pytest.raises(Rejected) as refused:
            read(body)
        assert (refused.value.status, refused.value.cause, refused.value.detail) == (400, "bad-json", detail)


@pytest.mark.parametrize(
    "body",
    [
        b"0",
        b' {"a": [1, -2.5e3, null, true, "x"]} ',
        b'{"a":1,"a":2}',
        b'"\\ud800"',
        b"1e999",
        b"9007199254740993",
        b"[" * 64 + b"]" * 64,
        b'["' + b"1" * 5000 + b'"]',
        b"[" + b"1" * MAX_DIGITS + b"]",
        b'["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["]',
        "\u2028".encode().join([b'"', b'"']),
    ],
)
def test_what_is_json_is_taken(body):
    check_json(body)
    read_json(body)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"a": 1,\n  "a": 2}', "line 2 column 3: duplicate key"),
        (b'[{"b": {"x": 1, "\\u0078": 2}}]', "line 1 column 17: duplicate key"),
    ],
)
def test_equal_keys_are_refused_only_where_they_are_not_wanted(body, detail):
    read_json(body)
    with pytest.raises(Rejected) as refused:
        read_strict_json(body)
    assert refused.value.detail == detail


def test_a_large_broken_body_is_refused_without_a_slow_scan():
    body = b"[" + b"1," * 400_000 + b"x]"
    with pytest.raises(Rejected) as refused:
        read_json(body)
    assert refused.value.detail == f"line 1 column {len(body) - 1}: not valid JSON"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_everything_that_python_writes_as_json_is_taken(value):
    for body in (json.dumps(value).encode(), json.dumps(value, ensure_ascii=True, indent=2).encode()):
        check_json(body)
        read_strict_json(body)


@given(
    st.binary(max_size=40)
    | st.text(alphabet='{}[]:,"\\ truefalsn0123456789.eE+-\n', max_size=40).map(str.encode)
)
def test_the_two_readers_agree_with_pythons_own(body):
    """On short texts nothing but the grammar decides; Python also takes NaN, Infinity and a BOM in other encodings."""
    try:
        json.loads(body.decode(), parse_constant=_refuse)
        is_json = True
    except (ValueError, RecursionError):
        is_json = False
    for read in (check_json, read_json):
        try:
            read(body)
        except Rejected:
            assert not is_json
        else:
            assert is_json


def _refuse(constant):
    raise ValueError(constant)
