"""CloudEvents 1.0 on the wire (structured, binary, batched) to `Event` and back; the only importer of `cloudevents`.

The library judges the attributes; the data never passes through it, so that it stays the bytes that came.
JSON must have been checked before (`sources/strict_json.py`): equal keys are not looked for here.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import msgspec
import orjson
from cloudevents.core.exceptions import CloudEventValidationError, MissingRequiredAttributeError
from cloudevents.core.v1.event import CloudEvent

from events.clock import parse_time
from events.errors import KikkakeError
from events.event import JSON, Event

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MAX_BATCH = 1000
"""Events in one batch: a megabyte holds about as many real ones."""

_REQUIRED = ("id", "source", "type", "specversion")
_OPTIONAL = frozenset({"subject", "time", "datacontenttype", "dataschema"})
_NAME = re.compile(r"[a-z0-9]+", re.ASCII)
_TEXT = re.compile("[^\x00-\x1f\x7f-\x9f]*")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_INT_RANGE = range(-(2**31), 2**31)
_UNESCAPED = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
"""What stands for itself in a header value (HTTP binding 3.1.3.2); all else is percent-encoded UTF-8."""

_Members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_Batch = msgspec.json.Decoder(list[msgspec.Raw])


class CodecError(KikkakeError):
    """Not a CloudEvent; the text names the attribute and never its value."""


def decode_structured(body: bytes) -> Event:
    """One event in the JSON format. Raises CodecError."""
    try:
        members = _Members.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CodecError("a CloudEvent in JSON is one object") from error
    attributes: dict[str, Any] = {}
    for name, raw in members.items():
        if name not in {"data", "data_base64"} and bytes(raw) != b"null":
            attributes[name] = _value(raw, name)
    data, is_text = _data_of(members, attributes)
    event = _event(attributes, data)
    if is_text and event.data is not None and not _is_json(event.datacontenttype):
        return msgspec.structs.replace(event, data=_value(event.data, "data").encode())
    return event


def decode_batch(body: bytes) -> list[Event]:
    """Every event of a batch, in order; all or none. Raises CodecError with the index of each bad one."""
    try:
        items = _Batch.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CodecError("a batch of CloudEvents is a list") from error
    if len(items) > MAX_BATCH:
        raise CodecError(f"{len(items)} events in one batch, at most {MAX_BATCH} are taken")
    events: list[Event] = []
    faults: list[str] = []
    for index, item in enumerate(items):
        try:
            events.append(decode_structured(bytes(item)))
        except CodecError as error:
            faults.append(f"events[{index}]: {error}")
    if faults:
        more = f"; and {len(faults) - 10} more" if len(faults) > 10 else ""
        raise CodecError("; ".join(faults[:10]) + more)
    return events


def decode_binary(headers: Mapping[str, Sequence[str]], body: bytes) -> Event:
    """One event with its attributes in `ce-` headers (lower-case names) and its data as the body.

    Raises CodecError.
    """
    attributes: dict[str, Any] = {}
    for name, values in headers.items():
        if name.startswith("ce-"):
            if len(values) > 1:
                raise CodecError(f"attribute `{_shown(name[3:])}` is given twice")
            attributes[name[3:]] = _unquoted(name[3:], values[0])
    if "datacontenttype" in attributes:
        raise CodecError("attribute `datacontenttype` is the header Content-Type in binary mode")
    content_type = headers.get("content-type")
    if content_type:
        attributes["datacontenttype"] = content_type[0]
    has_data = bool(body) or bool(content_type)
    return _event(attributes, body if has_data else None)


def encode_structured(event: Event) -> bytes:
    """The JSON format; JSON data stands in it as it is, everything else as `data_base64`."""
    members = orjson.dumps(_attributes(event))
    if event.data is None:
        return members
    if _is_json(event.datacontenttype) and _holds_json(event.data):
        return members[:-1] + b',"data":' + event.data + b"}"
    return members[:-1] + b',"data_base64":"' + base64.b64encode(event.data) + b'"}'


def encode_batch(events: Sequence[Event]) -> bytes:
    """The JSON batch format."""
    return b"[" + b",".join(encode_structured(event) for event in events) + b"]"


def encode_binary(event: Event) -> tuple[dict[str, str], bytes]:
    """Headers and body of the HTTP binding's binary mode."""
    headers: dict[str, str] = {}
    for name, value in _attributes(event).items():
        if name == "datacontenttype":
            headers["Content-Type"] = value
        else:
            text = value if isinstance(value, str) else orjson.dumps(value).decode()
            headers[f"ce-{name}"] = quote(text, safe=_UNESCAPED)
    return headers, event.data or b""


