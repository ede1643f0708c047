"""Functions of jq on values."""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from events.languages.jq import access, arithmetic, dates
from events.languages.jq.access import delete_paths, elements, index, set_path
from events.languages.jq.encoding import encode, type_name
from events.languages.jq.errors import Failure, Halted, JqError, cannot_apply, expected, failed_on
from events.languages.jq.formats import format_named, text_of
from events.languages.jq.values import (
    add,
    as_float,
    as_int,
    compare,
    equal,
    is_number,
    multiply,
    order,
    sorted_values,
    split,
    truth,
)

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_SPACE = (
    " \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Go takes for white space."""
_UPPER = str.maketrans({chr(letter): chr(letter - 32) for letter in range(97, 123)})
_LOWER = str.maketrans({chr(letter): chr(letter + 32) for letter in range(65, 91)})
_MAX_DIGITS = 4000


def _length(value: Any) -> Any:
    if value is None:
        return 0
    if is_number(value):
        return abs(value)
    if isinstance(value, str | list | dict):
        return len(value)
    raise cannot_apply("length", value)


def _absolute(value: Any) -> Any:
    if not is_number(value):
        raise cannot_apply("abs", value)
    return abs(value)


def _byte_length(value: Any) -> int:
    if not isinstance(value, str):
        raise cannot_apply("utf8bytelength", value)
    return len(value.encode())


def _keys(value: Any) -> list[Any]:
    if isinstance(value, list):
        return list(range(len(value)))
    if isinstance(value, dict):
        return sorted(value)
    raise cannot_apply("keys", value)


def has(value: Any, key: Any) -> bool:
    """`has(KEY)`."""
    if isinstance(value, list) and is_number(key):
        return 0 <= as_int(key) < len(value)
    if isinstance(value, dict) and isinstance(key, str):
        return key in value
    if value is None:
        return False
    raise cannot_apply("has", value, key)


def sum_of(values: Iterable[Any]) -> Any:
    """`add`: the values added one after another; texts and lists in linear time."""
    total: Any = None
    parts: list[Any] = []
    kind: type | None = None
    for each in values:
        if each is None:
            continue
        if type(each) is kind:
            parts.append(each)
            continue
        total = _added(total, kind, parts)
        kind, parts = type(each), []
        if total is None and kind in {str, list, dict}:
            parts.append(each)
        else:
            total, kind = add(total, each), None
    return _added(total, kind, parts)


def _added(total: Any, kind: type | None, parts: list[Any]) -> Any:
    if not parts:
        return total
    if kind is str:
        return "".join(parts)
    if kind is list:
        return [each for part in parts for each in part]
    merged: dict[str, Any] = {}
    for part in parts:
        merged.update(part)
    return merged


def _add(value: Any) -> Any:
    if not isinstance(value, list | dict):
        raise cannot_apply("add", value)
    return sum_of(elements(value))


def _to_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise cannot_apply("toboolean", value)
    if value not in {"true", "false"}:
        raise failed_on("toboolean", value, "invalid boolean")
    return value == "true"


def _to_number(value: Any) -> Any:
    if is_number(value):
        return value
    if not isinstance(value, str):
        raise cannot_apply("tonumber", value)
    if not _NUMBER.fullmatch(value):
        raise failed_on("tonumber", value, "invalid number")
    if set(value) & set(".eE"):
        return float(value)
    return int(value) if len(value) <= _MAX_DIGITS else float(value)


def _reverse(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise cannot_apply("reverse", value)
    return value[::-1]


def _contains(value: Any, part: Any) -> bool:
    if is_number(value) and is_number(part):
        # NaN is not even in itself here.
        return bool(value == part)
    if isinstance(value, str) and isinstance(part, str):
        return part in value
    if isinstance(value, list) and isinstance(part, list):
        return all(any(_may_contain(each, wanted) for each in value) for wanted in part)
    if isinstance(value, dict) and isinstance(part, dict):
        return len(value) >= len(part) and all(
            name in value and _may_contain(value[name], wanted) for name, wanted in part.items()
        )
    if type(value) is type(part) and value == part:
        return True
    raise cannot_apply("contains", value, part)


def _may_contain(value: Any, part: Any) -> bool:
    try:
        return _contains(value, part)
    except Failure:
        return False


def _indices(name: str, pick: Callable[[list[int]], Any]) -> Callable[[Any, Any], Any]:
    def find(value: Any, wanted: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, list):
            return pick(access.indices(value, wanted if isinstance(wanted, list) else [wanted]))
        if isinstance(value, str) and isinstance(wanted, str):
            return pick(access.indices(value, wanted))
        raise cannot_apply(name, value, wanted)

    return find


def _text_test(name: str, apply: Callable[[str, str], Any]) -> Callable[[Any, Any], Any]:
    def test(value: Any, argument: Any) -> Any:
        if not isinstance(value, str) or not isinstance(argument, str):
            raise cannot_apply(name, value, argument)
        return apply(value, argument)

    return test


def _text_change(name: str, apply: Callable[[str], Any]) -> Callable[[Any], Any]:
    def change(value: Any) -> Any:
        if not isinstance(value, str):
            raise cannot_apply(name, value)
        return apply(value)

    return change


def _trim_both(text: str, part: str) -> str:
    return text.removeprefix(part).removesuffix(part)


def _implode(value: Any) -> str:
    if not isinstance(value, list) or not all(is_number(each) for each in value):
        raise cannot_apply("implode", value)
    return "".join(_character(as_int(each)) for each in value)


def _character(code: int) -> str:
    is_character = 0 <= code <= sys.maxunicode and not 0xD800 <= code <= 0xDFFF
    return chr(code) if is_character else "\ufffd"


def _split(value: Any, separator: Any) -> list[str]:
    for each in (value, separator):
        if not isinstance(each, str):
            raise cannot_apply("split", each)
    return split(value, separator)


def _join(value: Any, separator: Any) -> Any:
    if not isinstance(value, list | dict):
        raise cannot_apply("join", value, separator)
    members = elements(value)
    if not members:
        return ""
    parts: list[Any] = []
    for place, each in enumerate(members):
        parts.append(separator if place else "")
        parts.append(encode(each) if isinstance(each, bool | int | float) else each)
    return sum_of(parts)


def _from_json(value: Any) -> Any:
    if not isinstance(value, str):
        raise cannot_apply("fromjson", value)
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        if error.msg.startswith("unexpected content after document"):
            raise cannot_apply("fromjson", value) from None
        raise failed_on("fromjson", value, f"invalid JSON: {error}") from None


def _flatten(value: Any, depth: Any = -1) -> list[Any]:
    if not isinstance(value, list | dict):
        raise cannot_apply("flatten", value)
    if not is_number(depth):
        raise cannot_apply("flatten", depth)
    return _flattened(elements(value), as_float(depth))


def _flatten_to(value: Any, depth: Any) -> list[Any]:
    if isinstance(value, list | dict) and is_number(depth) and compare(depth, 0) < 0:
        raise Failure(f"flatten depth should not be negative: {encode(depth)}")
    return _flatten(value, depth)


def _flattened(values: list[Any], depth: float) -> list[Any]:
    flat: list[Any] = []
    for each in values:
        if isinstance(each, list) and depth != 0:
            flat += _flattened(each, depth - 1)
        else:
            flat.append(each)
    return flat


def _of_list(name: str, apply: Callable[[list[Any]], Any]) -> Callable[[Any], Any]:
    def of_list(value: Any) -> Any:
        if not isinstance(value, list):
            raise cannot_apply(name, value)
        return apply(value)

    return of_list


def _extreme(values: list[Any], keys: list[Any], sign: int) -> Any:
    """The first of the least, or the last of the greatest."""
    if not values:
        return None
    best = 0
    for place in range(1, len(values)):
        if (compare(keys[best], keys[place]) > 0) == (sign < 0):
            best = place
    return values[best]


def _sorted_by(values: list[Any], keys: list[Any]) -> list[tuple[Any, Any]]:
    return sorted(zip(keys, values, strict=True), key=lambda pair: order(pair[0]))


def _grouped(values: list[Any], keys: list[Any]) -> list[list[Any]]:
    groups: list[list[Any]] = []
    last: Any = None
    for key, value in _sorted_by(values, keys):
        if not groups or not equal(last, key):
            groups.append([])
            last = key
        groups[-1].append(value)
    return groups


_KEYED: dict[str, Callable[[list[Any], list[Any]], Any]] = {
    "sort_by": lambda values, keys: [value for _key, value in _sorted_by(values, keys)],
    "group_by": _grouped,
    "unique_by": lambda values, keys: [group[0] for group in _grouped(values, keys)],
    "min_by": lambda values, keys: _extreme(values, keys, -1),
    "max_by": lambda values, keys: _extreme(values, keys, 1),
}


def _keyed(value: Any, name: str, keys: Any) -> Any:
    if not isinstance(value, list):
        raise cannot_apply(name, value, keys)
    return _KEYED[name](value, keys)


def _transpose(value: Any) -> list[Any]:
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise cannot_apply("transpose", value)
    width = max((len(row) for row in value), default=0)
    return [[row[column] if column < len(row) else None for row in value] for column in range(width)]


def _binary_search(value: Any, wanted: Any) -> int:
    if not isinstance(value, list):
        raise cannot_apply("bsearch", value, wanted)
    at = bisect_left(value, order(wanted), key=order)
    return at if at < len(value) and equal(value[at], wanted) else -at - 1


def to_entries(value: Any) -> list[Any]:
    """`to_entries`."""
    return [{"key": key, "value": index(value, key)} for key in _keys(value)]


def from_entries(value: Any) -> Any:
    """`from_entries`: `key`, `Key`, `name`, `Name`; `value`, `Value`."""
    made: dict[str, Any] = {}
    for entry in elements(value):
        key: Any = None
        for name in ("key", "Key", "name", "Name"):
            key = index(entry, name)
            if truth(key):
                break
        member = index(entry, "value") if has(entry, "value") else index(entry, "Value")
        if not isinstance(key, str):
            raise expected("a string for object key", key)
        made[key] = member
    return made


def _halt_error(value: Any, code: Any = 5) -> Any:
    if not is_number(code):
        raise cannot_apply("halt_error", code)
    raise Halted(value)


def _halt(_value: Any) -> Any:
    raise Halted


FUNCTIONS: dict[tuple[str, int], Callable[..., Any]] = {
    ("length", 0): _length,
    ("abs", 0): _absolute,
    ("utf8bytelength", 0): _byte_length,
    ("keys", 0): _keys,
    ("has", 1): has,
    ("add", 0): _add,
    ("toboolean", 0): _to_boolean,
    ("tonumber", 0): _to_number,
    ("tostring", 0): text_of,
    ("tojson", 0): encode,
    ("fromjson", 0): _from_json,
    ("type", 0): type_name,
    ("format", 1): format_named,
    ("reverse", 0): _reverse,
    ("contains", 1): _contains,
    ("inside", 1): lambda value, whole: _contains(whole, value),
    ("indices", 1): _indices("indices", lambda found: found),
    ("index", 1): _indices("index", lambda found: found[0] if found else None),
    ("rindex", 1): _indices("rindex", lambda found: found[-1] if found else None),
    ("startswith", 1): _text_test("startswith", str.startswith),
    ("endswith", 1): _text_test("endswith", str.endswith),
    ("ltrimstr", 1): _text_test("ltrimstr", str.removeprefix),
    ("rtrimstr", 1): _text_test("rtrimstr", str.removesuffix),
    ("trimstr", 1): _text_test("trimstr", _trim_both),
    ("ltrim", 0): _text_change("ltrim", lambda text: text.lstrip(_SPACE)),
    ("rtrim", 0): _text_change("rtrim", lambda text: text.rstrip(_SPACE)),
    ("trim", 0): _text_change("trim", lambda text: text.strip(_SPACE)),
    ("explode", 0): _text_change("explode", lambda text: [ord(each) for each in text]),
    ("implode", 0): _implode,
    ("split", 1): _split,
    ("join", 1): _join,
    ("ascii_downcase", 0): _text_change("ascii_downcase", lambda text: text.translate(_LOWER)),
    ("ascii_upcase", 0): _text_change("ascii_upcase", lambda text: text.translate(_UPPER)),
    ("flatten", 0): _flatten,
    ("flatten", 1): _flatten_to,
    ("min", 0): _of_list("min", lambda values: _extreme(values, values, -1)),
    ("max", 0): _of_list("max", lambda values: _extreme(values, values, 1)),
    ("sort", 0): _of_list("sort", sorted_values),
    ("unique", 0): _of_list("unique", lambda values: [group[0] for group in _grouped(values, values)]),
    ("_keyed", 2): _keyed,
    ("setpath", 2): set_path,
    ("delpaths", 1): delete_paths,
    ("transpose", 0): _transpose,
    ("bsearch", 1): _binary_search,
    ("to_entries", 0): to_entries,
    ("from_entries", 0): from_entries,
    ("halt", 0): _halt,
    ("halt_error", 0): _halt_error,
    ("halt_error", 1): _halt_error,
    **dates.FUNCTIONS,
    **arithmetic.FUNCTIONS,
}
"""By name and number of arguments; called with the input and the values of the arguments."""

__all__ = ["FUNCTIONS", "JqError", "from_entries", "has", "multiply", "sum_of", "to_entries"]
