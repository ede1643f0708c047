"""A cluster in which Argo Events is at home, as far as the API server sees it: its CRDs, its controller, what it makes.

Written by hand after upstream's manifests (spec-sensors 12.7, spec-sources 5); no controller runs.
"""

from __future__ import annotations

from typing import Any

from tests.manifests.cluster import Cluster, path_of, resource
from tests.servers.kube_reader import Object

CONTROLLER = ("argo-events", "argo-events-sa")
"""Namespace and name of its account."""
_PLURALS = {
    "EventSource": ("eventsources", "es"),
    "Sensor": ("sensors", "sn"),
    "EventBus": ("eventbus", "eb"),
}
_OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def crd(kind: str) -> Object:
    """As upstream publishes it: open, with a status of its own and without columns."""
    plural, short = _PLURALS[kind]
    version = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {
            "openAPIV3Schema": {
                "type": "object",
                "required": ["metadata", "spec"],
                "properties": {"metadata": {"type": "object"}, "spec": _OPEN, "status": _OPEN},
            }
        },
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.argoproj.io"},
        "spec": {
            "group": "argoproj.io",
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [short],
            },
            "versions": [version],
        },
    }


def install_argo_events(cluster: Cluster) -> None:
    """Its CRDs, its controller's Deployment, account and rights."""
    namespace, account = CONTROLLER
    controller = deployment("controller-manager", {})
    pod = controller["spec"]["template"]["spec"]
    pod["serviceAccountName"] = account
    pod["containers"][0]["args"] = ["controller"]
    rules = [
        {"apiGroups": ["argoproj.io"], "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": ["", "apps"], "resources": ["services", "deployments", "statefulsets"], "verbs": ["*"]},
    ]
    objects = [
        *(crd(kind) for kind in _PLURALS),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": namespace}},
        {**controller, "metadata": {**controller["metadata"], "namespace": namespace}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "argo-events-role"},
            "rules": rules,
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "argo-events-binding"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "argo-events-role",
            },
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
        },
    ]
    for each in objects:
        applied = cluster.kubectl("apply", "-f", "-", given=each)
        assert applied.code == 0, applied.err
    for plural, _short in _PLURALS.values():
        waited = cluster.kubectl("wait", "--for=condition=Established", f"crd/{plural}.argoproj.io")
        assert waited.code == 0, waited.err


def serve_with_argo_events(cluster: Cluster, team: str, kind: str, name: str, spec: Any) -> None:
    """A resource with what its controller makes of it: a finalizer, a Deployment, a Service where one is asked for."""
    controller = f"{kind.lower()}-controller"
    labels = {"controller": controller, f"{kind.lower()}-name": name, "owner-name": name}
    body = resource(kind, spec, name, finalizers=[controller])
    with cluster.reader() as admin:
        admin.create(path_of(kind, team), body)
        made = deployment(f"{name}-{kind.lower()}-x7k2p", labels)
        admin.create(f"/apis/apps/v1/namespaces/{team}/deployments", made)
        if ports := spec.get("service", {}).get("ports"):
            service = {
                "metadata": {"name": f"{name}-eventsource-svc", "labels": labels},
                "spec": {"selector": labels, "ports": ports},
            }
            admin.create(f"/api/v1/namespaces/{team}/services", service)


def deployment(name: str, labels: dict[str, str]) -> Object:
    """One that runs an image of Argo Events."""
    selector = labels or {"app": name}
    container = {"name": "main", "image": "example.invalid/argoproj/argo-events:v1.9.11"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": selector},
            "template": {"metadata": {"labels": selector}, "spec": {"containers": [container]}},
        },
    }
