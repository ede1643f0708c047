"""`eq ne lt le gt ge`: only values of one basic kind compare, integers also across signs."""

from __future__ import annotations

from typing import Any

from events.languages.go_bytes import to_bytes
from events.languages.go_template.functions import FunctionError, declare
from events.languages.go_template.plain import print_value
from events.languages.go_template.verbs import Printer
from events.languages.go_values import NO_VALUE, GoTime, kind_of, type_name

_BASIC = {
    "bool": "bool",
    "int": "int",
    "int64": "int",
    "int32": "int",
    "uint8": "uint",
    "uint32": "uint",
    "uint64": "uint",
    "float64": "float",
    "complex128": "complex",
    "string": "string",
}
_BAD_TYPE = "invalid type for comparison"


def _kind(value: Any) -> str:
    """The basic kind; `nil`, or "" of what has none."""
    if value is None or value is NO_VALUE:
        return "nil"
    return _BASIC.get(kind_of(value), "")


def _show(value: Any) -> str:
    printer = Printer()
    printer.print_argument(value, "s")
    return printer.text()


def equal(first: Any, others: tuple[Any, ...]) -> bool:
    """Whether the first is equal to any of the others.

    Raises:
        FunctionError: two of them are of kinds that do not compare.
    """
    if not others:
        raise FunctionError("missing argument for comparison")
    if type(first) is str:
        for other in others:
            if type(other) is not str:
                break
            if other == first:
                return True
        else:
            return False
    return any(_equal(first, other) for other in others)


def _equal(first: Any, other: Any) -> bool:
    kind, other_kind = _kind(first), _kind(other)
    if "nil" in (kind, other_kind):
        return kind == other_kind
    if kind != other_kind:
        if {kind, other_kind} == {"int", "uint"}:
            return int(first) == int(other)
        raise FunctionError(f"incompatible types for comparison: {type_name(first)} and {type_name(other)}")
    if kind:
        return bool(first == other)
    if kind_of(first) != kind_of(other):
        raise FunctionError(
            f"non-comparable types {_show(first)}: {type_name(first)}, {type_name(other)}: {print_value(other)}"
        )
    if kind_of(other) in ("slice", "map"):
        raise FunctionError(f"non-comparable type {_show(other)}: {type_name(other)}")
    if isinstance(first, GoTime):
        return bool(first == other and isinstance(other, GoTime) and first.zone == other.zone)
    return first is other


def less(first: Any, second: Any) -> bool:
    """Whether the first is less than the second.

    Raises:
        FunctionError: they have no order.
    """
    kind, other_kind = _kind(first), _kind(second)
    if kind in ("", "nil") or other_kind in ("", "nil"):
        raise FunctionError(_BAD_TYPE)
    if kind != other_kind and {kind, other_kind} != {"int", "uint"}:
        raise FunctionError(f"incompatible types for comparison: {type_name(first)} and {type_name(second)}")
    if kind in ("bool", "complex"):
        raise FunctionError(_BAD_TYPE)
    if kind == "string" and not (first.isascii() and second.isascii()):
        return to_bytes(first) < to_bytes(second)
    return bool(first < second)


def _at_most(first: Any, second: Any) -> bool:
    return less(first, second) or equal(first, (second,))


_COMPARE = "func(reflect.Value, reflect.Value) (bool, error)"
COMPARISONS = {
    "eq": declare(
        "func(reflect.Value, ...reflect.Value) (bool, error)", lambda first, *more: equal(first, more)
    ),
    "ne": declare(_COMPARE, lambda first, second: not equal(first, (second,))),
    "lt": declare(_COMPARE, less),
    "le": declare(_COMPARE, _at_most),
    "gt": declare(_COMPARE, lambda first, second: not _at_most(first, second)),
    "ge": declare(_COMPARE, lambda first, second: not less(first, second)),
}
"""The functions by name."""
