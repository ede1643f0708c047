"""Documented fields that this build does not carry out yet: each stops its own part, by name.

A model marks such a field with `not_yet()`; the mark is the only list there is. Nothing is ignored in silence
(design, section 5): a Sensor that uses one keeps its other triggers, and lint names field and version.
"""

from __future__ import annotations

import functools
import importlib.metadata
import tomllib
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

import pydantic

from events.errors import Finding, Scope
from events.model import SpecModel
from events.resource import Path, ResourceDocument

_MARK = "x-kikkake-not-yet"


def not_yet(*, alias: str | None = None) -> Any:
    """The default of an optional field that upstream documents and this build refuses."""
    return pydantic.Field(default=None, alias=alias, json_schema_extra={_MARK: True})


def unbuilt_findings(document: ResourceDocument, value: Any, path: Path, part: str) -> list[Finding]:
    """One error for each field that is given and not carried out, inside `value` which stands at `path`."""
    return [refusal(document, where, part) for where in _given(value, path)]


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


def _given(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, SpecModel):
        for name, info in type(value).model_fields.items():
            member = getattr(value, name)
            where: Path = (*path, info.alias or name)
            extra = info.json_schema_extra
            if isinstance(extra, dict) and _MARK in extra:
                # An empty text, list or object is what a controller writes for an absent field.
                if member not in (None, "", [], {}):
                    yield where
            else:
                yield from _given(member, where)
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _given(member, (*path, name))
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            yield from _given(member, (*path, index))


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
