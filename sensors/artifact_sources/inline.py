"""inline: the text stands in the Sensor itself (spec-sensors 8)."""

from __future__ import annotations

from typing import ClassVar

from sensors.artifact_source import ArtifactSource, Reach


class Inline(ArtifactSource[str]):
    """The text as it is."""

    kind: ClassVar[str] = "inline"

    async def read(self, member: str, reach: Reach) -> bytes:
        del reach
        return member.encode("utf-8", "surrogatepass")
