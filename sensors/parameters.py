"""Parameters: values from events into templates and payloads (spec-sensors 6.2 to 6.4). Pure.

Values are found by gjson paths and written by sjson paths, on bytes, so that what nobody touches keeps its text.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from events.errors import KikkakeError
from events.event import JSON, Event
from events.languages import sjson
from events.languages.gjson import Document, compile_path
from events.languages.gjson.result import Kind
from events.resource import read_value
from sensors import templates
from sensors.given import every, now_of
from sensors.missing import known_keys
from sensors.spec import Parameter, ParameterSource
from sensors.trigger import RenderFailed

YAML = "application/yaml"
_PLAIN_MEMBER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
"""A dest that names a member of the payload's root: nothing that a path reads as more than a name."""


class Value(NamedTuple):
    """What a source gave: its text, and its kind as gjson names it."""

    text: str
    kind: Kind


def resolve(source: ParameterSource, events: Mapping[str, Event], at: str = "src") -> Value | None:
    """The value of a source; None where its dependency is absent and it has no `value`: skip the parameter then.

    `at` is the place in the Sensor, for messages. Raises RenderFailed.
    """
    given = every(events, source.dependency_name)
    if not given:
        return None if source.value is None else Value(source.value, Kind.STRING)
    now_us = now_of(events)
    if source.all:
        return _list_of([_value(source, event, now_us, at) for event in given])
    return _value(source, given[-1], now_us, at)


def _value(source: ParameterSource, event: Event, now_us: int, at: str) -> Value:
    """What one event gives."""
    has_data = bool(source.data_key or source.data_template)
    if not has_data and not source.context_key and not source.context_template:
        # A lone `value` replaces the event although it is there; without it, the whole event is the value.
        text = event.whole_json.decode() if source.value is None else source.value
        return Value(text, Kind.STRING)
    try:
        # Data replaces the context; it never falls back to it.
        document = _data_document(event, at) if has_data else event.context_document
        if has_data:
            return _read(source.data_key, source.data_template, document, now_us, f"{at} data")
        return _read(source.context_key, source.context_template, document, now_us, f"{at} context")
    except RenderFailed:
        if source.value is None:
            raise
        return Value(source.value, Kind.STRING)


def _read(key: str, template: str | None, document: Document, now_us: int, at: str) -> Value:
    """The template's text where it gives one, else what the key finds (spec-sensors 6.2)."""
    failure = ""
    if template:
        try:
            text = templates.run(template, templates.input_of(document.raw), now_us=now_us)
        except (templates.TemplateError, templates.NotJson) as error:
            failure = f"{at}Template: {error}"
        else:
            if text:
                return Value(text, Kind.STRING)
            failure = f"{at}Template: evaluated to empty string or no value"
    if not key:
        raise RenderFailed(failure)
    return _find(key, document, f"{at}Key")


def _list_of(values: Sequence[Value]) -> Value:
    """One JSON list of them."""
    texts = [
        value.text if value.kind is not Kind.STRING else sjson.encode_text(value.text).decode()
        for value in values
    ]
    return Value(f"[{','.join(texts)}]", Kind.JSON)


def apply_parameters(
    document: bytes, parameters: Sequence[Parameter], events: Mapping[str, Event], at: str = "parameters"
) -> bytes:
    """`document` (JSON) with every parameter written into it, in order; later ones see what earlier ones wrote.

    Raises RenderFailed, naming the parameter; nothing of a failed one remains.
    """
    for index, parameter in enumerate(parameters):
        here = f"{at}[{index}]"
        source = parameter.src or ParameterSource()
        value = resolve(source, events, f"{here}.src")
        if value is not None:
            document = _write(document, parameter, value, here)
    return document


def settle_parameters(
    parameters: Sequence[Parameter], events: Mapping[str, Event], at: str = "parameters"
) -> list[tuple[Parameter, Value]]:
    """Each parameter with its value, to be written later; those whose dependency is absent are left out.

    Raises RenderFailed.
    """
    pairs = (
        (parameter, resolve(parameter.src or ParameterSource(), events, f"{at}[{index}].src"))
        for index, parameter in enumerate(parameters)
    )
    return [(parameter, value) for parameter, value in pairs if value is not None]


def write_value(document: bytes, parameter: Parameter, value: Value, at: str) -> bytes:
    """`document` with a value that `settle_parameters` found. Raises RenderFailed."""
    return _write(document, parameter, value, at)


