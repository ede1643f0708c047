"""Builtins on lists and maps, without those that take a predicate: these are loops of the compiler."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from events.languages.expr.access import fetch, key_of, length
from events.languages.expr.errors import Fault
from events.languages.expr.operators import less, more
from events.languages.expr.printing import shown, stringed
from events.languages.expr.values import SLICES, AnyMap, Entry, EntryList, NilList, kind, type_of
from events.languages.go_template.quoting import quote
from events.languages.go_values import Duration, Int32, Int64, StringMap, wrap64

Arguments = list[Any]
_SIGNED: Final = frozenset({int, Int64, Int32, Duration})


def _counted(arguments: Arguments, *allowed: int) -> None:
    if len(arguments) not in allowed:
        wanted = " or ".join(map(str, allowed))
        raise Fault(f"invalid number of arguments (expected {wanted}, got {len(arguments)})")


def _list(value: Any, refusal: str) -> Any:
    if type(value) in SLICES:
        return value
    raise Fault(f"{refusal} {kind(value)}")


def _is_signed(value: Any) -> bool:
    return type(value) in _SIGNED or (kind(value) == "int")


def _number(value: Any, verb: str) -> Any:
    if type(value) is float:
        return value
    if _is_signed(value):
        return int(value) if isinstance(value, int) else value.number
    raise Fault(f"cannot {verb} {'interface' if value is None else kind(value)}")


def _sum(arguments: Arguments) -> int | float:
    _counted(arguments, 1)
    total: int | float = 0
    for each in _list(arguments[0], "cannot sum"):
        number = _number(each, "sum")
        total = total + number if type(total) is float or type(number) is float else wrap64(total + number)
    return total


def _mean(arguments: Arguments) -> float:
    _counted(arguments, 1)
    values = _list(arguments[0], "cannot mean")
    total = 0.0
    for each in values:
        total += float(_number(each, "mean"))
    return total / len(values) if len(values) else 0.0


def _median(arguments: Arguments) -> float:
    _counted(arguments, 1)
    values = [float(_number(each, "median")) for each in _list(arguments[0], "cannot median")]
    if not values:
        return 0.0
    values.sort(key=lambda value: (not math.isnan(value), value))
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def _extreme(goes_first: Callable[[Any, Any], bool]) -> Callable[[Arguments], Any]:
    def call(arguments: Arguments) -> Any:
        best = None
        for each in arguments:
            if best is None or goes_first(best, each):
                best = each
        return best

    return call


def _or_nil(base: Any, wanted: Any) -> Any:
    try:
        return fetch(base, wanted)
    except Fault:
        return None


def _take(arguments: Arguments) -> Any:
    _counted(arguments, 2)
    values, count = _list(arguments[0], "cannot take from"), arguments[1]
    if not _is_signed(count):
        raise Fault(f"cannot take {kind(count)} elements")
    number = int(_number(count, "take"))
    if number > len(values):
        return values
    if type(values) is Entry:
        raise Fault("reflect.Value.Slice: slice of unaddressable array")
    if number < 0:
        raise Fault("reflect.Value.Slice: slice index out of bounds")
    return values[:number] if type(values) in {list, range, bytes} else type(values)(values[:number])


def _members(value: Any, refusal: str) -> list[tuple[Any, Any]]:
    if type(value) is dict or type(value) is StringMap:
        return list(value.items())
    if type(value) is AnyMap:
        return list(value.members.values())
    raise Fault(refusal % kind(value))


def _keys(arguments: Arguments) -> list[Any]:
    _counted(arguments, 1)
    return [key for key, _ in _members(arguments[0], "cannot get keys from %s")]


def _values(arguments: Arguments) -> list[Any]:
    _counted(arguments, 1)
    return [member for _, member in _members(arguments[0], "cannot get values from %s")]


def _to_pairs(arguments: Arguments) -> EntryList:
    _counted(arguments, 1)
    return EntryList(map(Entry, _members(arguments[0], "cannot transform %s to pairs")))


def _from_pairs(arguments: Arguments) -> AnyMap:
    _counted(arguments, 1)
    if type(arguments[0]) not in SLICES:
        given = arguments[0]
        text = "<invalid reflect.Value>" if given is None else stringed(given)
        raise Fault(f"cannot transform {text} from pairs", quoted=text)
    members: dict[object, tuple[Any, Any]] = {}
    for pair in arguments[0]:
        if type(pair) not in SLICES:
            raise Fault(f"invalid pair {shown(pair)}", quoted=shown(pair))
        if len(pair) != 2:
            raise Fault(f"invalid pair length {shown(pair)}", quoted=shown(pair))
        members[key_of(pair[0])] = (pair[0], pair[1])
    return AnyMap(members)


def _descends(arguments: Arguments, at: int) -> bool:
    if len(arguments) <= at:
        return False
    order = arguments[at]
    if type(order) is not str:
        named = "%!s(<nil>)" if order is None else type_of(order)
        raise Fault(f"invalid argument for sort (expected string, got {named})")
    if order not in {"asc", "desc"}:
        raise Fault(
            f'invalid argument for sort (expected "asc" or "desc", got {quote(order)})', quoted=quote(order)
        )
    return order == "desc"


def _sort(arguments: Arguments) -> list[Any]:
    _counted(arguments, 1, 2)
    values = _list(arguments[0], "cannot sort")
    return _sorted(values, "", is_descending=_descends(arguments, 1))


def _sort_by(arguments: Arguments) -> list[Any]:
    _counted(arguments, 2, 3)
    values = _list(arguments[0], "cannot sort")
    if type(arguments[1]) is not str:
        named = "%!s(<nil>)" if arguments[1] is None else type_of(arguments[1])
        raise Fault(f"invalid argument for sort (expected string, got {named})")
    return _sorted(values, arguments[1], is_descending=_descends(arguments, 2))


def _sorted(values: Any, name: str, *, is_descending: bool) -> list[Any]:
    keys: list[Any] = []
    first_type = ""
    for each in values:
        key = _sort_key(each, name)
        found = "interface {}" if key is None else type_of(key)
        if keys and found != first_type:
            raise Fault(f"cannot sort array of different types ({found} and {first_type})")
        first_type = found
        keys.append(key)
    if len(keys) > 1 and not (type(keys[0]) in {str, float} or _is_signed(keys[0])):
        raise Fault(f"sort: unsupported type {'interface' if keys[0] is None else kind(keys[0])}")
    if keys and not isinstance(keys[0], str | float | int):
        keys = [getattr(key, "number", 0) for key in keys]
    order = sorted(range(len(keys)), key=keys.__getitem__, reverse=is_descending)
    return [values[index] for index in order]


_NO_KEY: Final = "cannot deref <invalid reflect.Value>"


def _sort_key(value: Any, name: str) -> Any:
    found = kind(value)
    if found == "map":
        if type(value) is AnyMap:
            member = value.members.get(key_of(name))
            if member is None:
                raise Fault(_NO_KEY)
            return member[1]
        if name not in value:
            raise Fault(_NO_KEY)
        return value[name]
    if found == "struct":
        raise Fault(_NO_KEY)
    return value


def _len(arguments: Arguments) -> int:
    size = length(arguments[0])
    if size is None:
        raise Fault(f"invalid argument for len (type {type_of(arguments[0])})")
    return size


def group(members: dict[object, tuple[Any, Any]], key: Any, value: Any) -> None:
    """Add a value to the group of its key. Raises Fault."""
    members.setdefault(key_of(key), (key, []))[1].append(value)


def groups(members: dict[object, tuple[Any, Any]]) -> AnyMap:
    """What `groupBy` answers."""
    return AnyMap(members, holds_lists=True)


LIST_BUILTINS: Final[Mapping[str, Callable[[Arguments], Any]]] = {
    "len": _len,
    "sum": _sum,
    "mean": _mean,
    "median": _median,
    "max": _extreme(less),
    "min": _extreme(more),
    "first": lambda arguments: _or_nil(arguments[0], 0),
    "last": lambda arguments: _or_nil(arguments[0], -1),
    "get": lambda arguments: _or_nil(arguments[0], arguments[1]),
    "take": _take,
    "keys": _keys,
    "values": _values,
    "toPairs": _to_pairs,
    "fromPairs": _from_pairs,
    "sort": _sort,
    "sortBy": _sort_by,
}
"""By name: arguments to value. They raise Fault."""

__all__ = ["LIST_BUILTINS", "NilList", "group", "groups"]
