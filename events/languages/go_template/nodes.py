"""The tree of a template. `str()` of a node is the text by which messages name it."""

from __future__ import annotations

from dataclasses import dataclass, field

from events.languages.go_template.numbers import Number
from events.languages.go_template.quoting import quote


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A part of the tree; `at` is its place in the text, in characters from 0."""

    at: int


@dataclass(frozen=True, slots=True, eq=False)
class TextNode(Node):
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class IdentifierNode(Node):
    """The name of a function."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class VariableNode(Node):
    """`$name.Field.Field`; `slot` is where a run keeps it, -1 when it is not declared before its own use."""

    name: str
    fields: tuple[str, ...]
    slot: int

    def __str__(self) -> str:
        return ".".join((self.name, *self.fields))


@dataclass(frozen=True, slots=True, eq=False)
class DotNode(Node):
    def __str__(self) -> str:
        return "."


@dataclass(frozen=True, slots=True, eq=False)
class NilNode(Node):
    def __str__(self) -> str:
        return "nil"


@dataclass(frozen=True, slots=True, eq=False)
class FieldNode(Node):
    """`.Field.Field`."""

    fields: tuple[str, ...]

    def __str__(self) -> str:
        return "." + ".".join(self.fields)


@dataclass(frozen=True, slots=True, eq=False)
class BoolNode(Node):
    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(frozen=True, slots=True, eq=False)
class NumberNode(Node):
    number: Number

    def __str__(self) -> str:
        return self.number.text


@dataclass(frozen=True, slots=True, eq=False)
class StringNode(Node):
    literal: str
    value: str

    def __str__(self) -> str:
        return self.literal


@dataclass(frozen=True, slots=True, eq=False)
class ChainNode(Node):
    """`(pipeline).Field` or `function.Field`."""

    operand: Node
    fields: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join((_argument_text(self.operand), *self.fields))


@dataclass(frozen=True, slots=True, eq=False)
class CommandNode(Node):
    """An operand with its arguments."""

    operands: tuple[Node, ...]

    def __str__(self) -> str:
        return " ".join(map(_argument_text, self.operands))


@dataclass(frozen=True, slots=True, eq=False)
class PipeNode(Node):
    """Commands, each fed with what the one before answered, and the variables that take the outcome."""

    variables: tuple[VariableNode, ...]
    is_assignment: bool
    commands: tuple[CommandNode, ...]

    def __str__(self) -> str:
        text = " | ".join(map(str, self.commands))
        if not self.variables:
            return text
        names = ", ".join(map(str, self.variables))
        return f"{names} {'=' if self.is_assignment else ':='} {text}"


def _argument_text(node: Node) -> str:
    return f"({node})" if isinstance(node, PipeNode) else str(node)


@dataclass(frozen=True, slots=True, eq=False)
class ActionNode(Node):
    """A pipeline whose outcome is printed, unless it declares or assigns."""

    pipe: PipeNode

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


@dataclass(frozen=True, slots=True, eq=False)
class ListNode(Node):
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BranchNode(Node):
    """`if`, `with` or `range`; an `if` or `with` may have several pipelines (`else if`)."""

    keyword: str
    branches: tuple[tuple[PipeNode, ListNode], ...]
    otherwise: ListNode | None


@dataclass(frozen=True, slots=True, eq=False)
class JumpNode(Node):
    """`break` or `continue`."""

    keyword: str

    def __str__(self) -> str:
        return f"{{{{{self.keyword}}}}}"


@dataclass(frozen=True, slots=True, eq=False)
class TemplateNode(Node):
    """A call of a template."""

    name: str
    pipe: PipeNode | None

    def __str__(self) -> str:
        return f"{{{{template {quote(self.name)}{f' {self.pipe}' if self.pipe else ''}}}}}"


@dataclass(frozen=True, slots=True, eq=False)
class EndNode(Node):
    """`end` or `else`: what closes a list; it never stays in the tree."""

    keyword: str

    def __str__(self) -> str:
        return f"{{{{{self.keyword}}}}}"


@dataclass(slots=True)
class Definition:
    """The body of one template: the whole text, a `define` or a `block`."""

    name: str
    body: ListNode
    slots: int
    """How many variables a run of it needs room for; the first is `$`."""
    depth: int
    """How deep its blocks nest."""
    calls: set[str] = field(default_factory=set)
    """Functions that it names."""


_WHITE_SPACE = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""Go's white space, which is not quite Python's."""


def is_blank(body: ListNode) -> bool:
    """Whether a body has nothing but white space."""
    return all(isinstance(node, TextNode) and not node.text.strip(_WHITE_SPACE) for node in body.nodes)
