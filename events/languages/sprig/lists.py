"""Lists. The functions never change a list, they answer a new one; `must...` are the same functions.

sprig's `first` and `mustFirst` fail in the same way: the plain ones panic, and a template reports both alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Any

from events.languages.go_template.functions import Function, FunctionError, declare
from events.languages.go_values import is_true, kind_of
from events.languages.sprig.bounds import Walk, check_elements
from events.languages.sprig.conversion import to_int64
from events.languages.sprig.equality import deep_equal, identity
from events.languages.sprig.nil_values import NIL_LIST

NIL_POINTER = "runtime error: invalid memory address or nil pointer dereference"
"""What the functions say of nil: they ask it for its type."""
_BAD_LENGTH = "runtime error: makeslice: len out of range"


def _elements(value: Any, complaint: str) -> list[Any]:
    """A list as `[]any`; `complaint` has the place of the kind of what is none."""
    if isinstance(value, (list, bytes)):
        return list(value)
    if value is None:
        raise FunctionError(NIL_POINTER)
    raise FunctionError(complaint.format(kind_of(value)))


def _list(*values: Any) -> list[Any]:
    return list(values)


def _append(value: Any, element: Any) -> list[Any]:
    elements = _elements(value, "Cannot push on type {}")
    check_elements(len(elements) + 1)
    return [*elements, element]


def _prepend(value: Any, element: Any) -> list[Any]:
    elements = _elements(value, "Cannot prepend on type {}")
    check_elements(len(elements) + 1)
    return [element, *elements]


def _concat(*values: Any) -> list[Any]:
    result: list[Any] = []
    for value in values:
        elements = _elements(value, "Cannot concat type {} as list")
        check_elements(len(result) + len(elements))
        result += elements
    return result or NIL_LIST


def _first(value: Any) -> Any:
    return next(iter(_elements(value, "Cannot find first on type {}")), None)


def _last(value: Any) -> Any:
    return next(reversed(_elements(value, "Cannot find last on type {}")), None)


def _initial(value: Any) -> list[Any]:
    elements = _elements(value, "Cannot find initial on type {}")
    return elements[:-1] if elements else NIL_LIST


def _rest(value: Any) -> list[Any]:
    elements = _elements(value, "Cannot find rest on type {}")
    return elements[1:] if elements else NIL_LIST


def _reverse(value: Any) -> list[Any]:
    return _elements(value, "Cannot find reverse on type {}")[::-1]


def _compact(value: Any) -> list[Any]:
    return [element for element in _elements(value, "Cannot compact on type {}") if is_true(element)]


def _uniq(value: Any) -> list[Any]:
    walk = Walk()
    firsts: dict[Hashable, Any] = {}
    for element in _elements(value, "Cannot find uniq on type {}"):
        firsts.setdefault(identity(element, walk), element)
    return list(firsts.values())


def _without(value: Any, *unwanted: Any) -> list[Any]:
    walk = Walk()
    keys = {identity(element, walk) for element in unwanted}
    elements = _elements(value, "Cannot find without on type {}")
    return [element for element in elements if identity(element, walk) not in keys]


def _has(needle: Any, value: Any) -> bool:
    if value is None:
        return False
    elements = _elements(value, "Cannot find has on type {}")
    return any(deep_equal(needle, element) for element in elements)


def _slice(value: Any, *bounds: Any) -> Any:
    """The list from the first bound up to the second; the answer has the type of the list."""
    if value is None:
        raise FunctionError(NIL_POINTER)
    if not isinstance(value, (list, bytes)):
        raise FunctionError(f"list should be type of slice or array but {kind_of(value)}")
    if not value:
        return None
    start = to_int64(bounds[0]) if bounds else 0
    end = to_int64(bounds[1]) if len(bounds) > 1 else len(value)
    if not 0 <= start <= end <= len(value):
        raise FunctionError("reflect.Value.Slice: slice index out of bounds")
    return type(value)(value[start:end])


def _chunk(size: int, value: Any) -> list[list[Any]]:
    """Lists of `size` elements each; what sprig makes of sizes below 1 follows from how it counts."""
    elements = _elements(value, "Cannot chunk type {}")
    if size == 0:
        raise FunctionError(_BAD_LENGTH)
    count = math.floor((len(elements) - 1) / size) + 1
    if count < 0 or (size < 0 and count > 0 and len(elements) % -size == 0):
        raise FunctionError(_BAD_LENGTH)
    if size < 0:
        return [elements] if count else []
    return [elements[at : at + size] for at in range(0, len(elements), size)]


def _pair(name: str, signature: str, call: Callable[..., Any]) -> dict[str, Function]:
    """The function under its name, and as `must...` with the error result that this one has in Go."""
    head, _, result = signature.rpartition(") ")
    return {
        name: declare(signature, call),
        f"must{name[0].upper()}{name[1:]}": declare(f"{head}) ({result}, error)", call),
    }


FUNCTIONS = {
    "list": declare("func(...any) []any", _list),
    "tuple": declare("func(...any) []any", _list),
    "concat": declare("func(...any) any", _concat),
    **_pair("append", "func(any, any) []any", _append),
    **_pair("push", "func(any, any) []any", _append),
    **_pair("prepend", "func(any, any) []any", _prepend),
    **_pair("first", "func(any) any", _first),
    **_pair("last", "func(any) any", _last),
    **_pair("initial", "func(any) []any", _initial),
    **_pair("rest", "func(any) []any", _rest),
    **_pair("reverse", "func(any) []any", _reverse),
    **_pair("compact", "func(any) []any", _compact),
    **_pair("uniq", "func(any) []any", _uniq),
    **_pair("without", "func(any, ...any) []any", _without),
    **_pair("has", "func(any, any) bool", _has),
    **_pair("slice", "func(any, ...any) any", _slice),
    **_pair("chunk", "func(int, any) [][]any", _chunk),
}
