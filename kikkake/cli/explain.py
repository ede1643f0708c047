"""Why an event did or did not fire, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from kikkake.cli.asking import ask, data_option, open_answers, server_option
from kikkake.cli.failure import CommandFailed, ExitCode
from kikkake.cli.output import output_option, print_json


@click.command()
@click.argument("event_id", metavar="ID")
@click.option("--sensor", default="", metavar="[NS/]NAME", help="Only what this Sensor made of it.")
@click.option("--as-test", is_flag=True, help="Print it as a test case (not in this version).")
@server_option
@data_option
@output_option()
def explain(
    event_id: str,
    sensor: str,
    as_test: bool,
    server: str | None,
    data: Path | None,
    output: str,
) -> None:
    """Tell the whole story of one event: from whom, verified how, what each Sensor decided and why, what was created.

    ID is the event's id, its number in `kikkake events`, or the first 8 or more digits of its key.

    \b
      kikkake explain 42
      kikkake explain 72d3162e-cc78-11e3-81ab-4c9367dc0958 --sensor ci/build
    """
    if as_test:
        raise CommandFailed("explain --as-test is not part of this version of Kikkake", code=ExitCode.USAGE)
    answers = open_answers(server, data)
    story = ask(lambda: answers.explanation(event_id))
    if sensor:
        story = _only(story, sensor if "/" in sensor else f"default/{sensor}")
    if output == "json":
        print_json(story)
        return
    from kikkake.cli.story import print_story  # noqa: PLC0415 - only for the text

    print_story(story)


def _only(story: Mapping[str, Any], label: str) -> dict[str, Any]:
    chosen = [each for each in story["sensors"] if each["sensor"] == label]
    if not chosen:
        names = ", ".join(each["sensor"] for each in story["sensors"]) or "none"
        raise CommandFailed(f"Sensor {label} has not judged this event; those that have: {names}")
    return {**story, "sensors": chosen}
