"""Settings of a pod that no pod gets: told, and refused where the resource is strict."""

import pytest

from events.errors import Severity
from events.resource import ResourceDocument
from kikkake.catalog import Key, read_entry
from kikkake.cluster.pod_settings import with_pod_settings
from kikkake.cluster.status import Outlook, status_of

PRIVILEGED = {
    "serviceAccountName": "hooks",
    "container": {"resources": {}, "securityContext": {"privileged": True}, "command": ["sh"]},
    "volumes": [{"name": "root", "hostPath": {"path": "/"}}],
}
NAMED = [
    "spec.template.volumes",
    "spec.template.container.securityContext",
    "spec.template.container.command",
]


def entry_of(template, **annotations):
    webhook = {"push": {"endpoint": "/push", "port": "12000", "method": "POST", "unauthenticated": True}}
    value = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "EventSource",
        "metadata": {"name": "hooks", "namespace": "ci", "annotations": annotations},
        "spec": {"template": template, "webhook": webhook},
    }
    document = ResourceDocument(value, "", {})
    return with_pod_settings(read_entry(Key("EventSource", "ci", "hooks"), document, "u1"), document)


def conditions_of(entry):
    outlook = Outlook(generation=1, findings=entry.findings, is_served=entry.spec is not None)
    found = status_of("EventSource", outlook, {}, "2026-11-24T12:00:00Z")["conditions"]
    return {each["type"]: (each["status"], each.get("reason")) for each in found}


def test_they_are_told_one_by_one_and_the_resource_is_served():
    entry = entry_of(PRIVILEGED)
    assert [finding.at for finding in entry.findings] == NAMED
    assert {finding.severity for finding in entry.findings} == {Severity.WARNING}
    said = conditions_of(entry)
    assert said["SpecWarnings"] == ("True", "FieldNotAllowed")
    assert said["Ready"] == ("True", "Served")


def test_a_strict_resource_is_refused_for_them():
    entry = entry_of(PRIVILEGED, **{"kikkake/strict": "true"})
    assert entry.spec is None
    said = conditions_of(entry)
    assert said["Deployed"] == said["Ready"] == ("False", "FieldNotAllowed")
    assert said["SourcesProvided"] == ("True", None)


@pytest.mark.parametrize(
    "template",
    [
        None,
        "text",
        {"serviceAccountName": "a", "nodeSelector": {}, "container": {"resources": {}}},
        {"volumes": None},
    ],
)
def test_nothing_of_the_kind_is_said_of_anything_else(template):
    assert "FieldNotAllowed" not in {finding.code for finding in entry_of(template).findings}


def test_whoever_means_it_can_silence_the_warning():
    entry = entry_of(PRIVILEGED, **{"kikkake/lint-ignore": "FieldNotAllowed"})
    assert [finding.code for finding in entry.findings] == []
