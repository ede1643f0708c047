"""JSON of values: `toJSON` (two spaces, as `json.MarshalIndent`), `toJson` (compact), `fromJSON`."""

from __future__ import annotations

import base64
from typing import Any, Final

from events.languages.expr.errors import Fault
from events.languages.expr.values import MAX_LOOKED_AT, SLICES, NilList, as_bytes, type_of
from events.languages.go_json import NotJson, read_json, write_json
from events.languages.go_values import GoObject, GoTime
from events.languages.sprig.json_faults import find_fault

_LAYOUT: Final = "2006-01-02T15:04:05.999999999Z07:00"


def read_value(text: str) -> Any:
    """The value of a JSON text. Raises Fault."""
    raw = as_bytes(text)
    try:
        return read_json(raw, as_floats=True)
    except NotJson as error:
        fault = find_fault(raw)
        raise Fault(fault or str(error), quoted=fault or "") from None


def compact_json(value: Any) -> str:
    """Keys sorted, no spaces. Raises Fault."""
    try:
        return write_json(_Plain().of(value)).decode()
    except NotJson as error:
        raise Fault(str(error)) from None


def indented_json(value: Any) -> str:
    """Keys sorted, two spaces a level. Raises Fault."""
    pieces: list[str] = []
    try:
        _indent(_Plain().of(value), "\n", pieces)
    except NotJson as error:
        raise Fault(str(error)) from None
    return "".join(pieces)


class _Plain:
    """Makes values into those that JSON has; counts them, since lists may hold one another many times over."""

    def __init__(self) -> None:
        self._count = 0

    def of(self, value: Any) -> Any:  # noqa: PLR0911 - one line a class
        self._count += 1
        if self._count > MAX_LOOKED_AT:
            raise Fault("memory budget exceeded")
        found = type(value)
        if found is str:
            return value if value.isascii() else as_bytes(value).decode("utf-8", "replace")
        if found is bytes:
            return base64.b64encode(value).decode()
        if found is NilList:
            return None
        if found in SLICES:
            return [self.of(each) for each in value]
        if isinstance(value, dict):
            return {self.of(name): self.of(member) for name, member in value.items()}
        if isinstance(value, GoTime):
            return value.formatted(_LAYOUT)
        if isinstance(value, GoObject):
            if value.go_kind != "int":
                raise Fault(f"json: unsupported type: {type_of(value)}")
            return getattr(value, "number", 0)
        return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _indent(value: Any, line: str, pieces: list[str]) -> None:
    """`line` is a line break with the spaces of the level."""
    if isinstance(value, list) and value:
        for index, each in enumerate(value):
            pieces.append(f"{',' if index else '['}{line}  ")
            _indent(each, line + "  ", pieces)
        pieces.append(f"{line}]")
    elif isinstance(value, dict) and value:
        for index, name in enumerate(sorted(value)):
            pieces.append(f"{',' if index else '{'}{line}  {write_json(name).decode()}: ")
            _indent(value[name], line + "  ", pieces)
        pieces.append(f"{line}}}")
    else:
        pieces.append(write_json(value).decode())
