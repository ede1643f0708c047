"""How gjson reads a path: one part at a time, from the left, what stands behind it kept as text.

The same text means different things in an object and in an array (`#` counts elements or names a member), so a
part is only read when it is known where it is applied. Each reading is remembered, which makes a path compiled
after its first use. There are no errors in this language: what looks wrong means something else.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

from events.languages.gjson import tokens

MODIFIERS: Final = frozenset(
    b"pretty ugly reverse this flatten join valid keys values tostr fromstr group dig".split()
)
_REMEMBERED: Final = 4096

_BACKSLASH, _DOT, _PIPE, _HASH, _QUOTE = b'\\.|#"'
_QUERY_DEPTH: Final = {0x5B: 1, 0x28: 1, 0x5D: -1, 0x29: -1}
_OPERATORS: Final = (b"!=", b"!%", b"<=", b">=", b"==", b"<", b">", b"=", b"%")


@dataclass(frozen=True, slots=True)
class ObjectPart:
    """The first part of a path as a member's name, and what follows."""

    name: bytes
    wild: bool
    rest: bytes | None
    """What is to be looked up inside the member; None at the end of the path."""
    pipe: bytes | None
    """What is to be applied to the member as a whole; None without a pipe."""


@dataclass(frozen=True, slots=True)
class Query:
    """`#(path operator value)`: the first element that matches, or all of them."""

    path: bytes
    operator: bytes
    """Empty: the path must only exist."""
    value: bytes
    every: bool


@dataclass(frozen=True, slots=True)
class ArrayPart:
    """The first part of a path applied to an array, and what follows."""

    index: int
    """The element that is asked for; -1 for none."""
    counts: bool
    """A lone `#`: the number of elements."""
    each: bytes | None
    """`#.path`: the path that is looked up in every element."""
    query: Query | None
    rest: bytes | None
    pipe: bytes | None


def _ends_with_pipe(path: bytes, dot: int) -> bool:
    """Whether the dot at `dot` acts as a pipe: before a multipath or a known modifier."""
    following = path[dot + 1 : dot + 2]
    if following == b"@":
        stop = dot + 2
        while stop < len(path) and path[stop] not in b".|:":
            stop += 1
        return path[dot + 2 : stop] in MODIFIERS
    return following in {b"[", b"{"}


def _behind(path: bytes, at: int, *, dot_may_pipe: bool) -> tuple[bytes | None, bytes | None]:
    """What follows the separator at `at`, as (rest, pipe)."""
    if path[at] == _PIPE or (dot_may_pipe and _ends_with_pipe(path, at)):
        return None, path[at + 1 :]
    return path[at + 1 :], None


@functools.lru_cache(_REMEMBERED)
def object_part(path: bytes) -> ObjectPart:
    """Read the first part of `path` as the name of a member."""
    name = bytearray()
    wild = False
    at = 0
    while at < len(path):
        byte = path[at]
        if byte in b".|":
            rest, pipe = _behind(path, at, dot_may_pipe=True)
            return ObjectPart(bytes(name), wild, rest, pipe)
        if byte == _BACKSLASH:
            at += 1
            name += path[at : at + 1]
        else:
            # Behind an escape a wildcard is one too; an escaped one is taken for itself only if there is no other.
            wild = wild or byte in b"*?"
            name.append(byte)
        at += 1
    return ObjectPart(bytes(name), wild, None, None)


@functools.lru_cache(_REMEMBERED)
def array_part(path: bytes) -> ArrayPart:
    """Read the first part of `path` as what is wanted of an array."""
    has_hash = False
    query: Query | None = None
    each: bytes | None = None
    at = 0
    while at < len(path):
        byte = path[at]
        if byte in b".|":
            rest, pipe = _behind(path, at, dot_may_pipe=not has_hash)
            return _array_part(path[:at], each, query, rest, pipe)
        if byte == _HASH:
            has_hash = True
            following = path[at + 1 : at + 2]
            if at == 0 and following == b".":
                each = path[2:]
            elif at == 0 and following in {b"[", b"("}:
                read = read_query(path)
                if read is None:
                    query = Query(b"", b"", b"", every=False)
                    break
                query, at = read
                at -= 1
        at += 1
    return _array_part(path, each, query, None, None)


def _array_part(
    part: bytes, each: bytes | None, query: Query | None, rest: bytes | None, pipe: bytes | None
) -> ArrayPart:
    # The number wraps at 64 bits, as it does in Go.
    index = int(part) & 0xFFFF_FFFF_FFFF_FFFF if part.isdigit() else -1
    return ArrayPart(index, part == b"#", each, query, rest, pipe)


