"""The functions that every template has, but `and` and `or`, which look at their arguments one by one."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from events.languages.go_bytes import to_bytes, to_text
from events.languages.go_template.comparison import COMPARISONS
from events.languages.go_template.escapes import ESCAPES
from events.languages.go_template.functions import FunctionError, declare
from events.languages.go_template.plain import sprint, sprintln
from events.languages.go_template.printf import sprintf
from events.languages.go_values import NO_VALUE, StringMap, Uint8, kind_of, type_name


def _position(index: Any, capacity: int) -> int:
    """A whole number as an index up to `capacity`."""
    if index is None or index is NO_VALUE:
        raise FunctionError("cannot index slice/array with nil")
    if not isinstance(index, int) or isinstance(index, bool):
        raise FunctionError(f"cannot index slice/array with type {type_name(index)}")
    if not 0 <= index <= capacity:
        raise FunctionError(f"index out of range: {int(index)}")
    return int(index)


def _index(item: Any, *indexes: Any) -> Any:
    """Go's `item[index][index]`; a missing member is the zero value of its type."""
    if item is None or item is NO_VALUE:
        raise FunctionError("index of untyped nil")
    for index in indexes:
        if item is None:
            raise FunctionError("index of nil pointer")
        item = _member(item, index)
    return item


def _member(item: Any, index: Any) -> Any:
    if isinstance(item, dict):
        if isinstance(index, str):
            return item.get(index, "" if isinstance(item, StringMap) else None)
        if index is None or index is NO_VALUE:
            raise FunctionError("value is nil; should be of type string")
        raise FunctionError(f"value has type {type_name(index)}; should be string")
    if isinstance(item, (list, str, bytes)):
        elements = to_bytes(item) if isinstance(item, str) else item
        position = _position(index, len(elements))
        if position == len(elements):
            raise FunctionError(
                f"reflect: {'string' if isinstance(item, str) else 'slice'} index out of range"
            )
        return elements[position] if isinstance(item, list) else Uint8(elements[position])
    raise FunctionError(f"can't index item of type {type_name(item)}")


def _slice(item: Any, *indexes: Any) -> Any:
    """Go's `item[from:to:max]`."""
    if item is None or item is NO_VALUE:
        raise FunctionError("slice of untyped nil")
    if len(indexes) > 3:
        raise FunctionError(f"too many slice indexes: {len(indexes)}")
    if not isinstance(item, (list, str, bytes)):
        raise FunctionError(f"can't slice item of type {type_name(item)}")
    if isinstance(item, str) and len(indexes) == 3:
        raise FunctionError("cannot 3-index slice a string")
    elements = to_bytes(item) if isinstance(item, str) else item
    places = [_position(index, len(elements)) for index in indexes]
    bounds = places + [0, len(elements)][len(places) :]
    for low, high in pairwise(bounds):
        if low > high:
            raise FunctionError(f"invalid slice index: {low} > {high}")
    part = elements[bounds[0] : bounds[1]]
    if isinstance(item, str):
        return to_text(bytes(part))
    return type(item)(part)


def _length(item: Any) -> int:
    if item is None:
        raise FunctionError("len of nil pointer")
    if item is NO_VALUE:
        raise FunctionError("reflect: call of reflect.Value.Type on zero Value")
    if isinstance(item, str):
        return len(item) if item.isascii() else len(to_bytes(item))
    if kind_of(item) in ("slice", "map"):
        return len(item)
    raise FunctionError(f"len of type {type_name(item)}")


def call(name: str | None, function: Any) -> Any:
    """The function `call`: data holds no functions, so it always fails.

    `name` is the text of the argument, None for a value from the pipeline.
    """
    if function is None or function is NO_VALUE:
        raise FunctionError("call of nil")
    if name is None:
        name = function if isinstance(function, str) else f"<{type_name(function)} Value>"
    raise FunctionError(f"non-function {name} of type {type_name(function)}")


BUILTINS = {
    **COMPARISONS,
    **ESCAPES,
    "and": declare("func(reflect.Value, ...reflect.Value) reflect.Value", lambda *_: None),
    "or": declare("func(reflect.Value, ...reflect.Value) reflect.Value", lambda *_: None),
    "call": declare("func(reflect.Value, ...reflect.Value) (reflect.Value, error)", lambda *_: None),
    "index": declare("func(reflect.Value, ...reflect.Value) (reflect.Value, error)", _index),
    "slice": declare("func(reflect.Value, ...reflect.Value) (reflect.Value, error)", _slice),
    "len": declare("func(reflect.Value) (int, error)", _length),
    "not": declare("func(reflect.Value) bool", lambda value: not value),
    "print": declare("func(...any) string", lambda *values: sprint(values)),
    "printf": declare("func(string, ...any) string", lambda text, *values: sprintf(text, values)),
    "println": declare("func(...any) string", lambda *values: sprintln(values)),
}
"""The functions by name; of `and`, `or` and `call` the engine uses the signature only."""
