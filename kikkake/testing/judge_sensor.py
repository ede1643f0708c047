"""Judging a Sensor: what a case expects against what happened. Pure."""

from __future__ import annotations

import copy
from typing import Any

import orjson

from events.clock import format_time, parse_time
from events.languages.gjson import Document, compile_path
from events.resource import Path, path_text
from kikkake.testing.compare import ABSENT, Difference, equal, matches, shown, subset, whole
from kikkake.testing.happened import Firing, Happened, Held
from kikkake.testing.judge_objects import judge_objects
from kikkake.testing.sensor_document import Fired, Rendered, SensorExpect, Waiting

_KINDS = ("object", "request", "message")
_OWN_LABELS = "events.argoproj.io/"
_OWN_ANNOTATIONS = "kikkake/"


def judge_sensor(expect: SensorExpect, happened: Happened, path: Path) -> list[Difference]:
    """Everything that is not as `expect`, which stands at `path`, says; `error` is judged elsewhere."""
    found: list[Difference] = []
    for name, word in (expect.verdicts or {}).items():
        verdict = happened.verdicts[name]
        if verdict.word != word:
            actual = verdict.word or "(no verdict)"
            found.append(Difference(path_text((*path, "verdicts", name)), word, actual, verdict.reason))
    for name, pattern in (expect.because or {}).items():
        verdict = happened.verdicts[name]
        found += matches(pattern, verdict.reason, (*path, "because", name))
    if expect.waiting is not None:
        found += _judge_waiting(expect.waiting, happened, (*path, "waiting"))
    if expect.fired is not None:
        found += _judge_fired(expect.fired, happened, (*path, "fired"))
    found += judge_objects(expect.cluster or (), expect.gone or (), happened.cluster, path)
    return found


Expected = Waiting | list[Waiting] | None


def _judge_waiting(expected: dict[str, Expected], happened: Happened, path: Path) -> list[Difference]:
    found: list[Difference] = []
    if not expected:
        for name, held in happened.waiting.items():
            found.append(Difference(path_text((*path, name)), ABSENT, f"it holds {_held_text(held)}"))
    for name, waiting in expected.items():
        where = (*path, name)
        held = happened.waiting.get(name, [])
        if waiting is None:
            if held:
                found.append(Difference(path_text(where), "(holds nothing)", f"it holds {_held_text(held)}"))
        elif not held:
            found.append(
                Difference(path_text(where), _waiting_text(waiting), "(holds nothing)", _why(happened, name))
            )
        else:
            found += _judge_held(waiting, held, where)
    return found


def _judge_held(waiting: Waiting | list[Waiting], held: list[Held], where: Path) -> list[Difference]:
    """A list is exact; one alone is the one of its key, or the only one."""
    if isinstance(waiting, list):
        if len(waiting) != len(held):
            return [Difference(path_text(where), _waiting_text(waiting), _held_text(held))]
        pairs = [
            (one, other, (*where, index))
            for index, (one, other) in enumerate(zip(waiting, held, strict=True))
        ]
        return [difference for one, other, path in pairs for difference in _judge_one_held(one, other, path)]
    chosen = [each for each in held if waiting.key is None or each.key == waiting.key]
    if len(chosen) != 1:
        why = "give the `key`, or a list of all" if len(chosen) > 1 else ""
        return [Difference(path_text(where), _waiting_text(waiting), f"it holds {_held_text(held)}", why)]
    return _judge_one_held(waiting, chosen[0], where)


def _judge_one_held(waiting: Waiting, held: Held, where: Path) -> list[Difference]:
    found: list[Difference] = []
    if waiting.key is not None:
        found += equal(waiting.key, held.key, (*where, "key"))
    if waiting.has is not None:
        found += whole(waiting.has, held.has, (*where, "has"))
    if waiting.needs is not None:
        found += equal(sorted(waiting.needs), sorted(held.needs), (*where, "needs"))
    return found


def _held_text(held: list[Held]) -> str:
    """For people: `{"a": "1"}`, with its key where it has one."""
    return ", ".join(f"{each.key}: {shown(each.has)}" if each.key else shown(each.has) for each in held)


def _waiting_text(waiting: Waiting | list[Waiting]) -> str:
    if isinstance(waiting, list):
        return shown([each.model_dump(by_alias=True, exclude_none=True) for each in waiting])
    return shown(waiting.model_dump(by_alias=True, exclude_none=True))


