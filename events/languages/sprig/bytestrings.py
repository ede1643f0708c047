"""Go's strings where a function counts or cuts them: in bytes, in runes, at white space.

Bytes that are not UTF-8 are lone surrogates in our texts, as `surrogateescape` makes them.
"""

from __future__ import annotations

import re
from typing import Final

from events.languages.go_bytes import to_bytes

GO_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Go's `unicode.IsSpace` says yes to; Python's `isspace` adds four separators of ASCII."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def to_runes(text: str) -> str:
    """The text after a conversion to `[]rune`: each byte that is not UTF-8 is U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def text_length(text: str) -> int:
    """How many bytes the text has."""
    return len(text) if text.isascii() else len(to_bytes(text))
