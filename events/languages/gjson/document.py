"""A document that is asked for many paths, and a path that is asked of many documents.

`Path.get` is the hottest line of the gateway: a thousand sensors may ask one event for `body.ref`. So a document
is parsed once, and a plain path is answered from the parsed form where that provably says what gjson would say
about the bytes; all else goes to the scanner of `search`. Both remember what they found in the document.
"""

from __future__ import annotations

import functools
import re
from typing import Final

import orjson

from events.languages.gjson.result import MISSING, Kind, PathError, Result, scan_value
from events.languages.gjson.search import lookup
from events.languages.gjson.validity import is_valid

MAX_PATH_BYTES: Final = 4096
"""Longest path; the longest that a resource in the wild uses has about 200 bytes."""
MAX_PATH_DEPTH: Final = 64
"""Most parts and brackets of a path that may be open at once."""

_UNPARSED: Final = object()
_NOTHING: Final = object()
# Names and indexes; a number of more digits could wrap around in gjson.
_PLAIN = re.compile(r"(?:(?![0-9]{10})[A-Za-z0-9_-]+(?:\.|\Z))+(?<!\.)")
# An escape that writes a character of a plain name; only then may a key hide from a search for its bytes.
_HIDDEN_NAME = re.compile(rb"\\u00(?:2[dD]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF])")
_KEY_END = re.compile(rb'"[ \t\r\n]*+:')
_BEFORE_VALUE = re.compile(rb"[ \t\r\n]*+:[ \t\r\n]*+")
_DOUBTS_WORTH_A_LOOK: Final = 3
_SPACED_COLONS: Final = (b" :", b"\t:", b"\n:", b"\r:")


