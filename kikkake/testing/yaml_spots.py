"""Where every value of a YAML text stands, from its first to its last character: what `--update` edits by. Pure.

`events/resource.py` says where a value begins; here its end and its style count too, and aliases stay what they are.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from events.resource import Path


class Shape(enum.Enum):
    """What stands there."""

    SCALAR = enum.auto()
    MAP = enum.auto()
    LIST = enum.auto()
    ALIAS = enum.auto()


@dataclass(slots=True)
class Spot:
    """One value in the text."""

    shape: Shape
    start: int
    end: int
    """Behind its last character: without the comments and empty lines that follow."""
    column: int
    quote: str = ""
    """Of a scalar: `'` or `"` where it is quoted, `|` or `>` of a block, else empty."""
    is_flow: bool = False
    """A map or list in brackets."""
    is_marked: bool = False
    """It has an anchor or a tag."""
    text: str = ""
    """Of a scalar."""
    entries: list[tuple[Spot, Spot]] = field(default_factory=list)
    items: list[Spot] = field(default_factory=list)

    @property
    def is_block(self) -> bool:
        """A map or list by indentation."""
        return self.shape in {Shape.MAP, Shape.LIST} and not self.is_flow

    def entry(self, name: str) -> tuple[Spot, Spot] | None:
        """Key and value of a member."""
        return next((pair for pair in self.entries if pair[0].text == name), None)

    def at(self, path: Path) -> Spot | None:
        """What stands at a path below; None where an alias or nothing stands on the way."""
        spot: Spot | None = self
        for part in path:
            if spot is None:
                return None
            if isinstance(part, int):
                spot = spot.items[part] if part < len(spot.items) else None
            else:
                pair = spot.entry(part)
                spot = pair[1] if pair is not None else None
        return spot


def read_spots(text: str) -> list[Spot]:
    """The root of each document. Raises yaml.YAMLError."""
    return _Reader(text).roots()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.SafeLoader)

    def roots(self) -> list[Spot]:
        return [
            self._spot(next(self._events))
            for event in self._events
            if isinstance(event, yaml.DocumentStartEvent)
        ]

    def _spot(self, event: yaml.Event) -> Spot:
        start, end = _index(event.start_mark), _index(event.end_mark)
        spot = Spot(Shape.SCALAR, start, end, start - self._text.rfind("\n", 0, start) - 1)
        if isinstance(event, yaml.AliasEvent):
            spot.shape = Shape.ALIAS
        elif isinstance(event, yaml.ScalarEvent):
            spot.is_marked = event.anchor is not None or event.tag is not None
            spot.text, spot.quote = event.value, event.style or ""
            if spot.quote in {"|", ">"}:
                # The mark stands behind the line breaks that follow.
                spot.end = start + len(self._text[start:end].rstrip())
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            spot.is_marked = event.anchor is not None or event.tag is not None
            spot.shape = Shape.MAP if isinstance(event, yaml.MappingStartEvent) else Shape.LIST
            spot.is_flow = bool(event.flow_style)
            self._read_inside(spot)
        return spot

    def _read_inside(self, spot: Spot) -> None:
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                break
            if spot.shape is Shape.LIST:
                spot.items.append(self._spot(event))
            else:
                key = self._spot(event)
                spot.entries.append((key, self._spot(next(self._events))))
        if spot.is_flow:
            spot.end = _index(event.end_mark)
        else:
            # The mark of a block's end stands at the next thing in the file, comments in between.
            last = [value for _key, value in spot.entries] or spot.items
            spot.end = last[-1].end if last else spot.end


def _index(mark: Any) -> int:
    """The reader sets the marks of all events."""
    index: int = mark.index
    return index
