"""Regular expressions: RE2, which is what Go's `regexp` package is.

The functions without `must` panic on a bad pattern, except `regexMatch`, which answers false.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, Final

import re2

from events.languages.go_bytes import to_bytes, to_text
from events.languages.go_template.functions import FunctionError, declare
from events.languages.go_template.quoting import can_backquote, quote
from events.languages.go_values import StringList
from events.languages.sprig.bounds import bounded, check_elements, check_text_bytes
from events.languages.sprig.bytestrings import text_length, to_runes
from events.languages.sprig.nil_values import NIL_STRINGS
from events.languages.sprig.regex_faults import bytes_fault, explain, late_fault

_Match = Any
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_ASCII_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})?", re.ASCII)
MAX_PATTERN_BYTES: Final = 4096
"""Longest pattern: a search may take time in proportion to the text and the pattern both."""
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


class BadPattern(FunctionError):
    """A pattern that Go does not take; the text is that of `regexp.Compile`."""


@functools.lru_cache(maxsize=128)
def _compile(pattern: str) -> Any:
    size = text_length(pattern)
    if size > MAX_PATTERN_BYTES:
        raise FunctionError(f"the pattern has {size} bytes, {MAX_PATTERN_BYTES} are allowed")
    fault = bytes_fault(pattern)
    if fault is not None:
        raise BadPattern(fault)
    try:
        regex = re2.compile(pattern, _OPTIONS)
    except re2.error as err:
        raise BadPattern(explain(err, pattern)) from None
    fault = late_fault(pattern, regex)
    if fault is not None:
        raise BadPattern(fault)
    return regex


def _must_compile(pattern: str) -> Any:
    try:
        return _compile(pattern)
    except BadPattern as err:
        quoted = f"`{pattern}`" if can_backquote(pattern) else quote(pattern)
        raise FunctionError(f"regexp: Compile({quoted}): {err}") from None


class _Subject:
    """A text as RE2 searches it: each byte that is not UTF-8 stands as U+FFFD there, which is what Go compares."""

    def __init__(self, text: str) -> None:
        self.raw = to_bytes(to_runes(text))
        self._original = to_bytes(text)
        self._origins: list[int] | None = None
        if len(self.raw) != len(self._original):
            self._origins = _origins(text)

    def piece(self, start: int, end: int | None = None) -> str:
        """The text between two places in `raw`; up to its end without a second one."""
        stop = len(self.raw) if end is None else end
        if self._origins is None:
            return to_text(self.raw[start:stop])
        return to_text(self._original[self._origins[start] : self._origins[stop]])


def _origins(text: str) -> list[int]:
    """Where in the original each place of the searched bytes stands."""
    origins = [0]
    for char in text:
        size = len(to_bytes(char))
        steps = 2 * [0] + [1] if size == 1 and not char.isascii() else size * [1]
        for step in steps:
            origins.append(origins[-1] + step)
    return origins


def _matches(regex: Any, raw: bytes, count: int) -> Iterator[_Match]:
    """The matches from the left, at most `count` if it is not negative; an empty one never touches the one before."""
    at = 0
    before = -1
    found = 0
    while at <= len(raw) and found != count:
        match = regex.search(raw, at)
        if match is None:
            return
        start, end = match.span()
        if end > start or start != before:
            found += 1
            check_elements(found)
            yield match
        if end > at:
            at = end
        else:
            at += _char_length(raw, at)
        before = end


def _char_length(raw: bytes, at: int) -> int:
    byte = raw[at] if at < len(raw) else 0
    return 1 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4


def _match(pattern: str, text: str) -> bool:
    return _compile(pattern).search(_Subject(text).raw) is not None


def _match_or_false(pattern: str, text: str) -> bool:
    try:
        return _match(pattern, text)
    except BadPattern:
        return False


def _find(regex: Any, text: str) -> str:
    subject = _Subject(text)
    match = regex.search(subject.raw)
    return "" if match is None else subject.piece(*match.span())


def _find_all(regex: Any, text: str, count: int) -> list[str]:
    subject = _Subject(text)
    found = StringList(subject.piece(*match.span()) for match in _matches(regex, subject.raw, count))
    return found or NIL_STRINGS


def _split(regex: Any, text: str, count: int) -> list[str]:
    if count == 0:
        return NIL_STRINGS
    if text == "" and regex.pattern:
        return [""]
    subject = _Subject(text)
    parts: list[str] = []
    start = end = 0
    for match in _matches(regex, subject.raw, count):
        if count > 0 and len(parts) == count - 1:
            break
        end = match.start()
        if match.end():
            parts.append(subject.piece(start, end))
        start = match.end()
    if end != len(subject.raw):
        parts.append(subject.piece(start))
    return parts


def _replaced(regex: Any, text: str, replacement: Callable[[_Subject, _Match], str]) -> str:
    subject = _Subject(text)
    pieces: list[str] = []
    start = size = 0
    for match in _matches(regex, subject.raw, -1):
        piece = subject.piece(start, match.start()) + replacement(subject, match)
        pieces.append(piece)
        size += len(piece)
        check_text_bytes(size)
        start = match.end()
    pieces.append(subject.piece(start))
    return bounded("".join(pieces))


def _replace_literal(regex: Any, text: str, replacement: str) -> str:
    return _replaced(regex, text, lambda _subject, _match: replacement)


def _replace(regex: Any, text: str, template: str) -> str:
    """`$1`, `${1}`, `$name` and `${name}` are what a group matched, `$$` is a dollar; names are as long as can be."""
    if "$" not in template:
        return _replace_literal(regex, text, template)
    parts = _parse_replacement(regex, template)
    groups = {part for part in parts if isinstance(part, int)}
    literals: dict[str | int, str] = {part: part for part in parts if isinstance(part, str)}
    done = 0

    def expand(subject: _Subject, match: _Match) -> str:
        nonlocal done
        done += len(parts)
        check_text_bytes(done)  # many parts that are empty are work too
        values = literals | {number: _group(subject, match, number) for number in groups}
        return "".join(map(values.__getitem__, parts))

    return _replaced(regex, text, expand)


def _group(subject: _Subject, match: _Match, number: int) -> str:
    start, end = match.span(number)
    return "" if start < 0 else subject.piece(start, end)


def _reference(template: str) -> re.Pattern[str]:
    """`$`, `$$`, `$name` and `${name}`. Python takes more for letters than Go: numerals such as `½`."""
    if template.isascii():
        return _ASCII_REFERENCE
    strange = {char for char in template if not char.isascii() and char.isalnum() and not _is_of_name(char)}
    letter = rf"[^\W{''.join(sorted(strange))}]"
    return re.compile(rf"\$(?:\$|({letter}+)|\{{({letter}+)\}})?")


def _is_of_name(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] == "L" or category == "Nd"


def _parse_replacement(regex: Any, template: str) -> list[str | int]:
    names = regex.groupindex
    parts: list[str | int] = []
    start = 0
    for found in _reference(template).finditer(template):
        parts.append(template[start : found.start()])
        name = found[1] or found[2]
        if name is None:
            parts.append("$")
        else:
            group = _group_number(name)
            number = names.get(name, -1) if group is None else group
            if 0 <= number <= regex.groups:
                parts.append(number)
        start = found.end()
    parts.append(template[start:])
    return parts


def _group_number(name: str) -> int | None:
    """A group's number; None for what is a name: with a leading zero, or not of ASCII digits alone."""
    if not (name.isascii() and name.isdigit()) or (name[0] == "0" and len(name) > 1) or len(name) > 9:
        return None
    return int(name)


