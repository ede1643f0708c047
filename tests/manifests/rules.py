"""What a reviewer of Kubernetes manifests looks at (spec: security 4), as rules with a sentence for each fault.

faults(objects)    every fault of every rule, as "KIND/NAME: what is wrong, what is wanted"
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.servers.kube_reader import Object, Objects

Rule = Callable[[Objects], Iterator[str]]
RULES: list[Rule] = []
_LOWEST_UID = 10_000
_DRAIN_S = 95
"""20 s for deliveries in hand, 75 s for running attempts."""
_SECRETS = {"secrets", "pods", "pods/exec", "pods/attach", "pods/portforward", "nodes/proxy"}
_LINK_LOCAL = ipaddress.ip_network("169.254.0.0/16")
_PRIVATE = [ipaddress.ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
_DIGEST_OR_TAG = re.compile(r".+(@sha256:[0-9a-f]{64}|:[\w.-]+)$")


def faults(objects: Objects) -> list[str]:
    """Every fault; none is what is wanted."""
    return [fault for rule in RULES for fault in rule(objects)]


def rule(function: Rule) -> Rule:
    """Add a function to the rules."""
    RULES.append(function)
    return function


def _at(item: Object) -> str:
    return f"{item['kind']}/{item['metadata']['name']}"


def _of(objects: Objects, *kinds: str) -> Iterator[Object]:
    return (each for each in objects if each["kind"] in kinds)


def _pods(objects: Objects) -> Iterator[tuple[str, Object]]:
    for each in _of(objects, "StatefulSet", "Deployment", "DaemonSet", "Job"):
        yield _at(each), each["spec"]["template"]["spec"]


def _containers(objects: Objects) -> Iterator[tuple[str, Object]]:
    for at, pod in _pods(objects):
        for container in [*pod.get("initContainers", ()), *pod["containers"]]:
            yield f"{at} container {container['name']}", container


def _wanted(at: str, value: Object, path: str, wanted: Any) -> Iterator[str]:
    found: Any = value
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if found != wanted:
        yield f"{at}: {path} is {found!r}, wanted {wanted!r}"


@rule
def pod_security(objects: Objects) -> Iterator[str]:
    """The restricted standard, and a user that no host has."""
    for at, pod in _pods(objects):
        yield from _wanted(at, pod, "securityContext.runAsNonRoot", wanted=True)
        yield from _wanted(at, pod, "securityContext.seccompProfile.type", "RuntimeDefault")
        for name in ("runAsUser", "runAsGroup", "fsGroup"):
            number = pod.get("securityContext", {}).get(name, 0)
            if number < _LOWEST_UID:
                yield f"{at}: securityContext.{name} is {number}, wanted {_LOWEST_UID} or more"
        for name in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.get(name):
                yield f"{at}: {name} is on"
        yield from (
            f"{at}: volume {volume['name']} is a path of the host"
            for volume in pod["volumes"]
            if "hostPath" in volume
        )
    for at, container in _containers(objects):
        yield from _wanted(at, container, "securityContext.allowPrivilegeEscalation", wanted=False)
        yield from _wanted(at, container, "securityContext.readOnlyRootFilesystem", wanted=True)
        yield from _wanted(at, container, "securityContext.capabilities", {"drop": ["ALL"]})
        if container.get("securityContext", {}).get("privileged"):
            yield f"{at}: is privileged"
        yield from (
            f"{at}: port {port['containerPort']} is one of the host"
            for port in container["ports"]
            if "hostPort" in port
        )


@rule
def namespace_enforces_pod_security(objects: Objects) -> Iterator[str]:
    for each in _of(objects, "Namespace"):
        for mode in ("enforce", "audit", "warn"):
            label = f"pod-security.kubernetes.io/{mode}"
            if each["metadata"]["labels"].get(label) != "restricted":
                yield f"{_at(each)}: the label {label} is not restricted"


@rule
def tokens(objects: Objects) -> Iterator[str]:
    """No token is mounted that does not expire; the one that is there is bound to the pod."""
    for each in _of(objects, "ServiceAccount"):
        yield from _wanted(_at(each), each, "automountServiceAccountToken", wanted=False)
    for at, pod in _pods(objects):
        yield from _wanted(at, pod, "automountServiceAccountToken", wanted=False)
        yield from _wanted(at, pod, "enableServiceLinks", wanted=False)
        projected = [
            source["serviceAccountToken"]
            for volume in pod["volumes"]
            for source in volume.get("projected", {}).get("sources", ())
            if "serviceAccountToken" in source
        ]
        if [each for each in projected if each.get("expirationSeconds", 0) > 3600]:
            yield f"{at}: a token lives longer than an hour"
        if not projected:
            yield f"{at}: no projected token, and none is mounted"


@rule
def resources(objects: Objects) -> Iterator[str]:
    for at, container in _containers(objects):
        for kind, names in (
            ("requests", ("cpu", "memory", "ephemeral-storage")),
            ("limits", ("memory", "ephemeral-storage")),
        ):
            for name in names:
                if name not in container.get("resources", {}).get(kind, {}):
                    yield f"{at}: resources.{kind} says nothing of {name}"


@rule
def temporary_files_are_bounded(objects: Objects) -> Iterator[str]:
    for at, pod in _pods(objects):
        for volume in pod["volumes"]:
            if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
                yield f"{at}: the emptyDir {volume['name']} has no sizeLimit"


@rule
def store(objects: Objects) -> Iterator[str]:
    """One process owns it."""
    for each in _of(objects, "StatefulSet"):
        yield from _wanted(_at(each), each, "spec.replicas", 1)
        yield from _wanted(_at(each), each, "spec.podManagementPolicy", "OrderedReady")
        for claim in each["spec"]["volumeClaimTemplates"]:
            yield from _wanted(_at(each), claim, "spec.accessModes", ["ReadWriteOncePod"])


@rule
def the_pod_is_known(objects: Objects) -> Iterator[str]:
    """The Lease names it, and Services of sources lead to it."""
    for each in _of(objects, "StatefulSet"):
        for container in each["spec"]["template"]["spec"]["containers"]:
            given = {variable["name"] for variable in container.get("env", ())}
            yield from (
                f"{_at(each)}: the environment has no {name}"
                for name in ("POD_NAME", "POD_IP")
                if name not in given
            )


@rule
def draining(objects: Objects) -> Iterator[str]:
    for each in _of(objects, "StatefulSet"):
        at, pod = _at(each), each["spec"]["template"]["spec"]
        grace_s = pod.get("terminationGracePeriodSeconds", 30)
        if grace_s < _DRAIN_S:
            yield f"{at}: terminationGracePeriodSeconds is {grace_s}; draining takes up to {_DRAIN_S}"
    yield from (
        f"{at}: a preStop hook delays the drain"
        for at, container in _containers(objects)
        if "lifecycle" in container
    )


@rule
def probes(objects: Objects) -> Iterator[str]:
    for at, container in _containers(objects):
        for name, path in (
            ("livenessProbe", "/healthz"),
            ("readinessProbe", "/readyz"),
            ("startupProbe", "/readyz"),
        ):
            yield from _wanted(at, container, f"{name}.httpGet.path", path)
            yield from _wanted(at, container, f"{name}.httpGet.port", "metrics")


@rule
def disruption(objects: Objects) -> Iterator[str]:
    budgets = [
        each for each in _of(objects, "PodDisruptionBudget") if each["spec"].get("maxUnavailable") == 1
    ]
    for each in _of(objects, "StatefulSet", "Deployment"):
        labels = each["spec"]["template"]["metadata"]["labels"].items()
        if not any(budget["spec"]["selector"]["matchLabels"].items() <= labels for budget in budgets):
            yield f"{_at(each)}: no PodDisruptionBudget with maxUnavailable 1 selects it"
        if not each["spec"]["template"]["spec"].get("topologySpreadConstraints"):
            yield f"{_at(each)}: says nothing of the spread over nodes"
        if not each["spec"]["template"]["spec"].get("priorityClassName"):
            yield f"{_at(each)}: priorityClassName is missing"


@rule
def selectors_select(objects: Objects) -> Iterator[str]:
    """A Service or policy that selects nothing does nothing, in silence."""
    labels = [
        each["spec"]["template"]["metadata"]["labels"] for each in _of(objects, "StatefulSet", "Deployment")
    ]
    ports = {port["name"] for _, container in _containers(objects) for port in container["ports"]}
    for each in _of(objects, "Service", "NetworkPolicy", "StatefulSet", "Deployment"):
        spec = each["spec"]
        wanted = spec.get("selector", spec.get("podSelector", {}))
        wanted = wanted.get("matchLabels", wanted)
        if not any(wanted.items() <= given.items() for given in labels):
            yield f"{_at(each)}: selects no pod"
        if each["kind"] == "Service":
            yield from (
                f"{_at(each)}: port {port['name']} leads to none of the container"
                for port in spec["ports"]
                if port["targetPort"] not in ports
            )


@rule
def image(objects: Objects) -> Iterator[str]:
    for at, container in _containers(objects):
        name = container["image"]
        if not _DIGEST_OR_TAG.fullmatch(name) or name.endswith(":latest"):
            yield f"{at}: the image {name} has neither a digest nor a version"
        environment = {each["name"]: each.get("value") for each in container.get("env", ())}
        if environment.get("PYTHONSAFEPATH") != "1":
            yield f"{at}: PYTHONSAFEPATH is not 1"
        for name in ("PYTHONHASHSEED", "PYTHONOPTIMIZE", "PYTHONPATH", "AIOHTTP_NO_EXTENSIONS"):
            if name in environment:
                yield f"{at}: {name} is set"
        if "POD_NAMESPACE" not in environment:
            yield f"{at}: the environment has no POD_NAMESPACE"


@rule
def rights(objects: Objects) -> Iterator[str]:
    """No wildcards, no secrets, no pods, and nothing that makes more rights."""
    for each in _of(objects, "Role", "ClusterRole"):
        for given in each["rules"]:
            if "*" in {*given["apiGroups"], *given["resources"], *given["verbs"]}:
                yield f"{_at(each)}: a wildcard"
            if (found := _SECRETS & set(given["resources"])) and not given.get("resourceNames"):
                yield f"{_at(each)}: may reach {', '.join(sorted(found))}"
            if found := {"escalate", "bind", "impersonate"} & set(given["verbs"]):
                yield f"{_at(each)}: has the verb {', '.join(sorted(found))}"


@rule
def token_requests_are_fenced(objects: Objects) -> Iterator[str]:
    """Who may ask for tokens in the whole cluster is held by a policy that denies."""
    roles = {
        each["metadata"]["name"]
        for each in _of(objects, "ClusterRole")
        if any("serviceaccounts/token" in given["resources"] for given in each["rules"])
    }
    bound = [each for each in _of(objects, "ClusterRoleBinding") if each["roleRef"]["name"] in roles]
    users = {
        f"system:serviceaccount:{subject['namespace']}:{subject['name']}"
        for each in bound
        for subject in each["subjects"]
    }
    denying = {
        each["spec"]["policyName"]
        for each in _of(objects, "ValidatingAdmissionPolicyBinding")
        if "Deny" in each["spec"]["validationActions"] and "matchResources" not in each["spec"]
    }
    fenced = " ".join(
        condition["expression"]
        for each in _of(objects, "ValidatingAdmissionPolicy")
        if each["metadata"]["name"] in denying and each["spec"]["failurePolicy"] == "Fail"
        for condition in each["spec"].get("matchConditions", ())
    )
    yield from (
        f"{user} may ask for tokens everywhere, and no policy holds it"
        for user in users
        if user not in fenced
    )


@rule
def editors_write_no_sensors(objects: Objects) -> Iterator[str]:
    for each in _of(objects, "ClusterRole"):
        aggregated = [name for name in each["metadata"].get("labels", {}) if "aggregate-to" in name]
        verbs = {verb for given in each["rules"] for verb in given["verbs"]}
        if aggregated and verbs - {"get", "list", "watch"}:
            yield f"{_at(each)}: {aggregated[0]} hands out {', '.join(sorted(verbs))}"


@rule
def policies(objects: Objects) -> Iterator[str]:
    """Each is bound, fails closed, and says what to do."""
    bound = {each["spec"]["policyName"] for each in _of(objects, "ValidatingAdmissionPolicyBinding")}
    for each in _of(objects, "ValidatingAdmissionPolicy"):
        yield from _wanted(_at(each), each, "spec.failurePolicy", "Fail")
        if each["metadata"]["name"] not in bound:
            yield f"{_at(each)}: nothing binds it"
        for validation in each["spec"]["validations"]:
            if not validation.get("message") and not validation.get("messageExpression"):
                yield f"{_at(each)}: a validation without a message"


@rule
def webhooks(objects: Objects) -> Iterator[str]:
    """They fail closed, soon, and not for namespaces that have nothing to do with Kikkake."""
    for each in _of(objects, "ValidatingWebhookConfiguration"):
        for webhook in each["webhooks"]:
            for name, wanted in (("failurePolicy", "Fail"), ("timeoutSeconds", 3), ("sideEffects", "None")):
                yield from _wanted(_at(each), webhook, name, wanted)
            if not webhook.get("namespaceSelector"):
                yield f"{_at(each)}: looks at every namespace"


@rule
def network(objects: Objects) -> Iterator[str]:
    """Everything is denied first; no way leads to the metadata service, none of the triggers' to private addresses."""
    found = list(_of(objects, "NetworkPolicy"))
    if not any(
        each["spec"]["podSelector"] == {}
        and set(each["spec"]["policyTypes"]) == {"Ingress", "Egress"}
        and not each["spec"].get("ingress")
        and not each["spec"].get("egress")
        for each in found
    ):
        yield "NetworkPolicy: none denies everything"
    for each in found:
        for way in each["spec"].get("egress", ()):
            if not way.get("to") or not way.get("ports"):
                yield f"{_at(each)}: a way out without an end"
            for peer in way.get("to", ()):
                yield from _block_faults(_at(each), peer.get("ipBlock", {}))


def _block_faults(at: str, block: Object) -> Iterator[str]:
    if not block or ":" in block["cidr"]:
        return
    inside = ipaddress.ip_network(block["cidr"])
    excepted = [ipaddress.ip_network(each) for each in block.get("except", ())]
    unwanted = [_LINK_LOCAL, *(_PRIVATE if "http" in at else ())]
    for net in unwanted:
        if net.subnet_of(inside) and not any(net.subnet_of(each) for each in excepted):
            yield f"{at}: {inside} holds {net}"
