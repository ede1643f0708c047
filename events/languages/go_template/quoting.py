"""Go's quoted strings and characters: `strconv.Quote`, `Unquote` and their kin."""

from __future__ import annotations

import re

_NAMED = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v"}
_SIMPLE = {letter: char for char, letter in _NAMED.items()} | {"\\": "\\"}
_NUMERIC = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))|\\(.)|([^\\])", re.DOTALL
)
_PLAIN = re.compile(r"[ !#-\[\]-~]*")


class BadQuoting(ValueError):
    """A quoted text that Go cannot read."""


def quote(text: str, *, ascii_only: bool = False) -> str:
    """The text as a Go string literal in double quotes (`strconv.Quote`, `QuoteToASCII`)."""
    if _PLAIN.fullmatch(text):
        return f'"{text}"'
    return '"' + "".join(_escape(char, '"', ascii_only) for char in text) + '"'


def quote_rune(rune: int, *, ascii_only: bool = False) -> str:
    """A character literal in single quotes (`strconv.QuoteRune`); U+FFFD for what is no character."""
    return f"'{_escape(to_char(rune), chr(39), ascii_only)}'"


def to_char(rune: int) -> str:
    """The character of a code point, U+FFFD where it is none."""
    return chr(rune) if 0 <= rune < 0xD800 or 0xE000 <= rune <= 0x10FFFF else "\ufffd"


def can_backquote(text: str) -> bool:
    """Whether the text can stand between backquotes on one line."""
    return not any(
        char in "`\x7f\ufeff" or (char < " " and char != "\t") or "\ud800" <= char <= "\udfff"
        for char in text
    )


def is_printable(char: str) -> bool:
    """Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space."""
    return char.isprintable()


def _escape(char: str, delimiter: str, ascii_only: bool) -> str:  # noqa: FBT001 - private, one caller each
    if char in (delimiter, "\\"):
        return "\\" + char
    code = ord(char)
    if is_printable(char) and (code < 0x80 or not ascii_only):
        return char
    if char in _NAMED:
        return "\\" + _NAMED[char]
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unquote(literal: str) -> str:
    """The value of a string literal in double quotes or backquotes.

    Raises:
        BadQuoting: an escape that Go does not know, or no literal at all.
    """
    inside = literal[1:-1]
    if len(literal) < 2 or literal[0] != literal[-1]:
        raise BadQuoting("invalid syntax")
    if literal[0] == "`":
        return inside.replace("\r", "")
    if "\\" not in inside:
        return inside
    raw = bytearray()
    at = 0
    while at < len(inside):
        unit, at = _unit(inside, at, '"')
        raw += unit.encode("utf-8", "surrogateescape") if isinstance(unit, str) else bytes((unit,))
    return raw.decode("utf-8", "surrogateescape")


def unquote_char(literal: str) -> int:
    """The code point of a character literal, such as `'a'`.

    Raises:
        BadQuoting: empty, an escape that Go does not know, or more than one character.
    """
    inside = literal[1:]
    if inside[:1] in ("", "'"):
        raise BadQuoting("invalid syntax")
    unit, at = _unit(inside, 0, "'")
    if inside[at:] != "'":
        raise BadQuoting(f"malformed character constant: {literal}")
    if isinstance(unit, int):
        return unit
    return 0xFFFD if "\udc80" <= unit <= "\udcff" else ord(unit)


def _unit(text: str, at: int, delimiter: str) -> tuple[str | int, int]:
    """The character, or the byte (an int), that stands at `at`, and where the next begins."""
    found = _NUMERIC.match(text, at)
    if found is None:
        raise BadQuoting("invalid syntax")
    byte, short, long, octal, letter, plain = found.groups()
    if plain is not None:
        return plain, found.end()
    if letter is not None:
        char = _SIMPLE.get(letter) or (letter if letter == delimiter else None)
        if char is None:
            raise BadQuoting("invalid syntax")
        return char, found.end()
    if byte is not None:
        return int(byte, 16), found.end()
    code = int(octal, 8) if octal is not None else int(short or long, 16)
    if octal is not None:
        if code > 255:
            raise BadQuoting("invalid syntax")
        return code, found.end()
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise BadQuoting("invalid syntax")
    return chr(code), found.end()
