"""Reading members, slicing, `in`, and equality, as Go's reflection does them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from events.languages.expr.errors import Fault
from events.languages.expr.methods import BoundMethod, methods_of
from events.languages.expr.printing import shown
from events.languages.expr.values import (
    FUNCTIONS,
    MAX_LOOKED_AT,
    NUMBERS,
    SLICES,
    AnyMap,
    Entry,
    KeySet,
    NilList,
    as_bytes,
    from_bytes,
    is_nil,
    kind,
    to_int,
    type_of,
)
from events.languages.go_values import GoTime, IntList, StringMap, Uint8


def length(value: Any) -> int | None:
    """Of a text (in bytes), a list or a map; None of what has none."""
    found = type(value)
    if found is str:
        return len(value) if value.isascii() else len(as_bytes(value))
    if found in SLICES or found is dict or found is StringMap:
        return len(value)
    if found is AnyMap:
        return len(value.members)
    return len(value.keys) if found is KeySet else None


def fetch(base: Any, wanted: Any) -> Any:
    """`base[wanted]`. Raises Fault."""
    found = type(base)
    if found is dict or found is StringMap:
        if type(wanted) is str:
            return base.get(wanted, "" if found is StringMap else None)
        if wanted is None:
            return base.get("", "" if found is StringMap else None)
        raise Fault(
            f"reflect.Value.MapIndex: value of type {type_of(wanted)} is not assignable to type string"
        )
    if found in SLICES:
        return _element(base, wanted)
    if found is str:
        return _byte(base, to_int(wanted))
    if found is AnyMap:
        return _member(base, wanted)
    return _method(base, wanted)


def _element(base: Sequence[Any], wanted: Any) -> Any:
    index = to_int(wanted)
    size = len(base)
    if index < 0:
        index += size
    if not 0 <= index < size:
        raise Fault(f"reflect: {'array' if type(base) is Entry else 'slice'} index out of range")
    return base[index] if type(base) is not bytes else Uint8(base[index])


def _byte(text: str, index: int) -> Uint8:
    raw = as_bytes(text)
    if index < 0:
        index += len(raw)
    if not 0 <= index < len(raw):
        raise Fault("reflect: string index out of range")
    return Uint8(raw[index])


def key_of(value: Any) -> object:
    """What a key of a map with keys of any type is found by. Raises Fault for what cannot be a key."""
    if kind(value) in {"slice", "map", "func"}:
        raise Fault(f"runtime error: hash of unhashable type {type_of(value)}")
    if type(value) is float and math.isnan(value):
        return object()  # is equal to nothing, not even to itself
    return type(value), tuple(map(key_of, value)) if type(value) is Entry else value


def _member(base: AnyMap, wanted: Any) -> Any:
    found = base.members.get(key_of(wanted))
    if found is not None:
        return found[1]
    return NilList() if base.holds_lists else None


def _method(base: Any, wanted: Any) -> Any:
    if base is not None and type(wanted) is str:
        method = methods_of(type_of(base)).get(wanted)
        if method is not None:
            return BoundMethod(base, method)
    named = shown(wanted)
    raise Fault(f"cannot fetch {named} from {type_of(base)}", quoted=named)


def sliced(base: Any, start: Any, end: Any) -> Any:
    """`base[start:end]`. Raises Fault."""
    size = length(base) if type(base) is str or type(base) in SLICES else None
    if size is None:
        raise Fault(f"cannot slice {shown(start)}")
    first, last = to_int(start), to_int(end)
    first = max(first + size if first < 0 else first, 0)
    last = min(max(last + size if last < 0 else last, 0), size)
    first = min(first, last)
    if type(base) is str:
        return base[first:last] if base.isascii() else from_bytes(as_bytes(base)[first:last])
    if type(base) is Entry:
        raise Fault("reflect.Value.Slice: slice of unaddressable array")
    return base[first:last] if type(base) in {list, range, bytes} else type(base)(base[first:last])


def is_in(needle: Any, base: Any) -> bool:
    """`needle in base`. Raises Fault."""
    if base is None:
        return False
    found = type(base)
    if found in SLICES:
        return any(equal(each, needle) for each in base)
    if found is dict or found is StringMap:
        if needle is not None and type(needle) is not str:
            raise Fault(
                f"reflect.Value.MapIndex: value of type {type_of(needle)} is not assignable to type string"
            )
        return (needle or "") in base
    if found is KeySet:
        return _is_key(needle, base)
    if found is AnyMap:
        return key_of(needle) in base.members
    if found is GoTime:
        if type(needle) is not str:
            raise Fault(f"cannot use {type_of(needle)} as field name of {type_of(base)}")
        return needle in {"wall", "ext", "loc"}
    raise Fault(f'operator "in" not defined on {type_of(base)}')


def _is_key(needle: Any, base: KeySet) -> bool:
    if needle is None:
        return base.key_class() in base.keys
    if type(needle) is not base.key_class:
        wanted = "string" if base.key_class is str else "int"
        raise Fault(
            f"reflect.Value.MapIndex: value of type {type_of(needle)} is not assignable to type {wanted}"
        )
    return needle in base.keys


def equal(left: Any, right: Any) -> bool:
    """`==`: numbers by value, anything else by type and content."""
    kind_left, kind_right = type(left), type(right)
    if kind_left in NUMBERS and kind_right in NUMBERS:
        if kind_left is kind_right or (kind_left is not float and kind_right is not float):
            return bool(left == right)
        return float(left) == float(right)
    if kind_left is str or kind_right is str:
        return kind_left is kind_right and left == right
    if is_nil(left) and is_nil(right):
        return True
    return _is_same(left, right)


def _is_same(left: Any, right: Any) -> bool:
    """As `reflect.DeepEqual`."""
    waiting = [(left, right)]
    looked_at = 0
    while waiting:
        looked_at += 1
        if looked_at > MAX_LOOKED_AT:
            raise Fault("memory budget exceeded")
        inside = _compared(*waiting.pop())
        if inside is None:
            return False
        waiting += inside
    return True


def _compared(left: Any, right: Any) -> list[tuple[Any, Any]] | None:
    """What is still to be compared inside of two values; None where they differ already."""
    found = type(left)
    if found is not type(right):
        # Two classes of one Go type: `0..2`, and what functions of sprig answer.
        is_ints = {found, type(right)} == {range, IntList}
        return [] if is_ints and list(left) == list(right) else None
    if found in SLICES and found is not range:
        return list(zip(left, right, strict=True)) if len(left) == len(right) else None
    if found is dict:
        return [(left[name], right[name]) for name in left] if left.keys() == right.keys() else None
    if found is AnyMap:
        is_like = left.members.keys() == right.members.keys() and left.holds_lists == right.holds_lists
        return [(left.members[key][1], right.members[key][1]) for key in left.members] if is_like else None
    return [] if not isinstance(left, FUNCTIONS) and left == right else None
