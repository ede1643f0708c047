"""As much of JSON Schema (draft 2020-12) as ours use: enough to ask a schema about a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_KNOWN = {
    *("$schema", "$defs", "$ref", "title", "description", "default", "examples", "x-kikkake-not-yet"),
    *("type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const"),
    *("minLength", "minimum", "maximum", "pattern", "prefixItems", "minItems", "maxItems"),
}


def faults(value: Any, schema: dict[str, Any]) -> list[str]:
    """Where `value` is not what the schema asks for; raises AssertionError for words that are not known here."""
    return list(_faults(value, schema, schema, "$"))


def _faults(value: Any, schema: Any, root: dict[str, Any], at: str) -> Iterator[str]:
    if schema is True or schema == {}:
        return
    assert set(schema) <= _KNOWN, sorted(set(schema) - _KNOWN)
    if "$ref" in schema:
        yield from _faults(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, at)
    wrong = list(_wrong(value, schema, root, at))
    yield from wrong
    if wrong:
        return
    if isinstance(value, str) and len(value) < schema.get("minLength", 0):
        yield f"{at}: is too short"
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{at}: {value} is out of bounds"
    if isinstance(value, dict):
        yield from _members(value, schema, root, at)
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from _faults(item, schema["items"], root, f"{at}[{index}]")


def _wrong(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    """What the value as a whole has wrong."""
    if "anyOf" in schema and all(any(True for _ in _faults(value, one, root, at)) for one in schema["anyOf"]):
        yield f"{at}: {value!r} is none of anyOf"
    if "const" in schema and value != schema["const"]:
        yield f"{at}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is not one of {schema['enum']}"
    if "type" in schema and not _is_of(value, schema["type"]):
        yield f"{at}: {value!r} is no {schema['type']}"


def _members(value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}: has no {name}"
    for name, member in value.items():
        if name in properties:
            yield from _faults(member, properties[name], root, f"{at}.{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{at}.{name}: is not known"
        else:
            yield from _faults(member, schema.get("additionalProperties", True), root, f"{at}.{name}")


def _is_of(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])
