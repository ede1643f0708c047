"""Changing values inside a YAML text and nothing else: comments, order, quotes and line breaks around them stay. Pure.

Only what differs is written anew, as deep inside as it can be. A value under an anchor, an alias, a tag or a merge key
is not touched: it may stand for several places.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from events.errors import KikkakeError
from kikkake.testing.yaml_spots import Shape, Spot
from kikkake.testing.yaml_text import block_lines, flow_text

_LONGEST_LINE = 110
"""A value in brackets that would end beyond this column becomes a block where that is possible."""


class CannotRewrite(KikkakeError):
    """The value stands in a form that is not written by machine; the text says which."""


@dataclass(frozen=True, slots=True)
class Hook:
    """What a value hangs on: the key or dash before it."""

    behind: int
    """Behind the colon or dash."""
    column: int
    """Of the key or dash."""
    is_key: bool
    is_flow: bool
    """Inside brackets."""


class Rewriter:
    """Collects the changes of one text."""

    def __init__(self, text: str, *, is_json: bool = False) -> None:
        self._text = text
        self._is_json = is_json
        self._edits: list[tuple[int, int, str]] = []

    def change_member(self, spot: Spot, name: str, old: Any, new: Any) -> None:
        """Make a member of the map at `spot`, which is read as `old`, to `new`. Raises CannotRewrite."""
        pair = spot.entry(name)
        if spot.shape is not Shape.MAP or spot.is_marked or pair is None:
            raise CannotRewrite("it stands under an anchor, an alias or a merge key")
        self._change(pair[1], old, new, self._key_hook(pair[0], spot))

    def result(self) -> str:
        """The changed text."""
        text = self._text
        # Backwards; of two insertions at one place the inner one was collected first and comes first in the text.
        places = [(start, end, number) for number, (start, end, _text) in enumerate(self._edits)]
        for start, end, number in sorted(places, reverse=True):
            inserted = self._edits[number][2]
            text = text[:start] + inserted + text[end:]
        return text

    def _change(self, spot: Spot, old: Any, new: Any, hook: Hook) -> None:
        if is_same(old, new):
            return
        if spot.shape is Shape.ALIAS or spot.is_marked:
            raise CannotRewrite("it has an anchor, an alias or a tag")
        if new and hook.is_key and spot.is_flow and self._would_be_a_block(spot, new, hook):
            self._replace(spot, new, hook)
        elif new and isinstance(old, dict) and isinstance(new, dict) and spot.shape is Shape.MAP:
            self._change_map(spot, old, new, hook)
        elif new and old and isinstance(old, list) and isinstance(new, list) and spot.shape is Shape.LIST:
            self._change_list(spot, old, new)
        else:
            self._replace(spot, new, hook)

    def _change_map(self, spot: Spot, old: dict[str, Any], new: dict[str, Any], hook: Hook) -> None:
        names = [key.text for key, _value in spot.entries]
        if sorted(names) != sorted(old):
            raise CannotRewrite("it has a merge key, or a key that is read as something else")
        kept = [index for index, name in enumerate(names) if name in new]
        if not kept:
            self._replace(spot, new, hook)
            return
        for index in kept:
            key, value = spot.entries[index]
            self._change(value, old[key.text], new[key.text], self._key_hook(key, spot))
        for first, last in _runs([index for index in range(len(names)) if index not in kept]):
            self._remove_entries(spot, first, last)
        added = {name: value for name, value in new.items() if name not in old}
        if added:
            self._add(spot, spot.entries[kept[-1]][1], added)

    def _change_list(self, spot: Spot, old: list[Any], new: list[Any]) -> None:
        for item, before, after in zip(spot.items, old, new, strict=False):
            behind = item.start if spot.is_flow else self._text.rindex("-", 0, item.start) + 1
            self._change(item, before, after, Hook(behind, spot.column, is_key=False, is_flow=spot.is_flow))
        if len(new) < len(old):
            self._cut(spot, len(new))
        elif len(new) > len(old):
            self._add(spot, spot.items[-1], new[len(old) :])

    def _remove_entries(self, spot: Spot, first: int, last: int) -> None:
        key, value = spot.entries[first][0], spot.entries[last][1]
        following = spot.entries[last + 1][0].start if last + 1 < len(spot.entries) else None
        line = self._line_start(key.start)
        if following is not None and (spot.is_flow or self._text[line : key.start].strip()):
            # In brackets, or on the line of a dash: the next one moves up.
            self._edit(key.start, following, "")
        elif spot.is_flow:
            self._edit(spot.entries[first - 1][1].end, value.end, "")
        else:
            self._edit(line, self._behind_line(value.end), "")

    def _cut(self, spot: Spot, length: int) -> None:
        last = spot.items[-1]
        if spot.is_flow:
            self._edit(spot.items[length - 1].end, last.end, "")
            return
        dash = self._text.rindex("-", 0, spot.items[length].start)
        line = self._line_start(dash)
        if self._text[line:dash].strip():
            raise CannotRewrite("an item shares its line with another one")
        self._edit(line, self._behind_line(last.end), "")

    def _add(self, spot: Spot, last: Spot, added: dict[str, Any] | list[Any]) -> None:
        """Behind `last`, the last of what is kept."""
        if spot.is_flow:
            self._edit(last.end, last.end, f", {self._flow(added)[1:-1]}")
            return
        at = self._line_end(last.end)
        lines = [" " * spot.column + line for line in block_lines(added)]
        self._edit(at, at, "".join(f"\n{line}" for line in lines))

    def _replace(self, spot: Spot, new: Any, hook: Hook) -> None:
        if new and isinstance(new, dict | list) and not hook.is_flow and not self._is_json:
            if spot.is_block and not hook.is_key:
                self._edit(spot.start, spot.end, f"\n{' ' * spot.column}".join(block_lines(new)))
                return
            if hook.is_key and (spot.is_block or self._would_be_a_block(spot, new, hook)):
                self._only_space_before(spot, hook)
                indent = " " * (hook.column + 2)
                # Behind a comment on the line of the key.
                at = spot.end if spot.is_block else self._line_end(spot.end)
                self._edit(hook.behind, spot.end, "")
                self._edit(at, at, "".join(f"\n{indent}{line}" for line in block_lines(new)))
                return
        text = self._flow(new, quote=spot.quote)
        if spot.is_block or spot.start == spot.end:
            self._only_space_before(spot, hook)
            self._edit(hook.behind, spot.end, f" {text}")
        else:
            self._edit(spot.start, spot.end, text)

    def _would_be_a_block(self, spot: Spot, new: Any, hook: Hook) -> bool:
        """A value of one line that becomes too long for it, and may be one of several lines."""
        if hook.is_flow or self._is_json or spot.is_block or "\n" in self._text[spot.start : spot.end]:
            return False
        return self._column(spot.start) + len(self._flow(new)) > _LONGEST_LINE

    def _only_space_before(self, spot: Spot, hook: Hook) -> None:
        if self._text[hook.behind : spot.start].strip():
            raise CannotRewrite("a comment stands between its key and its value")

    def _key_hook(self, key: Spot, inside: Spot) -> Hook:
        behind = self._text.index(":", key.end) + 1
        return Hook(behind, key.column, is_key=True, is_flow=inside.is_flow)

    # Texts

    def _flow(self, value: Any, *, quote: str = "") -> str:
        """On one line."""
        return json.dumps(value, ensure_ascii=False) if self._is_json else flow_text(value, quote=quote)

    # Places

    def _line_start(self, at: int) -> int:
        return self._text.rfind("\n", 0, at) + 1

    def _column(self, at: int) -> int:
        return at - self._line_start(at)

    def _line_end(self, at: int) -> int:
        found = self._text.find("\n", at)
        end = len(self._text) if found < 0 else found
        return end - 1 if self._text[at:end].endswith("\r") else end

    def _behind_line(self, at: int) -> int:
        found = self._text.find("\n", at)
        return len(self._text) if found < 0 else found + 1

    def _edit(self, start: int, end: int, text: str) -> None:
        if any(start < other_end and other_start < end for other_start, other_end, _text in self._edits):
            raise CannotRewrite("two changes of it meet")
        self._edits.append((start, end, text))


def is_same(one: Any, other: Any) -> bool:
    """Equal as a test reads it: `1` and `true` are two, `1` and `1.0` too."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and bool(one == other)


def _runs(indexes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of each row of indexes that follow one another."""
    start = 0
    for at in range(1, len(indexes) + 1):
        if at == len(indexes) or indexes[at] != indexes[at - 1] + 1:
            yield indexes[start], indexes[at - 1]
            start = at
