"""Cutting and breaking text: trunc, substr, abbrev, initials, wrap.

All of them count bytes, not characters; some (of Masterminds/goutils 1.1.1) take each byte for a character of
Latin-1, so that `é` comes out as two.
"""

from __future__ import annotations

from events.languages.go_bytes import to_bytes, to_text
from events.languages.go_template.functions import FunctionError, declare
from events.languages.sprig.bounds import bounded, check_text_bytes
from events.languages.sprig.bytestrings import GO_SPACE

_MARK = b"..."


def _trunc(count: int, text: str) -> str:
    raw = to_bytes(text)
    if count < 0:
        return to_text(raw[count:]) if len(raw) + count > 0 else text
    return to_text(raw[:count]) if len(raw) > count else text


def _substr(start: int, end: int, text: str) -> str:
    raw = to_bytes(text)
    if start < 0:
        if end < 0:
            raise FunctionError(f"runtime error: slice bounds out of range [:{end}]")
        if end > len(raw):
            raise FunctionError(f"runtime error: slice bounds out of range [:{end}] with length {len(raw)}")
        return to_text(raw[:end])
    stop = len(raw) if end < 0 or end > len(raw) else end
    if start > stop:
        raise FunctionError(f"runtime error: slice bounds out of range [{start}:{stop}]")
    return to_text(raw[start:stop])


def _abbreviate(raw: bytes, offset: int, width: int) -> bytes:
    """The text shortened to `width` bytes, dots included; what stands at `offset` is kept if it can be."""
    if len(raw) <= width:
        return raw
    room = width - len(_MARK)
    offset = min(offset, len(raw))
    if len(raw) - offset < room:
        offset = len(raw) - room
    if offset <= 4:
        return raw[:room] + _MARK
    if width < 7:
        return b""
    if offset + room < len(raw):
        return _MARK + _abbreviate(raw[offset:], 0, room)
    return _MARK + raw[len(raw) - room :]


def _abbrev(width: int, text: str) -> str:
    return text if width < 4 else to_text(_abbreviate(to_bytes(text), 0, width))


def _abbrevboth(left: int, right: int, text: str) -> str:
    if right < 4 or (left > 0 and right < 7):
        return text
    return to_text(_abbreviate(to_bytes(text), left, right))


def _initials(text: str) -> str:
    return "".join(word[0] for word in _latin1_words(text))


def _nospace(text: str) -> str:
    return "".join(_latin1_words(text)) if any(byte in GO_SPACE for byte in _latin1(text)) else text


def _latin1(text: str) -> str:
    return to_bytes(text).decode("latin-1")


def _latin1_words(text: str) -> list[str]:
    mapped = "".join(" " if char in GO_SPACE else char for char in _latin1(text))
    return [word for word in mapped.split(" ") if word]


def _wrap_with(width: int, line_break: str, text: str) -> str:
    """Lines of at most `width` bytes, broken at spaces; what has no space is broken where the line is full."""
    return _wrapped(width, line_break, text, cut_long_words=True)


def _wrap(width: int, text: str) -> str:
    return _wrapped(width, "", text, cut_long_words=False)


def _wrapped(width: int, line_break: str, text: str, *, cut_long_words: bool) -> str:
    raw, separator = to_bytes(text), to_bytes(line_break) or b"\n"
    width = max(width, 1)
    lines: list[bytes] = []
    at = size = 0
    while len(raw) - at > width:
        if raw[at] == 0x20:
            at += 1
            continue
        space = raw.rfind(b" ", at, at + width + 1)
        if space >= 0:
            end, next_line = space, space + 1
        elif cut_long_words:
            end = next_line = at + width
        else:
            space = raw.find(b" ", at + width)
            if space < 0:
                break
            end, next_line = space, space + 1
        lines.append(raw[at:end])
        size += end - at + len(separator)
        check_text_bytes(size)
        at = next_line
    return bounded(to_text(separator.join([*lines, raw[at:]])))


FUNCTIONS = {
    "trunc": declare("func(int, string) string", _trunc),
    "substr": declare("func(int, int, string) string", _substr),
    "abbrev": declare("func(int, string) string", _abbrev),
    "abbrevboth": declare("func(int, int, string) string", _abbrevboth),
    "initials": declare("func(string) string", _initials),
    "nospace": declare("func(string) string", _nospace),
    "wrap": declare("func(int, string) string", _wrap),
    "wrapWith": declare("func(int, string, string) string", _wrap_with),
}
