"""Values as jq writes them: `tojson`, texts with values in them, and the previews in error texts.

A value is None, bool, int, float, str, list or dict. Integers are exact; the numbers of an event are float64.
"""

from __future__ import annotations

import math
import sys
from typing import Any

from events.languages.go_json import compact_json, write_float

_PREVIEW_BYTES = 30
_SCANNED_BYTES = 32
_ENDS: tuple[tuple[type, str], ...] = ((str, ' ..."'), (list, " ...]"), (dict, " ...}"))
_TYPE_NAMES = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}


def type_name(value: Any) -> str:
    """The name that jq has for the type."""
    return "null" if value is None else _TYPE_NAMES[type(value)]


def encode(value: Any) -> str:
    """The value as `tojson` writes it: keys sorted, NaN is null, infinities are the largest floats."""
    text = compact_json(value, _number).decode()
    return text.replace("\x7f", "\\u007f") if "\x7f" in text else text


def _number(number: float) -> bytes:
    if math.isnan(number):
        return b"null"
    return write_float(min(max(number, -sys.float_info.max), sys.float_info.max))


def preview(value: Any) -> str:
    """The beginning of the value as jq writes it, at most 30 bytes."""
    text = encode(_beginning(value)).encode()[:_SCANNED_BYTES]
    if len(text) > _PREVIEW_BYTES:
        end = next((ending for kind, ending in _ENDS if isinstance(value, kind)), " ...")
        text = text[: _PREVIEW_BYTES - len(end)]
        return text.decode("utf-8", "ignore") + end
    return text.decode("utf-8", "ignore")


def _beginning(value: Any, budget: int = _SCANNED_BYTES) -> Any:
    """As much of the value as a preview can show."""
    if isinstance(value, str):
        return value[:_SCANNED_BYTES]
    if budget <= 0:
        return None
    if isinstance(value, list):
        return [_beginning(each, budget - 1) for each in value[:_SCANNED_BYTES]]
    if isinstance(value, dict):
        names = sorted(value)[:_SCANNED_BYTES]
        return {name: _beginning(value[name], budget - 1) for name in names}
    return value
