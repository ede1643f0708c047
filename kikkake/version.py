"""Which version this is: of the installed distribution, or of the source tree that is run as it stands."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path


def version() -> str:
    """Such as `0.1.0`."""
    try:
        return importlib.metadata.version("kikkake")
    except importlib.metadata.PackageNotFoundError:
        project = Path(__file__).parent.parent / "pyproject.toml"
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
