"""What commands print: aligned tables, times and ages for people, JSON lines for programs.

Texts come from outside (ids, subjects, reasons): control characters never reach a terminal.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_SINCE = re.compile(r"(\d+)\s*(s|m|h|d)", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Cell(NamedTuple):
    """A text of a table with a colour (a name that click knows), which a pipe never sees."""

    text: str
    colour: str = ""


def output_option(*formats: str) -> Callable[[F], F]:
    """`-o text|json`, and further formats of one command."""
    return click.option(
        "-o",
        "--output",
        "output",
        type=click.Choice(["text", "json", *formats]),
        default="text",
        show_default=True,
        help="json prints one object a line.",
    )


def printable(text: object) -> str:
    """The text on one line, with everything that would move a cursor or hide letters escaped."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", str(text))


def cut(text: str, length: int) -> str:
    """At most `length` characters; what is missing shows as `…`."""
    return text if len(text) <= length else text[: length - 1] + "…"


def paint(text: str, colour: str) -> str:
    return click.style(text, fg=colour) if colour else text


def print_json(value: Any) -> None:
    """One object on one line."""
    click.echo(json.dumps(value, ensure_ascii=False))


def print_table(head: Sequence[str], rows: Sequence[Sequence[str | Cell]], *, indent: str = "") -> None:
    """Columns as wide as their longest cell, two spaces apart; an empty column is left out."""
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    shown = [index for index in range(len(head)) if any(row[index].text for row in cells)]
    widths = {
        index: max([len(head[index]), *(len(printable(row[index].text)) for row in cells)]) for index in shown
    }
    click.echo(
        indent + paint(_line([(head[index].upper(), "") for index in shown], shown, widths), "bright_black")
    )
    for row in cells:
        click.echo(indent + _line([row[index] for index in shown], shown, widths))


def _line(cells: Sequence[tuple[str, str]], shown: Sequence[int], widths: dict[int, int]) -> str:
    parts = []
    for (text, colour), index in zip(cells, shown, strict=True):
        plain = printable(text)
        padding = "" if index == shown[-1] else " " * (widths[index] - len(plain))
        parts.append(paint(plain, colour) + padding)
    return "  ".join(parts).rstrip()


def print_row(row: Sequence[str | Cell], widths: Sequence[int]) -> None:
    """One row of a table that grows: columns begin at fixed places where the cells allow it."""
    parts = []
    for cell, width in zip(row, widths, strict=True):
        text, colour = cell if isinstance(cell, Cell) else Cell(cell)
        plain = printable(text)
        parts.append(paint(plain, colour) + " " * (width - len(plain)))
    click.echo("  ".join(parts).rstrip())


def clock_time(rfc3339: str) -> str:
    """`2026-11-24 07:08:11.123Z`: UTC as in logs, to the millisecond."""
    day, _, rest = rfc3339.partition("T")
    seconds, _, fraction = rest.removesuffix("Z").partition(".")
    return f"{day} {seconds}.{fraction[:3]:0<3}Z" if rest else rfc3339


def duration(us: int) -> str:
    """`310 µs`, `4.2 ms`, `1.3 s`, `5 min`, `3 h`, `2 d`: two digits are enough to see what was slow."""
    for limit, divisor, unit in (
        (1_000, 1, "µs"),
        (1_000_000, 1_000, "ms"),
        (120_000_000, 1_000_000, "s"),
        (7_200_000_000, 60_000_000, "min"),
        (172_800_000_000, 3_600_000_000, "h"),
    ):
        if us < limit:
            amount = us / divisor
            return f"{amount:.1f} {unit}" if divisor > 1 and amount < 10 else f"{amount:.0f} {unit}"
    return f"{us / 86_400_000_000:.0f} d"


def age(at_us: int, now_us: int | None = None) -> str:
    """`3 min ago`; a time that lies ahead reads `in 5 s`."""
    passed = (time.time_ns() // 1000 if now_us is None else now_us) - at_us
    return f"{duration(passed)} ago" if passed >= 0 else f"in {duration(-passed)}"


class Since(click.ParamType[int]):
    """`90s`, `30m`, `1h`, `7d`, or an RFC 3339 time; gives microseconds since 1970."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from events.clock import parse_time  # noqa: PLC0415 - asyncio is no part of --help

        match = _SINCE.fullmatch(value)
        if match:
            return time.time_ns() // 1000 - int(match[1]) * _SECONDS[match[2]] * 1_000_000
        at_us = parse_time(value)
        if at_us is None:
            self.fail(f"`{value}` is not a time: write 90s, 30m, 1h, 7d or 2026-11-24T07:00:00Z", param, ctx)
        return at_us
