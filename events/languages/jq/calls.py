"""Calling functions of jq: defined ones, arguments, and functions of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from events.languages.jq.code import Closure, Code, Environment, Path, Place, Stray, several, single
from events.languages.jq.scope import Function, outward


def argument(steps: int) -> Code:
    """An argument, used: it is evaluated where it was written."""

    def many(value: Any, environment: Environment) -> Iterable[Any]:
        closure: Closure = outward(environment, steps)[0]
        return closure.code.many(value, closure.environment)

    def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterable[Place]:
        closure: Closure = outward(environment, steps)[0]
        return closure.code.paths(path, value, closure.environment)

    return Code(many, paths)


def called(function: Function, arguments: Sequence[Code], steps: int) -> Code:
    """A call. The generators start only when they are asked, so that `def f: f; f` does not recurse at once."""

    def enter(environment: Environment) -> tuple[Code, Environment]:
        inner = outward(environment, steps)
        for code in arguments:
            inner = (Closure(code, environment), inner)
        return function.code, inner  # type: ignore[return-value]  # it is there once the program runs

    def many(value: Any, environment: Environment) -> Iterator[Any]:
        code, inner = enter(environment)
        yield from code.many(value, inner)

    def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
        code, inner = enter(environment)
        yield from code.paths(path, value, inner)

    one = None if function.code is None else function.code.one
    if one is None:
        return Code(many, paths)
    inner_one = one
    return Code(many, paths, lambda value, environment: inner_one(value, enter(environment)[1]))


def applied(function: Any, arguments: Sequence[Code]) -> Code:
    """A function of values; of several outputs of its arguments, the last argument's change least often."""
    if not arguments:
        return single(lambda value, _environment: function(value))
    ones = [each.one for each in arguments]
    if all(one is not None for one in ones):
        if len(ones) == 1:
            only = ones[0]
            return single(lambda value, environment: function(value, only(value, environment)))  # type: ignore[misc]  # not None
        backwards = ones[::-1]
        return single(
            lambda value, environment: function(
                value,
                *[one(value, environment) for one in backwards][::-1],  # type: ignore[misc]  # not None
            )
        )

    def many(value: Any, environment: Environment, known: tuple[Any, ...] = ()) -> Iterator[Any]:
        left = len(arguments) - len(known)
        if left == 0:
            yield function(value, *known)
            return
        for each in arguments[left - 1].many(value, environment):
            yield from many(value, environment, (each, *known))

    return several(many)
