"""Every rule for EventSources has a bad example that it finds, and a good one in which nothing is found."""

import pytest
import yaml

from events.errors import Finding, ResourceRefused, Severity
from events.resource import ResourceDocument, path_text, read_documents
from sources.explanations import EXPLANATIONS
from sources.rules import SOURCE_RULES
from sources.spec import read_event_source

NOT_YET = frozenset({"FieldNotBuilt"})
RULES = [pytest.param(rule, id=rule.code) for rule in SOURCE_RULES.rules]


def document_of(fragment: str, name: str = "example") -> ResourceDocument:
    value = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "EventSource",
        "metadata": {"name": name, "namespace": "ci"},
        "spec": yaml.safe_load(fragment),
    }
    documents, findings = read_documents(yaml.safe_dump(value, sort_keys=False), "source.yaml")
    assert not findings, findings
    [document] = documents
    return document


def found_in(document: ResourceDocument) -> list[Finding]:
    try:
        findings = read_event_source(document).findings
    except ResourceRefused as refused:
        findings = refused.findings
    return [finding for finding in findings if finding.code not in NOT_YET]


@pytest.mark.parametrize("rule", RULES)
def test_the_bad_example_is_found_by_its_rule_and_by_no_other(rule):
    document = document_of(rule.bad)
    found = found_in(document)
    assert {(finding.code, finding.severity) for finding in found} == {(rule.code, Severity.WARNING)}, found
    known = {path_text(path) for path in document.positions}
    assert all(finding.at in known and finding.what and finding.fix for finding in found)


@pytest.mark.parametrize("rule", RULES)
def test_nothing_is_found_in_the_good_example(rule):
    assert rule.good
    assert found_in(document_of(rule.good)) == []


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.code) for entry in EXPLANATIONS if entry.bad])
def test_the_examples_of_other_codes_are_true_too(entry):
    assert entry.code in {finding.code for finding in found_in(document_of(entry.bad))}
    if entry.good:
        assert found_in(document_of(entry.good)) == []


def test_the_name_of_a_source_counts_as_well():
    rule = next(rule for rule in SOURCE_RULES.rules if rule.code == "KK205")
    [found] = found_in(document_of(rule.good, name="git.hub"))
    assert (found.code, found.at) == ("KK205", "metadata.name")


@pytest.mark.parametrize(
    "spec", ["webhook: 7", "webhook: {a: null}", "kafka: {a: []}", "github: {a: {webhook: []}}"]
)
def test_odd_members_are_no_trap_and_no_crash(spec):
    assert not [finding for finding in found_in(document_of(spec)) if finding.code.startswith("KK")]
