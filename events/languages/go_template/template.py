"""Compile a text once, render it often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from events.languages.go_template.actions import ActionCompiler
from events.languages.go_template.builtins import BUILTINS
from events.languages.go_template.errors import MAX_CALL_DEPTH, MAX_TEXT, TemplateError
from events.languages.go_template.expressions import UNSET
from events.languages.go_template.fields import Methods
from events.languages.go_template.functions import Function, RenderContext
from events.languages.go_template.parser import parse
from events.languages.go_template.run import Body, Place, Run
from events.languages.go_values import copy_containers

NO_METHODS: Methods = {}


class Template:
    """A compiled template; safe to share, a run keeps nothing in it."""

    def __init__(
        self, name: str, bodies: Mapping[str, Body], called: frozenset[str], *, mutates: bool
    ) -> None:
        self.called = called
        """The names of the functions that it may call."""
        self._name = name
        self._bodies = bodies
        self._mutates = mutates

    def render(self, data: Any, context: RenderContext) -> str:
        """The output for `data`, a value of `events.languages.go_values` (JSON: see `from_json` there).

        `data` is not changed: a template that names a function that changes its argument works on a copy. Bytes
        that are not UTF-8 come out as `surrogateescape` makes them.

        Raises:
            TemplateError: the run failed, or it went over a budget of `errors.py`.
        """
        body = self._bodies[self._name]
        run = Run(self._bodies, context)
        run.depth = body.depth
        try:
            if self._mutates:
                data = copy_containers(data)
            run.variables = [data, *[UNSET] * (body.slots - 1)]
            body.run(run, data)
        except RecursionError:
            raise TemplateError(
                f"template: {self._name}: exceeded maximum template depth ({MAX_CALL_DEPTH})"
            ) from None
        return _joined(run.out)


def _joined(parts: list[str]) -> str:
    text = "".join(parts)
    if text.isascii():
        return text
    # Halves of a character that met again are one character to Go.
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


class _Names:
    """The names of all functions; asking for one loads nothing (`functions` may import what it is asked for)."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions

    def __contains__(self, name: object) -> bool:
        return name in BUILTINS or name in self._functions


def compile_template(
    text: str, functions: Mapping[str, Function], *, methods: Methods = NO_METHODS, name: str = "param"
) -> Template:
    """The template of a text. `functions` come on top of the built-in ones, by the name that templates use.

    `methods` are those of the types that functions hand out, such as `time.Time`. `name` is what messages call
    the template. Blocks and parentheses nest up to `errors.MAX_NESTING` deep.

    Raises:
        TemplateError: the text is no template.
    """
    if len(text) > MAX_TEXT:
        raise TemplateError(f"template: {name}: the text is longer than {MAX_TEXT} characters")
    try:
        definitions = parse(name, text, _Names(functions))
        bodies = {
            key: ActionCompiler(Place(name, text, key), functions, methods).body(definition)
            for key, definition in definitions.items()
        }
    except RecursionError:
        raise TemplateError(f"template: {name}: max expression depth exceeded") from None
    called = set().union(*(definition.calls for definition in definitions.values()))
    mutates = any(functions[key].mutates for key in called if key in functions)
    return Template(name, bodies, frozenset(called), mutates=mutates)
