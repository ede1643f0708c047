"""CloudEvents on the wire: attributes kept, data untouched, faults with the attribute's name."""

import json

import pytest

from events.codec import (
    MAX_BATCH,
    CodecError,
    decode_batch,
    decode_binary,
    decode_structured,
    encode_batch,
    encode_binary,
    encode_structured,
)
from events.event import Event
from tests.sources.support import RECORDED, needs_recorded

MINIMAL = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}


def structured(**changes):
    members = {**MINIMAL, **changes}
    return json.dumps({name: value for name, value in members.items() if value is not ...}).encode()


def test_every_attribute_and_extension_is_kept():
    event = decode_structured(
        structured(
            subject="x",
            time="2026-11-24T09:00:00.5+01:00",
            dataschema="urn:s",
            tenant="a",
            count=3,
            flag=True,
        )
    )
    assert (event.id, event.source, event.type, event.subject) == ("1", "/s", "t", "x")
    assert (event.time, event.dataschema) == ("2026-11-24T09:00:00.5+01:00", "urn:s")
    assert event.extensions == {"tenant": "a", "count": 3, "flag": True}
    assert event.data is None


@pytest.mark.parametrize(
    ("members", "data"),
    [
        pytest.param(
            b'"data": {"a" : 1.50, "a": 9007199254740993}', b'{"a" : 1.50, "a": 9007199254740993}', id="json"
        ),
        pytest.param(b'"data": "x"', b'"x"', id="a string is json without a content type"),
        pytest.param(b'"datacontenttype": "text/plain", "data": "a\\nb"', b"a\nb", id="a string is the text"),
        pytest.param(b'"datacontenttype": "text/plain", "data": 12', b"12", id="another value stays json"),
        pytest.param(b'"data_base64": "AAEC"', b"\x00\x01\x02", id="base64"),
        pytest.param(b'"data": null', b"null", id="null is data"),
    ],
)
def test_data_stays_the_bytes_that_came(members, data):
    body = b'{"specversion":"1.0","id":"1","source":"/s","type":"t",' + members + b"}"
    assert decode_structured(body).data == data


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        *((structured(**{name: ...}), f"attribute `{name}` missing") for name in MINIMAL),
        *((structured(**{name: None}), f"attribute `{name}` missing") for name in MINIMAL),
        *((structured(**{name: 1}), f"attribute `{name}` is not a string") for name in MINIMAL),
        *((structured(**{name: ""}), f"attribute `{name}` is not valid") for name in MINIMAL),
        (structured(specversion="0.3"), "attribute `specversion` is not valid"),
        (structured(subject=""), "attribute `subject` is not valid"),
        (structured(time="yesterday"), "attribute `time` is not an RFC 3339 time"),
        (structured(TraceId="x"), "attribute `TraceId`: names are lower-case"),
        (structured(tenant={"a": 1}), "attribute `tenant` is no string, boolean or 32-bit integer"),
        (structured(tenant=2**31), "attribute `tenant` is no string"),
        (structured(id="a\nb"), "attribute `id` has a control character"),
        (structured(data=1, data_base64="AA=="), "exclude one another"),
        (structured(data_base64="A"), "not base64"),
        (structured(data_base64=1), "not base64"),
        (b"[]", "one object"),
        (b"{", "one object"),
    ],
)
def test_faults_name_the_attribute_and_never_a_value(body, fault):
    with pytest.raises(CodecError) as refused:
        decode_structured(body)
    assert fault in str(refused.value)
    assert "yesterday" not in str(refused.value)


def test_a_batch_is_taken_whole_or_not_at_all():
    good = structured()
    assert [event.id for event in decode_batch(b"[" + good + b"," + structured(id="2") + b"]")] == ["1", "2"]
    assert decode_batch(b"[]") == []
    with pytest.raises(CodecError) as refused:
        decode_batch(b"[" + b",".join([good, structured(type=...), good, structured(id=...), b"3"]) + b"]")
    assert str(refused.value) == (
        "events[1]: attribute `type` missing; events[3]: attribute `id` missing; "
        "events[4]: a CloudEvent in JSON is one object"
    )
    with pytest.raises(CodecError, match="at most 1000"):
        decode_batch(b"[" + b",".join([good] * (MAX_BATCH + 1)) + b"]")


