"""The values of Go programs as Python values: what Go templates and sprig's functions compute with.

Templates see Go's static types (`%T`, `typeOf`, "wrong type for value; expected string; got float64"), so each of
them has one Python class:

    nil               None                    int       int (always plain, within 64 bits)
    bool              bool                    int64     Int64        uint8 (byte)  Uint8
    string            str                     int32     Int32        uint32        Uint32
    float64           float                   uint64    Uint64       complex128    complex
    []any             list                    []string  StringList   [][]any       ListOfLists
    map[string]any    dict                    []int     IntList      []byte        bytes
    map[string]string StringMap               time.Time GoTime       time.Duration Duration
    error             GoError                 structs   a subclass of GoObject

A string may hold bytes that are not UTF-8: they are lone surrogates, as `surrogateescape` makes them. The
subclasses add no behaviour: `Int64(3) + 1` is a plain `int` again, so wrap results in the class that Go gives
them. JSON numbers are float64: `from_json` makes a decoded document into Go values.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from events.errors import KikkakeError
from events.languages.go_durations import format_duration
from events.languages.go_time import UTC, Zone, format_time


class NoValue(enum.Enum):
    """The class of `NO_VALUE`."""

    NO_VALUE = "<no value>"

    def __bool__(self) -> bool:
        return False


NO_VALUE = NoValue.NO_VALUE
"""What is not there, such as a map's missing member: reflect's zero Value, which is not quite nil.

It lives inside the engine; a function sees it only in a parameter of the type `reflect.Value`.
"""


class Int64(int):
    """An `int64`."""

    __slots__ = ()


class Int32(int):
    """An `int32`, which is what a `rune` is."""

    __slots__ = ()


class Uint8(int):
    """A `uint8`, which is what a `byte` is."""

    __slots__ = ()


class Uint32(int):
    """A `uint32`."""

    __slots__ = ()


class Uint64(int):
    """A `uint64`."""

    __slots__ = ()


class Duration(int):
    """A `time.Duration` in nanoseconds; `str()` of it is Go's form, `1h2m3.5s`."""

    __slots__ = ()

    def __str__(self) -> str:
        return format_duration(int(self))


class StringList(list[str]):
    """A `[]string`."""

    __slots__ = ()


class IntList(list[int]):
    """An `[]int`."""

    __slots__ = ()


class ListOfLists(list[list[Any]]):
    """A `[][]any`, which `chunk` answers."""

    __slots__ = ()


class StringMap(dict[str, str]):
    """A `map[string]string`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class GoError:
    """An `error` that is a value, not a failure."""

    text: str

    def __str__(self) -> str:
        return self.text


class GoObject:
    """A struct, or a pointer to one: what is left of Go's types.

    A subclass (a dataclass, best a frozen one) sets `go_type` as `%T` prints it and `go_kind`, and lists in
    `go_fields` which attribute a template's `.Field` reads, in the order of the struct. One with a `String` or
    `Error` method in Go defines `go_string`. Methods are given to the template (`compile_template(methods=)`).
    """

    __slots__ = ()
    go_type: ClassVar[str]
    go_kind: ClassVar[str] = "struct"
    go_fields: ClassVar[Mapping[str, str]] = {}

    def go_string(self) -> str | None:
        """What the type's `String` method answers; None where it has none."""
        return None


@dataclass(frozen=True, slots=True, order=True)
class GoTime(GoObject):
    """A `time.Time`: an instant, and the zone in which it is shown."""

    go_type: ClassVar[str] = "time.Time"

    unix_ns: int
    """Nanoseconds since 1970 in UTC; `ZERO_TIME` is the year 1."""
    zone: Zone = field(default=UTC, compare=False)

    def formatted(self, layout: str) -> str:
        """As `Time.Format`."""
        return format_time(layout, self.unix_ns, self.zone)

    def go_string(self) -> str:
        """As `Time.String`, without the reading of the monotonic clock."""
        return self.formatted("2006-01-02 15:04:05.999999999 -0700 MST")


