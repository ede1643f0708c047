"""What one call of a function may build: a template must not turn a small event into gigabytes.

Go has no such limits. The sizes are far above what a Kubernetes object may hold (1.5 MiB), and small enough that a
call never takes more than a fraction of a second.
"""

from __future__ import annotations

from typing import Final

from events.languages.go_template.functions import FunctionError

MAX_TEXT_BYTES: Final = 4 * 1024 * 1024
"""Longest text that a function answers."""
MAX_ELEMENTS: Final = 1_000_000
"""Most elements of a list that a function answers."""
MAX_PARTS: Final = 500_000
"""Most values that one call looks at inside of its arguments: those of an event of a mebibyte of small numbers."""
MAX_DEPTH: Final = 200
"""Deepest nesting of a value that a call walks through; a list or map that contains itself is deeper."""


def check_text_bytes(count: int) -> None:
    """Refuse to build a text of `count` bytes where that is too many. Raises FunctionError."""
    if count > MAX_TEXT_BYTES:
        raise FunctionError(f"the text would have {count} bytes, {MAX_TEXT_BYTES} are allowed")


def bounded(text: str) -> str:
    """The text itself, if it is not too long. Raises FunctionError."""
    if len(text) * 4 > MAX_TEXT_BYTES:
        check_text_bytes(len(text.encode("utf-8", "surrogatepass")))
    return text


def check_elements(count: int) -> None:
    """Refuse to build a list of `count` elements where that is too many. Raises FunctionError."""
    if count > MAX_ELEMENTS:
        raise FunctionError(f"the list would have {count} elements, {MAX_ELEMENTS} are allowed")


class Walk:
    """Counts the values that one call looks at; values that share their parts would else multiply."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_PARTS

    def step(self, depth: int) -> None:
        """One more value, nested `depth` levels deep. Raises FunctionError."""
        self.left -= 1
        if self.left < 0:
            raise FunctionError(f"the value has more than {MAX_PARTS} parts")
        if depth > MAX_DEPTH:
            raise FunctionError(f"the value is nested deeper than {MAX_DEPTH} levels, or contains itself")
