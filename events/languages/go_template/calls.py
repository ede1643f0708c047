"""Calling functions: arguments in order, each checked against its parameter, then the result in its class."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from events.languages.go_template.arguments import REFLECT, checked, convert
from events.languages.go_template.errors import MAX_OUTPUT
from events.languages.go_template.functions import Function, FunctionError
from events.languages.go_template.nodes import Node
from events.languages.go_template.run import Evaluate, Expression, Place, Run
from events.languages.go_values import ANY, class_of

_MAX_ELEMENTS = MAX_OUTPUT // 4


def count_problem(name: str, function: Function, given: int, piped: int) -> str:
    """What is wrong with the number of arguments, "" for nothing. `piped` is 1 with a value from the pipeline."""
    wanted = len(function.parameters)
    if function.variadic:
        if given + piped < wanted - 1:
            return f"wrong number of args for {name}: want at least {wanted - 1} got {given}"
    elif given + piped != wanted:
        return f"wrong number of args for {name}: want {wanted} got {given + piped}"
    return ""


def parameter_type(function: Function, index: int) -> str:
    """The type of an argument by its place."""
    return function.parameters[min(index, len(function.parameters) - 1)]


def compile_call(
    place: Place,
    name: str,
    function: Function,
    arguments: list[Evaluate],
    *,
    piped: Expression | None,
    last: Node | None,
    node: Node,
) -> Evaluate:
    """A call of a function whose arguments are compiled; `node` is where a failure of the function points.

    `last` is what is looked at last before a piped value is checked.
    """
    call, finish = function.call, _finish(function)
    if function.needs_context:
        return _general(place, name, function, arguments, piped=piped, last=last, node=node)
    if piped is None and len(arguments) == 1:
        (argument,) = arguments

        def one(run: Run, dot: Any) -> Any:
            value = argument(run, dot)
            try:
                value = call(value)
            except FunctionError as err:
                raise place.error(node, f"error calling {name}: {err}") from err
            return value if finish is None else finish(value, place, node, name)

        return one
    if piped is None and len(arguments) == 2:
        first, second = arguments

        def two(run: Run, dot: Any) -> Any:
            value, other = first(run, dot), second(run, dot)
            try:
                value = call(value, other)
            except FunctionError as err:
                raise place.error(node, f"error calling {name}: {err}") from err
            return value if finish is None else finish(value, place, node, name)

        return two
    if piped is not None and not arguments:
        accept = checked(place, piped, parameter_type(function, 0), last)
        return compile_call(place, name, function, [accept], piped=None, last=last, node=node)
    return _general(place, name, function, arguments, piped=piped, last=last, node=node)


def _general(
    place: Place,
    name: str,
    function: Function,
    arguments: list[Evaluate],
    *,
    piped: Expression | None,
    last: Node | None,
    node: Node,
) -> Evaluate:
    call, finish = function.call, _finish(function)
    before = piped.evaluate if piped is not None else None
    final_type = parameter_type(function, len(arguments)) if piped is not None else ANY

    def general(run: Run, dot: Any) -> Any:
        final = before(run, dot) if before is not None else None
        values = [argument(run, dot) for argument in arguments]
        if before is not None:
            values.append(convert(place, last or run.last, final, final_type))
        try:
            value = call(run.context, *values) if function.needs_context else call(*values)
        except FunctionError as err:
            raise place.error(node, f"error calling {name}: {err}") from err
        return value if finish is None else finish(value, place, node, name)

    return general


Finish = Callable[[Any, Place, Node, str], Any]


def _finish(function: Function) -> Finish | None:
    """What is done with a result: its class, and a bound on its size; None for nothing."""
    cls = class_of(function.result)
    if cls in (bool, float) or function.result == REFLECT:
        return None
    if cls is None or cls is str or cls is dict or cls is list:
        return _bounded
    return partial(_classed, cls)


def _bounded(value: Any, place: Place, node: Node, name: str) -> Any:
    if type(value) is str:
        if len(value) > MAX_OUTPUT:
            raise place.error(node, f"error calling {name}: the text is longer than {MAX_OUTPUT} characters")
    elif isinstance(value, (list, dict)) and len(value) > _MAX_ELEMENTS:
        raise place.error(node, f"error calling {name}: more than {_MAX_ELEMENTS} elements")
    return value


def _classed(cls: type, value: Any, place: Place, node: Node, name: str) -> Any:
    """The class of a declared type; a nil slice or map is an empty one."""
    if type(value) is not cls:
        value = cls() if value is None else cls(value)
    return _bounded(value, place, node, name) if isinstance(value, (list, dict)) else value
