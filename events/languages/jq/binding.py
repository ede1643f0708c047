"""Compiling what binds: `as`, `reduce`, `foreach`, `label`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from events.languages.jq import syntax
from events.languages.jq.access import index
from events.languages.jq.code import (
    Code,
    Environment,
    Path,
    Place,
    Stray,
    several,
    single,
    stray,
)
from events.languages.jq.errors import Broken, Failure, expected
from events.languages.jq.scope import Pieces, Scope, depth, find, outward, seen
from events.languages.jq.syntax import Pattern


class Binding(Pieces):
    """Nodes that bind variables and labels."""

    def _bind(self, node: syntax.Bind, scope: Scope | None) -> Code:  # noqa: C901 - values, paths, one
        source = self._compile(node.source, scope)
        names = [name for pattern in node.patterns for name in _names(pattern)]
        is_one_way = len(node.patterns) == 1
        base = scope
        if not is_one_way:
            for name in names:
                base = seen(base, name)
        ways = []
        for pattern in node.patterns:
            taken, inner = self._pattern(pattern, base)
            ways.append((taken, self._compile(node.body, inner)))

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            for each in source.many(value, environment):
                for place, (taken, body) in enumerate(ways):
                    try:
                        for bound in taken(each, _with_nulls(environment, () if is_one_way else names)):
                            yield from body.many(value, bound)
                    except Failure:
                        if place == len(ways) - 1:
                            raise
                    else:
                        break

        def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
            for each in source.many(value, environment):
                for place, (taken, body) in enumerate(ways):
                    try:
                        for bound in taken(each, _with_nulls(environment, () if is_one_way else names)):
                            yield from body.paths(path, value, bound)
                    except Failure:
                        if place == len(ways) - 1:
                            raise
                    else:
                        break

        source_one, body_one = source.one, ways[0][1].one
        if is_one_way and node.patterns[0].variable and source_one is not None and body_one is not None:
            return Code(
                many,
                paths,
                lambda value, environment: body_one(value, (source_one(value, environment), environment)),
            )
        return Code(many, paths)

    def _pattern(self, pattern: Pattern, scope: Scope | None) -> tuple[Any, Scope | None]:
        """How the pattern takes a value apart, (value, environment) to environments, and what is seen then."""
        if pattern.variable:
            return (lambda value, environment: ((value, environment),)), seen(scope, pattern.variable)
        steps: list[tuple[Code | None, Any, Any]] = []
        if pattern.elements:
            for place, element in enumerate(pattern.elements):
                taken, scope = self._pattern(element, scope)
                steps.append((None, place, taken))
        for key, variable, member in pattern.members:
            code = self._compile(key, scope)
            if variable:
                scope = seen(scope, variable)
            taken = None
            if member is not None:
                taken, scope = self._pattern(member, scope)
            steps.append((code, variable, taken))
        return _take_apart(steps), scope

    def _reduce(self, node: syntax.Reduce, scope: Scope | None) -> Code:
        source, start = self._compile(node.source, scope), self._compile(node.start, scope)
        taken, inner = self._pattern(node.pattern, scope)
        update = self._compile(node.update, inner)
        update_one = update.one

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            for first in start.many(value, environment):
                state = first
                for each in source.many(value, environment):
                    for bound in taken(each, environment):
                        if update_one is not None:
                            state = update_one(state, bound)
                        else:
                            for new in update.many(state, bound):
                                state = new
                yield state

        if start.one is None:
            return several(many)
        # As in gojq, the result is no path: it keeps the values between the rounds, not how they were reached.
        return single(lambda value, environment: next(many(value, environment)))

    def _foreach(self, node: syntax.Foreach, scope: Scope | None) -> Code:  # noqa: C901 - values and paths
        source, start = self._compile(node.source, scope), self._compile(node.start, scope)
        taken, inner = self._pattern(node.pattern, scope)
        update = self._compile(node.update, inner)
        extract = self._compile(node.extract or syntax.Identity(), inner)

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            for first in start.many(value, environment):
                state = first
                for each in source.many(value, environment):
                    for bound in taken(each, environment):
                        for new in update.many(state, bound):
                            state = new
                            yield from extract.many(new, bound)

        def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
            # As in gojq, a round starts at the path of the source's output.
            for begun, first in start.paths(path, value, environment):
                state = first
                for reached, each in source.paths(begun, value, environment):
                    for bound in taken(each, environment):
                        for place in update.paths(stray(reached, each), state, bound):
                            state = place[1]
                            yield from extract.paths(*place, bound)

        return Code(many, paths)

    def _label(self, node: syntax.Label, scope: Scope | None) -> Code:
        body = self._compile(node.body, seen(scope, node.name, arity=-2))

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            label = object()
            try:
                yield from body.many(value, (label, environment))
            except Broken as broken:
                if broken.label is not label:
                    raise

        def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
            label = object()
            try:
                yield from body.paths(path, value, (label, environment))
            except Broken as broken:
                if broken.label is not label:
                    raise

        return Code(many, paths)

    def _break(self, node: syntax.Break, scope: Scope | None) -> Code:
        found = find(scope, node.name, -2)
        if found is None:
            raise self._undefined("label", node.name, node.offset)
        steps = depth(scope) - found.depth

        def leave(_value: Any, environment: Environment) -> Any:
            raise Broken(outward(environment, steps)[0])

        return single(leave)


def _names(pattern: Pattern) -> Iterator[str]:
    if pattern.variable:
        yield pattern.variable
    for element in pattern.elements:
        yield from _names(element)
    for _key, variable, member in pattern.members:
        if variable:
            yield variable
        if member is not None:
            yield from _names(member)


def _take_apart(steps: Sequence[tuple[Code | None, Any, Any]]) -> Any:
    def taken(value: Any, environment: Environment, place: int = 0) -> Iterator[Environment]:
        if place == len(steps):
            yield environment
            return
        code, which, inner = steps[place]
        if code is None:
            if value is not None and type(value) is not list:
                raise expected("an array", value)
            found: Iterable[Any] = (index(value, which),)
        else:
            found = (index(value, key) for key in code.many(value, environment))
        for each in found:
            bound = (each, environment) if code is not None and which else environment
            if inner is None:
                yield from taken(value, bound, place + 1)
            else:
                for deeper in inner(each, bound):
                    yield from taken(value, deeper, place + 1)

    return taken


def _with_nulls(environment: Environment, names: Sequence[str]) -> Environment:
    for _name in names:
        environment = (None, environment)
    return environment
