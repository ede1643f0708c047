"""The kinds of Argo Workflows in an API server, as far as tests need them: names and scopes; any field is kept.

As upstream's, they have no `status` subresource: whoever updates a Workflow updates its status, too.
"""

import time
from typing import Any

from tests.servers.kube_reader import KubeReader

_KINDS = {
    "Workflow": ("workflows", "Namespaced"),
    "WorkflowTemplate": ("workflowtemplates", "Namespaced"),
    "ClusterWorkflowTemplate": ("clusterworkflowtemplates", "Cluster"),
    "CronWorkflow": ("cronworkflows", "Namespaced"),
}
_GROUP = "argoproj.io"
_READY_S = 20


def install_argo(reader: KubeReader) -> None:
    """Make the kinds known, once a server, and return when all of them are served."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    for kind, (plural, scope) in _KINDS.items():
        if reader.get(f"{path}/{plural}.{_GROUP}") is None:
            reader.create(path, _definition(kind, plural, scope))
    end = time.monotonic() + _READY_S
    paths = [f"/apis/{_GROUP}/v1alpha1/{plural}" for plural, _ in _KINDS.values()]
    # Just after its definition a kind is answered 404, then 429.
    while any(reader.answer("GET", path)[0] != 200 for path in paths):
        assert time.monotonic() < end, "the kinds of Argo Workflows are not served"
        time.sleep(0.05)


def _definition(kind: str, plural: str, scope: str) -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{_GROUP}"},
        "spec": {
            "group": _GROUP,
            "scope": scope,
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
            "versions": [
                {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
            ],
        },
    }
