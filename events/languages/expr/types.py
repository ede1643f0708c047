"""Go's static types, as far as expressions meet them, named as Go prints them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final


@dataclass(frozen=True, slots=True)
class Type:
    """One type. Two are the same when their texts are."""

    text: str
    kind: str
    """The name of `reflect.Kind`."""
    key: Type | None = None
    elem: Type | None = None
    parameters: tuple[Type, ...] = ()
    result: Type | None = None
    results: int = 0
    is_variadic: bool = False

    def __str__(self) -> str:
        return self.text

    @property
    def is_simple(self) -> bool:
        """Not a named type of a package."""
        return "." not in self.text or self.kind in {"slice", "map", "func"}


ANY: Final = Type("interface {}", "interface")
BOOL: Final = Type("bool", "bool")
INT: Final = Type("int", "int")
INT64: Final = Type("int64", "int64")
FLOAT: Final = Type("float64", "float64")
STRING: Final = Type("string", "string")
TIME: Final = Type("time.Time", "struct")
DURATION: Final = Type("time.Duration", "int64")
MONTH: Final = Type("time.Month", "int")
WEEKDAY: Final = Type("time.Weekday", "int")


@lru_cache(maxsize=256)
def slice_of(elem: Type) -> Type:
    """`[]elem`."""
    return Type(f"[]{elem.text}", "slice", elem=elem)


def map_of(key: Type, elem: Type) -> Type:
    """`map[key]elem`."""
    return Type(f"map[{key.text}]{elem.text}", "map", key=key, elem=elem)


def func(*parameters: Type, result: Type, results: int = 1, is_variadic: bool = False) -> Type:
    """A function; of a variadic one the last parameter is the type of one element."""
    shown = [each.text for each in parameters]
    if is_variadic:
        shown[-1] = f"...{shown[-1]}"
    answer = result.text if results == 1 else f"({result.text}, error)"
    text = f"func({', '.join(shown)}) {answer}"
    return Type(text, "func", parameters=parameters, result=result, results=results, is_variadic=is_variadic)


LIST: Final = slice_of(ANY)
STRINGS: Final = slice_of(STRING)
INTS: Final = slice_of(INT)
STRING_MAP: Final = map_of(STRING, ANY)
ANY_MAP: Final = map_of(ANY, ANY)
GROUPS: Final = map_of(ANY, LIST)
FUNCTION: Final = func(ANY, result=ANY, results=2, is_variadic=True)

_INTEGERS: Final = frozenset({"int", "int64", "uint8"})


def kind(found: Type | None) -> str:
    """Its kind, `invalid` of nil."""
    return "invalid" if found is None else found.kind


def is_any(found: Type | None) -> bool:
    """Whether only the run will tell."""
    return found is not None and found.kind == "interface"


def is_integer(found: Type | None) -> bool:
    """Integers; durations are ones too."""
    return found is not None and found.kind in _INTEGERS


def is_number(found: Type | None) -> bool:
    """Integers and floats."""
    return found is not None and (found.kind in _INTEGERS or found.kind == "float64")


def is_bool(found: Type | None) -> bool:
    """Booleans."""
    return found is not None and found.kind == "bool"


def is_string(found: Type | None) -> bool:
    """Texts."""
    return found is not None and found.kind == "string"


def is_array(found: Type | None) -> bool:
    """Slices."""
    return found is not None and found.kind in {"slice", "array"}


def is_time(found: Type | None) -> bool:
    """`time.Time`."""
    return found is TIME


def is_duration(found: Type | None) -> bool:
    """`time.Duration`."""
    return found is DURATION


def is_assignable(given: Type, wanted: Type) -> bool:
    """Whether Go assigns one to the other."""
    return wanted.kind == "interface" or given.text == wanted.text


def is_comparable(left: Type | None, right: Type | None) -> bool:
    """Whether `==` may stand between them; nil goes with all."""
    if left is None or right is None or left.kind == right.kind:
        return True
    return (is_number(left) and is_number(right)) or is_any(left) or is_any(right)


def combined(left: Type, right: Type) -> Type:
    """The type of a sum."""
    if left.kind == right.kind:
        return left
    return FLOAT if "float64" in {left.kind, right.kind} else INT


def named(found: Type | None) -> str:
    """As `%v` prints it."""
    return "<nil>" if found is None else found.text


def formatted(found: Type | None) -> str:
    """As `%s` prints it, which knows no nil."""
    return "%!s(<nil>)" if found is None else found.text
