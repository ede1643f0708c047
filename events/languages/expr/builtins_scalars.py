"""Builtins on numbers, times and JSON, and conversions."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from events.languages.expr.errors import Fault
from events.languages.expr.json_text import indented_json, read_value
from events.languages.expr.operators import negate
from events.languages.expr.printing import shown
from events.languages.expr.values import MAX_INT, MIN_INT, NUMBERS, cut, kind, text_of, type_of
from events.languages.go_durations import BadDuration, parse_duration
from events.languages.go_numbers import parse_float
from events.languages.go_time import UTC, UnreadableTime, Zone, load_zone, parse_time
from events.languages.go_time.layout import elements
from events.languages.go_values import Duration, GoObject, GoTime, Uint8, Uint32, Uint64

Arguments = list[Any]

_NS: Final = 1_000_000_000
_WHOLE: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_TYPES: Final = {
    "int": "int",
    "int32": "int",
    "int64": "int",
    "uint8": "uint",
    "uint32": "uint",
    "uint64": "uint",
    "float64": "float",
    "slice": "array",
}
_LAYOUTS: Final = (
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    "2006-01-02T15:04:05Z07:00",
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
)


def _type(arguments: Arguments) -> str:
    value = arguments[0]
    if value is None:
        return "nil"
    if (isinstance(value, GoObject) and kind(value) not in {"func", "map"}) or type(value) is Duration:
        return type_of(value)
    return _TYPES.get(kind(value), kind(value))


def _abs(arguments: Arguments) -> Any:
    value = arguments[0]
    if type(value) not in NUMBERS:
        raise Fault(f"invalid argument for abs (type {type_of(value)})")
    return negate(value) if value < 0 and type(value) not in {Uint8, Uint32, Uint64} else value


def _rounding(name: str, change: Callable[[float], float]) -> Callable[[Arguments], float]:
    def call(arguments: Arguments) -> float:
        value = arguments[0]
        if type(value) not in NUMBERS:
            raise Fault(f"invalid argument for {name} (type {type_of(value)})")
        if type(value) is not float:
            return float(value)
        if not math.isfinite(value):
            return value
        return math.copysign(change(value), value)

    return call


def _half_away(value: float) -> float:
    whole = math.trunc(value)
    return float(whole + math.copysign(1, value)) if abs(value - whole) >= 0.5 else float(whole)


def as_int(arguments: Arguments) -> int:
    """`int(...)`, which is also `asInt`."""
    value = arguments[0]
    if type(value) is float:
        return cut(value)
    if type(value) in NUMBERS:
        return int(value)
    if type(value) is not str:
        raise Fault(f"invalid operation: int({type_of(value)})")
    if (
        _WHOLE.fullmatch(value)
        and len(value.lstrip("+-0")) < 20
        and MIN_INT <= (number := int(value)) <= MAX_INT
    ):
        return number
    raise Fault(f"invalid operation: int({value})", quoted=value)


def as_float(arguments: Arguments) -> float:
    """`float(...)`, which is also `asFloat`."""
    value = arguments[0]
    if type(value) in NUMBERS:
        return float(value)
    if type(value) is not str:
        raise Fault(f"invalid operation: float({type_of(value)})")
    number = parse_float(value)
    if number is None or (math.isinf(number) and not value.lstrip("+-").lower().startswith("inf")):
        raise Fault(f"invalid operation: float({value})", quoted=value)
    return number


def _duration(arguments: Arguments) -> Duration:
    try:
        return Duration(parse_duration(text_of(arguments[0])))
    except BadDuration as error:
        raise Fault(str(error), quoted=str(error).partition("duration ")[2]) from None


def _date(arguments: Arguments) -> GoTime:
    text = text_of(arguments[0])
    if len(arguments) == 1:
        for layout in _LAYOUTS:
            try:
                return GoTime(*parse_time(layout, text))
            except UnreadableTime:
                continue
        raise Fault(f"invalid date {text}", quoted=text)
    layout = text_of(arguments[1])
    zone = None
    if len(arguments) == 3:
        name = text_of(arguments[2])
        zone = load_zone(name)
        if zone is None:
            raise Fault(f"unknown time zone {name}", quoted=name)
    try:
        unix_ns, found = parse_time(layout, text)
    except UnreadableTime as error:
        raise Fault(str(error), quoted=str(error).partition("parsing time ")[2]) from None
    return GoTime(unix_ns, found) if zone is None else _in_zone(unix_ns, found, zone, layout)


def _in_zone(unix_ns: int, found: Zone, zone: Zone, layout: str) -> GoTime:
    """The time read is that of a wall in `zone`, unless the text names a zone or an offset of its own."""
    names_zone = any(each.text == "MST" or each.text[:1] in {"-", "Z"} for each in elements(layout))
    if names_zone:
        return GoTime(unix_ns, found)
    wall_s, rest_ns = divmod(unix_ns, _NS)
    _, offset_s = zone.at(wall_s)
    _, offset_s = zone.at(wall_s - offset_s)
    return GoTime((wall_s - offset_s) * _NS + rest_ns, zone)


def now(now_us: int | None) -> GoTime:
    """`now()`. Raises Fault where the caller gave no time."""
    if now_us is None:
        raise Fault("now() is not known here")
    return GoTime(now_us * 1000, UTC)


SCALAR_BUILTINS: Final[Mapping[str, Callable[[Arguments], Any]]] = {
    "type": _type,
    "abs": _abs,
    "ceil": _rounding("ceil", lambda value: float(math.ceil(value))),
    "floor": _rounding("floor", lambda value: float(math.floor(value))),
    "round": _rounding("round", _half_away),
    "int": as_int,
    "float": as_float,
    "string": lambda arguments: shown(arguments[0]),
    "toJSON": lambda arguments: indented_json(arguments[0]),
    "fromJSON": lambda arguments: read_value(text_of(arguments[0])),
    "duration": _duration,
    "date": _date,
}
"""By name: arguments to value. They raise Fault."""