def binary(**changes):
    headers = {f"ce-{name}": (value,) for name, value in MINIMAL.items()}
    return headers | {name.replace("_", "-"): value for name, value in changes.items()}


def test_binary_mode_reads_headers_and_leaves_the_body_alone():
    headers = binary(ce_subject=("Euro%20%E2%82%AC",), ce_tenant=('"a%22b"',), content_type=("text/plain",))
    event = decode_binary(headers, b"\xff{")
    assert (event.subject, event.extensions, event.datacontenttype, event.data) == (
        "Euro €",
        {"tenant": 'a"b'},
        "text/plain",
        b"\xff{",
    )
    assert decode_binary(binary(), b"").data is None


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        ({}, "attribute `id` missing"),
        (binary(ce_id=("1", "2")), "attribute `id` is given twice"),
        (binary(ce_datacontenttype=("text/plain",)), "is the header Content-Type"),
        (binary(ce_subject=("%ff",)), "attribute `subject` is not UTF-8"),
        ({"ce-" + "x" * 500 + "-": ("1",)} | binary(), "names are lower-case"),
    ],
)
def test_faults_of_binary_mode(headers, fault):
    with pytest.raises(CodecError, match=fault):
        decode_binary(headers, b"")


@pytest.mark.parametrize(
    "event",
    [
        Event(id="1", source="/s", type="t"),
        Event(id="1", source="/s", type="t", datacontenttype="application/json", data=b'{"a": 1.50}'),
        Event(id="1", source="/s", type="t", datacontenttype="application/octet-stream", data=b"\x00\xff"),
        Event(
            id='a"% €\u2028',
            source="/s",
            type="t",
            subject="x y",
            time="2026-11-24T09:00:00Z",
            extensions={"n": 1},
        ),
    ],
)
def test_what_is_written_is_read_back(event):
    assert decode_structured(encode_structured(event)) == event
    assert decode_batch(encode_batch([event, event])) == [event, event]
    headers, body = encode_binary(event)
    lowered = {name.lower(): (value,) for name, value in headers.items()}
    back = decode_binary(lowered, body)
    assert (back.id, back.subject, back.time, back.data) == (event.id, event.subject, event.time, event.data)
    assert all(value.isascii() and value.isprintable() for value in headers.values())


def test_json_data_is_written_as_it_stands_and_broken_json_as_base64():
    whole = Event(id="1", source="/s", type="t", datacontenttype="application/json", data=b'{"a" : 1.50}')
    assert encode_structured(whole).endswith(b'"data":{"a" : 1.50}}')
    broken = Event(id="1", source="/s", type="t", datacontenttype="application/json", data=b"{")
    assert encode_structured(broken).endswith(b'"data_base64":"ew=="}')


@needs_recorded
def test_the_examples_of_the_specification_are_read():
    placeholder = b"... base64 encoded string ..."
    for file in sorted((RECORDED / "cloudevents").glob("json-format.0*.event.json")):
        assert decode_structured(file.read_bytes().replace(placeholder, b"AAEC")).id
    batch = (RECORDED / "cloudevents" / "json-format.07.batch.json").read_bytes()
    assert len(decode_batch(batch.replace(placeholder, b"AAEC"))) == 2


def test_quoted_header_values_of_older_senders_are_unescaped():
    headers = {
        **{f"ce-{name}": (value,) for name, value in MINIMAL.items()},
        "ce-subject": (r'"a \"b\" \\ c%20d"',),
        "ce-plain": ('"',),
    }
    event = decode_binary(headers, b"")
    assert event.subject == 'a "b" \\ c d'
    assert event.extensions["plain"] == '"'
