"""sprig: dates and durations. Layouts are Go's; `Local`, the default zone, is UTC.

A date may be a time or a number of seconds since 1970 (an `int`, `int64`, `int32`); anything else, also a JSON
number or a text, counts as now. The time is the one of the run.
"""

from __future__ import annotations

from events.languages.go_durations import (
    LONGEST,
    SHORTEST,
    BadDuration,
    format_duration,
    parse_duration,
    round_duration,
)
from events.languages.go_template.functions import Function, FunctionError, RenderContext, declare
from events.languages.go_time import LOCAL, UTC, UnreadableTime, format_time, load_zone, parse_time
from events.languages.go_values import ZERO_TIME, GoTime, Int32, Int64, wrap64
from events.languages.sprig.conversion import read_decimal

_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND
_ROUNDED = ((365 * _DAY, "y"), (30 * _DAY, "mo"), (_DAY, "d"), (3600 * _SECOND, "h"), (60 * _SECOND, "m"))


def _now(context: RenderContext) -> GoTime:
    return GoTime(context.now_ns, LOCAL)


def _date(context: RenderContext, layout: str, date: object) -> str:
    return _date_in_zone(context, layout, date, "Local")


def _date_in_zone(context: RenderContext, layout: str, date: object, zone: str) -> str:
    """Printed by the layout; an unknown zone is UTC."""
    unix_ns = context.now_ns
    if isinstance(date, GoTime):
        unix_ns = date.unix_ns
    elif type(date) in {int, Int64, Int32}:
        unix_ns = int(date) * _SECOND  # type: ignore[call-overload]  # one of the three
    return format_time(layout, unix_ns, load_zone(zone) or UTC)


def _html_date(context: RenderContext, date: object) -> str:
    return _date_in_zone(context, "2006-01-02", date, "Local")


def _html_date_in_zone(context: RenderContext, date: object, zone: str) -> str:
    return _date_in_zone(context, "2006-01-02", date, zone)


def _ago(context: RenderContext, date: object) -> str:
    """How long ago, in whole seconds."""
    unix_ns = context.now_ns
    if isinstance(date, GoTime):
        unix_ns = date.unix_ns
    elif type(date) in {int, Int64}:
        unix_ns = int(date) * _SECOND  # type: ignore[call-overload]  # one of the two
    return format_duration(round_duration(_since(context, unix_ns), _SECOND))


def _since(context: RenderContext, unix_ns: int) -> int:
    return max(SHORTEST, min(LONGEST, context.now_ns - unix_ns))


def _moved(duration: str, date: GoTime) -> GoTime:
    return GoTime(date.unix_ns + parse_duration(duration), date.zone)


def _date_modify(duration: str, date: GoTime) -> GoTime:
    try:
        return _moved(duration, date)
    except BadDuration:
        return date


def _must_date_modify(duration: str, date: GoTime) -> GoTime:
    try:
        return _moved(duration, date)
    except BadDuration as fault:
        raise FunctionError(str(fault)) from None


def _to_date(layout: str, text: str) -> GoTime:
    try:
        return GoTime(*parse_time(layout, text))
    except UnreadableTime:
        return ZERO_TIME


def _must_to_date(layout: str, text: str) -> GoTime:
    try:
        return GoTime(*parse_time(layout, text))
    except UnreadableTime as fault:
        raise FunctionError(str(fault)) from None


def _duration(seconds: object) -> str:
    """Of seconds in a text or an `int64`; any other number, also an `int`, is 0s."""
    count = 0
    if isinstance(seconds, str):
        count = read_decimal(seconds)
    elif type(seconds) is Int64:
        count = seconds
    return format_duration(wrap64(count * _SECOND))


def _duration_round(context: RenderContext, duration: object) -> str:
    """One number and unit (`3mo`, `5d`) of a text, of nanoseconds in an `int64`, or of the time since a time."""
    nanoseconds = 0
    if isinstance(duration, str):
        try:
            nanoseconds = parse_duration(duration)
        except BadDuration:
            nanoseconds = 0
    elif type(duration) is Int64:
        nanoseconds = duration
    elif isinstance(duration, GoTime):
        nanoseconds = _since(context, duration.unix_ns)
    size = abs(nanoseconds)
    for unit, name in (*_ROUNDED, (_SECOND, "s")):
        if size > unit:
            return f"{size // unit}{name}"
    return "0s"


def _unix_epoch(date: GoTime) -> str:
    return str(wrap64(date.unix_ns // _SECOND))


FUNCTIONS: dict[str, Function] = {
    "ago": declare("func(any) string", _ago, context=True),
    "date": declare("func(string, any) string", _date, context=True),
    "dateInZone": declare("func(string, any, string) string", _date_in_zone, context=True),
    "dateModify": declare("func(string, time.Time) time.Time", _date_modify),
    "date_in_zone": declare("func(string, any, string) string", _date_in_zone, context=True),
    "date_modify": declare("func(string, time.Time) time.Time", _date_modify),
    "duration": declare("func(any) string", _duration),
    "durationRound": declare("func(any) string", _duration_round, context=True),
    "htmlDate": declare("func(any) string", _html_date, context=True),
    "htmlDateInZone": declare("func(any, string) string", _html_date_in_zone, context=True),
    "mustDateModify": declare("func(string, time.Time) (time.Time, error)", _must_date_modify),
    "mustToDate": declare("func(string, string) (time.Time, error)", _must_to_date),
    "must_date_modify": declare("func(string, time.Time) (time.Time, error)", _must_date_modify),
    "now": declare("func() time.Time", _now, context=True),
    "toDate": declare("func(string, string) time.Time", _to_date),
    "unixEpoch": declare("func(time.Time) string", _unix_epoch),
}
