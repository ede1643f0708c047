"""What arrives over HTTP, before and after its proof, and the two ways in which it can end without an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from events.clock import US_PER_S, format_time
from events.errors import KikkakeError
from events.event import JSON, Event

Headers = Mapping[str, tuple[str, ...]]
"""By lower-case name; every value in order."""


class RawRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request as it arrived, nothing proven yet. `path` is decoded, `query` is raw and without `?`."""

    method: str
    path: str
    query: str = ""
    headers: Headers
    body: bytes = b""
    """Empty while only the head was read."""
    peer: str = ""

    def header(self, name: str) -> str | None:
        """The first value of a header given by its lower-case name."""
        values = self.headers.get(name)
        return values[0] if values else None


class Delivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Bytes and headers as they arrived, after the proof of origin was found right."""

    namespace: str
    event_source: str
    event_name: str
    method: str
    path: str
    query: str
    """The raw query string, without `?`."""
    headers: Headers
    """By lower-case name; every value in order. Credentials and signatures are already taken out."""
    body: bytes
    peer: str
    received_us: int

    def header(self, name: str) -> str | None:
        """The first value of a header given by its lower-case name, as text that can be stored and shown.

        Bytes that are no UTF-8 become escapes: two ids that differ stay different.
        """
        values = self.headers.get(name)
        if not values:
            return None
        value = values[0]
        if value.isascii():
            return value
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

    @property
    def media_type(self) -> str:
        """The content type in lower case and without parameters; empty where there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    def event(
        self,
        *,
        id: str,  # noqa: A002  # the attribute's name in CloudEvents
        type: str,  # noqa: A002  # likewise
        data: bytes,
        source: str = "",
        subject: str = "",
        time: str = "",
    ) -> Event:
        """A JSON event with upstream's attributes where none is given (spec-sources 2.3).

        An empty `id` means that the sender gave none: `ingest` fills in a new one.
        """
        return Event(
            id=id,
            source=source or self.event_source,
            type=type,
            subject=subject or self.event_name,
            time=time or _time_text(self.received_us),
            datacontenttype=JSON,
            data=data,
        )


def _time_text(us: int) -> str:
    """As `format_time`, with the part that changes once a second kept."""
    second, fraction = divmod(us, US_PER_S)
    text = _second_text(second)
    return f"{text}.{fraction:06d}".rstrip("0") + "Z" if fraction else f"{text}Z"


@lru_cache(maxsize=4)
def _second_text(second: int) -> str:
    return format_time(second * US_PER_S)[:-1]


class Rejected(KikkakeError):
    """The delivery is refused; `cause` is one of a fixed list, `detail` never holds input (spec: bad-input 2).

    `note` goes to the log only: field names and event names that the sender must not learn.
    """

    def __init__(
        self,
        status: int,
        cause: str,
        title: str,
        detail: str = "",
        *,
        note: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.cause = cause
        self.title = title
        self.detail = detail
        self.note = note
        self.headers: Mapping[str, str] = headers or {}
        self.is_authentic = False
        """The sender had proven itself: only then the answer may link to an explanation."""
        super().__init__(f"{status} {cause}: {title}")

    def after_proof(self) -> Rejected:
        """Itself, said of a sender that has proven itself."""
        self.is_authentic = True
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A lifecycle delivery (ping, challenge, validation): answer this and publish nothing."""

    status: int = 200
    body: dict[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def unusable(detail: str) -> Rejected:
    """An authentic body that is valid JSON and still not what this kind of sender sends."""
    return Rejected(400, "unusable-body", "Body is not usable", detail)
