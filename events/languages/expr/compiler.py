"""A tree made into Python closures: each takes the `Run` and answers a value.

A fault gets the place of the node whose operation failed, never that of what stands inside it. Simple and frequent
forms (a path from the environment, a comparison with a literal) have closures of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from events.languages.expr import operators
from events.languages.expr.access import fetch, length, sliced
from events.languages.expr.builtins_text import cost
from events.languages.expr.closures import (
    OPERATIONS,
    WORK_SHIFT,
    Evaluate,
    addition,
    called,
    called_builtin,
    equality,
    failing,
    fetch_named,
    member_path,
    membership,
    negated,
    placed_binary,
    placed_unary,
    sliced_length,
    span,
)
from events.languages.expr.errors import UNPLACED, Fault
from events.languages.expr.loops import compile_loop
from events.languages.expr.nodes import (
    Array,
    Binary,
    Builtin,
    Call,
    Chain,
    Closure,
    Conditional,
    Constant,
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
    binary_spine,
)
from events.languages.expr.parser import MAX_DEPTH, PREDICATES
from events.languages.expr.run import NO_ITEM, OUT_OF_RANGE, Run
from events.languages.expr.values import KeySet, is_nil, text_of, wrong_type

_LOGIC: Final = {"or": True, "||": True, "and": False, "&&": False}
"""Logical operators, and the left value that decides alone."""
_ONLY_BY_NAME: Final = PREDICATES | frozenset(
    ["len", "type", "abs", "ceil", "floor", "round", "int", "float", "string", "upper", "lower"]
)
"""Builtins that are no function values: called as the value of a variable they crash the library's machine."""


def compile_tree(tree: Node) -> tuple[Evaluate, int]:
    """The program of a tree, and how many variables it has. Raises Fault."""
    compiler = _Compiler()
    return compiler.compile(tree), compiler.variables


