"""The words of a jq program. A text with values in it comes as its parts, with the words of each value between."""

from __future__ import annotations

import re
from typing import NamedTuple

import orjson

from events.languages.jq.errors import JqError

KEYWORDS = frozenset(
    {
        *("or", "and", "module", "import", "include", "def", "as", "label", "break", "null", "true", "false"),
        *("if", "then", "elif", "else", "end", "try", "catch", "reduce", "foreach"),
    }
)

_SPACE = re.compile(r"(?:[\t\n\r ]+|\#(?:\\(?:\\|\n|\r\n?)?|[^\\\n\r\x00])*)+")
_WORD = re.compile(
    r"(?P<field>\.[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?P<tail>[A-Za-z_.]?))"
    r"|(?P<ident>[A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)?)"
    r"|(?P<variable>\$[A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)?)"
    r"|(?P<format>@[A-Za-z0-9_]+)"
    r"|(?P<op>\.\.|\?//|//=|[|+\-*/%=!<>]=|//|[.?:;,|+\-*/%=<>()\[\]{}])"
)
_TEXT_PART = re.compile(r'(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_HALF_PAIR = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x1f]")


class Token(NamedTuple):
    """One word."""

    kind: str
    """`field`, `number`, `ident`, `keyword`, `variable`, `format`, `op`, `text`, `text_start`, `value_start`,
    `text_end` or `end`."""
    text: str
    """The word; of a field, its name; of a text, the text that is meant."""
    offset: int


def tokenize(program: str) -> list[Token]:
    """All words; the last is `end`. Raises JqError."""
    return _Lexer(program).tokens()


def line_of(program: str, offset: int) -> int:
    """The line of a place, from 1."""
    return program.count("\n", 0, offset) + 1


def syntax_error(program: str, offset: int, what: str) -> JqError:
    """The error with its place."""
    line = line_of(program, offset)
    column = offset - (program.rfind("\n", 0, offset) + 1) + 1
    return JqError(f"{what} at line {line}, column {column}", line)


class _Lexer:
    def __init__(self, program: str) -> None:
        self._program = program
        self._at = 0
        self._tokens: list[Token] = []
        self._open: list[int] = []
        """Per text that waits for the end of a value inside it: how many brackets are open in that value."""

    def tokens(self) -> list[Token]:
        end = len(self._program)
        while True:
            if space := _SPACE.match(self._program, self._at):
                self._at = space.end()
            if self._at >= end:
                self._add("end", "", end)
                return self._tokens
            if self._program[self._at] == '"':
                self._at += 1
                self._text(is_start=True)
            else:
                self._word()

    def _add(self, kind: str, text: str, offset: int) -> None:
        self._tokens.append(Token(kind, text, offset))

    def _word(self) -> None:
        start = self._at
        found = _WORD.match(self._program, start)
        if found is None or found["tail"]:
            bad = self._program[start] if found is None else found[0]
            what = "unexpected token" if found is None else "invalid token"
            raise syntax_error(self._program, start, f"{what} {orjson.dumps(bad).decode()}")
        self._at = found.end()
        kind, text = str(found.lastgroup), found[0]
        if kind == "tail":  # the innermost group that matched, empty
            kind = "number"
        if kind == "ident" and text in KEYWORDS:
            kind = "keyword"
        elif kind == "field":
            text = text[1:]
        self._add(kind, text, start)
        if kind == "op" and self._open:
            self._bracket(text)

    def _bracket(self, text: str) -> None:
        if text == "(":
            self._open[-1] += 1
        elif text == ")":
            self._open[-1] -= 1
            if self._open[-1] == 0:
                self._open.pop()
                self._text(is_start=False)

    def _text(self, *, is_start: bool) -> None:
        """From behind a quote, or behind a value, to the next value or the closing quote."""
        start = self._at
        found = _TEXT_PART.match(self._program, start)
        end = found.end() if found else start
        if end >= len(self._program):
            raise syntax_error(self._program, start, "unterminated string literal")
        part = unescape(self._program[start:end])
        if self._program[end] == '"':
            self._at = end + 1
            if is_start:
                self._add("text", part, start - 1)
            else:
                if part:
                    self._add("text", part, start)
                self._add("text_end", "", end)
            return
        if self._program[end + 1 : end + 2] != "(":
            bad = self._program[end : end + 2]
            raise syntax_error(self._program, end, f'invalid escape sequence "{bad}" in string literal')
        if is_start:
            self._add("text_start", "", start - 1)
        if part:
            self._add("text", part, start)
        self._add("value_start", "", end)
        self._open.append(1)
        self._at = end + 2


def unescape(text: str) -> str:
    """The text that a literal means; half a surrogate pair is U+FFFD."""
    if "\\" not in text:
        return text
    mended = _HALF_PAIR.sub(_mend, text)
    quoted = _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", mended)
    return str(orjson.loads(f'"{quoted}"'))


def _mend(found: re.Match[str]) -> str:
    return "\\ufffd" if found[3] else found[0]
