"""A compiled expression."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from events.languages.govaluate.build import build
from events.languages.govaluate.plan import compile_patterns, plan
from events.languages.govaluate.syntax import check_syntax
from events.languages.govaluate.tokens import TokenKind, read_tokens
from events.languages.govaluate.tree import Node, print_tree


class Expression:
    """An expression that is evaluated often. Immutable."""

    __slots__ = ("_tree", "evaluate", "names")

    def __init__(self, tree: Node, names: tuple[str, ...]) -> None:
        self._tree = tree
        self.names = names
        """The variables in the order in which they appear, each once."""
        self.evaluate: Callable[[Mapping[str, Any]], Any] = build(tree)
        """The value for these variables: str, float (never int), bool, None, list and dict, also the answer.

        There are no loops: it takes at most one step an operator, and a step costs what the values are long.
        Raises EvaluationError, with the library's words, and for what ends the library's process.
        """

    def text(self) -> str:
        """The normal form: another text that means the same, with one space between tokens."""
        return print_tree(self._tree)


@functools.lru_cache(maxsize=4096)
def compile_expression(text: str) -> Expression:
    """Compile an expression; remembered, so that equal texts are one object.

    Raises:
        ExpressionError: it is none, or it is longer or deeper than we allow.
    """
    tokens = read_tokens(text)
    check_syntax(tokens, len(text))
    tokens = compile_patterns(tokens)
    names = dict.fromkeys(str(token.value) for token in tokens if token.kind is TokenKind.VARIABLE)
    return Expression(plan(tokens), tuple(names))
