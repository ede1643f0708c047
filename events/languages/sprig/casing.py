"""Letters: upper and lower case, titles, and names in camel, snake and kebab case.

Go maps one character to one, by Unicode's simple case mappings (`ß` stays, `İ` becomes `i`); Python's methods may
give two or three. Names are taken apart as `ToPascalCase`, `ToSnakeCase` and `ToKebabCase` of huandu/xstrings 1.5
do it; its word boundaries (`HTTPServer`, `Bld4Floor3rd`) are those of its documentation.
"""

from __future__ import annotations

import enum
import functools
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter

from events.languages.go_template.functions import declare
from events.languages.sprig.bytestrings import GO_SPACE, to_runes


def _upper_char(char: str) -> str:
    mapped = char.upper()
    if len(mapped) > 1:
        mapped = char.title()  # Greek with iota below: the simple upper case is the title case
    return mapped if len(mapped) == 1 else char


def _title_char(char: str) -> str:
    mapped = char.title()
    return mapped if len(mapped) == 1 else char


def _lower_char(char: str) -> str:
    return char.lower()[0]  # only the dotted capital I has two, and the first is its simple one


@functools.lru_cache(maxsize=4096)
def _category(char: str) -> str:
    return unicodedata.category(char)


def _is_upper(char: str) -> bool:
    return _category(char) == "Lu"


def upper(text: str) -> str:
    """Go's `strings.ToUpper`."""
    return text.upper() if text.isascii() else "".join(map(_upper_char, to_runes(text)))


def lower(text: str) -> str:
    """Go's `strings.ToLower`."""
    return text.lower() if text.isascii() else "".join(map(_lower_char, to_runes(text)))


def _ends_word(char: str) -> bool:
    """Whether Go's deprecated `strings.Title` starts a new word behind the character."""
    if char.isascii():
        return not (char.isalnum() or char == "_")
    return _category(char)[0] != "L" and _category(char) != "Nd" and char in GO_SPACE


def title(text: str) -> str:
    """Go's `strings.Title`: the first letter of each word in title case, the others as they are."""
    runes = to_runes(text)
    return "".join(
        _title_char(char) if _ends_word(before) else char
        for before, char in zip(" " + runes, runes, strict=False)
    )


def _untitle(text: str) -> str:
    runes = to_runes(text)
    return "".join(
        _lower_char(char) if before in GO_SPACE else char
        for before, char in zip(" " + runes, runes, strict=False)
    )


def _swap(before: str, char: str) -> str:
    category = _category(char)
    if category in ("Lu", "Lt"):
        return _lower_char(char)
    if category == "Ll":
        return _title_char(char) if before in GO_SPACE else _upper_char(char)
    return char


def _swapcase(text: str) -> str:
    runes = to_runes(text)
    return "".join(map(_swap, " " + runes, runes))


def _is_connector(char: str) -> bool:
    return char in "-_" or char in GO_SPACE


def _camelcase(text: str) -> str:
    runes = to_runes(text)
    if not runes:
        return ""
    lead = next((at for at, char in enumerate(runes) if not _is_connector(char)), None)
    if lead is None:
        return runes + runes[-1]  # nothing but connectors: the library writes the last one twice
    pieces = [runes[:lead]]
    before = _upper_char(runes[lead])
    in_capitals = _is_upper(runes[lead])
    for char in runes[lead + 1 :]:
        written = char
        if _is_connector(before):
            if _is_connector(char):
                pieces.append(before)
                before = char
                continue
            in_capitals = _is_upper(char)
            written = _upper_char(char)
        else:
            pieces.append(before)
            if in_capitals and _is_upper(char):
                written = _lower_char(char)
            elif in_capitals:
                in_capitals = False
        before = written
    return "".join(pieces) + before


class _Word(enum.Enum):
    CONNECTOR = enum.auto()
    PUNCTUATION = enum.auto()
    CAPITALS = enum.auto()
    """Starts with an upper case letter."""
    LETTERS = enum.auto()
    NUMBER = enum.auto()
    OTHER = enum.auto()


_Words = list[tuple[_Word, str]]
_NO_BOUNDARY = (_Word.CONNECTOR, _Word.PUNCTUATION)
_CJK = ((0x3400, 0x4D85), (0x4E00, 0x9FCC), (0x20000, 0x2B81D))
"""Ideographs belong to no word."""
_UNIT = re.compile("[\ufffd\ud800-\udfff]*(?:[^\ufffd\ud800-\udfff]|\\Z)", re.DOTALL)
_IS_NONE = re.compile("[\ufffd\ud800-\udfff]")


