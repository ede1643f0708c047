"""Expressions inside of `[?(...)]` and `[(...)]`: comparisons and arithmetic on paths that begin with `@` or `$`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from events.languages.jsonpath.errors import JsonPathError, Missing
from events.languages.jsonpath.steps import Search, walk

if TYPE_CHECKING:
    from events.languages.jsonpath.path import Reader

Compute = Callable[[Search, Any], Any]

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"true|false|null")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_LEVELS = (("||",), ("&&",), ("==", "!=", "<=", ">=", "<", ">"), ("+", "-"), ("*", "/", "%"))
_NOT_BUILT = ("===", "=~", "=")


def is_true(value: Any) -> bool:
    """Nothing, zero and what is empty are false."""
    return bool(value)


class ExpressionReader:
    """Reads one expression out of the text of a path."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read(self) -> Compute:
        """The expression up to the bracket that closes it, which is left. Raises JsonPathError."""
        return self._level(0)

    def _operator(self, level: int) -> str:
        self._reader.skip_spaces()
        rest = self._reader.rest(3)
        found = next((operator for operator in _LEVELS[level] if rest.startswith(operator)), "")
        if level == 2 and (not found or found == "=="):
            unknown = next((operator for operator in _NOT_BUILT if rest.startswith(operator)), "")
            if (unknown and unknown != "=") or (unknown and not found):
                raise self._reader.fault(f"operator {unknown} is not known")
        return found

    def _level(self, level: int) -> Compute:
        if level == len(_LEVELS):
            return self._unary()
        left = self._level(level + 1)
        links: list[tuple[str, Compute]] = []
        while operator := self._operator(level):
            self._reader.take(len(operator))
            links.append((operator, self._level(level + 1)))
        if not links:
            return left

        def chain(search: Search, value: Any) -> Any:
            found = left(search, value)
            for operator, right in links:
                found = _OPERATIONS[operator](found, right(search, value))
            return found

        return chain

    def _unary(self) -> Compute:
        reader = self._reader
        reader.skip_spaces()
        char = reader.rest(1)
        if char == "!":
            raise reader.fault("operator ! is not known")
        if char == "-":
            reader.take(1)
            inner = self._unary()
            return lambda search, value: -_number(inner(search, value))
        if char == "(":
            with reader.deeper():
                reader.take(1)
                inner = self._level(0)
                reader.skip_spaces()
                reader.expect(")")
            return inner
        if char in {"@", "$"} and char:
            with reader.deeper():
                reader.take(1)
                steps = tuple(reader.steps(in_expression=True))
            is_root = char == "$"
            return lambda search, value: walk(search, search.root if is_root else value, steps)
        return self._literal()

    def _literal(self) -> Compute:
        reader = self._reader
        if reader.rest(1) in {"'", '"'}:
            text = reader.quoted()
            return lambda _search, _value: text
        if found := reader.match(_NUMBER):
            number = float(found)
            return lambda _search, _value: number
        if found := reader.match(_WORD):
            return lambda _search, _value: _WORDS[found]
        if reader.rest(1) in {"[", "{"} and reader.rest(1):
            container = _floats(reader.json())
            return lambda _search, _value: container
        raise reader.fault("an expression needs a value here")


def read_json_prefix(text: str) -> tuple[Any, int]:
    """The JSON list or object at the start of `text`, and its length. Raises JsonPathError."""
    depth, in_text, at = 0, False, 0
    while at < len(text):
        char = text[at]
        if in_text:
            at += char == "\\"
            in_text = char != '"'
        elif char == '"':
            in_text = True
        else:
            depth += (char in "[{") - (char in "]}")
            if depth == 0:
                break
        at += 1
    try:
        return orjson.loads(text[: at + 1]), at + 1
    except orjson.JSONDecodeError:
        raise JsonPathError("a list or an object in an expression is JSON") from None


def _floats(value: Any) -> Any:
    if isinstance(value, list):
        return [_floats(each) for each in value]
    if isinstance(value, dict):
        return {name: _floats(member) for name, member in value.items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _number(value: Any) -> float:
    if isinstance(value, float):
        return value
    raise Missing("a number is needed")


def same(left: Any, right: Any) -> bool:
    """Equal by type and content."""
    return type(left) is type(right) and bool(left == right)


def _divided(left: Any, right: Any) -> float:
    upper, lower = _number(left), _number(right)
    if not lower:
        raise Missing("division by zero")
    # Whole numbers stay whole, cut towards zero.
    return float(math.trunc(upper / lower)) if upper.is_integer() and lower.is_integer() else upper / lower


def _remainder(left: Any, right: Any) -> float:
    upper, lower = _number(left), _number(right)
    if not lower:
        raise Missing("division by zero")
    return math.fmod(upper, lower)


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "||": lambda left, right: is_true(left) or is_true(right),
    "&&": lambda left, right: is_true(left) and is_true(right),
    "==": same,
    "!=": lambda left, right: not same(left, right),
    "<=": lambda left, right: _number(left) <= _number(right),
    ">=": lambda left, right: _number(left) >= _number(right),
    "<": lambda left, right: _number(left) < _number(right),
    ">": lambda left, right: _number(left) > _number(right),
    "+": lambda left, right: _number(left) + _number(right),
    "-": lambda left, right: _number(left) - _number(right),
    "*": lambda left, right: _number(left) * _number(right),
    "/": _divided,
    "%": _remainder,
}
