"""What expr makes of a tree before it runs: constants are computed, loops over loops become one.

All of this can be seen: `false && x` never looks at x, `1 % 0` is refused at once, a literal list of texts behind
`in` refuses other types, `len(map(filter(...), f))` never calls f. The passes and their order are those of the
library; a node that was replaced keeps its place and loses its type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from events.languages.expr.errors import Fault
from events.languages.expr.nodes import (
    PARTS,
    Array,
    Binary,
    Builtin,
    Closure,
    Constant,
    Literal,
    Member,
    Node,
    Unary,
    binary_spine,
    children,
    is_integer,
)
from events.languages.expr.operators import divided, power, remainder
from events.languages.expr.types import FLOAT, INT
from events.languages.expr.values import KeySet
from events.languages.go_values import wrap64

_MAX_RANGE: Final = 1_000_000
"""A longer range is left to the memory budget of the run."""
_MAX_PASSES: Final = 1001

Visit = Callable[[Node], Node]


def optimize(tree: Node) -> Node:
    """The tree to compile. Raises Fault."""
    words = _words(tree)
    if "in" in words:
        tree = _walk(tree, _in_array)
    for _ in range(_MAX_PASSES):
        fold = _Fold()
        tree = _walk(tree, fold.visit)
        if not fold.has_changed:
            break
    # A pass that would find nothing is left out; the order of the others matters.
    passes: list[Visit] = [_in_range, _constant_range] if ".." in words else []
    if "filter" in words:
        passes += [_filter_map, _filter_length, _filter_last, _filter_first]
    for visit in passes:
        tree = _walk(tree, visit)
    return tree


def _words(tree: Node) -> frozenset[str]:
    """Operators and builtins that stand in a tree."""
    found: set[str] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Binary):
            found.add(node.operator)
        elif isinstance(node, Builtin):
            found.add(node.name)
        waiting += children(node)
    return frozenset(found)


def _walk(node: Node, visit: Visit) -> Node:
    """Children first, from the left, then the node itself."""
    if isinstance(node, Binary):
        first, links = binary_spine(node)
        left = _walk(first, visit)
        for link in links:
            link.left = left
            link.right = _walk(link.right, visit)
            left = visit(link)
        return left
    _walk_children(node, visit)
    return visit(node)


def _walk_children(node: Node, visit: Visit) -> None:
    for name in PARTS.get(type(node), ()):
        part = getattr(node, name)
        if isinstance(part, list):
            setattr(node, name, [_walk(each, visit) for each in part])
        elif part is not None:
            setattr(node, name, _walk(part, visit))


def _in_array(node: Node) -> Node:
    """`x in ["a", "b"]`: the list becomes a set, of integers only where x is known to be one."""
    if not (isinstance(node, Binary) and node.operator == "in" and isinstance(node.right, Array)):
        return node
    found = [each.value if isinstance(each, Literal) else None for each in node.right.nodes]
    is_int = node.left.type is not None and node.left.type.kind == "int"
    for key_class in (int, str):
        if found and (key_class is str or is_int) and all(type(each) is key_class for each in found):
            keys = Constant(KeySet(frozenset(found), key_class))  # type: ignore[arg-type]  # all of one class
            return Binary("in", node.left, keys, at=node.at)
    return node


class _Fold:
    """One pass of computing constants."""

    def __init__(self) -> None:
        self.has_changed = False

    def visit(self, node: Node) -> Node:
        match node:
            case Unary():
                folded = _fold_unary(node)
            case Binary():
                folded = _fold_binary(node)
            case Array():
                folded = _fold_array(node)
            case Builtin():
                folded = _fold_filters(node)
            case _:
                folded = None
        if folded is None:
            return node
        self.has_changed = True
        folded.at = node.at
        return folded


def _number(value: float) -> Node:
    is_float = type(value) is float
    return Literal(value if is_float else wrap64(int(value)), type=FLOAT if is_float else INT)


def _fold_unary(node: Unary) -> Node | None:
    if not isinstance(node.node, Literal):
        return None
    value = node.node.value
    if node.operator in {"!", "not"}:
        return Literal(not value) if isinstance(value, bool) else None
    if type(value) is int or type(value) is float:
        return _number(-value if node.operator == "-" else value)
    return None


_NEUTRAL: Final = {"and": True, "&&": True, "or": False, "||": False}
"""Logical operators, and the side that changes nothing."""
_ARITHMETIC: Final[dict[str, Callable[[Any, Any], int | float]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: divided(float(left), float(right)),
    "**": lambda left, right: power(float(left), float(right)),
    "^": lambda left, right: power(float(left), float(right)),
}


def _fold_binary(node: Binary) -> Node | None:
    if node.operator in _NEUTRAL:
        return _fold_logic(node, neutral=_NEUTRAL[node.operator])
    if not (isinstance(node.left, Literal) and isinstance(node.right, Literal)):
        return None
    left, right = node.left.value, node.right.value
    kinds = {type(left), type(right)}
    if node.operator == "==":
        return Literal(left == right) if len(kinds) == 1 and kinds <= {int, str, bool} else None
    if node.operator == "+" and kinds == {str}:
        return Literal(str(left) + str(right))
    return _fold_numbers(node, left, right) if kinds <= {int, float} else None


def _fold_numbers(node: Binary, left: Any, right: Any) -> Node | None:
    is_float = type(left) is float or type(right) is float
    if node.operator == "%" and not is_float:
        if not right:
            raise Fault("integer divide by zero", node.at)
        return Literal(remainder(left, right))
    calculate = _ARITHMETIC.get(node.operator)
    if calculate is None:
        return None
    return _number(float(calculate(float(left), float(right))) if is_float else calculate(left, right))


def _fold_logic(node: Binary, *, neutral: bool) -> Node | None:
    left = node.left.value if isinstance(node.left, Literal) else None
    right = node.right.value if isinstance(node.right, Literal) else None
    if left is neutral:
        return node.right
    if right is neutral:
        return node.left
    return Literal(not neutral) if left is (not neutral) or right is (not neutral) else None


def _fold_array(node: Array) -> Node | None:
    values = [each.value for each in node.nodes if isinstance(each, Literal) and each.value is not None]
    return Constant(values) if values and len(values) == len(node.nodes) else None


def _is_filter(node: Node) -> bool:
    return isinstance(node, Builtin) and node.name == "filter" and len(node.arguments) == 2


def _fold_filters(node: Builtin) -> Node | None:
    inner = node.arguments[0] if _is_filter(node) else None
    if not (isinstance(inner, Builtin) and inner.name == "filter"):
        return None
    both = Binary("&&", inner.arguments[1], node.arguments[1])
    return Builtin("filter", [inner.arguments[0], both])


def _in_range(node: Node) -> Node:
    """`x in 1..5` of an integer x: two comparisons."""
    if not (isinstance(node, Binary) and node.operator == "in" and isinstance(node.right, Binary)):
        return node
    span = node.right
    if node.left.type is None or node.left.type.kind != "int" or span.operator != "..":
        return node
    if not (is_integer(span.left) and is_integer(span.right)):
        return node
    return Binary("and", Binary(">=", node.left, span.left), Binary("<=", node.left, span.right), at=node.at)


def _constant_range(node: Node) -> Node:
    if not (isinstance(node, Binary) and node.operator == ".."):
        return node
    if not (isinstance(node.left, Literal) and isinstance(node.right, Literal)):
        return node
    first, last = node.left.value, node.right.value
    if type(first) is not int or type(last) is not int or wrap64(last - first + 1) > _MAX_RANGE:
        return node
    return Constant(range(first, max(last + 1, first)), at=node.at)


def _filter_map(node: Node) -> Node:
    if isinstance(node, Builtin) and node.name == "map" and len(node.arguments) == 2:
        inner, closure = node.arguments
        if (
            isinstance(closure, Closure)
            and isinstance(inner, Builtin)
            and inner.name == "filter"
            and not inner.map
        ):
            return Builtin("filter", inner.arguments, map=closure.node, at=node.at)
    return node


def _filter_length(node: Node) -> Node:
    if isinstance(node, Builtin) and node.name == "len" and len(node.arguments) == 1:
        inner = node.arguments[0]
        if isinstance(inner, Builtin) and _is_filter(inner):
            return Builtin("count", inner.arguments, at=node.at)
    return node


def _end_of_filter(index: int, call: str, find: str) -> Visit:
    """`filter(...)[index]` and `call(filter(...))`, made into `find`: the loop ends at the first one found."""

    def visit(node: Node) -> Node:
        inner, throws = None, False
        if isinstance(node, Member) and not node.is_optional and isinstance(node.property, Literal):
            if is_integer(node.property) and node.property.value == index:
                inner, throws = node.node, True
        elif isinstance(node, Builtin) and node.name == call and len(node.arguments) == 1:
            inner = node.arguments[0]
        if isinstance(inner, Builtin) and _is_filter(inner):
            return Builtin(find, inner.arguments, throws=throws, map=inner.map, at=node.at)
        return node

    return visit


_filter_last: Final = _end_of_filter(-1, "last", "findLast")
_filter_first: Final = _end_of_filter(0, "first", "find")
