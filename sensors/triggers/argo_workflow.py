"""argoWorkflow: does to a Workflow what the `argo` command does, through the Kubernetes API (spec-sensors 7.4).

spec: effects, section 4. What each operation changes is in `workflow_object.py` and `workflow_state.py`; only `retry`
needs argo's own server (`workflow_server.py`).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pydantic

from events.bus import OrderMode
from events.errors import Finding
from events.event import Event
from events.model import SpecModel
from events.ports import KindUnknown, Kube, KubeError, KubeInDoubt, KubeNotSent
from events.resource import Path, ResourceDocument
from sensors.access import Needs
from sensors.artifact import fetch_local, fetch_local_json
from sensors.artifact_spec import ArtifactLocation
from sensors.kube_access import Writes
from sensors.kube_answers import failed, failure_of, no_cluster
from sensors.kube_look import look
from sensors.kube_object import read_target
from sensors.kube_policy import look_at_end, outcome_by_policy
from sensors.kube_target import Target
from sensors.parameters import apply_parameters
from sensors.spec import Parameter
from sensors.trigger import (
    KUBERNETES,
    AttemptContext,
    Begun,
    Done,
    Failed,
    OnFailure,
    Preview,
    RenderContext,
    RenderFailed,
    Trigger,
    TriggerServices,
)
from sensors.workflow_access import server_needs, workflow_needs
from sensors.workflow_args import (
    OPERATIONS,
    RESUBMIT,
    RESUME,
    RETRY,
    STOP,
    SUBMIT,
    SUBMIT_FROM,
    TERMINATE,
    BadArgument,
    WorkflowArgs,
    parse_args,
)
from sensors.workflow_attempt import WorkflowAttempt
from sensors.workflow_check import check_workflow
from sensors.workflow_object import API_VERSION, WORKFLOW
from sensors.workflow_request import WorkflowRequest, workflow_request
from sensors.workflow_server import ArgoServer, ServerCalls
from sensors.workflow_state import has_ended, phase_of

_ERRORS = (KubeError, KubeNotSent, KubeInDoubt, KindUnknown)


class ArgoWorkflow(Trigger):
    """Carries out `operation` with the object of `source` after `parameters`."""

    class Config(SpecModel):
        """The template's member `argoWorkflow`."""

        source: ArtifactLocation | None = None
        """Where the workflow, the template or the name of a workflow comes from."""
        operation: str = ""
        """`submit` (also when empty), `submit-from`, `resubmit`, `resume`, `retry`, `suspend`, `terminate`, `stop`."""
        parameters: list[Parameter] = []
        """Values from events into the object."""
        args: list[str] = []
        """Flags of the `argo` command: `[-p, message=hello, --serviceaccount, builder]`."""
        argo_server: ArgoServer | None = None
        """Ours: argo's server, which `retry` needs."""

    kind: ClassVar[str] = "argoWorkflow"
    peer: ClassVar[str] = KUBERNETES
    repeatable: ClassVar[bool] = True
    fixed_members: ClassVar[tuple[str, ...]] = (
        "operation",
        "argoServer",
        "source.s3",
        "source.inline",
        "source.file",
        "source.url",
        "source.git",
        "source.configmap",
    )

    def __init__(self, services: TriggerServices) -> None:
        super().__init__(services)
        self._servers = ServerCalls(services)

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path, part: str) -> list[Finding]:
        """Upstream's texts, flags that are not understood, and what cannot be carried out."""
        return check_workflow(document, config, path, part) if isinstance(config, cls.Config) else []

    @classmethod
    def needs(cls, spec: bytes, namespace: str, *, written: Sequence[str] = ()) -> Needs:
        """The verbs of its operation on workflows, and what fetching its object and asking argo's server take."""
        config = cls.Config.model_validate_json(spec)
        operation = config.operation or SUBMIT
        writes = Writes([parameter.dest for parameter in config.parameters], written)
        args = parse_args(operation, config.args)
        needs = workflow_needs(config.source, operation, args, namespace, writes)
        return needs + server_needs(config.argo_server if operation == RETRY else None, namespace)

    @classmethod
    def render(cls, spec: bytes, events: Mapping[str, Event], context: RenderContext) -> bytes:
        """The workflow that is made, or the name of the one that is changed (`workflow_request.py`)."""
        plan = _plan(spec)
        rendered = apply_parameters(plan.document, plan.parameters, events, "argoWorkflow.parameters")
        # What is made gets its name later, with its flags.
        source = read_target(rendered, plan.static_name, context, is_new=False)
        return workflow_request(plan.operation, source, plan.args, context, plan.server).encode()

    @classmethod
    def order(cls, rendered: bytes) -> tuple[bytes | None, OrderMode]:
        """Changes of one workflow in the order of the log."""
        return WorkflowRequest.decode(rendered).order()

    @classmethod
    def has_order(cls, spec: bytes) -> bool:
        """What changes a workflow."""
        config = ArgoWorkflow.Config.model_validate_json(spec)
        return config.operation not in {"", SUBMIT, SUBMIT_FROM, RESUBMIT}

    @classmethod
    def may_repeat(cls, rendered: bytes) -> bool:
        """All but `retry`: argo's server cannot mark the workflow with our effect."""
        return not rendered or WorkflowRequest.decode(rendered).operation != RETRY

    @classmethod
    def preview(cls, rendered: bytes) -> Preview:
        """The workflow that is made, or the name of the one that is changed."""
        request = WorkflowRequest.decode(rendered)
        return Preview(object=request.value, operation="" if request.is_whole else request.operation)

    async def fire(self, rendered: bytes, attempt: AttemptContext) -> Done | Failed | Begun:
        """Carry it out, or find out that it was done before."""
        kube = self.services.kube
        if kube is None:
            return no_cluster()
        request = WorkflowRequest.decode(rendered)
        try:
            made, target = await self._attempt(kube, request, attempt)
            if not isinstance(made, Done):
                return made
            attempt = attempt if _runs_on(request) else _without_end(attempt)
            is_asked = request.args.waits
            return await outcome_by_policy(made, kube, target, attempt, self.services, is_asked=is_asked)
        except _ERRORS as error:
            return failure_of(error, len(rendered), _verbs(request))

    async def look(
        self, rendered: bytes, attempt: AttemptContext, result: Mapping[str, Any]
    ) -> Done | Failed | Begun:
        """How it stands with the workflow."""
        kube = self.services.kube
        if kube is None:
            return no_cluster()
        request = WorkflowRequest.decode(rendered)
        target = _named(request, str(result.get("object", "")).rpartition("/")[2])
        waits = request.args.waits
        return await look_at_end(kube, target, attempt, result, self.services, is_asked=waits)

    async def dry_run(self, rendered: bytes, attempt: AttemptContext) -> Done | Failed | None:
        """The same requests with `dryRun=All`; argo's server has no such thing for a retry."""
        kube = self.services.kube
        if kube is None:
            return no_cluster()
        request = WorkflowRequest.decode(rendered)
        if request.operation == RETRY:
            return None
        doing = self._doing(kube, request, attempt, is_dry=True)
        try:
            return (await doing.make())[0] if request.makes else await doing.change()
        except _ERRORS as error:
            return failure_of(error, len(rendered), _verbs(request))

    async def close(self) -> None:
        """Close the connections to argo's servers."""
        await self._servers.close()

    def _doing(
        self, kube: Kube, request: WorkflowRequest, attempt: AttemptContext, *, is_dry: bool = False
    ) -> WorkflowAttempt:
        services = self.services
        return WorkflowAttempt(kube, request, attempt, services.clock, services.store_key, is_dry)

    async def _attempt(
        self, kube: Kube, request: WorkflowRequest, attempt: AttemptContext
    ) -> tuple[Done | Failed, Target]:
        """How it went, and the workflow that it was about."""
        doing = self._doing(kube, request, attempt)
        if request.makes:
            return await doing.make()
        if request.operation == RETRY:
            return await self._retry(kube, request, doing.target, attempt), doing.target
        return await doing.change(), doing.target

    async def _retry(
        self, kube: Kube, request: WorkflowRequest, target: Target, attempt: AttemptContext
    ) -> Done | Failed:
        live = await look(kube, target, attempt.account)
        if live is None:
            detail = f"there is no {target.label}"
            return failed("TargetNotFound", detail, "404 NotFound", OnFailure.RETRY_BRIEFLY)
        phase, args = phase_of(live), request.args
        if not has_ended(live):
            return target.done(f"not sent: it runs already ({phase or 'it has not begun yet'})", live)
        if phase == "Succeeded" and not (args.restarts_successful and args.node_field_selector):
            what = "it has succeeded: only --restart-successful with --node-field-selector retries it"
            return failed("WorkflowUnfit", f"{target.label}: {what}", "not sent", OnFailure.GIVE_UP)
        server = ArgoServer.model_validate(request.server or {})
        answer = await self._servers.retry(server, target, args, attempt)
        return target.done(answer.answer, live) if isinstance(answer, Done) else answer