def build_payload(parameters: Sequence[Parameter], events: Mapping[str, Event], at: str = "payload") -> bytes:
    """The document that `payload` builds from nothing; no entries give no bytes (spec-sensors 6.4).

    An entry with an empty `dest` is the whole payload, unquoted, and ends the building. An entry whose dependency is
    absent and that has no `value` is skipped, where upstream crashes. Raises RenderFailed.
    """
    document = b""
    members: dict[str, bytes] = {}
    for index, parameter in enumerate(parameters):
        here = f"{at}[{index}]"
        source = parameter.src or ParameterSource()
        value = resolve(source, events, f"{here}.src")
        if value is None:
            continue
        if not parameter.dest:
            return value.text.encode("utf-8", "surrogatepass")
        if not document and _PLAIN_MEMBER.fullmatch(parameter.dest):
            # Most payloads are one flat object: what sjson would write name by name is put together at once.
            is_raw = source.use_raw_data and value.kind is not Kind.STRING
            text = value.text
            members[parameter.dest] = (
                text.encode("utf-8", "surrogatepass") if is_raw else sjson.encode_text(text)
            )
            continue
        document = document or _flat(members)
        document = _set(document, parameter.dest, value, source.use_raw_data, here)
    return document or _flat(members)


def _flat(members: Mapping[str, bytes]) -> bytes:
    """The object of these members; no bytes for none."""
    if not members:
        return b""
    return b"{" + b",".join(b'"%b":%b' % (name.encode(), text) for name, text in members.items()) + b"}"


def _find(key: str, document: Document, at: str) -> Value:
    try:
        result = compile_path(key).get(document)
    except KikkakeError as error:
        raise RenderFailed(f"{at} `{key}`: {error}") from error
    if not result.exists:
        raise RenderFailed(f"{at} `{key}`: not in the event; {known_keys(document, key)}")
    return Value("null" if result.kind is Kind.NULL else result.text(), result.kind)


def _data_document(event: Event, at: str) -> Document:
    content_type = (event.datacontenttype or JSON).partition(";")[0].strip().lower()
    # Upstream stamps application/json on every event; ours keep what their sender said, so that all that is JSON
    # by its name counts. A CloudEvent without the attribute is JSON by its specification.
    if content_type in {JSON, "text/json"} or content_type.endswith("+json"):
        if not event.document.is_valid():
            raise RenderFailed(f"{at}: event data is not valid JSON")
        return event.document
    if content_type == YAML:
        converted = _yaml_as_json(event.data or b"")
        if converted is None:
            raise RenderFailed(f"{at}: event data is not valid YAML")
        return Document(converted)
    raise RenderFailed(f"{at}: unsupported event content type: {content_type[:64]}")


@functools.lru_cache(maxsize=8)
def _yaml_as_json(data: bytes) -> bytes | None:
    """None where it is no YAML. Kept for the next parameter: a megabyte takes half a second to read."""
    value, findings = read_value(data.decode("utf-8", "replace"))
    if any(finding.code == "Unparsable" for finding in findings):
        return None
    try:
        # The standard library's encoder, since orjson refuses integers beyond 64 bits.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:
        return None


def _write(document: bytes, parameter: Parameter, value: Value, at: str) -> bytes:
    source = parameter.src or ParameterSource()
    match parameter.operation:
        case "" | "overwrite":
            pass
        case "append" | "prepend":
            value = _joined(document, parameter, value, at)
        case other:
            raise RenderFailed(f"{at}: unsupported trigger parameter operation: {other[:64]}")
    return _set(document, parameter.dest, value, source.use_raw_data, at)


def _joined(document: bytes, parameter: Parameter, value: Value, at: str) -> Value:
    try:
        current = compile_path(parameter.dest).get(Document(document))
    except KikkakeError as error:
        raise RenderFailed(f"{at}.dest `{parameter.dest}`: {error}") from error
    if not current.exists:
        return value
    # Null reads as the empty text, an object as its JSON; what comes out is always a text.
    old = current.text()
    return Value(old + value.text if parameter.operation == "append" else value.text + old, Kind.STRING)


def _set(document: bytes, dest: str, value: Value, is_raw: bool, at: str) -> bytes:  # noqa: FBT001 - positional in two private calls
    try:
        if is_raw and value.kind is not Kind.STRING:
            return sjson.set_raw(document, dest, value.text.encode("utf-8", "surrogatepass"))
        return sjson.set_text(document, dest, value.text)
    except KikkakeError as error:
        raise RenderFailed(f"{at}.dest `{dest[:64]}`: {error}") from error
