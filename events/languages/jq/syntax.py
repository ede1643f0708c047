"""The form of a jq program: a tree of nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """One expression."""


@dataclass(frozen=True, slots=True)
class Identity(Node):
    """`.`."""


@dataclass(frozen=True, slots=True)
class Recurse(Node):
    """`..`."""


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A literal."""

    value: Any


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A text with values in it; each is written by the format."""

    parts: tuple[Node, ...]
    format: str


@dataclass(frozen=True, slots=True)
class Format(Node):
    """`@NAME` as a filter."""

    name: str


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`TARGET[KEY]`."""

    target: Node
    key: Node


@dataclass(frozen=True, slots=True)
class Slice(Node):
    """`TARGET[START:END]`."""

    target: Node
    start: Node | None
    end: Node | None


@dataclass(frozen=True, slots=True)
class Iterate(Node):
    """`TARGET[]`."""

    target: Node


@dataclass(frozen=True, slots=True)
class Try(Node):
    """`try BODY catch HANDLER`, and `BODY?`."""

    body: Node
    handler: Node | None


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function, a parameter, or with `$` a variable."""

    name: str
    arguments: tuple[Node, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Object(Node):
    """`{KEY: VALUE}`."""

    members: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True)
class Array(Node):
    """`[BODY]`."""

    body: Node | None


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`-X` or `+X`."""

    sign: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Pipe(Node):
    """`LEFT | RIGHT`."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Comma(Node):
    """`LEFT, RIGHT`."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Arithmetic and comparison."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """`and`, `or`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Alternative(Node):
    """`LEFT // RIGHT`."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Update(Node):
    """`=`, `|=`, `+=` and their like."""

    operator: str
    target: Node
    value: Node


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if CONDITION then YES else NO end`."""

    condition: Node
    yes: Node
    no: Node | None


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a value is taken apart by: one of the three."""

    variable: str = ""
    elements: tuple[Pattern, ...] = ()
    members: tuple[tuple[Node, str, Pattern | None], ...] = ()
    """Key, the variable of a member written `$name` (else empty), and the pattern of the member."""


@dataclass(frozen=True, slots=True)
class Bind(Node):
    """`SOURCE as PATTERN ?// PATTERN | BODY`."""

    source: Node
    patterns: tuple[Pattern, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Reduce(Node):
    """`reduce SOURCE as PATTERN (START; UPDATE)`."""

    source: Node
    pattern: Pattern
    start: Node
    update: Node


@dataclass(frozen=True, slots=True)
class Foreach(Node):
    """`foreach SOURCE as PATTERN (START; UPDATE; EXTRACT)`."""

    source: Node
    pattern: Pattern
    start: Node
    update: Node
    extract: Node | None


@dataclass(frozen=True, slots=True)
class Label(Node):
    """`label $NAME | BODY`."""

    name: str
    body: Node


@dataclass(frozen=True, slots=True)
class Break(Node):
    """`break $NAME`."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Definition:
    """`def NAME(PARAMETERS): BODY;`."""

    name: str
    parameters: tuple[str, ...]
    """With `$` where the argument's value is bound too."""
    body: Node


@dataclass(frozen=True, slots=True)
class Define(Node):
    """A definition and what it is there for."""

    definition: Definition
    rest: Node
