"""Print what a Sensor would create for an event, or why it creates nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kikkake.cli.failure import ExitCode
from kikkake.cli.output import paint, print_json, printable

if TYPE_CHECKING:
    from kikkake.rendering import Rendering


@click.command()
@click.argument("sensor", metavar="SENSOR")
@click.option(
    "--event",
    "events",
    multiple=True,
    required=True,
    metavar="[SOURCE/EVENT=]FILE",
    help="The data of an event as JSON, or a whole CloudEvent; several are given in order. `-`: standard input.",
)
@click.option(
    "--dependency", default="", metavar="NAME", help="Which dependency a FILE without a name is for."
)
@click.option(
    "--wait", default="", metavar="DURATION", help="Time that passes behind the last event, as `30s`."
)
@click.option(
    "--path", "paths", multiple=True, metavar="PATH", help="Where a Sensor by name stands [default: here]."
)
@click.option(
    "--artifact",
    "artifacts",
    multiple=True,
    metavar="NAME=FILE",
    help="What a URL, a git or an S3 source gives; NAME as in docs/reference/tests.md.",
)
@click.option(
    "--fetch", is_flag=True, help="Fetch what is not given. Without it nothing goes over the network."
)
@click.option(
    "--secrets",
    "secrets_folders",
    multiple=True,
    metavar="DIR",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder with NAME/KEY files in place of Secrets and ConfigMaps.",
)
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
@click.pass_context
def render(
    ctx: click.Context,
    sensor: str,
    events: tuple[str, ...],
    dependency: str,
    wait: str,
    paths: tuple[str, ...],
    artifacts: tuple[str, ...],
    fetch: bool,
    secrets_folders: tuple[Path, ...],
    output: str,
) -> None:
    """Print what SENSOR would create for these events; nothing is created. SENSOR is a file (FILE#NAME) or [NS/]NAME.

    Of a trigger that does not fire a comment says why, as `kikkake explain` does.
    Exit code 1: what fires cannot be rendered; 3: what it needs could not be fetched.

    \b
      kikkake render sensor.yaml --event push.json
      kikkake render build --event github/push=push.json --event harbor/image=image.json
      kikkake render sensor.yaml --event push.json -o json
    """
    from kikkake.cli.rendering import read_order  # noqa: PLC0415 - models are no part of --help
    from kikkake.rendering import render as carry_out  # noqa: PLC0415

    order = read_order(
        sensor,
        events,
        dependency=dependency,
        wait=wait,
        paths=paths,
        artifacts=artifacts,
        may_fetch=fetch,
        secrets_folders=secrets_folders,
    )
    renderings = asyncio.run(carry_out(order))
    if output == "json":
        for rendering in renderings:
            print_json(_json(rendering))
    else:
        _print_yaml(renderings)
    failed = [rendering for rendering in renderings if rendering.outcome == "failed"]
    if failed:
        ctx.exit(ExitCode.OUTSIDE if all(each.may_pass for each in failed) else ExitCode.WRONG)


def _json(rendering: Rendering) -> dict[str, object]:
    members: dict[str, object] = {"trigger": rendering.trigger, "outcome": rendering.outcome}
    if rendering.given:
        members["with"] = dict(rendering.given)
    if rendering.value is not None:
        return {**members, rendering.kind: dict(rendering.value)}
    return {**members, "reason": rendering.sentence}


def _print_yaml(renderings: Sequence[Rendering]) -> None:
    """Documents for `kubectl apply --dry-run=server -f -`; what is no object is JSON in a comment's company."""
    for number, rendering in enumerate(renderings):
        if number:
            click.echo("---")
        click.echo(paint(f"# {printable(_headline(rendering))}", "bright_black"))
        if rendering.value is None:
            continue
        if rendering.kind == "object":
            click.echo(_yaml(rendering.value), nl=False)
        else:
            click.echo(json.dumps(rendering.value, indent=2, ensure_ascii=False))


def _headline(rendering: Rendering) -> str:
    name = f"trigger {rendering.trigger}"
    if rendering.value is None:
        return f"{name}: {rendering.outcome}: {rendering.sentence}"
    given = ", ".join(
        f"{dependency}={'+'.join(ids) if isinstance(ids, list) else ids}"
        for dependency, ids in rendering.given.items()
    )
    return f"{name}: would {'create' if rendering.kind == 'object' else 'send'}, with {given}"


def _yaml(value: object) -> str:
    import yaml  # noqa: PLC0415 - no part of --help

    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)
    return text
