"""Operators that may leave their right side alone: logic, choice; and lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from events.languages.govaluate.operators import refused

Run = Callable[[Mapping[str, object]], object]
"""A part of an expression: variables to its value. Raises EvaluationError."""


def both(left: Run, right: Run) -> Run:
    """`left && right`. A false left side ends it; a wrong type is only seen once both sides are known."""

    def run(variables: Mapping[str, object]) -> object:
        value = left(variables)
        if value is False:
            return False
        other = right(variables)
        if value is True and (other is True or other is False):
            return other
        raise _no_bool("&&", value, other)

    return run


def either(left: Run, right: Run) -> Run:
    """`left || right`."""

    def run(variables: Mapping[str, object]) -> object:
        value = left(variables)
        if value is True:
            return True
        other = right(variables)
        if value is False and (other is True or other is False):
            return other
        raise _no_bool("||", value, other)

    return run


def logic(symbol: str, first: Run, rest: Sequence[Run]) -> Run:
    """A chain of `&&` or of `||`."""
    if len(rest) == 1:
        return both(first, rest[0]) if symbol == "&&" else either(first, rest[0])
    decisive = symbol == "||"
    neutral = not decisive

    def run(variables: Mapping[str, object]) -> object:
        value = first(variables)
        for right in rest:
            if value is decisive:
                return value
            other = right(variables)
            if value is not neutral or (other is not True and other is not False):
                raise _no_bool(symbol, value, other)
            value = other
        return value

    return run


def _no_bool(symbol: str, left: object, right: object) -> Exception:
    wrong = right if type(left) is bool else left
    return refused(wrong, "logical operator", symbol, "a bool")


def choice(first: Run, rest: Sequence[tuple[str, Run]]) -> Run:
    """A chain of `?`, `:` and `??`: a false `?` is nil, and the other two give their right side for nil."""

    def run(variables: Mapping[str, object]) -> object:
        value = first(variables)
        for symbol, right in rest:
            if symbol != "?":
                if value is None:
                    value = right(variables)
            elif value is False:
                value = None
            else:
                chosen = right(variables)
                if value is not True:
                    raise refused(value, "ternary operator", "?", "a bool")
                value = chosen
        return value

    return run


def listed(first: Run, rest: Sequence[Run]) -> Run:
    """A chain of `,`: a list. If the first element is a list itself, the others are appended to it."""

    def run(variables: Mapping[str, object]) -> object:
        value = first(variables)
        values = [*value] if type(value) is list else [value]
        for right in rest:
            values.append(right(variables))  # noqa: PERF401 - each one may fail, in this order
        return values

    return run
