"""The kind `webhook`: upstream's data shape, and bodies of any type."""

import base64
import json

import pytest

from sources.delivery import Rejected
from tests.sources.support import data_of, events_of, route_of, send

BASE = 'endpoint: /e, port: "12000"'


def route(more="method: POST"):
    return route_of("webhook", f"{{{BASE}, {more}}}")


def test_json_is_kept_byte_for_byte_with_its_headers():
    (event,) = events_of(
        route(), b' {"a":1.50,"a":9007199254740993} ', {"x-my-header": "v", "Content-Type": "text/x"}
    )
    assert event.data == (
        b'{"header":{"Content-Type":["text/x"],"X-My-Header":["v"]},"body":{"a":1.50,"a":9007199254740993}}'
    )
    assert (event.type, event.source, event.subject, event.time) == (
        "webhook",
        "in",
        "e",
        "2026-11-24T10:00:00Z",
    )
    assert event.id == "new-id"


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"a=1&a=2&b=", "application/x-www-form-urlencoded", {"a": ["1", "2"], "b": [""]}),
        (b"", "application/x-www-form-urlencoded", {}),
        (b"12", "application/x-www-form-urlencoded; charset=utf-8", 12),
        (b'"x"', "text/plain", "x"),
    ],
)
def test_bodies_of_posts(body, content_type, expected):
    (event,) = events_of(route(), body, {"Content-Type": content_type})
    assert data_of(event)["body"] == expected
    assert "bodyEncoding" not in data_of(event)


@pytest.mark.parametrize("body", [b"\x00\xff", b"<xml/>", b"plain", b"{"])
def test_a_body_of_another_declared_type_is_taken_as_base64(body):
    (event,) = events_of(route(), body, {"Content-Type": "application/octet-stream"})
    data = data_of(event)
    assert (base64.b64decode(data["body"]), data["bodyEncoding"]) == (body, "base64")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b"x", "application/vnd.api+json; v=1"),
        (b"x", ""),
        (b"", "text/plain"),
        (b" ", ""),
    ],
)
def test_what_claims_to_be_json_and_is_not_is_refused(body, content_type):
    with pytest.raises(Rejected) as refused:
        send(route(), body, {"Content-Type": content_type})
    assert (refused.value.status, refused.value.cause, refused.value.is_authentic) == (400, "bad-json", True)


def test_get_takes_the_query_and_only_get():
    get = route("method: GET")
    (event,) = events_of(get, b"", method="GET", query="a=1&a=%C3%BC&b")
    assert data_of(event)["body"] == {"a": ["1", "ü"], "b": [""]}
    assert data_of(events_of(get, b"", method="GET")[0])["body"] == {}
    with pytest.raises(Rejected) as refused:
        send(get, b"")
    assert (refused.value.status, refused.value.headers) == (405, {"Allow": "GET"})


def test_metadata_and_headers_beyond_ascii():
    described = route("method: POST, metadata: {team: blue}")
    (event,) = events_of(described, b"1", {"X-Name": "J\udcfcrgen", "Host": "h", "authorization": "Basic x"})
    assert json.loads(event.data) == {
        "header": {"X-Name": ["J\ufffdrgen"], "Content-Type": ["application/json"]},
        "body": 1,
        "metadata": {"team": "blue"},
    }


def test_the_id_comes_from_the_header_that_names_the_delivery():
    assert events_of(route(), b"1", {"Idempotency-Key": "k"})[0].id == "k"
    assert events_of(route(), b"1", {"webhook-id": "w"})[0].id == "w"
    named = route("method: POST, idHeader: X-Build")
    assert events_of(named, b"1", {"X-Build": "b7", "Idempotency-Key": "k"})[0].id == "b7"


def test_equal_bodies_are_suspected_only_where_the_resource_says_so():
    assert send(route(), b"1").publications[0].body_mac is None
    strict = route("method: POST, replayBy: body")
    macs = {send(strict, body).publications[0].body_mac for body in (b"1", b"1", b"2")}
    assert len(macs) == 2
    assert None not in macs


def test_a_form_of_too_many_fields_is_refused():
    with pytest.raises(Rejected, match="400"):
        send(route(), b"a&" * 10_001, {"Content-Type": "application/x-www-form-urlencoded"})
