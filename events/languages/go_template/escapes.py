"""`html`, `js` and `urlquery`: a text made safe for where it goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from events.languages.go_bytes import to_bytes
from events.languages.go_template.functions import declare
from events.languages.go_template.plain import sprint
from events.languages.go_template.quoting import is_printable
from events.languages.go_values import NO_VALUE

_HTML = str.maketrans({"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"})
_JS_NAMED = {"\\": "\\\\", "'": "\\'", '"': '\\"'}
_JS_SPECIAL = re.compile(r"""[\\'"<>&=\x00-\x1f\x80-\U0010ffff]""")
_URL_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")


def html_escape(text: str) -> str:
    """The text for HTML."""
    return text.translate(_HTML)


def js_escape(text: str) -> str:
    """The text for the inside of a JavaScript string."""
    return _JS_SPECIAL.sub(_js, text)


def _js(found: re.Match[str]) -> str:
    char = found[0]
    if char in _JS_NAMED:
        return _JS_NAMED[char]
    code = ord(char)
    if code >= 0x80:
        if 0xD800 <= code <= 0xDFFF:  # a byte that is not UTF-8 stays one
            return char
        return char if is_printable(char) else f"\\u{code:04X}"
    return f"\\u{code:04X}"


def url_query_escape(text: str) -> str:
    """The text for a query: `url.QueryEscape`."""
    return "".join(
        "+" if byte == 32 else chr(byte) if byte in _URL_SAFE else f"%{byte:02X}" for byte in to_bytes(text)
    )


def _text_of(values: Sequence[Any]) -> str:
    """The text of all arguments; nil is `<no value>` here."""
    if len(values) == 1 and type(values[0]) is str:
        return values[0]
    # What is printed in place of nil is a string to Go, so it takes no spaces around.
    return sprint(["<no value>" if value is None or value is NO_VALUE else value for value in values])


ESCAPES = {
    "html": declare("func(...any) string", lambda *values: html_escape(_text_of(values))),
    "js": declare("func(...any) string", lambda *values: js_escape(_text_of(values))),
    "urlquery": declare("func(...any) string", lambda *values: url_query_escape(_text_of(values))),
}
"""The functions by name."""
