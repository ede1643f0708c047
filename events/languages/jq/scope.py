"""What can be seen at a place in a jq program, and what the parts of its compiler share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from events.languages.jq.code import Code
from events.languages.jq.errors import JqError
from events.languages.jq.syntax import Node
from events.languages.jq.tokens import line_of


@dataclass(slots=True)
class Function:
    """A defined function. It is called before its code is there where it calls itself."""

    parameters: tuple[str, ...]
    depth: int
    """Cells of the environment that it was defined in."""
    code: Code | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """One name that can be seen; the newest first."""

    name: str
    arity: int
    """Of a function; -1 for a variable, -2 for a label."""
    depth: int
    """Cells of the environment at this point, its own included."""
    parent: Scope | None
    function: Function | None = None


def seen(scope: Scope | None, name: str, *, arity: int = -1) -> Scope:
    return Scope(name, arity, depth(scope) + 1, scope)


def depth(scope: Scope | None) -> int:
    return 0 if scope is None else scope.depth


def find(scope: Scope | None, name: str, arity: int) -> Scope | None:
    while scope is not None and (scope.name != name or scope.arity != arity):
        scope = scope.parent
    return scope


def outward(environment: Any, steps: int) -> Any:
    """The environment `steps` cells further out."""
    for _ in range(steps):
        environment = environment[1]
    return environment


class Pieces(ABC):
    """The part of the compiler that all others need; each part has a method for every kind of node of its own."""

    program: str

    @abstractmethod
    def _compile(self, node: Node, scope: Scope | None) -> Code:
        """The code of a node, where `scope` can be seen."""

    def _undefined(self, kind: str, name: str, offset: int) -> JqError:
        line = line_of(self.program, offset)
        return JqError(f"{kind} not defined: {name} at line {line}", line)
