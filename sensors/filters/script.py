"""The script filter: Lua that passes an event by returning true (spec-sensors 3.7).

The script runs in a worker process before the event is judged (`scripted.prepare`); here its answer is looked up.
"""

from __future__ import annotations

from typing import ClassVar

from events.errors import Finding
from events.resource import Path, ResourceDocument
from sensors.filter import Code, Filter, Inspection, Judge, Reading, pack_verdict
from sensors.script_answers import ScriptedReading, script_key
from sensors.spec import Filters
from sensors.transform import program_fault

NOT_PREPARED = "not prepared: the script has not run on this event"


class Script(Filter):
    """`filters.script` of one dependency."""

    kind: ClassVar[str] = "script"
    rank: ClassVar[int] = 4
    fails_an_or: ClassVar[bool] = True

    def __init__(self, program: str) -> None:
        self.program = program
        self._key = script_key(program)
        self.judge: Judge = self._judge

    @classmethod
    def compile(
        cls, document: ResourceDocument, filters: Filters, path: Path, part: str
    ) -> tuple[Filter | None, list[Finding]]:
        """A script that cannot be read is an error here, where upstream meets it per event."""
        fault = program_fault(document, "lua", filters.script, (*path, "script"), part)
        return (None, [fault]) if fault is not None else (cls(filters.script), [])

    def inspect(self, reading: Reading) -> list[Inspection]:
        code = self._code(reading)
        reason = ""
        if code is Code.FAILED:
            known = reading.script_reasons if isinstance(reading, ScriptedReading) else {}
            reason = f"script filter error ({known.get(self.program, NOT_PREPARED)})"
        actual = {Code.PASSED: "true", Code.FILTERED: "something else"}.get(code)
        return [Inspection(self.kind, 0, code, "its last value", "=", ("true",), actual, reason)]

    def _judge(self, reading: Reading) -> int:
        code = self._code(reading)
        return pack_verdict(code, self.rank) if code else 0

    def _code(self, reading: Reading) -> Code:
        if reading.event.data is None:
            return Code.PASSED  # upstream: without a payload the script is not asked
        return reading.answers.get(self._key, Code.FAILED)
