"""k8s: creates, updates, patches, applies or deletes one Kubernetes object (spec-sensors 7.3; spec: effects 3).

What is asked is rendered once and stored; what it means for the object as it is (`liveObject`, a merge, a guard by
version) is worked out at each attempt. `kube_creation.py` and `kube_change.py` carry out one attempt each.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from sensors.json_patch import JsonPatchOperation
from sensors.kube_access import Writes, object_needs
from sensors.kube_answers import failure_of, no_cluster
from sensors.kube_change import Change
from sensors.kube_check import check_operation
from sensors.kube_creation import Creation
from sensors.kube_object import annotate, change_marks, creation_marks, identify, read_target
from sensors.kube_policy import look_at_end, outcome_by_policy, refuse_unusable
from sensors.kube_request import (
    APPLY,
    APPLY_PATCH,
    CREATE,
    DELETE,
    JSON_PATCH,
    MERGE_PATCH,
    PATCH,
    UPDATE,
    KubeRequest,
    Settled,
    applied_marks,
    field_manager,
    is_create,
)
from sensors.kube_target import Target
from sensors.parameters import apply_parameters, settle_parameters
from sensors.spec import Parameter, ParameterSource
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
)

_VERBS = {
    CREATE: ("get", "create"),
    UPDATE: ("get", "create", "update"),
    PATCH: ("get", "create", "patch"),
    # The API server asks for `create` where an apply makes the object.
    APPLY: ("get", "create", "patch"),
    DELETE: ("get", "delete"),
}
"""The rights that each operation needs."""


class K8s(Trigger):
    """Carries out `operation` with the object of `source` after `parameters`."""

    class Config(SpecModel):
        """The template's member `k8s`."""

        source: ArtifactLocation | None = None
        """Where the object comes from."""
        operation: str = ""
        """`create` (also when empty), `update`, `patch`, `delete`, or (ours) `apply`: server-side apply."""
        parameters: list[Parameter] = []
        """Values from events into the object."""
        patch_strategy: str = ""
        """Content type of the patch; a merge patch when empty. Only read by `patch`."""
        live_object: bool = False
        """Write the parameters into the object as it is in the cluster; only read by `update`."""
        json_patch: list[JsonPatchOperation] = []
        """Ours: the operations of a JSON patch; `source` then only names the object."""
        force: bool = False
        """Ours: an apply takes over fields that other managers own."""

    kind: ClassVar[str] = "k8s"
    peer: ClassVar[str] = KUBERNETES
    repeatable: ClassVar[bool] = True
    # A JSON patch is no exception, although its operations are: it is bound to the version of the object that was
    # read, and leaves the effect's id there (kube_merge.guarded_operations).
    fixed_members: ClassVar[tuple[str, ...]] = (
        "operation",
        "force",
        "patchStrategy",
        "source.s3",
        "source.inline",
        "source.file",
        "source.url",
        "source.git",
        "source.configmap",
    )

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path, part: str) -> list[Finding]:
        """Upstream's texts, what cannot be sent, and objects that live too short."""
        return check_operation(document, config, path, part) if isinstance(config, cls.Config) else []

    @classmethod
    def needs(cls, spec: bytes, namespace: str, *, written: Sequence[str] = ()) -> Needs:
        """The verbs of its operation on the kind of its object, and what fetching the object takes."""
        config = cls.Config.model_validate_json(spec)
        writes = Writes([parameter.dest for parameter in config.parameters], written)
        return object_needs(config.source, _VERBS.get(_operation(config), ()), namespace, writes)

    @classmethod
    def render(cls, spec: bytes, events: Mapping[str, Event], context: RenderContext) -> bytes:
        """The object with its identity; around it, what is done with it (`kube_request.py`)."""
        plan = _plan(spec)
        if plan.operation == CREATE:
            rendered = apply_parameters(plan.document, plan.parameters, events, _PARAMETERS)
            rendered = identify(rendered, plan.static_name, context)
        else:
            rendered = _change_request(plan, events, context).encode()
        if plan.operation != DELETE and context.policy is not None:
            refuse_unusable(context.policy, KubeRequest.decode(rendered).value)
        return rendered

    @classmethod
    def order(cls, rendered: bytes) -> tuple[bytes | None, OrderMode]:
        """Changes of one object in the order of the log; an apply takes the place of an older one."""
        return (None, OrderMode.NONE) if is_create(rendered) else KubeRequest.decode(rendered).order()

    @classmethod
    def has_order(cls, spec: bytes) -> bool:
        """All but a create."""
        return _operation(K8s.Config.model_validate_json(spec)) != CREATE

    @classmethod
    def preview(cls, rendered: bytes) -> Preview:
        """The object."""
        request = KubeRequest.decode(rendered)
        return Preview(
            object=request.shown(), operation="" if request.operation == CREATE else request.operation
        )

    async def fire(self, rendered: bytes, attempt: AttemptContext) -> Done | Failed | Begun:
        """Carry it out, or find out that it was done before."""
        kube = self.services.kube
        if kube is None:
            return no_cluster()
        request = KubeRequest.decode(rendered)
        try:
            made = await self._attempt(kube, request, rendered, attempt)
            if request.operation == DELETE or not isinstance(made, Done):
                return made
            return await outcome_by_policy(made, kube, Target.of(request.value), attempt, self.services)
        except _ERRORS as error:
            return failure_of(error, len(rendered), _VERBS[request.operation])
        except RenderFailed as error:
            # Parameters that do not fit the live object.
            return Failed(reason=error.reason, detail=error.detail, answer="not sent", then=OnFailure.GIVE_UP)

    async def look(
        self, rendered: bytes, attempt: AttemptContext, result: Mapping[str, Any]
    ) -> Done | Failed | Begun:
        """How it stands with the object."""
        kube = self.services.kube
        if kube is None:
            return no_cluster()
        target = Target.of(KubeRequest.decode(rendered).value)
        return await look_at_end(kube, target, attempt, result, self.services)

    async def dry_run(self, rendered: bytes, attempt: AttemptContext) -> Done | Failed:
        """The same requests with `dryRun=All`: the API server judges them, admission included, and stores nothing."""
        kube = self.services.kube
        if kube is None:
            return no_cluster()
        request = KubeRequest.decode(rendered)
        try:
            if request.operation == CREATE:
                creation = Creation(kube, Target.of(request.value), rendered, attempt, self.services.clock)
                return await creation.dry_run()
            return await Change(kube, request, attempt, is_dry=True).run()
        except _ERRORS as error:
            return failure_of(error, len(rendered), _VERBS[request.operation])
        except RenderFailed as error:
            return Failed(reason=error.reason, detail=error.detail, answer="not sent", then=OnFailure.GIVE_UP)

    async def _attempt(
        self, kube: Kube, request: KubeRequest, rendered: bytes, attempt: AttemptContext
    ) -> Done | Failed:
        if request.operation == CREATE:
            return await Creation(
                kube, Target.of(request.value), rendered, attempt, self.services.clock
            ).run()
        return await Change(kube, request, attempt).run()


