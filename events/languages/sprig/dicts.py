"""Dictionaries: `map[string]any`. A nil map reads as an empty one; `set` and `unset` change theirs.

Go hands out `keys` and `values` in a new random order each time; here it is that of the sorted keys.
"""

from __future__ import annotations

from typing import Any

from events.languages.go_template.functions import FunctionError, declare
from events.languages.go_values import type_name
from events.languages.sprig.bounds import Walk, check_elements
from events.languages.sprig.nil_values import NIL_MAP, is_nil
from events.languages.sprig.strings import strval

_Map = dict[str, Any] | None


def _dict(*pairs: Any) -> dict[str, Any]:
    values = [*pairs[1::2], ""]  # a key without a value has the empty text
    return {strval(key): value for key, value in zip(pairs[::2], values, strict=False)}


def _get(members: _Map, key: str) -> Any:
    return (members or {}).get(key, "")


def _set(members: _Map, key: str, value: Any) -> dict[str, Any]:
    if members is None or is_nil(members):
        raise FunctionError("assignment to entry in nil map")
    members[key] = value
    return members


def _unset(members: _Map, key: str) -> dict[str, Any]:
    if members is None:
        return NIL_MAP
    members.pop(key, None)
    return members


def _has_key(members: _Map, key: str) -> bool:
    return key in (members or {})


def _pluck(key: str, *maps: _Map) -> list[Any]:
    return [members[key] for members in maps if members is not None and key in members]


def _keys(*maps: _Map) -> list[str]:
    check_elements(sum(len(members or {}) for members in maps))
    return [key for members in maps for key in sorted(members or {})]


def _values(members: _Map) -> list[Any]:
    known = members or {}
    return [known[key] for key in sorted(known)]


def _pick(members: _Map, *keys: str) -> dict[str, Any]:
    known = members or {}
    return {key: known[key] for key in keys if key in known}


def _omit(members: _Map, *keys: str) -> dict[str, Any]:
    return {key: value for key, value in (members or {}).items() if key not in keys}


def _asserted(value: Any, wanted: str) -> Any:
    """A value of the wanted type; Go's `x.(T)`."""
    found = type_name(value)
    if found != wanted:
        have = "nil" if value is None else found
        raise FunctionError(f"interface conversion: interface {{}} is {have}, not {wanted}")
    return value


def _dig(*arguments: Any) -> Any:
    """What stands at a path of keys: `dig "a" "b" DEFAULT MAP`."""
    if len(arguments) < 3:
        raise FunctionError("dig needs at least three arguments")
    *path, default, members = arguments
    found = _asserted(members, "map[string]interface {}")
    keys = [_asserted(key, "string") for key in path]
    for key in keys[:-1]:
        if key not in found:
            return default
        found = _asserted(found[key], "map[string]interface {}")
    return found.get(keys[-1], default)


def _deep_copy(value: Any) -> Any:
    if value is None:
        raise FunctionError("reflect: call of reflect.Value.Type on zero Value")
    return _copied(value, Walk(), 0)


def _copied(value: Any, walk: Walk, depth: int) -> Any:
    walk.step(depth)
    if is_nil(value):
        return value
    if isinstance(value, dict):
        return type(value)((name, _copied(member, walk, depth + 1)) for name, member in value.items())
    if isinstance(value, list):
        return type(value)(_copied(element, walk, depth + 1) for element in value)
    return value


FUNCTIONS = {
    "dict": declare("func(...any) map[string]any", _dict),
    "get": declare("func(map[string]any, string) any", _get),
    "set": declare("func(map[string]any, string, any) map[string]any", _set, mutates=True),
    "unset": declare("func(map[string]any, string) map[string]any", _unset, mutates=True),
    "hasKey": declare("func(map[string]any, string) bool", _has_key),
    "pluck": declare("func(string, ...map[string]any) []any", _pluck),
    "keys": declare("func(...map[string]any) []string", _keys),
    "values": declare("func(map[string]any) []any", _values),
    "pick": declare("func(map[string]any, ...string) map[string]any", _pick),
    "omit": declare("func(map[string]any, ...string) map[string]any", _omit),
    "dig": declare("func(...any) (any, error)", _dig),
    "deepCopy": declare("func(any) any", _deep_copy),
    "mustDeepCopy": declare("func(any) (any, error)", _deep_copy),
}