def _quote_meta(text: str) -> str:
    return bounded(_SPECIAL.sub(r"\\\g<0>", text))


def _plain(call: Callable[..., Any]) -> Callable[..., Any]:
    return lambda pattern, *arguments: call(_must_compile(pattern), *arguments)


def _must(call: Callable[..., Any]) -> Callable[..., Any]:
    return lambda pattern, *arguments: call(_compile(pattern), *arguments)


FUNCTIONS = {
    "regexMatch": declare("func(string, string) bool", _match_or_false),
    "mustRegexMatch": declare("func(string, string) (bool, error)", _match),
    "regexFind": declare("func(string, string) string", _plain(_find)),
    "mustRegexFind": declare("func(string, string) (string, error)", _must(_find)),
    "regexFindAll": declare("func(string, string, int) []string", _plain(_find_all)),
    "mustRegexFindAll": declare("func(string, string, int) ([]string, error)", _must(_find_all)),
    "regexReplaceAll": declare("func(string, string, string) string", _plain(_replace)),
    "mustRegexReplaceAll": declare("func(string, string, string) (string, error)", _must(_replace)),
    "regexReplaceAllLiteral": declare("func(string, string, string) string", _plain(_replace_literal)),
    "mustRegexReplaceAllLiteral": declare(
        "func(string, string, string) (string, error)", _must(_replace_literal)
    ),
    "regexSplit": declare("func(string, string, int) []string", _plain(_split)),
    "mustRegexSplit": declare("func(string, string, int) ([]string, error)", _must(_split)),
    "regexQuoteMeta": declare("func(string) string", _quote_meta),
}
