"""The schemas: made from the models, checked in, and right about every document of the project."""

import copy
import functools
import json
from pathlib import Path

import pytest

import kikkake.schema
from events.resource import read_documents
from kikkake.schema import FOLDER, KINDS, text_of
from kikkake.testing.reading import with_on_keys
from sensors.trigger import TRIGGERS
from sources.source import SOURCES
from tests.kikkake.json_schema import faults

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    (f"{file.relative_to(ROOT)} {document.kind} {document.name}", with_on_keys(document))
    for file in sorted((ROOT / "examples").rglob("*.yaml"))
    for document in read_documents(file.read_text(encoding="utf-8"), str(file))[0]
    if document.kind in KINDS
]
schema_of = functools.cache(kikkake.schema.schema_of)


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_that_is_checked_in_is_the_one_of_the_models(kind):
    """`make docs` writes them."""
    assert (FOLDER / f"{kind}.json").read_text(encoding="utf-8") == text_of(kind)


def test_there_are_examples_of_every_kind():
    assert {document.kind for _label, document in DOCUMENTS} == set(KINDS)


@pytest.mark.parametrize("document", [each for _, each in DOCUMENTS], ids=[label for label, _ in DOCUMENTS])
def test_every_example_is_what_its_schema_asks_for(document):
    assert faults(document.value, schema_of(document.kind)) == []


@pytest.mark.parametrize(
    ("kind", "path", "value", "said"),
    [
        ("SensorTest", ("cases", 0, "evnets"), [], "$.cases[0].evnets: is not known"),
        ("SensorTest", ("cases", 0, "name"), 1, "$.cases[0].name: 1 is no string"),
        ("SensorTest", ("kind",), "EventSourceTest", "$.kind: 'EventSourceTest' is not 'SensorTest'"),
        ("EventSourceTest", ("secrets",), {"a": {"b": 1}}, "$.secrets.a.b: 1 is no string"),
        ("Sensor", ("spec", "triggers", 0, "template", "condition"), "a", "condition: is not known"),
        ("Sensor", ("spec", "triggers", 0, "template", "k8s", "operation"), 1, "operation: 1 is no string"),
        ("EventSource", ("spec", "github", "push", "webhook", "port"), 12000, "12000"),
    ],
)
def test_a_document_with_a_fault_is_not(kind, path, value, said):
    wanted = {"Sensor": "sensor.yaml", "EventSource": "source.yaml"}.get(kind, "_test.yaml")
    document = next(
        each for label, each in DOCUMENTS if each.kind == kind and "github/" in label and wanted in label
    )
    broken = copy.deepcopy(dict(document.value))
    place = broken
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert any(said in fault for fault in faults(broken, schema_of(kind))), faults(broken, schema_of(kind))


def test_every_kind_of_source_and_trigger_is_in_its_schema():
    source, sensor = schema_of("EventSource"), schema_of("Sensor")
    assert set(SOURCES.names()) <= set(source["properties"]["spec"]["properties"])
    assert set(TRIGGERS.names()) <= set(sensor["$defs"]["TriggerTemplate"]["properties"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_reference_leads_somewhere_and_nothing_is_left_over(kind):
    text = json.dumps(schema_of(kind))
    defs = set(schema_of(kind)["$defs"])
    used = {part.partition('"')[0] for part in text.split('"$ref": "#/$defs/')[1:]}
    assert used == defs
