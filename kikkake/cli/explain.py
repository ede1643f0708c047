"""Why an event did or did not fire, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from kikkake.cli.asking import ask, data_option, open_answers, server_option
from kikkake.cli.failure import CommandFailed
from kikkake.cli.output import output_option, print_json


@click.command()
@click.argument("event_id", metavar="ID")
@click.option("--sensor", default="", metavar="[NS/]NAME", help="Only what this Sensor made of it.")
@click.option("--as-test", is_flag=True, help="Print it as a test that passes as things are, secrets masked.")
@click.option(
    "--sensor-file",
    default="",
    metavar="FILE",
    help="With --as-test: where the Sensor stands, seen from the test [default: it stands in the test].",
)
@server_option
@data_option
@output_option()
def explain(
    event_id: str,
    sensor: str,
    as_test: bool,
    sensor_file: str,
    server: str | None,
    data: Path | None,
    output: str,
) -> None:
    """Tell the whole story of one event: from whom, verified how, what each Sensor decided and why, what was created.

    ID is the event's id, its number in `kikkake events`, or the first 8 or more digits of its key.

    \b
      kikkake explain 42
      kikkake explain 72d3162e-cc78-11e3-81ab-4c9367dc0958 --sensor ci/build
      kikkake explain 42 --sensor ci/build --as-test > build_test.yaml
    """
    answers = open_answers(server, data)
    story = ask(lambda: answers.material(event_id) if as_test else answers.explanation(event_id))
    if sensor:
        story = _only(story, sensor if "/" in sensor else f"default/{sensor}")
    if as_test:
        from kikkake.cli.as_test import print_tests  # noqa: PLC0415 - models are no part of --help

        print_tests(story, story["sensors"], sensor_file)
        return
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
