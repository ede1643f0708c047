"""What no gateway of a cluster can do, whatever its resources say: read a file of its own disk for a Sensor. Pure.

`kikkake run --artifact-files` can, so that lint only warns (KK159).
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from events.errors import Finding, Scope
from events.resource import Path, ResourceDocument
from sensors.artifact_spec import ArtifactLocation
from sensors.compile import CompiledSensor
from sensors.compile_trigger import CompiledTrigger


def out_of_reach(document: ResourceDocument, sensor: CompiledSensor) -> Iterator[Finding]:
    """One fault for each trigger whose object is a file."""
    for trigger in sensor.triggers:
        path: Path = ("spec", "triggers", trigger.index)
        part = f"trigger:{trigger.name}"
        found: CompiledTrigger | None = trigger
        while found is not None:
            if _reads_file(found):
                yield document.finding(
                    (*path, "template", found.kind, "source", "file"),
                    "is a file of the gateway's disk, which no Sensor of a cluster reads",
                    "use `configmap`, `url`, `git`, `inline` or `resource`",
                    code="FileOutOfReach",
                    scope=Scope.PART,
                    part=part,
                )
            path, part, found = (*path, "dlqTrigger"), f"{part}/dlqTrigger", found.dlq


def _reads_file(trigger: CompiledTrigger) -> bool:
    member = orjson.loads(trigger.member)
    source = member.get("source") if isinstance(member, dict) else None
    given = [name for name in ArtifactLocation.model_fields if isinstance(source, dict) and source.get(name)]
    return given[:1] == ["file"]
