"""Finding kinds by their file name needs a counterweight: each one is complete (style guide, section 5)."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from events.bus import Bus
from events.model import SpecModel
from events.registry import Registry, module_name
from kikkake.files import load_resources
from sensors.artifact_source import ARTIFACT_SOURCES
from sensors.filter import FILTERS
from sensors.trigger import TRIGGERS
from sources.source import SOURCES, PushSource
from sources.spec import read_event_source

ROOT = Path(__file__).parent.parent
FAMILIES: dict[str, Registry[Any]] = {
    "sources/kinds": SOURCES,
    "sensors/triggers": TRIGGERS,
    "sensors/filters": FILTERS,
    "sensors/artifact_sources": ARTIFACT_SOURCES,
    # The contract is a Protocol, which cannot be asked about classes: the test does it.
    "events/buses": Registry("bus", "events.buses", object, group="kikkake.buses"),
}
ALL = [(folder, name) for folder, registry in FAMILIES.items() for name in registry.names()]
WITH_CONFIG = [(folder, name) for folder, name in ALL if folder in ("sources/kinds", "sensors/triggers")]
PUSH = [name for name in SOURCES.names() if issubclass(SOURCES.get(name), PushSource)]

_SOURCE_LINK = re.compile(
    r"spec-sources|spec-sensors|spec: |Vendor page: |Source: |design, section|events/bus\.py"
)


def code_file(folder: str, name: str) -> Path:
    return ROOT / folder / f"{module_name(name)}.py"


def test_every_family_has_kinds():
    """A test over an empty list would pass without looking at anything."""
    assert {folder for folder, _ in ALL} == set(FAMILIES)
    assert PUSH


@pytest.mark.parametrize(("folder", "name"), ALL)
def test_a_kind_is_one_class_in_the_file_of_its_name(folder, name):
    found = FAMILIES[folder].get(name)
    assert Path(inspect.getfile(found)) == code_file(folder, name)
    if folder == "events/buses":
        assert Bus in found.__mro__
    else:
        assert found.kind == name


@pytest.mark.parametrize(("folder", "name"), ALL)
def test_a_kind_says_what_it_does_and_where_that_is_written(folder, name):
    text = ast.get_docstring(ast.parse(code_file(folder, name).read_text()))
    assert text, "no docstring"
    assert len(text.splitlines()[0]) <= 120
    assert _SOURCE_LINK.search(text), "no page of a vendor and no section of the specification"


@pytest.mark.parametrize(("folder", "name"), ALL)
def test_a_kind_has_a_test_of_its_own(folder, name):
    test = ROOT / "tests" / folder / f"test_{module_name(name)}.py"
    assert "def test_" in test.read_text()


@pytest.mark.parametrize(("folder", "name"), WITH_CONFIG)
def test_the_config_of_a_kind_gives_a_structural_schema(folder, name):
    """Every node of the schema has a type or says that anything goes, and every field says what it is for."""
    model = FAMILIES[folder].get(name).Config
    schema = model.model_json_schema(by_alias=True)
    assert schema["type"] == "object"
    for place, node in nodes(schema):
        assert is_structural(node), f"{name}{place}: {node}"
    written = documented(model)
    nested = {name: describing(node, schema.get("$defs", {})) for name, node in schema["properties"].items()}
    silent = [
        name for name, info in model.model_fields.items() if name not in written and not nested[info.alias]
    ]
    assert silent == []


def documented(model: type[Any]) -> set[str]:
    """Fields with a docstring below them; pydantic is not asked for it, since that costs the start of every process."""
    found = set()
    for base in model.__mro__:
        if base in SpecModel.__mro__:
            continue
        [tree] = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        for field, below in itertools.pairwise(tree.body):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                found.add(field.target.id)
    return found


def describing(node: dict[str, Any], definitions: dict[str, Any]) -> str:
    """What a nested model says that it is for."""
    if "$ref" in node:
        node = {**definitions[node["$ref"].rpartition("/")[2]], **node}
    parts = node.get("anyOf", [])
    return node.get("description") or " ".join(describing(part, definitions) for part in parts)


def nodes(schema: dict[str, Any], place: str = ""):
    """Every schema of a value, where it stands."""
    yield place, schema
    for key in ("properties", "$defs"):
        for name, node in schema.get(key, {}).items():
            yield from nodes(node, f"{place}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from nodes(schema[key], f"{place}.{key}")
    for number, node in enumerate(schema.get("anyOf", ())):
        yield from nodes(node, f"{place}[{number}]")


def is_structural(node: dict[str, Any]) -> bool:
    # An empty one is a field that takes any JSON: `x-kubernetes-preserve-unknown-fields` in a CRD.
    rest = set(node) - {"title", "description", "default", "examples"}
    return not rest or bool(rest & {"type", "$ref", "anyOf", "const", "enum", "items"})


@pytest.mark.parametrize("name", SOURCES.names())
def test_a_source_has_an_example_that_parses_without_any_finding(name):
    loaded = load_resources([str(ROOT / "examples" / "sources" / f"{module_name(name)}.yaml")])
    assert loaded.findings == []
    [document] = loaded.documents
    spec = read_event_source(document)
    assert spec.findings == ()
    assert {event.kind for event in spec.events} == {name}


@pytest.mark.parametrize("name", PUSH)
def test_a_push_source_has_a_payload(name):
    assert list((ROOT / "tests" / "payloads" / name).glob("*.json"))


@pytest.mark.parametrize(("folder", "name"), [pair for pair in ALL if pair[0].startswith("sensors/")])
def test_a_trigger_and_a_filter_are_used_by_an_example(folder, name):
    texts = [file.read_text() for file in (ROOT / "examples").rglob("*.yaml")]
    used = [one for text in texts for document in yaml.safe_load_all(text) for one in members(document)]
    assert name in used


def members(value: Any):
    """Every member name of what Sensors say, however deep."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from members(member)
    elif isinstance(value, list):
        for item in value:
            yield from members(item)


@pytest.mark.parametrize("name", PUSH)
def test_a_push_source_is_pure(name):
    """It neither waits nor tells the time nor speaks to anybody: bytes in, events out."""
    forbidden = {"asyncio", "aiohttp", "socket", "time", "threading", "subprocess"}
    tree = ast.parse(code_file("sources/kinds", name).read_text())
    imported = {
        module.partition(".")[0]
        for node in ast.walk(tree)
        for module in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported & forbidden == set()
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await)]
