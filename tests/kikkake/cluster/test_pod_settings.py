"""Settings of a pod that no pod gets: told; refused where they are dangerous, or the resource is strict."""

import pytest

from events.errors import Severity
from events.resource import ResourceDocument
from kikkake.catalog import Key, read_entry
from kikkake.cluster.pod_settings import with_pod_settings
from kikkake.cluster.status import Outlook, status_of

IGNORED = {
    "serviceAccountName": "hooks",
    "container": {
        "resources": {},
        "env": [{"name": "PROXY", "value": "http://proxy.example"}],
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 9731,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    },
    "securityContext": {"fsGroup": 9731, "privileged": None},
    "volumes": [{"name": "tmp", "emptyDir": {}}],
}
NAMED = [
    "spec.template.securityContext",
    "spec.template.volumes",
    "spec.template.container.env",
    "spec.template.container.volumeMounts",
    "spec.template.container.securityContext",
]
PRIVILEGED = [
    {"container": {"command": ["sh"]}},
    {"container": {"args": ["-c", "id"]}},
    {"container": {"lifecycle": {"postStart": {"exec": {"command": ["sh"]}}}}},
    {"container": {"securityContext": {"privileged": True}}},
    {"container": {"securityContext": {"allowPrivilegeEscalation": True}}},
    {"container": {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}},
    {"container": {"securityContext": {"runAsUser": 0}}},
    {"container": {"securityContext": {"runAsNonRoot": False}}},
    {"container": {"securityContext": {"seccompProfile": {"type": "Unconfined"}}}},
    {"container": {"securityContext": {"procMount": "Unmasked"}}},
    {"securityContext": {"runAsUser": 0}},
    {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}},
    {"volumes": [{"name": "root", "hostPath": {"path": "/"}}]},
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
    entry = entry_of(IGNORED)
    assert [finding.at for finding in entry.findings] == NAMED
    assert {finding.severity for finding in entry.findings} == {Severity.WARNING}
    said = conditions_of(entry)
    assert said["SpecWarnings"] == ("True", "FieldNotAllowed")
    assert said["Ready"] == ("True", "Served")


@pytest.mark.parametrize("template", PRIVILEGED, ids=str)
def test_what_would_take_over_a_node_is_refused(template):
    entry = entry_of(template, **{"kikkake/lint-ignore": "FieldNotAllowed"})
    assert entry.spec is None
    said = conditions_of(entry)
    assert said["Deployed"] == said["Ready"] == ("False", "FieldNotAllowed")
    assert said["SourcesProvided"] == ("True", None)


def test_a_strict_resource_is_refused_for_any_of_them():
    entry = entry_of(IGNORED, **{"kikkake/strict": "true"})
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
    entry = entry_of(IGNORED, **{"kikkake/lint-ignore": "FieldNotAllowed"})
    assert [finding.code for finding in entry.findings] == []
