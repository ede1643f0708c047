"""The modifiers (`@keys`, `@flatten:{"deep":true}`) and literals (`!"text"`) of a path.

A modifier takes a JSON text and gives one back; what it cannot use it mostly gives back as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from events.languages.gjson import syntax, tokens
from events.languages.gjson.pretty import MAX_DEPTH, pretty, ugly
from events.languages.gjson.result import NO_ENDS, Kind, PathError, Result, next_value, parse
from events.languages.gjson.validity import is_valid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from events.languages.gjson.result import Ends
    from events.languages.gjson.search import Evaluation

View = tuple[bytes, int, int]
"""A text inside a buffer: (buffer, start, end)."""

_WORDS: Final = frozenset({b"true", b"false", b"null", b"nan", b"inf"})


def split_modifier(path: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Name, argument and what follows of the modifier at the start of `path`; None if there is no such modifier."""
    at = 1
    while at < len(path) and path[at] not in b":|.":
        at += 1
    name, rest = path[1:at], path[at:]
    if name not in syntax.MODIFIERS:
        return None
    if rest[:1] != b":":
        return name, b"", rest
    rest = rest[1:]
    stop = _argument_end(rest)
    return name, rest[:stop], rest[stop:]


def _argument_end(text: bytes) -> int:
    if text[:1] in {b"{", b"[", b'"'}:
        return tokens.quoted_or_container_end(text, 0, len(text))
    at = 0
    while at < len(text) and text[at] != 0x7C:
        at = tokens.quoted_or_container_end(text, at, len(text)) if text[at] in b'{["(' else at + 1
    return at


def split_literal(path: bytes) -> tuple[bytes, bytes, bytes] | None:
    """An empty name, the constant at the start of `path` and what follows; None if it is none."""
    body = path[1:]
    if body[0] in b'{["+-0123456789':
        stop = min(tokens.container_end(body, 0, len(body)), len(body))
        return b"", body[:stop], body[stop:]
    at = 0
    while at < len(body) and body[at] not in b"|.":
        at += 1
    return (b"", body[:at], body[at:]) if body[:at].lower() in _WORDS else None


def apply(name: bytes, view: View, argument: bytes, evaluation: Evaluation) -> View:
    """The text that the modifier `name` makes of `view`."""
    return _MODIFIERS[name](view, argument, evaluation)


def _whole(text: bytes) -> View:
    return text, 0, len(text)


def _text(view: View) -> bytes:
    return view[0][view[1] : view[2]]


def _is(value: Result, bracket: bytes) -> bool:
    return value.kind is Kind.JSON and value.buf[value.start : value.start + 1] == bracket


def items(value: Result, ends: Ends = NO_ENDS) -> Iterator[tuple[Result | None, Result]]:
    """Keys (None in an array) and values of a container, as gjson walks it; a scalar gives itself."""
    if value.kind is not Kind.JSON:
        if value.exists:
            yield None, value
        return
    buf, end = value.buf, value.end
    in_object = buf[value.start] == 0x7B
    at = value.start + 1
    while at < end:
        key = None
        if in_object:
            at = buf.find(b'"', at, end)
            closed = -1 if at < 0 else tokens.string_end(buf, at, end)
            if closed < 0:
                return
            key = Result(Kind.STRING, buf, at, closed)
            at = closed
        at, element = next_value(buf, at, end, ends)
        if element is None:
            return
        yield key, element
        at += 1  # what stands directly behind a value is not looked at: the comma


def _option(argument: bytes, name: str) -> bool:
    chosen = False
    for key, value in items(parse(*_whole(argument))):
        if key is not None and key.text() == name:
            chosen = value.truth()
    return chosen


def _this(view: View, _argument: bytes, _evaluation: Evaluation) -> View:
    return view


def _valid(view: View, _argument: bytes, _evaluation: Evaluation) -> View:
    return view if is_valid(_text(view), None) else _whole(b"")


def _pretty(view: View, argument: bytes, evaluation: Evaluation) -> View:
    options = {key.text(): value for key, value in items(parse(*_whole(argument))) if key is not None}
    return _whole(pretty(_text(view), options, evaluation.work_left))


def _ugly(view: View, _argument: bytes, _evaluation: Evaluation) -> View:
    return _whole(ugly(_text(view)))


def _reverse(view: View, _argument: bytes, _evaluation: Evaluation) -> View:
    value = parse(*view)
    if value.kind is not Kind.JSON:
        return view
    pairs = [e.raw if key is None else key.raw + b":" + e.raw for key, e in items(value)]
    return _whole((b"[%b]" if _is(value, b"[") else b"{%b}") % b",".join(reversed(pairs)))


