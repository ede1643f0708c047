"""Values as `%v` prints them, for `string(...)` and for messages."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from events.languages.expr.errors import Fault
from events.languages.expr.values import MAX_LOOKED_AT, SLICES, AnyMap, type_of
from events.languages.go_durations import format_duration
from events.languages.go_values import Duration, GoObject


def shown(value: Any) -> str:
    """As `%v` prints it. Raises Fault where that is more than memory is for."""
    if type(value) is str:
        return value
    pieces: list[str] = []
    _show(value, pieces)
    return "".join(pieces)


def _show(value: Any, pieces: list[str]) -> None:
    if len(pieces) > MAX_LOOKED_AT:
        raise Fault("memory budget exceeded")
    found = type(value)
    if found in SLICES:
        pieces.append("[")
        for index, each in enumerate(value):
            if index:
                pieces.append(" ")
            _show(each, pieces)
        pieces.append("]")
    elif isinstance(value, dict):
        _show_members([(name, value[name]) for name in sorted(value)], pieces)
    elif found is AnyMap:
        _show_members(sorted(value.members.values(), key=lambda member: _rank(member[0])), pieces)
    else:
        pieces.append(_scalar(value))


def _show_members(members: Iterable[tuple[Any, Any]], pieces: list[str]) -> None:
    pieces.append("map[")
    for index, (key, member) in enumerate(members):
        if index:
            pieces.append(" ")
        _show(key, pieces)
        pieces.append(":")
        _show(member, pieces)
    pieces.append("]")


def _scalar(value: Any) -> str:
    found = type(value)
    if value is None:
        return "<nil>"
    if found is bool:
        return "true" if value else "false"
    if found is float:
        return float_text(value)
    if found is Duration:
        return format_duration(int(value))
    if isinstance(value, GoObject):
        return value.go_string() or value.go_type
    return str(int(value)) if isinstance(value, int) else str(value)


def stringed(value: Any) -> str:
    """As `%s` prints a value that a message names: what is no text shows its type."""
    found = type(value)
    if found in SLICES:
        return f"[{' '.join(map(stringed, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{name}:{stringed(value[name])}' for name in sorted(value))}]"
    if found is str:
        return str(value)
    return "<nil>" if value is None else f"%!s({type_of(value)}={shown(value)})"


_RANKS: Final = ("<nil>", "int", "int64", "uint8", "string", "float64", "bool")


def _rank(key: Any) -> tuple[int, Any]:
    name = type_of(key)
    return (_RANKS.index(name), key or 0) if name in _RANKS else (len(_RANKS), shown(key))


def float_text(number: float) -> str:
    """A float64 as `%v` prints it: with an exponent below 1e-4, and from 1e6 on."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    text = repr(number)
    size = abs(number)
    if size == 0 or 1e-4 <= size < 1e6:
        return format(Decimal(text), "f").removesuffix(".0")
    sign, digits, exponent = Decimal(text).normalize().as_tuple()
    power = len(digits) - 1 + int(exponent)
    mantissa = str(digits[0]) + ("." + "".join(map(str, digits[1:])) if len(digits) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
