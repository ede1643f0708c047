"""Selectors of Secrets and ConfigMaps that name none: upstream takes them, and fails at run time (spec-sensors 2.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from events.errors import Finding, Scope
from events.model import SpecModel
from events.resource import Path, ResourceDocument
from sensors.spec import SecretKeySelector


def selector_findings(document: ResourceDocument, value: Any, path: Path, part: str) -> list[Finding]:
    """One error for each selector inside `value`, which stands at `path`, without a name or a key."""
    return [
        document.finding(
            (*where, member),
            "names no secret" if member == "name" else "names no key of the secret",
            f"give it a {member}",
            code="InvalidTriggers",
            scope=Scope.PART,
            part=part,
        )
        for where, selector in _selectors(value, path)
        for member in ("name", "key")
        if not getattr(selector, member)
    ]


def _selectors(value: Any, path: Path) -> Iterator[tuple[Path, SecretKeySelector]]:
    if isinstance(value, SecretKeySelector):
        yield path, value
    elif isinstance(value, SpecModel):
        for name, info in type(value).model_fields.items():
            member = getattr(value, name)
            if isinstance(member, SpecModel | list | tuple):
                yield from _selectors(member, (*path, info.alias or name))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            if isinstance(item, SpecModel):
                yield from _selectors(item, (*path, index))
