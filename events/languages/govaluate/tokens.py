"""Cutting an expression into tokens, the way govaluate reads: greedily, with a backslash that escapes anything."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from typing import Final, NamedTuple

from events.languages.go_numbers import parse_float
from events.languages.govaluate.dates import Moment, read_date
from events.languages.govaluate.errors import ExpressionError
from events.languages.govaluate.values import format_value

MAX_LENGTH: Final = 16_384
"""Characters of an expression. Upstream has no limit; what compiling costs grows with the length."""


class TokenKind(enum.Enum):
    """What a token is; the values are the library's words in messages."""

    START = "UNKNOWN"
    """No token: what stands before the first one."""
    PREFIX = "PREFIX"
    NUMERIC = "NUMERIC"
    BOOLEAN = "BOOLEAN"
    STRING = "STRING"
    TIME = "TIME"
    VARIABLE = "VARIABLE"
    SEPARATOR = "SEPARATOR"
    ACCESSOR = "ACCESSOR"
    COMPARATOR = "COMPARATOR"
    LOGICALOP = "LOGICALOP"
    MODIFIER = "MODIFIER"
    CLAUSE = "CLAUSE"
    CLAUSE_CLOSE = "CLAUSE_CLOSE"
    TERNARY = "TERNARY"


class Token(NamedTuple):
    """One word of an expression."""

    kind: TokenKind
    value: object
    """float, bool, str (text, name or symbol), Moment, or the parts of an accessor as a tuple."""
    at: int
    """Where it begins, in characters."""

    def shown(self) -> str:
        """The value as the library prints it in messages: brackets as the number of their character."""
        match self.value:
            case "(" | ")" if self.kind in {TokenKind.CLAUSE, TokenKind.CLAUSE_CLOSE}:
                return str(ord(str(self.value)))
            case Moment(text=text):
                return text
            case tuple(parts):
                return f"[{' '.join(parts)}]"
            case value:
                return format_value(value)


PREFIXES: Final = frozenset({"-", "!", "~"})
_SYMBOLS: Final = {
    **dict.fromkeys(("+", "-", "*", "/", "%", "**", "&", "|", "^", ">>", "<<"), TokenKind.MODIFIER),
    **dict.fromkeys(("&&", "||"), TokenKind.LOGICALOP),
    **dict.fromkeys(("==", "!=", ">", ">=", "<", "<=", "=~", "!~", "in"), TokenKind.COMPARATOR),
    **dict.fromkeys(("?", ":", "??"), TokenKind.TERNARY),
}
_BEFORE_A_PREFIX: Final = frozenset(
    {
        TokenKind.START,
        TokenKind.CLAUSE,
        TokenKind.MODIFIER,
        TokenKind.COMPARATOR,
        TokenKind.LOGICALOP,
        TokenKind.TERNARY,
        TokenKind.SEPARATOR,
    }
)
"""After these a `-` negates; after all others it subtracts."""
_SPACES: Final = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | frozenset(
    map(chr, range(0x2000, 0x200B))
)
"""`unicode.IsSpace`, which is a little less than Python's `isspace`."""
_QUOTES: Final = frozenset("\"'")
_NO_SYMBOL: Final = frozenset("()[]\"'")


