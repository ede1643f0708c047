"""What a person most likely got wrong in a path. gjson accepts every text, so this is advice, not a rule."""

from __future__ import annotations

import re
from typing import Final

from events.languages.gjson.syntax import MODIFIERS

_CLOSER: Final = {"[": "]", "(": ")", "{": "}"}
_INDEX_IN_BRACKETS = re.compile(r"[\w)\].]\[(\d+|\*|['\"][^'\"]*['\"])\]")
_MODIFIER = re.compile(r"(?:^|[.|\[{,:])@(\w+)")
_TOKEN = re.compile(r'\\.|"(?:[^"\\]|\\.)*"|["\[\](){},]', re.DOTALL)
_LONE_BACKSLASH = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")


def lint_path(text: str) -> str | None:
    """One sentence about the first thing in `text` that will hardly do what was meant; None if there is none.

    Places are counted from 1.
    """
    if not text:
        return "an empty path finds nothing; @this is the whole document"
    if text.startswith(("$.", "$[")) or text == "$":
        return "a path does not start with '$'; write the name of the first member"
    if text.startswith(".") and not text.startswith(".."):
        return "a path does not start with '.'; write the name of the first member"
    if text.startswith("{{"):
        return "this is a template; a path is written without '{{' and '}}'"
    return _lint_brackets(text) or _lint_parts(text)


def _lint_brackets(text: str) -> str | None:
    opened: list[tuple[str, int]] = []
    for token in _TOKEN.finditer(text):
        char, at = token[0][0], token.start() + 1
        if char == '"' and opened and len(token[0]) == 1:
            return f"the quote at {at} is never closed"
        if char in _CLOSER:
            opened.append((char, at))
        elif char in "])}":
            if not opened or _CLOSER[opened[-1][0]] != char:
                return f"'{char}' at {at} closes nothing; a name that contains it is written \\{char}"
            opened.pop()
        elif char == "," and not opened and "@" not in text and "!" not in text:
            return f"the comma at {at} means something only inside [a,b] or {{a,b}}"
    if opened:
        char, at = opened[-1]
        return f"'{char}' at {at} is never closed"
    return "a backslash at the end escapes nothing" if _LONE_BACKSLASH.search(text) else None


def _lint_parts(text: str) -> str | None:
    unknown = next((name for name in _MODIFIER.findall(text) if name.encode() not in MODIFIERS), None)
    if unknown is not None:
        known = ", ".join(sorted("@" + name.decode() for name in MODIFIERS))
        return f"there is no modifier @{unknown}, so this names a member; the modifiers are {known}"
    bracketed = _INDEX_IN_BRACKETS.search(text)
    if bracketed is not None and "#[" not in text:
        inner = bracketed[1].strip("'\"")
        return f"elements and members stand behind a dot: write .{'#' if inner == '*' else inner}"
    if text.endswith((".", "|")):
        return f"nothing follows the last '{text[-1]}'"
    if ".." in text[1:]:
        return "'..' names a member with an empty name"
    return None
