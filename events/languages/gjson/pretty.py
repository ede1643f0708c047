"""White space in JSON texts: all of it (`@pretty`) or none (`@ugly`).

Only what a path may ask for: arrays of scalars go on one line while they fit, keys may be sorted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from events.languages.gjson import tokens
from events.languages.gjson.result import VALUE_START, PathError
from events.languages.gjson.validity import is_valid
from events.languages.go_numbers import parse_float

if TYPE_CHECKING:
    from collections.abc import Mapping

    from events.languages.gjson.result import Result

_STRING_OR_SPACE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\x00-\x20]++', re.DOTALL)
_ANY_VALUE = re.compile(rb"[" + VALUE_START + rb"]")
_SPACE = re.compile(rb"[\x00-\x20]*+")
_NUMBER_TAIL = re.compile(rb"[^\x00-\x20,:\]}]*+")
_NOT_SPACE = re.compile(r"[^ \t\n\r]+")
_WORDS: Final = {0x74: b"true", 0x66: b"false", 0x6E: b"null"}
MAX_DEPTH: Final = 128
"""How deep a modifier goes down into a document; real payloads stay below 30."""

_ONE_LINE_AT_LEAST: Final = 3
_RANK: Final = {0x6E: 0, 0x66: 1, 0x22: 3, 0x74: 4, 0x5B: 5, 0x7B: 5}
_RANK_OF_NUMBERS: Final = 2


def ugly(text: bytes) -> bytes:
    """`text` without white space between its tokens."""
    return _STRING_OR_SPACE.sub(lambda found: found[0] if found[0][:1] == b'"' else b"", text)


def pretty(text: bytes, options: Mapping[str, Result], max_bytes: int) -> bytes:
    """`text` with an element on each line; `options`: `width`, `indent`, `prefix`, `sortKeys`.

    Raises:
        PathError: nested deeper than `MAX_DEPTH`, or the result is longer than `max_bytes`.
    """
    printer = _Printer(text, max_bytes)
    if "width" in options:
        printer.width = _whole_number(options["width"])
    if "indent" in options:
        printer.indent = _NOT_SPACE.sub("", options["indent"].text()).encode()
    if "prefix" in options:
        printer.prefix = _NOT_SPACE.sub("", options["prefix"].text()).encode()
    printer.sort_keys = "sortKeys" in options and options["sortKeys"].truth()
    return printer.print()


def _whole_number(value: Result) -> int:
    if value.kind.value == "True":
        return 1
    number = (parse_float(value.text()) or 0.0) if value.kind.value in {"Number", "String"} else 0.0
    return int(max(-1e9, min(number, 1e9)))


@dataclass(slots=True)
class _Printer:
    text: bytes
    max_bytes: int
    width: int = 80
    prefix: bytes = b""
    indent: bytes = b"  "
    sort_keys: bool = False
    out: bytearray = field(default_factory=bytearray)
    line_start: int = 0

    def print(self) -> bytes:
        self.out += self.prefix
        self._value(0, 0, None)
        if self.out:
            self.out += b"\n"
        return bytes(self.out)

    def _value(self, at: int, level: int, limit: int | None) -> tuple[int, bool]:
        """Print the next value from `at` on; the place behind it, and whether it fits on a line up to `limit`."""
        found = _ANY_VALUE.search(self.text, at)
        if found is None:
            return len(self.text), True
        at = found.start()
        byte = self.text[at]
        if byte == tokens.QUOTE:
            return self._copy(at, tokens.quoted_or_container_end(self.text, at, len(self.text)))
        if byte in b"{[":
            return self._container(at, level, limit)
        if byte in _WORDS and not (byte == 0x6E and self.text[at + 1 : at + 2] not in {b"u", b""}):
            self.out += _WORDS[byte]
            return at + len(_WORDS[byte]), True
        tail = _NUMBER_TAIL.match(self.text, at + 1)
        return self._copy(at, len(self.text) if tail is None else tail.end())

    def _copy(self, at: int, stop: int) -> tuple[int, bool]:
        self.out += self.text[at:stop]
        return stop, True

    def _container(self, at: int, level: int, limit: int | None) -> tuple[int, bool]:
        if level > MAX_DEPTH:
            raise PathError(f"@pretty goes down {MAX_DEPTH} levels, the document is nested deeper")
        if limit is not None:
            return (at, False) if self.text[at] == 0x7B else self._one_line(at, level, limit)
        room = self.width - (len(self.out) - self.line_start)
        if self.width > 0 and self.text[at] == 0x5B and room > _ONE_LINE_AT_LEAST:
            before = len(self.out)
            stop, fits = self._one_line(at, level, before + room)
            if fits and len(self.out) - before <= room:
                return stop, True
            del self.out[before:]
        return self._many_lines(at, level), True

    def _one_line(self, at: int, level: int, limit: int) -> tuple[int, bool]:
        """Print an array on one line; gives up at an object, or behind `limit` bytes of output."""
        text = self.text
        self.out += b"["
        at = _skip_space(text, at + 1)
        first = True
        while at < len(text):
            if len(self.out) > limit:
                return at, False
            if text[at] == 0x5D:
                self.out += b"]"
                return at + 1, True
            if not first:
                self.out += b", "
            first = False
            at, fits = self._value(at, level + 1, limit)
            if not fits:
                return at, False
            at = _skip_space(text, at)
        return at, True

    def _many_lines(self, at: int, level: int) -> int:
        text, out = self.text, self.out
        in_object = text[at] == 0x7B
        out.append(text[at])
        at = _skip_space(text, at + 1)
        members: list[tuple[bytes, int, int]] = []
        while at < len(text):
            if text[at] == (0x7D if in_object else 0x5D):
                if members:
                    if in_object and self.sort_keys:
                        self._sort(members)
                    self._new_line(level)
                out.append(text[at])
                return at + 1
            if not in_object or text[at] == tokens.QUOTE:
                if members:
                    out += b","
                begins = len(out)
                self._new_line(level + 1)
                # The library counts the line's own break as its first byte, but not behind an array's comma.
                self.line_start += bool(members) and not in_object
                at, key = self._key(at) if in_object else (at, b"")
                at, _ = self._value(at, level + 1, None)
                members.append((key, begins, len(out)))
            else:
                at += 1
            at = _skip_space(text, at)
        return at

    def _key(self, at: int) -> tuple[int, bytes]:
        stop = tokens.quoted_or_container_end(self.text, at, len(self.text))
        key = self.text[at:stop]
        self.out += key + b": "
        return stop, key

    def _new_line(self, level: int) -> None:
        self.line_start = len(self.out)
        if self.line_start > self.max_bytes:
            raise PathError("@pretty makes too much of the document")
        self.out += b"\n" + self.prefix + self.indent * level

    def _sort(self, members: list[tuple[bytes, int, int]]) -> None:
        begins = members[0][1]
        printed = [(key, bytes(self.out[start:stop])) for key, start, stop in members]
        printed.sort(
            key=lambda member: (_plain(member[0]), _rank(member[1].strip()[len(member[0]) + 1 :].strip()))
        )
        self.out[begins:] = b",".join(line for _, line in printed)


def _skip_space(text: bytes, at: int) -> int:
    space = _SPACE.match(text, at)
    return len(text) if space is None else space.end()


def _plain(quoted: bytes) -> bytes:
    if b"\\" not in quoted:
        return quoted[1:-1]
    return tokens.unescape(quoted[1:-1]) if is_valid(quoted, None) else b""


def _rank(value: bytes) -> tuple[int, float, bytes]:
    """Equal keys are ordered by their values: null, false, numbers, strings, true, containers."""
    rank = _RANK.get(value[0], _RANK_OF_NUMBERS) if value else 0
    if rank == _RANK_OF_NUMBERS:
        return rank, parse_float(value.decode("latin-1")) or 0.0, b""
    return rank, 0.0, _plain(value) if value[:1] == b'"' else value