def _runs_on(request: WorkflowRequest) -> bool:
    """Whether the workflow has its end before it, good or bad; who stops one wants no success of it."""
    return request.makes or request.operation in {RESUME, RETRY}


def _without_end(attempt: AttemptContext) -> AttemptContext:
    policy = dict(attempt.policy or {})
    labels = {name: value for name, value in (policy.get("k8s") or {}).items() if name != "until"}
    return replace(attempt, policy={**policy, "k8s": labels} if labels else None)


def _named(request: WorkflowRequest, name: str) -> Target:
    metadata = {"name": name, "namespace": request.value["metadata"]["namespace"]}
    return Target.of({"apiVersion": API_VERSION, "kind": WORKFLOW, "metadata": metadata})


def _verbs(request: WorkflowRequest) -> tuple[str, ...]:
    """The rights that the operation needs."""
    if request.makes:
        return ("get", "create")
    if request.operation in {STOP, TERMINATE} and not request.args.node_field_selector:
        return ("get", "patch")
    return ("get",) if request.operation == RETRY else ("get", "update")


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is the same for every event: read once for each text of the member."""

    operation: str
    args: WorkflowArgs
    document: bytes
    parameters: tuple[Parameter, ...]
    static_name: str
    server: Mapping[str, Any] | None


@functools.lru_cache(maxsize=1024)
def _plan(spec: bytes) -> _Plan:
    try:
        config = ArgoWorkflow.Config.model_validate_json(spec)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RenderFailed(f"argoWorkflow.{where} after trigger.parameters: {first['msg']}") from error
    operation = config.operation or SUBMIT
    if operation not in OPERATIONS:
        raise RenderFailed(f"unknown operation type {operation[:64]}")
    try:
        args = parse_args(operation, config.args)
    except BadArgument as error:
        raise RenderFailed(f"argoWorkflow.{error}") from error
    if operation == RETRY and config.argo_server is None:
        raise RenderFailed("operation `retry` needs argoWorkflow.argoServer")
    source = {} if config.source is None else config.source.model_dump(by_alias=True, exclude_none=True)
    metadata = fetch_local(source).get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    server = config.argo_server
    return _Plan(
        operation=operation,
        args=args,
        document=fetch_local_json(source),
        parameters=tuple(config.parameters),
        static_name=name if isinstance(name, str) else "",
        server=None if server is None else server.model_dump(by_alias=True, exclude_none=True),
    )