_ERRORS = (KubeError, KubeNotSent, KubeInDoubt, KindUnknown)
_PARAMETERS = "k8s.parameters"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is the same for every event: read once for each text of the member."""

    operation: str
    config: K8s.Config
    document: bytes
    parameters: tuple[Parameter, ...]
    static_name: str


@functools.lru_cache(maxsize=1024)
def _plan(spec: bytes) -> _Plan:
    try:
        config = K8s.Config.model_validate_json(spec)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RenderFailed(f"k8s.{where} after trigger.parameters: {first['msg']}") from error
    operation = _operation(config)
    if operation not in _VERBS:
        raise RenderFailed(f"unknown operation type {operation[:64]}")
    source = _members(config.source) if config.source else {}
    metadata = fetch_local(source).get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return _Plan(
        operation=operation,
        config=config,
        document=fetch_local_json(source),
        parameters=tuple(config.parameters),
        static_name=name if isinstance(name, str) else "",
    )


def _operation(config: K8s.Config) -> str:
    # The strategy says what it is: the two are one.
    if config.operation == PATCH and config.patch_strategy == APPLY_PATCH:
        return APPLY
    return config.operation or CREATE


def _change_request(plan: _Plan, events: Mapping[str, Event], context: RenderContext) -> KubeRequest:
    config = plan.config
    settled = None
    rendered = plan.document
    if plan.operation == UPDATE and config.live_object:
        settled = tuple(
            Settled(parameter.dest, parameter.operation, value.text, value.kind.value, _is_raw(parameter))
            for parameter, value in settle_parameters(plan.parameters, events, _PARAMETERS)
        )
    else:
        rendered = apply_parameters(rendered, plan.parameters, events, _PARAMETERS)
    target = read_target(rendered, plan.static_name, context, is_new=False)
    if not target["metadata"].get("name"):
        text = "resource name must be specified for fetching live object" if settled is not None else ""
        what = text or f"operation `{plan.operation}` needs metadata.name: it says which object"
        raise RenderFailed(what, reason="InvalidName")
    if plan.operation == APPLY:
        manager = field_manager(context.namespace, context.sensor, context.trigger)
        annotate(target, applied_marks(manager, context.effect_id))
        return KubeRequest(operation=APPLY, value=target, manager=manager, force=config.force)
    labels, annotations = creation_marks(target, context)
    annotate(target, change_marks(context))
    return KubeRequest(
        operation=plan.operation,
        value=target,
        labels=labels,
        annotations=annotations,
        strategy=(config.patch_strategy or MERGE_PATCH) if plan.operation == PATCH else "",
        operations=[each.as_sent() for each in config.json_patch]
        if config.patch_strategy == JSON_PATCH
        else (),
        settled=settled,
    )


def _is_raw(parameter: Parameter) -> bool:
    return (parameter.src or ParameterSource()).use_raw_data


def _members(source: ArtifactLocation) -> dict[str, Any]:
    return source.model_dump(by_alias=True, exclude_none=True)
