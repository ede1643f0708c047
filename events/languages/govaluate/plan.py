"""From tokens to a tree: what belongs to which operator.

The library plans from right to left and then turns chains of one precedence round, so that all of them, also `**`
and `? :`, bind to the left. A bracket is taken to end at the token after its contents, whatever that is: of
`((1) 2) + 5` it reads `((1)` and lets go of the rest. Both are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from events.languages.govaluate.dates import Moment
from events.languages.govaluate.errors import ExpressionError
from events.languages.govaluate.tokens import Token, TokenKind
from events.languages.govaluate.tree import Access, Chain, Group, Link, Literal, Name, Node, Prefix
from events.languages.govaluate.values import Pattern
from events.patterns import BadPattern, text_test

MAX_DEPTH: Final = 32
"""Brackets open at once; each may hold an operator of every precedence."""
_K = TokenKind
_OPERATORS: Final = frozenset({_K.MODIFIER, _K.COMPARATOR, _K.LOGICALOP, _K.TERNARY, _K.SEPARATOR})
_PRECEDENCES: Final = (
    frozenset({"**"}),
    frozenset({"*", "/", "%"}),
    frozenset({"+", "-"}),
    frozenset({"<<", ">>"}),
    frozenset({"&", "|", "^"}),
    frozenset({"==", "!=", ">", ">=", "<", "<=", "=~", "!~", "in"}),
    frozenset({"&&"}),
    frozenset({"||"}),
    frozenset({"?", ":", "??"}),
    frozenset({","}),
)
"""From the tightest to the loosest."""


def compile_patterns(tokens: Sequence[Token]) -> list[Token]:
    """The same tokens with the texts after `=~` and `!~` compiled.

    Raises:
        ExpressionError: one of them is no RE2 pattern.
    """
    compiled = list(tokens)
    for place, token in enumerate(tokens[:-1]):
        following = tokens[place + 1]
        if token.value in {"=~", "!~"} and token.kind is _K.COMPARATOR and following.kind is _K.STRING:
            compiled[place + 1] = following._replace(value=_pattern(str(following.value), following.at))
    return compiled


def _pattern(text: str, at: int) -> Pattern:
    try:
        return Pattern(text, text_test(text))
    except BadPattern as error:
        raise ExpressionError(error.as_go(), at) from error


def plan(tokens: Sequence[Token]) -> Node:
    """The tree of tokens that `check_syntax` has let pass.

    Raises:
        ExpressionError: a token has no meaning where it stands, or too many brackets are open at once.
    """
    return _Planner(tokens).whole()


class _Planner:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        """What stands before the end, or before the first bracket that closes nothing."""
        node = self._contents()
        if node is None:
            raise ExpressionError("Unexpected end of expression", 0)
        return node

    def _contents(self) -> Node | None:
        """Operands and operators up to a token that is neither."""
        operands, symbols = [self._operand()], []
        while self._at < len(self._tokens) and self._tokens[self._at].kind in _OPERATORS:
            symbols.append(str(self._tokens[self._at].value))
            self._at += 1
            operands.append(self._operand())
        return _bind(operands, symbols)

    def _operand(self) -> Node | None:  # noqa: PLR0911 - one for each kind of token
        if self._at >= len(self._tokens) or self._tokens[self._at].kind is _K.CLAUSE_CLOSE:
            return None
        token = self._tokens[self._at]
        self._at += 1
        match token.kind, token.value:
            case (_K.CLAUSE, _):
                inner = self._nested(token)
                self._at += 1
                return Group(inner)
            case (_K.PREFIX, str(symbol)):
                return Prefix(symbol, self._operand())
            case (_K.ACCESSOR, tuple(parts)):
                return Access(parts, self._argument())
            case (_K.VARIABLE, str(name)):
                return Name(name)
            case (_K.TIME, Moment(seconds=seconds)):
                return Literal(seconds)
            case (_K.NUMERIC | _K.BOOLEAN | _K.STRING, bool() | float() | str() | Pattern() as value):
                return Literal(value)
            case _:
                shown = f"'{token.kind.value}', value: '{token.shown()}'"
                raise ExpressionError(f"Unable to plan token kind: {shown}", token.at)

    def _argument(self) -> Node | None:
        """What an accessor is called with; it takes all operators behind its brackets for a part of it."""
        if self._at < len(self._tokens) and self._tokens[self._at].kind is _K.CLAUSE:
            return self._nested(self._tokens[self._at])
        return None

    def _nested(self, opening: Token) -> Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError(f"more than {MAX_DEPTH} brackets are open at once", opening.at)
        contents = self._contents()
        self._depth -= 1
        return contents


def _bind(operands: list[Node | None], symbols: list[str]) -> Node | None:
    """One node of all operands; `symbols` stand between them."""
    present = set(symbols)
    for precedence in _PRECEDENCES:
        if present & precedence:
            operands, symbols = _bind_one(operands, symbols, precedence)
    return operands[0]


def _bind_one(
    operands: list[Node | None], symbols: list[str], precedence: frozenset[str]
) -> tuple[list[Node | None], list[str]]:
    bound: list[Node | None] = []
    between: list[str] = []
    first, links = operands[0], list[Link]()
    for symbol, operand in zip(symbols, operands[1:], strict=True):
        if symbol in precedence:
            links.append(Link(symbol, operand))
            continue
        bound.append(_chain(first, links))
        between.append(symbol)
        first, links = operand, []
    bound.append(_chain(first, links))
    return bound, between


def _chain(first: Node | None, links: list[Link]) -> Node | None:
    if first is None or not links:
        return first
    return Chain(first, tuple(links))
