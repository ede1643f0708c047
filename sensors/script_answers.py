"""What scripts have said of an event: the reading that the other filters see too, with their answers in it."""

from __future__ import annotations

from events.event import Event
from sensors.filter import Code, Reading


def script_key(program: str) -> tuple[str, str]:
    """Under which `Reading.answers` keeps what a script said."""
    return ("script", program)


class ScriptedReading(Reading):
    """A reading that also knows why a script failed."""

    __slots__ = ("script_reasons",)

    def __init__(self, event: Event) -> None:
        super().__init__(event)
        self.script_reasons: dict[str, str] = {}
        """By program."""

    def answer(self, program: str, code: Code, reason: str = "") -> None:
        """Keep what a script said."""
        self.answers[script_key(program)] = code
        if reason:
            self.script_reasons[program] = reason
