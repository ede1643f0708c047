"""The CRDs: made from the models, small enough for kubectl, and nothing in them that changes what users wrote."""

import functools
import json

import pytest
import yaml

import kikkake.crd
from events.resource import read_documents
from kikkake.crd import KINDS, ROOT
from kikkake.structural import NotStructural, structural

# `kubectl apply` keeps the whole object in an annotation, which may hold 256 KiB.
MOST_BYTES = 200 * 1024
BY_KIND = {each.kind: each for each in KINDS}
definition = functools.cache(kikkake.crd.definition)
FILES = kikkake.crd.files()


def nodes(schema):
    yield schema
    for member in schema.get("properties", {}).values():
        yield from nodes(member)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from nodes(schema[name])


def spec_of(kind, *, is_strict):
    version = definition(BY_KIND[kind], is_strict=is_strict)["spec"]["versions"][0]
    return version["schema"]["openAPIV3Schema"]["properties"]["spec"]


def at(schema, path):
    for part in path.split("."):
        schema = schema["items"] if part == "[]" else schema["properties"][part]
    return schema


@pytest.mark.parametrize("file", FILES, ids=str)
def test_the_file_that_is_checked_in_is_the_one_of_the_models(file):
    """`make manifests` writes them."""
    assert (ROOT / file).read_text(encoding="utf-8") == FILES[file]


@pytest.mark.parametrize("kind", BY_KIND)
@pytest.mark.parametrize("is_strict", [False, True], ids=["tolerant", "strict"])
def test_a_definition_fits_into_the_annotation_of_kubectl_apply(kind, is_strict):
    assert len(json.dumps(definition(BY_KIND[kind], is_strict=is_strict))) < MOST_BYTES


@pytest.mark.parametrize("kind", BY_KIND)
@pytest.mark.parametrize("is_strict", [False, True], ids=["tolerant", "strict"])
def test_nothing_has_a_default_that_the_api_server_would_write_into_objects(kind, is_strict):
    assert [node for node in nodes(spec_of(kind, is_strict=is_strict)) if "default" in node] == []


@pytest.mark.parametrize("kind", BY_KIND)
def test_every_node_of_the_tolerant_variant_only_describes(kind):
    whole = spec_of(kind, is_strict=False)
    allowed = {"description", "properties", "items", "additionalProperties", "nullable"}
    for node in nodes(whole):
        assert node["x-kubernetes-preserve-unknown-fields"] is True
        extra = set(node) - allowed - {"x-kubernetes-preserve-unknown-fields"}
        assert extra == ({"type"} if node is whole else set())


@pytest.mark.parametrize("kind", BY_KIND)
def test_every_object_of_the_strict_variant_keeps_unknown_members(kind):
    for node in nodes(spec_of(kind, is_strict=True)):
        if node.get("type") == "object" and "additionalProperties" not in node:
            assert node["x-kubernetes-preserve-unknown-fields"] is True


@pytest.mark.parametrize("kind", BY_KIND)
def test_names_are_upstreams(kind):
    crd = definition(BY_KIND[kind], is_strict=False)
    names = crd["spec"]["names"]
    assert {
        "EventSource": ("eventsources", "eventsource", ["es"]),
        "Sensor": ("sensors", "sensor", ["sn"]),
        "EventBus": ("eventbus", "eventbus", ["eb"]),
    }[kind] == (names["plural"], names["singular"], names["shortNames"])
    assert crd["metadata"]["name"] == f"{names['plural']}.argoproj.io"


def test_a_description_says_type_choices_and_default():
    spec = spec_of("Sensor", is_strict=False)
    hold = at(spec, "triggers.[].template.hold")["description"]
    keys = at(spec, "triggers.[].template.correlate.maxKeys")["description"]

    assert hold.startswith("(text) ")
    assert "One of: latest, all." in hold
    assert keys.startswith("(whole number) ")
    assert keys.endswith("Default: 10000.")


def test_a_trigger_inside_a_trigger_is_open_where_it_is_only_described():
    inner = at(spec_of("Sensor", is_strict=False), "triggers.[].dlqTrigger")

    assert inner["description"].endswith("Its members are the same.")
    assert "properties" not in inner


def test_a_trigger_inside_a_trigger_is_checked_once_and_then_open():
    outer = at(spec_of("Sensor", is_strict=True), "triggers.[]")
    inner = outer["properties"]["dlqTrigger"]

    assert inner["properties"].keys() == outer["properties"].keys()
    assert "properties" not in inner["properties"]["dlqTrigger"]


def test_a_keyword_that_would_be_lost_is_refused():
    with pytest.raises(NotStructural, match="multipleOf"):
        structural({"type": "integer", "multipleOf": 2}, {})


def test_resources_of_the_project_are_described_whole():
    """Each member that an example of ours uses is in the schema of its kind."""
    unknown = []
    for file in sorted((ROOT / "examples").rglob("*.yaml")):
        for document in read_documents(file.read_text(encoding="utf-8"), str(file))[0]:
            if document.kind in BY_KIND:
                unknown += list(undescribed(document.value["spec"], spec_of(document.kind, is_strict=False)))
    assert unknown == []


def undescribed(value, schema, path="spec"):
    if isinstance(value, dict):
        known, rest = schema.get("properties"), schema.get("additionalProperties")
        for name, member in value.items():
            if known is not None and name not in known:
                yield f"{path}.{name}"
            below = (known or {}).get(name) or rest
            if below:
                yield from undescribed(member, below, f"{path}.{name}")
    elif isinstance(value, list) and "items" in schema:
        for member in value:
            yield from undescribed(member, schema["items"], f"{path}[]")


def test_the_files_are_plain_yaml_without_anchors():
    for text in FILES.values():
        assert yaml.safe_load(text)["kind"] == "CustomResourceDefinition"
        assert "&id" not in text
