"""From the words of a jq program to its tree, by gojq's grammar."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from functools import reduce

from events.languages.jq import syntax
from events.languages.jq.errors import JqError
from events.languages.jq.syntax import Node, Pattern
from events.languages.jq.tokens import Token, line_of, syntax_error, tokenize

MAX_PROGRAM_BYTES = 64 * 1024
MAX_DEPTH = 200
"""Levels of brackets and nested forms."""

_UPDATES = frozenset({"=", "|=", "+=", "-=", "*=", "/=", "%=", "//="})
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_LITERALS = {"null": None, "true": True, "false": False}


def parse(program: str) -> Node:
    """The tree of a program. Raises JqError with the place."""
    if len(program.encode("utf-8", "replace")) > MAX_PROGRAM_BYTES:
        raise JqError(f"the program is longer than {MAX_PROGRAM_BYTES} bytes")
    return _Parser(program).program()


def number(text: str) -> float:
    """What a number in a program is: an exact integer, or a float64."""
    if not set(text) & set(".eE"):
        return int(text) if len(text) <= 4000 else math.inf
    return float(text)


class _Parser:
    def __init__(self, program: str) -> None:
        self._program = program
        self._tokens = tokenize(program)
        self._at = 0
        self._depth = 0

    # words

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _is(self, kind: str, text: str) -> bool:
        token = self._tokens[self._at]
        return token.kind == kind and token.text == text

    def _is_op(self, text: str) -> bool:
        return self._is("op", text)

    def _skip(self, kind: str, text: str) -> bool:
        if self._is(kind, text):
            self._at += 1
            return True
        return False

    def _expect(self, kind: str, text: str = "") -> Token:
        token = self._next
        if token.kind != kind or (text and token.text != text):
            raise self._unexpected()
        return self._take()

    def _unexpected(self) -> JqError:
        token = self._next
        shown = token.text
        if token.kind == "field":
            shown = f".{shown}"
        what = "unexpected EOF" if token.kind == "end" else f"unexpected token {json.dumps(shown)}"
        return syntax_error(self._program, token.offset, what)

    def _nested(self, parse_inner: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            line = line_of(self._program, self._next.offset)
            raise JqError(f"the program is nested deeper than {MAX_DEPTH} levels at line {line}", line)
        node = parse_inner()
        self._depth -= 1
        return node

    # queries, from the loosest to the tightest

    def program(self) -> Node:
        if self._skip("keyword", "module"):
            self._postfix()
            self._expect("op", ";")
        if self._next.kind == "keyword" and self._next.text in {"import", "include"}:
            what = f"{self._next.text}: modules cannot be loaded"
            raise syntax_error(self._program, self._next.offset, what)
        definitions = []
        while self._is("keyword", "def"):
            definitions.append(self._definition())
        if self._next.kind == "end":
            raise syntax_error(self._program, self._next.offset, 'missing query (try ".")')
        body = self._query()
        if self._next.kind != "end":
            raise self._unexpected()
        return reduce(lambda rest, each: syntax.Define(each, rest), reversed(definitions), body)

    def _query(self) -> Node:
        return self._nested(self._pipe)

    def _pipe(self) -> Node:
        steps = [self._comma()]
        while self._skip("op", "|"):
            steps.append(self._comma())
        steps.reverse()
        return reduce(lambda right, left: syntax.Pipe(left, right), steps)

    def _comma(self) -> Node:
        node = self._bindable()
        while self._skip("op", ","):
            node = syntax.Comma(node, self._bindable())
        return node

    def _bindable(self) -> Node:
        if self._is("keyword", "def"):
            definition = self._definition()
            return syntax.Define(definition, self._query())
        if self._skip("keyword", "label"):
            name = self._expect("variable").text
            self._expect("op", "|")
            return syntax.Label(name, self._query())
        node = self._expression()
        if not self._skip("keyword", "as"):
            return node
        patterns = [self._pattern()]
        while self._skip("op", "?//"):
            patterns.append(self._pattern())
        self._expect("op", "|")
        return syntax.Bind(node, tuple(patterns), self._query())

    def _definition(self) -> syntax.Definition:
        self._expect("keyword", "def")
        name = self._expect("ident").text
        parameters = []
        if self._skip("op", "("):
            parameters.append(self._parameter())
            while self._skip("op", ";"):
                parameters.append(self._parameter())
            self._expect("op", ")")
        self._expect("op", ":")
        body = self._query()
        self._expect("op", ";")
        return syntax.Definition(name, tuple(parameters), body)

    def _parameter(self) -> str:
        if self._next.kind not in {"ident", "variable"}:
            raise self._unexpected()
        return self._take().text

    def _expression(self) -> Node:
        """`//` and the updates: `a // b = c` is `a // (b = c)`."""
        operands = [self._update()]
        while self._skip("op", "//"):
            operands.append(self._update())
        operands.reverse()
        return reduce(lambda right, left: syntax.Alternative(left, right), operands)

    def _update(self) -> Node:
        node = self._or()
        if self._next.kind == "op" and self._next.text in _UPDATES:
            operator = self._take().text
            node = syntax.Update(operator, node, self._or())
            if self._next.kind == "op" and self._next.text in _UPDATES:
                raise self._unexpected()
        return node

    def _or(self) -> Node:
        node = self._and()
        while self._skip("keyword", "or"):
            node = syntax.Logic("or", node, self._and())
        return node

    def _and(self) -> Node:
        node = self._comparison()
        while self._skip("keyword", "and"):
            node = syntax.Logic("and", node, self._comparison())
        return node

    def _comparison(self) -> Node:
        node = self._sum()
        if self._next.kind == "op" and self._next.text in _COMPARISONS:
            operator = self._take().text
            node = syntax.Binary(operator, node, self._sum())
            if self._next.kind == "op" and self._next.text in _COMPARISONS:
                raise self._unexpected()
        return node

    def _sum(self) -> Node:
        node = self._product()
        while self._is_op("+") or self._is_op("-"):
            operator = self._take().text
            node = syntax.Binary(operator, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._postfix()
        while self._is_op("*") or self._is_op("/") or self._is_op("%"):
            operator = self._take().text
            node = syntax.Binary(operator, node, self._postfix())
        return node

    # terms

    def _postfix(self) -> Node:
        return self._nested(self._suffixed)

    def _suffixed(self) -> Node:
        node = self._term()
        before: Node | None = None
        """What the last suffix stands behind; None where `?` guards all there is."""
        while True:
            token = self._next
            target = node
            if token.kind == "field":
                self._take()
                node = syntax.Index(node, syntax.Constant(token.text))
            elif token.kind != "op":
                return node
            elif token.text == "[":
                node = self._bracket(node)
            elif token.text == "?":
                self._take()
                node = _guarded(node, before)
                before = None
                continue
            elif token.text == "." and self._tokens[self._at + 1].kind in {"text", "text_start"}:
                self._take()
                node = syntax.Index(node, self._text("@text"))
            elif token.text == "." and self._tokens[self._at + 1][:2] == ("op", "["):
                self._take()
                node = self._bracket(node)
            else:
                return node
            before = None if isinstance(target, syntax.Identity) else target

    def _bracket(self, target: Node) -> Node:
        self._expect("op", "[")
        if self._skip("op", "]"):
            return syntax.Iterate(target)
        if self._skip("op", ":"):
            end = self._query()
            self._expect("op", "]")
            return syntax.Slice(target, None, end)
        start = self._query()
        if self._skip("op", "]"):
            return syntax.Index(target, start)
        self._expect("op", ":")
        if self._skip("op", "]"):
            return syntax.Slice(target, start, None)
        end = self._query()
        self._expect("op", "]")
        return syntax.Slice(target, start, end)

    def _term(self) -> Node:  # noqa: PLR0911 - one for each kind of word
        token = self._next
        match token.kind:
            case "field":
                self._take()
                return syntax.Index(syntax.Identity(), syntax.Constant(token.text))
            case "number":
                self._take()
                return syntax.Constant(number(token.text))
            case "text" | "text_start":
                return self._text("@text")
            case "format":
                self._take()
                if self._next.kind in {"text", "text_start"}:
                    return self._text(token.text)
                return syntax.Format(token.text)
            case "variable":
                self._take()
                return syntax.Call(token.text, (), token.offset)
            case "ident":
                return self._call()
            case "keyword":
                return self._keyword()
            case "op":
                return self._symbol()
        raise self._unexpected()

    def _call(self) -> Node:
        token = self._take()
        arguments = []
        if self._skip("op", "("):
            arguments.append(self._query())
            while self._skip("op", ";"):
                arguments.append(self._query())
            self._expect("op", ")")
        return syntax.Call(token.text, tuple(arguments), token.offset)

    def _symbol(self) -> Node:  # noqa: PLR0911 - one for each symbol
        token = self._take()
        match token.text:
            case ".":
                if self._next.kind in {"text", "text_start"}:
                    return syntax.Index(syntax.Identity(), self._text("@text"))
                return syntax.Identity()
            case "..":
                return syntax.Recurse()
            case "(":
                node = self._query()
                self._expect("op", ")")
                return node
            case "[":
                if self._skip("op", "]"):
                    return syntax.Array(None)
                node = self._query()
                self._expect("op", "]")
                return syntax.Array(node)
            case "{":
                return self._object()
            case "-" | "+":
                return syntax.Unary(token.text, self._postfix())
        self._at -= 1
        raise self._unexpected()

    def _keyword(self) -> Node:
        token = self._take()
        match token.text:
            case "null" | "true" | "false":
                return syntax.Constant(_LITERALS[token.text])
            case "if":
                return self._nested(self._if)
            case "try":
                body = self._postfix()
                handler = self._postfix() if self._skip("keyword", "catch") else None
                return syntax.Try(body, handler)
            case "reduce":
                source, pattern = self._source()
                start, update = self._query(), self._after(";")
                self._expect("op", ")")
                return syntax.Reduce(source, pattern, start, update)
            case "foreach":
                source, pattern = self._source()
                start, update = self._query(), self._after(";")
                extract = self._query() if self._skip("op", ";") else None
                self._expect("op", ")")
                return syntax.Foreach(source, pattern, start, update, extract)
            case "break":
                return syntax.Break(self._expect("variable").text, token.offset)
        self._at -= 1
        raise self._unexpected()

    def _source(self) -> tuple[Node, Pattern]:
        source = self._nested(self._expression)
        self._expect("keyword", "as")
        pattern = self._pattern()
        self._expect("op", "(")
        return source, pattern

    def _after(self, separator: str) -> Node:
        self._expect("op", separator)
        return self._query()

    def _if(self) -> Node:
        condition = self._query()
        self._expect("keyword", "then")
        yes = self._query()
        no: Node | None = None
        if self._skip("keyword", "elif"):
            return syntax.If(condition, yes, self._nested(self._if))
        if self._skip("keyword", "else"):
            no = self._query()
        self._expect("keyword", "end")
        return syntax.If(condition, yes, no)

    def _text(self, form: str) -> Node:
        token = self._take()
        if token.kind == "text":
            return syntax.Constant(token.text)
        parts: list[Node] = []
        while self._next.kind != "text_end":
            if self._next.kind == "text":
                parts.append(syntax.Constant(self._take().text))
            else:
                self._expect("value_start")
                parts.append(syntax.Pipe(self._query(), syntax.Format(form)))
                self._expect("op", ")")
        self._take()
        return syntax.Text(tuple(parts), form)

    # objects and patterns

    def _object(self) -> Node:
        members = []
        while not self._skip("op", "}"):
            members.append(self._member())
            if not self._skip("op", ","):
                self._expect("op", "}")
                break
        return syntax.Object(tuple(members))

    def _member(self) -> tuple[Node, Node]:
        token = self._next
        if self._skip("op", "("):
            key = self._query()
            self._expect("op", ")")
            self._expect("op", ":")
            return key, self._object_value()
        if token.kind in {"text", "text_start"}:
            key = self._text("@text")
            absent: Node = syntax.Index(syntax.Identity(), key)
        elif token.kind == "variable":
            self._take()
            variable = syntax.Call(token.text, (), token.offset)
            if self._skip("op", ":"):
                return variable, self._object_value()
            return syntax.Constant(token.text[1:]), variable
        elif token.kind in {"ident", "keyword"} and "::" not in token.text:
            self._take()
            key = syntax.Constant(token.text)
            absent = syntax.Index(syntax.Identity(), key)
        else:
            raise self._unexpected()
        return key, (self._object_value() if self._skip("op", ":") else absent)

    def _object_value(self) -> Node:
        steps = [self._nested(self._expression)]
        while self._skip("op", "|"):
            steps.append(self._nested(self._expression))
        steps.reverse()
        return reduce(lambda right, left: syntax.Pipe(left, right), steps)

    def _pattern(self) -> Pattern:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise JqError(f"the program is nested deeper than {MAX_DEPTH} levels")
        pattern = self._pattern_here()
        self._depth -= 1
        return pattern

    def _pattern_here(self) -> Pattern:
        if self._next.kind == "variable" and "::" not in self._next.text:
            return Pattern(variable=self._take().text)
        if self._skip("op", "["):
            elements = [self._pattern()]
            while self._skip("op", ","):
                elements.append(self._pattern())
            self._expect("op", "]")
            return Pattern(elements=tuple(elements))
        self._expect("op", "{")
        members = [self._pattern_member()]
        while self._skip("op", ","):
            members.append(self._pattern_member())
        self._expect("op", "}")
        return Pattern(members=tuple(members))

    def _pattern_member(self) -> tuple[Node, str, Pattern | None]:
        token = self._next
        variable = ""
        if self._skip("op", "("):
            key = self._query()
            self._expect("op", ")")
        elif token.kind in {"text", "text_start"}:
            key = self._text("@text")
        elif token.kind == "variable":
            self._take()
            key, variable = syntax.Constant(token.text[1:]), token.text
            if not self._is_op(":"):
                return key, variable, None
        elif token.kind in {"ident", "keyword"}:
            self._take()
            key = syntax.Constant(token.text)
        else:
            raise self._unexpected()
        self._expect("op", ":")
        return key, variable, self._pattern()


def _guarded(node: Node, before: Node | None) -> Node:
    """`NODE?`: gojq guards the last suffix alone, and evaluates what stands in it at the value before it."""
    if before is None or not isinstance(node, syntax.Index | syntax.Slice | syntax.Iterate):
        return syntax.Try(node, None)
    return syntax.Pipe(before, syntax.Try(replace(node, target=syntax.Identity()), None))
