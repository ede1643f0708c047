"""Whether bytes are JSON, by Go's rules.

Go lets bytes that are not UTF-8, half surrogate pairs and numbers of any size stand in a text. A fast parser
refuses those, so its yes is final and its no is checked here.
"""

from __future__ import annotations

import re
from typing import Final

MAX_DEPTH: Final = 10_000
"""Go's `encoding/json` refuses deeper nesting."""

_SPACE = rb"[ \t\n\r]*+"
_STRING = rb'"[^\x00-\x1f"\\]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^\x00-\x1f"\\]*+)*+"'
_NUMBER = rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_SCALAR = rb"(?:" + _STRING + rb"|" + _NUMBER + rb"|true|false|null)"

_VALUE = re.compile(_SPACE + rb"(?:" + _SCALAR + rb"|([\[{]))")
_KEY = re.compile(_SPACE + _STRING + _SPACE + rb":")
_AFTER = re.compile(_SPACE + rb"([,\]}])")
_CLOSE = re.compile(_SPACE + rb"([\]}])")
_REST = re.compile(_SPACE)


def is_valid(raw: bytes, max_depth: int | None = MAX_DEPTH) -> bool:
    """Whether `raw` is one JSON value, as `json.Valid` says, or without `max_depth` as `gjson.Valid` says."""
    closers: list[int] = []
    at = 0
    while True:
        found = _VALUE.match(raw, at)
        if found is None:
            return False
        at = found.end()
        if found[1] is not None:
            closers.append(0x5D if found[1] == b"[" else 0x7D)
            if max_depth is not None and len(closers) > max_depth:
                return False
            empty = _CLOSE.match(raw, at)
            if empty is None:
                at = _next_item(raw, at, closers[-1])
                if at < 0:
                    return False
                continue
        at = _close(raw, at, closers)
        if at < 0:
            return False
        if not closers:
            rest = _REST.match(raw, at)
            return rest is not None and rest.end() == len(raw)


def _next_item(raw: bytes, at: int, closer: int) -> int:
    """Where the next value begins: behind the key in an object; -1 without one."""
    if closer == 0x5D:
        return at
    key = _KEY.match(raw, at)
    return -1 if key is None else key.end()


def _close(raw: bytes, at: int, closers: list[int]) -> int:
    """Close what ends behind a value; the place of the next value, or the end; -1 for a fault."""
    while closers:
        found = _AFTER.match(raw, at)
        if found is None:
            return -1
        at = found.end()
        if found[1] == b",":
            return _next_item(raw, at, closers[-1])
        if raw[at - 1] != closers.pop():
            return -1
    return at
