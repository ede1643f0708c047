"""How values print where no format is given: `{{ .x }}`, `print`, `println`; the same as `%v`.

Maps print as `map[a:1 b:2]` with sorted keys, lists as `[1 2]`, null inside them as `<nil>`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from events.languages.go_template.errors import MAX_OUTPUT
from events.languages.go_template.floats import format_shortest
from events.languages.go_template.functions import FunctionError
from events.languages.go_values import NO_VALUE, Duration, GoError, GoObject

MAX_DEPTH = 200
"""Containers in one another that print; deeper ones are most likely a map that holds itself."""
POINTER = "0xc000012345"
"""What stands for an address: ours would say as little."""


def print_value(value: Any) -> str:
    """The text of a value: `<nil>` of nil, `<no value>` of what is not there.

    Raises:
        FunctionError: it is too long or too deep.
    """
    if type(value) is str:
        return value
    if value is NO_VALUE:
        return "<no value>"
    scalar = _scalar(value)
    if scalar is not None:
        return scalar
    parts: list[str] = []
    _Plain(parts).write(value, 0)
    return "".join(parts)


def _scalar(value: Any) -> str | None:
    kind = type(value)
    if kind is float:
        return format_shortest(value)
    if kind is bool:
        return "true" if value else "false"
    if value is None:
        return "<nil>"
    if isinstance(value, (Duration, GoError)):
        return str(value)
    if isinstance(value, int) and not isinstance(value, GoObject):
        return int.__repr__(value)
    return None


class _Plain:
    def __init__(self, parts: list[str]) -> None:
        self._parts = parts
        self._room = MAX_OUTPUT

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._room -= len(text) + 1
        if self._room < 0:
            raise FunctionError(f"a value prints longer than {MAX_OUTPUT} characters")

    def write(self, value: Any, depth: int) -> None:
        if type(value) is str:
            self._add(value)
            return
        scalar = _scalar(value)
        if scalar is not None:
            self._add(scalar)
        elif depth > MAX_DEPTH:
            raise FunctionError(f"a value nests deeper than {MAX_DEPTH}")
        elif isinstance(value, dict):
            self._write_map(value, depth)
        elif isinstance(value, (list, bytes)):
            self._add("[")
            for index, element in enumerate(value):
                if index:
                    self._add(" ")
                self.write(element, depth + 1)
            self._add("]")
        else:
            self._write_other(value, depth)

    def _write_map(self, value: dict[str, Any], depth: int) -> None:
        self._add("map[")
        for index, name in enumerate(sorted(value)):
            self._add(f" {name}:" if index else f"{name}:")
            self.write(value[name], depth + 1)
        self._add("]")

    def _write_other(self, value: Any, depth: int) -> None:
        if isinstance(value, complex):
            self._add(format_complex(value))
        elif isinstance(value, GoObject):
            self._write_object(value, depth)
        else:
            raise TypeError(f"{type(value).__name__} is no class of a Go value")

    def _write_object(self, value: GoObject, depth: int) -> None:
        text = value.go_string()
        if text is not None:
            self._add(text)
        elif value.go_kind == "ptr" and depth:
            self._add(POINTER)
        else:
            self._add("&{" if value.go_kind == "ptr" else "{")
            for index, attribute in enumerate(value.go_fields.values()):
                if index:
                    self._add(" ")
                self.write(getattr(value, attribute), depth + 1)
            self._add("}")


def format_complex(value: complex) -> str:
    """`(1+2i)`."""
    imaginary = format_shortest(value.imag)
    return f"({format_shortest(value.real)}{'' if imaginary[0] in '+-' else '+'}{imaginary}i)"


def sprint(values: Sequence[Any]) -> str:
    """`fmt.Sprint`: a space stands between two values when neither is a string."""
    parts: list[str] = []
    after_text = True
    for value in values:
        is_text = type(value) is str
        if not is_text and not after_text:
            parts.append(" ")
        parts.append(print_value(value))
        after_text = is_text
    return "".join(parts)


def sprintln(values: Sequence[Any]) -> str:
    """`fmt.Sprintln`."""
    return " ".join(map(print_value, values)) + "\n"
