"""Defaults and flow: what stands in for an empty value, and choosing between two."""

from __future__ import annotations

from typing import Any, NoReturn

from events.languages.go_template.functions import FunctionError, declare
from events.languages.go_values import is_true


def _default(fallback: Any, *given: Any) -> Any:
    return given[0] if given and is_true(given[0]) else fallback


def _empty(value: Any) -> bool:
    return not is_true(value)


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if is_true(value)), None)


def _all(*values: Any) -> bool:
    return all(map(is_true, values))


def _any(*values: Any) -> bool:
    return any(map(is_true, values))


def _ternary(if_true: Any, if_false: Any, condition: bool) -> Any:  # noqa: FBT001 - sprig's order of arguments
    return if_true if condition else if_false


def _fail(message: str) -> NoReturn:
    raise FunctionError(message)


FUNCTIONS = {
    "default": declare("func(any, ...any) any", _default),
    "empty": declare("func(any) bool", _empty),
    "coalesce": declare("func(...any) any", _coalesce),
    "all": declare("func(...any) bool", _all),
    "any": declare("func(...any) bool", _any),
    "ternary": declare("func(any, any, bool) any", _ternary),
    "fail": declare("func(string) (string, error)", _fail),
    "hello": declare("func() string", lambda: "Hello!"),
}
