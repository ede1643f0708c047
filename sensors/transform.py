"""Transforms: a jq or Lua program gives an event new data, before its filters see it (spec-sensors 4)."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from events.errors import Finding, Scope
from events.event import JSON, Event
from events.resource import Path, ResourceDocument
from sensors.sandbox.check import check_program
from sensors.sandbox.protocol import Language, Task
from sensors.spec import Transform

RANK = 5
"""In a packed verdict, where a filter's rank stands: the transform decided."""


@dataclass(frozen=True, slots=True)
class CompiledTransform:
    """A program that can be read."""

    language: Language
    program: str

    @property
    def task(self) -> Task:
        """What a worker is asked to do."""
        return Task(self.language, "transform", self.program)


def compile_transform(
    document: ResourceDocument, spec: Transform | None, path: Path, part: str
) -> tuple[CompiledTransform | None, list[Finding]]:
    """The transform that stands at `path`, or None with the faults that stop `part`. jq wins over Lua."""
    if spec is None or not (spec.jq or spec.script):
        return None, []
    language: Language = "jq" if spec.jq else "lua"
    program = spec.jq or spec.script
    where: Path = (*path, "jq" if spec.jq else "script")
    fault = program_fault(document, language, program, where, part)
    return (None, [fault]) if fault is not None else (CompiledTransform(language, program), [])


def program_fault(
    document: ResourceDocument, language: Language, program: str, path: Path, part: str
) -> Finding | None:
    """Why the program at `path` cannot be used; it stops `part` alone, where upstream drops event after event."""
    problem = check_program(language, program)
    if problem is None:
        return None
    name = {"jq": "jq", "lua": "Lua"}[language]
    place = f" (line {problem.line} of the program)" if problem.line else ""
    return document.finding(
        path,
        f"is not a {name} program: {problem.text}",
        f"correct it{place}",
        code="InvalidDependencies",
        scope=Scope.PART,
        part=part,
    )


def with_data(event: Event, data: bytes) -> Event:
    """The event with new data: the other attributes stay."""
    return msgspec.structs.replace(event, data=data, datacontenttype=JSON)
