"""The smallest steps over JSON bytes: where a value ends, what a string says, how one is written.

All positions are absolute in a buffer, and every step stays below a given end, so that a value inside a
document is looked at without copying it. Like gjson the steps are lenient: they never fail on text that is not
JSON, they only find an end that nobody would have expected. Every step is linear.
"""

from __future__ import annotations

import re
from typing import Final

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NUMBER_TAIL = re.compile(rb"[^\x00-\x20,\]}]*+")
_WORD_TAIL = re.compile(rb"[a-z]*+")
# Everything up to the next bracket, strings swallowed whole. Round brackets count, as they do in gjson.
_FLAT = re.compile(rb'(?:[^"\[\]{}()]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)

QUOTE: Final = 0x22
OPENING: Final = frozenset(b"[{(")
_CLOSING: Final = frozenset(b"]})")


def string_end(buf: bytes, at: int, end: int) -> int:
    """Behind the closing quote of the string that opens at `at`; -1 if it is never closed."""
    found = _STRING.match(buf, at, end)
    return -1 if found is None else found.end()


def number_end(buf: bytes, at: int, end: int) -> int:
    """Behind the number that starts at `at`: at white space, a comma or a closing bracket."""
    found = _NUMBER_TAIL.match(buf, at + 1, end)
    return end if found is None else found.end()


def word_end(buf: bytes, at: int, end: int) -> int:
    """Behind the literal (`true`, `null`) that starts at `at`: at the first byte that is no small letter."""
    found = _WORD_TAIL.match(buf, at + 1, end)
    return end if found is None else found.end()


def container_end(buf: bytes, at: int, end: int) -> int:
    """Behind the bracket that closes the one at `at`; `end` if none does.

    One more than `end` if it is a string that is never closed: gjson walks past the end there, and no longer
    sees the end of the array around it.
    """
    depth = 1
    at += 1
    while at < end:
        found = _FLAT.match(buf, at, end)
        at = end if found is None else found.end()
        if at >= end:
            return end
        byte = buf[at]
        if byte in _CLOSING:
            depth -= 1
            if depth == 0:
                return at + 1
        elif byte in OPENING:
            depth += 1
        else:
            return end + 1
        at += 1
    return end


def all_container_ends(buf: bytes, start: int, end: int) -> dict[int, int]:
    """`container_end` of every opening bracket at once, for those who come back to each of them."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    unclosed = end
    at = start
    while at < end:
        found = _FLAT.match(buf, at, end)
        at = end if found is None else found.end()
        if at >= end:
            break
        byte = buf[at]
        if byte in OPENING:
            opened.append(at)
        elif byte not in _CLOSING:
            unclosed = end + 1
            break
        elif opened:
            ends[opened.pop()] = at + 1
        at += 1
    ends.update(dict.fromkeys(opened, unclosed))
    return ends


def quoted_or_container_end(buf: bytes, at: int, end: int) -> int:
    """Behind the string or container that starts at `at`, never beyond `end`."""
    if buf[at] != QUOTE:
        return min(container_end(buf, at, end), end)
    closed = string_end(buf, at, end)
    return end if closed < 0 else closed


_HEX4 = re.compile(rb"[0-9a-fA-F]{4}")
_ESCAPE_OR_CONTROL = re.compile(rb"[\x00-\x1f\\]")
_SIMPLE_ESCAPES: Final = {
    0x22: b'"',
    0x2F: b"/",
    0x5C: b"\\",
    0x62: b"\b",
    0x66: b"\f",
    0x6E: b"\n",
    0x72: b"\r",
    0x74: b"\t",
}
_REPLACEMENT: Final = 0xFFFD


def _hex4(four: bytes) -> int:
    return int(four, 16) if _HEX4.fullmatch(four) else 0


def unescape(inner: bytes) -> bytes:
    """What the text between two quotes says, as UTF-8 (or whatever bytes stood there unescaped).

    gjson stops at a control character and at an escape that does not exist; what was read so far counts.
    """
    out: list[bytes] = []
    at = 0
    while (found := _ESCAPE_OR_CONTROL.search(inner, at)) is not None:
        mark = found.start()
        out.append(inner[at:mark])
        following = inner[mark + 1] if inner[mark] == 0x5C and mark + 1 < len(inner) else -1
        simple = _SIMPLE_ESCAPES.get(following)
        if simple is not None:
            out.append(simple)
            at = mark + 2
        elif following == 0x75 and mark + 6 <= len(inner):
            rune, at = _unicode_escape(inner, mark)
            out.append(chr(rune).encode())
        else:
            return b"".join(out)
    out.append(inner[at:])
    return b"".join(out)


def _unicode_escape(inner: bytes, mark: int) -> tuple[int, int]:
    """The code point of the escape at `mark`, and the place behind it; half a pair gives U+FFFD."""
    first = _hex4(inner[mark + 2 : mark + 6])
    at = mark + 6
    if not 0xD800 <= first <= 0xDFFF:
        return first, at
    if inner[at : at + 2] != b"\\u" or len(inner) < at + 6:
        return _REPLACEMENT, at
    second = _hex4(inner[at + 2 : at + 6])
    at += 6
    if first < 0xDC00 <= second <= 0xDFFF:
        return ((first - 0xD800) << 10 | (second - 0xDC00)) + 0x10000, at
    return _REPLACEMENT, at


_LONE = re.compile("[\udc80-\udcff]")


def to_text(raw: bytes) -> str:
    """Bytes as text; each byte that is not UTF-8 becomes U+FFFD, one by one as Go reads them."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return _LONE.sub("\ufffd", raw.decode("utf-8", "surrogateescape"))


_NEEDS_ESCAPE = re.compile('[\x00-\x1f"\\\\<>&\u2028\u2029\udc80-\udcff]')
_SHORT: Final = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    code = ord(char)
    return _SHORT.get(char) or (f"\\u{code:04x}" if code < 0xDC80 else "\\ufffd")


def quote(text: bytes) -> bytes:
    """`text` as a JSON string in the manner of Go's encoder: `<`, `>`, `&` and U+2028/9 are escaped too."""
    decoded = text.decode("utf-8", "surrogateescape")
    return b'"' + _NEEDS_ESCAPE.sub(_escape, decoded).encode() + b'"'
