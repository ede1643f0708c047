import base64
import json
from typing import Any

import pytest

from sources.kafka_record import KafkaRecord, record_event


def record(**changes: Any) -> KafkaRecord:
    parts: dict[str, Any] = {
        "topic": "orders",
        "partition": 2,
        "offset": 41,
        "timestamp_ms": 1_795_504_341_734,
        "key": b"k1",
        "value": b'{"id": 7}',
        "headers": (("trace", b"t1"),),
    }
    return KafkaRecord(**{**parts, **changes})


def data(
    read: KafkaRecord, *, json_body: bool = True, metadata: dict[str, str] | None = None
) -> dict[str, Any]:
    event, _rejected = record_event(
        read, cluster="c1", event_name="placed", json_body=json_body, metadata=metadata or {}
    )
    found: dict[str, Any] = json.loads(event.data or b"")
    return found


def test_a_record_has_a_stable_id_and_names_its_cluster() -> None:
    event, rejected = record_event(record(), cluster="c1", event_name="placed", json_body=True, metadata={})

    assert (event.id, event.source) == ("orders-2-41-1795504341734", "kafka://c1/orders")
    assert (event.type, event.subject) == ("kafka", "placed")
    assert event.time == "2026-11-24T07:12:21.734Z"
    assert event.datacontenttype == "application/json"
    assert rejected is None


def test_data_has_the_members_of_upstream_in_their_order() -> None:
    event, _ = record_event(
        record(), cluster="c1", event_name="placed", json_body=True, metadata={"team": "shop"}
    )

    assert event.data == (
        b'{"topic":"orders","key":"k1","partition":2,"body":{"id":7},'
        b'"timestamp":"2026-11-24 07:12:21.734 +0000 UTC","headers":{"trace":"t1"},"metadata":{"team":"shop"}}'
    )


def test_without_headers_and_metadata_there_are_empty_headers_and_no_metadata() -> None:
    found = data(record(headers=(), key=None))

    assert found["headers"] == {}
    assert found["key"] == ""
    assert "metadata" not in found


def test_a_tombstone_has_a_null_body() -> None:
    assert data(record(value=None))["body"] is None


def test_a_repeated_header_keeps_its_last_value() -> None:
    assert data(record(headers=(("a", b"1"), ("b", b"2"), ("a", b"3"))))["headers"] == {"a": "3", "b": "2"}


def test_bytes_of_key_and_headers_that_are_no_text_are_kept_beside_it() -> None:
    found = data(record(key=b"\xff\x01", headers=(("a", b"\xfe"), ("b", b"ok"), ("c", None))))

    assert found["key"] == "\ufffd\x01"
    assert base64.b64decode(found["keyBase64"]) == b"\xff\x01"
    assert found["headers"] == {"a": "\ufffd", "b": "ok", "c": ""}
    assert {name: base64.b64decode(value) for name, value in found["headersBase64"].items()} == {"a": b"\xfe"}


def test_what_is_not_json_is_refused_with_its_bytes() -> None:
    event, rejected = record_event(
        record(value=b"oops"), cluster="c1", event_name="placed", json_body=True, metadata={}
    )

    assert rejected is not None
    assert base64.b64decode(json.loads(event.data or b"")["body"]) == b"oops"


@pytest.mark.parametrize(
    ("timestamp_ms", "time", "go_text"),
    [
        pytest.param(0, "1970-01-01T00:00:00Z", "1970-01-01 00:00:00 +0000 UTC", id="the epoch"),
        pytest.param(
            1500, "1970-01-01T00:00:01.5Z", "1970-01-01 00:00:01.5 +0000 UTC", id="no trailing zeros"
        ),
        pytest.param(-1, None, "0001-01-01 00:00:00 +0000 UTC", id="none"),
        pytest.param(2**62, None, str(2**62), id="beyond the year 9999"),
    ],
)
def test_any_timestamp_gives_an_event(timestamp_ms: int, time: str | None, go_text: str) -> None:
    read = record(timestamp_ms=timestamp_ms)
    event, _ = record_event(read, cluster="c1", event_name="placed", json_body=True, metadata={})

    assert event.time == time
    assert data(read)["timestamp"] == go_text
    assert event.id.endswith(f"-41-{timestamp_ms}")


def test_the_same_offset_of_a_topic_that_was_made_again_is_another_event() -> None:
    first, _ = record_event(record(), cluster="c1", event_name="placed", json_body=True, metadata={})
    second, _ = record_event(
        record(timestamp_ms=1), cluster="c1", event_name="placed", json_body=True, metadata={}
    )

    assert first.id != second.id
