"""Loops of jq, which are loops here too: `range(1e6)`, `until` and their like do not nest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from events.languages.jq.access import elements, entries
from events.languages.jq.code import (
    Code,
    Environment,
    Make,
    Path,
    Place,
    Stray,
    intact,
    several,
)
from events.languages.jq.errors import Raised, cannot_apply
from events.languages.jq.values import add, as_int, as_int_up, compare, is_number, subtract, truth


def recurse(inner: Code | None = None, condition: Code | None = None) -> Code:  # noqa: C901 - values and paths
    def below(value: Any, environment: Environment) -> Iterable[Any]:
        if inner is None:
            return elements(value) if type(value) in {list, dict} else ()
        found = inner.many(value, environment)
        return found if condition is None else _meeting(found, condition, environment)

    def many(value: Any, environment: Environment) -> Iterator[Any]:
        yield value
        levels = [iter(below(value, environment))]
        while levels:
            for each in levels[-1]:
                yield each
                levels.append(iter(below(each, environment)))
                break
            else:
                levels.pop()

    def below_paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
        if inner is None:
            if type(value) in {list, dict}:
                here = intact(path, value, "invalid path on iterating against")
                for key, member in entries(value):
                    yield (key, here), member
            return
        for reached, each in inner.paths(path, value, environment):
            tests = (True,) if condition is None else condition.many(each, environment)
            for test in tests:
                if truth(test):
                    yield reached, each

    def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
        yield path, value
        levels = [below_paths(path, value, environment)]
        while levels:
            for place in levels[-1]:
                yield place
                levels.append(below_paths(*place, environment))
                break
            else:
                levels.pop()

    return Code(many, paths)


def _meeting(found: Iterable[Any], condition: Code, environment: Environment) -> Iterator[Any]:
    for each in found:
        for test in condition.many(each, environment):
            if truth(test):
                yield each


def while_met(condition: Code, update: Code) -> Code:  # noqa: C901 - values and paths
    """`def while(c; u): def w: if c then ., (u | w) else empty end; w`, which is this recursion."""

    def below(value: Any, environment: Environment) -> Iterator[Any]:
        for each in update.many(value, environment):
            for test in condition.many(each, environment):
                if truth(test):
                    yield each

    def below_paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
        for reached, each in update.paths(path, value, environment):
            for test in condition.many(each, environment):
                if truth(test):
                    yield reached, each

    def many(value: Any, environment: Environment) -> Iterator[Any]:
        for test in condition.many(value, environment):
            if truth(test):
                yield from recurse(several(below)).many(value, environment)

    def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
        for test in condition.many(value, environment):
            if truth(test):
                yield from recurse(Code(below, below_paths)).paths(path, value, environment)

    return Code(many, paths)


def until(condition: Code, update: Code) -> Code:  # noqa: C901 - values and paths
    def many(value: Any, environment: Environment) -> Iterator[Any]:
        levels = [iter((value,))]
        while levels:
            for each in levels[-1]:
                for test in condition.many(each, environment):
                    if truth(test):
                        yield each
                    else:
                        levels.append(iter(update.many(each, environment)))
                break
            else:
                levels.pop()

    def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
        levels: list[Iterator[Place]] = [iter(((path, value),))]
        while levels:
            for reached, each in levels[-1]:
                for test in condition.many(each, environment):
                    if truth(test):
                        yield reached, each
                    else:
                        levels.append(iter(update.paths(reached, each, environment)))
                break
            else:
                levels.pop()

    return Code(many, paths)


def repeat(inner: Code) -> Code:
    """The outputs of the same expression at the same value, again and again."""

    def many(value: Any, environment: Environment) -> Iterator[Any]:
        while True:
            yield from inner.many(value, environment)

    def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
        while True:
            yield from inner.paths(path, value, environment)

    return Code(many, paths)


def ranged(*bounds: Code) -> Code:
    def many(value: Any, environment: Environment) -> Iterator[Any]:
        for first in bounds[0].many(value, environment):
            if len(bounds) == 1:
                yield from _count(0, first, 1)
                continue
            for last in bounds[1].many(value, environment):
                if len(bounds) == 2:
                    yield from _count(first, last, 1)
                    continue
                for by in bounds[2].many(value, environment):
                    yield from _count(first, last, by)

    return several(many)


def _count(first: Any, last: Any, by: Any) -> Iterator[Any]:
    for each in (first, last, by):
        if not is_number(each):
            raise cannot_apply("range", each)
    direction = compare(by, 0)
    while direction * compare(first, last) < 0:
        yield first
        first = add(first, by)


def first_of(inner: Code) -> Code:
    return Code(
        lambda value, environment: islice(inner.many(value, environment), 1),
        lambda path, value, environment: islice(inner.paths(path, value, environment), 1),
    )


def last_of(inner: Code) -> Code:
    def many(value: Any, environment: Environment) -> Iterator[Any]:
        found = [None]
        is_found = False
        for found[0] in inner.many(value, environment):
            is_found = True
        if is_found:
            yield found[0]

    return several(many)  # no path, as in gojq


def counted(  # noqa: C901 - values and paths
    name: str,
    pick: Callable[[Iterable[Any], int], Iterable[Any]],
    rounded: Callable[[float], int],
    what: str = "count",
) -> Make:
    """`limit`, `skip` and `nth`. `limit(1.5; f)` gives two, `skip(1.5; f)` leaves one away."""

    def numbers(count: Code, inner: Code, value: Any, environment: Environment) -> Iterator[int]:
        for wanted in count.many(value, environment):
            if compare(wanted, 0) < 0:
                raise Raised(f"{name} doesn't support negative {what}")
            if is_number(wanted):
                yield rounded(wanted)
            elif next((True for _each in inner.many(value, environment)), False):
                subtract(wanted, 1)  # counting down is what fails

    def make(count: Code, inner: Code) -> Code:
        def many(value: Any, environment: Environment) -> Iterator[Any]:
            for number in numbers(count, inner, value, environment):
                yield from pick(inner.many(value, environment), number)

        def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
            for number in numbers(count, inner, value, environment):
                yield from pick(inner.paths(path, value, environment), number)

        return Code(many, paths)

    return make


def rounded_up(wanted: float) -> int:
    return min(as_int_up(wanted), sys.maxsize - 1)  # more than anybody can wait for


def rounded_down(wanted: float) -> int:
    return min(as_int(wanted), sys.maxsize - 1)


def limited(found: Iterable[Any], number: int) -> Iterable[Any]:
    return islice(found, number)


def skipped(found: Iterable[Any], number: int) -> Iterable[Any]:
    return islice(found, number, None)


def the_next(found: Iterable[Any], number: int) -> Iterable[Any]:
    return islice(found, number, number + 1)
