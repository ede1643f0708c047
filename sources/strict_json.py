"""JSON bodies: accepted by fast parsers, refused with a position and never with content (spec: bad-input 2).

orjson decides what it accepts. What it refuses is judged again by a scanner of our own, because orjson also
refuses two things that are JSON (lone surrogates, huge exponents) and knows no limit of ours.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import msgspec
import orjson

from sources.delivery import Rejected

MAX_DEPTH = 64
MAX_DIGITS = 4300
"""Python's own limit for integers: longer ones take quadratic time wherever they are read as numbers."""
_SCANNED_BYTES = 262_144
"""The scanner runs at about 5 MB/s: above this size the fast parser's own position has to do."""

_TOKEN = re.compile(
    rb"""[ \t\r\n]*(?:
        (?P<mark>[{}\[\],:])
      | (?P<text>"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*")
      | (?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
      | (?P<word>true|false|null)
    )""",
    re.VERBOSE,
)
_CHECKER = msgspec.json.Decoder(msgspec.Raw)
"""Looks at the grammar only; UTF-8 is checked beside it."""
_BLANK = re.compile(rb"[ \t\r\n]*")
_DIGITS = frozenset(b"0123456789")
_AS_ROUND = bytes.maketrans(b"{}[]", b"()()")
_NO_MARKS = bytes(set(range(256)) - set(b'{}[]"'))


class _Fault(Exception):
    def __init__(self, position: int, what: str) -> None:
        self.position = position
        self.what = what
        super().__init__(what)


def check_json(body: bytes) -> None:
    """As `read_json` for who needs no value: nothing is built. Raises Rejected 400."""
    try:
        _CHECKER.decode(body)
        if not body.isascii():
            body.decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        read_json(body)
    else:
        _check_limits(body)


def read_json(body: bytes) -> Any:
    """The value of a body in which equal keys are taken as they are. Raises Rejected 400."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return _second_opinion(body, error)
    _check_limits(body)
    return value


def read_strict_json(body: bytes) -> Any:
    """As `read_json`, and equal keys in one object are refused too."""
    value = read_json(body)
    try:
        json.loads(body, object_pairs_hook=_without_duplicates)
    except _Fault as fault:
        _refuse(body, _scan_fault(body, duplicates_are_faults=True) or fault)
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise _Fault(0, "duplicate key")


def _second_opinion(body: bytes, error: orjson.JSONDecodeError) -> Any:
    if len(body) > _SCANNED_BYTES and "surrogate" not in error.msg:
        _refuse(body, _Fault(len(body.decode("utf-8", "replace")[: error.pos].encode()), "not valid JSON"))
    if fault := _scan_fault(body):
        _refuse(body, fault)
    return json.loads(body)


def _check_limits(body: bytes) -> None:
    """Refuse valid JSON that is deeper or has longer numbers than anybody should have to read."""
    if _is_too_deep(body):
        _refuse(body, _scan_fault(body) or _Fault(0, f"nested more than {MAX_DEPTH} levels"))
    if _may_hold_long_number(body) and (fault := _scan_fault(body)):
        _refuse(body, fault)


def _is_too_deep(body: bytes) -> bool:
    """Whether valid JSON nests more than MAX_DEPTH levels: the brackets outside strings, one level a round."""
    if b"\\" in body:
        body = body.replace(rb"\\", b"").replace(rb"\"", b"")
    marks = body.translate(_AS_ROUND, _NO_MARKS)
    # Two quotes side by side are a string without brackets, or the end of one string and the beginning of the next:
    # without them the rest is inside or outside of strings as before.
    marks = marks.replace(b'""', b"")
    if b'"' in marks:
        marks = b"".join(marks.split(b'"')[::2])
    for level in range(MAX_DEPTH):
        if len(marks) <= 2 * (MAX_DEPTH - level):
            return False
        marks = marks.replace(b"()", b"")
    return bool(marks)


def _may_hold_long_number(body: bytes) -> bool:
    # A run of 4,301 digits covers at least one of these places, wherever it starts.
    return any(body[place] in _DIGITS for place in range(MAX_DIGITS, len(body), MAX_DIGITS + 1))


def _refuse(body: bytes, fault: _Fault) -> NoReturn:
    line = body.count(b"\n", 0, fault.position) + 1
    column = fault.position - body.rfind(b"\n", 0, fault.position)
    raise Rejected(400, "bad-json", "Body is not valid JSON", f"line {line} column {column}: {fault.what}")


def _scan_fault(body: bytes, *, duplicates_are_faults: bool = False) -> _Fault | None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return _Fault(error.start, "not valid UTF-8")
    try:
        _Scanner(body, duplicates_are_faults=duplicates_are_faults).run()
    except _Fault as fault:
        return fault
    return None


class _Scanner:
    """Walks over the tokens of one value. What may come next is a small set of words."""

    def __init__(self, body: bytes, *, duplicates_are_faults: bool) -> None:
        self._body = body
        self._duplicates_are_faults = duplicates_are_faults
        self._open: list[set[str] | None] = []
        """One entry per open container: the keys of an object, None for a list."""
        self._wanted = "value"

    def run(self) -> None:
        position = 0
        while self._wanted != "end":
            match = _TOKEN.match(self._body, position)
            if match is None:
                raise _Fault(*self._unreadable(position))
            self._take(match)
            position = match.end()
        end = _BLANK.match(self._body, position)
        if end is not None and end.end() != len(self._body):
            raise _Fault(end.end(), "more text after the value")

    def _unreadable(self, position: int) -> tuple[int, str]:
        blank = _BLANK.match(self._body, position)
        start = blank.end() if blank else position
        if start == len(self._body):
            return start, "the text ends too early"
        return start, "a string that is not closed" if self._body[
            start : start + 1
        ] == b'"' else "unexpected text"

    def _take(self, match: re.Match[bytes]) -> None:
        kind = match.lastgroup or ""
        start = match.start(kind)
        token = match[kind]
        if kind == "mark":
            self._take_mark(token, start)
        elif self._wanted in {"key", "key or end"} and kind == "text":
            self._take_key(token, start)
        elif self._wanted in {"value", "value or end"}:
            if kind == "number" and len(token) > MAX_DIGITS:
                raise _Fault(start, f"a number of more than {MAX_DIGITS} digits")
            self._after_value()
        else:
            raise _Fault(start, f"expected {self._wanted}")

    def _take_key(self, token: bytes, start: int) -> None:
        keys = self._open[-1]
        if self._duplicates_are_faults and keys is not None:
            key = json.loads(token)
            if key in keys:
                raise _Fault(start, "duplicate key")
            keys.add(key)
        self._wanted = "colon"

    def _take_mark(self, mark: bytes, start: int) -> None:
        inside_object = bool(self._open) and self._open[-1] is not None
        if mark in b"{[" and self._wanted in {"value", "value or end"}:
            if len(self._open) == MAX_DEPTH:
                raise _Fault(start, f"nested more than {MAX_DEPTH} levels")
            self._open.append(set() if mark == b"{" else None)
            self._wanted = "key or end" if mark == b"{" else "value or end"
        elif mark == b":" and self._wanted == "colon":
            self._wanted = "value"
        elif mark == b"," and self._wanted == "comma or end":
            self._wanted = "key" if inside_object else "value"
        elif mark == (b"}" if inside_object else b"]") and self._open and self._wanted.endswith("or end"):
            self._open.pop()
            self._after_value()
        else:
            raise _Fault(start, f"expected {self._wanted}")

    def _after_value(self) -> None:
        self._wanted = "comma or end" if self._open else "end"
