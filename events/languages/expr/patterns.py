"""Regular expressions of `matches`: RE2, searched anywhere, refused in the words of Go's `regexp`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final

import re2

from events.languages.expr.errors import Fault

_GO_WORDS: Final = {
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid named capture group": "invalid named capture",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "trailing \\": "trailing backslash at end of expression",
}
_MAX_PROGRAM_BYTES: Final = 1 << 20
"""Of a compiled pattern: repetitions in one another would take more than an event is worth."""


@functools.lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Whether a text holds the pattern. Raises Fault."""
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = _MAX_PROGRAM_BYTES
    try:
        # Bytes, since the engine works on UTF-8 and a text would be measured character by character.
        search = re2.compile(pattern.encode("utf-8", "surrogateescape"), options).search
    except re2.error as error:
        words = _go_words(error)
        raise Fault(words, quoted=words.partition(": ")[2].partition(": ")[2]) from None
    return lambda text: search(text.encode("utf-8", "surrogateescape")) is not None


def _go_words(error: re2.error) -> str:
    detail = error.args[0] if error.args else b""
    text = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
    what, _, where = text.partition(": ")
    return f"error parsing regexp: {_GO_WORDS.get(what, what)}: `{where}`"
