"""`.a.b.c`: members of maps, fields and methods of structs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from events.languages.go_template.functions import Function
from events.languages.go_template.nodes import Node
from events.languages.go_template.run import Evaluate, Place, Run
from events.languages.go_values import ANY, NO_VALUE, GoObject, type_name

Methods = Mapping[str, Mapping[str, Function]]
"""By the type's name (`time.Time`), the methods that templates may call; the receiver is the first parameter."""
CallMethod = Callable[[Run, Any, Any, str, Function, bool], Any]
"""Run, dot, receiver, name, method and whether it is the last of the chain in, its result out."""


class FieldReader:
    """Reads a chain of fields off a value."""

    def __init__(self, place: Place, methods: Methods, fields: tuple[str, ...], call: CallMethod) -> None:
        self._place = place
        self._methods = methods
        self._fields = fields
        self._call = call

    def read(
        self, run: Run, dot: Any, value: Any, *, boxed: bool, node: Node | None, has_arguments: bool
    ) -> Any:
        """The value of the last field, nil and all.

        `boxed` tells whether the static type of `value` is `any`; `node` is where messages point.

        Raises:
            TemplateError: a value has no such field.
        """
        last = len(self._fields) - 1
        for index, name in enumerate(self._fields):
            if value is NO_VALUE:
                return NO_VALUE
            is_last = index == last
            if type(value) is dict and not (has_arguments and is_last):
                value, boxed = value.get(name, NO_VALUE), True
                continue
            method = self._methods.get(type_name(value), {}).get(name) if value is not None else None
            if method is not None:
                value = self._call(run, dot, value, name, method, is_last)
            else:
                value = self._member(value, name, node, boxed=boxed, with_arguments=has_arguments and is_last)
            boxed = False
        return value

    def _member(self, value: Any, name: str, node: Node | None, *, boxed: bool, with_arguments: bool) -> Any:
        if value is None:
            raise self._place.error(node, f"nil pointer evaluating {ANY}.{name}")
        if isinstance(value, GoObject) and name in value.go_fields:
            if with_arguments:
                raise self._place.error(node, f"{name} has arguments but cannot be invoked as function")
            return getattr(value, value.go_fields[name])
        if isinstance(value, dict):
            if with_arguments:
                raise self._place.error(node, f"{name} is not a method but has arguments")
            return value.get(name, NO_VALUE)
        shown = ANY if boxed else type_name(value)
        raise self._place.error(node, f"can't evaluate field {name} in type {shown}")


def read_from_dot(
    reader: FieldReader, fields: tuple[str, ...], node: Node, *, in_loop: bool, keeps_nil: bool
) -> Evaluate:
    """A chain on `.`, fast for maps in maps; without `keeps_nil` nil comes out as no value, as a pipeline wants it."""

    def slow(run: Run, dot: Any) -> Any:
        value = reader.read(run, dot, dot, boxed=in_loop and run.boxed, node=node, has_arguments=False)
        return NO_VALUE if value is None and not keeps_nil else value

    if keeps_nil or len(fields) > 3:
        return slow
    return _fast_reads(fields, slow)[len(fields) - 1]


def _fast_reads(fields: tuple[str, ...], slow: Evaluate) -> tuple[Evaluate, Evaluate, Evaluate]:
    """Readers of one, two and three fields that go the slow way only where something is unusual."""
    first, second, third = (*fields, *fields, *fields)[:3]

    def one(run: Run, dot: Any) -> Any:
        if type(dot) is dict:
            value = dot.get(first)
            return NO_VALUE if value is None else value
        return slow(run, dot)

    def two(run: Run, dot: Any) -> Any:
        if type(dot) is dict:
            value = dot.get(first)
            if type(value) is dict:
                value = value.get(second)
                return NO_VALUE if value is None else value
        return slow(run, dot)

    def three(run: Run, dot: Any) -> Any:
        if type(dot) is dict:
            value = dot.get(first)
            if type(value) is dict:
                value = value.get(second)
                if type(value) is dict:
                    value = value.get(third)
                    return NO_VALUE if value is None else value
        return slow(run, dot)

    return one, two, three
