"""Methods that times and durations have in Go: `now().Year()`, `duration("90m").Hours()`.

Those whose result expressions can use further are here; what differs is listed in docs/reference/differences/expr.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from events.languages.expr import types
from events.languages.expr.errors import Fault
from events.languages.expr.types import BOOL, DURATION, FLOAT, INT, INT64, STRING, TIME, Type, func
from events.languages.go_durations import round_duration
from events.languages.go_time import UTC
from events.languages.go_time.calendar import MONTHS, WEEKDAYS, Civil, civil, seconds
from events.languages.go_values import ZERO_TIME, Duration, GoObject, GoTime, Int64, type_name, wrap64

_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Month(GoObject):
    """A `time.Month`, from 1."""

    go_type: ClassVar[str] = "time.Month"
    go_kind: ClassVar[str] = "int"
    number: int

    def go_string(self) -> str:
        """Its English name."""
        return MONTHS[self.number - 1]


@dataclass(frozen=True, slots=True)
class Weekday(GoObject):
    """A `time.Weekday`, from 0 for Sunday."""

    go_type: ClassVar[str] = "time.Weekday"
    go_kind: ClassVar[str] = "int"
    number: int

    def go_string(self) -> str:
        """Its English name."""
        return WEEKDAYS[self.number]


@dataclass(frozen=True, slots=True)
class Method:
    """One method; `call` gets the value and the arguments."""

    type: Type
    call: Callable[..., Any]


def _local(time: GoTime) -> tuple[Civil, int]:
    unix_s, nanosecond = divmod(time.unix_ns, _NS)
    _, offset_s = time.zone.at(unix_s)
    return civil(unix_s + offset_s), nanosecond


def _wall(read: Callable[[Civil], Any], result: Type = INT) -> Method:
    return Method(func(result=result), lambda time: read(_local(time)[0]))


def _compared(decide: Callable[[int, int], Any], result: Type = BOOL) -> Method:
    return Method(func(TIME, result=result), lambda time, other: decide(time.unix_ns, other.unix_ns))


def add(time: GoTime, span: int) -> GoTime:
    """`Time.Add`."""
    return GoTime(time.unix_ns + int(span), time.zone)


def subtract(time: GoTime, other: GoTime) -> Duration:
    """`Time.Sub`: cut to what 64 bits hold."""
    return Duration(max(-(1 << 63), min((1 << 63) - 1, time.unix_ns - other.unix_ns)))


def _add_date(time: GoTime, years: int, months: int, days: int) -> GoTime:
    wall, nanosecond = _local(time)
    unix_s = time.unix_ns // _NS
    _, offset_s = time.zone.at(unix_s)
    whole_years, month = divmod(wall.month - 1 + months, 12)
    local_s = seconds(wall.year + years + whole_years, month + 1, wall.day + days)
    local_s += wall.hour * 3600 + wall.minute * 60 + wall.second
    # Twice, for a date beyond a change of the clock.
    for _ in range(2):
        _, offset_s = time.zone.at(local_s - offset_s)
    return GoTime((local_s - offset_s) * _NS + nanosecond, time.zone)


def _cut(time: GoTime, span: int) -> GoTime:
    if span <= 0:
        return time
    since = time.unix_ns - ZERO_TIME.unix_ns
    return GoTime(time.unix_ns - since % span, time.zone)


def _iso_week(wall: Civil) -> int:
    thursday = wall.year_day + 4 - (wall.weekday or 7)
    if thursday < 1:
        return wall.year - 1
    length = 365 + (wall.year % 4 == 0 and (wall.year % 100 != 0 or wall.year % 400 == 0))
    return wall.year + (thursday > length)


TIME_METHODS: Final[Mapping[str, Method]] = {
    "Year": _wall(lambda wall: wall.year),
    "Month": _wall(lambda wall: Month(wall.month), types.MONTH),
    "Day": _wall(lambda wall: wall.day),
    "Hour": _wall(lambda wall: wall.hour),
    "Minute": _wall(lambda wall: wall.minute),
    "Second": _wall(lambda wall: wall.second),
    "YearDay": _wall(lambda wall: wall.year_day),
    "Weekday": _wall(lambda wall: Weekday(wall.weekday), types.WEEKDAY),
    "Nanosecond": Method(func(result=INT), lambda time: time.unix_ns % _NS),
    "Unix": Method(func(result=INT64), lambda time: Int64(time.unix_ns // _NS)),
    "UnixMilli": Method(func(result=INT64), lambda time: Int64(time.unix_ns // 1_000_000)),
    "UnixMicro": Method(func(result=INT64), lambda time: Int64(time.unix_ns // 1_000)),
    "UnixNano": Method(func(result=INT64), lambda time: Int64(wrap64(time.unix_ns))),
    "IsZero": Method(func(result=BOOL), lambda time: time.unix_ns == ZERO_TIME.unix_ns),
    "Add": Method(func(DURATION, result=TIME), add),
    "Sub": Method(func(TIME, result=DURATION), subtract),
    "AddDate": Method(func(INT, INT, INT, result=TIME), _add_date),
    "Truncate": Method(func(DURATION, result=TIME), _cut),
    "Before": _compared(lambda a, b: a < b),
    "After": _compared(lambda a, b: a > b),
    "Equal": _compared(lambda a, b: a == b),
    "Compare": _compared(lambda a, b: (a > b) - (a < b), INT),
    "Format": Method(func(STRING, result=STRING), lambda time, layout: time.formatted(layout)),
    "String": Method(func(result=STRING), lambda time: time.go_string()),
    "UTC": Method(func(result=TIME), lambda time: GoTime(time.unix_ns, UTC)),
    "Local": Method(func(result=TIME), lambda time: GoTime(time.unix_ns, UTC)),
}

_HOUR: Final = 3600 * _NS


def _parts(unit: int) -> Method:
    def count(span: int) -> float:
        # As Go: whole units and the rest are divided apart.
        whole, rest = divmod(abs(int(span)), unit)
        sign = -1.0 if span < 0 else 1.0
        return sign * whole + sign * rest / unit

    return Method(func(result=FLOAT), count)


def _toward_zero(span: int, unit: int) -> int:
    whole = abs(int(span)) // unit
    return -whole if span < 0 else whole


def _round(span: int, unit: int) -> Duration:
    return Duration(round_duration(int(span), int(unit)) if unit > 0 else span)


DURATION_METHODS: Final[Mapping[str, Method]] = {
    "Hours": _parts(_HOUR),
    "Minutes": _parts(60 * _NS),
    "Seconds": _parts(_NS),
    "Milliseconds": Method(func(result=INT64), lambda span: Int64(_toward_zero(span, 1_000_000))),
    "Microseconds": Method(func(result=INT64), lambda span: Int64(_toward_zero(span, 1_000))),
    "Nanoseconds": Method(func(result=INT64), Int64),
    "Abs": Method(func(result=DURATION), lambda span: Duration(min(abs(int(span)), (1 << 63) - 1))),
    "String": Method(func(result=STRING), str),
    "Round": Method(func(DURATION, result=DURATION), _round),
    "Truncate": Method(
        func(DURATION, result=DURATION),
        lambda span, unit: Duration(_toward_zero(span, unit) * int(unit) if unit > 0 else span),
    ),
}
_NAME_METHODS: Final = {"String": Method(func(result=STRING), lambda value: value.go_string())}

_BY_TYPE: Final[Mapping[str, Mapping[str, Method]]] = {
    TIME.text: TIME_METHODS,
    DURATION.text: DURATION_METHODS,
    types.MONTH.text: _NAME_METHODS,
    types.WEEKDAY.text: _NAME_METHODS,
}


def methods_of(type_text: str) -> Mapping[str, Method]:
    """The methods of a type, by name."""
    return _BY_TYPE.get(type_text, {})


@dataclass(frozen=True, slots=True)
class BoundMethod(GoObject):
    """A method together with its value, ready to be called."""

    go_type: ClassVar[str] = "func()"
    go_kind: ClassVar[str] = "func"
    value: Any
    method: Method

    def call(self, arguments: list[Any]) -> Any:
        """Raises Fault where the arguments are not those of the method."""
        wanted = self.method.type.parameters
        if len(arguments) != len(wanted):
            raise Fault(
                f"reflect: Call with too {'few' if len(arguments) < len(wanted) else 'many'} input arguments"
            )
        for given, parameter in zip(arguments, wanted, strict=True):
            if given is None or type_name(given) != parameter.text:
                named = "nil" if given is None else type_name(given)
                raise Fault(f"interface conversion: interface {{}} is {named}, not {parameter.text}")
        return self.method.call(self.value, *arguments)
