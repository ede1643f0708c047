"""Regular expressions of jq: Go's dialect, which is RE2's."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import orjson
import re2

from events.languages.jq.errors import Failure, cannot_apply, expected
from events.languages.jq.values import add

_MEMORY = 8 << 20
"""Bytes that one pattern may take."""

_GO_REASONS = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
}
"""What RE2 says, in Go's words."""


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str, flags: str) -> Any:
    if set(flags) - set("gim"):
        raise Failure(f"unsupported regular expression flag: {orjson.dumps(flags).decode()}")
    pattern = ("(?s)" if "m" in flags else "") + ("(?i)" if "i" in flags else "") + pattern
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        what, _, where = reason.partition(": ")
        told = f"{_GO_REASONS.get(what, what)}: `{where}`" if where else _GO_REASONS.get(what, what)
        shown = orjson.dumps(pattern).decode()
        raise Failure(f"invalid regular expression {shown}: error parsing regexp: {told}") from None


def _checked(name: str, value: Any, pattern: Any, flags: Any) -> Any:
    if not isinstance(value, str) or not isinstance(pattern, str) or not isinstance(flags, str | None):
        raise cannot_apply(name, value, pattern, flags)
    return _compiled(pattern, flags or "")


def test(value: Any, pattern: Any, flags: Any) -> bool:
    """`test`."""
    return _checked("test", value, pattern, flags).search(value) is not None


def find_all(value: Any, pattern: Any, flags: Any) -> list[Any]:
    """`match`: one object a match; offsets count characters."""
    expression = _checked("match", value, pattern, flags)
    matches = _each_match(expression, value)
    if "g" not in (flags or ""):
        first = next(matches, None)
        return [] if first is None else [first]
    return list(matches)


def _each_match(expression: Any, text: str) -> Iterator[dict[str, Any]]:
    names = {group: name for name, group in expression.groupindex.items()}
    previous_end = -1
    for found in expression.finditer(text):
        # Go leaves an empty match away that touches the match before it.
        if found.start() == found.end() == previous_end:
            continue
        previous_end = found.end()
        yield {
            "offset": found.start(),
            "length": found.end() - found.start(),
            "string": found.group(),
            "captures": [
                {
                    "name": names.get(group),
                    "offset": found.start(group),
                    "length": max(found.end(group) - found.start(group), 0),
                    "string": found.group(group),
                }
                for group in range(1, expression.groups + 1)
            ],
        }


def named_captures(captures: Any) -> dict[str, Any]:
    """Name to text."""
    if type(captures) is not list:
        raise expected("an array", captures)
    return {each["name"]: each["string"] for each in captures if each["name"] is not None}


def capture(value: Any, pattern: Any, flags: Any) -> Iterator[Any]:
    """`capture`."""
    for match in find_all(value, pattern, flags):
        yield named_captures(match["captures"])


def scan(value: Any, pattern: Any, flags: Any) -> Iterator[Any]:
    """`scan`: the texts of all matches, or of their groups."""
    for match in find_all(value, pattern, add(flags, "g")):
        yield [each["string"] for each in match["captures"]] if match["captures"] else match["string"]


def split_by(value: Any, pattern: Any, flags: Any) -> Iterator[Any]:
    """`splits`: the texts between all matches."""
    at = 0
    for match in find_all(value, pattern, add(flags, "g")):
        yield value[at : match["offset"]]
        at = match["offset"] + match["length"]
    yield value[at:]
