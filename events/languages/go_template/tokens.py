"""The tokens of a template: plain text, delimiters, and what stands between them.

Trim markers (`{{- `, ` -}}`) and comments end here; the parser never sees them. A fault is a token too (`ERROR`),
the last one before the end, so that it is reported only when the parser comes to it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from events.languages.go_template.quoting import is_printable, quote

TEXT, LEFT, RIGHT, SPACE, EOF, ERROR = "text", "left", "right", "space", "EOF", "error"
STRING, RAW_STRING, CHAR_CONSTANT, NUMBER, COMPLEX, BOOL = (
    "string",
    "raw",
    "rune",
    "number",
    "complex",
    "bool",
)
IDENTIFIER, FIELD, VARIABLE, DOT, NIL = "identifier", "field", "variable", ".", "nil"
ASSIGN, DECLARE, PIPE, OPEN, CLOSE, CHAR = "=", ":=", "|", "(", ")", "char"
KEYWORDS = frozenset(
    {"block", "break", "continue", "define", "else", "end", "if", "range", "nil", "template", "with"}
)
_SPACES = " \t\r\n"
_SPACE_CHARS = frozenset(_SPACES)
_SPACE_RUN = re.compile(r"[ \t\r\n]+")
_WORD = re.compile(r"\w*")
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_CHARACTER = re.compile(r"'(?:[^'\\\n]|\\[^\n])*'")
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?"
    r"|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?",
    re.ASCII,
)
_PUNCTUATION = {"=": ASSIGN, "|": PIPE, "(": OPEN, ")": CLOSE}


class Token(NamedTuple):
    """A piece of the text; `at` counts characters from 0, `line` from 1."""

    kind: str
    at: int
    text: str
    line: int

    def __str__(self) -> str:
        """As messages name it."""
        if self.kind == EOF:
            return "EOF"
        if self.kind == ERROR:
            return self.text
        if self.kind in KEYWORDS or self.kind == DOT:
            return f"<{self.text}>"
        if len(self.text.encode("utf-8", "surrogateescape")) > 10:
            return quote(self.text[:10]) + "..."
        return quote(self.text)


class _Fault(Exception):
    pass


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0
        self._depth = 0
        self.tokens: list[Token] = []

    def _emit(self, kind: str, start: int, end: int) -> None:
        self.tokens.append(Token(kind, start, self._text[start:end], self._line_at(start)))
        self._at = end

    def _line_at(self, at: int) -> int:
        """The line of a place; places come in order, so each line break is counted once."""
        self._line += self._text.count("\n", self._counted, at)
        self._counted = at
        return self._line

    def run(self) -> list[Token]:
        """All tokens, `EOF` at the end."""
        start = self._at
        try:
            while self._at < len(self._text):
                self._scan_text()
                start = self._at
                while self.tokens and self._inside:
                    start = self._at
                    self._scan_inside()
        except _Fault as fault:
            at = self._fault_at if self._fault_at is not None else start
            self.tokens.append(Token(ERROR, at, str(fault), self._line_at(at)))
        self.tokens.append(Token(EOF, self._at, "EOF", self._line_at(self._at)))
        return self.tokens

    _inside = False
    _fault_at: int | None = None

    def _scan_text(self) -> None:
        """Plain text up to an action or comment, and its left delimiter."""
        text, start = self._text, self._at
        found = text.find("{{", start)
        if found < 0:
            self._emit(TEXT, start, len(text))
            return
        after = found + 2
        trims = text[after : after + 1] == "-" and text[after + 1 : after + 2] in _SPACE_CHARS
        end = found
        if trims:
            while end > start and text[end - 1] in _SPACES:
                end -= 1
        if end > start:
            self._emit(TEXT, start, end)
        body = after + 2 if trims else after
        if text.startswith("/*", body):
            self._skip_comment(body)
            return
        self._emit(LEFT, found, after)
        self._at = body
        self._inside, self._depth = True, 0

    def _skip_comment(self, start: int) -> None:
        text = self._text
        self._at = self._fault_at = start
        close = text.find("*/", start + 2)
        if close < 0:
            raise _Fault("unclosed comment")
        end = self._right_delimiter(close + 2)
        if not end:
            raise _Fault("comment ends before closing delimiter")
        self._fault_at = None
        self._at = self._after_trim(end) if end - close > 4 else end

    def _right_delimiter(self, at: int) -> int:
        """Where a right delimiter that stands at `at` ends, 0 for none; longer than two with a trim marker."""
        text = self._text
        if text.startswith("}}", at):
            return at + 2
        if text[at : at + 1] in _SPACE_CHARS and text.startswith("-}}", at + 1):
            return at + 4
        return 0

    def _after_trim(self, at: int) -> int:
        found = _SPACE_RUN.match(self._text, at)
        return found.end() if found else at

    def _scan_inside(self) -> None:
        """One token of an action."""
        text, at = self._text, self._at
        end = self._right_delimiter(at)
        if end:
            if self._depth:
                raise _Fault("unclosed left paren")
            self._emit(RIGHT, end - 2, end)
            self._inside = False
            if end - at > 2:
                self._at = self._after_trim(end)
            return
        char = text[at : at + 1]
        if not char:
            raise _Fault("unclosed action")
        if char in _SPACES:
            self._scan_space(at)
        elif char in _PUNCTUATION:
            self._scan_punctuation(char, at)
        elif char == ":":
            if text[at + 1 : at + 2] != "=":
                raise _Fault("expected :=")
            self._emit(DECLARE, at, at + 2)
        elif char in "\"'`":
            self._scan_quoted(char, at)
        else:
            self._scan_word(char, at)

    def _scan_space(self, at: int) -> None:
        found = _SPACE_RUN.match(self._text, at)
        end = found.end() if found else at
        if self._right_delimiter(end - 1):  # the last one belongs to the trim marker
            end -= 1
        self._emit(SPACE, at, end)

    def _scan_punctuation(self, char: str, at: int) -> None:
        self._depth += (char == "(") - (char == ")")
        if self._depth < 0:
            raise _Fault("unexpected right paren")
        self._emit(_PUNCTUATION[char], at, at + 1)

    def _scan_quoted(self, char: str, at: int) -> None:
        if char == "`":
            end = self._text.find("`", at + 1)
            if end < 0:
                raise _Fault("unterminated raw quoted string")
            self._emit(RAW_STRING, at, end + 1)
            return
        pattern, kind, what = (
            (_QUOTED, STRING, "quoted string")
            if char == '"'
            else (_CHARACTER, CHAR_CONSTANT, "character constant")
        )
        found = pattern.match(self._text, at)
        if found is None:
            raise _Fault(f"unterminated {what}")
        self._emit(kind, at, found.end())

    def _scan_word(self, char: str, at: int) -> None:
        following = self._text[at + 1 : at + 2]
        if char == "$":
            self._scan_name(VARIABLE, at, at + 1)
        elif char == "." and following and not "0" <= following <= "9":
            self._scan_name(FIELD, at, at + 1)
        elif char in "+-." or "0" <= char <= "9":
            self._scan_number(at)
        elif _is_alphanumeric(char):
            self._scan_name(IDENTIFIER, at, at)
        elif "!" <= char <= "~":
            self._emit(CHAR, at, at + 1)
        else:
            raise _Fault(f"unrecognized character in action: {describe(char)}")

    def _scan_name(self, kind: str, at: int, first: int) -> None:
        end = self._word_end(first)
        if kind != IDENTIFIER and self._is_terminated(first):
            self._emit(VARIABLE if kind == VARIABLE else DOT, at, first)
            return
        if not self._is_terminated(end):
            raise _Fault(f"bad character {describe(self._text[end])}")
        word = self._text[at:end]
        if kind == IDENTIFIER:
            if word in KEYWORDS:
                kind = word
            elif word in ("true", "false"):
                kind = BOOL
        self._emit(kind, at, end)

    def _word_end(self, at: int) -> int:
        found = _WORD.match(self._text, at)
        end = found.end() if found else at
        word = self._text[at:end]
        if not word.isascii():
            for offset, char in enumerate(word):
                if not _is_alphanumeric(char):
                    return at + offset
        return end

    def _is_terminated(self, at: int) -> bool:
        char = self._text[at : at + 1]
        return not char or char in " \t\r\n.,|:)(" or self._text.startswith("}}", at)

    def _scan_number(self, at: int) -> None:
        end = self._number_end(at, at)
        kind = NUMBER
        if self._text[end : end + 1] in ("+", "-"):
            end, kind = self._number_end(end, at), COMPLEX
            if self._text[end - 1] != "i":
                raise self._bad_number(at, end)
        self._emit(kind, at, end)

    def _number_end(self, at: int, start: int) -> int:
        found = _NUMBER.match(self._text, at)
        end = found.end() if found else at
        following = self._text[end : end + 1]
        if following and _is_alphanumeric(following):
            raise self._bad_number(start, end + 1)
        return end

    def _bad_number(self, start: int, end: int) -> _Fault:
        return _Fault(f"bad number syntax: {quote(self._text[start:end])}")


def _is_alphanumeric(char: str) -> bool:
    if char.isascii():
        return char.isalnum() or char == "_"
    category = unicodedata.category(char)
    return category[0] == "L" or category == "Nd"


def describe(char: str) -> str:
    """A character as Go's `%#U` shows it."""
    code = 0xFFFD if "\ud800" <= char <= "\udfff" else ord(char)
    shown = chr(code)
    return f"U+{code:04X} '{shown}'" if is_printable(shown) else f"U+{code:04X}"


def tokenize(text: str) -> list[Token]:
    """The tokens of a template; `EOF` is the last one, after an `ERROR` where there is a fault."""
    return _Scanner(text).run()
