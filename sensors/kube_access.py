"""The rights that making or changing an object takes, as far as a Sensor's text says which object it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sensors.access import Access, Needs, reading
from sensors.artifact import LOCAL_SOURCES, fetch_local
from sensors.artifact_location import chosen_kind
from sensors.artifact_source import ARTIFACT_SOURCES
from sensors.artifact_spec import ArtifactLocation
from sensors.kube_object import is_of_cluster
from sensors.kube_target import Target
from sensors.trigger import RenderFailed

_RESOURCE = "source.resource"
_NAMELESS = frozenset({"create"})
"""Verbs for which a Role knows no names."""


class Writes:
    """What parameters write: into the object, and into the member that says what is done with it."""

    def __init__(self, own: Iterable[str], outer: Iterable[str]) -> None:
        """`own` are paths in the object, `outer` paths in the kind's member."""
        plain = [dest.replace("\\", "") for dest in outer]
        below = [
            dest.removeprefix(_RESOURCE).removeprefix(".") for dest in plain if _touches(dest, _RESOURCE)
        ]
        self._object = [*(dest.replace("\\", "") for dest in own), *below]
        self._member = [dest for dest in plain if dest in {"", "source"} or not dest.startswith(_RESOURCE)]

    def into_object(self, path: str) -> bool:
        """Whether the object's `path` may be another one than its text says."""
        return any(_touches(dest, path) for dest in self._object)

    def into_member(self, *names: str) -> str:
        """The first of the member's parts that may be another one; an empty text where none is."""
        return next((name for name in names if any(_touches(dest, name) for dest in self._member)), "")


def _touches(dest: str, path: str) -> bool:
    return dest in {"", path} or dest.startswith(f"{path}.") or path.startswith(f"{dest}.")


def object_needs(
    source: ArtifactLocation | None, verbs: Sequence[str], namespace: str, writes: Writes
) -> Needs:
    """`verbs` on the object of `source`, and reading what fetching it takes."""
    if decided := writes.into_member("operation", "source"):
        return Needs(unknown=(f"an event decides its `{decided}`: grant what it may do",))
    kind = chosen_kind(source) if source is not None else None
    if source is None or kind is None:
        return Needs()
    if kind not in LOCAL_SOURCES:
        refs = ARTIFACT_SOURCES.get(kind).refs(getattr(source, kind), namespace)
        what = f"its object is fetched from `{kind}`: grant {', '.join(verbs)} on the kind of that object"
        return reading(refs) + Needs(unknown=(what,))
    try:
        found = fetch_local(source.model_dump(by_alias=True, exclude_none=True))
    except RenderFailed as error:
        return Needs(unknown=(f"its object cannot be read: {error.detail}",))
    return _on(found, verbs, namespace, writes)


def _on(found: dict[str, Any], verbs: Sequence[str], namespace: str, writes: Writes) -> Needs:
    decided = next((path for path in ("apiVersion", "kind") if writes.into_object(path)), "")
    if decided or not isinstance(found.get("kind"), str) or not isinstance(found.get("apiVersion"), str):
        what = f"an event decides the `{decided or 'kind'}` of its object"
        return Needs(unknown=(f"{what}: grant {', '.join(verbs)} on what it may be",))
    api_version, kind = found["apiVersion"], found["kind"]
    metadata = found.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    where = None if is_of_cluster(api_version, kind) else str(metadata.get("namespace") or namespace)
    if where is not None and writes.into_object("metadata.namespace"):
        what = (
            f"an event decides the namespace of its {kind}: grant {', '.join(verbs)} in each that it may be"
        )
        return Needs(unknown=(what,))
    name = "" if writes.into_object("metadata.name") else str(metadata.get("name") or "")
    accesses = [
        Access(
            verb=verb,
            api_version=api_version,
            kind=kind,
            namespace=where,
            name="" if verb in _NAMELESS else name,
        )
        for verb in verbs
    ]
    if "create" in verbs:
        accesses += _template(Target(api_version, kind, where, name, found))
    return Needs(tuple(accesses))


def _template(target: Target) -> list[Access]:
    """Of an object that takes its spec from a template: how long it lives stands there."""
    reference = target.template_reference()
    if reference is None:
        return []
    kind, namespace, name = reference
    return [Access(verb="get", api_version=target.api_version, kind=kind, namespace=namespace, name=name)]
