"""Reading a path into its steps, and looking it up."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterator
from typing import Any, Final

from events.languages.jsonpath import steps as kinds
from events.languages.jsonpath.errors import JsonPathError, Missing
from events.languages.jsonpath.expression import ExpressionReader, is_true, read_json_prefix
from events.languages.jsonpath.steps import Search, Step, walk

MAX_PATH_CHARACTERS: Final = 10_000
MAX_DEPTH: Final = 50
"""Brackets and filters in one another."""
MAX_STEPS: Final = 100_000
"""Values that one search may look at."""

_SPACES: Final = re.compile(r"[ \t\r\n]*")
_NAME: Final = re.compile(r"[^.\[\]]+")
_NAME_IN_EXPRESSION: Final = re.compile(r"[^.\[\]()\s+\-*/%<>=!&|,'\"]+")
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}(?![0-9])")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


class JsonPath:
    """A compiled path."""

    def __init__(self, text: str, steps: tuple[Step, ...]) -> None:
        self.text = text
        self._steps = steps

    def find(self, document: Any) -> Any:
        """What the path leads to in a document whose numbers are floats.

        Raises:
            JsonPathError: a plain step finds nothing, or more than `MAX_STEPS` values would be looked at.
        """
        return self.search(document)[0]

    def search(self, document: Any) -> tuple[Any, int]:
        """The same, and how many values were looked at: for who counts work. Raises JsonPathError."""
        search = Search(document, MAX_STEPS)
        try:
            return walk(search, document, self._steps), search.looked_at
        except Missing as missing:
            raise JsonPathError(f"jsonpath {self.text}: {missing}") from None


@functools.lru_cache(maxsize=1024)
def compile_jsonpath(text: str) -> JsonPath:
    """Read a path. Raises JsonPathError with the place, counted from 1."""
    reader = Reader(text)
    if len(text) > MAX_PATH_CHARACTERS:
        raise JsonPathError(f"the path is longer than {MAX_PATH_CHARACTERS} characters")
    if reader.rest(1) not in {"$", "@"} or not text:
        raise reader.fault("a path begins with $")
    reader.take(1)
    steps = tuple(reader.steps(in_expression=False))
    if reader.rest(1):
        raise reader.fault("`.` or `[` is needed here")
    return JsonPath(text, steps)


class Reader:
    """Reads a path from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def fault(self, what: str) -> JsonPathError:
        """An error at the present place."""
        return JsonPathError(f"path {self._text[:64]!r}: {what} (at {self._at + 1})")

    def rest(self, count: int) -> str:
        """The next characters."""
        return self._text[self._at : self._at + count]

    def take(self, count: int) -> None:
        """Go on behind them."""
        self._at += count

    def expect(self, char: str) -> None:
        """Read one character. Raises JsonPathError."""
        if self.rest(1) != char:
            raise self.fault(f"`{char}` is needed here")
        self.take(1)

    def match(self, form: re.Pattern[str]) -> str:
        """What matches here, read; empty where nothing does."""
        found = form.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found[0]

    def skip_spaces(self) -> None:
        """Read white space."""
        self.match(_SPACES)

    @contextlib.contextmanager
    def deeper(self) -> Iterator[None]:
        """One level of nesting. Raises JsonPathError."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.fault(f"nested deeper than {MAX_DEPTH} levels")
        yield
        self._depth -= 1

    def quoted(self) -> str:
        """A text in single or double quotes; a backslash takes the meaning from what follows it."""
        mark, start = self.rest(1), self._at + 1
        at = start
        while at < len(self._text) and self._text[at] != mark:
            at += 2 if self._text[at] == "\\" else 1
        if at >= len(self._text):
            raise self.fault("a quote is never closed")
        self._at = at + 1
        return _ESCAPE.sub(r"\1", self._text[start:at])

    def json(self) -> Any:
        """A list or an object, as JSON."""
        value, size = read_json_prefix(self._text[self._at :])
        self.take(size)
        return value

    def steps(self, *, in_expression: bool) -> Iterator[Step]:
        """The steps from here on, as far as they go."""
        while char := self.rest(1):
            if char == "[":
                yield self._bracket()
            elif char == ".":
                yield from self._dots(in_expression=in_expression)
            else:
                return

    def _dots(self, *, in_expression: bool) -> Iterator[Step]:
        dots = self.match(re.compile(r"\.+"))
        if len(dots) > 1:
            yield Step(lambda _search, value: value, is_many=True, is_recursive=True)
        if self.rest(1) == "[":
            return
        if self.rest(1) == "*":
            self.take(1)
            yield kinds.wildcard()
            return
        name = self.match(_NAME_IN_EXPRESSION if in_expression else _NAME).strip()
        if name == "$":
            yield Step(lambda search, _value: search.root)
        elif name:
            yield kinds.key(name)
        elif len(dots) == 1:
            raise self.fault("a name is needed here")

    def _bracket(self) -> Step:
        with self.deeper():
            self.take(1)
            self.skip_spaces()
            step = self._inside()
            self.skip_spaces()
            self.expect("]")
        return step

    def _inside(self) -> Step:
        char = self.rest(1)
        if char == "*":
            self.take(1)
            return kinds.wildcard()
        if char == "?":
            self.take(1)
            self.expect("(")
            return kinds.filtered(self._test())
        if char == ":":
            return self._range(None)
        found = [self._selector()]
        self.skip_spaces()
        if self.rest(1) == ":" and isinstance(found[0], int):
            return self._range(found[0])
        while self.rest(1) == ",":
            self.take(1)
            self.skip_spaces()
            found.append(self._selector())
            self.skip_spaces()
        steps = [_selected(each) for each in found]
        return steps[0] if len(steps) == 1 else kinds.union(steps)

    def _selector(self) -> str | int | Step:
        char = self.rest(1)
        if char in {"'", '"'}:
            return self.quoted()
        if char == "(":
            self.take(1)
            compute = ExpressionReader(self).read()
            self.skip_spaces()
            self.expect(")")
            return kinds.script(compute)
        number = self.match(_INTEGER)
        if not number:
            raise self.fault("a quoted key, a number, *, ? or a range is needed here")
        return int(number)

    def _range(self, start: int | None) -> Step:
        self.expect(":")
        end, stride = self._bound(), 1
        if self.rest(1) == ":":
            self.take(1)
            given = self._bound()
            stride = 1 if given is None else given
        if stride == 0:
            raise self.fault("the step of a range is not 0")
        return kinds.span(start, end, stride)

    def _bound(self) -> int | None:
        self.skip_spaces()
        number = self.match(_INTEGER)
        self.skip_spaces()
        return int(number) if number else None

    def _test(self) -> Any:
        compute = ExpressionReader(self).read()
        self.skip_spaces()
        self.expect(")")

        def test(search: Search, value: Any) -> bool:
            try:
                return is_true(compute(search, value))
            except Missing:
                return False

        return test


def _selected(found: str | int | Step) -> Step:
    if isinstance(found, Step):
        return found
    return kinds.key(found) if isinstance(found, str) else kinds.index(found)
