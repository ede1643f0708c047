"""Writing into JSON bytes by path: sjson 1.2.5 (spec-sensors 6.3).

What a path does not touch keeps its bytes. Missing parents are made: an array where the next part is a number or
`-1`, an object otherwise. A path with `|`, `#`, `@`, `*` or `?` only writes to what it finds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from events.errors import KikkakeError
from events.languages.gjson import compile_path, tokens
from events.languages.gjson.modifiers import items
from events.languages.gjson.result import Kind, Result, loose_items, parse
from events.languages.gjson.search import lookup

MAX_FILL: Final = 100_000
"""Most nulls that are put between the end of an array and an index beyond it."""

_MAX_OVERLAPS: Final = 1000
_COMPLEX: Final = frozenset(b"|#@*?")
_NEEDS_ENCODER = re.compile(rb'[\x00-\x1f"\\\x80-\xff]')
_DOT, _BACKSLASH = b".\\"


class SetError(KikkakeError):
    """The path cannot be written to in this document."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One step of a simple path."""

    name: bytes
    lookup: bytes
    """The same as a path for gjson, escapes kept."""
    forced: bool
    """`:0` names a member, never an element."""

    @property
    def index(self) -> int | None:
        """The element that this step names, if it can name one; it wraps around as a 64-bit number does in Go."""
        if self.forced or not (self.name.isdigit() or not self.name):
            return None
        return (int(self.name or b"0") + 2**63) % 2**64 - 2**63

    @property
    def appends(self) -> bool:
        return not self.forced and self.name == b"-1"


def set_text(document: bytes, path: str, text: str) -> bytes:
    """Write `text` as a JSON string at `path`.

    Text that needs no escaping is written as it is, `<a&b>` too; with a quote, backslash, control character or
    anything beyond ASCII in it, it is written by the rules of Go's encoder, which also escapes `<`, `>` and `&`.

    Raises:
        SetError: the path is empty, or names a member of an array, or an index that is out of all proportion.
        PathError: the path is beyond the limits of gjson paths.
    """
    return set_raw(document, path, encode_text(text))


def encode_text(text: str) -> bytes:
    """`text` as the JSON string that `set_text` writes."""
    raw = text.encode("utf-8", "surrogatepass")
    return tokens.quote(raw) if _NEEDS_ENCODER.search(raw) else b'"%b"' % raw


def set_raw(document: bytes, path: str, raw: bytes) -> bytes:
    """Write the JSON text `raw` at `path`, unchecked.

    Raises:
        SetError, PathError: as `set_text`.
    """
    if not path:
        raise SetError("path cannot be empty")
    compile_path(path)  # for its limits
    encoded = path.encode("utf-8", "surrogatepass")
    parts = _simple_parts(encoded)
    if parts is None:
        return _set_found(document, encoded, raw)
    return _set(document, parts, raw)


def _simple_parts(path: bytes) -> list[_Part] | None:
    """The steps of a path; None if it searches and so cannot create."""
    parts: list[_Part] = []
    at = 0
    more = True
    while more:
        forced = path[at : at + 1] == b":"
        at += forced
        start = at
        name = bytearray()
        while at < len(path) and path[at] != _DOT:
            if path[at] == _BACKSLASH:
                at += 1
                name += path[at : at + 1]
            elif path[at] in _COMPLEX:
                return None
            else:
                name.append(path[at])
            at += 1
        parts.append(_Part(bytes(name), path[start:at], forced))
        more = at < len(path)
        at += 1
    return parts


