"""What a path found: a kind and the exact bytes, everything else worked out when somebody asks."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from events.errors import KikkakeError
from events.languages.gjson import tokens
from events.languages.go_numbers import format_float, parse_bool, parse_float

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGITS = re.compile(rb"-?[0-9]*")
_SURROGATE_ESCAPE = re.compile(rb"\\(?:u([dD][89a-fA-F][0-9a-fA-F]{2})(?:\\u([0-9a-fA-F]{4}))?|.)", re.DOTALL)
_MAX_LENIENT_DEPTH: Final = 200


class PathError(KikkakeError):
    """A path is beyond our limits, or asks for more than a document of this size may cost."""


class Kind(enum.Enum):
    """What sort of JSON value; the names are those of gjson."""

    NULL = "Null"
    FALSE = "False"
    NUMBER = "Number"
    STRING = "String"
    TRUE = "True"
    JSON = "JSON"
    """An object or an array."""


_KIND_OF_BYTE: Final = {
    **dict.fromkeys(b"+-0123456789iIN", Kind.NUMBER),
    ord("{"): Kind.JSON,
    ord("["): Kind.JSON,
    ord("t"): Kind.TRUE,
    ord("f"): Kind.FALSE,
}
VALUE_START: Final = rb'"{\[ntf+\-0-9iIN'
"""The bytes with which gjson takes a value to begin; all others are skipped."""
_ANY_VALUE = re.compile(rb"[" + VALUE_START + rb"]")


class Result:
    """One value that a path found, or nothing (`exists` is False)."""

    __slots__ = ("_decoded", "_locate", "_text", "buf", "end", "exists", "index", "indexes", "kind", "start")

    def __init__(self, kind: Kind, buf: bytes, start: int, end: int) -> None:
        self.kind = kind
        self.buf = buf
        """The bytes that hold the value, from `start` to `end`."""
        self.start = start
        self.end = end
        self.exists = kind is not Kind.NULL or end > start
        self.index = 0
        """Where `raw` begins in the document; 0 when unknown. Only sjson asks."""
        self.indexes: list[int] | None = None
        """The same for every element that a path with `#` collected."""
        self._decoded: bytes | None = None
        self._text: str | None = None
        self._locate: Callable[[], Result] | None = None

    @classmethod
    def known(cls, kind: Kind, text: str, locate: Callable[[], Result]) -> Result:
        """A scalar whose text is known before its place; `locate` finds the place when `raw` is asked for."""
        result = cls(kind, b"", 0, 0)
        result.exists = True
        result._text = text
        result._locate = locate
        return result

    @property
    def raw(self) -> bytes:
        """The exact source text, white space inside it kept; empty if nothing was found."""
        if self._locate is not None:
            found = self._locate()
            self.buf, self.start, self.end = found.buf, found.start, found.end
            self._locate = None
        return self.buf[self.start : self.end]

    def text(self) -> str:
        """The string form (spec-sensors 3.8): a string's text, a number's shortest decimal, an object's raw text.

        Null and nothing are the empty string. Bytes that are not UTF-8 read as U+FFFD.
        """
        if self._text is None:
            self._text = tokens.to_text(self.string())
        return self._text

    def string(self) -> bytes:
        """The string form as bytes, as exact as the document."""
        kind = self.kind
        if kind is Kind.STRING:
            if self._decoded is None:
                self._decoded = self._decode()
            return self._decoded
        if kind is Kind.JSON:
            return self.raw
        if kind is Kind.NUMBER:
            raw = self.raw
            return raw if _DIGITS.fullmatch(raw) else format_float(self.number()).encode()
        return {Kind.TRUE: b"true", Kind.FALSE: b"false"}.get(kind, b"")

    def _decode(self) -> bytes:
        if self._locate is not None and self._text is not None:
            return self._text.encode()
        closed = tokens.string_end(self.buf, self.start, self.end) == self.end
        inner = self.buf[self.start + 1 : self.end - 1 if closed else self.end]
        return tokens.unescape(inner) if b"\\" in inner else inner

    def number(self) -> float:
        """A number's value; 0 for text that is no number to Go. Only meaningful for `Kind.NUMBER`."""
        written = self.raw.decode("latin-1") if self._text is None else self._text
        return parse_float(written) or 0.0

    def truth(self) -> bool:
        """Gjson's `Bool()`: true, a number other than 0, a string that Go's ParseBool takes for true."""
        if self.kind is Kind.STRING:
            return parse_bool(self.text().lower()) is True
        return self.kind is Kind.TRUE or (self.kind is Kind.NUMBER and self.number() != 0)

    def value(self) -> object:
        """As Go's `encoding/json` would hand it out: str, float, bool, None, dict or list; first of equal keys wins.

        Raises:
            PathError: nested deeper than can be taken apart.
        """
        if self.kind is Kind.STRING:
            return self.text()
        if self.kind is Kind.NUMBER:
            return self.number()
        if self.kind is Kind.JSON:
            return _decode_container(self.raw)
        return {Kind.TRUE: True, Kind.FALSE: False}.get(self.kind)

    def __repr__(self) -> str:
        """Kind and size only: a value may be a secret."""
        return f"<Result {self.kind.value}{'' if self.exists else ' missing'}>"


