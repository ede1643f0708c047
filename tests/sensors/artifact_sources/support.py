"""What tests of artifact sources share: Secrets in files, and how far a fetch may reach."""

from pathlib import Path
from typing import Any

from events.clock import Clock, SystemClock
from events.model import SpecModel
from kikkake.secrets import FileSecrets
from sensors.artifact_source import ARTIFACT_SOURCES, Reach


class Place:
    """One namespace with Secrets and ConfigMaps in a folder."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.folder = folder
        self._clock = clock or SystemClock()

    def keep(self, name: str, **values: str | bytes) -> dict[str, Any]:
        """A Secret (or ConfigMap); answers a selector for each key."""
        (self.folder / name).mkdir(parents=True, exist_ok=True)
        for key, value in values.items():
            raw = value if isinstance(value, bytes) else value.encode()
            (self.folder / name / key).write_bytes(raw)
        return {key: {"name": name, "key": key} for key in values}

    def reach(self, **more: Any) -> Reach:
        """With a time limit for tests."""
        given = {
            "namespace": "ci",
            "secrets": FileSecrets(self.folder),
            "clock": self._clock,
            "timeout_s": 20.0,
        }
        return Reach(**{**given, **more})


async def fetched(kind: str, member: SpecModel, reach: Reach) -> bytes:
    """One fetch by a source of its own."""
    source = ARTIFACT_SOURCES.get(kind)()
    try:
        return await source.fetch(member, reach)
    finally:
        await source.close()
