"""What the builtins of expr take, as its checker sees it: overloads, or a check of their own with their own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from events.languages.expr import types
from events.languages.expr.errors import Fault
from events.languages.expr.types import ANY, DURATION, FLOAT, INT, LIST, STRING, STRINGS, TIME, Type, func

Arguments = list[Type | None]
Check = Callable[[Arguments], Type | None]

_NUMBERS: Final = frozenset({"int", "int64", "uint8", "float64"})
_INTEGERS: Final = frozenset({"int", "int64"})
_SLICES: Final = frozenset({"slice", "array"})


def _counted(arguments: Arguments, *allowed: int) -> None:
    if len(arguments) not in allowed:
        wanted = " or ".join(map(str, allowed))
        raise Fault(f"invalid number of arguments (expected {wanted}, got {len(arguments)})")


def _one_of(found: Type | None, kinds: frozenset[str], refusal: str) -> None:
    if types.kind(found) not in kinds | {"interface"}:
        raise Fault(refusal % types.formatted(found))


def _single(kinds: frozenset[str], refusal: str, result: Callable[[Type], Type] | Type) -> Check:
    def check(arguments: Arguments) -> Type | None:
        _counted(arguments, 1)
        found = arguments[0]
        _one_of(found, kinds, refusal)
        if isinstance(result, Type):
            return result
        return result(found) if found is not None else ANY

    return check


def _element(found: Type) -> Type:
    return found.elem or ANY


def _extreme(name: str) -> Check:
    def check(arguments: Arguments) -> Type | None:
        if not arguments:
            raise Fault(f"not enough arguments to call {name}")
        for each in arguments:
            if types.is_any(each):
                return ANY
            if types.kind(each) not in _NUMBERS:
                raise Fault(f"invalid argument for {name} (type {types.formatted(each)})")
        return arguments[0]

    return check


def _take(arguments: Arguments) -> Type | None:
    _counted(arguments, 2)
    _one_of(arguments[0], _SLICES, "cannot take from %s")
    _one_of(arguments[1], _INTEGERS, "cannot take %s elements")
    return arguments[0]


_BAD_ORDER: Final = "invalid argument for sort (expected string, got %s)"
_TEXT: Final = frozenset({"string"})


def _sort(arguments: Arguments) -> Type:
    _counted(arguments, 1, 2)
    _one_of(arguments[0], _SLICES, "cannot sort %s")
    if len(arguments) == 2:
        _one_of(arguments[1], _TEXT, _BAD_ORDER)
    return LIST


def _sort_by(arguments: Arguments) -> Type:
    _counted(arguments, 2, 3)
    _one_of(arguments[0], _SLICES, "cannot sort %s")
    _one_of(arguments[1], _TEXT, _BAD_ORDER)
    if len(arguments) == 3 and types.kind(arguments[2]) not in {"string", "interface"}:
        # The library names the type of the field here.
        raise Fault(_BAD_ORDER % types.formatted(arguments[1]))
    return LIST


_SIZED: Final = frozenset({"array", "map", "slice", "string"})
_MAP: Final = frozenset({"map"})

CHECKS: Final[Mapping[str, Check]] = {
    "len": _single(_SIZED, "invalid argument for len (type %s)", INT),
    "abs": _single(_NUMBERS, "invalid argument for abs (type %s)", lambda found: found),
    "ceil": _single(_NUMBERS, "invalid argument for ceil (type %s)", FLOAT),
    "floor": _single(_NUMBERS, "invalid argument for floor (type %s)", FLOAT),
    "round": _single(_NUMBERS, "invalid argument for floor (type %s)", FLOAT),
    "int": _single(_NUMBERS | _TEXT, "invalid argument for int (type %s)", INT),
    "float": _single(_NUMBERS | _TEXT, "invalid argument for float (type %s)", FLOAT),
    "max": _extreme("max"),
    "min": _extreme("min"),
    "sum": _single(_SLICES, "cannot sum %s", ANY),
    "mean": _single(_SLICES, "cannot avg %s", FLOAT),
    "median": _single(_SLICES, "cannot median %s", FLOAT),
    "first": _single(_SLICES, "cannot get first element from %s", _element),
    "last": _single(_SLICES, "cannot get last element from %s", _element),
    "take": _take,
    "keys": _single(_MAP, "cannot get keys from %s", LIST),
    "values": _single(_MAP, "cannot get values from %s", LIST),
    "toPairs": _single(_MAP, "cannot transform %s to pairs", LIST),
    "fromPairs": _single(_SLICES, "cannot transform %s from pairs", types.ANY_MAP),
    "sort": _sort,
    "sortBy": _sort_by,
}
"""Builtins with a check of their own: the static types of the arguments to that of the result. They raise Fault."""

_TEXT_TO_TEXT: Final = func(STRING, result=STRING)
_TWO_TEXTS: Final = func(STRING, STRING, result=STRING)
_INDEX: Final = (func(STRING, STRING, result=INT),)
_HAS: Final = (func(STRING, STRING, result=types.BOOL),)
_SPLIT: Final = (func(STRING, STRING, result=STRINGS), func(STRING, STRING, INT, result=STRINGS))

_PREDICATE: Final = func(ANY, result=types.BOOL)
_MAPPING: Final = func(ANY, result=ANY)

OVERLOADS: Final[Mapping[str, tuple[Type, ...]]] = {
    **dict.fromkeys(("all", "none", "any", "one"), (func(LIST, _PREDICATE, result=types.BOOL),)),
    "filter": (func(LIST, _PREDICATE, result=LIST),),
    "map": (func(LIST, _MAPPING, result=LIST),),
    **dict.fromkeys(("find", "findLast"), (func(LIST, _PREDICATE, result=ANY),)),
    **dict.fromkeys(("findIndex", "findLastIndex", "count"), (func(LIST, _PREDICATE, result=INT),)),
    "groupBy": (func(LIST, _MAPPING, result=types.GROUPS),),
    "reduce": (func(LIST, func(ANY, ANY, result=ANY), ANY, result=ANY),),
    "type": (func(ANY, result=STRING),),
    "string": (func(ANY, result=STRING),),
    "trim": (_TEXT_TO_TEXT, _TWO_TEXTS),
    "trimPrefix": (_TWO_TEXTS, _TEXT_TO_TEXT),
    "trimSuffix": (_TWO_TEXTS, _TEXT_TO_TEXT),
    "upper": (_TEXT_TO_TEXT,),
    "lower": (_TEXT_TO_TEXT,),
    "split": _SPLIT,
    "splitAfter": _SPLIT,
    "replace": (
        func(STRING, STRING, STRING, INT, result=STRING),
        func(STRING, STRING, STRING, result=STRING),
    ),
    "repeat": (func(STRING, INT, result=STRING),),
    "join": (
        func(STRINGS, STRING, result=STRING),
        func(LIST, STRING, result=STRING),
        func(LIST, result=STRING),
        func(STRINGS, STRING, result=STRING),
        func(STRINGS, result=STRING),
    ),
    "indexOf": _INDEX,
    "lastIndexOf": _INDEX,
    "hasPrefix": _HAS,
    "hasSuffix": _HAS,
    "toJSON": (func(ANY, result=STRING),),
    "fromJSON": (func(STRING, result=ANY),),
    "toBase64": (_TEXT_TO_TEXT,),
    "fromBase64": (_TEXT_TO_TEXT,),
    "now": (func(result=TIME),),
    "duration": (func(STRING, result=DURATION, results=2),),
    "date": (
        func(STRING, result=TIME),
        func(STRING, STRING, result=TIME),
        func(STRING, STRING, STRING, result=TIME),
    ),
}
"""Builtins by Go signatures, in the order in which they are tried."""

NAMES: Final = frozenset(CHECKS) | frozenset(OVERLOADS) | {"get"}
"""Every builtin."""
