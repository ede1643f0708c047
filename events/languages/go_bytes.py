"""Go's strings are bytes: a text as bytes, and bytes as the text that stands for them.

Bytes that are not UTF-8 are lone surrogates in our texts, as `surrogateescape` makes them (see go_values.py).
"""

from __future__ import annotations

import re

_NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def to_bytes(text: str) -> bytes:
    """The bytes of a Go string; half a surrogate pair, which Go cannot hold, is U+FFFD."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return _NO_BYTE.sub("\ufffd", text).encode("utf-8", "surrogateescape")


def to_text(raw: bytes) -> str:
    """The Go string of these bytes."""
    return raw.decode("utf-8", "surrogateescape")
