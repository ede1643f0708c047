"""The rules find what they are for: each is broken once in an otherwise good rendering."""

import copy

import pytest

from tests.conftest import require
from tests.manifests.rendered import gateway, kustomized, of_kind
from tests.manifests.rules import RULES, faults

pytestmark = pytest.mark.kubectl


@pytest.fixture(scope="session")
def good():
    require("kubectl")
    return kustomized("manifests") + kustomized("manifests/webhook")


@pytest.mark.parametrize(
    "folders",
    [
        ["manifests"],
        ["manifests/overlays/strict"],
        ["manifests", "manifests/webhook"],
        ["manifests/overlays/beside-argo-events"],
    ],
    ids=["default", "strict", "webhook", "beside Argo Events"],
)
def test_what_kustomize_renders_has_no_fault(folders):
    require("kubectl")
    assert faults([each for folder in folders for each in kustomized(folder)]) == []


def pod(objects):
    return gateway(objects)["spec"]["template"]["spec"]


def container(objects):
    return pod(objects)["containers"][0]


def named(objects, kind, name):
    return next(each for each in of_kind(objects, kind) if each["metadata"]["name"] == f"kikkake{name}")


def remove(kind, name):
    def change(objects):
        objects.remove(named(objects, kind, name))

    return change


BROKEN = {
    "root": (lambda o: pod(o)["securityContext"].update(runAsNonRoot=False), "runAsNonRoot is False"),
    "a user of the host": (
        lambda o: pod(o)["securityContext"].update(runAsUser=1000),
        "wanted 10000 or more",
    ),
    "host network": (lambda o: pod(o).update(hostNetwork=True), "hostNetwork is on"),
    "host path": (
        lambda o: pod(o)["volumes"].append({"name": "x", "hostPath": {}}),
        "x is a path of the host",
    ),
    "escalation": (
        lambda o: container(o)["securityContext"].pop("allowPrivilegeEscalation"),
        "allowPrivilegeEscalation is None",
    ),
    "writable root": (
        lambda o: container(o)["securityContext"].update(readOnlyRootFilesystem=False),
        "readOnlyRoot",
    ),
    "capability": (
        lambda o: container(o)["securityContext"]["capabilities"].update(add=["X"]),
        "capabilities is",
    ),
    "host port": (lambda o: container(o)["ports"][0].update(hostPort=80), "is one of the host"),
    "namespace": (
        lambda o: of_kind(o, "Namespace")[0]["metadata"]["labels"].clear(),
        "enforce is not restricted",
    ),
    "automount": (
        lambda o: pod(o).pop("automountServiceAccountToken"),
        "automountServiceAccountToken is None",
    ),
    "no memory limit": (
        lambda o: container(o)["resources"]["limits"].pop("memory"),
        "says nothing of memory",
    ),
    "unbounded files": (lambda o: pod(o)["volumes"][0].update(emptyDir={}), "has no sizeLimit"),
    "two gateways": (lambda o: gateway(o)["spec"].update(replicas=2), "replicas is 2"),
    "a short grace": (lambda o: pod(o).update(terminationGracePeriodSeconds=30), "draining takes up to 95"),
    "no probe": (lambda o: container(o).pop("livenessProbe"), "livenessProbe.httpGet.path is None"),
    "no budget": (remove("PodDisruptionBudget", ""), "no PodDisruptionBudget"),
    "no priority": (lambda o: pod(o).pop("priorityClassName"), "priorityClassName is missing"),
    "a Service for nothing": (
        lambda o: named(o, "Service", "")["spec"]["selector"].update(x="y"),
        "Service/kikkake: selects no pod",
    ),
    "a port for nothing": (
        lambda o: named(o, "Service", "")["spec"]["ports"][0].update(targetPort="x"),
        "leads to none of the container",
    ),
    "latest": (lambda o: container(o).update(image="kikkake:latest"), "neither a digest nor a version"),
    "hash seed": (
        lambda o: container(o)["env"].append({"name": "PYTHONHASHSEED", "value": "0"}),
        "PYTHONHASHSEED is set",
    ),
    "an unknown pod": (lambda o: container(o)["env"].pop(0), "the environment has no POD_NAME"),
    "a wildcard": (lambda o: named(o, "ClusterRole", "-team")["rules"][0].update(verbs=["*"]), "a wildcard"),
    "secrets": (
        lambda o: named(o, "ClusterRole", "-gateway")["rules"][0]["resources"].append("secrets"),
        "may reach secrets",
    ),
    "impersonation": (
        lambda o: named(o, "ClusterRole", "-gateway")["rules"][0]["verbs"].append("impersonate"),
        "has the verb impersonate",
    ),
    "no fence": (remove("ValidatingAdmissionPolicyBinding", "-fence"), "no policy holds it"),
    "a fence that warns": (
        lambda o: named(o, "ValidatingAdmissionPolicyBinding", "-fence")["spec"].update(
            validationActions=["Warn"]
        ),
        "no policy holds it",
    ),
    "editors": (
        lambda o: named(o, "ClusterRole", "-edit")["metadata"]["labels"].update(
            {"rbac.authorization.k8s.io/aggregate-to-edit": "true"}
        ),
        "aggregate-to-edit hands out",
    ),
    "fails open": (
        lambda o: named(o, "ValidatingAdmissionPolicy", "-author")["spec"].update(failurePolicy="Ignore"),
        "failurePolicy is 'Ignore'",
    ),
    "a webhook that fails open": (
        lambda o: of_kind(o, "ValidatingWebhookConfiguration")[0]["webhooks"][0].update(
            failurePolicy="Ignore"
        ),
        "failurePolicy is 'Ignore', wanted 'Fail'",
    ),
    "a webhook for all": (
        lambda o: of_kind(o, "ValidatingWebhookConfiguration")[0]["webhooks"][0].pop("namespaceSelector"),
        "looks at every namespace",
    ),
    "nothing denied": (remove("NetworkPolicy", "-default-deny"), "none denies everything"),
    "metadata service": (
        lambda o: named(o, "NetworkPolicy", "-cluster")["spec"]["egress"][1]["to"][0]["ipBlock"].pop(
            "except"
        ),
        "holds 169.254.0.0/16",
    ),
    "private addresses": (
        lambda o: named(o, "NetworkPolicy", "-http-triggers")["spec"]["egress"][0]["to"][0]["ipBlock"].update(
            {"except": ["169.254.0.0/16"]}
        ),
        "holds 10.0.0.0/8",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_rule_says_what_is_wrong(good, name):
    change, wanted = BROKEN[name]
    objects = copy.deepcopy(good)
    change(objects)

    found = faults(objects)

    assert any(wanted in fault for fault in found), found


def test_every_rule_is_broken_above(good):
    unbroken = {rule.__name__ for rule in RULES}
    for change, _ in BROKEN.values():
        objects = copy.deepcopy(good)
        change(objects)
        unbroken -= {rule.__name__ for rule in RULES if list(rule(objects))}
    assert unbroken == set()
