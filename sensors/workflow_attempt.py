"""One attempt at an operation on a Workflow through the Kubernetes API (spec: effects, section 4).

A change leaves its effect's id on the workflow in the same request and is bound to the version that was read, so
that a repeat sees that it was done. What makes a workflow is a create under a name of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from events.clock import Clock, format_time
from events.ports import Kube, KubeError, Object
from sensors.kube_answers import failed
from sensors.kube_creation import Creation
from sensors.kube_json import write_json
from sensors.kube_look import look
from sensors.kube_merge import overlaid
from sensors.kube_object import EFFECT_ID
from sensors.kube_request import MERGE_PATCH
from sensors.kube_target import Target
from sensors.trigger import AttemptContext, Done, Failed, OnFailure
from sensors.workflow_args import STOP, TERMINATE
from sensors.workflow_object import API_VERSION
from sensors.workflow_request import WorkflowRequest
from sensors.workflow_state import CannotChange, NothingToDo, changed

_READINGS = 5
"""How often one attempt reads a workflow that its controller changes meanwhile; then it backs off."""


@dataclass(frozen=True, slots=True)
class WorkflowAttempt:
    """What one attempt has at hand. Its methods raise what the port `Kube` raises."""

    kube: Kube
    request: WorkflowRequest
    attempt: AttemptContext
    clock: Clock
    store_key: bytes
    is_dry: bool = False
    target: Target = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", Target.of(self.request.value))

    async def make(self) -> tuple[Done | Failed, Target]:
        """Make a workflow; also which one."""
        made = await self._whole()
        if isinstance(made, Failed):
            return made, self.target
        target = Target.read(made)
        creation = Creation(self.kube, target, made, self.attempt, self.clock)
        return await (creation.dry_run() if self.is_dry else creation.run()), target

    async def change(self) -> Done | Failed:
        """Suspend, resume, stop or terminate."""
        for _ in range(_READINGS):
            outcome = await self._change_once()
            if outcome is not None:
                return outcome
        detail = f"{self.target.label} was changed by others {_READINGS} times while it was read"
        return failed("Conflict", detail, "409 Conflict", OnFailure.RETRY)

    async def _whole(self) -> bytes | Failed:
        request = self.request
        if request.is_whole:
            return await self._unless_template_is_missing(write_json(request.value))
        source = await look(self.kube, self.target, self.attempt.account)
        if source is None:
            return _missing(self.target)
        return request.made_of(source, self.attempt.effect_id, self.store_key)

    async def _unless_template_is_missing(self, made: bytes) -> bytes | Failed:
        """`argo` asks for the template first; else the workflow would be there and fail."""
        kind = self.request.template
        if not kind:
            return made
        name = self.request.value["spec"]["workflowTemplateRef"]["name"]
        metadata = {"name": name, "namespace": self.target.namespace}
        if kind == "ClusterWorkflowTemplate":
            del metadata["namespace"]
        template = Target.of({"apiVersion": API_VERSION, "kind": kind, "metadata": metadata})
        return (
            made if await look(self.kube, template, self.attempt.account) is not None else _missing(template)
        )

    async def _change_once(self) -> Done | Failed | None:
        """None: somebody was faster; read again."""
        live = await look(self.kube, self.target, self.attempt.account)
        if live is None:
            return _missing(self.target)
        if (live["metadata"].get("annotations") or {}).get(EFFECT_ID) == self.attempt.effect_id.hex():
            return self.target.done("not sent: the workflow has our effect id, it was done before", live)
        try:
            wanted = changed(
                self.request.operation, live, self.request.args, format_time(self.clock.now_us())
            )
        except NothingToDo as state:
            return self.target.done(f"not sent: {state}", live)
        except CannotChange as error:
            then = OnFailure.RETRY_BRIEFLY if error.may_come else OnFailure.GIVE_UP
            return failed("WorkflowUnfit", f"{self.target.label}: {error}", "not sent", then)
        try:
            answer = await self._send(live, wanted)
        except KubeError as error:
            if error.status == 409 or (error.status == 404 and not error.is_of_kind):
                return None
            raise
        return self.target.done("200 OK (dry run)" if self.is_dry else "200 OK", answer)

    async def _send(self, live: Object, wanted: Object) -> Object:
        """With the verb of `argo`, so that the rights that its users have given suffice."""
        marks: Object = {
            "metadata": {
                "annotations": self.request.value["metadata"]["annotations"],
                "resourceVersion": live["metadata"]["resourceVersion"],
            }
        }
        options: dict[str, Any] = {"dry_run": self.is_dry, "account": self.attempt.account}
        target = self.target
        place = (target.api_version, target.kind, target.namespace, target.name)
        if self.request.operation in {STOP, TERMINATE} and not self.request.args.node_field_selector:
            body = write_json({**marks, "spec": {"shutdown": wanted["spec"]["shutdown"]}})
            return await self.kube.patch(*place, body, content_type=MERGE_PATCH, **options)
        return await self.kube.update(*place, write_json(overlaid(wanted, marks)), **options)


def _missing(target: Target) -> Failed:
    detail = f"there is no {target.label}"
    return failed("TargetNotFound", detail, "404 NotFound", OnFailure.RETRY_BRIEFLY)
