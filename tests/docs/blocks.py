"""What a page of the documentation shows: its fenced blocks and tables, with what stands before them.

A comment in HTML before a block or a table says how it is checked; readers of the page do not see it:

    <!-- in: dependency -->          the YAML below goes into a small Sensor, which has to be free of errors
    <!-- in: template, lint: KK110 -->   the same, and lint has to say that
    <!-- run: paths -->              the table below is run row by row, on the JSON block above it
    <!-- run: jq -->                 the program below makes of the JSON block above the one below it
    <!-- outcomes -->                the table below names every outcome that `explain` knows
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_MARK = re.compile(r"<!-- ([a-z][^>]*?) -->")
_FENCE = re.compile(r"(`{3,})(\w*)$")
_FILE = re.compile(r"# ([\w-]+\.yaml)\n")


class Row(NamedTuple):
    """One row of a table, its cells as they are meant: without the code marks."""

    cells: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, or a table, which has the language `table`."""

    page: Path
    line: int
    language: str
    text: str
    mark: dict[str, str]
    """`{"in": "dependency"}`."""
    section: int
    """Counts the headings: what stands in one section belongs together."""
    rows: tuple[Row, ...] = ()

    @property
    def place(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def file(self) -> str | None:
        """The name of the file that the block shows: its first line says it in a comment."""
        found = _FILE.match(self.text)
        return found[1] if found else None


def blocks_of(page: Path) -> list[Block]:
    """Every block and table of a page, in its order."""
    return list(_blocks(page, page.read_text(encoding="utf-8").splitlines()))


def _blocks(page: Path, lines: list[str]) -> Iterator[Block]:
    at, section, mark = 0, 0, {}
    while at < len(lines):
        line = lines[at]
        begin = at + 1
        if line.startswith("#"):
            section += 1
        if found := _MARK.fullmatch(line):
            mark = _members(found[1])
            at += 1
            continue
        if found := _FENCE.fullmatch(line):
            end = lines.index(found[1], begin)
            text = "\n".join(lines[begin:end]) + "\n"
            yield Block(page, begin, found[2], text, mark, section)
            at = end
        elif line.startswith("|"):
            end = next(
                (each for each in range(at, len(lines)) if not lines[each].startswith("|")), len(lines)
            )
            rows = tuple(Row(_cells(lines[each]), each + 1) for each in range(at + 2, end))
            yield Block(page, begin, "table", "\n".join(lines[at:end]), mark, section, rows)
            at = end - 1
        if line.strip():
            mark = {}
        at += 1


def _members(text: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in text.split(","))
    return {name.strip(): value.strip() for name, _colon, value in pairs}


def _cells(line: str) -> tuple[str, ...]:
    cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
    return tuple(_plain(cell.replace("\\|", "|").strip()) for cell in cells)


def _plain(cell: str) -> str:
    """The text of a cell that is one piece of code; others stay as they are."""
    for fence in ("``", "`"):
        if cell.startswith(fence) and cell.endswith(fence) and len(cell) > len(fence):
            inner = cell.removeprefix(fence).removesuffix(fence)
            if fence not in inner:
                return inner.strip() if fence == "``" else inner
    return cell
