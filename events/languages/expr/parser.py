"""Reading an expression into its tree: precedence climbing over the tokens, with expr's messages.

The first fault ends the reading, as the library tells the first one only.
"""

from __future__ import annotations

import re
from typing import Final

from events.languages.expr.errors import Fault
from events.languages.expr.nodes import (
    Array,
    Binary,
    Builtin,
    Call,
    Chain,
    Closure,
    Conditional,
    Identifier,
    Let,
    Literal,
    Map,
    Member,
    Node,
    Pair,
    Pointer,
    Slice,
    Unary,
    depth,
)
from events.languages.expr.tokens import Kind, Token, is_word, is_word_start, tokenize
from events.languages.go_template.quoting import quote

MAX_TEXT_CHARACTERS: Final = 100_000
"""Of an expression; a filter has some hundreds."""
MAX_DEPTH: Final = 100
"""Levels of brackets, calls and closures in one another."""

PREDICATES: Final = frozenset(
    {
        *("all", "none", "any", "one", "filter", "map", "count", "find", "findIndex", "findLast"),
        *("findLastIndex", "groupBy", "reduce"),
    }
)
"""Builtins whose second argument is evaluated for each element."""
_BINARY: Final = {
    "|": 0,
    **dict.fromkeys(("or", "||"), 10),
    **dict.fromkeys(("and", "&&"), 15),
    **dict.fromkeys(
        ["==", "!=", "<", ">", ">=", "<=", "in", "matches", "contains", "startsWith", "endsWith"], 20
    ),
    "..": 25,
    **dict.fromkeys("+-", 30),
    **dict.fromkeys("*/%", 60),
    **dict.fromkeys(("**", "^"), 100),
    "??": 500,
}
_RIGHT_ASSOCIATIVE: Final = frozenset({"**", "^"})
_UNARY: Final = {"not": 50, "!": 50, "-": 90, "+": 90}
_WORDS: Final = {"true": True, "false": False, "nil": None}
_INTEGER: Final = re.compile(r"0|[1-9][0-9]*|0[0-9]+")
_HEX: Final = re.compile(r"0[xX][0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MAX_INT: Final = (1 << 63) - 1


def parse(text: str, builtins: frozenset[str]) -> Node:
    """The tree of `text`; names of `builtins` that are called are builtins. Raises Fault."""
    if len(text) > MAX_TEXT_CHARACTERS:
        raise Fault(f"the expression is longer than {MAX_TEXT_CHARACTERS} characters", -1)
    tree = _Parser(tokenize(text), builtins).whole()
    if depth(tree) > MAX_DEPTH:
        raise _too_deep(-1)
    return tree


def _too_deep(at: int) -> Fault:
    return Fault(f"the expression is nested deeper than {MAX_DEPTH} levels", at)


class _Parser:
    def __init__(self, tokens: list[Token], builtins: frozenset[str]) -> None:
        self._tokens = tokens
        self._position = 0
        self._current = tokens[0]
        self._builtins = builtins
        self._closures = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._expression(0)
        if self._current.kind is not Kind.END:
            raise self._unexpected()
        return node

    def _unexpected(self) -> Fault:
        return Fault(f"unexpected token {self._current}", self._current.at)

    def _next(self) -> Token:
        token = self._current
        self._position += 1
        if self._position >= len(self._tokens):
            raise Fault("unexpected end of expression", token.at)
        self._current = self._tokens[self._position]
        return token

    def _is(self, kind: Kind, value: str) -> bool:
        return self._current.kind is kind and self._current.value == value

    def _expect(self, kind: Kind, value: str) -> None:
        if not self._is(kind, value):
            raise self._unexpected()
        self._next()

    def _expect_name(self) -> Token:
        if self._current.kind is not Kind.IDENTIFIER:
            raise self._unexpected()
        return self._next()

    def _expression(self, precedence: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _too_deep(self._current.at)
        if precedence == 0 and self._is(Kind.OPERATOR, "let"):
            node = self._let()
        else:
            node = self._operators(self._primary(), precedence)
            if precedence == 0:
                node = self._conditional(node)
        self._depth -= 1
        return node

    def _operators(self, left: Node, precedence: int) -> Node:
        previous = ""
        while self._current.kind is Kind.OPERATOR:
            operator, negation = self._current, None
            if operator.value == "not":
                # Taken for good, whatever follows, as the library does.
                self._next()
                operator = negation = self._current
            power = _BINARY.get(operator.value)
            if power is None or power < precedence:
                break
            self._next()
            if operator.value == "|":
                left = self._pipe(left)
            else:
                if previous == "??" and operator.value != "??":
                    raise Fault(
                        f"Operator ({operator.value}) and coalesce expressions (??) cannot be mixed. "
                        "Wrap either by parentheses.",
                        operator.at,
                    )
                right = self._expression(power + (operator.value not in _RIGHT_ASSOCIATIVE))
                left = Binary(operator.value, left, right, at=operator.at)
                if negation is not None:
                    left = Unary("not", left, at=negation.at)
            previous = operator.value
        return left

    def _let(self) -> Node:
        self._next()
        name = self._expect_name()
        self._expect(Kind.OPERATOR, "=")
        value = self._expression(0)
        self._expect(Kind.OPERATOR, ";")
        return Let(name.value, value, self._expression(0), at=name.at)

    def _conditional(self, node: Node) -> Node:
        while self._is(Kind.OPERATOR, "?"):
            self._next()
            if self._is(Kind.OPERATOR, ":"):
                self._next()
                node = Conditional(node, node, self._expression(0))
                continue
            then = self._expression(0)
            self._expect(Kind.OPERATOR, ":")
            node = Conditional(node, then, self._expression(0))
        return node

    def _primary(self) -> Node:
        token = self._current
        if token.kind is Kind.OPERATOR and token.value in _UNARY:
            self._next()
            node: Node = Unary(token.value, self._expression(_UNARY[token.value]), at=token.at)
            return self._postfix(node)
        if self._is(Kind.BRACKET, "("):
            self._next()
            node = self._expression(0)
            self._expect(Kind.BRACKET, ")")
            return self._postfix(node)
        if token.kind is Kind.OPERATOR and token.value in {"#", "."}:
            return self._pointer(token)
        return self._secondary(token)

    def _pointer(self, token: Token) -> Node:
        if not self._closures:
            raise Fault("cannot use pointer accessor outside closure", token.at)
        name = ""
        if token.value == "#":
            self._next()
            if self._current.kind is Kind.IDENTIFIER:
                name = self._next().value
        return self._postfix(Pointer(name, at=token.at))

    def _secondary(self, token: Token) -> Node:
        match token.kind:
            case Kind.IDENTIFIER:
                self._next()
                if token.value in _WORDS:
                    return Literal(_WORDS[token.value], at=token.at)
                return self._postfix(self._name(token))
            case Kind.NUMBER:
                self._next()
                return self._number(token)
            case Kind.STRING:
                self._next()
                return Literal(token.value, at=token.at)
        if self._is(Kind.BRACKET, "["):
            return self._postfix(self._array(token))
        if self._is(Kind.BRACKET, "{"):
            return self._postfix(self._map(token))
        raise self._unexpected()

    def _number(self, token: Token) -> Node:
        text = token.value.replace("_", "")
        if "x" in text:
            return Literal(self._whole(text, "hex", _HEX, 16), at=token.at)
        if any(char in text for char in ".eE"):
            reason = ""
            if not _FLOAT.fullmatch(text):
                reason = "invalid syntax"
            elif (value := float(text)) == float("inf"):
                reason = "value out of range"
            if reason:
                raise self._no_number("float", "ParseFloat", text, reason)
            return Literal(value, at=token.at)
        return Literal(self._whole(text, "integer", _INTEGER, 10), at=token.at)

    def _whole(self, text: str, name: str, form: re.Pattern[str], base: int) -> int:
        if not form.fullmatch(text):
            raise self._no_number(name, "ParseInt", text, "invalid syntax")
        # No 64-bit number has more digits, and Python limits what `int` reads.
        significant = text.lstrip("0xX")
        value = int(significant or "0", base) if len(significant) < 20 else _MAX_INT + 1
        if value > _MAX_INT:
            raise self._no_number(name, "ParseInt", text, "value out of range")
        return value

    def _no_number(self, name: str, function: str, text: str, reason: str) -> Fault:
        message = f"invalid {name} literal: strconv.{function}: parsing {quote(text)}: {reason}"
        return Fault(message, self._current.at)

    def _name(self, token: Token) -> Node:
        if not self._is(Kind.BRACKET, "("):
            return Identifier(token.value, at=token.at)
        if token.value in PREDICATES:
            self._next()
            first = self._expression(0)
            self._expect(Kind.OPERATOR, ",")
            return self._predicate(token, first)
        if token.value in self._builtins:
            return Builtin(token.value, self._arguments(), at=token.at)
        return Call(Identifier(token.value, at=token.at), self._arguments(), at=token.at)

    def _predicate(self, token: Token, first: Node) -> Node:
        arguments = [first, self._closure()]
        if token.value == "reduce" and self._is(Kind.OPERATOR, ","):
            self._next()
            arguments.append(self._expression(0))
        self._expect(Kind.BRACKET, ")")
        return Builtin(token.value, arguments, at=token.at)

    def _closure(self) -> Node:
        start = self._current
        has_braces = self._is(Kind.BRACKET, "{")
        if has_braces:
            self._next()
        self._closures += 1
        node = self._expression(0)
        self._closures -= 1
        if has_braces:
            self._expect(Kind.BRACKET, "}")
        return Closure(node, at=start.at)

    def _pipe(self, left: Node) -> Node:
        name = self._expect_name()
        if name.value in PREDICATES:
            self._expect(Kind.BRACKET, "(")
            return self._predicate(name, left)
        arguments = [left, *self._arguments()]
        if name.value in self._builtins:
            return Builtin(name.value, arguments, at=name.at)
        return Call(Identifier(name.value, at=name.at), arguments, at=name.at)

    def _arguments(self) -> list[Node]:
        self._expect(Kind.BRACKET, "(")
        nodes: list[Node] = []
        while not self._is(Kind.BRACKET, ")"):
            if nodes:
                self._expect(Kind.OPERATOR, ",")
            nodes.append(self._expression(0))
        self._next()
        return nodes

    def _array(self, token: Token) -> Node:
        self._next()
        nodes: list[Node] = []
        while not self._is(Kind.BRACKET, "]"):
            if nodes:
                self._expect(Kind.OPERATOR, ",")
                if self._is(Kind.BRACKET, "]"):
                    break
            nodes.append(self._expression(0))
        self._next()
        return Array(nodes, at=token.at)

    def _map(self, token: Token) -> Node:
        self._next()
        pairs: list[Node] = []
        while not self._is(Kind.BRACKET, "}"):
            if pairs:
                self._expect(Kind.OPERATOR, ",")
                if self._is(Kind.BRACKET, "}"):
                    break
                if self._is(Kind.OPERATOR, ","):
                    raise self._unexpected()
            key = self._key(token)
            self._expect(Kind.OPERATOR, ":")
            pairs.append(Pair(key, self._expression(0), at=token.at))
        self._next()
        return Map(pairs, at=token.at)

    def _key(self, token: Token) -> Node:
        if self._current.kind in {Kind.NUMBER, Kind.STRING, Kind.IDENTIFIER}:
            return Literal(self._next().value, at=token.at)
        if self._is(Kind.BRACKET, "("):
            return self._expression(0)
        raise Fault(
            "a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses "
            f"(unexpected token {self._current})",
            self._current.at,
        )

    def _postfix(self, node: Node) -> Node:
        links = 0
        while self._current.kind in {Kind.OPERATOR, Kind.BRACKET}:
            mark = self._current
            if mark.value in {".", "?."}:
                node = self._member(node, is_optional=mark.value == "?.")
            elif mark.value == "[":
                node = self._index(node, mark)
            else:
                break
            links += 1
            if links > MAX_DEPTH:
                raise _too_deep(mark.at)
        return node

    def _member(self, node: Node, *, is_optional: bool) -> Node:
        self._next()
        name = self._next()
        is_word_operator = name.kind is Kind.OPERATOR and _is_identifier(name.value)
        if name.kind is not Kind.IDENTIFIER and not is_word_operator:
            raise Fault("expected name", self._current.at)
        is_chain = isinstance(node, Chain)
        inner = node.node if isinstance(node, Chain) else node
        found: Node = Member(inner, Literal(name.value, at=name.at), is_optional, at=name.at)
        if self._is(Kind.BRACKET, "("):
            found = Call(found, self._arguments(), at=name.at)
        return Chain(found) if is_chain or is_optional else found

    def _index(self, node: Node, mark: Token) -> Node:
        self._next()
        start: Node | None = None
        if not self._is(Kind.OPERATOR, ":"):
            start = self._expression(0)
            if not self._is(Kind.OPERATOR, ":"):
                self._expect(Kind.BRACKET, "]")
                return Member(node, start, at=mark.at)
        self._next()
        end = None if self._is(Kind.BRACKET, "]") else self._expression(0)
        self._expect(Kind.BRACKET, "]")
        return Slice(node, start, end, at=mark.at)


def _is_identifier(text: str) -> bool:
    return bool(text) and is_word_start(text[0]) and all(is_word(char) for char in text)
