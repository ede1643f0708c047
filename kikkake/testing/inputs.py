"""What a test document refers to: resources beside it, files with payloads, and data given in place."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import urlencode

import orjson

from events.errors import Finding, ResourceRefused, Severity
from events.resource import Path, ResourceDocument, nearest_name, read_documents
from kikkake.testing.delivery_document import Delivery, FormText
from kikkake.testing.reading import LoadedTest, RefusedTest
from kikkake.testing.sensor_document import SensorStep
from sensors.compile import CompiledSensor, check_sensor
from sources.spec import EventSourceSpec, read_event_source

_MAX_BYTES = 33_554_432
"""Of a payload: a webhook of 25 MB, the most that GitHub sends, fits."""


@dataclass(frozen=True, slots=True)
class LoadedSensor:
    """The Sensor under test; None when it is refused as a whole."""

    sensor: CompiledSensor | None
    errors: tuple[Finding, ...]
    """What refuses it, or stops parts of it."""


def load_sensor(test: LoadedTest, reference: str | Mapping[str, Any]) -> LoadedSensor:
    """The Sensor that `sensor` names or is. Raises RefusedTest when there is none."""
    document, reading_faults = _resource(test, reference, ("sensor",), "Sensor")
    sensor, findings = check_sensor(document)
    errors = [finding for finding in (*reading_faults, *findings) if finding.severity is Severity.ERROR]
    return LoadedSensor(None if reading_faults else sensor, tuple(errors))


def load_event_source(test: LoadedTest, reference: str | Mapping[str, Any], path: Path) -> EventSourceSpec:
    """The EventSource that stands at `path` of the test, less the events that faults of their own stop.

    Raises RefusedTest, also when the resource is refused as a whole.
    """
    document, faults = _resource(test, reference, path, "EventSource")
    try:
        spec = read_event_source(document)
    except ResourceRefused as refused:
        raise RefusedTest([*faults, *refused.findings]) from refused
    if faults:
        raise RefusedTest(faults)
    return spec


def load_artifacts(test: LoadedTest, artifacts: Mapping[str, str | None]) -> dict[str, bytes | None]:
    """The files of `artifacts`, by name. Raises RefusedTest."""
    return {
        name: None if file is None else _file(test, file, ("artifacts", name))
        for name, file in artifacts.items()
    }


def event_data(test: LoadedTest, step: SensorStep, path: Path) -> bytes | None:
    """The data of an event; None = none. Raises RefusedTest."""
    if step.data_file:
        return _file(test, step.data_file, (*path, "dataFile"))
    if step.data_text is not None:
        return step.data_text.encode()
    if step.data_base64 is not None:
        return _decoded(test, step.data_base64, (*path, "dataBase64"))
    return None if step.data is None else _json(step.data)


def delivery_body(test: LoadedTest, step: Delivery, path: Path) -> bytes:
    """The body of a delivery. Raises RefusedTest."""
    if step.body_file:
        return _file(test, step.body_file, (*path, "bodyFile"))
    if step.body_text is not None:
        return step.body_text.encode()
    if step.body_base64 is not None:
        return _decoded(test, step.body_base64, (*path, "bodyBase64"))
    if step.form is not None:
        fields = {
            name: value.text.encode()
            if isinstance(value, FormText)
            else _file(test, value, (*path, "form", name))
            for name, value in step.form.items()
        }
        return urlencode(fields).encode()
    return b"" if step.body is None else _json(step.body)


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer beyond 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _file(test: LoadedTest, name: str, path: Path) -> bytes:
    file = test.folder / name
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise RefusedTest([test.fault(path, f"`{name}` is larger than {_MAX_BYTES} bytes")])
        return file.read_bytes()
    except OSError as error:
        raise RefusedTest([_no_file(test, name, path, error)]) from error


def _no_file(test: LoadedTest, name: str, path: Path, error: OSError) -> Finding:
    folder = (test.folder / name).parent
    there = sorted(item.name for item in folder.iterdir()) if folder.is_dir() else []
    near = nearest_name(FilePath(name).name, there)
    fix = f"did you mean `{near}`?" if near else "paths are relative to the test file"
    return test.fault(path, f"`{name}`: {error.strerror}", fix)


def _decoded(test: LoadedTest, text: str, path: Path) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise RefusedTest([test.fault(path, f"is not base64: {error}")]) from error


def _resource(
    test: LoadedTest, reference: str | Mapping[str, Any], path: Path, kind: str
) -> tuple[ResourceDocument, list[Finding]]:
    if not isinstance(reference, str):
        return _inline(test, reference, path), []
    name, _, wanted = reference.partition("#")
    text = _file(test, name, path).decode("utf-8", "replace")
    documents, findings = read_documents(text, str(test.folder / name))
    found = [document for document in documents if document.kind == kind]
    chosen = [document for document in found if document.name == wanted] if wanted else found
    if len(chosen) == 1:
        return chosen[0], findings
    names = ", ".join(f"`{name}#{document.name}`" for document in found)
    if chosen:
        raise RefusedTest([test.fault(path, f"`{name}` holds several of kind {kind}", f"say which: {names}")])
    what = f"`{name}` holds no {kind}" + (f" named `{wanted}`" if wanted else "")
    raise RefusedTest([test.fault(path, what, f"it holds {names}" if names else ""), *findings])


def _inline(test: LoadedTest, value: Mapping[str, Any], path: Path) -> ResourceDocument:
    length = len(path)
    positions = {
        place[length:]: position
        for place, position in test.document.positions.items()
        if place[:length] == path
    }
    return ResourceDocument(value, test.document.file, positions)
