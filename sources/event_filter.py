"""The expression filter of an event source: which of its events are published at all (spec-sources 2.4).

`filter.expression` is a program of expr over the event's data. True publishes the event; false, or an error, drops it
and counts as success for the sender, as upstream does, but both are counted here, and an error is logged without the
values that it met. An expression that cannot be read, or that never gives a boolean, is told when the resource is read
and stops that event alone (upstream finds it out anew with every event).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from events.errors import Finding, Scope
from events.languages.expr import ExprError, ExprEvaluationError, Program, compile_program, host_functions
from events.languages.go_json import NotJson, read_json
from events.model import SpecModel
from events.resource import Path, ResourceDocument

FILTERED: Final = "filtered"
FAILED: Final = "failed"
_FUNCTIONS: Final = host_functions()
_MAX_DOTS: Final = 10_000
"""In the names of one event: each becomes an object, which takes a hundred times its room."""


class ExpressionFilter(SpecModel):
    """Upstream's filter of an event source."""

    expression: str = ""
    """A program of the language expr over the event's data; only events for which it is true are published."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a filter says of one event."""

    is_passed: bool
    failure: str = ""
    """Why it could not be said, without any value of the event; empty where it could."""

    @property
    def reason(self) -> str:
        """`filtered` or `failed`, as metrics name it."""
        return FAILED if self.failure else FILTERED


_PASSED: Final = Verdict(is_passed=True)
_FILTERED: Final = Verdict(is_passed=False)


class EventFilter:
    """A compiled filter."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def judge(self, data: bytes | None, now_us: int) -> Verdict:
        """Whether the event with this data is published; `now_us` is what `now()` answers."""
        try:
            environment = filter_environment(data or b"")
        except NotJson as error:
            return Verdict(is_passed=False, failure=f"failed to unmarshal data, {error}")
        try:
            found = self._program.run(environment, now_us=now_us)
        except ExprEvaluationError as error:
            return Verdict(is_passed=False, failure=error.summary)
        if found is True:
            return _PASSED
        if found is False:
            return _FILTERED
        return Verdict(is_passed=False, failure="unable to cast expression result to bool")


def filter_environment(data: bytes) -> dict[str, Any]:
    """The names that an expression sees: the members of the data, and functions, which win.

    In names `-` becomes `_`; names with dots become nested objects, and where `a` and `a.b` are there, `a` goes.

    Raises:
        NotJson: the data is no JSON object and not `null`.
    """
    value = read_json(data, as_floats=True)
    if value is not None and not isinstance(value, dict):
        raise NotJson("the data is not a JSON object")
    names: dict[str, Any] = {name.replace("-", "_"): member for name, member in (value or {}).items()}
    dots = sum(name.count(".") for name in names)
    if dots > _MAX_DOTS:
        raise NotJson("the data has too many names with dots")
    if dots:
        names = _expanded(names)
    names.update(_FUNCTIONS)
    return names


def _expanded(names: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    branches: set[int] = set()
    for name, member in names.items():
        *outer, last = name.split(".")
        inside = found
        for part in outer:
            following: Any = inside.get(part)
            if id(following) not in branches:
                following = inside[part] = {}
                branches.add(id(following))
            inside = following
        if id(inside.get(last)) not in branches:
            inside[last] = member
    return found


@functools.lru_cache(maxsize=4096)
def _compiled(expression: str) -> EventFilter:
    return EventFilter(compile_program(expression))


def filter_of(config: Any) -> EventFilter | None:
    """The filter of one event's config; None where it has none. Raises ExprError, which `filter_findings` told."""
    given = getattr(config, "filter", None)
    return _compiled(given.expression) if isinstance(given, ExpressionFilter) else None


def filter_findings(document: ResourceDocument, config: Any, path: Path) -> Iterator[Finding]:
    """What is wrong with the filter of the event that stands at `path`."""
    given = getattr(config, "filter", None)
    if not isinstance(given, ExpressionFilter):
        return
    fault = _fault(given.expression)
    if fault is not None:
        what, fix = fault
        yield document.finding(
            (*path, "filter", "expression"),
            what,
            fix,
            code="InvalidFilter",
            scope=Scope.PART,
            part=f"event:{path[-1]}",
        )


def _fault(expression: str) -> tuple[str, str] | None:
    """What is wrong with an expression, and what to do."""
    if not expression.strip():
        return "is empty, which drops every event", "write an expression, or remove `filter`"
    try:
        program = compile_program(expression)
    except ExprError as error:
        reason = str(error).partition("\n")[0]
        return f"`{expression[:64]}` is not an expression: {reason}", "correct it; the language is expr 1.15"
    if program.result_type in {"bool", "interface {}"}:
        return None
    what = f"gives {program.result_type}, and only a boolean is an answer: every event would be dropped"
    return what, "compare it with something"
