"""Lua 5.1 with `goto` as gopher-lua 1.1.2 runs it (spec-sensors 3.7, 4.2): script filters and transforms.

LuaJIT has that dialect; where a platform's build lacks it, Lua 5.1 without `goto` takes its place. Each run has an
interpreter of its own. There are no files, no processes, no `load`; the time is that of the event. A script may run
for ever: it belongs into a process that can be killed (`sensors.sandbox`). Differences from gopher-lua:
docs/reference/differences/lua.md.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import orjson

from events.errors import KikkakeError
from events.languages.go_json import NotJson, read_json, write_json
from events.languages.go_numbers import format_float
from events.languages.lua.environment import SOURCE

try:
    from lupa import luajit21 as engine  # type: ignore[import-untyped]  # has none
except ImportError:  # not built for this platform
    from lupa import lua51 as engine

__all__ = ["HAS_GOTO", "LuaError", "OutOfMemory", "check_script", "passes", "transform"]

HAS_GOTO = engine.__name__.endswith("luajit21")
MAX_SCRIPT_BYTES = 64 * 1024
MAX_MEMORY_BYTES = 64 << 20
"""Of one run's interpreter."""
MAX_ITEMS = 1_000_000
"""Elements of one array of a result: `{[60000000] = 1}` is an array of as many nulls."""
MAX_DEPTH = 190
"""Levels of a result: a table that holds itself has no end."""

_NOT_A_TABLE = "transformation script output type is not of lua table"
_LINE = re.compile(r"<string>:([0-9]+):")


class LuaError(KikkakeError):
    """A script that cannot be read, or that failed. `line` counts from 1; 0 where no place is known."""

    def __init__(self, text: str) -> None:
        place = _LINE.search(text)
        self.line = int(place[1]) if place else 0
        super().__init__(text)


class OutOfMemory(LuaError):
    """A script wanted more memory than a run may have."""


def check_script(script: str) -> None:
    """Raises LuaError unless the script can be read. It does not run."""
    _run(script, {}, None, wants_table=None)


def passes(script: str, data: bytes, *, now_s: float | None) -> bool:
    """Whether the last value that the script returns is the boolean true; `event` is the data, an object or null.

    `now_s` is what `os.time()` gives, seconds since 1970. Raises LuaError.
    """
    return bool(_run(script, _table_of(data), now_s, wants_table=False))


def transform(script: str, data: bytes, *, now_s: float | None) -> bytes:
    """The table that the script returns last, as JSON: compact, keys sorted. Raises LuaError."""
    text: str = _run(script, _table_of(data), now_s, wants_table=True)
    value = orjson.loads(text.encode("latin-1").decode("utf-8", "replace"))
    try:
        return write_json(_with_number_keys(value), is_finite=True)
    except NotJson as error:
        raise LuaError(str(error)) from None


def _table_of(data: bytes) -> dict[str, Any]:
    try:
        value = read_json(data, as_floats=False)
    except NotJson as error:
        raise LuaError(str(error)) from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise LuaError(f"the data must be a JSON object: got {type(value).__name__}")
    try:
        return _members(value)
    except RecursionError:
        raise LuaError("the data is nested too deeply") from None


def _members(value: dict[str, Any]) -> dict[str, Any]:
    """As upstream hands an object to Lua: nulls are left away."""
    members = {}
    for name, member in value.items():
        if member is not None:
            members[_bytes_text(name)] = _handed(member)
    return members


def _handed(member: Any) -> Any:
    kind = type(member)
    if kind is str:
        return _bytes_text(member)
    if kind is dict:
        return _members(member)
    if kind is list:
        # Nulls and arrays directly in arrays are left away, and what follows moves up.
        return [_handed(each) for each in member if each is not None and type(each) is not list]
    return float(member) if kind is int else member


def _bytes_text(text: str) -> str:
    """Lua's strings are bytes; the interpreter is told that they are Latin-1."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("latin-1")


def _run(script: str, table: dict[str, Any], now_s: float | None, *, wants_table: bool | None) -> Any:
    if len(script.encode("utf-8", "replace")) > MAX_SCRIPT_BYTES:
        raise LuaError(f"the script is longer than {MAX_SCRIPT_BYTES} bytes")
    try:
        lua = engine.LuaRuntime(
            encoding="latin-1",
            unpack_returned_tuples=True,
            register_eval=False,
            register_builtins=False,
            max_memory=MAX_MEMORY_BYTES,
        )
        run = lua.execute(SOURCE, now_s or 0.0, now_s is not None, MAX_ITEMS, MAX_DEPTH)
        lua.globals()["event"] = lua.table_from(table, recursive=True)
        outcome = run(_bytes_text(script), wants_table)
    except (engine.LuaMemoryError, MemoryError):
        raise OutOfMemory(f"the script wanted more than {MAX_MEMORY_BYTES >> 20} MiB of memory") from None
    except engine.LuaError as error:
        raise LuaError(_readable(str(error))) from None
    return _result(outcome)


def _result(outcome: Any) -> Any:
    stage, result = outcome if isinstance(outcome, tuple) else (outcome, None)
    if stage == "ok":
        return result
    if stage == "type":
        raise LuaError(f"{_NOT_A_TABLE}: got {result}")
    text = _readable(result)
    if text.endswith("not enough memory"):
        raise OutOfMemory(f"the script wanted more than {MAX_MEMORY_BYTES >> 20} MiB of memory")
    raise LuaError(text)


def _readable(text: str) -> str:
    return text.encode("latin-1", "replace").decode("utf-8", "replace")


def _with_number_keys(value: Any) -> Any:
    """All numbers as floats, and the keys as Go prints them."""
    if isinstance(value, dict):
        return {_key(name): _with_number_keys(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_number_keys(member) for member in value]
    if type(value) is int:
        return float(value)
    return value


def _key(name: str) -> str:
    """The environment marks keys that were numbers, and texts that look like its mark."""
    if not name.startswith("\x01"):
        return name
    return _go_number(float(name[2:])) if name[1] == "n" else name[2:]


def _go_number(number: float) -> str:
    """As `fmt.Sprint` prints a float64: with an exponent below 1e-4 and from 1e6 on."""
    if not math.isfinite(number):
        return format_float(number)
    if number == 0 or 1e-4 <= abs(number) < 1e6:
        return format_float(number)
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    text = "".join(map(str, digits))
    power = int(exponent) + len(digits) - 1
    mantissa = text[0] + (f".{text[1:]}" if text[1:] else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
