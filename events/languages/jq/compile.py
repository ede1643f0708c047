"""From the tree of a jq program to code: functions that give outputs one after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from events.languages.jq import syntax
from events.languages.jq.access import delete_paths, get_path, set_path
from events.languages.jq.binding import Binding
from events.languages.jq.calls import applied, argument, called
from events.languages.jq.code import (
    Code,
    Environment,
    all_paths,
    several,
    single,
)
from events.languages.jq.errors import Failure, JqError
from events.languages.jq.forms import FORMS
from events.languages.jq.functions import FUNCTIONS
from events.languages.jq.joining import Joining
from events.languages.jq.prelude import DEFINITIONS
from events.languages.jq.reaching import Reaching
from events.languages.jq.scope import Function, Scope, depth, find, outward
from events.languages.jq.syntax import Node, Pattern
from events.languages.jq.tokens import line_of
from events.languages.jq.values import BINARY


@dataclass
class Compiler(Reaching, Joining, Binding):
    """Compiles one program."""

    program: str
    now: list[float | None] = field(default_factory=lambda: [None])
    """Seconds since 1970 that `now` gives: one cell, set before each run."""
    _builtin: dict[tuple[str, int], Function] = field(default_factory=dict)

    def compile(self, node: Node) -> Code:
        """The code of a whole program. Raises JqError."""
        return self._compile(node, None)

    def _compile(self, node: Node, scope: Scope | None) -> Code:
        code: Code = getattr(self, f"_{type(node).__name__.lower()}")(node, scope)
        return code

    # functions

    def _define(self, node: syntax.Define, scope: Scope | None) -> Code:
        return self._compile(node.rest, self._definition(node.definition, scope))

    def _definition(self, definition: syntax.Definition, scope: Scope | None) -> Scope:
        function = Function(definition.parameters, depth(scope))
        arity = len(definition.parameters)
        known = Scope(definition.name, arity, depth(scope), scope, function)
        function.code = self._body(definition, known)
        return known

    def _body(self, definition: syntax.Definition, scope: Scope | None) -> Code:
        body = definition.body
        for parameter in definition.parameters:
            name = parameter.removeprefix("$")
            scope = Scope(name, 0, depth(scope) + 1, scope)
        for parameter in reversed(definition.parameters):
            if parameter.startswith("$"):
                source = syntax.Call(parameter[1:], (), 0)
                body = syntax.Bind(source, (Pattern(variable=parameter),), body)
        return self._compile(body, scope)

    def _call(self, node: syntax.Call, scope: Scope | None) -> Code:
        name, arity = node.name, len(node.arguments)
        found = find(scope, name, -1 if name.startswith("$") else arity)
        if found is not None:
            steps = depth(scope) - found.depth
            if found.arity == -1:
                return single(lambda _value, environment: outward(environment, steps)[0])
            if found.function is None:
                return argument(steps)
            arguments = [self._compile(each, scope) for each in node.arguments]
            return called(found.function, arguments, steps)
        if name in {"$ENV", "env"} and arity == 0:
            return single(lambda _value, _environment: {})
        if name.startswith("$"):
            raise self._undefined("variable", name, node.offset)
        return self._built_in(node, scope)

    def _built_in(self, node: syntax.Call, scope: Scope | None) -> Code:
        key = node.name, len(node.arguments)
        if key in {("input", 0), ("inputs", 0)}:
            line = line_of(self.program, node.offset)
            raise JqError(f"input(s)/0 is not allowed at line {line}", line)
        if key == ("now", 0):
            return single(self._now)
        if key == ("builtins", 0):
            names = [f"{name}/{arity}" for name, arity in (*FORMS, *FUNCTIONS, *DEFINITIONS)]
            return single(lambda _value, _environment: names)
        if key not in FORMS and key not in FUNCTIONS and key not in DEFINITIONS:
            raise self._undefined("function", f"{node.name}/{key[1]}", node.offset)
        arguments = [self._compile(each, scope) for each in node.arguments]
        if key in FORMS:
            return FORMS[key](*arguments)
        if key in FUNCTIONS:
            return applied(FUNCTIONS[key], arguments)
        return called(self._defined(key), arguments, depth(scope))

    def _defined(self, key: tuple[str, int]) -> Function:
        function = self._builtin.get(key)
        if function is None:
            definition = DEFINITIONS[key]
            function = self._builtin[key] = Function(definition.parameters, 0)
            function.code = self._body(definition, Scope(key[0], key[1], 0, None, function))
        return function

    def _now(self, _value: Any, _environment: Environment) -> Any:
        if self.now[0] is None:
            raise Failure("now: the event has no time")
        return self.now[0]

    # updates

    def _update(self, node: syntax.Update, scope: Scope | None) -> Code:
        target, value_of = self._compile(node.target, scope), self._compile(node.value, scope)
        constant = _constant_path(node.target)
        if node.operator == "=" and constant is not None:
            # Without looking at what is there, as gojq: it decides which error is told.
            if (one := value_of.one) is not None:
                return single(lambda value, environment: set_path(value, constant, one(value, environment)))
            return several(
                lambda value, environment: (
                    set_path(value, constant, new) for new in value_of.many(value, environment)
                )
            )
        if node.operator == "=":
            return several(lambda value, environment: _assign(target, value_of, value, environment))
        if node.operator == "|=":
            return single(lambda value, environment: _modify(target, value_of, value, environment))
        apply = BINARY[node.operator[:-1]]

        def many(value: Any, environment: Environment) -> Iterator[Any]:
            for operand in value_of.many(value, environment):
                changed = value
                for path in all_paths(target, value, environment):
                    changed = set_path(changed, path, apply(get_path(changed, path), operand))
                yield changed

        if value_of.one is not None:
            return single(lambda value, environment: next(many(value, environment)))
        return several(many)


def _assign(target: Code, value_of: Code, value: Any, environment: Environment) -> Iterator[Any]:
    for new in value_of.many(value, environment):
        changed = value
        for path in all_paths(target, value, environment):
            changed = set_path(changed, path, new)
        yield changed


def _modify(target: Code, update: Code, value: Any, environment: Environment) -> Any:
    changed, emptied = value, []
    for path in all_paths(target, value, environment):
        for new in update.many(get_path(changed, path), environment):
            changed = set_path(changed, path, new)
            break
        else:
            emptied.append(path)
    return delete_paths(changed, emptied)


def _constant_path(node: Node) -> list[Any] | None:
    """The path of `.a[0].b`; None if it is not that plain."""
    if isinstance(node, syntax.Identity):
        return []
    if isinstance(node, syntax.Index) and isinstance(node.key, syntax.Constant):
        before = _constant_path(node.target)
        return None if before is None else [*before, node.key.value]
    return None
