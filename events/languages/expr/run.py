"""What one run of a program carries: the environment, the open loops, and the budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from events.languages.expr.errors import Fault

MAX_MEMORY: Final = 1_000_000
"""Elements that lists and maps of a run may have together, as in the library."""
MAX_STEPS: Final = 1_000_000
"""Nodes that the loops of a run may evaluate, and a sixteenth of what they compare, join and print."""


class Scope:
    """One open loop."""

    __slots__ = ("accumulated", "index", "item")

    def __init__(self) -> None:
        self.index = 0
        self.item: Any = None
        self.accumulated: Any = None


class Run:
    """One run; used once."""

    __slots__ = ("environment", "memory", "now_us", "scope", "steps", "variables")

    def __init__(self, environment: Mapping[str, Any], variables: int, now_us: int | None) -> None:
        self.environment = environment
        self.variables: list[Any] = [None] * variables
        self.now_us = now_us
        self.scope: Scope | None = None
        self.memory = 0
        self.steps = 0

    def grow(self, size: int) -> None:
        """Count elements of a new list. Raises Fault."""
        self.memory += size
        if self.memory >= MAX_MEMORY:
            raise Fault("memory budget exceeded")

    def spend(self, steps: int) -> None:
        """Count work. Raises Fault."""
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise Fault("step budget exceeded")


class NoItems(Sequence[Any]):
    """The elements of a map for a loop: it can be counted, and any look at an element fails."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: Any) -> Any:
        return NO_ITEM


NO_ITEM: Final = object()
"""Stands for an element of a map."""
OUT_OF_RANGE: Final = object()
"""Stands for the element of an empty list."""
