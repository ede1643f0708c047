"""How `kikkake lint --explain` and `--rules` tell about a code."""

from __future__ import annotations

import textwrap
from typing import Any

import click

from events.errors import Severity
from events.rule import Explanation
from kikkake import rules
from kikkake.cli.failure import CommandFailed, ExitCode
from kikkake.cli.output import Cell, paint, print_json, print_table, printable

_WIDTH = 100
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def print_rules(*, is_json: bool) -> None:
    """Every code with its name and title; as JSON everything that is known of each."""
    entries = rules.catalogue().values()
    if is_json:
        for entry in entries:
            print_json(_as_json(entry))
        return
    rows = [
        (entry.code, Cell(entry.severity, _COLOURS[entry.severity]), entry.name, entry.title)
        for entry in entries
    ]
    print_table(("code", "gravest", "name", "what it says"), rows)


def print_explanation(word: str, *, is_json: bool) -> None:
    """What a code or name means. Raises CommandFailed for one that there is not."""
    entry = rules.find(word)
    if entry is None:
        nearest = rules.nearest(word)
        hint = f"did you mean `{nearest}`?" if nearest else "`kikkake lint --rules` lists them"
        raise CommandFailed(f"`{printable(word[:64])}` is no code of lint; {hint}", code=ExitCode.USAGE)
    if is_json:
        print_json(_as_json(entry))
    else:
        click.echo("\n".join(_lines(entry)))


def _lines(entry: Explanation) -> list[str]:
    lines = [
        f"{paint(entry.code, _COLOURS[entry.severity])} {entry.name}: {entry.title}",
        "",
        *textwrap.wrap(entry.why, _WIDTH),
        "",
        *textwrap.wrap(f"fix: {entry.fix}", _WIDTH, subsequent_indent="     "),
    ]
    for label, example in (("for example:", entry.bad), ("better:", entry.good)):
        if example:
            lines += ["", label, textwrap.indent(example.strip("\n"), "  ")]
    if entry.severity is Severity.WARNING:
        lines += ["", f"to silence it on a resource, annotate it: kikkake/lint-ignore: {entry.code}"]
    return lines


def _as_json(entry: Explanation) -> dict[str, Any]:
    return {
        "code": entry.code,
        "name": entry.name,
        "severity": entry.severity,
        "title": entry.title,
        "why": entry.why,
        "fix": entry.fix,
        "bad": entry.bad.strip("\n"),
        "good": entry.good.strip("\n"),
    }
