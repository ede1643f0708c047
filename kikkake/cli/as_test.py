"""`kikkake explain ID --as-test`: test documents on standard output, what a person has to know on standard error."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from events.resource import read_documents
from kikkake.cli.failure import CommandFailed
from kikkake.cli.output import printable
from kikkake.testing.from_event import make_test


def print_tests(material: Mapping[str, Any], sensors: Sequence[Mapping[str, Any]], sensor_file: str) -> None:
    """A document for each Sensor. Raises CommandFailed and NotATest."""
    if not sensors:
        event = material["event"]
        why = "no Sensor judged it" if material["judged"] else "it is not judged yet"
        if material["behind"]:
            why = f"not judged yet by {', '.join(map(printable, material['behind']))}"
        raise CommandFailed(f"no test can be made of event {event['sequence']}: {why}")
    texts = []
    for sensor in sensors:
        path = _path(sensor, sensor_file) if sensor_file else ""
        made = asyncio.run(make_test(material, sensor, path=path))
        texts.append(made.text)
        for remark in made.remarks:
            click.echo(f"({printable(sensor['sensor'])}: {printable(remark)})", err=True)
    click.echo("---\n".join(texts), nl=False)


def _path(sensor: Mapping[str, Any], file: str) -> str:
    """FILE or FILE#NAME of the Sensor; says so where it is not what judged the event."""
    name = sensor["resource"]["metadata"]["name"]
    file = file.removesuffix(f"#{name}")  # as a test would name it
    documents, _findings = read_documents(Path(file).read_text(encoding="utf-8"), file)
    sensors = [document for document in documents if document.kind == "Sensor"]
    mine = [document for document in sensors if document.name == name]
    if not mine:
        raise CommandFailed(f"{file} holds no Sensor `{name}`")
    if dict(mine[0].value).get("spec") != sensor["resource"].get("spec"):
        label = printable(sensor["sensor"])
        click.echo(f"({label}: {file} is another text than the one that judged the event)", err=True)
    return file if len(sensors) == 1 else f"{file}#{name}"
