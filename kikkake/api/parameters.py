"""Query parameters and bodies of the admin API: every unknown or wrong one is refused with what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import orjson

from events.bus import DeadLetterQuery, EventQuery
from events.clock import parse_time
from events.resource import nearest_name
from kikkake.api.refusal import Refusal

_MAX_PAGE = 500


def event_query(given: Mapping[str, str]) -> EventQuery:
    """`namespace`, `eventSource`, `eventName`, `since`, `before`, `limit`. Raises Refusal."""
    _only_known(given, ("namespace", "eventSource", "eventName", "since", "before", "limit"))
    return EventQuery(
        namespace=given.get("namespace", ""),
        event_source=given.get("eventSource", ""),
        event_name=given.get("eventName", ""),
        since_us=_time(given, "since"),
        before=_number(given, "before"),
        limit=_limit(given, EventQuery().limit),
    )


def dead_letter_query(given: Mapping[str, str]) -> DeadLetterQuery:
    """`sensor` (a uid), `reason`, `since`, `before`, `limit`. Raises Refusal."""
    _only_known(given, ("sensor", "reason", "since", "before", "limit"))
    return DeadLetterQuery(
        sensor=given.get("sensor", ""),
        reason=given.get("reason", ""),
        since_us=_time(given, "since"),
        before=_number(given, "before"),
        limit=_limit(given, DeadLetterQuery().limit),
    )


def flag(given: Mapping[str, str], name: str) -> bool:
    """`?name=1`; absent and `0` are no. Raises Refusal."""
    value = given.get(name, "0")
    if value not in {"0", "1"}:
        raise Refusal(400, "Bad parameter", f"`{name}` is 0 or 1")
    return value == "1"


class EventReplay(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of `POST events/ID/replay`."""

    sensor: str = ""
    """NAMESPACE/NAME; empty = every interested one."""
    as_new: bool = False
    dry_run: bool = False


class FailedReplay(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of `POST replay`: everything that was given up, narrowed."""

    failed: bool
    since: str = ""
    """RFC 3339; empty = all that is kept."""
    reason: str = ""
    sensor: str = ""
    """NAMESPACE/NAME."""
    dry_run: bool = False


class LetterReplay(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of `POST dead-letters/N/replay`."""

    dry_run: bool = False


def read_body(body: bytes, kind: type[Any]) -> Any:
    """The JSON body as `kind`. Raises Refusal; its text names the field and never holds the body."""
    try:
        return msgspec.convert(orjson.loads(body or b"{}"), kind)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, "Body is not valid JSON", f"line {error.lineno} column {error.colno}") from error
    except msgspec.ValidationError as error:
        raise Refusal(400, "Bad body", str(error)) from error


def since_us(text: str, name: str = "since") -> int:
    """Microseconds of an RFC 3339 time, 0 for an empty text. Raises Refusal."""
    at_us = parse_time(text) if text else 0
    if at_us is None:
        raise Refusal(400, "Bad parameter", f"`{name}` is a time such as 2026-11-24T07:00:00Z")
    return at_us


def _only_known(given: Iterable[str], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            nearest = nearest_name(name, known)
            hint = f"did you mean `{nearest}`?" if nearest else f"known: {', '.join(known)}"
            raise Refusal(400, "Unknown parameter", hint)


def _time(given: Mapping[str, str], name: str) -> int:
    return since_us(given.get(name, ""), name)


def _number(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    # Sixteen digits stay below 2^63, which is what a store can look up.
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise Refusal(400, "Bad parameter", f"`{name}` is a positive whole number")
    return int(text)


def _limit(given: Mapping[str, str], default: int) -> int:
    limit = _number(given, "limit")
    if limit is None:
        return default
    if not 1 <= limit <= _MAX_PAGE:
        raise Refusal(400, "Bad parameter", f"`limit` is between 1 and {_MAX_PAGE}")
    return limit