class _ChainEnded(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class _Compiler:
    def __init__(self) -> None:
        self.variables = 0
        self._names: list[tuple[str, int]] = []
        self._compilers: dict[type[Node], Callable[[Any], Evaluate]] = {
            Literal: _constant,
            Constant: _constant,
            Identifier: self._identifier,
            Unary: self._unary,
            Binary: self._binary,
            Chain: self._chain,
            Member: self._member,
            Slice: self._slice,
            Call: self._call,
            Builtin: self._builtin,
            Closure: lambda node: self.compile(node.node),
            Pointer: _pointer,
            Let: self._let,
            Conditional: self._conditional,
            Array: self._array,
            Map: self._map,
        }

    def compile(self, node: Node) -> Evaluate:
        """The closure of a node. Raises Fault."""
        return self._compilers[type(node)](node)

    def _variable(self, name: str) -> int | None:
        return next((index for known, index in reversed(self._names) if known == name), None)

    def _identifier(self, node: Identifier) -> Evaluate:
        name, index = node.name, self._variable(node.name)
        if index is not None:
            return lambda run: run.variables[index]
        if name == "$env":
            return lambda run: run.environment
        return lambda run: run.environment.get(name)

    def _unary(self, node: Unary) -> Evaluate:
        inner, at = self.compile(node.node), node.at
        if node.operator == "+":
            return inner
        if node.operator == "-":
            return placed_unary(inner, operators.negate, at)
        return placed_unary(inner, negated, at)

    def _binary(self, node: Binary) -> Evaluate:
        first, links = binary_spine(node)
        left = self.compile(first)
        levels, index = 0, 0
        while index < len(links):
            end = index + 1
            if links[index].operator in _LOGIC:
                while end < len(links) and links[end].operator == links[index].operator:
                    end += 1
                left = self._logic(links[index:end], left)
            else:
                left = self._operation(links[index], left)
            index = end
            levels += 1
            if levels > MAX_DEPTH:
                raise Fault(f"the expression is nested deeper than {MAX_DEPTH} levels", UNPLACED)
        return left

    def _logic(self, links: list[Binary], left: Evaluate) -> Evaluate:
        decides = _LOGIC[links[0].operator]
        rest = [(self.compile(link.right), link.at) for link in links]
        if len(rest) == 1:
            right, at = rest[0]

            def one(run: Run) -> Any:
                value = left(run)
                if value is decides:
                    return value
                if value is (not decides):
                    return right(run)
                raise wrong_type(value, "bool").placed(at)

            return one

        def many(run: Run) -> Any:
            value = left(run)
            for right, at in rest:
                if value is decides:
                    return value
                if value is not (not decides):
                    raise wrong_type(value, "bool").placed(at)
                value = right(run)
            return value

        return many

    def _operation(self, node: Binary, left: Evaluate) -> Evaluate:  # noqa: PLR0911 - one line an operator
        at, operator = node.at, node.operator
        if operator == "??":
            other = self.compile(node.right)

            def coalesce(run: Run) -> Any:
                value = left(run)
                return other(run) if is_nil(value) else value

            return coalesce
        if operator == "matches" and node.pattern is not None:
            matches = node.pattern
            return placed_unary(left, lambda value: matches(text_of(value)), at)
        if operator == "in" and isinstance(node.right, Constant) and isinstance(node.right.value, KeySet):
            return membership(left, node.right.value, at)
        right = self.compile(node.right)
        if operator == "..":
            return span(left, right, at)
        if operator == "==":
            return equality(node, left, right)
        if operator == "+":
            return addition(left, right, at)
        return placed_binary(left, right, OPERATIONS[operator], at)

    def _chain(self, node: Chain) -> Evaluate:
        inner = self.compile(node.node)

        def chain(run: Run) -> Any:
            try:
                return inner(run)
            except _ChainEnded as ended:
                return ended.value

        return chain

    def _member(self, node: Member) -> Evaluate:
        names: list[tuple[str, int]] = []
        base: Node = node
        while isinstance(base, Member) and not base.is_optional and isinstance(base.property, Literal):
            if type(base.property.value) is not str:
                break
            # A field by the name of a method of the static type has the place of the base too; they agree.
            names.append((base.property.value, base.at))
            base = base.node
        if isinstance(base, Identifier) and base.name != "$env" and self._variable(base.name) is None:
            return member_path(base.name, names[::-1])
        inner, wanted, at = self.compile(node.node), self.compile(node.property), node.at
        if not node.is_optional:
            find = fetch_named if isinstance(node.property, Literal) else fetch
            return placed_binary(inner, wanted, find, at)

        def optional(run: Run) -> Any:
            value = inner(run)
            if is_nil(value):
                raise _ChainEnded(value)
            name = wanted(run)
            try:
                return fetch(value, name)
            except Fault as fault:
                raise fault.placed(at) from None

        return optional

    def _slice(self, node: Slice) -> Evaluate:
        base, at = self.compile(node.node), node.at
        end = self.compile(node.end) if node.end is not None else None
        start = self.compile(node.start) if node.start is not None else None

        def cut(run: Run) -> Any:
            value = base(run)
            try:
                last = sliced_length(value) if end is None else None
            except Fault as fault:
                raise fault.placed(at) from None
            last = end(run) if end is not None else last
            first = start(run) if start is not None else 0
            try:
                found = sliced(value, first, last)
                run.spend((length(found) or 0) >> WORK_SHIFT)
            except Fault as fault:
                raise fault.placed(at) from None
            return found

        return cut

    def _call(self, node: Call) -> Evaluate:
        arguments, at = [self.compile(each) for each in node.arguments], node.at
        if node.builtin:
            if node.builtin in _ONLY_BY_NAME:
                return failing(
                    arguments, "runtime error: invalid memory address or nil pointer dereference", at
                )
            return called_builtin(node.builtin, arguments, at)
        callee = self.compile(node.callee)

        def call(run: Run) -> Any:
            given = [argument(run) for argument in arguments]
            function = callee(run)
            try:
                run.spend(cost(given) >> WORK_SHIFT)
                return called(function, given, run)
            except Fault as fault:
                raise fault.placed(at) from None

        return call

    def _builtin(self, node: Builtin) -> Evaluate:
        if node.name in PREDICATES:
            return compile_loop(node, self.compile)
        return called_builtin(node.name, [self.compile(each) for each in node.arguments], node.at)

    def _let(self, node: Let) -> Evaluate:
        value = self.compile(node.value)
        index = self.variables
        self.variables += 1
        self._names.append((node.name, index))
        body = self.compile(node.body)
        self._names.pop()

        def let(run: Run) -> Any:
            run.variables[index] = value(run)
            return body(run)

        return let

    def _conditional(self, node: Conditional) -> Evaluate:
        condition, at = self.compile(node.condition), node.at
        then, otherwise = self.compile(node.then), self.compile(node.otherwise)

        def choose(run: Run) -> Any:
            value = condition(run)
            if value is True:
                return then(run)
            if value is False:
                return otherwise(run)
            raise wrong_type(value, "bool").placed(at)

        return choose

    def _array(self, node: Array) -> Evaluate:
        items, at = [self.compile(each) for each in node.nodes], node.at

        def array(run: Run) -> list[Any]:
            found = [item(run) for item in items]
            try:
                run.grow(len(found))
            except Fault as fault:
                raise fault.placed(at) from None
            return found

        return array

    def _map(self, node: Map) -> Evaluate:
        at = node.at
        pairs = [
            (self.compile(pair.key), self.compile(pair.value))
            for pair in node.pairs
            if isinstance(pair, Pair)
        ]

        def members(run: Run) -> dict[str, Any]:
            found = [(key(run), value(run)) for key, value in pairs]
            try:
                run.grow(len(found))
                # From the last to the first: of two equal keys the first one stays.
                return {text_of(key): value for key, value in reversed(found)}
            except Fault as fault:
                raise fault.placed(at) from None

        return members


def _constant(node: Literal | Constant) -> Evaluate:
    value = node.value
    return lambda _run: value


def _pointer(node: Pointer) -> Evaluate:
    at = node.at
    if node.name == "index":
        return lambda run: run.scope.index if run.scope is not None else None
    if node.name == "acc":
        return lambda run: run.scope.accumulated if run.scope is not None else None
    if node.name:
        raise Fault(f"unknown pointer {node.name}", UNPLACED)

    def item(run: Run) -> Any:
        value = run.scope.item if run.scope is not None else OUT_OF_RANGE
        if value is NO_ITEM:
            raise Fault("reflect: call of reflect.Value.Index on map Value", at)
        if value is OUT_OF_RANGE:
            raise Fault("reflect: slice index out of range", at)
        return value

    return item
