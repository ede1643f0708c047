"""Run the tests beside the resources: recorded payloads, the production code path, no network."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kikkake.cli.failure import CommandFailed, ExitCode
from kikkake.cli.output import output_option, paint, print_json, printable

if TYPE_CHECKING:
    from kikkake.testing.reading import FileOfTests
    from kikkake.testing.run import Result


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@output_option()
@click.option(
    "--junit",
    "junit_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a report.",
)
@click.option("--update", is_flag=True, help="Write what happened into the tests, where it differs.")
@click.pass_context
def test(
    ctx: click.Context, paths: tuple[str, ...], output: str, junit_file: Path | None, update: bool
) -> None:
    """Run the tests in `*_test.yaml` and below folders named `tests`; exit 1 when one fails.

    Without PATH: the current folder with all below it. A file that is
    named counts whatever its name is; `-` is standard input.

    \b
      kikkake test
      kikkake test examples/github
      kikkake test --junit report.xml -o json
      kikkake test --update build_test.yaml
    """
    from kikkake.testing.reading import read_test_files  # noqa: PLC0415 - reading YAML is no part of --help

    if update and "-" in paths:
        raise click.UsageError("--update writes into files: standard input is none")
    files = read_test_files(paths)
    if not files:
        raise CommandFailed(_nothing_found(paths))
    if update:
        _update(files, output)
        files = read_test_files(paths)
    results = asyncio.run(_run(files, output))
    if junit_file is not None:
        from kikkake.testing.report import junit  # noqa: PLC0415

        junit_file.write_bytes(junit(results))
    if not all(result.ok for result in results):
        ctx.exit(ExitCode.WRONG)


def _update(files: Sequence[FileOfTests], output: str) -> None:
    """Write what happened, and show what that changed; the tests run once more afterwards."""
    from kikkake.testing.report import change_lines, json_change  # noqa: PLC0415 - see above
    from kikkake.testing.update import update_files  # noqa: PLC0415

    for change in asyncio.run(update_files(files)):
        if output == "json":
            print_json(json_change(change))
        else:
            for line in change_lines(change):
                click.echo(line)


async def _run(files: Sequence[FileOfTests], output: str) -> list[Result]:
    """Run everything and print each result as it comes."""
    from kikkake.testing.report import closing_line, json_object, text_lines  # noqa: PLC0415 - see above
    from kikkake.testing.run import run_tests  # noqa: PLC0415

    results = []
    async for result in run_tests(files):
        results.append(result)
        if output == "json":
            print_json(json_object(result))
        else:
            for line in text_lines(result):
                click.echo(line)
    if output == "text":
        colour = "green" if all(result.ok for result in results) else "red"
        click.echo(paint(closing_line(results), colour))
    return results


def _nothing_found(paths: Sequence[str]) -> str:
    where = ", ".join(paths) if paths else "the current folder"
    return (
        f"no test in {printable(where)}: tests stand in files `*_test.yaml` or below a folder `tests`, "
        "with apiVersion kikkake/v1"
    )
