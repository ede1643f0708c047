"""Reaching into values, and writing and deleting at a path. Values are never changed in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from events.languages.jq.encoding import preview
from events.languages.jq.errors import Failure, cannot_apply, expected, failed_on, told
from events.languages.jq.values import as_int, as_int_up, equal, is_number

MAX_INDEX = 0x20000000
_MAX_GROWTH = 1 << 22
"""Elements that writing beyond the end of an array may add: more would be a way to fill the memory at once."""


class _Gone:
    """Stands where something was deleted, until all deletions are done: indices must not move meanwhile."""


_GONE = _Gone()


def elements(value: Any) -> list[Any]:
    """What `.[]` gives: members of an object in the order of their names."""
    if type(value) is list:
        return value
    if type(value) is dict:
        return [value[name] for name in sorted(value)]
    raise Failure(f"cannot iterate over: {told(value)}")


def entries(value: Any) -> list[tuple[Any, Any]]:
    """Keys and what `.[]` gives."""
    if type(value) is list:
        return list(enumerate(value))
    if type(value) is dict:
        return [(name, value[name]) for name in sorted(value)]
    raise Failure(f"cannot iterate over: {told(value)}")


def index(value: Any, key: Any) -> Any:
    """`.[KEY]`."""
    if type(key) is str:
        if type(value) is dict:
            return value.get(key)
        if value is None:
            return None
        raise expected("an object", value)
    if is_number(key):
        return _index_by_number(value, as_int(key))
    return None if value is None and type(key) in {list, dict} else _index_by_other(value, key)


def _index_by_other(value: Any, key: Any) -> Any:
    if type(key) is list:
        if type(value) is list:
            return indices(value, key)
        raise expected("an array", value)
    if type(key) is dict:
        start, end = _bounds(key)
        return slice_of(value, start, end)
    if type(value) is list:
        raise expected("a number for indexing an array", key)
    if type(value) is str:
        raise expected("a number for indexing a string", key)
    raise expected("a string for object key", key)


def _index_by_number(value: Any, position: int) -> Any:
    if value is None:
        return None
    if type(value) not in {list, str}:
        raise expected("an array", value)
    if position < 0:
        position += len(value)
    return value[position] if 0 <= position < len(value) else None


def _bounds(key: dict[str, Any]) -> tuple[Any, Any]:
    if "start" not in key or "end" not in key:
        raise Failure(f'expected "start" and "end" for slicing but got: {told(key)}')
    return key["start"], key["end"]


def slice_of(value: Any, start: Any, end: Any) -> Any:
    """`.[START:END]`."""
    if value is None:
        return None
    if type(value) not in {list, str}:
        raise expected("an array", value)
    first, last = _range(start, end, value)
    return value[first:last]


def _range(start: Any, end: Any, value: Sequence[Any]) -> tuple[int, int]:
    kind = "a string" if isinstance(value, str) else "an array"
    for bound in (start, end):
        if bound is not None and not is_number(bound):
            raise expected(f"a number for indexing {kind}", bound)
    size = len(value)
    first = 0 if start is None else _clamp(as_int(start), 0, size)
    last = size if end is None else _clamp(as_int_up(end), first, size)
    return first, last


def _clamp(position: int, lowest: int, size: int) -> int:
    if position < 0:
        position += size
    return min(max(position, lowest), size)


def indices(value: Sequence[Any], wanted: Sequence[Any]) -> list[Any]:
    """Where `wanted` begins in `value`."""
    if not wanted:
        return []
    if isinstance(value, str):
        found, at = [], value.find(str(wanted))
        while at >= 0:
            found.append(at)
            at = value.find(str(wanted), at + 1)
        return found
    size = len(wanted)
    return [at for at in range(len(value) - size + 1) if equal(value[at : at + size], wanted)]


def get_path(value: Any, path: Any) -> Any:
    """`getpath(PATH)`."""
    if type(path) is not list:
        raise cannot_apply("getpath", value, path)
    at = value
    for key in path:
        if at is not None and type(at) not in {list, dict}:
            raise cannot_apply("getpath", value, path)
        try:
            at = index(at, key)
        except Failure as failure:
            raise failed_on("getpath", value, str(failure), path) from None
    return at


def set_path(value: Any, path: Any, new: Any) -> Any:
    """`setpath(PATH; NEW)`."""
    if type(path) is not list:
        raise cannot_apply("setpath", value, path)
    try:
        return _write(value, path, 0, new)
    except Failure as failure:
        raise failed_on("setpath", value, str(failure), path, new) from None


def delete_paths(value: Any, paths: Any) -> Any:
    """`delpaths(PATHS)`."""
    if type(paths) is not list:
        raise cannot_apply("delpaths", value, paths)
    if not paths:
        return value
    at = value
    for path in paths:
        try:
            if type(path) is not list:
                raise expected("an array", path)
            at = _write(at, path, 0, _GONE)
        except Failure as failure:
            raise failed_on("delpaths", value, str(failure), paths) from None
    return value if at is value else _without_gone(at)


def _write(value: Any, path: list[Any], depth: int, new: Any) -> Any:
    if depth == len(path):
        return new
    if value is _GONE:
        return value
    key = path[depth]
    if type(key) is str:
        if value is not None and type(value) is not dict:
            raise expected("an object", value)
        return _write_member(value, key, path, depth, new)
    if is_number(key):
        if value is not None and type(value) is not list:
            raise expected("an array", value)
        return _write_element(value, as_int(key), path, depth, new)
    if type(key) is dict:
        if value is not None and type(value) is not list:
            raise expected("an array", value)
        return _write_slice(value, key, path, depth, new)
    what = "a number for indexing an array" if type(value) is list else "a string for object key"
    raise expected(what, key)


def _write_member(value: Any, key: str, path: list[Any], depth: int, new: Any) -> Any:
    if new is _GONE and (value is None or key not in value):
        return value
    members = dict(value or ())
    members[key] = _write(members.get(key), path, depth + 1, new)
    return members


def _write_element(value: Any, position: int, path: list[Any], depth: int, new: Any) -> Any:
    size = len(value or ())
    at = position + size if position < 0 else position
    if not 0 <= at < size:
        if new is _GONE:
            return value
        if at < 0:
            raise Failure(f"array index should not be negative: {preview(position)}")
        if at >= MAX_INDEX or at - size > _MAX_GROWTH:
            raise Failure(f"array index too large: {preview(position)}")
    old = value[at] if at < size else None
    written = _write(old, path, depth + 1, new)
    members = list(value or ())
    if at >= size:
        members += [None] * (at + 1 - size)
    members[at] = written
    return members


def _write_slice(value: Any, key: dict[str, Any], path: list[Any], depth: int, new: Any) -> Any:
    members = value or []
    first, last = _range(*_bounds(key), members)
    if first == last and new is _GONE:
        return value
    written = _write(members[first:last], path, depth + 1, new)
    if written is _GONE:
        written = [_GONE] * (last - first)
    elif type(written) is not list:
        raise expected("an array", written)
    return members[:first] + written + members[last:]


def _without_gone(value: Any) -> Any:
    if value is _GONE:
        return None
    if type(value) is dict:
        return {name: _without_gone(each) for name, each in value.items() if each is not _GONE}
    if type(value) is list:
        return [_without_gone(each) for each in value if each is not _GONE]
    return value
