"""A Sensor that takes part, as of one version of its resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sensors.compile import CompiledSensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A Sensor that takes part, as of one version of its resource."""

    sensor: CompiledSensor
    version: int
    """`ResourceVersion.id`."""
    starts: Mapping[str, int]
    """Per dependency: it sees events after this sequence."""
