"""What can be wrong with an expression: before anything is known of an event, and with the values of one."""

from __future__ import annotations

from events.errors import KikkakeError


class ExpressionError(KikkakeError):
    """A text that is no expression. The message is govaluate's, where govaluate has one."""

    def __init__(self, message: str, at: int | None = None) -> None:
        self.at = at
        """Where in the text, in characters from 0; None where it is wrong as a whole."""
        super().__init__(message)


class EvaluationError(KikkakeError):
    """An expression that these values have no answer to. The message is govaluate's and may quote a value."""
