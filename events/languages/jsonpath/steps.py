"""What the steps of a path do to one value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from events.languages.jsonpath.errors import JsonPathError, Missing


class Search:
    """One search: the document's root, and how many values it has looked at of those that it may."""

    def __init__(self, root: Any, most: int) -> None:
        self.root = root
        self.looked_at = 0
        self._most = most

    def look(self, count: int = 1) -> None:
        """Count values that are looked at. Raises JsonPathError."""
        self.looked_at += count
        if self.looked_at > self._most:
            raise JsonPathError("the path looks at too many values")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `take` makes a value of one, or a list where the step asks for many. It raises Missing."""

    take: Callable[[Search, Any], Any]
    is_many: bool = False
    is_recursive: bool = False
    """`..`: the step behind it is tried everywhere below."""


def key(name: str) -> Step:
    """`.name`, `['name']`; `length` also counts what has no such member."""

    def take(_search: Search, value: Any) -> Any:
        if isinstance(value, dict) and name in value:
            return value[name]
        if name == "length" and isinstance(value, dict | list | str):
            return float(len(value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value))
        raise Missing(f"key '{name}' is not there")

    return Step(take)


def index(place: int) -> Step:
    """`[2]`, `[-1]`."""

    def take(_search: Search, value: Any) -> Any:
        if isinstance(value, list) and -len(value) <= place < len(value):
            return value[place]
        raise Missing(f"index {place} is not there")

    return Step(take)


def members(value: Any) -> list[Any]:
    """Elements of a list, members of an object by name. Raises Missing."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value[name] for name in sorted(value)]
    raise Missing("there is no list and no object")


def wildcard() -> Step:
    """`.*`, `[*]`."""

    def take(search: Search, value: Any) -> list[Any]:
        found = list(members(value))
        search.look(len(found))
        return found

    return Step(take, is_many=True)


def span(start: int | None, end: int | None, stride: int) -> Step:
    """`[1:3]`, `[::2]`; a negative stride gives the same elements backwards."""

    def take(search: Search, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Missing("a range is taken of what is no list")
        found = value[start:end]
        search.look(len(found))
        return found[::stride]

    return Step(take, is_many=True)


def union(steps: list[Step]) -> Step:
    """`['a','b']`, `[0,2]`: those that are there."""

    def take(search: Search, value: Any) -> list[Any]:
        if not isinstance(value, dict | list):
            raise Missing("there is no list and no object")
        search.look(len(steps))
        return list(_present(search, [(step, value) for step in steps]))

    return Step(take, is_many=True)


def filtered(test: Callable[[Search, Any], bool]) -> Step:
    """`[?(...)]`: the elements for which it is true; those for which it fails are left out."""

    def take(search: Search, value: Any) -> list[Any]:
        found = []
        for each in members(value):
            search.look()
            if test(search, each):
                found.append(each)
        return found

    return Step(take, is_many=True)


def script(compute: Callable[[Search, Any], Any]) -> Step:
    """`[(@.length-1)]`: an index or a key that is computed."""

    def take(search: Search, value: Any) -> Any:
        found = compute(search, value)
        if isinstance(found, str):
            return key(found).take(search, value)
        if isinstance(found, float) and found.is_integer():
            return index(int(found)).take(search, value)
        raise Missing("a script gives neither a whole number nor a text")

    return Step(take)


def _present(search: Search, tries: list[tuple[Step, Any]]) -> Iterator[Any]:
    for step, value in tries:
        try:
            yield step.take(search, value)
        except Missing:
            continue


def walk(search: Search, value: Any, steps: tuple[Step, ...]) -> Any:
    """Take the steps one after the other. Raises Missing, JsonPathError."""
    is_many = False
    for position, step in enumerate(steps):
        if step.is_recursive:
            following = steps[position + 1] if position + 1 < len(steps) else None
            value = _everywhere(search, value, following)
            return walk_all(search, value, steps[position + 2 :])
        if is_many:
            return walk_all(search, value, steps[position:])
        value = step.take(search, value)
        is_many = step.is_many
    return value


def walk_all(search: Search, values: list[Any], steps: tuple[Step, ...]) -> list[Any]:
    """Take the steps in each value of a list; what is missing is left out."""
    for position, step in enumerate(steps):
        if step.is_recursive:
            following = steps[position + 1] if position + 1 < len(steps) else None
            values = [found for value in values for found in _everywhere(search, value, following)]
            return walk_all(search, values, steps[position + 2 :])
        search.look(len(values))
        values = list(_present(search, [(step, value) for value in values]))
    return values


def _everywhere(search: Search, value: Any, step: Step | None) -> list[Any]:
    """`value` and all below it, from the top down; with a step what it finds there, in one list."""
    found: list[Any] = []
    waiting = [value]
    while waiting:
        value = waiting.pop()
        search.look()
        if step is None:
            found.append(value)
        else:
            for taken in _present(search, [(step, value)]):
                found += taken if step.is_many else [taken]
        if isinstance(value, dict | list):
            waiting += reversed(members(value))
    return found
