"""What Go's encoding/json says of a text that is not JSON.

Go reads byte by byte and names the first one that does not fit, and what it was doing. Where the text ends inside a
word or a number it takes a space for the next byte.
"""

from __future__ import annotations

import re
from typing import Final

from events.languages.go_template.quoting import quote

MAX_DEPTH: Final = 10_000
"""Brackets that Go opens inside one another."""

_ENDED = "unexpected end of JSON input"
_SPACE = re.compile(rb"[ \t\r\n]*")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*+')
_DIGITS = re.compile(rb"[0-9]*+")
_HEX = re.compile(rb"[0-9a-fA-F]{0,4}+")
_WORDS = {b"t"[0]: b"true", b"f"[0]: b"false", b"n"[0]: b"null"}

_VALUE = "looking for beginning of value"
_KEY = "looking for beginning of object key string"
_COLON = "after object key"
_AFTER = {
    0: "after top-level value",
    ord("["): "after array element",
    ord("{"): "after object key:value pair",
}


class _Fault(Exception):
    """The text is not JSON; the message is Go's."""


def find_fault(raw: bytes) -> str | None:
    """Go's message for a text that is not JSON; None for one that is."""
    try:
        _Reader(raw).read()
    except _Fault as fault:
        return str(fault)
    return None


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0
        self._open = bytearray((0,))
        """The brackets that are open, from the outside in."""

    def read(self) -> None:
        """One value, and nothing but white space behind it."""
        self._begin_value(may_close=False)
        while True:
            byte = self._next_byte()
            inside = self._open[-1]
            if byte is None:
                if inside:
                    raise _Fault(_ENDED)
                return
            if inside and byte == b","[0]:
                self._at += 1
                if inside == ord("{"):
                    self._key(may_close=False)
                self._begin_value(may_close=False)
            elif inside and byte == inside + 2:  # the brackets that match are two apart in ASCII
                self._close()
            else:
                raise self._invalid(_AFTER[inside])

    def _next_byte(self) -> int | None:
        """The next byte that is not white space; it is not taken."""
        self._at = self._match_end(_SPACE)
        return self._raw[self._at] if self._at < len(self._raw) else None

    def _match_end(self, pattern: re.Pattern[bytes]) -> int:
        found = pattern.match(self._raw, self._at)
        return self._at if found is None else found.end()

    def _invalid(self, doing: str) -> _Fault:
        byte = self._raw[self._at] if self._at < len(self._raw) else ord(" ")
        shown = {ord("'"): r"'\''", ord('"'): "'\"'"}.get(byte) or f"'{quote(chr(byte))[1:-1]}'"
        return _Fault(f"invalid character {shown} {doing}")

    def _close(self) -> None:
        self._at += 1
        self._open.pop()

    def _begin_value(self, *, may_close: bool) -> None:
        """A scalar, or an opening bracket and what must come next in it (as often as it nests)."""
        while True:
            byte = self._next_byte()
            if byte is None:
                raise _Fault(_ENDED)
            if byte == ord("]") and may_close:
                self._close()
                return
            if byte not in b"[{":
                self._scalar(byte)
                return
            self._at += 1
            self._open.append(byte)
            if len(self._open) > MAX_DEPTH + 1:
                raise _Fault("exceeded max depth")
            may_close = byte == ord("[")
            if not may_close and not self._key(may_close=True):
                return

    def _key(self, *, may_close: bool) -> bool:
        """A key and its colon; False if the object was closed instead."""
        byte = self._next_byte()
        if byte is None:
            raise _Fault(_ENDED)
        if byte == ord("}") and may_close:
            self._close()
            return False
        if byte != ord('"'):
            raise self._invalid(_KEY)
        self._string()
        byte = self._next_byte()
        if byte is None:
            raise _Fault(_ENDED)
        if byte != ord(":"):
            raise self._invalid(_COLON)
        self._at += 1
        return True

    def _scalar(self, byte: int) -> None:
        if byte == ord('"'):
            self._string()
        elif byte in _WORDS:
            self._word(_WORDS[byte])
        elif byte in b"-0123456789":
            self._number()
        else:
            raise self._invalid(_VALUE)

    def _word(self, word: bytes) -> None:
        for wanted in word:
            if self._raw[self._at : self._at + 1] != bytes((wanted,)):
                raise self._invalid(f"in literal {word.decode()} (expecting '{chr(wanted)}')")
            self._at += 1

    def _string(self) -> None:
        self._at += 1
        while True:
            self._at = self._match_end(_PLAIN)
            byte = self._raw[self._at : self._at + 1]
            if byte == b'"':
                self._at += 1
                return
            if not byte:
                raise _Fault(_ENDED)
            if byte != b"\\":
                raise self._invalid("in string literal")
            self._at += 1
            self._escape()

    def _escape(self) -> None:
        letter = self._raw[self._at : self._at + 1]
        if letter not in (b'"', b"\\", b"/", b"b", b"f", b"n", b"r", b"t", b"u"):
            raise self._invalid("in string escape code")
        self._at += 1
        if letter == b"u":
            end = self._match_end(_HEX)
            if end < self._at + 4:
                self._at = end
                raise self._invalid(r"in \u hexadecimal character escape")
            self._at = end

    def _digits(self, doing: str) -> None:
        end = self._match_end(_DIGITS)
        if end == self._at:
            raise self._invalid(doing)
        self._at = end

    def _accept(self, letters: bytes) -> bool:
        taken = self._at < len(self._raw) and self._raw[self._at] in letters
        self._at += taken
        return taken

    def _number(self) -> None:
        self._accept(b"-")
        if not self._accept(b"0"):
            self._digits("in numeric literal")
        if self._accept(b"."):
            self._digits("after decimal point in numeric literal")
        if self._accept(b"eE"):
            self._accept(b"+-")
            self._digits("in exponent of numeric literal")
