"""What a person should know of the patterns of string filters; the patterns themselves are in `events.patterns`."""

from __future__ import annotations

from events.patterns import plain_word


def is_unanchored_word(pattern: str) -> bool:
    """Whether it is a plain word that also matches inside a longer one: a trap for lint."""
    literal = plain_word(pattern)
    return literal is not None and not literal.at_start and not literal.at_end
