"""Expected against actual: subset or whole, path by path. Pure.

Subset: maps by key; lists element by element and equal in length; numbers by value; `null` = present and null
(design, section 7).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from events.resource import Path, nearest_name, path_text

ABSENT = "(absent)"
_SHOWN_LENGTH = 160


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as expected; values are shown as JSON, words of ours in round brackets."""

    path: str
    expected: str
    actual: str
    look: str = ""
    """Where to look: why it is so, or what was probably meant."""


def subset(expected: Any, actual: Any, path: Path) -> list[Difference]:
    """Where `actual` does not hold what `expected` says; more may stand in it."""
    return _compare(expected, actual, path, is_whole=False)


def whole(expected: Any, actual: Any, path: Path) -> list[Difference]:
    """Where the two are not the same."""
    return _compare(expected, actual, path, is_whole=True)


def matches(pattern: str, text: str, path: Path) -> list[Difference]:
    """Where the regular expression `pattern` is nowhere found in `text`."""
    if re.search(pattern, text):
        return []
    return [Difference(path_text(path), f"/{pattern}/", shown(text) if text else "(no reason)")]


def equal(expected: Any, actual: Any, path: Path, look: str = "") -> list[Difference]:
    """Where two plain values differ."""
    return [] if expected == actual else [Difference(path_text(path), shown(expected), shown(actual), look)]


def shown(value: Any) -> str:
    """A value on one line, cut."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"


def _compare(expected: Any, actual: Any, path: Path, *, is_whole: bool) -> list[Difference]:
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return _compare_maps(expected, actual, path, is_whole=is_whole)
    if isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        return _compare_lists(list(expected), list(actual), path, is_whole=is_whole)
    if _is_same(expected, actual):
        return []
    return [Difference(path_text(path), shown(expected), shown(actual))]


def _compare_maps(
    expected: Mapping[str, Any], actual: Mapping[str, Any], path: Path, *, is_whole: bool
) -> list[Difference]:
    found: list[Difference] = []
    for key, value in expected.items():
        if key in actual:
            found += _compare(value, actual[key], (*path, key), is_whole=is_whole)
        else:
            near = nearest_name(key, [name for name in actual if name not in expected])
            look = f"there is `{near}`" if near else ""
            found.append(Difference(path_text((*path, key)), shown(value), ABSENT, look))
    if is_whole:
        for key in actual:
            if key not in expected:
                found.append(Difference(path_text((*path, key)), ABSENT, shown(actual[key])))
    return found


def _compare_lists(expected: list[Any], actual: list[Any], path: Path, *, is_whole: bool) -> list[Difference]:
    found: list[Difference] = []
    for index, (wanted, given) in enumerate(zip(expected, actual, strict=False)):
        found += _compare(wanted, given, (*path, index), is_whole=is_whole)
    for index in range(len(actual), len(expected)):
        found.append(Difference(path_text((*path, index)), shown(expected[index]), ABSENT))
    for index in range(len(expected), len(actual)):
        found.append(Difference(path_text((*path, index)), ABSENT, shown(actual[index])))
    return found


def _is_same(expected: Any, actual: Any) -> bool:
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return expected == actual
    return type(expected) is type(actual) and bool(expected == actual)
