"""Judging the objects of the twin of a cluster: which are there, what they hold, which are gone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from events.ports import Object
from events.resource import Path, nearest_name, path_text
from kikkake.testing.compare import ABSENT, Difference, shown, subset


def judge_objects(
    there: Sequence[Mapping[str, Any]],
    gone: Sequence[Mapping[str, Any]],
    cluster: Sequence[Object],
    path: Path,
) -> list[Difference]:
    """What is not as `expect.cluster` and `expect.gone`, of the `expect` at `path`, say."""
    found: list[Difference] = []
    for index, wanted in enumerate(there):
        where = (*path, "cluster", index)
        live = find_object(wanted, cluster)
        if live is None:
            near = nearest_name(_text(wanted), [_text(each) for each in cluster])
            look = f"there is `{near}`" if near else ""
            found.append(Difference(path_text(where), _text(wanted), ABSENT, look))
        else:
            found += subset(wanted, live, where)
    for index, wanted in enumerate(gone):
        live = find_object(wanted, cluster)
        if live is not None:
            found.append(Difference(path_text((*path, "gone", index)), ABSENT, shown(live)))
    return found


def find_object(wanted: Mapping[str, Any], cluster: Sequence[Object]) -> Object | None:
    """The object of that apiVersion, kind and name; of its namespace where one is given."""
    return next((each for each in cluster if _is_named(wanted, each)), None)


def _is_named(wanted: Mapping[str, Any], live: Object) -> bool:
    theirs, ours = live.get("metadata") or {}, wanted.get("metadata") or {}
    return (
        all(wanted.get(member) in {None, live.get(member)} for member in ("apiVersion", "kind"))
        and ours.get("name") == theirs.get("name")
        and ours.get("namespace") in {None, theirs.get("namespace")}
    )


def _text(value: Mapping[str, Any]) -> str:
    metadata = value.get("metadata") or {}
    return f"{value.get('kind')} {metadata.get('name')}"
