"""Kinds and operations that upstream documents and this build does not carry out yet: each stops its own part, by name.

Nothing is ignored in silence (design, section 5): a Sensor that uses one keeps its other triggers, and lint names field
and version.
"""

from __future__ import annotations

import functools
import importlib.metadata
import tomllib
from pathlib import Path as FilePath

from events.errors import Finding, Scope
from events.resource import Path, ResourceDocument


def refusal(document: ResourceDocument, path: Path, part: str) -> Finding:
    """The fault of one such field."""
    return document.finding(
        path,
        f"is not carried out by kikkake {build_version()} yet",
        f"remove it, or wait for a version that lists it; only {part.replace(':', ' ', 1)} is stopped",
        code="NotCarriedOut",
        scope=Scope.PART,
        part=part,
    )


@functools.lru_cache(maxsize=1)
def build_version() -> str:
    """The version of this build; a checkout that was not installed says what its project file says."""
    try:
        return importlib.metadata.version("kikkake")
    except importlib.metadata.PackageNotFoundError:
        project = FilePath(__file__).parent.parent / "pyproject.toml"
        return (
            str(tomllib.loads(project.read_text())["project"]["version"]) if project.is_file() else "unknown"
        )
