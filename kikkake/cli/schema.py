"""The JSON Schema of Sensors, EventSources and their tests, for editors."""

from __future__ import annotations

import click


@click.command()
@click.argument("kind", metavar="[KIND]", required=False)
def schema(kind: str | None) -> None:
    """Print the JSON Schema of KIND: Sensor, EventSource, SensorTest or EventSourceTest. Without KIND: list them.

    An editor that speaks YAML takes it from a comment in the first line of a file.

    \b
      kikkake schema SensorTest > sensor-test.json
      # yaml-language-server: $schema=sensor-test.json
    """
    from kikkake.schema import KINDS, text_of  # noqa: PLC0415 - models are no part of --help

    if kind is None:
        for name in KINDS:
            click.echo(name)
        return
    named = {name.lower(): name for name in KINDS}.get(kind.lower())
    if named is None:
        from events.resource import nearest_name  # noqa: PLC0415 - see above

        near = nearest_name(kind, list(KINDS))
        hint = f"did you mean `{near}`?" if near else f"there are: {', '.join(KINDS)}"
        raise click.UsageError(f"there is no schema `{kind[:64]}`; {hint}")
    click.echo(text_of(named), nl=False)