def _judge_fired(expected: list[Fired], happened: Happened, path: Path) -> list[Difference]:
    found: list[Difference] = []
    actual = happened.fired
    for index, (wanted, firing) in enumerate(zip(expected, actual, strict=False)):
        found += _judge_one(wanted, firing, (*path, index))
    for index in range(len(actual), len(expected)):
        name = expected[index].trigger
        found.append(
            Difference(path_text((*path, index)), name, "(nothing more fired)", _why(happened, name))
        )
    for index in range(len(expected), len(actual)):
        found.append(Difference(path_text((*path, index)), "(nothing more)", _firing_text(actual[index])))
    return found


def _judge_one(wanted: Fired, firing: Firing, path: Path) -> list[Difference]:
    if wanted.trigger != firing.trigger:
        return [Difference(path_text((*path, "trigger")), wanted.trigger, _firing_text(firing))]
    found: list[Difference] = []
    if wanted.given is not None:
        found += whole(wanted.given, firing.given, (*path, "with"))
    found += _judge_rendered(wanted, firing, path, is_whole=False)
    if wanted.operation:
        found += equal(wanted.operation, firing.operation or "create", (*path, "operation"))
    if wanted.exactly is not None:
        found += _judge_rendered(wanted.exactly, firing, (*path, "exactly"), is_whole=True)
    for index, text in enumerate(wanted.absent):
        found += _judge_absent(text, firing, (*path, "absent", index))
    if wanted.outcome is not None and wanted.outcome != firing.outcome:
        found.append(
            Difference(path_text((*path, "outcome")), wanted.outcome, firing.outcome, _outcome_look(firing))
        )
    if wanted.attempts is not None:
        found += equal(wanted.attempts, firing.attempts, (*path, "attempts"), _outcome_look(firing))
    if wanted.reason:
        found += matches(wanted.reason, firing.reason, (*path, "reason"))
    if wanted.at and parse_time(wanted.at) != firing.at_us:
        found.append(Difference(path_text((*path, "at")), wanted.at, format_time(firing.at_us)))
    return found


def _outcome_look(firing: Firing) -> str:
    if firing.outcome != "open":
        return firing.reason
    return f"{firing.reason or 'it is still under way'}; it goes on when the clock moves: add `- wait: 10m`"


def _judge_rendered(wanted: Rendered, firing: Firing, path: Path, *, is_whole: bool) -> list[Difference]:
    found: list[Difference] = []
    for kind in _KINDS:
        expected = getattr(wanted, kind)
        if expected is None:
            continue
        where = (*path, kind)
        if firing.rendered is None:
            found.append(
                Difference(path_text(where), shown(expected), "(nothing was rendered)", firing.reason)
            )
        elif firing.rendered[0] != kind:
            found.append(
                Difference(
                    path_text(where), shown(expected), f"(what was rendered is its `{firing.rendered[0]}`)"
                )
            )
        else:
            compare = whole if is_whole else subset
            found += compare(expected, firing.rendered[1], where)
    return found


def _judge_absent(text: str, firing: Firing, path: Path) -> list[Difference]:
    if firing.rendered is None:
        return []
    rendered = orjson.dumps(without_ours(firing.rendered[1]))
    result = compile_path(text).get(Document(rendered))
    if not result.exists:
        return []
    return [Difference(path_text(path), f"no {text}", result.raw.decode("utf-8", "replace")[:160])]


def without_ours(rendered: dict[str, Any]) -> dict[str, Any]:
    """Without the labels and annotations that Kikkake adds to every object."""
    kept = copy.deepcopy(rendered)
    metadata = kept.get("metadata")
    if isinstance(metadata, dict):
        for member, prefix in (("labels", _OWN_LABELS), ("annotations", _OWN_ANNOTATIONS)):
            own = metadata.get(member)
            if isinstance(own, dict):
                metadata[member] = {name: text for name, text in own.items() if not name.startswith(prefix)}
                if not metadata[member]:
                    del metadata[member]
    return kept


def _firing_text(firing: Firing) -> str:
    given = ", ".join(
        f"{name}={'+'.join(ids) if isinstance(ids, list) else ids}" for name, ids in firing.given.items()
    )
    return f"{firing.trigger} with {given} ({firing.outcome})"


def _why(happened: Happened, trigger: str) -> str:
    """Why a trigger has not fired: what it waits for, or what its dependencies said."""
    held = happened.waiting.get(trigger)
    if held is not None:
        needs = ", ".join(dict.fromkeys(name for each in held for name in each.needs))
        return f"{trigger} has {_held_text(held)} and waits for {needs or 'more, or its next event'}"
    reasons = [
        f"{name}: {verdict.reason or verdict.word}"
        for name, verdict in happened.verdicts.items()
        if verdict.word != "passed"
    ]
    return "; ".join(reasons)
