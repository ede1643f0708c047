"""Patterns with `*` and `?`, in names of members and behind the operator `%`.

Carried out by RE2, so that no pattern takes more than linear time.
"""

from __future__ import annotations

import functools

import re2

from events.languages.gjson.tokens import to_text


def matches(text: bytes, pattern: bytes) -> bool:
    r"""Whether `pattern` describes all of `text`. `\\` takes the special meaning from what follows it."""
    if pattern == b"*":
        return True
    compiled = _compile(pattern)
    return compiled is not None and compiled.fullmatch(to_text(text)) is not None


@functools.lru_cache(1024)
def _compile(pattern: bytes) -> re2._Regexp[str] | None:
    parts: list[str] = []
    starred = False
    characters = iter(to_text(pattern))
    for char in characters:
        if char == "*":
            starred = True
            parts.append(".*")
        elif char == "?":
            parts.append(".")
        elif char != "\\":
            parts.append(re2.escape(char))
        else:
            following = next(characters, None)
            if following is None and not starred:
                return None  # a lone backslash at the end matches nothing, but itself behind a star
            parts.append(re2.escape(following or "\\"))
    options = re2.Options()
    options.dot_nl = True
    return re2.compile("".join(parts), options)
