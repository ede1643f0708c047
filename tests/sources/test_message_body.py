import base64
import json

import pytest

from sources.message_body import message_body


@pytest.mark.parametrize("value", [b"", b"\x00", b"\xff\xfe", b"plain", b'{"a": 1}', b"x" * 1_000_000])
def test_without_json_body_the_bytes_are_kept_in_base64(value: bytes) -> None:
    body, rejected = message_body(value, json_body=False)

    assert base64.b64decode(json.loads(body)) == value
    assert rejected is None


@pytest.mark.parametrize("json_body", [True, False])
def test_a_tombstone_is_null(json_body: bool) -> None:
    assert message_body(None, json_body=json_body) == (b"null", None)


@pytest.mark.parametrize(
    ("value", "body"),
    [
        pytest.param(
            b' { "a" : [ 1.50, 9007199254740993 ] }\n', b'{"a":[1.50,9007199254740993]}', id="digits stay"
        ),
        pytest.param(b'{"a":1,"a":2}', b'{"a":1,"a":2}', id="duplicate keys stay"),
        pytest.param(b'" a  b\\" c "', b'" a  b\\" c "', id="white space in a text stays"),
        pytest.param(b'["\\\\", " x"]', b'["\\\\"," x"]', id="an escaped backslash ends no text"),
        pytest.param(b'"<a&b>"', b'"\\u003ca\\u0026b\\u003e"', id="escaped as Go writes it"),
        pytest.param(b"null", b"null", id="null"),
        pytest.param(b"7", b"7", id="a number alone"),
        pytest.param(b'"\\ud800"', b'"\\ud800"', id="half a surrogate pair"),
        pytest.param(b"1e999", b"1e999", id="a number beyond doubles"),
    ],
)
def test_json_is_embedded_as_it_is(value: bytes, body: bytes) -> None:
    assert message_body(value, json_body=True) == (body, None)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" ",
        b"{",
        b"nul",
        b"NaN",
        b'"\xff"',
        b"\x00",
        b"[1,]",
        b"{} x",
        b"\xef\xbb\xbf{}",
        b"[" * 65 + b"]" * 65,
        b"9" * 5000,
    ],
)
def test_what_is_not_json_is_refused_and_its_bytes_are_kept(value: bytes) -> None:
    body, rejected = message_body(value, json_body=True)

    assert base64.b64decode(json.loads(body)) == value
    assert rejected is not None
    assert rejected.cause == "bad-json"
    assert rejected.detail.startswith("line 1 column ")
