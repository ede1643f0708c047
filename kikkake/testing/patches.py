"""What an API server makes of a patch: merge (RFC 7386), JSON (RFC 6902) and strategic merge. Pure; for the twin only.

Source of the strategic rules: kubernetes.io, "Update API Objects in Place Using kubectl patch", and the merge keys of
the built-in types in the API reference. tests/contracts/test_kube.py compares each with a real API server.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from events.errors import KikkakeError

_MERGE_KEYS = {
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "ephemeralContainers": "name",
    "hostAliases": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "secrets": "name",
    "topologySpreadConstraints": "topologyKey",
    "volumeDevices": "devicePath",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
"""Lists whose items are told apart by a member; all others are replaced as a whole."""
_PORT_KEYS = ("containerPort", "port")
"""`ports` of a container and of a Service."""
_SETS = frozenset({"finalizers"})
"""Lists of texts that are joined."""
_PATCH = "$patch"
_DELETE_FROM = "$deleteFromPrimitiveList/"


class PatchRefused(KikkakeError):
    """The patch cannot be applied to this object; the text is the server's."""


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386: null removes, lists are replaced."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def strategic_patch(target: Any, patch: Any) -> Any:
    """As a merge patch, but lists with a merge key are joined by it, and `$patch: delete | replace` is obeyed."""
    if not isinstance(patch, Mapping):
        return patch
    if patch.get(_PATCH) == "replace":
        return {name: value for name, value in patch.items() if name != _PATCH}
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if name.startswith(_DELETE_FROM):
            list_name = name.removeprefix(_DELETE_FROM)
            merged[list_name] = [item for item in merged.get(list_name) or () if item not in value]
        elif name.startswith("$"):
            continue
        elif value is None or (isinstance(value, Mapping) and value.get(_PATCH) == "delete"):
            merged.pop(name, None)
        elif isinstance(value, list):
            merged[name] = _merged_list(name, merged.get(name) or [], value)
        else:
            merged[name] = strategic_patch(merged.get(name), value)
    return merged


def merge_key(name: str, items: Sequence[Any]) -> str | None:
    """By which member the items of a list of that name are told apart; None = it is one value."""
    if name == "ports":
        return next(
            (key for key in _PORT_KEYS if any(isinstance(item, dict) and key in item for item in items)), None
        )
    key = _MERGE_KEYS.get(name)
    return key if key is not None and all(isinstance(item, dict) for item in items) else None


def _merged_list(name: str, old: list[Any], new: list[Any]) -> list[Any]:
    if name in _SETS:
        return [*old, *(item for item in new if item not in old)]
    key = merge_key(name, [*old, *new])
    if key is None:
        return new
    if any(item.get(_PATCH) == "replace" for item in new):
        return [item for item in new if _PATCH not in item]
    merged = list(old)
    for item in new:
        place = next((index for index, each in enumerate(merged) if each.get(key) == item.get(key)), None)
        if item.get(_PATCH) == "delete":
            merged = [each for each in merged if each.get(key) != item.get(key)]
        elif place is None:
            merged.append(item)
        else:
            merged[place] = strategic_patch(merged[place], item)
    return merged


def json_patch(target: Any, operations: Sequence[Mapping[str, Any]]) -> Any:
    """RFC 6902, all operations or none. Raises PatchRefused."""
    document = copy.deepcopy(target)
    for operation in operations:
        document = _OPERATIONS[operation["op"]](document, operation)
    return document


def _add(document: Any, operation: Mapping[str, Any]) -> Any:
    return _put(document, operation["path"], copy.deepcopy(operation.get("value")))


def _remove(document: Any, operation: Mapping[str, Any]) -> Any:
    parent, token = _parent(document, operation["path"])
    _existing(parent, token, operation["path"])
    del parent[int(token) if isinstance(parent, list) else token]
    return document


def _replace(document: Any, operation: Mapping[str, Any]) -> Any:
    parent, token = _parent(document, operation["path"])
    _existing(parent, token, operation["path"])
    parent[int(token) if isinstance(parent, list) else token] = copy.deepcopy(operation.get("value"))
    return document


def _move(document: Any, operation: Mapping[str, Any]) -> Any:
    value = _read(document, operation["from"])
    return _put(_remove(document, {"path": operation["from"]}), operation["path"], value)


def _copy(document: Any, operation: Mapping[str, Any]) -> Any:
    return _put(document, operation["path"], copy.deepcopy(_read(document, operation["from"])))


def _test(document: Any, operation: Mapping[str, Any]) -> Any:
    if _read(document, operation["path"]) != operation.get("value"):
        raise PatchRefused(f"testing value {operation['path']} failed")
    return document


_OPERATIONS = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def _put(document: Any, path: str, value: Any) -> Any:
    parent, token = _parent(document, path)
    if isinstance(parent, list):
        place = len(parent) if token == "-" else _index(token, len(parent), path)  # noqa: S105 - a JSON pointer
        parent.insert(place, value)
    else:
        parent[token] = value
    return document


def _read(document: Any, path: str) -> Any:
    parent, token = _parent(document, path)
    return _existing(parent, token, path)


def _existing(parent: Any, token: str, path: str) -> Any:
    if isinstance(parent, list):
        return parent[_index(token, len(parent) - 1, path)]
    if token not in parent:
        raise PatchRefused(f"the path {path} is not there")
    return parent[token]


def _parent(document: Any, path: str) -> tuple[Any, str]:
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in path.split("/")[1:]]
    if not tokens:
        raise PatchRefused(f"the path `{path}` is not below the object")
    for token in tokens[:-1]:
        document = _existing(document, token, path) if isinstance(document, dict | list) else None
    if not isinstance(document, dict | list):
        raise PatchRefused(f"the path {path} is not there")
    return document, tokens[-1]


def _index(token: str, highest: int, path: str) -> int:
    if not token.isdecimal() or int(token) > highest:
        raise PatchRefused(f"the index of {path} is out of bounds")
    return int(token)