def read_query(path: bytes) -> tuple[Query, int] | None:
    """Read the query `#(...)` at the start of `path`, and the place behind its bracket; None if it never closes."""
    at, depth, mark, escaped_value = 2, 1, 0, False
    while at < len(path):
        byte = path[at]
        if depth == 1 and mark == 0 and byte in b"!=<>%":
            mark = at
        elif byte == _BACKSLASH:
            at += 1
        elif byte == _QUOTE:
            at, escaped = _quoted_end(path, at)
            escaped_value = escaped_value or escaped
        else:
            depth += _QUERY_DEPTH.get(byte, 0)
            if depth == 0:
                break
        at += 1
    if depth > 0:
        return None
    every = path[at + 1 : at + 2] == b"#"
    if mark == 0:
        return Query(trim(path[2:at]), b"", b"", every), at + 1
    operator, value = _split_operator(trim(path[mark:at]))
    if len(value) >= 2 and value[0] == value[-1] == _QUOTE:
        value = tokens.unescape(value[1:-1]) if escaped_value else value[1:-1]
    return Query(trim(path[2:mark]), operator, value, every), at + 1


def _quoted_end(path: bytes, at: int) -> tuple[int, bool]:
    """The place of the quote that closes the one at `at` (or the end), and whether a backslash was met."""
    escaped = False
    at += 1
    while at < len(path) and path[at] != _QUOTE:
        if path[at] == _BACKSLASH:
            escaped = True
            at += 1
        at += 1
    return at, escaped


def _split_operator(comparison: bytes) -> tuple[bytes, bytes]:
    if len(comparison) == 1:
        return comparison, b""
    for operator in _OPERATORS:
        if comparison.startswith(operator):
            return b"=" if operator == b"==" else operator, trim(comparison[len(operator) :])
    return b"", comparison  # a lone `!` compares nothing


def trim(text: bytes) -> bytes:
    """Without white space and control characters around it."""
    return text.strip(bytes(range(0x21)))


@functools.lru_cache(_REMEMBERED)
def split_pipe(path: bytes) -> tuple[bytes, bytes] | None:
    """Split at the first pipe that stands outside of queries; None without one."""
    if b"|" not in path:
        return None
    if path.startswith(b"{"):
        # gjson looks for the end from the second byte on and takes that byte for the opening one.
        at = tokens.quoted_or_container_end(path, 1, len(path))
        return (path[:at], path[at + 1 :]) if path[at : at + 1] == b"|" else None
    at = 0
    while at < len(path):
        byte = path[at]
        if byte == _PIPE:
            return path[:at], path[at + 1 :]
        if byte == _BACKSLASH:
            at += 1
        elif byte == _DOT and path[at + 1 : at + 2] == b"#":
            at = _selector_end(path, at + 2) if path[at + 2 : at + 3] in {b"[", b"("} else at + 2
        at += 1
    return None


def _selector_end(path: bytes, at: int) -> int:
    """The place of the bracket that closes the selector at `at`, or the end; quotes are balanced."""
    opening, closing = (b"[", b"]") if path[at] == 0x5B else (b"(", b")")
    depth = 1
    at += 1
    while at < len(path):
        byte = path[at : at + 1]
        if byte == b"\\":
            at += 1
        elif byte == opening:
            depth += 1
        elif byte == closing:
            depth -= 1
            if depth == 0:
                break
        elif byte == b'"':
            at, _ = _quoted_end(path, at)
        at += 1
    return at


@dataclass(frozen=True, slots=True)
class Selector:
    """One entry of a multipath; `name` is empty where none was given."""

    name: bytes
    path: bytes


@functools.lru_cache(_REMEMBERED)
def selectors(path: bytes) -> tuple[tuple[Selector, ...], bytes] | None:
    """The entries of the multipath at the start of `path`, and what follows it; None if it never closes."""
    found: list[Selector] = []
    depth, colon, start, at = 1, 0, 1, 1
    in_modifier = False
    while at < len(path):
        byte = path[at]
        if byte == _BACKSLASH:
            at += 1
        elif byte == 0x40:
            in_modifier = in_modifier or path[at - 1] in b".|"
        elif byte == 0x3A and not in_modifier and colon == 0 and depth == 1:
            colon = at
        elif byte == _QUOTE:
            at, _ = _quoted_end(path, at)
        elif byte in b"[({":
            depth += 1
        elif byte in b"])}" or (byte == 0x2C and depth == 1):
            depth -= byte != 0x2C
            if depth == 0 or byte == 0x2C:
                found.append(
                    Selector(path[start:colon], path[colon + 1 : at])
                    if colon
                    else Selector(b"", path[start:at])
                )
                colon, in_modifier, start = 0, False, at + 1
            if depth == 0:
                return tuple(found), path[at + 1 :]
        at += 1
    return None


def last_name(path: bytes) -> bytes:
    """The name that a multipath gives to an entry without one: the last part of its path, if it is simple."""
    at = len(path) - 1
    while at >= 0 and not (path[at] in b"|." and not (at > 0 and path[at - 1] == _BACKSLASH)):
        at -= 1
    name = path[at + 1 :]
    return b"_" if any(byte < 0x20 or byte in b"[]{}()#|!" for byte in name) else name
