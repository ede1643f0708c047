"""What an expression is made of, and its normal form as text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from events.languages.go_numbers import format_float
from events.languages.govaluate.values import Pattern

_PLAIN_NAME: Final = re.compile(r"[A-Za-z]\w*", re.ASCII)
_RESERVED: Final = frozenset({"true", "false", "in", "IN"})
_LONGEST_DECIMAL: Final = 30
"""Beyond, a number is printed with an exponent, which takes a backslash: `1\\e300`."""


Constant = float | bool | str | Pattern


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant of the text; a date is its number of seconds."""

    value: Constant


@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Access:
    """`a.B` or `a.B(...)`: reads a member of a Go struct, which no JSON value is, so it always fails."""

    parts: tuple[str, ...]
    argument: Node | None


@dataclass(frozen=True, slots=True)
class Prefix:
    """`-`, `!` or `~` before an operand; None is the nothing of `(-)`, which the library lets pass."""

    symbol: str
    operand: Node | None


@dataclass(frozen=True, slots=True)
class Group:
    """Brackets; `()` is nil."""

    inner: Node | None


@dataclass(frozen=True, slots=True)
class Link:
    """One more operand of a chain, and the symbol before it."""

    symbol: str
    operand: Node | None
    """None: the nothing of `(a + )`."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Operands joined by operators of one precedence, applied from left to right: also `**`, `? :` and `,`."""

    first: Node
    links: tuple[Link, ...]


Node = Literal | Name | Access | Prefix | Group | Chain


def print_tree(node: Node | None) -> str:
    """The normal form: one space between tokens, dates as numbers, names in brackets only where they need them."""
    parts: list[str] = []
    # Nothing may end an expression only before a closing bracket, of which the library also takes one too many.
    _print(Group(node) if _ends_in_nothing(node) else node, parts)
    return "".join(parts)


def _ends_in_nothing(node: Node | None) -> bool:
    """Whether the last operand is missing: `a + `."""
    while isinstance(node, Chain | Prefix):
        node = node.links[-1].operand if isinstance(node, Chain) else node.operand
        if node is None:
            return True
    return False


def _print(node: Node | None, parts: list[str]) -> None:
    match node:
        case None:
            pass
        case Literal(value=value):
            parts.append(_literal(value))
        case Name(name=name):
            parts.append(_name(name))
        case Access(parts=path, argument=argument):
            parts.append("".join(map(_escaped, ".".join(path))))
            _print(argument, parts)
        case Prefix(symbol=symbol, operand=operand):
            parts.append(symbol)
            _print(operand, parts)
        case Group(inner=inner):
            parts.append("(")
            _print(inner, parts)
            parts.append(")")
        case Chain(first=first, links=links):
            _print(first, parts)
            for link in links:
                parts.append(f"{link.symbol} " if link.symbol == "," else f" {link.symbol} ")
                _print(link.operand, parts)


def _escaped(char: str) -> str:
    return char if char.isalpha() or char.isdecimal() or char in "_." else f"\\{char}"


def _name(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name) and name not in _RESERVED:
        return name
    return "[" + re.sub(r"[\\\]]", r"\\\g<0>", name) + "]"


def _literal(value: Constant) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return _number(value)
        case Pattern(text=text):
            return _quoted(text)
        case _:
            return _quoted(value)


def _quoted(text: str) -> str:
    return '"' + re.sub(r"[\\\"']", r"\\\g<0>", text) + '"'


def _number(number: float) -> str:
    # Only a date can be below zero.
    text = format_float(number)
    if len(text) <= _LONGEST_DECIMAL:
        return text
    return re.sub(r"[^\d.]", r"\\\g<0>", repr(number))
