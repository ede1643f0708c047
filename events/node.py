"""One value of a resource with its place, read without trust: what has another type than asked for is as if absent.

For checks beside the models: a wrong type is reported by the model, once, and a check need not fall over it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from events.resource import Path


class Node:
    """A value and where it stands."""

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: Path) -> None:
        self.value = value
        self.path = path

    def get(self, name: str) -> Any:
        """The member as it is; None where there is none."""
        return self.value.get(name) if isinstance(self.value, Mapping) else None

    def has(self, name: str) -> bool:
        """Whether the member is given; null, `""`, `[]`, `{}`, 0 and false count as absent, as in Go."""
        return bool(self.get(name))

    def text(self, name: str) -> str:
        value = self.get(name)
        return value if isinstance(value, str) else ""

    def is_true(self, name: str) -> bool:
        return self.get(name) is True

    def child(self, name: str) -> Node:
        return Node(self.get(name), (*self.path, name))

    def items(self, name: str) -> Iterator[Node]:
        """The elements of a list."""
        value = self.get(name)
        if isinstance(value, list):
            path = (*self.path, name)
            for index, item in enumerate(value):
                yield Node(item, (*path, index))

    def names(self) -> tuple[str, ...]:
        """The names of its members."""
        return tuple(self.value) if isinstance(self.value, Mapping) else ()

    def at(self, *more: str | int) -> Path:
        """The path of something inside."""
        return (*self.path, *more)

    def walk(self) -> Iterator[Node]:
        """It and every object inside."""
        if isinstance(self.value, Mapping):
            yield self
            for name, value in self.value.items():
                if isinstance(value, Mapping | list):
                    yield from Node(value, (*self.path, name)).walk()
        elif isinstance(self.value, list):
            for index, value in enumerate(self.value):
                if isinstance(value, Mapping | list):
                    yield from Node(value, (*self.path, index)).walk()
