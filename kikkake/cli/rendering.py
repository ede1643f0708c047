"""The arguments of `kikkake render` as an order: the Sensor, its events, and what they need from outside."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from events.clock import SystemClock, format_time
from events.codec import CodecError, decode_structured
from events.errors import Finding, Severity
from events.event import Event
from events.resource import ResourceDocument, nearest_name
from events.topic import Topic
from kikkake.cli.failure import CommandFailed, ExitCode
from kikkake.cli.output import printable
from kikkake.files import load_resources
from kikkake.rendering import RenderOrder
from kikkake.secrets import EnvironmentSecrets, FileSecrets, FirstOf
from kikkake.testing.report import fault_text
from kikkake.testing.sensor_case import make_event
from kikkake.testing.times import duration_us
from sensors.compile import CompiledSensor, check_sensor

if TYPE_CHECKING:
    from kikkake.kube_client import KubeClient


def read_order(
    sensor: str,
    events: Sequence[str],
    *,
    dependency: str,
    wait: str,
    paths: Sequence[str],
    artifacts: Sequence[str],
    may_fetch: bool,
    secrets_folders: Sequence[Path],
    connect: Callable[[], Awaitable[KubeClient]] | None,
) -> RenderOrder:
    """Raises CommandFailed: a file, a name or a time that cannot be used."""
    wait_us = duration_us(wait) if wait else 0
    if wait_us is None:
        raise CommandFailed(f"--wait `{wait}` is not a duration such as 30s or 1h30m", code=ExitCode.USAGE)
    compiled = _compiled(_document(sensor, paths))
    clock = SystemClock()
    return RenderOrder(
        sensor=compiled,
        events=[
            _event(text, compiled, dependency, number, clock.now_us())
            for number, text in enumerate(events, start=1)
        ],
        secrets=FirstOf([*map(FileSecrets, secrets_folders), EnvironmentSecrets(os.environ)]),
        artifacts={name: _read(file) for name, file in map(_artifact, artifacts)},
        may_fetch=may_fetch,
        wait_us=wait_us,
        clock=clock,
        connect=connect,
    )


def connector(context: str, kubeconfig: str) -> Callable[[], Awaitable[KubeClient]]:
    """How to come to the API server of a context or a kubeconfig; it raises CommandFailed."""

    async def connect() -> KubeClient:
        from kikkake.kube import ClusterUnusable, connect_kubeconfig  # noqa: PLC0415 - heavy

        try:
            return await connect_kubeconfig(Path(kubeconfig) if kubeconfig else None, context or None)
        except ClusterUnusable as error:
            raise CommandFailed(str(error), code=ExitCode.OUTSIDE) from error

    return connect


def _document(sensor: str, paths: Sequence[str]) -> ResourceDocument:
    """FILE, FILE#NAME, a folder with one Sensor, or [NS/]NAME of one that stands in `paths`."""
    file, _, wanted = sensor.partition("#")
    is_file = Path(file).exists()
    namespace, _, name = ("", "", wanted) if is_file else sensor.rpartition("/")
    loaded = load_resources([file] if is_file else paths)
    known = loaded.of_kind("Sensor")
    found = [
        document
        for document in known
        if name in {"", document.name} and namespace in {"", document.namespace}
    ]
    if len(found) == 1 and not found[0].faults:
        return found[0]
    if found and found[0].faults:
        raise CommandFailed(_all(found[0].faults))
    if loaded.findings:
        raise CommandFailed(_all(loaded.findings))
    where = file if is_file else ", ".join(paths) or "the current folder"
    names = [f"{document.namespace}/{document.name}" for document in known]
    if found:
        choose = f"{file}#NAME" if is_file else "NAMESPACE/NAME"
        raise CommandFailed(f"{where} holds several Sensors ({', '.join(names)}): write {choose}")
    near = nearest_name(name, [document.name for document in known])
    hint = f"; did you mean `{near}`?" if near else f"; there are: {', '.join(names)}" if names else ""
    raise CommandFailed(f"there is no Sensor{f' `{name}`' if name else ''} in {where}{hint}")


def _compiled(document: ResourceDocument) -> CompiledSensor:
    """The Sensor; faults that stop parts of it are told on stderr. Raises CommandFailed."""
    compiled, findings = check_sensor(document)
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if compiled is None:
        raise CommandFailed(_all(errors))
    for error in errors:
        click.echo(printable(fault_text(error)), err=True)
    return compiled


def _all(findings: Sequence[Finding]) -> str:
    return "the Sensor cannot be used:\n" + "\n".join(f"  {printable(fault_text(each))}" for each in findings)


def _event(
    text: str, sensor: CompiledSensor, dependency: str, number: int, now_us: int
) -> tuple[Topic, Event]:
    name, equals, file = text.partition("=")
    if not equals or "/" not in name or Path(text).exists():
        topic, file = _only_topic(sensor, dependency), text
    else:
        topic = _named_topic(sensor, name)
    raw = _read(file)
    on = f"{topic.event_source}/{topic.event_name}"
    if _is_cloudevent(raw):
        try:
            event = decode_structured(raw)
        except CodecError as error:
            raise CommandFailed(f"{file}: is a CloudEvent with a fault: {error}") from error
        return topic, event
    return topic, make_event(on, {"time": format_time(now_us)}, raw, number=number, now_us=now_us)


def _is_cloudevent(raw: bytes) -> bool:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) and "specversion" in value


def _only_topic(sensor: CompiledSensor, dependency: str) -> Topic:
    if dependency:
        names = [each.name for each in sensor.dependencies]
        if dependency not in names:
            near = nearest_name(dependency, names)
            hint = f"did you mean `{near}`?" if near else f"there are: {', '.join(names)}"
            raise CommandFailed(f"there is no dependency `{dependency}`; {hint}", code=ExitCode.USAGE)
        return sensor.dependencies[names.index(dependency)].topic
    topics = list(sensor.topics)
    if len(topics) == 1:
        return topics[0]
    names = [f"{topic.event_source}/{topic.event_name}" for topic in topics]
    raise CommandFailed(
        f"the Sensor waits for several events: write --event {' or '.join(f'{name}=FILE' for name in names)}",
        code=ExitCode.USAGE,
    )


def _named_topic(sensor: CompiledSensor, name: str) -> Topic:
    known = {f"{topic.event_source}/{topic.event_name}": topic for topic in sensor.topics}
    if name in known:
        return known[name]
    near = nearest_name(name, list(known))
    hint = f"did you mean `{near}`?" if near else f"there are: {', '.join(known)}"
    raise CommandFailed(f"no dependency is on `{name}`; {hint}", code=ExitCode.USAGE)


def _artifact(text: str) -> tuple[str, str]:
    # A URL may hold the sign too, a file hardly ever does.
    name, equals, file = text.rpartition("=")
    if not equals or not name or not file:
        raise CommandFailed(f"--artifact `{text}`: write NAME=FILE", code=ExitCode.USAGE)
    return name, file


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from error
