"""Values of expr as the oracle's answers carry them: lists of the Go type and the content."""

import json
from typing import Any

from events.languages.expr.printing import float_text, shown
from events.languages.expr.values import SLICES, AnyMap, HostFunction, KeySet, kind, type_of
from events.languages.go_values import GoTime
from tests.oracles.oracle import pack


def tagged(value: Any) -> list[Any]:  # noqa: PLR0911 - one line a class
    """The value as the command `expr` tells it."""
    if value is None:
        return ["<nil>"]
    name = type_of(value)
    if isinstance(value, str):
        return [name, pack(value.encode("utf-8", "surrogateescape"))]
    if type(value) in SLICES:
        return [name, [tagged(each) for each in value]]
    if isinstance(value, dict):
        return [name, _members(value.items())]
    if isinstance(value, AnyMap):
        return [name, _members(value.members.values())]
    if isinstance(value, HostFunction) or kind(value) == "func":
        return ["func"]
    if type(value) is float:
        return [name, _float(value)]
    if isinstance(value, GoTime):
        return [name, value.go_string()]
    assert not isinstance(value, KeySet)
    return [name, shown(value)]


def _float(value: float) -> str:
    # The oracle prints the shortest form, with an exponent where that is shorter than 21 digits would be.
    text = float_text(value)
    return text.removesuffix(".0")


def _members(members: Any) -> list[Any]:
    pairs = [[tagged(key), tagged(value)] for key, value in members]
    return sorted(pairs, key=json.dumps)


def same_value(ours: list[Any], theirs: list[Any]) -> bool:
    """Equal but for the order of maps and the last digit's spelling of floats."""
    if ours[0] != theirs[0] or len(ours) != len(theirs):
        return False
    if ours[0] == "float64":
        return _number(ours[1]) == _number(theirs[1])
    if len(ours) == 2 and isinstance(ours[1], list) and isinstance(theirs[1], list):
        if ours[0].startswith("map["):
            return _same_members(ours[1], theirs[1])
        return len(ours[1]) == len(theirs[1]) and all(map(same_value, ours[1], theirs[1]))
    return bool(ours == theirs)


def _same_members(ours: list[Any], theirs: list[Any]) -> bool:
    left = list(theirs)
    for key, value in ours:
        found = next((pair for pair in left if same_value(key, pair[0]) and same_value(value, pair[1])), None)
        if found is None:
            return False
        left.remove(found)
    return not left


def _number(text: str) -> str:
    return text if text in {"NaN", "+Inf", "-Inf", "-0"} else repr(float(text))
