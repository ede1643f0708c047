"""Go's layouts: a layout is the reference time, Mon Jan 2 15:04:05 MST 2006, written as the wanted text.

A layout is cut once into literal text and elements (`2006`, `Jan`, `-07:00`, `.000`); printing and reading follow the
same cut. Rules: documentation of Go's package `time`, "Constants"; checked against Go by the tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_ELEMENT = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|PM|pm"
    r"|0[1-6]|002|15|1|2006|2|_2(?!006)|__2|3|4|5"
    r"|[-Z]07(?:0000|:00:00|00|:00)?"
    r"|[.,](?:0++|9++)(?![0-9])"
)
_LENGTH_MASK = 0xFFF
"""Go keeps the number of a fraction's digits in twelve bits."""
_LONGEST_REMEMBERED = 200
"""A layout may come from an event: long ones would fill the memory."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a layout, and the literal text before it."""

    before: str
    text: str
    """As the layout has it; empty for the text after the last element."""

    @property
    def is_fraction(self) -> bool:
        """Whether it stands for fractions of a second."""
        return self.text[:1] in {".", ","}

    @property
    def digits(self) -> int:
        """How many digits a fraction shows."""
        return (len(self.text) - 1) & _LENGTH_MASK


def elements(layout: str) -> tuple[Element, ...]:
    """The elements of a layout in order; the last one has no text of its own."""
    return _remembered(layout) if len(layout) <= _LONGEST_REMEMBERED else _cut(layout)


def _cut(layout: str) -> tuple[Element, ...]:
    found, end = [], 0
    for match in _ELEMENT.finditer(layout):
        found.append(Element(layout[end : match.start()], match[0]))
        end = match.end()
    return (*found, Element(layout[end:], ""))


_remembered = lru_cache(maxsize=512)(_cut)
