"""What this build knows: kinds of sources, triggers, filters and buses."""

from __future__ import annotations

import click

from kikkake.cli.output import output_option, print_json, print_table


@click.command()
@output_option()
def kinds(output: str) -> None:
    """List the kinds of sources, triggers, filters and buses that resources may use.

    \b
      kikkake kinds
      kikkake kinds -o json
    """
    from kikkake.api.kinds import known_kinds  # noqa: PLC0415 - pydantic is no part of --help

    found = known_kinds()
    if output == "json":
        for kind in found:
            print_json({"family": kind.family, "kind": kind.name, "about": kind.about})
        return
    print_table(("family", "kind", "about"), [(kind.family, kind.name, kind.about) for kind in found])
