"""JSON as Go's encoding/json reads and writes it, for programs that get an event's data and give new data.

Reading gives None, bool, int, float, str, list and dict. Numbers are float64 upstream; an integer that float64 holds
exactly stays an int here, since both print alike, unless the caller is about to calculate with it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from events.errors import KikkakeError
from events.languages.gjson import Document, PathError, compile_path
from events.languages.go_numbers import format_float

MAX_EXACT = 2**53
"""Integers up to here are float64 values."""
MAX_DEPTH = 1000
"""Of what is written; Go reads 10,000 levels."""

_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_MINUS_ZERO = re.compile(rb"-0(?![0-9.eE])")
"""The one integer whose sign Go prints and Python drops."""
_LONG_NUMBER = b"0" * 16
"""In a text whose digits are zeros: sixteen digits, from which on float64 loses some."""
_WHOLE = compile_path("@this")
_GO_ESCAPES = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
)
_EXPONENT = re.compile(rb"e[-+]?[0-9]")
"""How orjson writes exponents; words match by accident."""


class NotJson(KikkakeError):
    """Data that cannot be read, or a value that cannot be written."""


def read_json(data: bytes, *, as_floats: bool) -> Any:
    """The value of `data`. With `as_floats` every number is a float. Raises NotJson."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _read_leniently(data)
    if _MINUS_ZERO.search(data):
        value = _with_minus_zero(data, value)
    if as_floats or _LONG_NUMBER in data.translate(_AS_ZEROS):
        return _floats(value, whole=as_floats)
    return value


def _with_minus_zero(data: bytes, value: Any) -> Any:
    try:
        return json.loads(data, parse_int=_integer)
    except RecursionError:  # some hundred levels deep: orjson goes further
        return value


def _integer(text: str) -> int | float:
    return -0.0 if text == "-0" else int(text)


def _read_leniently(data: bytes) -> Any:
    """What orjson refuses and Go takes: bytes that are no UTF-8, halves of surrogate pairs, more depth."""
    document = Document(data)
    if not document.is_valid():
        raise NotJson("the data is not JSON")
    try:
        value = _WHOLE.get(document).value()
        if _is_finite(value):
            return value
    except (RecursionError, PathError):
        raise NotJson(f"the data is nested deeper than {MAX_DEPTH} levels") from None
    raise NotJson("a number of the data is beyond float64")


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(_is_finite(each) for each in value)
    return not isinstance(value, dict) or all(_is_finite(each) for each in value.values())


def _floats(value: Any, *, whole: bool) -> Any:
    """Integers as float64, in place: all of them, or those that lose digits."""
    members: Iterable[tuple[Any, Any]]
    if type(value) is dict:
        members = value.items()
    elif type(value) is list:
        members = enumerate(value)
    else:
        return float(value) if _becomes_float(value, whole=whole) else value
    for key, member in members:
        if type(member) is int:
            if _becomes_float(member, whole=whole):
                value[key] = float(member)
        elif type(member) in _WITH_FLOATS:
            _floats(member, whole=whole)
    return value


def _becomes_float(value: Any, *, whole: bool) -> bool:
    return type(value) is int and (whole or not -MAX_EXACT <= value <= MAX_EXACT)


def write_json(value: Any, *, is_finite: bool = False) -> bytes:
    """Compact, keys sorted, `<`, `>`, `&` and the two line separators escaped. Raises NotJson.

    `is_finite` promises that no infinity and no NaN is in the value, which saves looking for them.
    """
    return escape(compact_json(value, write_float, is_finite=is_finite))


def escape(text: bytes) -> bytes:
    """JSON with `<`, `>`, `&` and the two line separators escaped, as Go's encoder writes it."""
    for plain, escaped in _GO_ESCAPES:
        if plain in text:
            text = text.replace(plain, escaped)
    return text


def compact_json(value: Any, number: Callable[[float], bytes], *, is_finite: bool = False) -> bytes:
    """Compact, keys sorted, floats as `number` writes them. Raises NotJson."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        # orjson writes whole floats with `.0`, other exponents than Go, and as null what is not finite.
        is_plain = not (b".0" in text or _EXPONENT.search(text) or (not is_finite and b"null" in text))
        if is_plain or _is_written_alike(value):
            return text
        return orjson.dumps(_with_whole_numbers(value), option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):
        # An integer beyond 64 bits, a text that is no Unicode, a number that is written otherwise, or much depth.
        return _compact_slowly(value, number)
    except RecursionError:
        raise NotJson(f"the result is nested deeper than {MAX_DEPTH} levels") from None


def _is_written_alike(value: Any) -> bool:
    """Whether orjson writes it as Go does."""
    kind = type(value)
    if kind is float:
        return 1e-4 <= abs(value) < 1e15 and not value.is_integer()
    if kind is dict:
        return all(_is_written_alike(each) for each in value.values() if type(each) in _WITH_FLOATS)
    return kind is not list or all(_is_written_alike(each) for each in value if type(each) in _WITH_FLOATS)


_WITH_FLOATS = frozenset({float, list, dict})


def _with_whole_numbers(value: Any) -> Any:
    """The value with integers for whole floats. Raises ValueError at a float that needs more care than that."""
    kind = type(value)
    if kind is float:
        if value.is_integer() and abs(value) <= MAX_EXACT and (value or math.copysign(1, value) > 0):
            return int(value)
        if _is_written_alike(value):
            return value
        raise ValueError
    if kind is dict:
        return {
            name: _with_whole_numbers(each) if type(each) in _WITH_FLOATS else each
            for name, each in value.items()
        }
    if kind is list:
        return [_with_whole_numbers(each) if type(each) in _WITH_FLOATS else each for each in value]
    return value


def _compact_slowly(value: Any, number: Callable[[float], bytes]) -> bytes:
    pieces: list[bytes] = []
    try:
        _write(value, number, pieces)
    except RecursionError:
        raise NotJson(f"the result is nested deeper than {MAX_DEPTH} levels") from None
    return b"".join(pieces)


def _write(value: Any, number: Callable[[float], bytes], pieces: list[bytes]) -> None:
    if isinstance(value, dict):
        separator = b"{"
        for name in sorted(value):
            pieces.append(separator + _write_text(name) + b":")
            _write(value[name], number, pieces)
            separator = b","
        pieces.append(b"}" if value else b"{}")
    elif isinstance(value, list):
        separator = b"["
        for member in value:
            pieces.append(separator)
            _write(member, number, pieces)
            separator = b","
        pieces.append(b"]" if value else b"[]")
    elif isinstance(value, str):
        pieces.append(_write_text(value))
    elif isinstance(value, float):
        pieces.append(number(value))
    elif value is None or isinstance(value, bool):
        pieces.append(orjson.dumps(value))
    else:
        pieces.append(str(value).encode())


def _write_text(text: str) -> bytes:
    try:
        return orjson.dumps(text)
    except TypeError:
        return orjson.dumps(text.encode("utf-8", "replace").decode())


def write_float(number: float) -> bytes:
    """A float64 as Go writes it: with an exponent only below 1e-6 and from 1e21 on. Raises NotJson."""
    if not math.isfinite(number):
        raise NotJson(f"json: unsupported value: {format_float(number)}")
    size = abs(number)
    if size == 0 or 1e-6 <= size < 1e21:
        return format_float(number).encode()
    # Python writes exponents in that range too, with two digits; Go leaves a zero away after the minus.
    return repr(number).replace("e-0", "e-").encode()
