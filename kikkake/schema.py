"""The JSON Schema of every kind of document, for editors: made from the models that read them.

`python -m kikkake.schema` writes docs/reference/schemas/. What a schema cannot say (names that have to exist, members
that exclude one another) `kikkake lint` and `kikkake test` say.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from events.model import SpecModel
from events.registry import Registry
from kikkake.files import RESOURCE_API, TEST_API
from kikkake.testing.delivery_document import EventSourceTest
from kikkake.testing.sensor_document import SensorTest
from sensors.spec import UPSTREAM_KINDS, SensorSpec
from sensors.trigger import TRIGGERS
from sources.source import SOURCES
from sources.spec import EventSourceFields

FOLDER = Path(__file__).parent.parent / "docs" / "reference" / "schemas"

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/"
_DEFS = "$defs"
Schema = dict[str, Any]


def schema_of(kind: str) -> Schema:
    """The schema of one kind of KINDS."""
    return KINDS[kind]()


def _test_schema(kind: str, model: type[SpecModel]) -> Schema:
    schema = model_schema(model)
    schema["properties"] |= {"apiVersion": {"const": TEST_API}, "kind": {"const": kind}}
    return _document(kind, schema)


def _sensor_schema() -> Schema:
    spec = model_schema(SensorSpec)
    template = spec[_DEFS]["TriggerTemplate"]
    for name in UPSTREAM_KINDS:
        if name not in TRIGGERS.names():
            template["properties"][name] = {"description": "Not carried out by this version."}
    for name, member in _configs(TRIGGERS, spec[_DEFS]).items():
        template["properties"][name] = member
    return _resource("Sensor", spec)


def _event_source_schema() -> Schema:
    spec = model_schema(EventSourceFields)
    defs = spec.setdefault(_DEFS, {})
    for name, member in _configs(SOURCES, defs).items():
        description = f"Events of the kind {name}, by their names."
        spec["properties"][name] = {
            "type": "object",
            "description": description,
            "additionalProperties": member,
        }
    # Upstream has kinds that this version does not carry out: they are known, and lint names them.
    spec["additionalProperties"] = True
    return _resource("EventSource", spec)


KINDS: Mapping[str, Callable[[], Schema]] = {
    "Sensor": _sensor_schema,
    "EventSource": _event_source_schema,
    "SensorTest": lambda: _test_schema("SensorTest", SensorTest),
    "EventSourceTest": lambda: _test_schema("EventSourceTest", EventSourceTest),
}


def _configs(registry: Registry[Any], defs: Schema) -> dict[str, Schema]:
    """A reference to the config of each kind, whose parts are added to `defs` under names of their own."""
    found = {}
    for name in registry.names():
        schema = model_schema(registry.get(name).Config)
        parts = {f"{name}.{part}": value for part, value in schema.pop(_DEFS, {}).items()}
        parts[name] = schema
        # Equal names of different kinds are different models.
        defs |= {part: _renamed(value, name) for part, value in parts.items()}
        found[name] = {"$ref": f"{_REF}{name}"}
    return found


def _renamed(value: Any, prefix: str) -> Any:
    if isinstance(value, dict):
        return {
            name: f"{_REF}{prefix}.{member.removeprefix(_REF)}"
            if name == "$ref" and isinstance(member, str)
            else _renamed(member, prefix)
            for name, member in value.items()
        }
    return [_renamed(item, prefix) for item in value] if isinstance(value, list) else value


def _resource(kind: str, spec: Schema) -> Schema:
    defs = spec.pop(_DEFS, {})
    return _document(
        kind,
        {
            "type": "object",
            "properties": {
                "apiVersion": {"const": RESOURCE_API},
                "kind": {"const": kind},
                "metadata": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "namespace": {"type": "string"},
                        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
                    },
                    "required": ["name"],
                },
                "spec": spec,
                "status": {"type": "object", "description": "Written by the cluster; not read."},
            },
            "required": ["apiVersion", "kind", "metadata", "spec"],
            "additionalProperties": False,
            _DEFS: defs,
        },
    )


def _document(kind: str, schema: Schema) -> Schema:
    return {"$schema": _DIALECT, **schema, "title": kind}


def model_schema(model: type[BaseModel]) -> Schema:
    return model.model_json_schema(by_alias=True, schema_generator=_Documented)


class _Documented(GenerateJsonSchema):
    """With the docstrings below fields as descriptions, and without fields that nobody reads.

    Pydantic is not asked for the docstrings when models are made: that costs the start of every process.
    """

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        model = cast("type[SpecModel]", schema["cls"])
        made["additionalProperties"] = False
        if model.__doc__:
            made["description"] = inspect.cleandoc(model.__doc__)
        written = _docstrings(model)
        for name, info in model.model_fields.items():
            member = made["properties"].get(info.alias or name)
            if member is None:
                continue
            _leave_out_null(member)
            member.pop("title", None)
            if member.get("default") in (None, "", {}, []):
                member.pop("default", None)
            if name in written:
                member["description"] = written[name]
        made.pop("title", None)
        return made


def _leave_out_null(member: Schema) -> None:
    """A member that is null is absent: nobody writes it, and without it an editor's messages say what is wrong."""
    kinds = [each for each in member.get("anyOf", ()) if each != {"type": "null"}]
    if len(kinds) == 1:
        del member["anyOf"]
        member |= kinds[0]


def _docstrings(model: type[SpecModel]) -> dict[str, str]:
    """By field, of the model and those that it extends."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if base in SpecModel.__mro__:
            continue
        [tree] = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        for written, below in itertools.pairwise(cast("ast.ClassDef", tree).body):
            is_docstring = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            if isinstance(written, ast.AnnAssign) and isinstance(written.target, ast.Name) and is_docstring:
                text = cast("ast.Constant", cast("ast.Expr", below).value).value
                found[written.target.id] = " ".join(str(text).split())
    return found


def text_of(kind: str) -> str:
    """The schema as it is printed and kept."""
    return json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in KINDS:
        file = FOLDER / f"{each}.json"
        file.write_text(text_of(each), encoding="utf-8")
        sys.stdout.write(f"{file.relative_to(Path.cwd())}\n")