ZERO_TIME = GoTime(-62_135_596_800 * 1_000_000_000)
"""The zero value of `time.Time`: the first of January of the year 1 in UTC."""


_NAMES: dict[type, tuple[str, str]] = {
    type(None): ("<nil>", "invalid"),
    bool: ("bool", "bool"),
    str: ("string", "string"),
    int: ("int", "int"),
    float: ("float64", "float64"),
    list: ("[]interface {}", "slice"),
    dict: ("map[string]interface {}", "map"),
    Int64: ("int64", "int64"),
    Int32: ("int32", "int32"),
    Uint8: ("uint8", "uint8"),
    Uint32: ("uint32", "uint32"),
    Uint64: ("uint64", "uint64"),
    complex: ("complex128", "complex128"),
    Duration: ("time.Duration", "int64"),
    StringList: ("[]string", "slice"),
    IntList: ("[]int", "slice"),
    ListOfLists: ("[][]interface {}", "slice"),
    StringMap: ("map[string]string", "map"),
    bytes: ("[]uint8", "slice"),
    GoError: ("*errors.errorString", "ptr"),
}
_ELEMENTS: dict[type, str] = {
    StringList: "string",
    IntList: "int",
    ListOfLists: "[]interface {}",
    StringMap: "string",
    bytes: "uint8",
}
_CLASSES: dict[str, type] = {name: cls for cls, (name, _) in _NAMES.items()}

ANY = "interface {}"
"""How Go prints the type `any`."""


def type_name(value: object) -> str:
    """The dynamic type as `%T` prints it; `<nil>` of nil."""
    try:
        return _NAMES[type(value)][0]
    except KeyError:
        if isinstance(value, GoObject):
            return value.go_type
        raise TypeError(f"{type(value).__name__} is no class of a Go value") from None


def kind_of(value: object) -> str:
    """The name of `reflect.Kind`: `int64` of a Duration, `slice`, `map`, `struct`, `ptr`; `invalid` of nil."""
    try:
        return _NAMES[type(value)][1]
    except KeyError:
        if isinstance(value, GoObject):
            return value.go_kind
        raise TypeError(f"{type(value).__name__} is no class of a Go value") from None


def element_type(container: object) -> str:
    """The static type of the elements of a slice or a map, `interface {}` of `[]any` and `map[string]any`."""
    return _ELEMENTS.get(type(container), ANY)


def class_of(type_text: str) -> type | None:
    """The Python class of the values of a Go type; None for interfaces and structs."""
    return _CLASSES.get(type_text)


def is_true(value: object) -> bool:
    """Truth as `if` and `and` see it: zero, "", nil, and what is empty are false; a struct is true."""
    return value is not None and bool(value)


def wrap64(number: int) -> int:
    """A plain `int` within 64 bits, overflowing as Go's integers do."""
    return (int(number) + (1 << 63)) % (1 << 64) - (1 << 63)


class TooDeep(KikkakeError):
    """A document nests deeper than a template can look."""


def from_json(value: Any) -> Any:
    """A decoded JSON document as `json.Unmarshal` into `any` gives it: numbers are float64.

    Containers are copied, so nothing that a template changes reaches the original. An integer beyond float64
    becomes an infinity, half a surrogate pair U+FFFD.

    Raises:
        TooDeep: it nests hundreds of levels deep.
    """
    try:
        return _from_json(value)
    except RecursionError:
        raise TooDeep("the document nests too deep for a template") from None


def _from_json(value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _without_surrogates(value)
    if kind is dict:
        return {
            name if name.isascii() else _without_surrogates(name): _from_json(member)
            for name, member in value.items()
        }
    if kind is list:
        return [_from_json(element) for element in value]
    if kind is int:
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return value


def _without_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    return text


def copy_containers(value: Any) -> Any:
    """A copy of a value whose maps and lists are new at every level; classes are kept."""
    if isinstance(value, dict):
        return type(value)((name, copy_containers(member)) for name, member in value.items())
    if isinstance(value, list):
        return type(value)(copy_containers(element) for element in value)
    return value
