"""`toJson`, `toPrettyJson`, `toRawJson`: values as Go's encoding/json writes them.

Keys are sorted; `<`, `>` and `&` are escaped except by `toRawJson`; structs are written field by field.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from json.encoder import encode_basestring
from typing import Any

from events.languages.go_json import NotJson, write_float
from events.languages.go_template.functions import FunctionError, declare
from events.languages.go_values import GoError, GoObject, GoTime, type_name
from events.languages.sprig.bounds import MAX_TEXT_BYTES, Walk, check_text_bytes
from events.languages.sprig.nil_values import is_nil

_ESCAPED = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
_HTML = re.compile("[<>&\u2028\u2029\ud800-\udfff]")
_RAW = re.compile("[\u2028\u2029\ud800-\udfff]")
_RFC3339 = "2006-01-02T15:04:05.999999999Z07:00"


def json_text(value: Any, *, html: bool = True, indent: str = "") -> str:
    """A value as JSON; `indent` puts each member on a line of its own.

    Raises:
        FunctionError: Go's text for what JSON cannot hold, or the value is too deep or too large.
    """
    writer = _Writer(html=html, indent=indent)
    writer.write(value, 0)
    return "".join(writer.pieces)


class _Writer:
    def __init__(self, *, html: bool, indent: str) -> None:
        self.pieces: list[str] = []
        self._escape = _HTML if html else _RAW
        self._indent = indent
        self._size = 0
        self._walk = Walk()
        self._open: set[int] = set()

    def _add(self, text: str) -> None:
        self.pieces.append(text)
        self._size += len(text)
        if self._size > MAX_TEXT_BYTES:
            check_text_bytes(self._size)

    def write(self, value: Any, depth: int) -> None:
        if is_nil(value):
            self._add("null")
        elif isinstance(value, (dict, list)):
            self._write_container(value, depth)
        elif isinstance(value, GoObject) and not isinstance(value, int):
            self._write_object(value, depth)
        else:
            self._add(self._scalar(value))

    def _scalar(self, value: Any) -> str:
        if isinstance(value, str):
            return self._text(value)
        if value is None:
            return "null"
        if isinstance(value, (int, float)):
            return _number(value)
        if isinstance(value, bytes):
            return f'"{base64.b64encode(value).decode()}"'
        if isinstance(value, GoError):
            return "{}"  # a struct without a public field
        raise FunctionError(f"json: unsupported type: {type_name(value)}")

    def _text(self, text: str) -> str:
        quoted: str = encode_basestring(text)
        return self._escape.sub(lambda found: _ESCAPED.get(found[0], "\\ufffd"), quoted)

    def _write_container(self, value: dict[str, Any] | list[Any], depth: int) -> None:
        if id(value) in self._open:
            raise FunctionError(f"json: unsupported value: encountered a cycle via {type_name(value)}")
        self._walk.step(depth)
        self._open.add(id(value))
        if isinstance(value, dict):
            self._write_members([(name, value[name]) for name in sorted(value)], depth)
        else:
            self._write_items("[]", value, depth, lambda element: self.write(element, depth + 1))
        self._open.discard(id(value))

    def _write_members(self, members: list[tuple[str, Any]], depth: int) -> None:
        separator = ": " if self._indent else ":"

        def write_member(member: tuple[str, Any]) -> None:
            self._add(self._text(member[0]) + separator)
            self.write(member[1], depth + 1)

        self._write_items("{}", members, depth, write_member)

    def _write_items(self, brackets: str, items: list[Any], depth: int, write: Callable[[Any], None]) -> None:
        if not items:
            self._add(brackets)
            return
        line_break = "\n" + self._indent * (depth + 1) if self._indent else ""
        lead = brackets[0] + line_break
        for item in items:
            self._add(lead)
            self._walk.step(depth)
            write(item)
            lead = "," + line_break
        self._add(("\n" + self._indent * depth if self._indent else "") + brackets[1])

    def _write_object(self, value: GoObject, depth: int) -> None:
        if isinstance(value, GoTime):
            self._add(f'"{value.formatted(_RFC3339)}"')
            return
        text = value.go_string()
        if text is not None:  # a version, which writes itself
            self._add(self._text(text))
            return
        fields = [(name, getattr(value, attribute)) for name, attribute in value.go_fields.items()]
        self._write_members(fields, depth)


def _number(number: float) -> str:
    """Of a bool, a float or any kind of integer."""
    if isinstance(number, bool):
        return "true" if number else "false"
    if isinstance(number, int):
        return int.__repr__(number)
    try:
        return write_float(number).decode()
    except NotJson as err:
        raise FunctionError(str(err)) from None


def _must_to_json(value: Any) -> str:
    return json_text(value)


def _must_to_pretty_json(value: Any) -> str:
    return json_text(value, indent="  ")


def _to_raw_json(value: Any) -> str:
    return json_text(value, html=False)


def _or_empty(write: Callable[[Any], str]) -> Callable[[Any], str]:
    """What cannot be written is the empty text; our own limits are still an error."""

    def written(value: Any) -> str:
        try:
            return write(value)
        except FunctionError as err:
            if str(err).startswith("json: "):
                return ""
            raise

    return written


FUNCTIONS = {
    "toJson": declare("func(any) string", _or_empty(_must_to_json)),
    "toPrettyJson": declare("func(any) string", _or_empty(_must_to_pretty_json)),
    "toRawJson": declare("func(any) string", _to_raw_json),
    "mustToJson": declare("func(any) (string, error)", _must_to_json),
    "mustToPrettyJson": declare("func(any) (string, error)", _must_to_pretty_json),
    "mustToRawJson": declare("func(any) (string, error)", _to_raw_json),
}
