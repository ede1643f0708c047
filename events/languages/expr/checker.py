"""The static check of a tree, as expr does it before it runs anything: types flow up, mismatches are faults.

Nothing is known of the environment's types, so only literals, operators and builtins have one. Arguments of
functions that are no builtins are not looked at at all.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from events.languages.expr import types
from events.languages.expr.errors import Fault
from events.languages.expr.methods import methods_of
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
    binary_spine,
)
from events.languages.expr.operator_types import operator_type
from events.languages.expr.parser import PREDICATES
from events.languages.expr.patterns import compile_pattern
from events.languages.expr.signatures import CHECKS, NAMES, OVERLOADS
from events.languages.expr.types import ANY, BOOL, FLOAT, INT, LIST, STRING, Type, named

_LITERALS: Final[dict[type, Type | None]] = {
    type(None): None,
    bool: BOOL,
    int: INT,
    float: FLOAT,
    str: STRING,
}


def check(tree: Node) -> None:
    """Give every node that is looked at its type. Raises Fault at the first mismatch."""
    _Checker().visit(tree)


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    type: Type | None
    builtin: str
    elements: Type | None


@dataclass(frozen=True, slots=True)
class _Scope:
    collection: Type
    pointers: dict[str, Type]


class _Checker:
    def __init__(self) -> None:
        self._scopes: list[_Scope] = []
        self._variables: list[_Variable] = []
        self._builtin = ""
        """The builtin that the node last visited is known to be."""
        self._callee: Node | None = None
        self._elements: Type | None = None
        """What the list that was visited last is known to hold."""
        self._visitors: dict[type[Node], Callable[[Any], Type | None]] = {
            Literal: lambda node: _LITERALS[type(node.value)],
            Identifier: self._identifier,
            Unary: self._unary,
            Binary: self._chain_of_operators,
            Chain: lambda node: self.visit(node.node),
            Member: self._member,
            Slice: self._slice,
            Call: self._call,
            Builtin: self._builtin_call,
            Closure: self._closure,
            Pointer: self._pointer,
            Let: self._let,
            Conditional: self._conditional,
            Array: self._array,
            Map: self._map,
        }

    def visit(self, node: Node) -> Type | None:
        """The type of a node; None is that of nil."""
        self._builtin = ""
        self._elements = None
        node.type = self._visitors[type(node)](node)
        return node.type

    def _name(self, name: str) -> Type:
        if name in NAMES:
            self._builtin = name
            return types.FUNCTION
        return ANY

    def _identifier(self, node: Identifier) -> Type | None:
        for variable in reversed(self._variables):
            if variable.name == node.name:
                self._builtin, self._elements = variable.builtin, variable.elements
                return variable.type
        return types.STRING_MAP if node.name == "$env" else self._name(node.name)

    def _unary(self, node: Unary) -> Type:
        found = self.visit(node.node)
        if node.operator in {"!", "not"}:
            if types.is_bool(found) or types.is_any(found):
                return BOOL
        elif found is not None and (types.is_number(found) or types.is_any(found)):
            return found
        raise Fault(f"invalid operation: {node.operator} (mismatched type {named(found)})", node.at)

    def _chain_of_operators(self, node: Binary) -> Type | None:
        first, links = binary_spine(node)
        left = self.visit(first)
        for link in links:
            right = self.visit(link.right)
            elements = self._elements
            if link.operator == "matches" and isinstance(link.right, Literal):
                link.pattern = _pattern(link)
            left = link.type = operator_type(link, left, right, elements)
            self._elements, self._builtin = None, ""
        return left

    def _member(self, node: Member) -> Type | None:
        base = self.visit(node.node)
        wanted = self.visit(node.property)
        name = node.property.value if isinstance(node.property, Literal) else None
        self._builtin, self._elements = "", None
        if isinstance(node.node, Identifier) and node.node.name == "$env":
            return self._name(name) if isinstance(name, str) else ANY
        if isinstance(name, str):
            if base is None:
                raise Fault(f"type <nil> has no field {name}", node.at)
            if found := methods_of(base.text).get(name):
                node.method = name
                return found.type
        return _element_type(node, base, wanted, name, is_callee=node is self._callee)

    def _slice(self, node: Slice) -> Type | None:
        found = self.visit(node.node)
        if types.kind(found) not in {"interface", "string", "array", "slice"}:
            raise Fault(f"cannot slice {named(found)}", node.at)
        for bound in (node.start, node.end):
            if bound is not None:
                given = self.visit(bound)
                if not types.is_integer(given) and not types.is_any(given):
                    raise Fault(f"non-integer slice index {named(given)}", bound.at)
        return found

    def _call(self, node: Call) -> Type | None:
        self._callee = node.callee
        function = self.visit(node.callee)
        builtin = self._builtin
        self._builtin, self._elements = "", None
        if builtin:
            node.builtin = builtin
            return self._check_builtin(builtin, node, node.arguments)
        name = "function"
        if isinstance(node.callee, Identifier):
            name = node.callee.name
        elif isinstance(node.callee, Member) and isinstance(node.callee.property, Literal):
            name = str(node.callee.property.value)
        if function is None:
            raise Fault(f"{name} is nil; cannot call nil as function", node.at)
        if function.kind == "interface":
            return ANY
        if function.kind == "func":
            try:
                return self._match(name, function, node, _Arguments(self, node.arguments))
            except _Mismatch as mismatch:
                raise Fault(mismatch.message, mismatch.at) from None
        raise Fault(f"{named(function)} is not callable", node.at)

    def _builtin_call(self, node: Builtin) -> Type | None:
        if node.name in PREDICATES:
            return self._predicate_call(node)
        if node.name == "get":
            return self._get(node)
        return self._check_builtin(node.name, node, node.arguments)

    def _check_builtin(self, name: str, node: Node, arguments: list[Node]) -> Type | None:
        given = _Arguments(self, arguments)
        if own := CHECKS.get(name):
            found = [given[index] for index in range(len(arguments))]
            try:
                return own(found)
            except Fault as fault:
                raise fault.placed(node.at) from None
        last = _Mismatch(f"no matching overload for {name}", node.at)
        for overload in OVERLOADS.get(name, (types.FUNCTION,)):
            try:
                return self._match(name, overload, node, given)
            except _Mismatch as mismatch:
                last = mismatch
        raise Fault(last.message, last.at)  # no longer one that another overload could help

    def _match(self, name: str, function: Type, node: Node, given: _Arguments) -> Type | None:
        """The result of a call of `function`. Raises _Mismatch."""
        wanted = function.parameters
        least = len(wanted) - function.is_variadic
        if len(given) < least:
            raise _Mismatch(f"not enough arguments to call {name}", node.at)
        if len(given) > len(wanted) and not function.is_variadic:
            raise _Mismatch(f"too many arguments to call {name}", node.at)
        for index in range(len(given)):
            parameter = wanted[min(index, len(wanted) - 1)]
            found = given[index]
            if found is None or found.kind == "interface" or types.is_assignable(found, parameter):
                continue
            if types.is_integer(parameter) and types.is_integer(found) and found.kind != parameter.kind:
                continue
            raise _Mismatch(
                f"cannot use {named(found)} as argument (type {parameter.text}) to call {name} ",
                given.nodes[index].at,
            )
        return function.result

    def _get(self, node: Builtin) -> Type | None:
        if len(node.arguments) != 2:
            raise Fault(f"invalid number of arguments (expected 2, got {len(node.arguments)})", node.at)
        value, wanted = node.arguments
        if isinstance(value, Identifier) and value.name == "$env":
            is_name = isinstance(wanted, Literal) and isinstance(wanted.value, str)
            return None if is_name else ANY
        found = self.visit(value)
        if types.is_any(found):
            return ANY
        if found is None or found.kind not in {"slice", "array", "map"}:
            raise Fault(f"type {named(found)} does not support indexing", value.at)
        given = self.visit(wanted)
        is_map = found.kind == "map"
        if given is None:
            raise Fault(f"cannot use nil as {'map' if is_map else 'slice'} index", wanted.at)
        if (
            is_map
            and found.key is not None
            and not types.is_assignable(given, found.key)
            and not types.is_any(given)
        ):
            raise Fault(f"cannot use {given} to get an element from {found}", wanted.at)
        if not is_map and not types.is_integer(given) and not types.is_any(given):
            raise Fault(f"non-integer slice index {given}", wanted.at)
        return found.elem

    def _predicate_call(self, node: Builtin) -> Type | None:
        collection = self.visit(node.arguments[0])
        if collection is None or not (types.is_array(collection) or types.is_any(collection)):
            raise Fault(
                f"builtin {node.name} takes only array (got {named(collection)})", node.arguments[0].at
            )
        pointers = {"index": INT} if node.name in {"map", "reduce"} else {}
        if node.name == "reduce":
            pointers["acc"] = ANY
        self._scopes.append(_Scope(collection, pointers))
        result = self.visit(node.arguments[1]) or ANY
        self._scopes.pop()
        if len(node.arguments) == 3:
            self.visit(node.arguments[2])
        self._builtin, self._elements = "", None
        if node.name == "reduce":
            return result
        if node.name == "map":
            return types.slice_of(result)
        if node.name == "groupBy":
            return types.GROUPS
        if not types.is_bool(result) and not types.is_any(result):
            raise Fault(f"predicate should return boolean (got {result})", node.arguments[1].at)
        return _predicate_result(node.name, collection)

    def _closure(self, node: Closure) -> Type:
        found = self.visit(node.node)
        if found is None:
            raise Fault("closure cannot be nil", node.node.at)
        return found

    def _pointer(self, node: Pointer) -> Type:
        if not self._scopes:
            raise Fault("cannot use pointer accessor outside closure", node.at)
        scope = self._scopes[-1]
        if not node.name:
            return ANY if types.is_any(scope.collection) else scope.collection.elem or ANY
        if node.name not in scope.pointers:
            raise Fault(f"unknown pointer #{node.name}", node.at)
        return scope.pointers[node.name]

    def _let(self, node: Let) -> Type | None:
        if node.name in NAMES:
            raise Fault(f"cannot redeclare builtin {node.name}", node.at)
        if any(variable.name == node.name for variable in self._variables):
            raise Fault(f"cannot redeclare variable {node.name}", node.at)
        found = self.visit(node.value)
        self._variables.append(_Variable(node.name, found, self._builtin, self._elements))
        body = self.visit(node.body)
        self._variables.pop()
        return body

    def _conditional(self, node: Conditional) -> Type | None:
        condition = self.visit(node.condition)
        if not types.is_bool(condition) and not types.is_any(condition):
            raise Fault(f"non-bool expression (type {named(condition)}) used as condition", node.condition.at)
        then, otherwise = self.visit(node.then), self.visit(node.otherwise)
        self._builtin, self._elements = "", None
        if then is None or otherwise is None:
            return then or otherwise
        return then if types.is_assignable(then, otherwise) else ANY

    def _array(self, node: Array) -> Type:
        found = [self.visit(each) for each in node.nodes]
        is_uniform = all(
            left is not None and right is not None and left.kind == right.kind
            for left, right in itertools.pairwise(found)
        )
        self._builtin = ""
        self._elements = found[-1] if found and is_uniform else None
        return LIST

    def _map(self, node: Map) -> Type:
        for pair in node.pairs:
            if isinstance(pair, Pair):
                self.visit(pair.key)
                self.visit(pair.value)
        self._builtin, self._elements = "", None
        return types.STRING_MAP


class _Arguments:
    """The types of arguments, each found when it is asked for first: that is the order in which faults are told."""

    def __init__(self, checker: _Checker, nodes: list[Node]) -> None:
        self.nodes = nodes
        self._checker = checker
        self._known: dict[int, Type | None] = {}

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, index: int) -> Type | None:
        if index not in self._known:
            self._known[index] = self._checker.visit(self.nodes[index])
        return self._known[index]


class _Mismatch(Fault):
    """The arguments are not those of this overload; another one may take them."""


def _pattern(node: Binary) -> Callable[[str], bool] | None:
    if not (isinstance(node.right, Literal) and isinstance(node.right.value, str)):
        return None
    try:
        return compile_pattern(node.right.value)
    except Fault as fault:
        raise Fault(fault.message, node.at) from None


def _predicate_result(name: str, collection: Type) -> Type:
    if name in {"all", "none", "any", "one"}:
        return BOOL
    if name in {"count", "findIndex", "findLastIndex"}:
        return INT
    if types.is_any(collection):
        return LIST if name == "filter" else ANY
    elem = collection.elem or ANY
    return types.slice_of(elem) if name == "filter" else elem


def _element_type(
    node: Member, base: Type | None, wanted: Type | None, name: object, *, is_callee: bool
) -> Type:
    match types.kind(base):
        case "interface":
            return ANY
        case "map" if base is not None and base.key is not None and base.elem is not None:
            if wanted is not None and not types.is_assignable(wanted, base.key) and not types.is_any(wanted):
                raise Fault(f"cannot use {wanted} to get an element from {base}", node.property.at)
            return base.elem
        case "slice" | "array" if base is not None and base.elem is not None:
            if not types.is_integer(wanted) and not types.is_any(wanted):
                raise Fault(
                    f"array elements can only be selected using an integer (got {named(wanted)})",
                    node.property.at,
                )
            return base.elem
        case "struct" if isinstance(name, str):
            raise Fault(f"type {base} has no {'method' if is_callee else 'field'} {name}", node.at)
    raise Fault(f"type {named(base)}[{named(wanted)}] is undefined", node.at)
