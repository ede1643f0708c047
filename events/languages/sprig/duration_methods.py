"""Methods of `time.Duration`, as templates may call them."""

from __future__ import annotations

from events.languages.go_durations import LONGEST, format_duration, round_duration
from events.languages.go_template.functions import Function, declare
from events.languages.go_values import Duration

_UNITS = {"Hours": 3600 * 10**9, "Minutes": 60 * 10**9, "Seconds": 10**9}


def _in_units(unit_ns: int) -> Function:
    """Whole units and the fraction apart, each to the nearest float: the sum is Go's to the last bit."""

    def count(duration: Duration) -> float:
        whole, rest = divmod(abs(int(duration)), unit_ns)
        size = float(whole) + float(rest) / unit_ns
        return -size if duration < 0 else size

    return declare("func(time.Duration) float64", count)


def _whole(unit_ns: int) -> Function:
    return declare(
        "func(time.Duration) int64",
        lambda duration: abs(int(duration)) // unit_ns * (-1 if duration < 0 else 1),
    )


def _round(duration: Duration, unit: Duration) -> int:
    return round_duration(duration, unit) if unit > 0 else int(duration)


def _truncate(duration: Duration, unit: Duration) -> int:
    if unit <= 0:
        return int(duration)
    size = abs(int(duration)) // int(unit) * int(unit)
    return -size if duration < 0 else size


DURATION_METHODS: dict[str, Function] = {
    **{name: _in_units(unit_ns) for name, unit_ns in _UNITS.items()},
    "Abs": declare("func(time.Duration) time.Duration", lambda duration: min(abs(int(duration)), LONGEST)),
    "Microseconds": _whole(1_000),
    "Milliseconds": _whole(1_000_000),
    "Nanoseconds": _whole(1),
    "Round": declare("func(time.Duration, time.Duration) time.Duration", _round),
    "String": declare("func(time.Duration) string", lambda duration: format_duration(int(duration))),
    "Truncate": declare("func(time.Duration, time.Duration) time.Duration", _truncate),
}
