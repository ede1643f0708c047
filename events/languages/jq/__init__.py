"""jq as gojq 0.12.19 understands it (spec-sensors 4.1), interpreted here: the C library differs in too much.

    program = compile_program(".body | {ref, by: .sender.login}")
    program.transform(event.data, now_s=1764000000.0)        # new data, as bytes

Regular expressions are RE2, integers are exact, keys have no order but the alphabet's. There is no environment, no
input but the event, no module. A program may run for ever: it belongs into a process that can be killed
(`sensors.sandbox`). Differences from gojq: docs/reference/differences/jq.md.
"""

from __future__ import annotations

import math

from events.languages.go_json import NotJson, read_json, write_json
from events.languages.jq.arithmetic import FUNCTIONS as _ARITHMETIC
from events.languages.jq.compile import Compiler
from events.languages.jq.encoding import type_name
from events.languages.jq.errors import Broken, JqError
from events.languages.jq.parser import number, parse
from events.languages.jq.tokens import tokenize
from events.languages.jq.values import Guard, Inexact

__all__ = ["JqError", "Program", "compile_program"]

_NOT_AN_OBJECT = "jq transformation output must be a JSON object"
_NO_OUTPUT = "no output available from the jq command execution"
_TOO_DEEP = "the program calls itself too deeply"
_NUMBER_MAKERS = (
    frozenset(name for name, _arity in _ARITHMETIC)
    | set("+-*/")
    | {
        "+=",
        "-=",
        "*=",
        "/=",
        "add",
        "tonumber",
    }
)
"""Words of a program that may make an infinity or a NaN."""


_NULL: dict[str, object] = {}
"""The data `null`: an empty object that is written as null again."""


class Program:
    """A compiled program."""

    def __init__(self, text: str) -> None:
        compiler = Compiler(text)
        try:
            self._code = compiler.compile(parse(text))
        except RecursionError:
            raise JqError("the program is nested too deeply") from None
        self._now = compiler.now
        tokens = tokenize(text)
        self._is_finite = not any(
            token.text in _NUMBER_MAKERS or (token.kind == "number" and math.isinf(number(token.text)))
            for token in tokens
        )

    def transform(self, data: bytes, *, now_s: float | None) -> bytes:
        """The first output for the data, which has to be an object on both sides; compact, keys sorted.

        `now_s` is what `now` gives, seconds since 1970. Raises JqError.
        """
        Guard.is_on = True
        try:
            output = self._first(self._read(data, as_floats=False), now_s)
        except Inexact:
            Guard.is_on = False
            output = self._first(self._read(data, as_floats=True), now_s)
        finally:
            Guard.is_on = False
        if output is _NULL:
            return b"null"
        if not isinstance(output, dict):
            raise JqError(f"{_NOT_AN_OBJECT}: got {type_name(output)}")
        try:
            return write_json(output, is_finite=self._is_finite)
        except NotJson as error:
            raise JqError(str(error)) from None

    def _read(self, data: bytes, *, as_floats: bool) -> object:
        try:
            value = read_json(data, as_floats=as_floats)
        except NotJson as error:
            raise JqError(str(error)) from None
        if value is None:
            return _NULL
        if not isinstance(value, dict):
            raise JqError(f"the data must be a JSON object: got {type_name(value)}")
        return value

    def _first(self, value: object, now_s: float | None) -> object:
        self._now[0] = now_s
        try:
            for output in self._code.many(value, None):
                return output
        except JqError as error:
            raise JqError(f"{_NOT_AN_OBJECT}: {error}", error.line) from None
        except NotJson as error:
            # A value that `tojson` or an error text cannot write: nested deeper than anybody reads.
            raise JqError(f"{_NOT_AN_OBJECT}: {error}") from None
        except Broken:
            raise JqError(f"{_NOT_AN_OBJECT}: break without its label") from None
        except RecursionError:
            raise JqError(f"{_NOT_AN_OBJECT}: {_TOO_DEEP}") from None
        raise JqError(_NO_OUTPUT)


def compile_program(text: str) -> Program:
    """The program. Raises JqError with the line where something is wrong."""
    return Program(text)
