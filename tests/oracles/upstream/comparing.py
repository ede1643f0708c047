"""Where upstream and we say different things of a case; an empty text where they agree."""

from __future__ import annotations

import json
import re
from typing import Any

from sensors.kube_object import sanitised_name
from sensors.sandbox import Sandbox
from sensors.trigger import RenderFailed
from tests.oracles.upstream import ours
from tests.oracles.upstream.events import Case

_WORDS = {"exprs": "expr", "data": "data", "time": "time"}
_DATA_FAULT = "event data not valid JSON"
_VALUES = re.compile(r" \([abcdr] is .*\)$", re.DOTALL)
_EMPTY = re.compile(r"template ('.*') evaluated to empty string or no value", re.DOTALL)
_DERIVED = re.compile(r"[a-z2-7]{16}$")
_TODAY = 'parsing time "'
_LEFT_OUT = (
    "to use dlqTrigger, trigger.atLeastOnce must be set to true",
    "atLeastOnce must be set to true within the dlqTrigger",
)
"""Faults that are none here, on purpose (design, section 5)."""
_OURS = ("unknown operation type apply", "unknown operation type ")
"""Ends of the faults of what only we carry out: `apply`, and `argoWorkflow` without an operation."""


async def difference(sandbox: Sandbox, case: Case, upstream: dict[str, Any]) -> str:
    """Ask our code too, and compare."""
    match case["ask"]:
        case "filter":
            return _verdicts(case, upstream, await ours.filtered(sandbox, case["dependency"], case["event"]))
        case "transform":
            return _data(upstream, await ours.transformed(sandbox, case["dependency"], case["event"]))
        case "apply" | "payload":
            return _data(upstream, ours.applied(case))
        case "object":
            return _objects(upstream, ours.created(case))
        case "condition":
            return _conditions(upstream, ours.condition(case))
        case "validate":
            return _faults(upstream, ours.validated(case["sensor"]))
    raise ValueError(case["ask"])


def _verdicts(case: Case, upstream: dict[str, Any], said: ours.Said) -> str:
    if "error" not in upstream or "error" not in said:
        # What cannot be read stops the dependency here; there it fails event after event.
        if "stopped" in said and "error" in upstream:
            return ""
        passed = {} if "error" in upstream else {"passed": upstream.get("passed", False)}
        return "" if said == passed else f"upstream {upstream}, ours {said}"
    text = _as_upstream(case["dependency"]["filters"], said)
    # Upstream tells of every kind that failed under an outer `or`; a verdict of ours is of the first.
    return "" if _says(upstream["error"], text) else f"upstream {upstream['error']!r}, ours {text!r}"


def _says(text: str, mine: str) -> bool:
    """Whether it begins with ours, in which the middle of a long value is left out."""
    return re.match(".*".join(re.escape(part) for part in mine.split("…")), text, re.DOTALL) is not None


def _as_upstream(filters: Case, said: ours.Said) -> str:
    """Upstream's wording of our reasons; empty for the script's, which are compared with Lua's own oracle."""
    word = _WORDS.get(said["kind"])
    if word is None:
        return ""
    if filters.get(f"{word}LogicalOperator") != "or" or said["error"] == _DATA_FAULT:
        return f"{word} filter error ({_bare(said['error'])})"
    reasons = [
        _EMPTY.sub(r"template evaluated to empty string or no value: \1", each) for each in said["reasons"]
    ]
    return f"{word} filter errors [{' / '.join(_bare(each) for each in reasons)}]"


def _bare(reason: str) -> str:
    """Without the values of the names, which only we tell."""
    return _VALUES.sub("", reason)


def _data(upstream: dict[str, Any], said: ours.Said) -> str:
    if "error" in upstream or "panic" in upstream:
        return "" if "error" in said or "stopped" in said else f"upstream {upstream}, ours {said}"
    if "data" not in said:
        return f"upstream {upstream}, ours {said}"
    theirs, mine = upstream.get("data") or b"", said["data"] or b""
    return "" if theirs == mine else f"upstream {theirs!r}, ours {mine!r}"


def _objects(upstream: dict[str, Any], said: ours.Said) -> str:
    if said.get("error", "").startswith("InvalidName"):
        return ""  # the API server refuses it there
    if "error" in upstream or "panic" in upstream or "data" not in said:
        return _data(upstream, said)
    theirs, mine = comparable(upstream["data"]), comparable(said["data"])
    return "" if theirs == mine else f"upstream {theirs}, ours {mine}"


def comparable(written: bytes) -> str:
    """The text of an object without what each side adds, and without the name that is made from `generateName`."""
    target = json.loads(written, parse_int=_number, parse_float=_number)
    metadata = target["metadata"]
    for member, prefix in (("labels", "events.argoproj.io/"), ("annotations", "kikkake/")):
        kept = {
            name: each for name, each in (metadata.get(member) or {}).items() if not name.startswith(prefix)
        }
        metadata.pop(member, None)
        metadata.update({member: kept} if kept else {})
    name = metadata.pop("name", "")
    if name and not (metadata.get("generateName") and _DERIVED.search(name)):
        metadata["name"] = _usable(name)
    return json.dumps(target, sort_keys=True, ensure_ascii=False)


def _usable(name: str) -> str:
    """A name out of an event is made a name for Kubernetes here; there the API server refuses it."""
    try:
        return sanitised_name(name)
    except RenderFailed:
        return name


def _number(text: str) -> int | float:
    """Integers beyond 64 bits are kept here and made floats there."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _conditions(upstream: dict[str, Any], said: ours.Said) -> str:
    if "error" in upstream or "panic" in upstream:
        return "" if "error" in said else f"upstream {upstream}, ours {said}"
    theirs = {"names": upstream.get("names", []), "passed": upstream.get("holds", False)}
    return "" if theirs == said else f"upstream {theirs}, ours {said}"


def _faults(upstream: dict[str, Any], faults: list[str]) -> str:
    """Upstream's first fault has to be among ours, in its words; where it has none neither have we."""
    first = upstream.get("error", "")
    if first in faults or (not first and not faults) or first in _LEFT_OUT or first.endswith(_OURS):
        return ""
    if first.startswith(_TODAY) and any(each.startswith(_TODAY) for each in faults):
        return ""  # upstream's text has the date of today in it
    return f"upstream {first or upstream!r}, ours {faults}"