MISSING: Final = Result(Kind.NULL, b"", 0, 0)
"""What a path gives that leads nowhere."""


Ends = Mapping[int, int]
"""Where containers end, by where they begin: see `tokens.all_container_ends`. May know some or none."""
NO_ENDS: Final[Ends] = {}


def scan_value(buf: bytes, at: int, end: int, ends: Ends = NO_ENDS) -> tuple[Kind, int]:
    """Kind and end of the value that starts at `at`; the end is -1 if it is a string that is never closed."""
    byte = buf[at]
    if byte == tokens.QUOTE:
        return Kind.STRING, tokens.string_end(buf, at, end)
    kind = _KIND_OF_BYTE.get(byte, Kind.NULL)
    if kind is Kind.JSON:
        return kind, ends[at] if at in ends else tokens.container_end(buf, at, end)
    if kind is Kind.NULL and at + 1 < end and buf[at + 1] != 0x75:  # an n without u: nan
        kind = Kind.NUMBER
    if kind is Kind.NUMBER:
        return kind, tokens.number_end(buf, at, end)
    return kind, tokens.word_end(buf, at, end)


def next_value(buf: bytes, at: int, end: int, ends: Ends = NO_ENDS) -> tuple[int, Result | None]:
    """The next value at or behind `at`, whatever stands before it, and the place behind it."""
    found = _ANY_VALUE.search(buf, at, end)
    if found is None:
        return end, None
    kind, stop = scan_value(buf, found.start(), end, ends)
    if stop < 0:
        return end, None
    return stop, Result(kind, buf, found.start(), min(stop, end))


def parse(buf: bytes, start: int, end: int) -> Result:
    """The value that fills a text. An object or array takes all the rest with it, as in gjson."""
    at = start
    while at < end and buf[at] <= 0x20:
        at += 1
    if at == end:
        return MISSING
    byte = buf[at]
    if byte in b"{[":
        result = Result(Kind.JSON, buf, at, end)
    elif byte == tokens.QUOTE:
        result = Result(Kind.STRING, buf, at, tokens.quoted_or_container_end(buf, at, end))
    elif byte in _KIND_OF_BYTE or byte == 0x6E:
        kind, stop = scan_value(buf, at, end)
        result = Result(kind, buf, at, stop)
    else:
        return MISSING
    result.index = at - start
    return result


def loose_items(buf: bytes, start: int, end: int) -> list[Result]:
    """All keys and values up to the first closing bracket: how gjson takes a container apart to hand it out."""
    values: list[Result] = []
    at = start + 1
    while at < end and buf[at] not in b"]}":
        if buf[at] not in b'"{[ntf-0123456789':
            at += 1
            continue
        value = parse(buf, at, end)
        if value.kind is Kind.JSON:
            value = Result(Kind.JSON, buf, at, min(tokens.container_end(buf, at, end), end))
        elif buf[at] == 0x6E:
            value = Result(Kind.NULL, buf, at, tokens.word_end(buf, at, end))
        values.append(value)
        at = value.end
    return values


def _first_wins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        members = dict(reversed(pairs))
        # The order of the keys stays that of their first appearance.
        return {key: members[key] for key, _ in pairs}
    return members


def _mend_pair(found: re.Match[bytes]) -> bytes:
    first, second = found[1], found[2]
    if first is None:
        return found[0]
    low = int(second, 16) if second else 0
    is_pair = int(first, 16) < 0xDC00 <= low <= 0xDFFF
    return found[0] if is_pair else b"\\ufffd"


def _decode_container(raw: bytes) -> object:
    mended = raw
    if b"\\ud" in raw or b"\\uD" in raw:
        mended = _SURROGATE_ESCAPE.sub(_mend_pair, raw)
    try:
        return json.loads(tokens.to_text(mended), parse_int=float, object_pairs_hook=_first_wins)
    except ValueError:
        return _decode_leniently(raw, 0, len(raw), 0)
    except RecursionError as err:
        raise PathError("the value is nested too deeply to be taken apart") from err


def _decode_leniently(buf: bytes, start: int, end: int, depth: int) -> object:
    """A container that is not quite JSON, read as gjson does."""
    if depth > _MAX_LENIENT_DEPTH:
        raise PathError(f"the value is nested deeper than {_MAX_LENIENT_DEPTH} levels")
    values = loose_items(buf, start, end)
    plain = [
        _decode_leniently(buf, v.start, v.end, depth + 1) if v.kind is Kind.JSON else v.value()
        for v in values
    ]
    if buf[start] == 0x5B:
        return plain
    keys = [v.text() if v.kind is Kind.STRING else "" for v in values[::2]]
    return _first_wins(list(zip(keys, plain[1::2], strict=False)))
