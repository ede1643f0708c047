"""Values at run time: what `%T` and `%v` print of them, reading members, slicing, equality.

They are those of `events.languages.go_values`, and the few that only expressions make: `[]int` is a `range` here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from events.languages.expr.errors import Fault
from events.languages.expr.methods import BoundMethod
from events.languages.expr.run import Run
from events.languages.go_values import (
    GoObject,
    Int32,
    Int64,
    IntList,
    ListOfLists,
    StringList,
    Uint8,
    Uint32,
    Uint64,
    kind_of,
    type_name,
)

MIN_INT: Final = -(1 << 63)
MAX_INT: Final = (1 << 63) - 1
NUMBERS: Final = frozenset({int, float, Int64, Int32, Uint8, Uint32, Uint64})
"""Classes that operators calculate with."""
MAX_LOOKED_AT: Final = 100_000
"""Values inside of one that is compared or printed: lists may hold one another many times over."""


class Entry(tuple[Any, Any]):
    """A `[2]any`: one member of a map."""

    __slots__ = ()


class EntryList(list[Entry]):
    """A `[][2]any`."""

    __slots__ = ()


class NilList(list[Any]):
    """A `[]any` that is nil: no group of that key."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class AnyMap(GoObject):
    """A map with keys of any type; `1` and `1.0` are two keys."""

    go_kind: ClassVar[str] = "map"
    members: dict[object, tuple[Any, Any]]
    """By the key's type and value: the key and the value."""
    holds_lists: bool = False
    """`map[any][]any`, which `groupBy` makes."""

    @property
    def go_type(self) -> str:  # type: ignore[override]  # two types in one class
        return f"map[interface {{}}]{'[]' if self.holds_lists else ''}interface {{}}"


@dataclass(frozen=True, slots=True, eq=False)
class KeySet(GoObject):
    """The list of an `in`, made into a set when the expression was compiled."""

    go_type: ClassVar[str] = "map[string]struct {}"
    go_kind: ClassVar[str] = "map"
    keys: frozenset[str] | frozenset[int]
    key_class: type


@dataclass(frozen=True, slots=True, eq=False)
class HostFunction(GoObject):
    """A function of the environment: the arguments, and the run whose time and budget it uses, to a value.

    The call raises Fault.
    """

    go_type: ClassVar[str] = "func(...interface {}) interface {}"
    go_kind: ClassVar[str] = "func"
    call: Callable[[list[Any], Run], Any]


_OWN: Final[Mapping[type, tuple[str, str]]] = {
    range: ("[]int", "slice"),
    Entry: ("[2]interface {}", "array"),
    EntryList: ("[][2]interface {}", "slice"),
    NilList: ("[]interface {}", "slice"),
}
SLICES: Final = frozenset({list, range, StringList, IntList, ListOfLists, Entry, EntryList, NilList, bytes})
FUNCTIONS: Final = (HostFunction, BoundMethod)


def type_of(value: object) -> str:
    """As `%T` prints it."""
    own = _OWN.get(type(value))
    return own[0] if own else type_name(value)


def kind(value: object) -> str:
    """The name of `reflect.Kind`; `invalid` of nil."""
    own = _OWN.get(type(value))
    return own[1] if own else kind_of(value)


def is_nil(value: Any) -> bool:
    """nil, a list that is nil, or the groups of an empty list."""
    if value is None or type(value) is NilList:
        return True
    return type(value) is AnyMap and value.holds_lists and not value.members


def as_bytes(text: str) -> bytes:
    """The text as Go holds it."""
    return text.encode("utf-8", "surrogateescape")


def from_bytes(raw: bytes) -> str:
    """The reverse of `as_bytes`."""
    return raw.decode("utf-8", "surrogateescape")


def wrong_type(value: object, wanted: str) -> Fault:
    """What Go says of a type assertion that fails."""
    given = "nil" if value is None else type_of(value)
    return Fault(f"interface conversion: interface {{}} is {given}, not {wanted}")


def text_of(value: object) -> str:
    """The value as a text. Raises Fault where it is none."""
    if type(value) is str:
        return value
    raise wrong_type(value, "string")


def to_int(value: object) -> int:
    """As an `int`; floats are cut. Raises Fault."""
    found = type(value)
    if found is int:
        return value  # type: ignore[return-value]  # its class says so
    if found is float:
        return cut(value)  # type: ignore[arg-type]  # its class says so
    if found in NUMBERS:
        return int(value)  # type: ignore[call-overload, no-any-return]  # a number's class
    raise Fault(f"invalid operation: int({type_of(value)})")


def cut(number: float) -> int:
    """A float as an int, as the processor does it: what does not fit is the smallest one."""
    return int(number) if -9.3e18 < number < 9.3e18 and MIN_INT <= int(number) <= MAX_INT else MIN_INT


def to_float(value: object) -> float:
    """As a float. Raises Fault."""
    if type(value) in NUMBERS:
        return float(value)  # type: ignore[arg-type]  # a number's class
    raise Fault(f"invalid operation: float({type_of(value)})")
