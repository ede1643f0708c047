"""What could not be done, and why, each with its replay command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from events.clock import format_time, parse_time
from kikkake.cli.asking import ask, data_option, open_answers, server_option
from kikkake.cli.output import Since, age, output_option, paint, print_json, printable


@click.command("dead-letters")
@click.option("--sensor", default="", metavar="NS/NAME", help="Only of this Sensor.")
@click.option("--reason", default="", help="Only with this reason, such as Forbidden.")
@click.option("--since", type=Since(), help="Only given up since then: 90s, 30m, 1h, 7d, or a time.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@server_option
@data_option
@output_option()
def dead_letters(
    sensor: str,
    reason: str,
    since: int | None,
    limit: int,
    server: str | None,
    data: Path | None,
    output: str,
) -> None:
    """List what was given up, newest first: the reason, and the command that tries again.

    \b
      kikkake dead-letters --since 1h
      kikkake dead-letters --sensor ci/build -o json
    """
    parameters = {"limit": str(limit)}
    if sensor:
        parameters["sensor"] = sensor
    if reason:
        parameters["reason"] = reason
    if since is not None:
        parameters["since"] = format_time(since)
    answers = open_answers(server, data)
    answer = ask(lambda: answers.dead_letters(parameters))
    letters = answer["deadLetters"]
    if output == "json":
        for letter in letters:
            print_json(letter)
        return
    if not letters:
        click.echo("Nothing was given up" + (" that fits." if len(parameters) > 1 else "."))
    for letter in letters:
        _show(letter)
    if answer["next"] is not None:
        click.echo("There are more: raise --limit, or narrow with --since, --sensor or --reason.")
    if len(letters) > 1:
        click.echo("All of them again: kikkake replay --failed" + _same_choice(sensor, reason, since))


def _show(letter: dict[str, Any]) -> None:
    trigger = f", trigger {printable(letter['trigger'])}" if letter["trigger"] else ""
    click.echo(
        f"{paint(printable(letter['reason']), 'red')}  {printable(letter['sensor'])}{trigger}  "
        f"{age(parse_time(letter['at']) or 0)}"
    )
    for line in letter["detail"].splitlines():
        click.echo(f"  {printable(line)}")
    click.echo(f"  why      kikkake explain {letter['sequence']}")
    click.echo(f"  again    {printable(letter['replay'])}")
    click.echo()


def _same_choice(sensor: str, reason: str, since: int | None) -> str:
    chosen = [
        ("--sensor", sensor),
        ("--reason", reason),
        ("--since", "" if since is None else format_time(since)),
    ]
    return "".join(f" {name} {value}" for name, value in chosen if value)