@functools.lru_cache(maxsize=4096)
def _class_of(char: str) -> _Word:
    if _is_connector(char):
        return _Word.CONNECTOR
    category = _category(char)
    if category == "Lu":
        return _Word.CAPITALS
    if category[0] == "L":
        return _Word.OTHER if any(low <= ord(char) <= high for low, high in _CJK) else _Word.LETTERS
    return {"P": _Word.PUNCTUATION, "N": _Word.NUMBER}.get(category[0], _Word.OTHER)


def _units(text: str) -> Iterator[tuple[_Word, str]]:
    """Characters with their class; one that is no character belongs to the next one, at the end to the last one."""
    kind = _Word.OTHER
    for unit in filter(None, _UNIT.findall(text)):
        char = unit[-1]
        if not _IS_NONE.match(char) and not (kind is _Word.PUNCTUATION and _category(char)[0] == "P"):
            kind = _class_of(char)  # a connector that is punctuation ends no run of it
        yield kind, unit


def _split_words(text: str) -> _Words:
    """Runs of one class; small letters belong to the capital before them (`HTTP`, `Server`)."""
    words: _Words = []
    capitals: list[str] = []
    for kind, run in groupby(_units(text), itemgetter(0)):
        units = [unit for _, unit in run]
        if kind is _Word.LETTERS and capitals:
            words.pop()
            if len(capitals) > 1:
                words.append((_Word.CAPITALS, "".join(capitals[:-1])))
            words.append((_Word.CAPITALS, "".join([capitals[-1], *units])))
            capitals = []
        else:
            words.append((kind, "".join(units)))
            capitals = units if kind is _Word.CAPITALS else []
    return words


class _Joiner:
    """Writes words in lower case with a connector where one word ends."""

    def __init__(self, words: _Words, connector: str) -> None:
        self._words = words
        self._connector = connector
        self._pieces: list[str] = []
        self._at = 0

    def _kind(self, ahead: int = 0) -> _Word | None:
        at = self._at + ahead
        return self._words[at][0] if at < len(self._words) else None

    def _take(self) -> None:
        kind, word = self._words[self._at]
        self._at += 1
        if kind is _Word.CAPITALS:
            word = "".join(_lower_char(char) if _is_upper(char) else char for char in to_runes(word))
        elif kind is _Word.CONNECTOR:
            word = "".join(self._connector if _is_connector(char) else char for char in to_runes(word))
        self._pieces.append(word)

    def _take_letters_and_numbers(self) -> None:
        while self._kind() in (_Word.LETTERS, _Word.NUMBER):
            self._take()

    def _bound(self) -> None:
        if self._kind() is not None and self._kind() not in _NO_BOUNDARY:
            self._pieces.append(self._connector)

    def text(self) -> str:
        """All words, joined."""
        while self._at < len(self._words):
            kind = self._kind()
            self._take()
            if kind is _Word.NUMBER:
                self._take_letters_and_numbers()
                self._bound()
            elif kind not in _NO_BOUNDARY:
                self._follow_letters()
        return "".join(self._pieces)

    def _follow_letters(self) -> None:
        """A number ends the word before it (`Bld4`, `Floor`), unless small letters follow (`http_2xx`)."""
        if self._kind() is _Word.NUMBER:
            if self._kind(1) is None:
                return
            if self._kind(1) is _Word.LETTERS:
                self._pieces.append(self._connector)
                self._take_letters_and_numbers()
            else:
                self._take()
        self._bound()


def _name_with(connector: str) -> Callable[[str], str]:
    return lambda text: _Joiner(_split_words(text), connector).text()


FUNCTIONS = {
    "upper": declare("func(string) string", upper),
    "lower": declare("func(string) string", lower),
    "title": declare("func(string) string", title),
    "untitle": declare("func(string) string", _untitle),
    "swapcase": declare("func(string) string", _swapcase),
    "camelcase": declare("func(string) string", _camelcase),
    "snakecase": declare("func(string) string", _name_with("_")),
    "kebabcase": declare("func(string) string", _name_with("-")),
}