def _unwrap(text: bytes) -> bytes:
    text = syntax.trim(text)
    return text[1:-1] if len(text) >= 2 and text[0] in b"[{" else text


def _flatten(view: View, argument: bytes, evaluation: Evaluation) -> View:
    value = parse(*view)
    if not _is(value, b"["):
        return view
    if not _option(argument, "deep"):
        return _whole(_flattened(value, NO_ENDS, None))
    return _whole(_flattened(value, evaluation.map_containers(view), 0))


def _flattened(value: Result, ends: Ends, depth: int | None) -> bytes:
    """The elements of the array, those of arrays inside it among them; `depth` is None if no deeper."""
    if depth is not None:
        _check_depth(depth, b"flatten")
    parts: list[bytes] = []
    for _, element in items(value, ends):
        if not _is(element, b"["):
            part = element.raw
        else:
            part = _unwrap(element.raw if depth is None else _flattened(element, ends, depth + 1))
        part = part.strip()
        if part:
            parts.append(part)
    return b"[%b]" % b",".join(parts)


def _check_depth(depth: int, name: bytes) -> None:
    if depth > MAX_DEPTH:
        raise PathError(f"@{name.decode()} goes down {MAX_DEPTH} levels, the document is nested deeper")


def _keys(view: View, _argument: bytes, _evaluation: Evaluation) -> View:
    names = [b"null" if key is None else key.raw for key, _ in items(parse(*view))]
    return _whole(b"[%b]" % b",".join(names))


def _values(view: View, _argument: bytes, _evaluation: Evaluation) -> View:
    value = parse(*view)
    if _is(value, b"["):
        return view
    return _whole(b"[%b]" % b",".join(element.raw for _, element in items(value)))


def _join(view: View, argument: bytes, _evaluation: Evaluation) -> View:
    value = parse(*view)
    if not _is(value, b"["):
        return view
    objects = [element for _, element in items(value) if _is(element, b"{")]
    if _option(argument, "preserve"):
        return _whole(b"{%b}" % b",".join(_unwrap(element.raw) for element in objects))
    merged: dict[bytes, tuple[bytes, bytes]] = {}
    for element in objects:
        for key, member in items(element):
            if key is not None:
                name = key.string()
                merged[name] = (merged[name][0] if name in merged else key.raw), member.raw
    return _whole(b"{%b}" % b",".join(written + b":" + raw for written, raw in merged.values()))


def _tostr(view: View, _argument: bytes, _evaluation: Evaluation) -> View:
    return _whole(tokens.quote(_text(view)))


def _fromstr(view: View, _argument: bytes, _evaluation: Evaluation) -> View:
    return _whole(parse(*view).string() if is_valid(_text(view), None) else b"")


def _group(view: View, _argument: bytes, evaluation: Evaluation) -> View:
    value = parse(*view)
    if not _is(value, b"{"):
        return _whole(b"")
    rows: list[list[bytes]] = []
    for key, column in items(value):
        if key is None or not _is(column, b"["):
            continue
        for row, (_, element) in enumerate(items(column)):
            if row == len(rows):
                rows.append([])
            rows[row].append(key.raw + b":" + element.raw)
            evaluation.spend(len(rows[row][-1]))  # a long key is repeated in each row
    return _whole(b"[%b]" % b",".join(b"{%b}" % b",".join(row) for row in rows))


def _dig(view: View, path: bytes, evaluation: Evaluation) -> View:
    """All that `path` finds, in the document and in everything below it."""
    found: list[bytes] = []
    ends = evaluation.map_containers(view)

    def descend(value: Result, depth: int) -> None:
        _check_depth(depth, b"dig")
        hit = evaluation.get(value.buf, value.start, value.end, path)
        if hit.exists:
            found.append(hit.raw)
            evaluation.spend(len(found[-1]))
        if value.kind is Kind.JSON:
            for _, element in items(value, ends):
                descend(element, depth + 1)

    descend(parse(*view), 0)
    return _whole(b"[%b]" % b",".join(found))


_MODIFIERS: Final[dict[bytes, Callable[[View, bytes, Evaluation], View]]] = {
    b"dig": _dig,
    b"this": _this,
    b"valid": _valid,
    b"pretty": _pretty,
    b"ugly": _ugly,
    b"reverse": _reverse,
    b"flatten": _flatten,
    b"keys": _keys,
    b"values": _values,
    b"join": _join,
    b"tostr": _tostr,
    b"fromstr": _fromstr,
    b"group": _group,
}