def _attributes(event: Event) -> dict[str, Any]:
    known = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "datacontenttype": event.datacontenttype,
        "dataschema": event.dataschema,
    }
    return {name: value for name, value in known.items() if value} | event.extensions


def _value(raw: bytes | msgspec.Raw, name: str) -> Any:
    try:
        return orjson.loads(bytes(raw))
    except orjson.JSONDecodeError as error:
        raise CodecError(f"attribute `{_shown(name)}` is not readable") from error


def _data_of(members: Mapping[str, msgspec.Raw], attributes: Mapping[str, Any]) -> tuple[bytes | None, bool]:
    """The raw data, and whether it is a JSON string that may stand for text."""
    raw = members.get("data")
    encoded = members.get("data_base64")
    if raw is not None and encoded is not None:
        raise CodecError("`data` and `data_base64` exclude one another")
    if encoded is not None and bytes(encoded) != b"null":
        try:
            return base64.b64decode(_value(encoded, "data_base64"), validate=True), False
        except (TypeError, ValueError, binascii.Error) as error:
            raise CodecError("`data_base64` is not base64") from error
    if raw is None:
        return None, False
    data = bytes(raw)
    return data, data[:1] == b'"' and "datacontenttype" in attributes


def _event(attributes: dict[str, Any], data: bytes | None) -> Event:
    _check(attributes)
    extensions = {
        name: value for name, value in attributes.items() if name not in _REQUIRED and name not in _OPTIONAL
    }
    return Event(
        id=attributes["id"],
        source=attributes["source"],
        type=attributes["type"],
        subject=attributes.get("subject"),
        time=attributes.get("time"),
        datacontenttype=attributes.get("datacontenttype"),
        dataschema=attributes.get("dataschema"),
        extensions=extensions,
        data=data,
    )


def _check(attributes: Mapping[str, Any]) -> None:
    """Raise CodecError for the first fault, in the order: missing, names, types, then what the library says."""
    for name in _REQUIRED:
        if name not in attributes:
            raise CodecError(f"attribute `{name}` missing")
    for name, value in attributes.items():
        if not _NAME.fullmatch(name):
            raise CodecError(f"attribute `{_shown(name)}`: names are lower-case letters and digits")
        _check_value(name, value)
    judged = {name: value for name, value in attributes.items() if name != "time"}
    # The library fills in a time of now when there is none, and wants a datetime; ours was checked above.
    judged["time"] = _SOME_TIME
    try:
        CloudEvent(judged)
    except CloudEventValidationError as error:
        name, reasons = next(iter(error.errors.items()))
        missing = any(isinstance(reason, MissingRequiredAttributeError) for reason in reasons)
        raise CodecError(f"attribute `{_shown(name)}` {'missing' if missing else 'is not valid'}") from error


def _check_value(name: str, value: Any) -> None:
    if isinstance(value, str):
        if not _TEXT.fullmatch(value):
            raise CodecError(f"attribute `{name}` has a control character")
    elif name in _REQUIRED or name in _OPTIONAL:
        raise CodecError(f"attribute `{name}` is not a string")
    elif not isinstance(value, bool) and not (isinstance(value, int) and value in _INT_RANGE):
        raise CodecError(f"attribute `{name}` is no string, boolean or 32-bit integer")
    if name == "time" and parse_time(value) is None:
        raise CodecError("attribute `time` is not an RFC 3339 time")


def _unquoted(name: str, value: str) -> str:
    text = value
    if len(value) > 1 and value[0] == value[-1] == '"':
        # Senders of older versions of the binding quote instead of percent-encoding (1.0.2, section 3.1.3.2).
        text = _ESCAPED.sub(r"\1", value[1:-1])
    try:
        return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode()
    except UnicodeDecodeError as error:
        raise CodecError(f"attribute `{_shown(name)}` is not UTF-8") from error


def _is_json(content_type: str | None) -> bool:
    media_type = (content_type or JSON).partition(";")[0].strip().lower()
    return media_type == JSON or media_type.endswith("+json")


def _holds_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


def _shown(name: str) -> str:
    """A name that came from outside, fit for a message."""
    return name[:32] if _NAME.fullmatch(name) or name.isidentifier() else "(odd name)"
