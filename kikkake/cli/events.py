"""What arrived, newest first, and what happened to each event in short."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from events.clock import format_time, parse_time
from kikkake.cli.asking import (
    Answers,
    ask,
    data_option,
    note_resources,
    open_answers,
    server_option,
    topic_text,
)
from kikkake.cli.failure import CommandFailed
from kikkake.cli.happened import happened_cell
from kikkake.cli.output import Cell, Since, clock_time, cut, output_option, print_json, print_row, print_table

_POLL_INTERVAL_S = 1.0
"""How often `--follow` looks: a person does not see less, and it costs the store one short query."""
_PATIENCE_US = 2_000_000
"""`--follow` shows an event when it is judged, or after this long as not judged."""
_MAX_PAGES = 20
"""Of one look of `--follow`: 1,000 events a second fill four; beyond that the oldest ones are skipped."""
_HEAD = ("no", "arrived", "id", "event", "type", "standing", "what happened")
_FOLLOW_WIDTHS = (6, 24, 36, 28, 16, 16, 0)


@click.command()
@click.option(
    "--source", default="", metavar="[NS/]SOURCE[/EVENT]", help="Only of this EventSource (and event)."
)
@click.option("--since", type=Since(), help="Only what was stored since then: 90s, 30m, 1h, 7d, or a time.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--follow", "-f", is_flag=True, help="Go on with what arrives, until Ctrl-C.")
@server_option
@data_option
@output_option()
def events(
    source: str,
    since: int | None,
    limit: int,
    follow: bool,
    server: str | None,
    data: Path | None,
    output: str,
) -> None:
    """List what arrived, newest first. `kikkake explain NO` (or ID) tells the whole story of one event.

    \b
      kikkake events --since 1h
      kikkake events --source ci/github/push -f
    """
    parameters = {"limit": str(limit), **source_parameters(source)}
    if since is not None:
        parameters["since"] = format_time(since)
    answers = open_answers(server, data)
    if follow:
        _follow(answers, parameters, output)
    else:
        answer = ask(lambda: answers.events(parameters))
        _show(answer["events"], output, is_narrowed=len(parameters) > 1)
        if output == "text":
            note_resources(answers)


def source_parameters(source: str) -> dict[str, str]:
    """`SOURCE`, `NS/SOURCE` or `NS/SOURCE/EVENT` as parameters. Raises CommandFailed for more parts."""
    parts = source.split("/") if source else []
    match parts:
        case []:
            return {}
        case [name]:
            return {"eventSource": name}
        case [namespace, name]:
            return {"namespace": namespace, "eventSource": name}
        case [namespace, name, event]:
            return {"namespace": namespace, "eventSource": name, "eventName": event}
    raise CommandFailed(f"--source {source}: write SOURCE, NAMESPACE/SOURCE or NAMESPACE/SOURCE/EVENT")


def _show(found: list[dict[str, Any]], output: str, *, is_narrowed: bool) -> None:
    if output == "json":
        for event in found:
            print_json(event)
    elif found:
        print_table(_HEAD, [_row(event) for event in found])
    elif is_narrowed:
        click.echo("No event fits.")
    else:
        click.echo("No event has arrived yet. Send one: kikkake send SOURCE/EVENT FILE")


def _row(event: Mapping[str, Any]) -> tuple[str | Cell, ...]:
    standing = "" if event["standing"] == "new" else event["standing"]
    return (
        str(event["sequence"]),
        clock_time(event["provenance"]["arrivedAt"]),
        cut(event["id"], 40),
        topic_text(event["topic"]),
        cut(event["type"], 40),
        Cell(standing, "yellow"),
        happened_cell(event),
    )


def _follow(answers: Answers, parameters: Mapping[str, str], output: str) -> None:
    """Oldest first, as they are judged, until Ctrl-C, which is how it is meant to end."""
    if output == "text":
        print_row(_HEAD, _FOLLOW_WIDTHS)
    last = 0
    try:
        while True:
            for event in list(_newer(answers, parameters, last)):
                last = event["sequence"]
                if output == "json":
                    print_json(event)
                else:
                    print_row(_row(event), _FOLLOW_WIDTHS)
            time.sleep(_POLL_INTERVAL_S)
    except KeyboardInterrupt:
        return


def _newer(answers: Answers, parameters: Mapping[str, str], last: int) -> Iterator[dict[str, Any]]:
    """Events above `last`, oldest first, up to the first that is still to be judged."""
    found: list[dict[str, Any]] = []
    page = dict(parameters)
    for _ in range(_MAX_PAGES if last else 1):
        answer = ask(lambda: answers.events(page))
        found += [event for event in answer["events"] if event["sequence"] > last]
        if answer["next"] is None or answer["next"] <= last:
            break
        page["before"] = str(answer["next"])
    now_us = time.time_ns() // 1000
    for event in reversed(found):
        if not event["happened"]["judged"] and now_us - (parse_time(event["storedAt"]) or 0) < _PATIENCE_US:
            return
        yield event
