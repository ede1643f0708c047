"""What a piece of a jq program is compiled to, and the paths that `path`, `del` and the updates follow.

An environment is a linked list of cells, `(cell, rest)` or None: values of variables, arguments with the environment
that they belong to, labels. Places in it are known when the program is compiled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from events.languages.jq.access import index
from events.languages.jq.errors import Failure, told

Environment = tuple[Any, Any] | None
One = Callable[[Any, Environment], Any]
Many = Callable[[Any, Environment], Iterable[Any]]


class Stray:
    """In place of a path: a value that was not reached by one. It may still be the very value at the last path."""

    __slots__ = ("path", "tracked")

    def __init__(self, path: Path, tracked: Any) -> None:
        self.path = path
        self.tracked = tracked


Path = tuple[Any, ...]
"""`()` or `(key, path)`: the innermost key first."""
Place = tuple[Path | Stray, Any]
"""A path and the value there."""
Paths = Callable[[Path | Stray, Any, Environment], Iterable[Place]]


class Code(NamedTuple):
    """One expression, ready to run."""

    many: Many
    """All outputs."""
    paths: Paths
    """All outputs, with the paths that led to them."""
    one: One | None = None
    """The output of an expression that has exactly one."""


Make = Callable[..., Code]
"""What makes the code of a call from the code of its arguments."""


class Closure(NamedTuple):
    """An argument: an expression and where it belongs to."""

    code: Code
    environment: Environment


def single(one: One) -> Code:
    """An expression with one output that is no path."""

    def many(value: Any, environment: Environment) -> Iterable[Any]:
        return (one(value, environment),)

    def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterable[Place]:
        return ((stray(path, value), one(value, environment)),)

    return Code(many, paths, one)


def several(many: Many) -> Code:
    """An expression with any number of outputs that are no paths."""

    def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
        lost = stray(path, value)
        for each in many(value, environment):
            yield lost, each

    return Code(many, paths)


def stray(path: Path | Stray, value: Any) -> Stray:
    """What the path becomes when something else than a path is evaluated at `value`."""
    return path if isinstance(path, Stray) else Stray(path, value)


def intact(path: Path | Stray, value: Any, what: str = "invalid path against") -> Path:
    """The path of `value`. Raises Failure if it has none."""
    if not isinstance(path, Stray):
        return path
    tracked = path.tracked
    if type(value) in {list, dict} or type(tracked) in {list, dict}:
        is_same = value is tracked
    elif isinstance(value, float) and isinstance(tracked, float):
        is_same = value == tracked or (math.isnan(value) and math.isnan(tracked))
    else:
        is_same = type(value) is type(tracked) and value == tracked
    if not is_same:
        raise Failure(f"{what}: {told(value)}")
    return path.path


def keys_of(path: Path) -> list[Any]:
    """The path as jq shows it."""
    keys = []
    while path:
        key, path = path
        keys.append(key)
    keys.reverse()
    return keys


def step(path: Path | Stray, value: Any, key: Any) -> Place:
    """The member of `value`, and its path."""
    found = index(value, key)
    return (key, intact(path, value)), found


def all_paths(code: Code, value: Any, environment: Environment) -> Iterator[list[Any]]:
    """`path(CODE)`."""
    for path, reached in code.paths((), value, environment):
        yield keys_of(intact(path, reached))
