"""Who owns which field of an object in the twin of a cluster: the part of server-side apply that a test can see.

Source: kubernetes.io, "Server-Side Apply". A field is known by its path; a list with a merge key is a map of its items,
any other list is one field. tests/contracts/test_kube.py compares it with a real API server.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from events.ports import KubeError, Object
from kikkake.testing.patches import merge_key

Path = tuple[str, ...]

_GONE = object()


class Owner(NamedTuple):
    """A field manager, and whether it owns by applying."""

    manager: str
    applies: bool


class Managers:
    """The owners of the fields of one object."""

    def __init__(self) -> None:
        self._fields: dict[Owner, set[Path]] = {}

    def note(self, manager: str, before: Object, after: Object) -> None:
        """`manager` has changed the object by any other verb than apply: what is new in it is its own."""
        old, new = dict(_leaves(before)), dict(_leaves(after))
        changed = {path for path, value in new.items() if old.get(path, _GONE) != value}
        for owner, fields in self._fields.items():
            self._fields[owner] = (fields - changed) & new.keys()
        self._fields.setdefault(Owner(manager, applies=False), set()).update(changed)

    def apply(self, manager: str, live: Object, wanted: Object, *, is_forced: bool) -> Object:
        """The object as it is then. Raises KubeError 409 that names the fields and their owners."""
        me = Owner(manager, applies=True)
        have, want = dict(_leaves(live)), dict(_leaves(wanted))
        others = {owner: fields for owner, fields in self._fields.items() if owner != me}
        conflicts = [
            (path, owner)
            for owner, fields in sorted(others.items())
            for path in sorted(fields & want.keys())
            if have.get(path, _GONE) not in (_GONE, want[path])
        ]
        if conflicts and not is_forced:
            raise _conflict(conflicts, str(live.get("apiVersion")))
        merged: Object = _overlaid(copy.deepcopy(live), wanted)
        for path in (self._fields.get(me, set()) - want.keys()).difference(*others.values()):
            _remove(merged, path)
        for path, owner in conflicts:
            self._fields[owner].discard(path)
        self._fields[me] = set(want)
        return merged


def _conflict(conflicts: list[tuple[Path, Owner]], api_version: str) -> KubeError:
    texts = [
        (
            _field(path),
            f'conflict with "{owner.manager}"' + ("" if owner.applies else f" using {api_version}"),
        )
        for path, owner in conflicts
    ]
    plural = "s" * (len(texts) > 1)
    what = "; ".join(f"{message}: {field}" for field, message in texts)
    causes = tuple(f"{field}: {message} (FieldManagerConflict)" for field, message in texts)
    return KubeError(
        409, "Conflict", f"Apply failed with {len(texts)} conflict{plural}: {what}", causes=causes
    )


def _field(path: Path) -> str:
    return "".join(part if part.startswith("[") else f".{part}" for part in path)


def _leaves(value: Object) -> Iterator[tuple[Path, Any]]:
    """Every field below the identity of the object, with its value."""
    for path, leaf in _walk(value, ()):
        is_identity = path[0] in {"apiVersion", "kind", "status"} or path[:2] in _OF_THE_SERVER
        if not is_identity:
            yield path, leaf


_OF_THE_SERVER = {
    ("metadata", name)
    for name in (
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "generation",
        "managedFields",
    )
}


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping) and (value or not path):
        for name, member in value.items():
            yield from _walk(member, (*path, str(name)))
        return
    key = merge_key(path[-1], value) if path and isinstance(value, list) and value else None
    if key is None:
        yield path, value
        return
    for item in value:
        yield from _walk(item, (*path, f'[{key}="{item.get(key)}"]'))


def _overlaid(live: Any, wanted: Any, name: str = "") -> Any:
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        merged = dict(live)
        for member, value in wanted.items():
            merged[member] = _overlaid(live.get(member), value, member)
        return merged
    key = merge_key(name, [*live, *wanted]) if isinstance(live, list) and isinstance(wanted, list) else None
    if key is None:
        return copy.deepcopy(wanted)
    items = {item.get(key): item for item in live}
    for item in wanted:
        items[item.get(key)] = _overlaid(items.get(item.get(key)), item)
    return list(items.values())


def _remove(value: Any, path: Path) -> None:
    """Take a field away, and what is empty then."""
    step, rest = path[0], path[1:]
    child = _child(value, step)
    if rest and child is not None:
        _remove(child, rest)
    if rest and child not in ({}, []):
        return
    if isinstance(value, dict):
        value.pop(step, None)
    elif isinstance(value, list):
        value[:] = [item for item in value if item != {} and (rest or not _is_called(item, step))]


def _child(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    return next((item for item in value or () if _is_called(item, step)), None)


def _is_called(item: Any, step: str) -> bool:
    key, _, text = step.strip("[]").partition("=")
    return isinstance(item, dict) and f'"{item.get(key)}"' == text
