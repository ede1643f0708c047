"""`merge` and `mergeOverwrite`: maps poured into a map, as dario.cat/mergo 1.0 does it.

A member that the first map has is kept where it is not empty (0, "", false, nil, an empty list or map); maps are
merged member by member, lists are taken whole. Overwriting, the later map wins, also with an empty value, except that
an empty map leaves a map as it is. The first map is changed, and may share parts with the others afterwards.
"""

from __future__ import annotations

from typing import Any

from events.languages.go_template.functions import FunctionError, declare
from events.languages.go_values import StringMap, is_true
from events.languages.sprig.bounds import Walk
from events.languages.sprig.nil_values import NIL_MAP, is_nil


def _merge_into(
    target: dict[str, Any], source: dict[str, Any], walk: Walk, *, overwrite: bool, depth: int
) -> None:
    for name, new in list(source.items()):
        walk.step(depth)
        old = target.get(name)
        if isinstance(new, dict) and isinstance(old, dict):
            _merge_into(old, new, walk, overwrite=overwrite, depth=depth + 1)
            if is_true(old):
                continue
        if overwrite or (new is not None and not is_true(old)):
            _put(target, name, new, typed=isinstance(source, StringMap))


def _put(target: dict[str, Any], name: str, value: Any, *, typed: bool) -> None:
    """Set a member; a `map[string]string` takes one of its own kind only."""
    if isinstance(target, StringMap) and not typed:
        raise FunctionError(
            "reflect.Value.SetMapIndex: value of type interface {} is not assignable to type string"
        )
    target[name] = value


def _merged(target: dict[str, Any] | None, sources: tuple[Any, ...], *, overwrite: bool) -> dict[str, Any]:
    known = [source for source in sources if source is not None and not is_nil(source)]
    if target is None or is_nil(target):
        if not known:
            return NIL_MAP
        target = {}
    walk = Walk()
    for source in known:
        _merge_into(target, source, walk, overwrite=overwrite, depth=0)
    return target


def _merge(target: dict[str, Any] | None, *sources: Any) -> dict[str, Any]:
    return _merged(target, sources, overwrite=False)


def _merge_overwrite(target: dict[str, Any] | None, *sources: Any) -> dict[str, Any]:
    return _merged(target, sources, overwrite=True)


_PLAIN = "func(map[string]any, ...map[string]any) any"
_MUST = "func(map[string]any, ...map[string]any) (any, error)"

FUNCTIONS = {
    "merge": declare(_PLAIN, _merge, mutates=True),
    "mustMerge": declare(_MUST, _merge, mutates=True),
    "mergeOverwrite": declare(_PLAIN, _merge_overwrite, mutates=True),
    "mustMergeOverwrite": declare(_MUST, _merge_overwrite, mutates=True),
}
