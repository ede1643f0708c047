"""The context filter: exact values of four attributes of the event (spec-sensors 3.5)."""

from __future__ import annotations

from typing import ClassVar

from events.errors import Finding
from events.resource import Path, ResourceDocument
from sensors.filter import Code, Filter, Inspection, Judge, Reading, pack_verdict
from sensors.spec import Filters

_COMPARED = ("type", "subject", "source", "datacontenttype")
"""The others of a context filter are read and ignored, as upstream; lint says so."""


class Context(Filter):
    """`filters.context` of one dependency: every attribute that it names has to be equal."""

    kind: ClassVar[str] = "context"
    rank: ClassVar[int] = 2

    def __init__(self, wanted: list[tuple[str, str]]) -> None:
        self._wanted = wanted
        self.judge: Judge = self._judge
        self._verdicts = [pack_verdict(Code.FILTERED, self.rank, index) for index in range(len(wanted))]

    @classmethod
    def compile(
        cls, document: ResourceDocument, filters: Filters, path: Path, part: str
    ) -> tuple[Filter | None, list[Finding]]:
        """Nothing can be wrong with it that upstream's validation has not said."""
        del document, path, part
        given = [(name, getattr(filters.context, name)) for name in _COMPARED]
        return cls([(name, value) for name, value in given if value]), []

    def inspect(self, reading: Reading) -> list[Inspection]:
        inspections = []
        for index, (name, wanted) in enumerate(self._wanted):
            actual = getattr(reading.event, name)
            code = Code.PASSED if (actual or "") == wanted else Code.FILTERED
            inspections.append(
                Inspection(self.kind, index, code, f"context.{name}", "=", (wanted,), actual, "")
            )
        return inspections

    def _judge(self, reading: Reading) -> int:
        for index, (name, wanted) in enumerate(self._wanted):
            if (getattr(reading.event, name) or "") != wanted:
                return self._verdicts[index]
        return 0
