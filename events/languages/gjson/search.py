"""Looking a path up in JSON bytes, the way gjson does it: from the left, no tree, the first hit wins.

An object with the same key twice is searched on when the first one has not the rest of the path. Text that is not
JSON gives an answer too, whatever gjson would say; nothing here fails, except when a path would multiply the
document (`[@this,@this]|[@this,@this]|...`): the work is bounded in proportion to the document.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from events.languages.gjson import modifiers, syntax, tokens
from events.languages.gjson.comparison import compare
from events.languages.gjson.result import (
    MISSING,
    NO_ENDS,
    VALUE_START,
    Kind,
    PathError,
    Result,
    next_value,
    parse,
    scan_value,
)
from events.languages.gjson.validity import is_valid
from events.languages.gjson.wildcard import matches

if TYPE_CHECKING:
    from events.languages.gjson.modifiers import View
    from events.languages.gjson.result import Ends
    from events.languages.gjson.syntax import ArrayPart, Query

# What one path may cost, in bytes looked at or built; a lookup in a small element costs as much as a long text.
# Sixty parts that each see the whole document stay far below it.
_WORK_PER_BYTE: Final = 512
_WORK_AT_LEAST: Final = 4 * 1024 * 1024
_WORK_PER_LOOKUP: Final = 128

_OPEN = re.compile(rb"[{\[]")
# A member's key and all that stands before its value; fails at a closing bracket or a key that never ends.
_MEMBER = re.compile(rb'[^"}]*+"([^"\\]*+(?:\\.[^"\\]*+)*+)"[^' + VALUE_START + rb"]*+", re.DOTALL)
_KEY_OR_CLOSE = re.compile(rb'["}]')
_BEFORE_ELEMENT = re.compile(rb"[^" + VALUE_START + rb"\]]*+")
_JSON_SPACE: Final = b" \t\r\n"
_CLOSE_ARRAY: Final = 0x5D


class _Lookup:
    """One path on one text: where it stands, and what was found so far."""

    __slots__ = ("buf", "computed", "end", "ends", "pipe", "start", "value")

    def __init__(self, buf: bytes, start: int, end: int, ends: Ends) -> None:
        self.buf = buf
        self.ends = ends
        self.start = start
        self.end = end
        self.value = MISSING
        self.pipe: bytes | None = None
        self.computed = False

    def offset(self, value: Result) -> int:
        """Where `value` stands in this text; 0 if it is not a part of it."""
        inside = value.buf is self.buf and value.end > value.start and self.start <= value.start < self.end
        return value.start - self.start if inside else 0


def lookup(raw: bytes, path: bytes) -> Result:
    """What `path` finds in `raw`.

    Raises:
        PathError: the answer would take more work than a document of this size is granted.
    """
    try:
        return Evaluation(len(raw)).get(raw, 0, len(raw), path)
    except RecursionError as err:
        raise PathError("the path or the document is nested too deeply") from err


class Evaluation:
    """The lookups that one path needs, nested ones included, with the work they may still do."""

    __slots__ = ("_ends", "_mapped", "work_left")

    def __init__(self, size: int) -> None:
        self.work_left = _WORK_AT_LEAST + _WORK_PER_BYTE * size
        self._mapped: View = (b"", 0, 0)
        self._ends: Ends = NO_ENDS

    def ends_in(self, buf: bytes) -> Ends:
        """The ends of containers that are known of this buffer."""
        return self._ends if buf is self._mapped[0] else NO_ENDS

    def map_containers(self, view: View) -> Ends:
        """Find all ends of containers in `view`, for a modifier that goes down into every one of them."""
        buf, start, end = self._mapped
        if view[0] is not buf or view[1] < start or view[2] > end:
            self._mapped = view
            self._ends = tokens.all_container_ends(*view)
        return self._ends

    def spend(self, work: int) -> None:
        """Account for `work` bytes."""
        self.work_left -= work
        if self.work_left < 0:
            raise PathError("the path multiplies the document: what it builds or reads again is too large")

    def get(self, buf: bytes, start: int, end: int, path: bytes) -> Result:
        """What `path` finds between `start` and `end`."""
        self.spend(end - start + _WORK_PER_LOOKUP)
        if len(path) > 1:
            first = path[0]
            if first in b"@!":
                found = self._prefixed(buf, start, end, path)
                if found is not None:
                    return found
            elif first in b"[{":
                found, path = self._multipath(buf, start, end, path)
                if found is not None:
                    return found
        return self._get_plain(_Lookup(buf, start, end, self.ends_in(buf)), path)

    def _get_plain(self, at: _Lookup, path: bytes) -> Result:
        if path.startswith(b".."):
            self._in_array(at, at.start, path[2:])
        else:
            opening = _OPEN.search(at.buf, at.start, at.end)
            if opening is not None:
                search = self._in_object if opening[0] == b"{" else self._in_array
                search(at, opening.end(), path)
        value = at.value
        if at.pipe is not None:
            value = self.get_from(value, at.pipe)
            if value.exists:
                value.index = 0
        elif value.end > value.start and not at.computed:
            value.index = at.offset(value)
        return value

    def get_from(self, value: Result, path: bytes) -> Result:
        """What `path` finds in a value that was found before; places count from where that one's do."""
        found = self.get(value.buf, value.start, value.end, path)
        if found.indexes is not None:
            found.indexes = [index + value.index for index in found.indexes]
        elif found.exists:
            found.index += value.index
        return found

    def _prefixed(self, buf: bytes, start: int, end: int, path: bytes) -> Result | None:
        """Carry out the modifier or literal at the start of the path; None if it is neither."""
        split = modifiers.split_modifier(path) if path[0] == 0x40 else modifiers.split_literal(path)
        if split is None:
            return None
        name, argument, rest = split
        view: View = (argument, 0, len(argument))
        if name:
            view = modifiers.apply(name, (buf, start, end), argument, self)
            self.spend(view[2] - view[1])
        if rest[:1] not in {b"|", b"."}:
            return parse(*view)
        found = self.get(*view, rest[1:])
        if found.exists:
            found.index = 0
            found.indexes = None
        return found

    def _multipath(self, buf: bytes, start: int, end: int, path: bytes) -> tuple[Result | None, bytes]:
        """Build the array or object that a multipath describes; or give back the path that remains to be read."""
        split = syntax.selectors(path)
        if split is None:
            return None, b""
        entries, rest = split
        if rest and rest[0] not in b"|.":
            return None, rest
        items: list[bytes] = []
        for entry in entries:
            found = self.get(buf, start, end, entry.path)
            if not found.exists:
                continue
            items.append(found.raw if path[0] == 0x5B else _member_name(entry) + b":" + found.raw)
            self.spend(len(items[-1]))
        built = (b"[%b]" if path[0] == 0x5B else b"{%b}") % b",".join(items)
        result = Result(Kind.JSON, built, 0, len(built))
        if rest:
            result = self.get_from(result, rest[1:])
            if result.exists:
                result.index = 0
        return result, b""

    def _in_object(self, at: _Lookup, i: int, path: bytes) -> tuple[int, bool]:
        """Search the members from `i` on; where the search ended, and whether it is over."""
        part = syntax.object_part(path)
        if part.pipe is not None:
            at.pipe = part.pipe
        buf, end, name, rest = at.buf, at.end, part.name, part.rest
        while i < end:
            member = _MEMBER.match(buf, i, end)
            if member is None:
                mark = _KEY_OR_CLOSE.search(buf, i, end)
                closed = mark is not None and mark[0] == b"}"
                return (mark.end() if mark is not None and closed else end), False
            i = member.end()
            if i >= end:
                return end, False
            key = member[1]
            if b"\\" in key:
                key = tokens.unescape(key)
            matched = matches(key, name) if part.wild else key == name
            if matched and rest is not None and buf[i] in b"{[":
                search = self._in_object if buf[i] == 0x7B else self._in_array
                i, done = search(at, i + 1, rest)
            else:
                kind, stop = scan_value(buf, i, end, at.ends)
                if stop < 0:
                    return end, False
                done = matched and rest is None
                if done:
                    at.value = Result(kind, buf, i, min(stop, end))
                i = stop
            if done:
                return i, True
        return i, False

    def _in_array(self, at: _Lookup, i: int, path: bytes) -> tuple[int, bool]:
        """Search the elements from `i` on; where the search ended, and whether it is over."""
        part = syntax.array_part(path)
        if part.pipe is not None:
            at.pipe = part.pipe
        if part.query is not None:
            return self._query(at, i, part, part.query)
        if part.counts:
            return self._every_element(at, i, part)
        buf, end, wanted, rest = at.buf, at.end, part.index, part.rest
        position = 0
        while i <= end:
            i = _skip_to_element(buf, i, end)
            if i >= end or buf[i] == _CLOSE_ARRAY:
                return i + 1, False
            if position == wanted and rest is not None and buf[i] in b"{[":
                search = self._in_object if buf[i] == 0x7B else self._in_array
                i, done = search(at, i + 1, rest)
            else:
                kind, stop = scan_value(buf, i, end, at.ends)
                if stop < 0:
                    return end, False
                done = position == wanted and rest is None
                if done:
                    at.value = Result(kind, buf, i, min(stop, end))
                i = stop
            if done:
                return i, True
            position += 1
        return i, False

    def _every_element(self, at: _Lookup, i: int, part: ArrayPart) -> tuple[int, bool]:
        """`#` counts the elements, `#.path` collects what the path finds in each."""
        buf, end = at.buf, at.end
        elements: list[Result] = []
        while True:
            before = i
            i = _skip_to_element(buf, i, end)
            if i >= end or buf[i] == _CLOSE_ARRAY:
                break
            kind, stop = scan_value(buf, i, end, at.ends)
            if stop < 0 or stop > end:
                return end, False
            elements.append(Result(kind, buf, i, stop))
            i = stop
        if part.each is None:
            count = b"%d" % len(elements)
            at.value = Result(Kind.NUMBER, count, 0, len(count))
            at.computed = True
            return i + 1, True
        behind = _behind_last_comma(buf, before, end)
        if behind is not None:
            elements.append(behind)
        self._collect(at, elements, part.each)
        return i + 1, True

    def _collect(self, at: _Lookup, elements: list[Result], path: bytes) -> None:
        split = syntax.split_pipe(path)
        if split is not None:
            path, at.pipe = split
        raws: list[bytes] = []
        indexes: list[int] = []
        for element in elements:
            if element.kind is Kind.JSON:
                element.index = element.start - at.start
            found = self.get_from(element, path)
            if found.exists:
                raws.append(found.raw)
                indexes.append(found.index)
                self.spend(len(raws[-1]))
        built = b"[%b]" % b",".join(raws)
        at.value = Result(Kind.JSON, built, 0, len(built))
        at.value.indexes = indexes

    def _query(self, at: _Lookup, i: int, part: ArrayPart, query: Query) -> tuple[int, bool]:
        """`#(...)` gives the first element that matches, `#(...)#` all of them."""
        buf, end, rest = at.buf, at.end, part.rest
        split = None if rest is None else syntax.split_pipe(rest)
        raws: list[bytes] = []
        indexes: list[int] = []
        while i <= end:
            i = _skip_to_element(buf, i, end)
            if i >= end or buf[i] == _CLOSE_ARRAY:
                if query.every and not at.value.exists:
                    built = b"[%b]" % b",".join(raws)
                    at.value = Result(Kind.JSON, built, 0, len(built))
                    at.value.indexes = indexes or None
                return i + 1, False
            kind, stop = scan_value(buf, i, end, at.ends)
            if stop < 0:
                return end, False
            element = Result(kind, buf, i, min(stop, end))
            i = stop
            if not self._is_match(element, query):
                continue
            found = element
            if rest is not None:
                if split is not None:
                    rest, at.pipe = split
                found = self.get_from(element, rest)
            if not query.every:
                at.value = found
                return i, True
            raw = found.raw
            if raw:
                raws.append(raw)
                self.spend(len(raw))
                indexes.append(found.index + element.start - at.start)
        return i, False

    def _is_match(self, element: Result, query: Query) -> bool:
        if element.kind is Kind.JSON:
            return compare(self.get_from(element, query.path), query)
        return not query.path and compare(element, query)


def _skip_to_element(buf: bytes, i: int, end: int) -> int:
    found = _BEFORE_ELEMENT.match(buf, i, end)
    return end if found is None else found.end()


def _behind_last_comma(buf: bytes, i: int, end: int) -> Result | None:
    """What gjson takes for one more element where an array ends in a comma: the next value behind it."""
    while i < end and buf[i] in _JSON_SPACE:
        i += 1
    return None if i >= end or buf[i] == _CLOSE_ARRAY else next_value(buf, i, end)[1]


def _member_name(entry: syntax.Selector) -> bytes:
    if not entry.name:
        return tokens.quote(syntax.last_name(entry.path))
    if entry.name[0] == tokens.QUOTE and is_valid(entry.name, None):
        return entry.name
    return tokens.quote(entry.name)
