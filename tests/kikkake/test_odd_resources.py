"""Whatever stands in a resource: nothing stumbles over it, and what is said of it has room in a status."""

import copy
import itertools
import os
import random

import pytest
import yaml

from events.resource import ResourceDocument
from kikkake.catalog import Key, read_alone, read_entry
from kikkake.files import RESOURCE_API
from tests.manifests.mutants import mutants
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


@pytest.mark.parametrize("kind", ["EventSource", "Sensor"])
def test_no_mutant_makes_the_reader_stumble(kind):
    """`MUTANT_SEED` repeats a run."""
    seed = int(os.environ.get("MUTANT_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"mutants of seed {seed}")
    specs = [each.values[0]["spec"] for each in examples() if each.values[0]["kind"] == kind]
    for number, spec in enumerate(itertools.islice(mutants(specs, seed=seed), 2000)):
        value = {
            "apiVersion": RESOURCE_API,
            "kind": kind,
            "metadata": {"name": "m", "namespace": "ci"},
            "spec": spec,
        }
        entry = read_entry(Key(kind, "ci", "m"), ResourceDocument(value, "", {}), "uid")
        long = [finding for finding in entry.findings if len(finding.what) > 4001 or len(finding.fix) > 4001]
        assert long == [], number
        assert "InternalError" not in {finding.code for finding in entry.findings}, number


def test_members_of_a_kind_that_has_none_of_that_name_are_unknown_whatever_stands_there():
    trigger = {"name": "t", "log": {"parameters": [{"src": {"dependencyName": "push"}, "dest": "x"}, 7]}}
    spec = {
        "dependencies": [{"name": "push", "eventSourceName": "hooks", "eventName": "push"}],
        "triggers": [{"template": trigger}],
    }
    value = {
        "apiVersion": RESOURCE_API,
        "kind": "Sensor",
        "metadata": {"name": "m", "namespace": "ci"},
        "spec": spec,
    }
    entry = read_entry(Key("Sensor", "ci", "m"), ResourceDocument(value, "", {}), "uid")
    assert ("UnknownField", "spec.triggers[0].template.log.parameters") in {
        (finding.code, finding.at) for finding in entry.findings
    }
    assert entry.spec is not None


def test_a_bug_that_one_resource_meets_is_its_own_fault_and_of_no_other():
    key, document = (
        Key("Sensor", "ci", "m"),
        ResourceDocument({"kind": "Sensor", "spec": {"a": 1}}, "m.yaml", {}),
    )

    def read():
        raise ZeroDivisionError

    entry = read_alone(key, document, "uid", read)

    assert (entry.key, entry.uid, entry.spec, entry.file) == (key, "uid", None, "m.yaml")
    [finding] = entry.findings
    assert (finding.code, finding.fix) == ("InternalError", "report it with the resource")
    assert "ZeroDivisionError" in finding.what
