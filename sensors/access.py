"""The rights that something takes, as Kubernetes knows them: one verb on one kind, in a namespace, by name where it is
known. Pure.

A Sensor acts with its own ServiceAccount, which needs them: `kikkake migrate` prints them as Roles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from events.model import SpecModel
from events.ports import SecretRef
from sensors.spec import SecretKeySelector

_READ = ("get", "watch")
"""What is read is watched by name, so that a rotation arrives at once."""
_CONFIG_MAP_MEMBER = "config_map_key_ref"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Access:
    """One verb on one kind."""

    verb: str
    api_version: str
    kind: str
    namespace: str | None
    """None = of the cluster."""
    name: str = ""
    """Empty = of any name: it comes from an event, or the verb is `create`, for which a Role knows no names."""
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Needs:
    """What an account needs for something."""

    accesses: tuple[Access, ...] = ()
    unknown: tuple[str, ...] = ()
    """What only an event or a fetched object decides, one sentence each: nobody can grant it in advance."""

    def __add__(self, other: Needs) -> Needs:
        return Needs(
            tuple(dict.fromkeys((*self.accesses, *other.accesses))),
            tuple(dict.fromkeys((*self.unknown, *other.unknown))),
        )


def reading(refs: Iterable[SecretRef]) -> Needs:
    """What reading these takes."""
    return Needs(
        tuple(
            dict.fromkeys(
                Access(verb=verb, api_version="v1", kind=ref.kind, namespace=ref.namespace, name=ref.name)
                for ref in refs
                if ref.name
                for verb in _READ
            )
        )
    )


def refs_in(value: object, namespace: str) -> Iterator[SecretRef]:
    """A reference for every selector inside a model; one that names nothing is left out."""
    if isinstance(value, SecretKeySelector):
        if value.name:
            yield SecretRef(namespace, value.name, value.key)
    elif isinstance(value, SpecModel):
        for name in type(value).model_fields:
            found = refs_in(getattr(value, name), namespace)
            yield from (
                ref._replace(kind="ConfigMap") if name == _CONFIG_MAP_MEMBER else ref for ref in found
            )
    elif isinstance(value, list | tuple):
        for item in value:
            yield from refs_in(item, namespace)
    elif isinstance(value, dict):
        for item in value.values():
            yield from refs_in(item, namespace)
