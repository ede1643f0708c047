"""Strings: trimming, searching, replacing, quoting, splitting and joining; lists of strings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from events.languages.go_bytes import to_bytes, to_text
from events.languages.go_template.functions import FunctionError, RenderContext, declare
from events.languages.go_template.plain import print_value
from events.languages.go_template.quoting import quote as quote_text
from events.languages.go_values import StringMap, kind_of
from events.languages.sprig.bounds import bounded, check_elements, check_text_bytes
from events.languages.sprig.bytestrings import GO_SPACE, text_length, to_runes

_MAX_INT = (1 << 63) - 1
_INVALID = re.compile("[\udc80-\udcff]")


def strval(value: Any) -> str:
    """A value as sprig makes text of it: as `%v` prints it, and bytes as the text that they are."""
    if type(value) is str:
        return value
    return to_text(value) if isinstance(value, bytes) else print_value(value)


def strings_of(value: Any) -> list[str]:
    """A list as texts, nil left out; anything else is a list of one, nil a list of none."""
    if isinstance(value, (list, bytes)):
        return [strval(element) for element in value if element is not None]
    return [] if value is None else [strval(value)]


def joined(separator: str, texts: Iterable[str]) -> str:
    """`strings.Join`, bounded."""
    parts = list(texts)
    check_text_bytes(sum(map(text_length, parts)) + text_length(separator) * max(len(parts) - 1, 0))
    return separator.join(parts)


def _trim_all(cutset: str, text: str) -> str:
    if _INVALID.search(cutset + text):
        return _trim_invalid(cutset, text)
    return text.strip(cutset)


def _trim_invalid(cutset: str, text: str) -> str:
    """To Go, bytes that are not UTF-8 are all the same character, U+FFFD, when they are compared one by one."""
    plain, chars = to_runes(text), to_runes(cutset)
    start = len(plain) - len(plain.lstrip(chars))
    return text[start : len(plain.rstrip(chars))] if chars else text


def _contains(part: str, text: str) -> bool:
    return to_bytes(part) in to_bytes(text)


def _has_prefix(part: str, text: str) -> bool:
    return to_bytes(text).startswith(to_bytes(part))


def _has_suffix(part: str, text: str) -> bool:
    return to_bytes(text).endswith(to_bytes(part))


def _trim_prefix(part: str, text: str) -> str:
    return to_text(to_bytes(text).removeprefix(to_bytes(part)))


def _trim_suffix(part: str, text: str) -> str:
    return to_text(to_bytes(text).removesuffix(to_bytes(part)))


def _repeat(count: int, text: str) -> str:
    if count < 0:
        raise FunctionError("strings: negative Repeat count")
    size = text_length(text) * count
    if size > _MAX_INT:
        raise FunctionError("strings: Repeat output length overflow")
    check_text_bytes(size)
    return text * count


def _replace(old: str, new: str, text: str) -> str:
    growth = text_length(new) - text_length(old)
    if growth > 0:
        count = text.count(old) if old else len(text) + 1
        check_text_bytes(text_length(text) + count * growth)
    if not old or (old + text).isascii():
        return text.replace(old, new)
    return to_text(to_bytes(text).replace(to_bytes(old), to_bytes(new)))


def _indent(spaces: int, text: str) -> str:
    if spaces < 0:
        raise FunctionError("strings: negative Repeat count")
    check_text_bytes(text_length(text) + spaces * (text.count("\n") + 1))
    padding = " " * spaces
    return padding + text.replace("\n", "\n" + padding)


def _nindent(spaces: int, text: str) -> str:
    return "\n" + _indent(spaces, text)


def _plural(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


def _quote(*values: Any) -> str:
    return joined(" ", [quote_text(bounded(strval(value))) for value in values if value is not None])


def _squote(*values: Any) -> str:
    return joined(" ", [f"'{print_value(value)}'" for value in values if value is not None])


def _cat(*values: Any) -> str:
    return joined(" ", [print_value(value) for value in values if value is not None])


def split_text(separator: str, count: int, text: str) -> list[str]:
    """`strings.SplitN`: at most `count` parts, all if it is negative; an empty separator splits characters."""
    if count == 0:
        return []
    if not separator:
        parts = list(text) if count < 0 else [*text[: count - 1], text[count - 1 :]]
        parts = [part for part in parts if part]
    elif (separator + text).isascii():
        parts = text.split(separator, count - 1 if count > 0 else -1)
    else:
        raws = to_bytes(text).split(to_bytes(separator), count - 1 if count > 0 else -1)
        parts = [to_text(raw) for raw in raws]
    check_elements(len(parts))
    return parts


def _split_list(separator: str, text: str) -> list[str]:
    return split_text(separator, -1, text)


def _splitn(separator: str, count: int, text: str) -> StringMap:
    return StringMap((f"_{index}", part) for index, part in enumerate(split_text(separator, count, text)))


def _split(separator: str, text: str) -> StringMap:
    return _splitn(separator, -1, text)


def _join(separator: str, value: Any) -> str:
    return joined(separator, strings_of(value))


def _sort_alpha(value: Any) -> list[str]:
    if kind_of(value) != "slice":
        return [strval(value)]
    return sorted(strings_of(value), key=to_bytes)


def _shuffle(context: RenderContext, text: str) -> str:
    runes = list(to_runes(text))
    for last in range(len(runes) - 1, 0, -1):
        other = context.randomness.integer(last + 1)
        runes[last], runes[other] = runes[other], runes[last]
    return "".join(runes)


FUNCTIONS = {
    "trim": declare("func(string) string", lambda text: text.strip(GO_SPACE)),
    "trimAll": declare("func(string, string) string", _trim_all),
    "trimall": declare("func(string, string) string", _trim_all),
    "trimPrefix": declare("func(string, string) string", _trim_prefix),
    "trimSuffix": declare("func(string, string) string", _trim_suffix),
    "contains": declare("func(string, string) bool", _contains),
    "hasPrefix": declare("func(string, string) bool", _has_prefix),
    "hasSuffix": declare("func(string, string) bool", _has_suffix),
    "repeat": declare("func(int, string) string", _repeat),
    "replace": declare("func(string, string, string) string", _replace),
    "indent": declare("func(int, string) string", _indent),
    "nindent": declare("func(int, string) string", _nindent),
    "plural": declare("func(string, string, int) string", _plural),
    "quote": declare("func(...any) string", _quote),
    "squote": declare("func(...any) string", _squote),
    "cat": declare("func(...any) string", _cat),
    "toString": declare("func(any) string", strval),
    "toStrings": declare("func(any) []string", strings_of),
    "split": declare("func(string, string) map[string]string", _split),
    "splitList": declare("func(string, string) []string", _split_list),
    "splitn": declare("func(string, int, string) map[string]string", _splitn),
    "join": declare("func(string, any) string", _join),
    "sortAlpha": declare("func(any) []string", _sort_alpha),
    "shuffle": declare("func(string) string", _shuffle, context=True),
}
