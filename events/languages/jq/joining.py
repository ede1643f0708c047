"""Compiling what puts expressions together: pipes, commas, objects, operators, `if`, `try`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from events.languages.jq import syntax
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
from events.languages.jq.errors import Failure, expected
from events.languages.jq.scope import Pieces, Scope
from events.languages.jq.values import BINARY, negate, plus, truth


class Joining(Pieces):
    """Nodes that combine others."""

    def _pipe(self, node: syntax.Pipe, scope: Scope | None) -> Code:
        left, right = self._compile(node.left, scope), self._compile(node.right, scope)
        left_one, right_one = left.one, right.one

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            for each in left.many(value, environment):
                yield from right.many(each, environment)

        def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
            for reached, each in left.paths(path, value, environment):
                yield from right.paths(reached, each, environment)

        if left_one is not None and right_one is not None:
            return Code(
                many, paths, lambda value, environment: right_one(left_one(value, environment), environment)
            )
        if left_one is not None:
            return Code(
                lambda value, environment: right.many(left_one(value, environment), environment), paths
            )
        return Code(many, paths)

    def _comma(self, node: syntax.Comma, scope: Scope | None) -> Code:
        left, right = self._compile(node.left, scope), self._compile(node.right, scope)

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            yield from left.many(value, environment)
            yield from right.many(value, environment)

        def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
            yield from left.paths(path, value, environment)
            yield from right.paths(path, value, environment)

        return Code(many, paths)

    def _array(self, node: syntax.Array, scope: Scope | None) -> Code:
        if node.body is None:
            return single(lambda _value, _environment: [])
        body = self._compile(node.body, scope)
        return single(lambda value, environment: list(body.many(value, environment)))

    def _object(self, node: syntax.Object, scope: Scope | None) -> Code:
        members = [(self._compile(key, scope), self._compile(each, scope)) for key, each in node.members]
        ones = [(key.one, each.one) for key, each in members if key.one is not None and each.one is not None]

        def one(value: Any, environment: Environment) -> Any:
            made = {}
            for key_one, value_one in ones:
                name = key_one(value, environment)
                member = value_one(value, environment)
                if type(name) is not str:
                    raise expected("a string for object key", name)
                made[name] = member
            return made

        def many(value: Any, environment: Environment, place: int = 0) -> Iterator[Any]:
            if place == len(members):
                yield {}
                return
            key, member = members[place]
            for name in key.many(value, environment):
                for each in member.many(value, environment):
                    for rest in many(value, environment, place + 1):
                        if type(name) is not str:
                            raise expected("a string for object key", name)
                        yield {name: each, **rest}

        return single(one) if len(ones) == len(members) else several(many)

    def _unary(self, node: syntax.Unary, scope: Scope | None) -> Code:
        apply = negate if node.sign == "-" else plus
        operand = self._compile(node.operand, scope)
        operand_one = operand.one
        if operand_one is not None:
            return single(lambda value, environment: apply(operand_one(value, environment)))
        return several(lambda value, environment: (apply(e) for e in operand.many(value, environment)))

    def _binary(self, node: syntax.Binary, scope: Scope | None) -> Code:
        apply = BINARY[node.operator]
        left, right = self._compile(node.left, scope), self._compile(node.right, scope)
        left_one, right_one = left.one, right.one

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            for second in right.many(value, environment):
                for first in left.many(value, environment):
                    yield apply(first, second)

        def one(value: Any, environment: Environment) -> Any:
            # The right side first, as gojq: it decides which error is told.
            second = right_one(value, environment)  # type: ignore[misc]  # only used where both are there
            return apply(left_one(value, environment), second)  # type: ignore[misc]  # likewise

        return several(many) if left_one is None or right_one is None else single(one)

    def _logic(self, node: syntax.Logic, scope: Scope | None) -> Code:
        left, right = self._compile(node.left, scope), self._compile(node.right, scope)
        ends_at = node.operator == "or"
        left_one, right_one = left.one, right.one

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            for first in left.many(value, environment):
                if truth(first) is ends_at:
                    yield ends_at
                else:
                    for second in right.many(value, environment):
                        yield truth(second)

        def one(value: Any, environment: Environment) -> Any:
            if truth(left_one(value, environment)) is ends_at:  # type: ignore[misc]  # as in _binary
                return ends_at
            return truth(right_one(value, environment))  # type: ignore[misc]  # likewise

        return several(many) if left_one is None or right_one is None else single(one)

    def _alternative(self, node: syntax.Alternative, scope: Scope | None) -> Code:
        left, right = self._compile(node.left, scope), self._compile(node.right, scope)
        left_one, right_one = left.one, right.one

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            is_found = False
            for each in left.many(value, environment):
                if truth(each):
                    is_found = True
                    yield each
            if not is_found:
                yield from right.many(value, environment)

        def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
            is_found = False
            for reached, each in left.paths(path, value, environment):
                if truth(each):
                    is_found = True
                    yield reached, each
            if not is_found:
                yield from right.paths(path, value, environment)

        def one(value: Any, environment: Environment) -> Any:
            found = left_one(value, environment)  # type: ignore[misc]  # as in _binary
            return found if truth(found) else right_one(value, environment)  # type: ignore[misc]  # likewise

        return Code(many, paths, None if left_one is None or right_one is None else one)

    def _if(self, node: syntax.If, scope: Scope | None) -> Code:
        condition = self._compile(node.condition, scope)
        yes, no = self._compile(node.yes, scope), self._compile(node.no or syntax.Identity(), scope)
        condition_one, yes_one, no_one = condition.one, yes.one, no.one

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            for each in condition.many(value, environment):
                yield from (yes if truth(each) else no).many(value, environment)

        def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
            for each in condition.many(value, environment):
                yield from (yes if truth(each) else no).paths(path, value, environment)

        def one(value: Any, environment: Environment) -> Any:
            is_met = truth(condition_one(value, environment))  # type: ignore[misc]  # as in _binary
            return (yes_one if is_met else no_one)(value, environment)  # type: ignore[misc]  # likewise

        is_one = condition_one is not None and yes_one is not None and no_one is not None
        return Code(many, paths, one if is_one else None)

    def _try(self, node: syntax.Try, scope: Scope | None) -> Code:
        body = self._compile(node.body, scope)
        handler = self._compile(node.handler, scope) if node.handler is not None else None

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            try:
                yield from body.many(value, environment)
            except Failure as failure:
                if handler is None:
                    return
                caught = failure.value
            else:
                return
            yield from handler.many(caught, environment)

        def paths(path: Path | Stray, value: Any, environment: Environment) -> Iterator[Place]:
            try:
                yield from body.paths(path, value, environment)
            except Failure as failure:
                if handler is None:
                    return
                caught = failure.value
            else:
                return
            yield from handler.paths(stray(path, value), caught, environment)

        return Code(many, paths)
