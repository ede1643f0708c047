"""Kubernetes objects as JSON bytes, with what Go's reader makes of numbers and texts. Pure."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_WHOLE_FLOAT = re.compile(rb"[:,\[\s]-?[0-9]+(?:\.0+|(?:\.[0-9]+)?[eE][+-]?[0-9]+)\s*[,}\]]")
_MAX_WHOLE = 2.0**63
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(text: bytes) -> Any:
    """Integers keep all their digits. Raises ValueError, RecursionError."""
    # orjson makes a float of an integer beyond 64 bits; the standard library keeps it.
    if not (_LONG_NUMBER.search(text) or _WHOLE_FLOAT.search(text)):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            if rb"\u" not in text:
                raise
    value = json.loads(text, parse_float=_number)
    if _LONE_SURROGATE.search(written := json.dumps(value, ensure_ascii=False)):
        # Half of a character, escaped in what an event holds: Go reads it as U+FFFD.
        value = json.loads(_LONE_SURROGATE.sub("\ufffd", written))
    return value


def write_json(value: Any) -> bytes:
    """Compact."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _number(text: str) -> int | float:
    """`2.0` and `1e3` as Go writes them, without a fraction: the API server takes no `1000.0` for an integer."""
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:32]} is larger than any number")
    return int(value) if value.is_integer() and abs(value) < _MAX_WHOLE else value
