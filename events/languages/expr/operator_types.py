"""The static types of operators: what may stand on their sides, and what they give."""

from __future__ import annotations

from collections.abc import Callable

from events.languages.expr import types
from events.languages.expr.errors import Fault
from events.languages.expr.nodes import Binary
from events.languages.expr.types import ANY, BOOL, DURATION, FLOAT, STRING, TIME, Type, named


def _either(left: Type | None, right: Type | None, *tests: Callable[[Type | None], bool]) -> bool:
    """Whether only the run will tell: both are unknown, or one is and the other may stand here."""
    if types.is_any(left) and types.is_any(right):
        return True
    known = right if types.is_any(left) else left if types.is_any(right) else None
    return known is not None and any(test(known) for test in tests)


def operator_type(node: Binary, left: Type | None, right: Type | None, elements: Type | None) -> Type | None:
    match node.operator:
        case "==" | "!=":
            found = BOOL if types.is_comparable(left, right) else None
        case "or" | "||" | "and" | "&&":
            both = types.is_bool(left) and types.is_bool(right)
            found = BOOL if both or _either(left, right, types.is_bool) else None
        case "<" | ">" | ">=" | "<=":
            found = _order_type(left, right)
        case "matches" | "contains" | "startsWith" | "endsWith":
            both = types.is_string(left) and types.is_string(right)
            found = BOOL if both or _either(left, right, types.is_string) else None
        case "in":
            found = _in_type(node, left, right, elements)
        case "??":
            return _coalesced(left, right)
        case _:
            found = _arithmetic_type(node.operator, left, right)
    if found is None:
        raise Fault(
            f"invalid operation: {node.operator} (mismatched types {named(left)} and {named(right)})", node.at
        )
    return found


def _order_type(left: Type | None, right: Type | None) -> Type | None:
    for test in (types.is_number, types.is_string, types.is_time):
        if test(left) and test(right):
            return BOOL
    return BOOL if _either(left, right, types.is_number, types.is_string, types.is_time) else None


def _coalesced(left: Type | None, right: Type | None) -> Type | None:
    if left is None or right is None:
        return left or right
    return left if types.is_assignable(right, left) else ANY


def _in_type(node: Binary, left: Type | None, right: Type | None, elements: Type | None) -> Type | None:
    if (types.is_string(left) or types.is_any(left)) and types.kind(right) == "struct":
        return BOOL
    if right is not None and right.kind == "map" and right.key is not None:
        if left is not None and not types.is_any(left) and not types.is_assignable(left, right.key):
            raise Fault(f"cannot use {left} as type {right.key} in map key", node.at)
        return BOOL
    if right is not None and types.is_array(right):
        for element in (right.elem, elements):
            if not types.is_comparable(left, element):
                raise Fault(f"cannot use {named(left)} as type {named(element)} in array", node.at)
        return BOOL
    return BOOL if types.is_any(right) or (types.is_any(left) and types.is_string(right)) else None


def _arithmetic_type(operator: str, left: Type | None, right: Type | None) -> Type | None:
    if operator == "%":
        return _numeric(left, right, types.is_integer, None)
    if operator == "..":
        return _numeric(left, right, types.is_integer, types.INTS, types.INTS)
    if operator in {"/", "**", "^"}:
        return _numeric(left, right, types.is_number, FLOAT, FLOAT)
    if operator == "*":
        return _numeric(left, right, types.is_number, None)
    return _sum_type(operator, left, right)


def _numeric(
    left: Type | None,
    right: Type | None,
    test: Callable[[Type | None], bool],
    result: Type | None,
    unknown: Type = ANY,
) -> Type | None:
    if left is not None and right is not None and test(left) and test(right):
        return result or types.combined(left, right)
    return unknown if _either(left, right, test) else None


def _sum_type(operator: str, left: Type | None, right: Type | None) -> Type | None:
    if left is not None and right is not None and types.is_number(left) and types.is_number(right):
        return types.combined(left, right)
    if operator == "-":
        if types.is_time(left) and (types.is_time(right) or types.is_duration(right)):
            return DURATION if types.is_time(right) else TIME
        return ANY if _either(left, right, types.is_number, types.is_time) else None
    if types.is_string(left) and types.is_string(right):
        return STRING
    if left is not None and right is not None and {left.text, right.text} == {TIME.text, DURATION.text}:
        return TIME
    known = (types.is_number, types.is_string, types.is_time, types.is_duration)
    return ANY if _either(left, right, *known) else None
