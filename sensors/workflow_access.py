"""The rights that the operations of `argoWorkflow` take (spec-sensors 7.4). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sensors.access import Access, Needs, reading, refs_in
from sensors.artifact_spec import ArtifactLocation
from sensors.kube_access import Writes, object_needs
from sensors.workflow_args import RESUBMIT, RETRY, STOP, SUBMIT, SUBMIT_FROM, TERMINATE, WorkflowArgs
from sensors.workflow_object import API_VERSION, TEMPLATE_KINDS, WORKFLOW
from sensors.workflow_server import ArgoServer


def workflow_needs(
    source: ArtifactLocation | None, operation: str, args: WorkflowArgs, namespace: str, writes: Writes
) -> Needs:
    """What an operation on the object of `source` needs, and on the workflow that it makes."""
    found = object_needs(source, _verbs(operation, args), namespace, writes)
    if found.unknown:
        if operation not in {SUBMIT_FROM, RESUBMIT}:
            return found
        return found + Needs(unknown=("grant get, create on the workflows that it makes",))
    if operation == SUBMIT:
        # A flag may name what is made.
        is_named_by_flag = args.name or args.generate_name or writes.into_member("args")
        return Needs(_nameless(found.accesses)) if is_named_by_flag else found
    accesses = [
        replace(each, api_version=API_VERSION, kind=_kind(operation, each)) for each in found.accesses
    ]
    if operation in {SUBMIT_FROM, RESUBMIT}:
        where = accesses[0].namespace if accesses else namespace
        accesses += [
            Access(verb=verb, api_version=API_VERSION, kind=WORKFLOW, namespace=where)
            for verb in ("get", "create")
        ]
    return Needs(tuple(dict.fromkeys(accesses)))


def server_needs(server: ArgoServer | None, namespace: str) -> Needs:
    """To read the token and the certificates of argo's own server."""
    return reading(refs_in(server, namespace))


def _verbs(operation: str, args: WorkflowArgs) -> Sequence[str]:
    """On the object itself."""
    if operation == SUBMIT:
        return ("get", "create")
    if operation in {SUBMIT_FROM, RESUBMIT, RETRY}:
        return ("get",)
    return (
        ("get", "patch")
        if operation in {STOP, TERMINATE} and not args.node_field_selector
        else ("get", "update")
    )


def _kind(operation: str, access: Access) -> str:
    """Read in any case of letters; all but `submit-from` are about workflows."""
    return TEMPLATE_KINDS.get(access.kind.lower(), access.kind) if operation == SUBMIT_FROM else WORKFLOW


def _nameless(accesses: Sequence[Access]) -> tuple[Access, ...]:
    return tuple(
        dict.fromkeys(replace(each, name="") if each.kind == WORKFLOW else each for each in accesses)
    )
