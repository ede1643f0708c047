"""Closures of single operations: each takes the `Run` and answers a value.

A fault gets the place of the node whose operation failed, never that of what stands inside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from events.languages.expr import operators
from events.languages.expr.access import equal, fetch, is_in, length
from events.languages.expr.builtins_lists import LIST_BUILTINS
from events.languages.expr.builtins_scalars import SCALAR_BUILTINS, now
from events.languages.expr.builtins_text import TEXT_BUILTINS, bounded, cost
from events.languages.expr.errors import Fault
from events.languages.expr.methods import BoundMethod
from events.languages.expr.nodes import Binary, Literal, Node
from events.languages.expr.patterns import compile_pattern
from events.languages.expr.run import Run
from events.languages.expr.values import HostFunction, KeySet, kind, text_of, to_int, type_of, wrong_type
from events.languages.go_values import wrap64

Evaluate = Callable[[Run], Any]
WORK_SHIFT: Final = 4
"""A builtin that looks at sixteen characters or elements does the work of one node."""
_BUILTINS: Final = {**TEXT_BUILTINS, **LIST_BUILTINS, **SCALAR_BUILTINS}


def fetch_named(base: Any, name: Any) -> Any:
    """A member whose name stands in the expression: a message may tell it."""
    try:
        return fetch(base, name)
    except Fault as fault:
        fault.quoted = ""
        raise


def member_path(name: str, members: list[tuple[str, int]]) -> Evaluate:
    """`name.a.b`: the most frequent thing in a filter."""
    if len(members) == 1:
        only, at = members[0]

        def member(run: Run) -> Any:
            value = run.environment.get(name)
            if type(value) is dict:
                return value.get(only)
            try:
                return fetch_named(value, only)
            except Fault as fault:
                raise fault.placed(at) from None

        return member

    def path(run: Run) -> Any:
        value = run.environment.get(name)
        for wanted, at in members:
            if type(value) is dict:
                value = value.get(wanted)
                continue
            try:
                value = fetch_named(value, wanted)
            except Fault as fault:
                raise fault.placed(at) from None
        return value

    return path


def negated(value: Any) -> bool:
    """`!`. Raises Fault."""
    if value is True or value is False:
        return not value
    raise wrong_type(value, "bool")


def placed_unary(inner: Evaluate, operation: Callable[[Any], Any], at: int) -> Evaluate:
    """An operation on one value."""

    def unary(run: Run) -> Any:
        value = inner(run)
        try:
            return operation(value)
        except Fault as fault:
            raise fault.placed(at) from None

    return unary


def placed_binary(left: Evaluate, right: Evaluate, operation: Callable[[Any, Any], Any], at: int) -> Evaluate:
    """An operation on two values."""

    def binary(run: Run) -> Any:
        first = left(run)
        second = right(run)
        try:
            return operation(first, second)
        except Fault as fault:
            raise fault.placed(at) from None

    return binary


def addition(left: Evaluate, right: Evaluate, at: int) -> Evaluate:
    """`+`, which bounds the texts that it makes."""

    def total(run: Run) -> Any:
        first, second = left(run), right(run)
        try:
            if type(first) is str and type(second) is str:
                size = len(first) + len(second)
                bounded(size)
                run.spend(size >> WORK_SHIFT)
            return operators.add(first, second)
        except Fault as fault:
            raise fault.placed(at) from None

    return total


def equality(node: Binary, left: Evaluate, right: Evaluate) -> Evaluate:
    """`==`."""
    at = node.at
    wanted = {"int": int, "string": str}.get(_simple_kind(node.left))
    if wanted is not None and _simple_kind(node.right) == _simple_kind(node.left):
        return _typed_equality(left, right, wanted, at)
    if isinstance(node.right, Literal) and type(node.right.value) is str:
        text = node.right.value

        def is_text(run: Run) -> bool:
            value = left(run)
            return type(value) is str and value == text

        return is_text
    return placed_binary(left, right, equal, at)


def _simple_kind(node: Node) -> str:
    return node.type.kind if node.type is not None and node.type.is_simple else ""


def _typed_equality(left: Evaluate, right: Evaluate, wanted: type, at: int) -> Evaluate:
    """Where the check knows both types the library takes them for granted, and fails on nil."""
    name = "int" if wanted is int else "string"

    def compare(run: Run) -> bool:
        first, second = left(run), right(run)
        for value in (first, second):
            if type(value) is not wanted:
                raise wrong_type(value, name).placed(at)
        return bool(first == second)

    return compare


def membership(left: Evaluate, keys: KeySet, at: int) -> Evaluate:
    """`in` a set of literals."""
    key_class, members = keys.key_class, keys.keys

    def is_key(run: Run) -> bool:
        value = left(run)
        if type(value) is key_class:
            return value in members
        try:
            return is_in(value, keys)
        except Fault as fault:
            raise fault.placed(at) from None

    return is_key


def span(left: Evaluate, right: Evaluate, at: int) -> Evaluate:
    """`..`."""

    def span(run: Run) -> range:
        start, end = left(run), right(run)
        try:
            first, last = to_int(start), to_int(end)
            size = max(wrap64(last - first + 1), 0)
            run.grow(size)
        except Fault as fault:
            raise fault.placed(at) from None
        return range(first, first + size)

    return span


def sliced_length(value: Any) -> int:
    """The end of a slice that names none. Raises Fault."""
    size = length(value)
    if size is None:
        raise Fault(f"invalid argument for len (type {type_of(value)})")
    return size


def called(function: Any, arguments: list[Any], run: Run) -> Any:
    """A call of a value. Raises Fault."""
    if isinstance(function, HostFunction):
        return function.call(arguments, run)
    if isinstance(function, BoundMethod):
        return function.call(arguments)
    named = "zero" if function is None else kind(function)
    raise Fault(f"reflect: call of reflect.Value.Call on {named} Value")


def failing(arguments: list[Evaluate], message: str, at: int) -> Evaluate:
    """A call that always fails once its arguments are there."""

    def fail(run: Run) -> Any:
        for argument in arguments:
            argument(run)
        raise Fault(message, at)

    return fail


def called_builtin(name: str, arguments: list[Evaluate], at: int) -> Evaluate:
    """A call of a builtin without a predicate."""
    if name == "now":
        return lambda run: now(run.now_us)
    builtin = _BUILTINS[name]

    def call(run: Run) -> Any:
        given = [argument(run) for argument in arguments]
        try:
            run.spend(cost(given) >> WORK_SHIFT)
            return builtin(given)
        except Fault as fault:
            raise fault.placed(at) from None
        except IndexError:
            # Only in arguments that the check did not look at: the library crashes there too.
            raise Fault("runtime error: index out of range [-1]", at) from None

    return call


def _matches(text: Any, pattern: Any) -> bool:
    searched = text_of(pattern)
    return compile_pattern(searched)(text_of(text))


def _contains(text: Any, part: Any) -> bool:
    whole = text_of(text)
    return text_of(part) in whole


OPERATIONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "!=": lambda left, right: not equal(left, right),
    "<": operators.less,
    ">": operators.more,
    "<=": operators.at_most,
    ">=": operators.at_least,
    "-": operators.subtract,
    "*": operators.multiply,
    "/": operators.divide,
    "%": operators.modulo,
    "**": operators.exponent,
    "^": operators.exponent,
    "in": is_in,
    "matches": _matches,
    "contains": _contains,
    "startsWith": lambda text, part: text_of(text).startswith(text_of(part)),
    "endsWith": lambda text, part: text_of(text).endswith(text_of(part)),
}
"""Operators that need nothing but their two values; they raise Fault."""
