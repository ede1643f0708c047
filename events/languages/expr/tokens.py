"""Words of expr: an expression cut into tokens, with the place of each.

The reading is that of expr 1.15.5: no back-quoted strings, `not` and the operator behind it are two tokens, and a
number may be written in a form (`0o17`, `0b1`) that the parser then refuses.
"""

from __future__ import annotations

import enum
import re
from typing import Final, NamedTuple

from events.languages.expr.errors import Fault
from events.languages.go_template.quoting import quote


class Kind(enum.StrEnum):
    """As error messages name them."""

    IDENTIFIER = "Identifier"
    NUMBER = "Number"
    STRING = "String"
    OPERATOR = "Operator"
    BRACKET = "Bracket"
    END = "EOF"


class Token(NamedTuple):
    """One word. `at` is an offset in characters; `value` of a string is what it stands for."""

    kind: Kind
    value: str
    at: int

    def __str__(self) -> str:
        return f"{self.kind}({quote(self.value)})" if self.value else str(self.kind)


_SPACE: Final = frozenset(
    "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_PREFIX: Final = re.compile(r"(?:0[xX](?P<hex>)|0[oO](?P<octal>)|0[bB](?P<binary>))?", re.ASCII)
_DIGITS: Final = {
    "hex": frozenset("0123456789abcdefABCDEF_"),
    "octal": frozenset("01234567_"),
    "binary": frozenset("01_"),
    "": frozenset("0123456789_"),
}
_WORD_OPERATORS: Final = frozenset(
    {"in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let"}
)
_NEGATABLE: Final = frozenset({"in", "matches", "contains", "startsWith", "endsWith"})
_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_ESCAPE_DIGITS: Final = {"x": 2, "u": 4, "U": 8}
_MAX_CODE_POINT: Final = 0x10FFFF
_MAX_RUNE: Final = 0x7FFFFFFF


def is_word_start(char: str) -> bool:
    """Whether a name may begin with the character."""
    return char.isalpha() or char in {"_", "$"}


def is_word(char: str) -> bool:
    """Whether a name may hold the character."""
    return char.isalpha() or char.isdecimal() or char in {"_", "$"}


def tokenize(text: str) -> list[Token]:
    """All tokens of `text`, closed by one of kind END. Raises Fault."""
    return _Lexer(text).run()


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._tokens: list[Token] = []

    def run(self) -> list[Token]:
        text = self._text
        while self._at < len(text):
            self._one(text[self._at])
        # The library points at the last character, not behind it.
        self._tokens.append(Token(Kind.END, "", max(len(text) - 1, 0)))
        return self._tokens

    def _one(self, char: str) -> None:
        if char in _SPACE:
            self._at += 1
        elif char in {"'", '"'}:
            self._string(char)
        elif "0" <= char <= "9":
            self._number(self._at)
        elif char == "/":
            self._slash()
        elif char == "#":
            self._pointer()
        elif char in "([{)]}":
            self._emit(Kind.BRACKET, self._at + 1)
        elif char in "?|,:;%+-^&!=*<>":
            self._operator(char)
        elif char == ".":
            self._dot()
        elif is_word(char):
            self._word()
        else:
            raise Fault(f"unrecognized character: {_code_point(char)}", self._at + 1)

    def _emit(self, kind: Kind, end: int) -> None:
        self._tokens.append(Token(kind, self._text[self._at : end], self._at))
        self._at = end

    def _peek(self, at: int) -> str:
        return self._text[at : at + 1]

    def _run(self, at: int, allowed: frozenset[str]) -> int:
        while at < len(self._text) and self._text[at] in allowed:
            at += 1
        return at

    def _operator(self, char: str) -> None:
        second = {"?": ".?", "|": "|"}.get(char, "&=*" if char in "&!=*<>" else "")
        following = self._peek(self._at + 1)
        self._emit(Kind.OPERATOR, self._at + 1 + bool(following and following in second))

    def _dot(self) -> None:
        following = self._peek(self._at + 1)
        if following and following in "0123456789":
            self._number(self._at + 1)
        else:
            self._emit(Kind.OPERATOR, self._at + 1 + (following == "."))

    def _word_end(self, at: int) -> int:
        while at < len(self._text) and is_word(self._text[at]):
            at += 1
        return at

    def _word(self) -> None:
        end = self._word_end(self._at)
        word = self._text[self._at : end]
        if word != "not":
            self._emit(Kind.OPERATOR if word in _WORD_OPERATORS else Kind.IDENTIFIER, end)
            return
        self._emit(Kind.OPERATOR, end)
        self._at = self._run(self._at, frozenset(" "))
        end = self._word_end(self._at)
        if self._text[self._at : end] in _NEGATABLE:
            self._emit(Kind.OPERATOR, end)

    def _pointer(self) -> None:
        self._emit(Kind.OPERATOR, self._at + 1 + (self._peek(self._at + 1) == "#"))
        end = self._word_end(self._at)
        if end > self._at:
            self._emit(Kind.IDENTIFIER, end)

    def _number(self, start: int) -> None:
        """`start` is behind the point of `.5`, where reading begins anew: `.5.5` is one word."""
        found = _PREFIX.match(self._text, start)
        digits = _DIGITS[(found.lastgroup or "") if found else ""]
        end = self._run(found.end() if found else start, digits)
        if self._peek(end) == "." and self._peek(end + 1) != ".":
            end = self._run(end + 1, digits)
            end = self._exponent(end, digits)
        elif self._peek(end) != ".":
            end = self._exponent(end, digits)
        else:
            self._emit(Kind.NUMBER, end)  # `1..2` is a range
            return
        if end < len(self._text) and is_word(self._text[end]):
            raise Fault(f"bad number syntax: {quote(self._text[self._at : end + 1])}", end + 1)
        self._emit(Kind.NUMBER, end)

    def _exponent(self, end: int, digits: frozenset[str]) -> int:
        if self._peek(end) not in {"e", "E"}:
            return end
        end += 1
        if self._peek(end) in {"+", "-"}:
            end += 1
        return self._run(end, digits)

    def _slash(self) -> None:
        following = self._peek(self._at + 1)
        if following == "/":
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end + 1
        elif following == "*":
            end = self._text.find("*/", self._at + 2)
            if end < 0:
                # A star at the very end was tried as the closing one, and the place stays before it.
                starred = len(self._text) > self._at + 2 and self._text.endswith("*")
                raise Fault("unclosed comment", len(self._text) - starred)
            self._at = end + 2
        else:
            self._emit(Kind.OPERATOR, self._at + 1)

    def _string(self, mark: str) -> None:
        start = self._at
        at = start + 1
        while (char := self._peek(at)) != mark:
            if char in {"", "\n"}:
                raise Fault("literal not terminated", at + len(char))
            at = self._escape_end(at + 1, mark) if char == "\\" else at + 1
        value = _unescape(self._text[start + 1 : at].replace("\r\n", "\n").replace("\r", "\n"), at + 1)
        self._tokens.append(Token(Kind.STRING, value, start))
        self._at = at + 1

    def _escape_end(self, at: int, mark: str) -> int:
        """The place behind the escape whose letter stands at `at`."""
        letter = self._peek(at)
        if letter and (letter in _ESCAPES or letter == mark):
            return at + 1
        if letter and letter in "01234567":
            return self._digits_end(at, "01234567", 3)
        if letter in _ESCAPE_DIGITS:
            return self._digits_end(at + 1, "0123456789abcdefABCDEF", _ESCAPE_DIGITS[letter])
        raise Fault("invalid char escape", min(at + 1, len(self._text)))

    def _digits_end(self, at: int, allowed: str, count: int) -> int:
        for _ in range(count):
            if not (digit := self._peek(at)) or digit not in allowed:
                raise Fault("invalid char escape", min(at + 1, len(self._text)))
            at += 1
        return at


def _unescape(value: str, end: int) -> str:
    if "\\" not in value:
        return value
    parts: list[str] = []
    at = 0
    while (found := value.find("\\", at)) >= 0:
        parts.append(value[at:found])
        letter = value[found + 1]
        if letter in _ESCAPE_DIGITS:
            at = found + 2 + _ESCAPE_DIGITS[letter]
            parts.append(_char(int(value[found + 2 : at], 16), end))
        elif letter in "01234567":
            if letter > "3":
                raise Fault("unable to unescape string", end)
            at = found + 4
            parts.append(chr(int(value[found + 1 : at], 8)))
        else:
            at = found + 2
            parts.append(_ESCAPES.get(letter, letter))
    return "".join([*parts, value[at:]])


def _char(code: int, end: int) -> str:
    if code > _MAX_RUNE:
        # A rune has 32 bits and a sign; of a negative one the library takes the last byte.
        return bytes((code & 0xFF,)).decode("utf-8", "surrogateescape")
    if code > _MAX_CODE_POINT:
        raise Fault("unable to unescape string", end)
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)


def _code_point(char: str) -> str:
    shown = f" '{char}'" if char.isprintable() else ""
    return f"U+{ord(char):04X}{shown}"
