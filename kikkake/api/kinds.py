"""What this build knows: every kind of source, trigger, filter, artifact and bus, with what its docstring begins with.

Names come from the registries and lines from the files' text: no kind is imported, whatever it depends on.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import msgspec

from events.registry import Registry, module_name
from kikkake.docline import docline
from sensors.artifact_source import ARTIFACT_SOURCES
from sensors.filter import FILTERS
from sensors.trigger import TRIGGERS
from sources.source import SOURCES

_BUSES: Registry[Any] = Registry("bus", "events.buses", object, group="kikkake.buses")


class Kind(msgspec.Struct, frozen=True):
    """One line of the table."""

    family: str
    """`source`, `trigger`, `filter`, `artifact` (where an object comes from) or `bus`."""
    name: str
    about: str
    """Empty for kinds of third parties: reading theirs would import them."""


def known_kinds() -> list[Kind]:
    """By family, then by name."""
    return [
        Kind(family, name, _about(package, name))
        for family, package, registry in (
            ("source", "sources.kinds", SOURCES),
            ("trigger", "sensors.triggers", TRIGGERS),
            ("filter", "sensors.filters", FILTERS),
            ("artifact", "sensors.artifact_sources", ARTIFACT_SOURCES),
            ("bus", "events.buses", _BUSES),
        )
        for name in registry.names()
    ]


def _about(package: str, name: str) -> str:
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    path = Path(folders[0], f"{module_name(name)}.py") if folders else Path()
    return docline(path) if path.is_file() else ""
