"""resource: the object stands in the Sensor itself, as an object (spec-sensors 8)."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from sensors.artifact_source import ArtifactSource, ArtifactUnusable, Reach


class Resource(ArtifactSource[dict[str, Any]]):
    """The object as JSON."""

    kind: ClassVar[str] = "resource"

    async def read(self, member: dict[str, Any], reach: Reach) -> bytes:
        del reach
        try:
            # The standard library's encoder, since orjson refuses integers beyond 64 bits.
            text = json.dumps(member, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        except ValueError as error:
            raise ArtifactUnusable(str(error)) from error
        return text.encode("utf-8", "surrogatepass")
