"""Workflows as `argo` makes them: from a file, from a template, from another workflow. Pure.

Source: argo-workflows v3.7, workflow/util/util.go (ApplySubmitOpts, FormulateResubmitWorkflow) and
workflow/common/convert.go.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from events.ports import Object
from sensors.workflow_args import WorkflowArgs

GROUP = "argoproj.io"
API_VERSION = "argoproj.io/v1alpha1"
WORKFLOW = "Workflow"
TEMPLATE_KINDS = {
    kind.lower(): kind for kind in ("WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")
}
"""What `submit-from` takes; upstream does not know the cluster's templates, and reads kinds in any case."""

_LABELS = "workflows.argoproj.io/"
_NOT_INHERITED = frozenset(
    _LABELS + name
    for name in (
        "creator",
        "creator-email",
        "creator-preferred-username",
        "phase",
        "completed",
        "workflow-archiving-status",
    )
)
_OURS = ("kikkake/", "events.argoproj.io/")
"""Marks of the trigger that made the old workflow: a resubmitted one gets those of its own."""


def with_options(workflow: Object, args: WorkflowArgs) -> Object:
    """A workflow with what the flags say of it."""
    made = copy.deepcopy(workflow)
    spec: dict[str, Any] = made.setdefault("spec", {})
    metadata: dict[str, Any] = made.setdefault("metadata", {})
    if args.entrypoint:
        spec["entrypoint"] = args.entrypoint
    if args.service_account:
        spec["serviceAccountName"] = args.service_account
    if args.priority is not None:
        spec["priority"] = args.priority
    labels = dict(args.labels)
    if args.instance_id:
        labels[f"{_LABELS}controller-instanceid"] = args.instance_id
    if labels:
        metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
    if args.scheduled_time:
        annotations = metadata.get("annotations") or {}
        metadata["annotations"] = {**annotations, f"{_LABELS}scheduled-time": args.scheduled_time}
    if args.parameters:
        _override_parameters(spec, args)
    if args.generate_name:
        metadata["generateName"] = args.generate_name
    if args.name:
        metadata["name"] = args.name
    return made


def from_template(kind: str, name: str, namespace: str) -> Object:
    """A workflow of a WorkflowTemplate or ClusterWorkflowTemplate."""
    is_cluster = kind == "ClusterWorkflowTemplate"
    label = "cluster-workflow-template" if is_cluster else "workflow-template"
    reference = {"name": name, **({"clusterScope": True} if is_cluster else {})}
    return {
        "apiVersion": API_VERSION,
        "kind": WORKFLOW,
        "metadata": {
            "generateName": f"{name}-",
            "namespace": namespace,
            "labels": {_LABELS + label: name},
        },
        "spec": {"workflowTemplateRef": reference},
    }


def from_cron(cron: Object, scheduled: str) -> Object:
    """A workflow of a CronWorkflow as it is in the cluster; `scheduled` is RFC 3339."""
    theirs = cron["metadata"]
    spec = cron.get("spec") or {}
    more = spec.get("workflowMetadata") or {}
    labels = {f"{_LABELS}cron-workflow": theirs["name"]}
    instance = (theirs.get("labels") or {}).get(f"{_LABELS}controller-instanceid")
    if instance is not None:
        labels[f"{_LABELS}controller-instanceid"] = instance
    owner = {
        "apiVersion": API_VERSION,
        "kind": "CronWorkflow",
        "name": theirs["name"],
        "uid": theirs["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    metadata: Object = {
        "generateName": f"{theirs['name']}-",
        "namespace": theirs.get("namespace"),
        "labels": {**labels, **(more.get("labels") or {})},
        "annotations": {f"{_LABELS}scheduled-time": scheduled, **(more.get("annotations") or {})},
        "ownerReferences": [owner],
    }
    if more.get("finalizers"):
        metadata["finalizers"] = list(more["finalizers"])
    return {
        "apiVersion": API_VERSION,
        "kind": WORKFLOW,
        "metadata": metadata,
        "spec": copy.deepcopy(spec.get("workflowSpec") or {}),
    }


def resubmitted(old: Object) -> Object:
    """A new workflow with the spec of an old one."""
    theirs = old["metadata"]
    spec = copy.deepcopy(old.get("spec") or {})
    spec.pop("shutdown", None)
    if spec.get("activeDeadlineSeconds") == 0:
        # It was terminated.
        del spec["activeDeadlineSeconds"]
    labels = _inherited(theirs.get("labels") or {})
    metadata: Object = {
        "generateName": theirs.get("generateName") or f"{theirs['name']}-",
        "namespace": theirs.get("namespace"),
        "labels": {**labels, f"{_LABELS}resubmitted-from-workflow": theirs["name"]},
    }
    if annotations := _inherited(theirs.get("annotations") or {}):
        metadata["annotations"] = annotations
    if theirs.get("ownerReferences"):
        metadata["ownerReferences"] = copy.deepcopy(theirs["ownerReferences"])
    return {
        "apiVersion": old.get("apiVersion", API_VERSION),
        "kind": WORKFLOW,
        "metadata": metadata,
        "spec": spec,
    }


def _inherited(marks: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in marks.items()
        if name not in _NOT_INHERITED and not name.startswith(_OURS)
    }


def _override_parameters(spec: dict[str, Any], args: WorkflowArgs) -> None:
    """Those of the flags first, then those of the workflow that no flag has."""
    pairs = [parameter.partition("=") for parameter in args.parameters]
    given = [{"name": name, "value": value} for name, _, value in pairs]
    names = {each["name"] for each in given}
    arguments = spec.get("arguments")
    arguments = dict(arguments) if isinstance(arguments, Mapping) else {}
    rest = [each for each in arguments.get("parameters") or [] if each.get("name") not in names]
    spec["arguments"] = {**arguments, "parameters": [*given, *rest]}
