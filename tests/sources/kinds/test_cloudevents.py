"""The kind `cloudevents`: what comes in goes out unchanged, in all three modes."""

import pytest

from sources.delivery import Answered, Rejected
from tests.sources.support import events_of, route_of, send

STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
JSON = {"Content-Type": "application/json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
EVENT = b'{"specversion":"1.0","id":"1","source":"/s","type":"t","tenant":"a","data":{"n": 1.50}}'


def route(more="unauthenticated: true"):
    return route_of(
        "cloudevents", f'{{webhook: {{endpoint: /e, port: "12000", {more}}}, allowedOrigins: [a.example]}}'
    )


def test_the_three_modes_keep_every_attribute():
    (one,) = events_of(route(), EVENT, STRUCTURED)
    assert (one.id, one.source, one.type, one.extensions, one.data) == (
        "1",
        "/s",
        "t",
        {"tenant": "a"},
        b'{"n": 1.50}',
    )
    assert events_of(route(), b"[" + EVENT + b"]", BATCH) == [one]
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-source": "/s",
        "ce-type": "t",
        "ce-tenant": "a",
    } | JSON
    (binary,) = events_of(route(), b'{"n": 1.50}', headers)
    assert (binary.extensions, binary.data, binary.datacontenttype) == (
        {"tenant": "a"},
        b'{"n": 1.50}',
        "application/json",
    )
    (bytes_,) = events_of(route(), b"\xff", headers | {"Content-Type": "application/octet-stream"})
    assert bytes_.data == b"\xff"


@pytest.mark.parametrize(
    ("body", "headers", "status", "detail"),
    [
        (EVENT.replace(b'"id":"1",', b""), STRUCTURED, 400, "attribute `id` missing"),
        (b"[" + EVENT + b",{}]", BATCH, 400, "events[1]: attribute `id` missing"),
        (EVENT, BATCH, 400, "a batch of CloudEvents is a list"),
        (b'{"id":1,"id":2}', STRUCTURED, 400, "line 1 column 9: duplicate key"),
        (b"{", {"ce-id": "1"} | JSON, 400, "line 1 column 2: the text ends too early"),
        (b"{}", JSON, 415, "expected application/cloudevents+json"),
        (
            b"x",
            {"Content-Type": "application/cloudevents+avro"},
            415,
            "expected application/cloudevents+json",
        ),
    ],
)
def test_what_is_no_cloudevent_is_refused_whole(body, headers, status, detail):
    with pytest.raises(Rejected) as refused:
        send(route(), body, headers)
    assert refused.value.status == status
    assert refused.value.detail.startswith(detail)


def test_an_empty_batch_is_answered_and_gives_nothing():
    assert send(route(), b"[]", BATCH).publications == []


def test_preflight_needs_an_origin_and_a_place_on_the_list():
    answered = send(
        route(), b"", {"WebHook-Request-Origin": "a.example", "WebHook-Request-Rate": "10"}, method="OPTIONS"
    )
    assert isinstance(answered, Answered)
    assert answered.headers == {
        "Allow": "POST",
        "WebHook-Allowed-Origin": "a.example",
        "WebHook-Allowed-Rate": "*",
    }
    for headers, status in (({}, 405), ({"WebHook-Request-Origin": "b.example"}, 403)):
        with pytest.raises(Rejected) as refused:
            send(route(), b"", headers, method="OPTIONS")
        assert refused.value.status == status


def test_a_token_in_the_query_is_no_proof():
    guarded = route("authSecret: {name: s, key: k}")
    with pytest.raises(Rejected, match="401"):
        send(guarded, EVENT, STRUCTURED | {"Authorization": ""}, query="access_token=a+secret")
