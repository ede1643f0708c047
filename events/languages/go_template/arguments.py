"""Giving a value to a parameter of a declared type: constants adapt, everything else must be of that very type."""

from __future__ import annotations

from typing import Any

from events.languages.go_template.nodes import BoolNode, NilNode, Node, NumberNode, StringNode
from events.languages.go_template.run import Evaluate, Expression, Place, Run
from events.languages.go_values import ANY, NO_VALUE, class_of, type_name

REFLECT = "reflect.Value"
"""The parameter type of built-in functions that take values as they are, also none."""
_SIGNED = {"int", "int64", "int32", "time.Duration"}
_UNSIGNED = {"uint8", "uint32", "uint64"}
_FLAT = _SIGNED | _UNSIGNED | {"bool", "string", "float64", "complex128"}
CONSTANTS = (BoolNode, StringNode, NumberNode, NilNode)
"""The nodes that have a value of their own."""


def can_be_nil(type_text: str) -> bool:
    """Whether nil is a value of the type."""
    return type_text.startswith(("[]", "map[", "*", "func(")) or type_text in (ANY, "error", REFLECT)


def constant(place: Place, node: Node, type_text: str) -> Evaluate:
    """A constant as a value of the type; a run of it fails where Go's does."""
    value = _constant(node, type_text)
    if isinstance(value, _Refusal):
        message = value.message

        def fail(_run: Run, _dot: Any) -> Any:
            raise place.error(node, message)

        return fail
    return lambda _run, _dot: value


class _Refusal:
    def __init__(self, message: str) -> None:
        self.message = message


def _constant(node: Node, type_text: str) -> Any:
    if isinstance(node, NilNode):
        if type_text == REFLECT:
            return NO_VALUE
        return None if can_be_nil(type_text) else _Refusal(f"cannot assign nil to {type_text}")
    if type_text in (ANY, REFLECT):
        return ideal(node)
    if type_text not in _FLAT:
        return _Refusal(f"can't handle {node} for arg of type {type_text}")
    value, expected = _flat_constant(node, type_text)
    if value is None:
        return _Refusal(f"expected {expected}; found {node}")
    cls = class_of(type_text)
    return value if cls is None or cls in (bool, str) else cls(value)


def _flat_constant(node: Node, type_text: str) -> tuple[Any, str]:
    """The reading of the constant that fits the type, None for none; and what the type is called."""
    number = node.number if isinstance(node, NumberNode) else None
    if type_text in _SIGNED:
        return number and number.integer, "integer"
    if type_text in _UNSIGNED:
        return number and number.unsigned, "unsigned integer"
    if type_text == "float64":
        return number and number.real, "float"
    if type_text == "complex128":
        return number and number.imaginary, "complex"
    if type_text == "bool":
        return (node.value if isinstance(node, BoolNode) else None), "bool"
    return (node.value if isinstance(node, StringNode) else None), "string"


def ideal(node: Node) -> Any:
    """The value of a constant where no type is asked for; a number too large for an int is refused."""
    if isinstance(node, NumberNode):
        value = node.number.ideal()
        return _Refusal(f"{node} overflows int") if value is None else value
    return node.value if isinstance(node, (BoolNode, StringNode)) else None


def checked(place: Place, expression: Expression, type_text: str, fallback: Node | None = None) -> Evaluate:
    """The value of an expression, if it is of the type.

    `fallback` is where messages point instead of at the expression's end.
    """
    evaluate = expression.evaluate
    if type_text == REFLECT:
        return evaluate
    if type_text == ANY:

        def anything(run: Run, dot: Any) -> Any:
            value = evaluate(run, dot)
            return None if value is NO_VALUE else value

        return anything
    cls = class_of(type_text)
    node = fallback or expression.last

    def typed(run: Run, dot: Any) -> Any:
        value = evaluate(run, dot)
        return value if type(value) is cls else convert(place, node or run.last, value, type_text)

    return typed


def convert(place: Place, node: Node | None, value: Any, type_text: str) -> Any:
    """A value as one of the type.

    Raises:
        TemplateError: it is of another type, or nothing where the type has no nil.
    """
    if value is NO_VALUE:
        if type_text == REFLECT:
            return value
        if can_be_nil(type_text):
            return None
        raise place.error(node, f"invalid value; expected {type_text}")
    if type_text in (ANY, REFLECT):
        return value
    found = ANY if value is None else type_name(value)
    if found == type_text or (type_text == "error" and found == "*errors.errorString"):
        return value
    raise place.error(node, f"wrong type for value; expected {type_text}; got {found}")
