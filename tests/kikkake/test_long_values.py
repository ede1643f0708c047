"""Values of any length and size in a resource: what is said of them has room in a status, and nothing stumbles."""

import copy

import pytest
import yaml

from events.resource import ResourceDocument
from kikkake.catalog import Key, read_entry
from tests.stories.process import ROOT

LONG = "x" * 5000
HUGE = 10**400
"""More than a float holds; YAML takes it."""
MAX_SAID = 1200
"""Ten of them have room in one condition."""


def examples():
    for file in sorted((ROOT / "examples").rglob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            if document.get("kind") in {"EventSource", "Sensor"}:
                yield pytest.param(document, id=file.stem)


def places(value, path=()):
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, member in members:
        yield (*path, name)
        yield from places(member, (*path, name))


def changed(document, path):
    """The document with another value, or another name, at one place."""
    for value in (LONG, [LONG] * 3, HUGE, {LONG: None}):
        other, holder = holding(document, path)
        holder[path[-1]] = value
        yield other
    if isinstance(path[-1], str):
        other, holder = holding(document, path)
        holder[LONG] = holder.pop(path[-1])
        yield other


def holding(document, path):
    other = copy.deepcopy(document)
    holder = other["spec"]
    for part in path[:-1]:
        holder = holder[part]
    return other, holder


@pytest.mark.parametrize("document", list(examples()))
def test_what_is_said_of_a_long_value_is_short(document):
    key = Key(document["kind"], "ci", document["metadata"]["name"])
    for path in places(document["spec"]):
        for other in changed(document, path):
            entry = read_entry(key, ResourceDocument(other, "", {}), "uid")
            said = [finding for finding in entry.findings if len(str(finding)) > MAX_SAID]
            assert said == [], path
