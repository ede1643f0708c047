"""Fire again: one event, or everything that was given up; prints the plan first."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping
from typing import Any

import click

from events.clock import format_time
from kikkake.api.client import ApiClient
from kikkake.cli.asking import ask, running, server_option
from kikkake.cli.output import Cell, Since, output_option, print_json, print_table, printable

_COLOURS = {"create": "green", "retry": "green", "hold": "yellow", "clear": "yellow", "none": "bright_black"}
_PLANNED = {
    "create": "will fire",
    "retry": "will retry",
    "hold": "will be held",
    "clear": "will be cleared",
    "none": "nothing to do",
}
_DONE = {"create": "fired", "retry": "retried", "hold": "held", "clear": "cleared", "none": "nothing to do"}


@click.command()
@click.argument("event_id", metavar="[ID]", required=False)
@click.option("--sensor", default="", metavar="NS/NAME", help="Only this Sensor.")
@click.option("--as-new", is_flag=True, help="Make new effects even where the old ones are done.")
@click.option("--failed", is_flag=True, help="Everything that was given up, instead of one event.")
@click.option(
    "--since", type=Since(), help="With --failed: given up since then (90s, 30m, 1h, 7d, or a time)."
)
@click.option(
    "--reason", default="", help="With --failed: given up for this reason, as `dead-letters` shows it."
)
@click.option("--dry-run", is_flag=True, help="Only print the plan.")
@server_option
@output_option()
def replay(
    event_id: str | None,
    sensor: str,
    as_new: bool,
    failed: bool,
    since: int | None,
    reason: str,
    dry_run: bool,
    server: str | None,
    output: str,
) -> None:
    """Fire again for one event, or for everything that was given up.

    What is done already stays done, unless --as-new asks for new effects.

    \b
      kikkake replay 4711 --dry-run
      kikkake replay 4711 --sensor ci/build
      kikkake replay --failed --since 1h --reason Forbidden
    """
    _check_usage(event_id, as_new=as_new, failed=failed, since=since, reason=reason)
    client = running(server, or_else="since only a running process can replay")
    order: dict[str, Any] = {"sensor": sensor}
    if event_id is not None:
        order["asNew"] = as_new
    else:
        order |= {"since": "" if since is None else format_time(since), "reason": reason}
    plan = _send(client, event_id, {**order, "dryRun": True})
    is_idle = all(item["action"] == "none" for item in plan["items"])
    if output == "text" or dry_run or is_idle:
        _show(plan, output, _PLANNED, "Plan")
    if dry_run or is_idle:
        return
    _show(_send(client, event_id, {**order, "dryRun": False}), output, _DONE, "Done")


def _check_usage(event_id: str | None, *, as_new: bool, failed: bool, since: int | None, reason: str) -> None:
    if (event_id is not None) == failed:
        raise click.UsageError("give the ID of one event, or --failed for everything that was given up")
    if failed and as_new:
        raise click.UsageError("--as-new goes with the ID of one event: what was given up is not done yet")
    if not failed and (since is not None or reason):
        raise click.UsageError("--since and --reason go with --failed")


def _send(client: ApiClient, event_id: str | None, order: Mapping[str, Any]) -> dict[str, Any]:
    if event_id is None:
        return ask(lambda: client.replay_failed(order))
    return ask(lambda: client.replay_event(event_id, order))


def _show(answer: Mapping[str, Any], output: str, words: Mapping[str, str], title: str) -> None:
    items = answer["items"]
    if output == "json":
        for item in items:
            print_json({**item, "dryRun": answer["dryRun"]})
        return
    counts = Counter(words[item["action"]] for item in items)
    summary = ", ".join(f"{count} {word}" for word, count in counts.items()) or "nothing found"
    click.echo(f"{title}: {summary}")
    if items:
        rows = [
            (
                str(item["sequence"]),
                item["eventId"],
                item["sensor"],
                item["trigger"],
                Cell(words[item["action"]], _COLOURS[item["action"]]),
                item["note"],
            )
            for item in items
        ]
        print_table(("no", "event", "sensor", "trigger", "what", "why"), rows, indent="  ")
    if answer["dryRun"]:
        for item in items:
            _show_preview(item)
    if answer["hasMore"]:
        click.echo("  and more than one order takes: run it again afterwards")
    if not answer["dryRun"] and items:
        click.echo(f"See what came of it: kikkake explain {items[0]['sequence']}")


def _show_preview(item: Mapping[str, Any]) -> None:
    """The object, request or message that would be made, as YAML."""
    import yaml  # noqa: PLC0415 - only here, and 20 ms

    preview = dict(item["preview"])
    operation = preview.pop("operation", "")
    for what, value in preview.items():
        done = f" to {printable(operation)}" if operation else ""
        click.echo(f"  {printable(item['sensor'])} trigger {printable(item['trigger'])}: {what}{done}")
        # YAML escapes every character that a terminal would obey.
        click.echo(textwrap.indent(yaml.safe_dump(value, sort_keys=False).rstrip(), "    "))
