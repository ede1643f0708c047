"""`fromJson`: JSON as Go's encoding/json reads it, into values whose numbers are float64."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

from events.languages.go_bytes import to_bytes
from events.languages.go_template.functions import FunctionError, declare
from events.languages.go_values import from_json
from events.languages.sprig.bounds import MAX_DEPTH
from events.languages.sprig.bytestrings import to_runes
from events.languages.sprig.json_faults import find_fault

_HALF = re.compile("[\ud800-\udfff]")


def _read(text: str) -> tuple[Any, str | None]:
    """The value, and the error that Go reports beside it: a number beyond float64 is nil, the rest is read."""
    raw = to_bytes(text)
    try:
        value = orjson.loads(raw)
        if b"-0" not in raw:  # which is an int to orjson, and a negative zero to Go
            return from_json(value), None
    except orjson.JSONDecodeError:
        pass  # no JSON, or what only Go takes
    except RecursionError:
        raise _too_deep() from None
    fault = find_fault(raw)
    if fault is not None:
        return None, fault
    return _read_leniently(text)


def _read_leniently(text: str) -> tuple[Any, str | None]:
    """Bytes that are no UTF-8, halves of surrogate pairs, numbers beyond float64, and much depth."""
    beyond: list[str] = []

    def number(written: str) -> float | None:
        value = float(written)
        if math.isinf(value):
            beyond.append(written)
            return None
        return value

    try:
        value = json.loads(to_runes(text), parse_int=number, parse_float=number, strict=False)
        return _mended(value), (
            f"json: cannot unmarshal number {beyond[0]} into Go value of type float64" if beyond else None
        )
    except RecursionError:
        raise _too_deep() from None


def _too_deep() -> FunctionError:
    return FunctionError(f"the JSON is nested deeper than {MAX_DEPTH} levels")


def _mended(value: Any) -> Any:
    """Half a surrogate pair is U+FFFD."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(element) for element in value]
    if isinstance(value, dict):
        return {_mended(name): _mended(member) for name, member in value.items()}
    return value


def _from_json(text: str) -> Any:
    return _read(text)[0]


def _must_from_json(text: str) -> Any:
    value, fault = _read(text)
    if fault is not None:
        raise FunctionError(fault)
    return value


FUNCTIONS = {
    "fromJson": declare("func(string) any", _from_json),
    "mustFromJson": declare("func(string) (any, error)", _must_from_json),
}