def _set(document: bytes, parts: list[_Part], raw: bytes) -> bytes:
    found = lookup(document, parts[0].lookup)
    if found.index > 0:
        stop = found.index + found.end - found.start
        inner = _set(found.raw, parts[1:], raw) if len(parts) > 1 else raw
        return document[: found.index] + inner + document[stop:]
    container = parse(document, 0, len(document))
    if container.kind is not Kind.JSON:
        empty = b"{}" if parts[0].index is None else b"[]"
        container = Result(Kind.JSON, empty, 0, 2)
    text = container.raw
    if text.startswith(b"{"):
        closing = text.rfind(b"}", 1)
        head = text[: max(closing, 0)]
        return head + (b"," if _has_items(text) else b"") + _build_member(parts, raw) + b"}"
    return _set_element(text, parts, raw)


def _has_items(text: bytes) -> bool:
    return text[1:].lstrip(bytes(range(0x21)))[:1] not in {b"", b"}", b"]"}


def _set_element(array: bytes, parts: list[_Part], raw: bytes) -> bytes:
    """Add an element behind the end of `array`, which holds no element of that index."""
    index = parts[0].index
    value = _build(parts[1:], raw)
    if index is None:
        if not parts[0].appends:
            name = tokens.to_text(parts[0].name)
            raise SetError(f"cannot set array element for non-numeric key '{name}'")
        head = array.strip(bytes(range(0x21))).removesuffix(b"]")
        return head + (b"," if _has_items(array) else b"") + value + b"]"
    elements = [element.raw for element in loose_items(array, 0, len(array))]
    return b"[%b]" % b",".join([*elements, *_nulls(index - len(elements)), value])


def _nulls(count: int) -> list[bytes]:
    if count > MAX_FILL:
        raise SetError(f"the index is {count} elements beyond the end of the array; {MAX_FILL} are allowed")
    return [b"null"] * count


def _build_member(parts: list[_Part], raw: bytes) -> bytes:
    name = parts[0].name
    quoted = tokens.quote(name) if _NEEDS_ENCODER.search(name) else b'"%b"' % name
    return quoted + b":" + _build(parts[1:], raw)


def _build(parts: list[_Part], raw: bytes) -> bytes:
    """The value that holds `raw` below the steps `parts`."""
    if not parts:
        return raw
    if parts[0].index is not None or parts[0].appends:
        return b"[%b]" % b",".join([*_nulls(parts[0].index or 0), _build(parts[1:], raw)])
    return b"{" + _build_member(parts, raw) + b"}"


def _set_found(document: bytes, path: bytes, raw: bytes) -> bytes:
    """Write `raw` over what a searching path finds; nothing found, or nothing that has a place: no change."""
    found = lookup(document, path)
    if not found.exists:
        return document
    if found.index:
        document = _overwrite(document, found.index, found.index + found.end - found.start, raw)
    if not found.indexes:
        return document
    elements = [element for _, element in items(found)]
    if len(elements) != len(found.indexes):
        return document
    places = [(index, index + e.end - e.start) for index, e in zip(found.indexes, elements, strict=True)]
    return _replace_all(document, sorted(places, key=lambda place: -place[0]), raw)


def _replace_all(document: bytes, places: list[tuple[int, int]], raw: bytes) -> bytes:
    """Put `raw` in all `places`, from the back, so that the places before stay true."""
    limits = [len(document), *(start for start, _ in places)]
    if all(stop <= limit for (_, stop), limit in zip(places, limits, strict=False)):
        pieces: list[bytes] = []
        behind = len(document)
        for start, stop in places:
            pieces += [document[stop:behind], raw]
            behind = start
        return b"".join([document[:behind], *reversed(pieces)])
    # Nested `#` give places that mean nothing; sjson writes there all the same, and may panic.
    if len(places) > _MAX_OVERLAPS:
        raise _not_a_part()
    for start, stop in places:
        document = _overwrite(document, start, stop, raw)
    return document


def _overwrite(document: bytes, start: int, stop: int, raw: bytes) -> bytes:
    if stop > len(document):
        raise _not_a_part()
    return document[:start] + raw + document[stop:]


def _not_a_part() -> SetError:
    return SetError("what the path finds is computed, not a part of the document: it cannot be written to")
