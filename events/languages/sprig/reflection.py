"""Types and kinds of values as Go names them: `float64`, `map[string]interface {}`, `slice`."""

from __future__ import annotations

from typing import Any

from events.languages.go_template.functions import declare
from events.languages.go_values import kind_of, type_name
from events.languages.sprig.equality import deep_equal


def _type_is(wanted: str, value: Any) -> bool:
    return type_name(value) == wanted


def _type_is_like(wanted: str, value: Any) -> bool:
    """Also a pointer to the wanted type."""
    return type_name(value) in (wanted, f"*{wanted}")


def _kind_is(wanted: str, value: Any) -> bool:
    return kind_of(value) == wanted


FUNCTIONS = {
    "typeOf": declare("func(any) string", type_name),
    "typeIs": declare("func(string, any) bool", _type_is),
    "typeIsLike": declare("func(string, any) bool", _type_is_like),
    "kindOf": declare("func(any) string", kind_of),
    "kindIs": declare("func(string, any) bool", _kind_is),
    "deepEqual": declare("func(any, any) bool", deep_equal),
}