def read_tokens(text: str) -> list[Token]:
    """The tokens of an expression, up to its end.

    Raises:
        ExpressionError: a token that is none.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"the expression has {len(text)} characters, {MAX_LENGTH} are allowed; shorten it"
        )
    reader = _Reader(text)
    tokens: list[Token] = []
    last = TokenKind.START
    while (token := reader.next(last)) is not None:
        tokens.append(token)
        last = token.kind
    return tokens


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._start = 0

    def next(self, last: TokenKind) -> Token | None:
        """The next token, or None at the end. `last` is the kind of the one before."""
        text = self._text
        while self._at < len(text) and text[self._at] in _SPACES:
            self._at += 1
        if self._at >= len(text):
            return None
        self._start = self._at
        kind, value = self._read(text[self._start], last)
        return Token(kind, value, self._start)

    def _read(  # noqa: PLR0911 - one for each sort of beginning
        self, first: str, last: TokenKind
    ) -> tuple[TokenKind, object]:
        if _is_numeric(first):
            return TokenKind.NUMERIC, self._number(first)
        if first.isalpha():
            return self._word()
        if first in _QUOTES:
            return self._string()
        match first:
            case ",":
                self._at += 1
                return TokenKind.SEPARATOR, ","
            case "[":
                return TokenKind.VARIABLE, self._enclosed(_is_in_brackets, "Unclosed parameter bracket")
            case "(":
                self._at += 1
                return TokenKind.CLAUSE, first
            case ")":
                self._at += 1
                return TokenKind.CLAUSE_CLOSE, first
            case _:
                return self._symbol(last)

    def _take(self, belongs: Callable[[str], bool], *, keeps_space: bool) -> tuple[str, bool]:
        """Characters for as long as they belong; and whether it ended before the text did."""
        text = self._text
        taken: list[str] = []
        while self._at < len(text):
            char = text[self._at]
            self._at += 1
            if char == "\\":
                taken.append(self._escaped())
            elif char in _SPACES and not keeps_space:
                # Leading space is passed over; it only matters after the `0x` of a number.
                if taken:
                    return "".join(taken), True
            elif belongs(char):
                taken.append(char)
            else:
                self._at -= 1
                return "".join(taken), True
        return "".join(taken), False

    def _escaped(self) -> str:
        if self._at >= len(self._text):
            raise ExpressionError("A backslash at the end has nothing to escape", self._at - 1)
        self._at += 1
        return self._text[self._at - 1]

    def _enclosed(self, belongs: Callable[[str], bool], fault: str) -> str:
        self._at += 1
        inner, is_closed = self._take(belongs, keeps_space=True)
        if not is_closed:
            raise ExpressionError(fault, self._start)
        self._at += 1
        return inner

    def _number(self, first: str) -> float:
        # The `x` counts as the sign of a hexadecimal number only where something follows it.
        if first == "0" and self._text.startswith("x", self._at + 1) and self._at + 2 < len(self._text):
            self._at += 2
            return self._hexadecimal()
        written, _ = self._take(_is_numeric, keeps_space=False)
        number = parse_float(written)
        if number is None or math.isinf(number):
            raise ExpressionError(f"Unable to parse numeric value '{written}' to float64\n", self._start)
        return number

    def _hexadecimal(self) -> float:
        digits, _ = self._take(_is_hexadecimal, keeps_space=False)
        if not digits.strip("0123456789abcdefABCDEF") and 0 < len(digits) <= MAX_LENGTH:
            number = int(digits, 16)
            if number < 1 << 64:
                return float(number)
        raise ExpressionError(f"Unable to parse hex value '{digits}' to uint64\n", self._start)

    def _word(self) -> tuple[TokenKind, object]:
        word, _ = self._take(_is_in_name, keeps_space=False)
        if "." in word[1:]:
            return TokenKind.ACCESSOR, self._accessor(word)
        match word:
            case "true" | "false":
                return TokenKind.BOOLEAN, word == "true"
            case "in" | "IN":
                return TokenKind.COMPARATOR, "in"
            case _:
                return TokenKind.VARIABLE, word

    def _accessor(self, word: str) -> tuple[str, ...]:
        if word.endswith("."):
            raise ExpressionError(f"Hanging accessor on token '{word}'", self._start)
        parts = tuple(word.split("."))
        for part in parts[1:]:
            if _has_lower_first(part):
                raise ExpressionError(
                    f"Unable to access unexported field '{part}' in token '{word}'", self._start
                )
        return parts

    def _string(self) -> tuple[TokenKind, object]:
        text = self._enclosed(_is_in_quotes, "Unclosed string literal")
        moment = read_date(text)
        return (TokenKind.STRING, text) if moment is None else (TokenKind.TIME, moment)

    def _symbol(self, last: TokenKind) -> tuple[TokenKind, object]:
        symbol, _ = self._take(_is_in_symbol, keeps_space=False)
        if symbol in PREFIXES and last in _BEFORE_A_PREFIX:
            return TokenKind.PREFIX, symbol
        kind = _SYMBOLS.get(symbol)
        if kind is None:
            raise ExpressionError(f"Invalid token: '{symbol}'", self._start)
        return kind, symbol


def _is_numeric(char: str) -> bool:
    return char.isdecimal() or char == "."


def _is_hexadecimal(char: str) -> bool:
    return char.isdecimal() or char in "abcdefABCDEF"


def _is_in_name(char: str) -> bool:
    return char.isalpha() or char.isdecimal() or char in "_."


def _is_in_brackets(char: str) -> bool:
    return char != "]"


def _is_in_quotes(char: str) -> bool:
    return char not in _QUOTES


def _is_in_symbol(char: str) -> bool:
    return not (char.isalpha() or char.isdecimal() or char in _NO_SYMBOL)


def _has_lower_first(part: str) -> bool:
    """Whether `unicode.ToUpper` changes the first character: one character to one, unlike Python's `upper`."""
    first = part[:1]
    upper = first.upper()
    if len(upper) > 1:
        upper = first.title() if len(first.title()) == 1 else first
    return upper != first
