"""From the tree to functions that call one another. What stands in most filters, a variable and a constant, is one."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from events.languages.govaluate.errors import EvaluationError
from events.languages.govaluate.flow import Run, choice, listed, logic
from events.languages.govaluate.operators import OPERATORS, Operator, prefixed, refused
from events.languages.govaluate.tree import Access, Chain, Constant, Group, Literal, Name, Node, Prefix
from events.languages.govaluate.values import Pattern

_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def build(node: Node | None) -> Run:  # noqa: PLR0911 - one for each class of node
    """The function that evaluates a node; nothing is nil."""
    match node:
        case None:
            return lambda _variables: None
        case Literal(value=value):
            return lambda _variables: value
        case Name(name=name):
            return _lookup(name)
        case Access():
            return _access(node)
        case Prefix(symbol=symbol, operand=operand):
            run = build(operand)
            return lambda variables: prefixed(symbol, run(variables))
        case Group(inner=inner):
            return build(inner)
        case Chain():
            return _chain(node)


def missing(name: str) -> EvaluationError:
    """What is said of a variable that is not bound."""
    return EvaluationError(f"No parameter '{name}' found.")


def _lookup(name: str) -> Run:
    def run(variables: Mapping[str, object]) -> object:
        try:
            return variables[name]
        except KeyError:
            raise missing(name) from None

    return run


def _access(node: Access) -> Run:
    argument = build(node.argument)
    name, member = node.parts[:2]

    def run(variables: Mapping[str, object]) -> object:
        argument(variables)
        if name not in variables:
            raise missing(name)
        raise EvaluationError(f"Unable to access '{member}', '{name}' is not a struct")

    return run


def _chain(node: Chain) -> Run:
    special = _name_and_constant(node)
    if special is not None:
        return special
    first = build(node.first)
    rest: list[tuple[str, Run]] = []
    for link in node.links:
        rest.append((link.symbol, build(link.operand)))  # noqa: PERF401 - a comprehension costs a level of the stack
    run = _operators(first, rest)
    is_constant = isinstance(node.first, Literal) and all(
        isinstance(link.operand, Literal) for link in node.links
    )
    return _folded(run) if is_constant and node.links[0].symbol != "," else run


def _operators(first: Run, rest: list[tuple[str, Run]]) -> Run:
    match rest[0][0]:
        case "&&" | "||" as symbol:
            return logic(symbol, first, [right for _, right in rest])
        case "?" | ":" | "??":
            return choice(first, rest)
        case ",":
            return listed(first, [right for _, right in rest])
        case symbol if len(rest) == 1:
            return _pair(OPERATORS[symbol], first, rest[0][1])
        case _:
            return _sequence(first, [(OPERATORS[symbol], right) for symbol, right in rest])


def _pair(operate: Operator, left: Run, right: Run) -> Run:
    return lambda variables: operate(left(variables), right(variables))


def _sequence(first: Run, rest: Sequence[tuple[Operator, Run]]) -> Run:
    def run(variables: Mapping[str, object]) -> object:
        value = first(variables)
        for operate, right in rest:
            value = operate(value, right(variables))
        return value

    return run


def _folded(run: Run) -> Run:
    """The answer of a part without variables is known before; its error comes at each evaluation, as upstream."""
    try:
        value = run({})
    except EvaluationError:
        return run
    return lambda _variables: value


def _name_and_constant(node: Chain) -> Run | None:
    """`size > 10`, `kind == "push"`, `kind =~ "^p"`, `kind in ("a", "b")` without a call for either side."""
    if not isinstance(node.first, Name) or len(node.links) != 1:
        return None
    name, symbol = node.first.name, node.links[0].symbol
    match symbol, node.links[0].operand:
        case ("==" | "!=", Literal(value=bool() | float() | str() as value)):
            return _equality(name, value, wanted=symbol == "==")
        case (">" | ">=" | "<" | "<=", Literal(value=float() | str() as value)):
            return _order(name, symbol, value)
        case ("=~" | "!~", Literal(value=Pattern() as pattern)):
            return _search(name, symbol, pattern)
        case ("in", Group(inner=Chain() as inner)):
            return _membership(name, inner)
        case _:
            return None


def _equality(name: str, constant: Constant, *, wanted: bool) -> Run:
    kind = type(constant)

    def run(variables: Mapping[str, object]) -> object:
        try:
            value = variables[name]
        except KeyError:
            raise missing(name) from None
        return (type(value) is kind and value == constant) is wanted

    return run


def _order(name: str, symbol: str, constant: float | str) -> Run:
    kind, compare = type(constant), _ORDERS[symbol]

    def run(variables: Mapping[str, object]) -> object:
        try:
            value = variables[name]
        except KeyError:
            raise missing(name) from None
        if type(value) is kind:
            return compare(value, constant)
        raise refused(value, "comparator", symbol, "a number")

    return run


def _search(name: str, symbol: str, pattern: Pattern) -> Run:
    matches, wanted = pattern.matches, symbol == "=~"

    def run(variables: Mapping[str, object]) -> object:
        try:
            value = variables[name]
        except KeyError:
            raise missing(name) from None
        if type(value) is str:
            return matches(value) is wanted
        raise refused(value, "comparator", symbol, "a number")

    return run


def _membership(name: str, inner: Chain) -> Run | None:
    """Only for lists of texts: of a number it would have to be known that it is no boolean."""
    operands = [inner.first, *(link.operand for link in inner.links)]
    texts = {each.value for each in operands if isinstance(each, Literal) and type(each.value) is str}
    if inner.links[0].symbol != "," or not all(
        isinstance(each, Literal) and type(each.value) is str for each in operands
    ):
        return None

    def run(variables: Mapping[str, object]) -> object:
        try:
            value = variables[name]
        except KeyError:
            raise missing(name) from None
        return type(value) is str and value in texts

    return run
