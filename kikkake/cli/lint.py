"""Every fault of EventSources and Sensors, across all files given, with its line and the fix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from events.errors import Finding, Scope, Severity
from kikkake.cli.failure import CommandFailed, ExitCode
from kikkake.cli.output import output_option, paint, print_json, printable

if TYPE_CHECKING:
    from kikkake.files import Loaded

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--explain", metavar="CODE", help="Say what a code means and how to mend it; checks nothing.")
@click.option("--rules", "list_rules", is_flag=True, help="List every code; the same as --explain all.")
@output_option("github")
@click.pass_context
def lint(
    ctx: click.Context, paths: tuple[str, ...], explain: str | None, list_rules: bool, output: str
) -> None:
    """Check EventSources and Sensors in files, alone and against one another; exit 1 on errors.

    Without PATH: the current folder with all below it; `-` is standard input. Test files are left out.
    The annotation kikkake/lint-ignore: "KK101, KK110:trigger/build" silences warnings of a resource.

    \b
      kikkake lint
      kikkake lint deploy/ -o github
      kustomize build . | kikkake lint -
      kikkake lint --explain KK101
    """
    if list_rules or explain is not None:
        from kikkake.cli.explaining import print_explanation, print_rules  # noqa: PLC0415 - imports every rule

        if list_rules or explain == "all":
            print_rules(is_json=output == "json")
        else:
            print_explanation(explain or "", is_json=output == "json")
        return
    findings, loaded = _check(paths)
    match output:
        case "json":
            for finding in findings:
                print_json({**asdict(finding), "rule": _rule_name(finding.code)})
        case "github":
            for finding in findings:
                click.echo(_github_line(finding))
        case _:
            _print_text(findings, loaded)
    if any(finding.severity is Severity.ERROR for finding in findings):
        ctx.exit(ExitCode.WRONG)


def _check(paths: Sequence[str]) -> tuple[list[Finding], Loaded]:
    """The findings in the order of the files. Raises CommandFailed when there is nothing to look at."""
    from kikkake.files import load_resources  # noqa: PLC0415 - reading YAML is no part of --help
    from kikkake.lint import check_resources  # noqa: PLC0415

    loaded = load_resources(paths)
    if not loaded.documents and not loaded.findings:
        raise CommandFailed(_nothing_found(paths, loaded))
    findings = check_resources(loaded)
    return sorted(findings, key=lambda found: (found.file, found.line, found.column, found.at)), loaded


def _nothing_found(paths: Sequence[str], loaded: Loaded) -> str:
    where = ", ".join(paths) if paths else "the current folder"
    seen = f"{len(loaded.files)} YAML and JSON files, {loaded.ignored} documents of other kinds"
    return (
        f"no EventSource, Sensor or EventBus in {printable(where)} (looked at {seen}); name a file or folder"
    )


def _rule_name(code: str) -> str:
    from kikkake.rules import catalogue  # noqa: PLC0415 - imports every rule

    entry = catalogue().get(code)
    return entry.name if entry is not None else ""


def _print_text(findings: Sequence[Finding], loaded: Loaded) -> None:
    for finding in findings:
        place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
        severity = paint(f"{finding.severity}:", _COLOURS[finding.severity])
        click.echo(
            f"{printable(place)}: {severity} {printable(f'{finding.at}: {finding.what}')} [{finding.code}]"
        )
        if finding.fix:
            click.echo(f"    fix: {printable(finding.fix)}")
        if stops := _what_it_stops(finding):
            click.echo(f"    {printable(stops)}")
    hint = f"; for the reasons: kikkake lint --explain {findings[0].code}" if findings else ""
    click.echo(_summary(findings, loaded) + hint)


def _what_it_stops(finding: Finding) -> str:
    if finding.severity is Severity.WARNING or finding.scope is not Scope.PART or not finding.part:
        return ""
    kind, _, name = finding.part.partition(":")
    return f"stops {kind} `{name}`; the rest works"


def _summary(findings: Sequence[Finding], loaded: Loaded) -> str:
    kinds = Counter(document.kind for document in loaded.documents)
    what = ", ".join(_count(number, kind) for kind, number in sorted(kinds.items())) or "no resource"
    severities = Counter(finding.severity for finding in findings)
    found = ", ".join(
        paint(_count(severities[severity], severity), _COLOURS[severity])
        for severity in Severity
        if severities[severity]
    )
    rest = f" ({_count(loaded.ignored, 'document')} of other kinds left alone)" if loaded.ignored else ""
    return f"{_count(len(loaded.files), 'file')}, {what}{rest}: {found or paint('no fault found', 'green')}"


def _count(number: int, word: str) -> str:
    plural = f"{word}es" if word.endswith("s") else f"{word}s"
    return f"{number} {word if number == 1 else plural}"


def _github_line(finding: Finding) -> str:
    """A workflow command; GitHub shows it at the line of the pull request."""
    place = [f"file={_property(finding.file)}"]
    place += [f"line={finding.line}"] if finding.line else []
    place += [f"col={finding.column}"] if finding.column else []
    title = f"{finding.code} {_rule_name(finding.code)}".strip()
    place.append(f"title={_property(title)}")
    return f"::{finding.severity} {','.join(place)}::{_message(str(finding))}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
