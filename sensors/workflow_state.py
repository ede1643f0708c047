"""What `argo suspend`, `resume`, `stop` and `terminate` do to a Workflow, on its JSON. Pure.

Source: argo-workflows v3.7, workflow/util/util.go: SuspendWorkflow, ResumeWorkflow, updateSuspendedNode,
patchShutdownStrategy. Node statuses may be compressed (workflow/packer) or in a database, out of our reach.
"""

from __future__ import annotations

import base64
import copy
import gzip
import json
from collections.abc import Callable, Mapping
from typing import Any

from events.errors import KikkakeError
from events.ports import Object
from sensors.workflow_args import RESUME, STOP, SUSPEND, TERMINATE, WorkflowArgs

_ENDED = frozenset({"Succeeded", "Failed", "Error"})
_OFFLOADED = "its node statuses are in argo's database (offloaded): only argo's own server can change them"


class NothingToDo(KikkakeError):
    """It is in the wanted state; the text says which."""


class CannotChange(KikkakeError):
    """It cannot be changed as it is."""

    def __init__(self, what: str, *, may_come: bool = False) -> None:
        self.may_come = may_come
        """Whether it may be possible a little later."""
        super().__init__(what)


def phase_of(workflow: Object) -> str:
    """Empty where its controller has not seen it yet."""
    return str((workflow.get("status") or {}).get("phase") or "")


def has_ended(workflow: Object) -> bool:
    return phase_of(workflow) in _ENDED


def changed(operation: str, live: Object, args: WorkflowArgs, now: str) -> Object:
    """The workflow after the operation; `now` is RFC 3339. Raises NothingToDo, CannotChange."""
    return _WAYS[operation](copy.deepcopy(live), args, now)


def _suspended(workflow: Object, _args: WorkflowArgs, _now: str) -> Object:
    if has_ended(workflow):
        raise NothingToDo(f"it has ended ({phase_of(workflow)}): there is nothing to suspend")
    spec = workflow.setdefault("spec", {})
    if spec.get("suspend") is True:
        raise NothingToDo("it is suspended already")
    spec["suspend"] = True
    return workflow


def _resumed(workflow: Object, args: WorkflowArgs, now: str) -> Object:
    if args.node_field_selector:
        return _with_nodes(workflow, args, now, phase="Succeeded", message="")
    spec = workflow.setdefault("spec", {})
    was_suspended = spec.pop("suspend", None) is True
    if not _end_nodes(workflow, None, now, phase="Succeeded", message="") and not was_suspended:
        raise NothingToDo("it is not suspended")
    return workflow


def _stopped(workflow: Object, args: WorkflowArgs, now: str) -> Object:
    if args.node_field_selector:
        return _with_nodes(workflow, args, now, phase="Failed", message=args.message)
    return _shut_down(workflow, "Stop")


def _terminated(workflow: Object, _args: WorkflowArgs, _now: str) -> Object:
    return _shut_down(workflow, "Terminate")


def _shut_down(workflow: Object, strategy: str) -> Object:
    if has_ended(workflow):
        raise NothingToDo(f"it has ended already ({phase_of(workflow)})")
    spec = workflow.setdefault("spec", {})
    # Who terminates does more than who stops.
    if spec.get("shutdown") in {strategy, "Terminate"}:
        raise NothingToDo(f"it is being shut down already ({spec['shutdown']})")
    spec["shutdown"] = strategy
    return workflow


_WAYS: Mapping[str, Callable[[Object, WorkflowArgs, str], Object]] = {
    SUSPEND: _suspended,
    RESUME: _resumed,
    STOP: _stopped,
    TERMINATE: _terminated,
}


# Suspended nodes


def _with_nodes(workflow: Object, args: WorkflowArgs, now: str, *, phase: str, message: str) -> Object:
    selector = _parse_selector(args.node_field_selector)
    if not _end_nodes(workflow, selector, now, phase=phase, message=message):
        raise CannotChange(
            f"it has no suspended node that matches --node-field-selector {args.node_field_selector[:128]}",
            may_come=True,
        )
    return workflow


def _end_nodes(
    workflow: Object, selector: list[tuple[str, str, bool]] | None, now: str, *, phase: str, message: str
) -> bool:
    """End the running suspend nodes that match; whether there were any."""
    status = workflow.get("status") or {}
    if status.get("offloadNodeStatusVersion"):
        raise CannotChange(_OFFLOADED)
    nodes = _unpacked(status)
    ended = [
        node
        for node in nodes.values()
        if node.get("type") == "Suspend"
        and node.get("phase") == "Running"
        and (selector is None or _matches(node, selector))
    ]
    for node in ended:
        if phase == "Succeeded" and selector is None:
            _use_defaults(node)
        node["phase"], node["finishedAt"] = phase, now
        if message:
            node["message"] = message
    if ended:
        _pack(status, nodes)
    return bool(ended)


def _use_defaults(node: Object) -> None:
    """Outputs that a person should have given take their defaults."""
    for parameter in (node.get("outputs") or {}).get("parameters") or ():
        source = parameter.get("valueFrom") or {}
        if "supplied" not in source:
            continue
        if source.get("default") is None:
            raise CannotChange(
                f"raw output parameter '{parameter.get('name')}' has not been set and does not have a default value"
            )
        parameter["value"] = source["default"]
        del parameter["valueFrom"]


def _unpacked(status: Mapping[str, Any]) -> dict[str, Object]:
    packed = status.get("compressedNodes")
    if not packed:
        return status.get("nodes") or {}
    nodes: dict[str, Object] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return nodes


def _pack(status: dict[str, Any], nodes: Mapping[str, Object]) -> None:
    if not status.get("compressedNodes"):
        status["nodes"] = nodes
        return
    raw = json.dumps(nodes, ensure_ascii=False, separators=(",", ":")).encode()
    status["compressedNodes"] = base64.b64encode(gzip.compress(raw, mtime=0)).decode()


def _parse_selector(text: str) -> list[tuple[str, str, bool]]:
    """Field, value, and whether they have to be equal. Raises CannotChange."""
    terms = []
    for term in filter(None, text.split(",")):
        for sign, is_equal in (("!=", False), ("==", True), ("=", True)):
            field, found, value = term.partition(sign)
            if found:
                terms.append((field.strip(), value.strip(), is_equal))
                break
        else:
            raise CannotChange(f"--node-field-selector: invalid selector: '{term[:64]}'; can't understand it")
    return terms


def _matches(node: Object, selector: list[tuple[str, str, bool]]) -> bool:
    reference = node.get("templateRef") or {}
    fields = {
        "displayName": node.get("displayName", ""),
        "templateName": reference.get("template") or node.get("templateName", ""),
        "phase": node.get("phase", ""),
        "name": node.get("name", ""),
        "id": node.get("id", ""),
        "templateRef.name": reference.get("name", ""),
        "templateRef.template": reference.get("template", ""),
    }
    for parameter in (node.get("inputs") or {}).get("parameters") or ():
        fields[f"inputs.parameters.{parameter.get('name')}.value"] = str(parameter.get("value", ""))
    return all((fields.get(field, "") == value) is is_equal for field, value, is_equal in selector)
