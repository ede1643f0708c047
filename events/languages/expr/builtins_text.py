"""Builtins on texts. Texts count in bytes and change letter by letter, as in Go."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from events.languages.expr.access import length
from events.languages.expr.errors import Fault
from events.languages.expr.values import as_bytes, from_bytes, text_of, to_int, type_of
from events.languages.go_values import StringList

MAX_TEXT_BYTES: Final = 10_000_000
"""Of a text that is made by repeating, joining or replacing."""
_MAX_REPEATED: Final = 1_000_000
_SPACES: Final = (
    "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

Arguments = list[Any]


def bounded(size: int) -> None:
    """Raise Fault where a text of `size` characters would be too long."""
    if size > MAX_TEXT_BYTES:
        raise Fault("memory budget exceeded")


def upper(text: str) -> str:
    """Letter by letter: what becomes two letters stays as it is."""
    if text.isascii():
        return text.upper()
    return "".join(_one(char, char.upper(), char.title()) for char in text)


def lower(text: str) -> str:
    """Letter by letter, whatever stands around."""
    if text.isascii():
        return text.lower()
    return "".join(_one(char, char.lower(), "i") for char in text)


def _one(char: str, changed: str, otherwise: str) -> str:
    if len(changed) == 1:
        return changed
    return otherwise if len(otherwise) == 1 else char


def _trim(arguments: Arguments) -> str:
    text = text_of(arguments[0])
    return text.strip(text_of(arguments[1])) if len(arguments) == 2 else text.strip(_SPACES)


def _cut_off(cut: Callable[[str, str], str]) -> Callable[[Arguments], str]:
    def call(arguments: Arguments) -> str:
        affix = text_of(arguments[1]) if len(arguments) == 2 else " "
        return cut(text_of(arguments[0]), affix)

    return call


def _pieces(text: str, separator: str, limit: int) -> list[str]:
    if limit == 0:
        return []
    if separator:
        return text.split(separator, limit - 1 if limit > 0 else -1)
    letters = list(text)
    if 0 < limit < len(letters):
        letters[limit - 1 :] = ["".join(letters[limit - 1 :])]
    return letters


def _split(arguments: Arguments) -> StringList:
    text, separator = text_of(arguments[0]), text_of(arguments[1])
    return StringList(_pieces(text, separator, to_int(arguments[2]) if len(arguments) == 3 else -1))


def _split_after(arguments: Arguments) -> StringList:
    found, separator = _split(arguments), text_of(arguments[1])
    return StringList([*(piece + separator for piece in found[:-1]), *found[-1:]])


def _replace(arguments: Arguments) -> str:
    text, old, new = (text_of(each) for each in arguments[:3])
    count = to_int(arguments[3]) if len(arguments) == 4 else -1
    bounded(len(text) + text.count(old) * len(new))
    return text.replace(old, new, count if count >= 0 else -1)


def _repeat(arguments: Arguments) -> str:
    count = to_int(arguments[1])
    if count > _MAX_REPEATED:
        raise Fault("memory budget exceeded")
    text = text_of(arguments[0])
    if count < 0:
        raise Fault("strings: negative Repeat count")
    bounded(len(text) * count)
    return text * count


def _join(arguments: Arguments) -> str:
    glue = text_of(arguments[1]) if len(arguments) == 2 else ""
    found = arguments[0]
    if type(found) not in {list, StringList}:
        shown = "%!s(<nil>)" if found is None else type_of(found)
        raise Fault(f"invalid argument for join (type {shown})")
    texts = [text_of(each) for each in found]
    bounded(sum(map(len, texts)) + len(glue) * len(texts))
    return glue.join(texts)


def _index(find: str) -> Callable[[Arguments], int]:
    def call(arguments: Arguments) -> int:
        text, part = text_of(arguments[0]), text_of(arguments[1])
        if text.isascii() and part.isascii():
            return int(getattr(text, find)(part))
        return int(getattr(as_bytes(text), find)(as_bytes(part)))

    return call


def _has(test: Callable[[str, str], bool]) -> Callable[[Arguments], bool]:
    return lambda arguments: test(text_of(arguments[0]), text_of(arguments[1]))


def _to_base64(arguments: Arguments) -> str:
    return base64.b64encode(as_bytes(text_of(arguments[0]))).decode()


_QUANTUM: Final = re.compile(rb"[A-Za-z0-9+/]{2}(?:==|[A-Za-z0-9+/](?:=|[A-Za-z0-9+/]))")


def _from_base64(arguments: Arguments) -> str:
    raw = as_bytes(text_of(arguments[0]))
    try:
        return from_bytes(binascii.a2b_base64(raw.translate(None, b"\r\n"), strict_mode=True))
    except binascii.Error:
        raise Fault(f"illegal base64 data at input byte {_bad_place(raw)}") from None


def _bad_place(raw: bytes) -> int:
    """Where Go stops reading."""
    places = [place for place, byte in enumerate(raw) if byte not in b"\r\n"]
    text = bytes(raw[place] for place in places)
    for start in range(0, len(text), 4):
        found = _QUANTUM.match(text, start)
        is_padded = found is not None and text[start + 3 : start + 4] == b"="
        if found is not None and not is_padded:
            continue
        if is_padded:
            return places[start + 4] if start + 4 < len(text) else len(raw)
        return _bad_byte(text, start, places, len(raw))
    return len(raw)


def _bad_byte(text: bytes, start: int, places: list[int], size: int) -> int:
    for at in range(start, start + 4):
        if at >= len(text):
            # An incomplete group is blamed on its beginning.
            return places[start] if start < len(places) else size
        if text[at : at + 1] == b"=" and at - start >= 2:
            return places[at + 1] if at + 1 < len(text) else size
        if not chr(text[at]).isalnum() and text[at] not in b"+/":
            return places[at]
    return size


TEXT_BUILTINS: Final[Mapping[str, Callable[[Arguments], Any]]] = {
    "trim": _trim,
    "trimPrefix": _cut_off(str.removeprefix),
    "trimSuffix": _cut_off(str.removesuffix),
    "upper": lambda arguments: upper(text_of(arguments[0])),
    "lower": lambda arguments: lower(text_of(arguments[0])),
    "split": _split,
    "splitAfter": _split_after,
    "replace": _replace,
    "repeat": _repeat,
    "join": _join,
    "indexOf": _index("find"),
    "lastIndexOf": _index("rfind"),
    "hasPrefix": _has(lambda text, part: text.startswith(part)),
    "hasSuffix": _has(lambda text, part: text.endswith(part)),
    "toBase64": _to_base64,
    "fromBase64": _from_base64,
}
"""By name: arguments to value. They raise Fault."""


def cost(arguments: Arguments) -> int:
    """What a call looks at, in characters and elements."""
    return sum(length(each) or 0 for each in arguments)
