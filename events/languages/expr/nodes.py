"""The syntax tree of expr. Nodes are replaced by the optimizer and carry the types that the checker found.

`at` is the offset of the character that messages point at, UNPLACED where the library has none. `type` is None for
nil, and for what the checker never looked at: arguments of functions that it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from events.languages.expr.errors import UNPLACED
from events.languages.expr.types import Type


@dataclass(slots=True, eq=False)
class Node:
    """Anything that has a value."""

    at: int = field(default=UNPLACED, kw_only=True)
    type: Type | None = field(default=None, kw_only=True)


@dataclass(slots=True, eq=False)
class Literal(Node):
    """`nil`, a boolean, a number or a text; its Python class tells which."""

    value: bool | int | float | str | None


@dataclass(slots=True, eq=False)
class Constant(Node):
    """A value that the optimizer computed: a list, a range, or a `KeySet`."""

    value: Any


@dataclass(slots=True, eq=False)
class Identifier(Node):
    """A name of the environment or a variable."""

    name: str


@dataclass(slots=True, eq=False)
class Unary(Node):
    """`!`, `not`, `+`, `-`."""

    operator: str
    node: Node


@dataclass(slots=True, eq=False)
class Binary(Node):
    """An operator between two values."""

    operator: str
    left: Node
    right: Node
    pattern: Any = None
    """The compiled regular expression where the right side of `matches` is a literal."""


@dataclass(slots=True, eq=False)
class Chain(Node):
    """The whole of `a?.b.c`: nil as soon as what stands before a `?.` is nil."""

    node: Node


@dataclass(slots=True, eq=False)
class Member(Node):
    """`a.b`, `a?.b`, `a[b]`."""

    node: Node
    property: Node
    is_optional: bool = False
    method: str = ""
    """The name of a method of the static type."""


@dataclass(slots=True, eq=False)
class Slice(Node):
    """`a[from:to]`."""

    node: Node
    start: Node | None
    end: Node | None


@dataclass(slots=True, eq=False)
class Call(Node):
    """A call of something that is no builtin."""

    callee: Node
    arguments: list[Node]
    builtin: str = ""
    """The builtin that the callee is known to be, such as the value of `let f = len`."""


@dataclass(slots=True, eq=False)
class Builtin(Node):
    """A call of a builtin by its name."""

    name: str
    arguments: list[Node]
    throws: bool = False
    """`filter(...)[0]`, made into `find`: fails where nothing is found."""
    map: Node | None = None
    """`map(filter(...), ...)`, made into one loop: what becomes of each element."""


@dataclass(slots=True, eq=False)
class Closure(Node):
    """The predicate of a builtin."""

    node: Node


@dataclass(slots=True, eq=False)
class Pointer(Node):
    """`#`, or `#acc`, `#index`."""

    name: str


@dataclass(slots=True, eq=False)
class Let(Node):
    """`let name = value; body`."""

    name: str
    value: Node
    body: Node


@dataclass(slots=True, eq=False)
class Conditional(Node):
    """`a ? b : c`."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(slots=True, eq=False)
class Array(Node):
    """`[a, b]`."""

    nodes: list[Node]


@dataclass(slots=True, eq=False)
class Pair(Node):
    """One member of a map."""

    key: Node
    value: Node


@dataclass(slots=True, eq=False)
class Map(Node):
    """`{a: b}`."""

    pairs: list[Node]


def is_integer(node: Node | None) -> bool:
    """Whether it is an integer literal."""
    return isinstance(node, Literal) and type(node.value) is int


PARTS: Final[Mapping[type[Node], tuple[str, ...]]] = {
    Unary: ("node",),
    Binary: ("left", "right"),
    Chain: ("node",),
    Member: ("node", "property"),
    Slice: ("node", "start", "end"),
    Call: ("callee", "arguments"),
    Builtin: ("arguments",),
    Closure: ("node",),
    Let: ("value", "body"),
    Conditional: ("condition", "then", "otherwise"),
    Array: ("nodes",),
    Pair: ("key", "value"),
    Map: ("pairs",),
}
"""The attributes that hold what the library's passes walk into: nodes, lists of them, or None."""


def children(node: Node) -> list[Node]:
    """What stands directly in a node."""
    found: list[Node] = []
    for name in PARTS.get(type(node), ()):
        part = getattr(node, name)
        found += part if isinstance(part, list) else [part] if part is not None else []
    if isinstance(node, Builtin) and node.map is not None:
        found.append(node.map)
    return found


def binary_spine(node: Binary) -> tuple[Node, list[Binary]]:
    """A chain of operators, `a + b + c`, from the inside out: its leftmost value, and the operators behind it.

    Chains may have thousands of links; whoever walks a tree walks them in a loop.
    """
    links = [node]
    while isinstance(links[-1].left, Binary):
        links.append(links[-1].left)
    return links[-1].left, links[::-1]


def depth(node: Node) -> int:
    """Levels of a tree; a chain of operators is one."""
    deepest = 0
    waiting = [(node, 1)]
    while waiting:
        node, level = waiting.pop()
        deepest = max(deepest, level)
        if isinstance(node, Binary):
            first, links = binary_spine(node)
            waiting.append((first, level + 1))
            waiting += [(link.right, level + 1) for link in links]
        else:
            waiting += [(child, level + 1) for child in children(node)]
    return deepest
