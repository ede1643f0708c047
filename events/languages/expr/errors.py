"""What is said of an expression that cannot be read or run: the library's words, the place, and the line of text."""

from __future__ import annotations

from typing import Final

from events.errors import KikkakeError

UNPLACED: Final = -1
"""A node that the library gives no place, such as a ternary: its message is told without one."""
_UNKNOWN: Final = -2


class ExprError(KikkakeError):
    """The expression is no program: `MESSAGE (LINE:COLUMN)`, the line and a mark below the place."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        self.line = line
        """From 1; 0 where the message has no place."""
        self.column = column
        """From 1."""
        super().__init__(message)


class ExprEvaluationError(KikkakeError):
    """The program failed on this environment. The message may hold values of the environment: not for logs."""

    def __init__(self, message: str, summary: str) -> None:
        self.summary = summary
        """The message on one line and without values: for logs."""
        super().__init__(message)


class Fault(Exception):
    """A fault before its place in the text is known; `at` is an offset in characters.

    `quoted` is a value of the environment that the message holds.
    """

    def __init__(self, message: str, at: int = _UNKNOWN, *, quoted: str = "") -> None:
        self.message = message
        self.at = at
        self.quoted = quoted
        super().__init__(message)

    def placed(self, at: int) -> Fault:
        """The same with a place, unless it has one."""
        if self.at == _UNKNOWN:
            self.at = at
        return self


def summarize(text: str, fault: Fault) -> str:
    """The message with its place, on one line and without the value that it quotes."""
    told = fault.message.partition("\n")[0]
    if fault.quoted:
        told = told.replace(fault.quoted, "…")
    _, line, column = describe(text, fault)
    return f"{told} ({line}:{column})" if line else told


def describe(text: str, fault: Fault) -> tuple[str, int, int]:
    """The message with its place and the line of `text`; line and column count from 1, 0 without a place."""
    if fault.at < 0:
        return fault.message, 0, 0
    before = text[: fault.at]
    line = before.count("\n")
    column = fault.at - (before.rfind("\n") + 1)
    message = f"{fault.message} ({line + 1}:{column + 1})"
    if text:
        message += _snippet(text.split("\n")[line].replace("\t", " "), column)
    return message, line + 1, column + 1


def _snippet(line: str, column: int) -> str:
    snippet = f"\n | {line}"
    # The mark is left out where a wide character stands before or at the place.
    if not line[: column + 1].isascii():
        return snippet
    return f"{snippet}\n | {'.' * min(column, len(line))}^"
