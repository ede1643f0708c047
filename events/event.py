"""The event: CloudEvents 1.0 attributes and the raw data, parsed at most once.

The data stays the bytes that arrived: gjson is defined on bytes, and what nobody looks at is never parsed.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec
import orjson

from events.clock import US_PER_S, format_time, parse_time
from events.languages.gjson import Document
from events.languages.go_json import escape

JSON = "application/json"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """One CloudEvent. Texts are as the sender wrote them; `time` is RFC 3339 or None."""

    id: str
    source: str
    type: str
    subject: str | None = None
    time: str | None = None
    datacontenttype: str | None = None
    dataschema: str | None = None
    extensions: dict[str, str | int | bool] = {}
    data: bytes | None = None

    @cached_property
    def document(self) -> Document:
        """The data as a JSON document (which may be invalid); an event without data reads as empty bytes."""
        return Document(self.data or b"")

    @cached_property
    def time_us(self) -> int | None:
        """`time` in microseconds since 1970, UTC; None where there is none, or a text that is no time."""
        return parse_time(self.time) if self.time else None

    @cached_property
    def context_document(self) -> Document:
        """The attributes as a JSON document: what `contextKey` paths read."""
        return Document(self.context_json)

    @cached_property
    def context_json(self) -> bytes:
        """The context as upstream prints it (spec-sensors 6.2), with our extension attributes after it."""
        return go_json(self.context())

    @cached_property
    def whole_json(self) -> bytes:
        """The whole event as upstream prints it: context, and the data in base64 (spec-sensors 6.2)."""
        data = None if self.data is None else msgspec.to_builtins(self.data)
        return b'{"context":' + self.context_json + b',"data":' + orjson.dumps(data) + b"}"

    def context(self) -> dict[str, Any]:
        """The attributes in upstream's order; the time in UTC and whole seconds, null where there is none."""
        time_us = self.time_us
        return {
            "id": self.id,
            "source": self.source,
            "specversion": "1.0",
            "type": self.type,
            "datacontenttype": self.datacontenttype or "",
            "subject": self.subject or "",
            "time": None if time_us is None else format_time(time_us - time_us % US_PER_S),
            **self.extensions,
        }


def go_json(value: Any) -> bytes:
    """Compact JSON with `<`, `>`, `&` and the two line separators escaped, as Go's encoder writes it."""
    return escape(orjson.dumps(value))
