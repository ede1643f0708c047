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
    from sensors.trigger import Done, Failed


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
@click.option(
    "--dry-run",
    is_flag=True,
    help="Ask an API server whether it would take what fires; it changes nothing. Needs --context or --kubeconfig.",
)
@click.option("--context", metavar="NAME", default="", help="The context of the kubeconfig to ask.")
@click.option("--kubeconfig", metavar="FILE", default="", help="The kubeconfig of the cluster to ask.")
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
    dry_run: bool,
    context: str,
    kubeconfig: str,
    output: str,
) -> None:
    """Print what SENSOR would create for these events; nothing is created. SENSOR is a file (FILE#NAME) or [NS/]NAME.

    Of a trigger that does not fire a comment says why, as `kikkake explain` does.
    Exit code 1: what fires cannot be rendered, or the API server refuses it; 3: what it needs could not be fetched, or
    nobody could be asked.

    \b
      kikkake render sensor.yaml --event push.json
      kikkake render build --event github/push=push.json --event harbor/image=image.json
      kikkake render sensor.yaml --event push.json -o json
      kikkake render sensor.yaml --event push.json --dry-run --context kind-dev
    """
    if dry_run != bool(context or kubeconfig):
        raise click.UsageError(
            "--dry-run asks an API server: give it together with --context or --kubeconfig"
        )
    from kikkake.cli.rendering import connector, read_order  # noqa: PLC0415 - models are no part of --help
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
        connect=connector(context, kubeconfig) if dry_run else None,
    )
    renderings = asyncio.run(carry_out(order))
    if output == "json":
        for rendering in renderings:
            print_json(_json(rendering))
    else:
        _print_yaml(renderings)
    failed = [each for each in renderings if each.outcome == "failed" or _failure(each) is not None]
    if failed:
        ctx.exit(ExitCode.OUTSIDE if all(each.may_pass for each in failed) else ExitCode.WRONG)


def _json(rendering: Rendering) -> dict[str, object]:
    members: dict[str, object] = {"trigger": rendering.trigger, "outcome": rendering.outcome}
    if rendering.given:
        members["with"] = dict(rendering.given)
    if rendering.operation:
        members["operation"] = rendering.operation
    if rendering.is_asked:
        members["dryRun"] = {"taken": None}
    if rendering.said is not None:
        failure = _failure(rendering)
        members["dryRun"] = {"answer": rendering.said.answer, "taken": failure is None}
        if failure is not None:
            members["reason"], members["detail"] = failure.reason, failure.detail
    if rendering.value is not None:
        return {**members, rendering.kind: dict(rendering.value)}
    return {**members, "reason": rendering.sentence}


def _print_yaml(renderings: Sequence[Rendering]) -> None:
    """Documents for `kubectl apply --dry-run=server -f -`; what is no object is JSON in a comment's company."""
    for number, rendering in enumerate(renderings):
        if number:
            click.echo("---")
        click.echo(paint(f"# {printable(_headline(rendering))}", "bright_black"))
        if rendering.said is not None:
            failure = _failure(rendering)
            click.echo(paint(f"# {printable(_answer(rendering.said))}", "red" if failure else "green"))
        elif rendering.is_asked:
            click.echo(paint("# dry run: there is nobody to ask about this", "bright_black"))
        if rendering.value is None:
            continue
        if rendering.kind == "object":
            click.echo(_yaml(rendering.value), nl=False)
        else:
            click.echo(json.dumps(rendering.value, indent=2, ensure_ascii=False))


def _failure(rendering: Rendering) -> Failed | None:
    """Why the API server would not take it, or could not be asked."""
    from sensors.trigger import Failed  # noqa: PLC0415 - no part of --help

    return rendering.said if isinstance(rendering.said, Failed) else None


def _answer(said: Done | Failed) -> str:
    reason = getattr(said, "reason", "")
    return f"dry run: {reason}: {getattr(said, 'detail', '')}" if reason else f"dry run: {said.answer}"


def _headline(rendering: Rendering) -> str:
    name = f"trigger {rendering.trigger}"
    if rendering.value is None:
        return f"{name}: {rendering.outcome}: {rendering.sentence}"
    given = ", ".join(
        f"{dependency}={'+'.join(ids) if isinstance(ids, list) else ids}"
        for dependency, ids in rendering.given.items()
    )
    verb = (rendering.operation or "create") if rendering.kind == "object" else "send"
    return f"{name}: would {verb}, with {given}"


def _yaml(value: object) -> str:
    import yaml  # noqa: PLC0415 - no part of --help

    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)
    return text