class Document:
    """One JSON text, parsed at most once; remembers what each path found in it."""

    __slots__ = ("_doubts", "_has_unique_keys", "_hides_names", "_parsed", "_valid", "found", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.found: dict[str, Result] = {}
        """What was found, by the text of the path."""
        self._parsed: object = _UNPARSED
        self._valid: bool | None = None
        self._has_unique_keys: bool | None = None
        self._hides_names: bool | None = None
        self._doubts = 0

    def is_valid(self) -> bool:
        """Whether Go's `json.Valid` accepts the bytes (UTF-8 is not asked for, nesting ends at 10,000)."""
        if self._valid is None:
            # What the fast parser takes is JSON; what it refuses may still be (it wants UTF-8 and finite numbers).
            self._valid = self.parsed() is not _NOTHING or is_valid(self.raw)
        return self._valid

    def parsed(self) -> object:
        """The whole document as Python values, or a mark that the fast parser refused it."""
        if self._parsed is _UNPARSED:
            try:
                self._parsed = orjson.loads(self.raw)
            except orjson.JSONDecodeError:
                self._parsed = _NOTHING
        return self._parsed

    def count_name(self, quoted: bytes) -> int:
        """How often a plain name stands in the bytes as a whole string; 2 where that does not say or matter much."""
        if not quoted or self._has_unique_keys:
            return 2
        if self._hides_names is None:
            # A single byte is found ten times faster than four, and many documents have no backslash at all.
            self._hides_names = b"\\" in self.raw and _HIDDEN_NAME.search(self.raw) is not None
        return 2 if self._hides_names else self.raw.count(quoted)

    def has_unique_keys(self) -> bool:
        """Whether it is known that no object has the same key twice: the first and the last of them are the same.

        Finding out costs as much as a few scans, so the first few times the answer is that it is not known.
        """
        if self._has_unique_keys is None:
            self._doubts += 1
            if self._doubts < _DOUBTS_WORTH_A_LOOK:
                return False
            raw = self.raw
            if any(spaced in raw for spaced in _SPACED_COLONS):
                written = len(_KEY_END.findall(raw))
            else:
                written = raw.count(b'":')
            # Text inside a string may look like a key and raise this count, never lower it.
            self._has_unique_keys = written == _members(self.parsed())
        return self._has_unique_keys


def _members(parsed: object) -> int:
    count = 0
    left: list[object] = [parsed]
    while left:
        value = left.pop()
        if type(value) is dict:
            count += len(value)
            left.extend(value.values())
        elif type(value) is list:
            left.extend(value)
    return count


class Path:
    """A compiled path."""

    __slots__ = ("_bytes", "_last_key", "_parts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._bytes = text.encode("utf-8", "surrogatepass")
        self._parts: tuple[tuple[str, int], ...] = ()
        self._last_key = b""
        if _PLAIN.fullmatch(text):
            self._parts = tuple((part, int(part) if part.isdigit() else -1) for part in text.split("."))
            last, position = self._parts[-1]
            # An index has no bytes of its own that could prove anything.
            self._last_key = b'"%b"' % last.encode() if position < 0 else b""

    def get(self, document: Document) -> Result:
        """What the path finds in `document`; `MISSING` if nothing.

        Raises:
            PathError: the path multiplies the document beyond all proportion, or the document is nested too deeply
                for one of its modifiers. A document that is not valid JSON gives what gjson would give.
        """
        found = document.found.get(self.text)
        if found is None:
            found = self._find(document)
            document.found[self.text] = found
        return found

    def _find(self, document: Document) -> Result:
        parsed = document.parsed() if self._parts else _NOTHING
        if parsed is _NOTHING:
            return lookup(document.raw, self._bytes)
        value = self._walk(parsed)
        # gjson finds the first of equal keys, the parser keeps the last. A name that stands in the bytes once has
        # no equal, and neither has one that is not there.
        count = document.count_name(self._last_key)
        if count == 0 or (value is _NOTHING and document.has_unique_keys()):
            return MISSING
        if value is not _NOTHING:
            plain = _plain_scalar(value, document.raw)
            if plain is not None and (count == 1 or document.has_unique_keys()):
                return Result.known(*plain, functools.partial(lookup, document.raw, self._bytes))
            if count == 1:
                return self._after_key(document.raw)
        return lookup(document.raw, self._bytes)

    def _after_key(self, raw: bytes) -> Result:
        """The value behind the only place where the last name of the path stands."""
        before = _BEFORE_VALUE.match(raw, raw.find(self._last_key) + len(self._last_key))
        if before is None:
            return lookup(raw, self._bytes)
        kind, stop = scan_value(raw, before.end(), len(raw))
        found = Result(kind, raw, before.end(), stop)
        found.index = before.end()
        return found

    def _walk(self, value: object) -> object:
        for name, position in self._parts:
            if type(value) is dict:
                value = value.get(name, _NOTHING)
            elif type(value) is list and 0 <= position < len(value):
                value = value[position]
            else:
                return _NOTHING
        return value


def _plain_scalar(value: object, raw: bytes) -> tuple[Kind, str] | None:
    """Kind and text of a value whose text form is certain: no float, no container, no zero that may be `-0`."""
    if type(value) is str:
        return Kind.STRING, value
    if value is True:
        return Kind.TRUE, "true"
    if value is False:
        return Kind.FALSE, "false"
    if value is None:
        return Kind.NULL, ""
    if type(value) is int and (value != 0 or b"-0" not in raw):
        return Kind.NUMBER, str(value)
    return None


@functools.lru_cache(4096)
def compile_path(text: str) -> Path:
    """Compile `text`; remembered.

    Raises:
        PathError: longer or deeper than we allow. gjson itself knows no bad paths: what is wrong finds nothing
            (see `lint_path`).
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_PATH_BYTES:
        raise PathError(f"the path is longer than {MAX_PATH_BYTES} bytes; shorten it")
    depth = _depth(text)
    if depth > MAX_PATH_DEPTH:
        raise PathError(f"the path is {depth} parts deep, {MAX_PATH_DEPTH} are allowed; shorten it")
    return Path(text)


def _depth(text: str) -> int:
    """Most parts and brackets that are open at once, quotes and escapes ignored."""
    deepest = depth = 1
    outer: list[int] = []
    for char in text:
        if char in ".|":
            depth += 1
        elif char in "[({":
            outer.append(depth)
            depth += 1
        elif char in "])}" and outer:
            depth = outer.pop()
        elif char == "," and outer:
            depth = outer[-1] + 1
        deepest = max(deepest, depth)
    return deepest
