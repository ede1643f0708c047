"""What upstream said, one JSON object a line: checked in below `tests/sensors/vectors/`, and tested without Go.

Data and documents are texts there. Events stand in a file of their own, once each; a case has their numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.oracles.upstream.events import Case

FOLDER = Path(__file__).parents[2] / "sensors" / "vectors"
Vector = tuple[Case, dict[str, Any]]
"""A case, and what upstream said of it."""

KINDS = {
    "filters": ("filter",),
    "transforms": ("transform",),
    "parameters": ("apply",),
    "payloads": ("payload",),
    "objects": ("object",),
    "conditions": ("condition",),
    "validation": ("validate",),
}
"""What each file has."""
_EVENTS = "events"


def read(name: str) -> Iterator[Vector]:
    """The vectors of one file."""
    events = [_unpacked(each) for each in _lines(_EVENTS)]
    for line in _lines(name):
        said = line.pop("said")
        case = _unpacked(line)
        if "events" in case:
            case["events"] = {dependency: events[number] for dependency, number in case["events"].items()}
        for number, answer in said if isinstance(said, list) else [(None, said)]:
            yield case if number is None else {**case, "event": events[number]}, _unpacked(answer)


def write(vectors: Iterable[Vector]) -> dict[str, int]:
    """Write all files anew; answers how many vectors each has."""
    events: dict[str, int] = {}
    files: dict[str, dict[str, Any]] = {name: {} for name in KINDS}
    names = {ask: name for name, asks in KINDS.items() for ask in asks}
    counts = dict.fromkeys(KINDS, 0)
    for case, said in vectors:
        line = _packed(case)
        event = line.pop("event", None)
        if "events" in line:
            line["events"] = {name: _number(events, each) for name, each in line["events"].items()}
        name = names[case["ask"]]
        counts[name] += 1
        if event is None:
            files[name][_dumps(line)] = _packed(said)
        else:
            # What is asked of many events stands there once.
            files[name].setdefault(_dumps(line), []).append([_number(events, event), _packed(said)])
    _path(_EVENTS).write_text("".join(f"{event}\n" for event in events), encoding="ascii")
    for name, answers in files.items():
        lines = [f"{_dumps({**json.loads(line), 'said': said})}\n" for line, said in answers.items()]
        _path(name).write_text("".join(lines), encoding="ascii")
    return counts


def _number(events: dict[str, int], event: Case) -> int:
    return events.setdefault(_dumps(_packed(event)), len(events))


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _path(name).read_text(encoding="ascii").splitlines()]


def _path(name: str) -> Path:
    return FOLDER / f"upstream_{name}.jsonl"


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _packed(value: dict[str, Any]) -> dict[str, Any]:
    """With bytes as texts."""
    return {name: each.decode() if isinstance(each, bytes) else each for name, each in value.items()}


def _unpacked(value: dict[str, Any]) -> dict[str, Any]:
    """The reverse: `data` and `document` are the members that are bytes."""
    packed = {name: value[name] for name in ("data", "document") if value.get(name) is not None}
    return {**value, **{name: text.encode() for name, text in packed.items()}}
