"""Where a command gets its answers: from the running process, or from the store of one that does not run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from kikkake.api.client import ApiClient, ServerUnreachable
from kikkake.api.refusal import Refusal
from kikkake.cli.failure import CommandFailed, ExitCode
from kikkake.cli.output import clock_time, cut, printable

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_SERVER = "http://127.0.0.1:7778"
STORES = Path(".kikkake")
"""Where `kikkake run` keeps its stores unless told otherwise: one folder for each target."""

_OR_A_STORE = "or read the store of one that has stopped with --data DIR"


class Answers(Protocol):
    """Questions that a process and its store answer alike."""

    def events(self, parameters: Mapping[str, str]) -> dict[str, Any]: ...

    def explanation(self, reference: str) -> dict[str, Any]: ...

    def material(self, reference: str) -> dict[str, Any]: ...

    def dead_letters(self, parameters: Mapping[str, str]) -> dict[str, Any]: ...


def server_option(command: F) -> F:
    """`--server URL`."""
    return click.option(
        "--server",
        envvar="KIKKAKE_SERVER",
        metavar="URL",
        help=f"Admin API of the running process [default: {DEFAULT_SERVER}; KIKKAKE_SERVER].",
    )(command)


def data_option(command: F) -> F:
    """`--data DIR`."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Read this store instead, without changing it: for a process that has stopped.",
    )(command)


def open_answers(server: str | None, data: Path | None) -> Answers:
    """The store that was named, else the server that was named, else whichever of the defaults is there."""
    if data is not None:
        return _stored(data)
    if server is not None:
        return running(server)
    try:
        return running(None)
    except CommandFailed:
        store = _newest_store()
        if store is None:
            raise
    note = f"(no process answers at {DEFAULT_SERVER}; reading the store {store} as it was left)"
    click.echo(note, err=True)
    return _stored(store)


def _newest_store() -> Path | None:
    """The store that was written last among those of the current folder."""
    databases = sorted(STORES.glob("*/bus.db"), key=lambda path: path.stat().st_mtime_ns)
    return databases[-1].parent if databases else None


def running(server: str | None, *, or_else: str = _OR_A_STORE) -> ApiClient:
    """The running process, which was asked once whether it is there; `or_else` is what a person may do without it."""
    client = ask(lambda: ApiClient(server or DEFAULT_SERVER))
    try:
        ask(client.status)
    except ServerUnreachable as error:
        raise CommandFailed(
            f"{error}\n"
            "  start one with `kikkake run`, say where it is with --server URL (or KIKKAKE_SERVER),\n"
            f"  {or_else}",
            code=ExitCode.OUTSIDE,
        ) from error
    return client


def note_resources(answers: Answers) -> None:
    """Say on stderr which resources of the running process do not work as they are written."""
    if not isinstance(answers, ApiClient):
        return
    try:
        resources = ask(answers.resources)["resources"]
    except CommandFailed:
        return  # the answer that was asked for has been given
    for resource in resources:
        errors = [finding for finding in resource["findings"] if finding["severity"] == "error"]
        if not errors:
            continue
        state = resource["state"] if resource["state"] in {"refused", "outdated"} else "not whole"
        first = errors[0]
        place = ":".join(str(first[name]) for name in ("file", "line", "column") if first[name])
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        what = printable(f"{first['at']}: {first['what']}")
        click.echo(
            f"({resource['kind']} {resource['namespace']}/{resource['name']} is {state}: "
            f"{printable(place)} {what}{more})",
            err=True,
        )


R = TypeVar("R")


def ask(question: Callable[[], R]) -> R:
    """The answer; a refusal becomes a text for a person, with the events that an ambiguous id could mean."""
    try:
        return question()
    except Refusal as refusal:
        code = ExitCode.OUTSIDE if refusal.status >= 500 else ExitCode.WRONG
        lines = [str(refusal), *(_candidate(event) for event in refusal.more.get("candidates", ()))]
        raise CommandFailed("\n".join(lines), code=code) from refusal


def topic_text(topic: Mapping[str, str]) -> str:
    """NAMESPACE/SOURCE/EVENT."""
    bus = "" if topic["eventBus"] == "default" else f" on {topic['eventBus']}"
    return f"{topic['namespace']}/{topic['eventSource']}/{topic['eventName']}{bus}"


def _candidate(event: Mapping[str, Any]) -> str:
    parts = (
        str(event["sequence"]),
        clock_time(event["provenance"]["arrivedAt"]),
        topic_text(event["topic"]),
        cut(event["id"], 60),
    )
    return "  " + "  ".join(printable(part) for part in parts)


def _stored(data: Path) -> Answers:
    from kikkake.api.stored import StoredAnswers  # noqa: PLC0415 - the store's engine only where it is read

    return StoredAnswers(data)
