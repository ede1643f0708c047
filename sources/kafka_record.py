"""A Kafka record as an event: pure, so that every odd record is a line in a table of tests.

Data is upstream's (spec-sources 4.10): `{"topic", "key", "partition", "body", "timestamp", "headers", "metadata"?}`.
What upstream's form cannot hold is added beside it, so that nothing of a record is lost:

- `keyBase64`: the key's bytes, where they are not UTF-8 (`key` then has U+FFFD, as Go writes it);
- `headersBase64`: the same for values of headers, by name.

With `jsonBody`, a value that is not JSON is refused (upstream skips such a record): the event, with the value's
bytes in base64 as `body`, is for the quarantine (spec: bad-input 5, `UndecodableMessage`).

The id is `topic-partition-offset-timestamp` and the source `kafka://CLUSTER_ID/TOPIC` (spec: effects, section 2): one
record is one event however often it is read, a topic that was made again gives new ones, and `context.source` tells
clusters apart. Upstream has the event source's name there; the topic of the event still has it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pydantic

from events.clock import format_time, parse_time
from events.event import JSON, Event, go_json
from events.model import SpecModel
from sources.delivery import Rejected
from sources.message_body import message_body

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_TIME = "0001-01-01 00:00:00 +0000 UTC"
"""Go's zero time: what a record without a timestamp has upstream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaRecord:
    """One record as it was read. `timestamp_ms` is -1 where the record has none; a `value` of None is a tombstone."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    fault: str = ""
    """Why it could not be read at all; then it is only a place."""

    @property
    def size_bytes(self) -> int:
        headers = sum(len(name) + len(value or b"") for name, value in self.headers)
        return len(self.key or b"") + len(self.value or b"") + headers


class GivenRecord(SpecModel):
    """A record as a test writes it."""

    topic: str
    partition: int = 0
    offset: int = 0
    timestamp: str = ""
    """RFC 3339."""
    key: str | None = None
    value: Any = None
    """A text as its bytes, null as a tombstone, anything else as JSON."""
    headers: dict[str, str] = {}

    @classmethod
    def read(cls, members: Mapping[str, Any], *, default_us: int) -> KafkaRecord:
        """Raises ValueError with what is wrong."""
        try:
            given = cls.model_validate(dict(members))
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        if unknown := list(given.model_extra or {}):
            raise ValueError(f"a record has no `{unknown[0]}`; it has {', '.join(cls.field_names())}")
        time_us = parse_time(given.timestamp) if given.timestamp else default_us
        if time_us is None:
            raise ValueError("timestamp is not a time such as 2026-11-23T10:00:00Z")
        value = given.value
        is_bytes = value is None or isinstance(value, str)
        return KafkaRecord(
            topic=given.topic,
            partition=given.partition,
            offset=given.offset,
            timestamp_ms=time_us // 1000,
            key=None if given.key is None else given.key.encode(),
            value=(None if value is None else value.encode()) if is_bytes else orjson.dumps(value),
            headers=tuple((name, text.encode()) for name, text in given.headers.items()),
        )


def record_event(
    record: KafkaRecord, *, cluster: str, event_name: str, json_body: bool, metadata: Mapping[str, str]
) -> tuple[Event, Rejected | None]:
    """The event of one record, whatever its bytes are, and why it is not usable (None: it is)."""
    body, rejected = message_body(record.value, json_body=json_body)
    if record.fault:
        rejected = Rejected(400, "undecodable", "Record cannot be decoded", record.fault)
    event = Event(
        id=f"{record.topic}-{record.partition}-{record.offset}-{record.timestamp_ms}",
        source=f"kafka://{cluster}/{record.topic}",
        type="kafka",
        subject=event_name,
        time=_rfc3339(record.timestamp_ms),
        datacontenttype=JSON,
        data=_data(record, body, metadata),
    )
    return event, rejected


def _data(record: KafkaRecord, body: bytes, metadata: Mapping[str, str]) -> bytes:
    headers = {name: _text(value) for name, value in record.headers}
    odd_headers = {
        name: _base64(value) for name, value in dict(record.headers).items() if not _is_utf8(value)
    }
    members = {
        "topic": go_json(record.topic),
        "key": go_json(_text(record.key)),
        "partition": go_json(record.partition),
        "body": body,
        "timestamp": go_json(_go_time(record.timestamp_ms)),
        "headers": go_json(headers),
    }
    if metadata:
        members["metadata"] = go_json(dict(metadata))
    if not _is_utf8(record.key):
        members["keyBase64"] = go_json(_base64(record.key))
    if odd_headers:
        members["headersBase64"] = go_json(odd_headers)
    return b"{" + b",".join(b'"%b":%b' % (name.encode(), value) for name, value in members.items()) + b"}"


def _base64(value: bytes | None) -> str:
    return base64.b64encode(value or b"").decode("ascii")


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", errors="replace")


def _is_utf8(value: bytes | None) -> bool:
    try:
        (value or b"").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _rfc3339(timestamp_ms: int) -> str | None:
    """None without a timestamp, or for one beyond the year 9999, which RFC 3339 cannot write."""
    if timestamp_ms < 0:
        return None
    try:
        return format_time(timestamp_ms * 1000)
    except OverflowError:
        return None


def _go_time(timestamp_ms: int) -> str:
    """As Go prints a time in UTC (spec-sources 4); digits of milliseconds where the year has more than four."""
    if timestamp_ms < 0:
        return _NO_TIME
    try:
        moment = _EPOCH + timedelta(milliseconds=timestamp_ms)
    except OverflowError:
        return str(timestamp_ms)
    fraction = f".{timestamp_ms % 1000:03d}".rstrip("0") if timestamp_ms % 1000 else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"
