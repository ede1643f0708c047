"""Patterns that are searched in texts, as fast tests of a text.

A pattern is RE2 and searched anywhere. Most are plain words or `^word$`; those become a substring search or a
comparison, which is provably the same and twenty times as fast as a call into the engine.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Final, NamedTuple

import re2

from events.errors import KikkakeError

TextTest = Callable[[str], bool]

# A literal is made of characters without a meaning, and of escaped punctuation. RE2's `^` and `$` are the ends of
# the text unless flags say otherwise, and flags need a bracket.
_LITERAL = re.compile(
    r"(?P<start>\^|\\A)?(?P<body>(?:[^\\.+*?()|\[\]{}^$]|\\[!-/:-@\[-^`{-~])*)(?P<end>\$|\\z)?", re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)")
FAULTS_IN_GO: Final = {
    "invalid escape sequence": "invalid escape sequence",
    "invalid character class range": "invalid character class range",
    "invalid character class": "invalid character class",
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "unexpected )": "unexpected )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid UTF-8": "invalid UTF-8",
    "invalid named capture group": "invalid named capture",
    "pattern too large - compile failed": "expression too large",
}
"""What is wrong with a pattern, in the words of RE2 and in those of Go's `regexp`."""


class BadPattern(KikkakeError):
    """A pattern that RE2 does not accept; the text is RE2's."""

    def as_go(self) -> str:
        """The same in the words of Go's `regexp`: error parsing regexp: missing closing ): `(`."""
        text = str(self)
        for fault, in_go in FAULTS_IN_GO.items():
            if text == fault or text.startswith(f"{fault}: "):
                return f"error parsing regexp: {in_go}: `{text[len(fault) + 2 :]}`"
        return f"error parsing regexp: {text}"


class PlainWord(NamedTuple):
    """A pattern that is nothing but a word."""

    word: str
    at_start: bool
    at_end: bool


def plain_word(pattern: str) -> PlainWord | None:
    """The word that a pattern searches, or None where it is more than that."""
    literal = _LITERAL.fullmatch(pattern)
    if literal is None:
        return None
    return PlainWord(_ESCAPED.sub(r"\1", literal["body"]), bool(literal["start"]), bool(literal["end"]))


@functools.lru_cache(maxsize=16_384)
def text_test(pattern: str) -> TextTest:
    """Whether `pattern` is found in a text. Raises BadPattern."""
    literal = plain_word(pattern)
    return _search(pattern) if literal is None else _literal_test(literal)


def _literal_test(literal: PlainWord) -> TextTest:
    word, at_start, at_end = literal
    if at_start and at_end:
        return word.__eq__
    if at_start:
        return lambda text: text.startswith(word)
    if at_end:
        return lambda text: text.endswith(word)
    return lambda text: word in text


def _search(pattern: str) -> TextTest:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    try:
        # Bytes, since the engine works on UTF-8 and a text would be measured character by character.
        search = re2.compile(pattern.encode("utf-8", "surrogatepass"), options).search
    except re2.error as error:
        detail = error.args[0] if error.args else "not a pattern"
        text = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        raise BadPattern(text) from error
    return lambda text: search(text.encode("utf-8", "surrogatepass")) is not None
