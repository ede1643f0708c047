"""Send a delivery to a running source, signed as its sender signs."""

from __future__ import annotations

import json
import shlex
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kikkake.cli.failure import CommandFailed, ExitCode
from kikkake.cli.output import cut, duration, output_option, paint, print_json, printable

if TYPE_CHECKING:
    from sources.source import PushSource

_SHOWN_BODY_CHARACTERS = 2_000
_MAX_TIMES = 10_000
_HINTS = {
    401: "The process has another secret than this command, or none was sent; its log says which check failed.",
    404: "No EventSource serves this path: does `kikkake run` have these files, and did it take them?",
    410: "The EventSource was deleted, or moved to another path, within the last hour.",
    503: "Nothing was stored. The log of `kikkake run` says why; a secret that it cannot read needs --secrets DIR.",
}
"""What an answer cannot tell before the sender has proven itself, and a person at its keyboard may know."""


@click.command()
@click.argument("target", metavar="[NS/]SOURCE/EVENT")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("-H", "--header", "headers", multiple=True, metavar="'K: V'", help="A header; wins over ours.")
@click.option("--unsigned", is_flag=True, help="Leave the signature or token out, to see it refused.")
@click.option("--id", "delivery_id", metavar="ID", help="Delivery id; the same id again is a redelivery.")
@click.option(
    "--times", type=click.IntRange(1, _MAX_TIMES), default=1, help="Send it that often, with one id."
)
@click.option("--url", metavar="URL", help="Send there instead of to this machine: http://HOST:PORT[/PATH].")
@click.option(
    "--path", "paths", multiple=True, metavar="PATH", help="Where the EventSource stands [default: here]."
)
@click.option(
    "--secrets",
    "secrets_folders",
    multiple=True,
    metavar="DIR",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder with NAME/KEY files in place of Secrets [default: secrets/ beside the resources].",
)
@output_option()
@click.pass_context
def send(
    ctx: click.Context,
    target: str,
    file: Path,
    headers: tuple[str, ...],
    unsigned: bool,
    delivery_id: str | None,
    times: int,
    url: str | None,
    paths: tuple[str, ...],
    secrets_folders: tuple[Path, ...],
    output: str,
) -> None:
    """Send FILE (`-`: standard input) to a source that runs, signed with the secret from the resource's files.

    Headers of the sender are added. Beside FILE.json a FILE.headers (one `Name: value` a line) may give more.

    \b
      kikkake send github/push examples/push.json
      kikkake send ci/github/push pr.json -H 'X-GitHub-Event: pull_request'
      kikkake send github/push push.json --id 1 --times 2       the second is recognised
    """
    from kikkake.cli.delivering import (  # noqa: PLC0415 - models of sources are no part of --help
        deliver,
        file_headers,
        find_route,
        prepare,
    )

    body = _read(file)
    found = find_route(target, paths)
    given = _headers(
        dict(_header(text) for text in headers),
        file_headers(file),
        found.route.source,
        delivery_id or ("" if times == 1 else str(uuid.uuid4())),
        is_chosen=delivery_id is not None,
    )
    request = prepare(
        found,
        body,
        given,
        delivery_id=delivery_id or str(uuid.uuid4()),
        is_signed=not unsigned,
        url=url,
        secrets_folders=secrets_folders,
    )
    if output == "text":
        click.echo(
            f"{request.method} {printable(request.shown_url)}  {len(body)} bytes, {request.proof_text}"
        )
    worst = 200
    for number in range(1, times + 1):
        answer = deliver(request, body)
        worst = max(worst, answer.status)
        if output == "json":
            print_json(
                {"url": request.shown_url, "status": answer.status, "tookUs": answer.took_us, **answer.body}
            )
        else:
            meaning = _meaning(answer.status, answer.body, found.route.source.stored_status)
            _show(answer.status, answer.took_us, meaning, number if times > 1 else 0)
    if output == "text" and (event_id := _event_id(answer.body)):
        click.echo(f"Why did it fire or not?  kikkake explain {_quoted(event_id)}")
    if output == "text" and (hint := _HINTS.get(answer.status)):
        click.echo(hint)
    if worst >= 300:
        ctx.exit(ExitCode.OUTSIDE if worst >= 500 else ExitCode.WRONG)


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from error


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or any(character in text for character in "\r\n\0"):
        raise click.UsageError(f"-H {text!r}: write 'Name: value' on one line")
    return name.strip(), value.strip()


def _headers(
    given: dict[str, str],
    recorded: Mapping[str, str],
    source: PushSource,
    delivery_id: str,
    *,
    is_chosen: bool,
) -> dict[str, str]:
    """Those of the command line, then the id, then the recorded ones; a chosen id beats a recorded one."""
    id_header = source.delivery_id_header
    names = {name.lower() for name in given}
    known = names if is_chosen else names | {name.lower() for name in recorded}
    if is_chosen and not id_header:
        click.echo(f"(--id has no effect: the body names a delivery of kind {source.kind})", err=True)
    elif id_header and delivery_id and id_header.lower() not in known:
        given = {**given, id_header: delivery_id}
        names.add(id_header.lower())
    return given | {name: value for name, value in recorded.items() if name.lower() not in names}


def _show(status: int, took_us: int, meaning: str, number: int) -> None:
    colour = "green" if status < 300 else "red"
    count = f"{number}  " if number else ""
    click.echo(f"  {count}{paint(str(status), colour)}  {duration(took_us):>7}  {meaning}")


def _meaning(status: int, body: Mapping[str, Any], stored_status: int) -> str:
    ids = body.get("ids", [body["id"]] if "id" in body else [])
    if status < 300 and ids:
        names = ", ".join(printable(cut(str(event_id), 60)) for event_id in ids)
        return f"{_fate(status, body, stored_status)} {'event' if len(ids) == 1 else 'events'} {names}"
    if status < 300 and body.get("filterFailed"):
        return "taken; the source's filter failed on it, so it makes no event: the log says why"
    if status < 300 and body.get("filtered"):
        return "taken; it makes no event"
    if "title" in body:
        return ": ".join(printable(body[name]) for name in ("title", "detail") if body.get(name))
    return (
        printable(cut(json.dumps(body, ensure_ascii=False), _SHOWN_BODY_CHARACTERS)) if body else "(no body)"
    )


def _fate(status: int, body: Mapping[str, Any], stored_status: int) -> str:
    if cause := body.get("rejected"):
        return f"taken, and set aside since no event can be made of it ({printable(cause)}):"
    if not body.get("duplicate"):
        return "stored as"
    if status == 202 != stored_status:
        return "a body that came before under another id, stored and judged by no Sensor (suspected replay):"
    return "recognised, not stored again:"


def _event_id(body: Mapping[str, Any]) -> str:
    ids = body.get("ids", [body["id"]] if "id" in body else [])
    return str(ids[0]) if ids else ""


def _quoted(text: str) -> str:
    """Ready for a shell, also where an id holds spaces or worse."""
    return shlex.quote(text) if text.isprintable() else "NO  (its number in `kikkake events`)"
