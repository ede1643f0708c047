"""k8s: creates one Kubernetes object (spec-sensors 7.3; spec: effects 3.1).

The name comes from the effect, so the create itself is the test whether it was done before: a repeated one is
answered "already exists", and the object's annotations say whose it is. `update`, `patch` and `delete` are
refused when the Sensor is compiled: this build does not carry them out yet.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
import pydantic

from events.clock import US_PER_S
from events.errors import Finding
from events.event import Event
from events.model import SpecModel
from events.ports import KindUnknown, Kube, KubeError, KubeInDoubt, KubeNotSent, Object
from events.resource import Path, ResourceDocument
from sensors.artifact import fetch_local, fetch_local_json
from sensors.artifact_spec import ArtifactLocation
from sensors.kube_answers import answer_text, failed, failure_of
from sensors.kube_check import check_create, ignored_fields
from sensors.kube_object import identify, lifetime_s
from sensors.kube_target import Target
from sensors.label_policy import LabelWait
from sensors.parameters import apply_parameters
from sensors.spec import Parameter
from sensors.trigger import (
    AttemptContext,
    Done,
    Failed,
    OnFailure,
    Preview,
    RenderContext,
    RenderFailed,
    Trigger,
)

_SAFE_DOUBT_S = 60.0
"""The create is repeated without a look only this long after the first intent: a late request lives no longer."""


class K8s(Trigger):
    """Creates the object of `source` after `parameters`."""

    class Config(SpecModel):
        """The template's member `k8s`."""

        source: ArtifactLocation | None = None
        """Where the object comes from."""
        operation: str = ""
        """`create` (also when empty); `update`, `patch` and `delete` are not carried out yet."""
        parameters: list[Parameter] = []
        """Values from events into the object."""
        patch_strategy: str = ""
        """Content type of the patch; only read by `patch`."""
        live_object: bool = False
        """Start from the object as it is in the cluster; only read by `update`."""

    kind: ClassVar[str] = "k8s"
    repeatable: ClassVar[bool] = True
    fixed_members: ClassVar[tuple[str, ...]] = (
        "operation",
        "source.s3",
        "source.inline",
        "source.file",
        "source.url",
        "source.git",
        "source.configmap",
    )

    @classmethod
    def check(cls, document: ResourceDocument, config: SpecModel, path: Path, part: str) -> list[Finding]:
        """Upstream's texts, operations that are not carried out yet, and objects that live too short."""
        if not isinstance(config, cls.Config):
            return []
        findings = check_create(document, config.source, config.operation, config.parameters, path, part)
        return findings + ignored_fields(
            document,
            {"patchStrategy": config.patch_strategy, "liveObject": config.live_object},
            config.operation,
            path,
            part,
        )

    @classmethod
    def render(cls, spec: bytes, events: Mapping[str, Event], context: RenderContext) -> bytes:
        """The object as JSON, with its identity: exactly what is POSTed."""
        plan = _plan(spec)
        rendered = apply_parameters(plan.document, plan.parameters, events, "k8s.parameters")
        return identify(rendered, plan.static_name, context)

    @classmethod
    def preview(cls, rendered: bytes) -> Preview:
        """The object."""
        return Preview(object=orjson.loads(rendered))

    async def fire(self, rendered: bytes, attempt: AttemptContext) -> Done | Failed:
        """Create the object, or find out that it is there and whose it is."""
        kube = self.services.kube
        if kube is None:
            return Failed(
                reason="NoCluster",
                detail="no cluster to create it in: give --context, --kubeconfig or --in-cluster",
                answer="not sent",
                then=OnFailure.RETRY_BRIEFLY,
            )
        target = Target.read(rendered)
        try:
            made = await self._attempt(kube, target, rendered, attempt)
            wait = LabelWait.of(attempt.policy)
            if wait is None or not isinstance(made, Done):
                return made
            get = functools.partial(self._get, kube, target, attempt.account)
            return await wait.judge(made, get, self.services.clock, self.services.chance)
        except (KubeError, KubeNotSent, KubeInDoubt, KindUnknown) as error:
            return failure_of(error, len(rendered))

    async def _attempt(
        self, kube: Kube, target: Target, rendered: bytes, attempt: AttemptContext
    ) -> Done | Failed:
        possible_duplicate = False
        if attempt.was_in_doubt:
            found = await self._look_before_repeating(kube, target, attempt)
            if not isinstance(found, bool):
                return found
            possible_duplicate = found
        return await self._create(kube, target, rendered, attempt, possible_duplicate=possible_duplicate)

    async def _create(
        self,
        kube: Kube,
        target: Target,
        rendered: bytes,
        attempt: AttemptContext,
        *,
        possible_duplicate: bool,
    ) -> Done | Failed:
        try:
            created = await kube.create(
                target.api_version, target.kind, target.namespace, rendered, account=attempt.account
            )
        except KubeError as error:
            # "object is being deleted" has the same reason: only its text differs.
            if error.status == 409 and error.reason == "AlreadyExists" and target.name:
                return await self._judge_existing(kube, target, error, attempt)
            raise
        return target.done("201 Created", created, possible_duplicate=possible_duplicate)

    async def _judge_existing(
        self, kube: Kube, target: Target, error: KubeError, attempt: AttemptContext
    ) -> Done | Failed:
        live = await self._get(kube, target, attempt.account)
        if live is None:
            detail = f"{target.label} existed and is gone again"
            return failed("Conflict", detail, answer_text(error), OnFailure.RETRY)
        return target.judge(live)

    async def _look_before_repeating(
        self, kube: Kube, target: Target, attempt: AttemptContext
    ) -> Done | Failed | bool:
        """What an old doubt asks for first: an outcome, or whether repeating the create may make a second object.

        The name protects only while the object exists: one that was created, has ended and was removed by its
        TTL meanwhile would be created again.
        """
        doubt_s = (self.services.clock.now_us() - attempt.first_intent_us) / US_PER_S
        if doubt_s <= _SAFE_DOUBT_S or not target.name:
            return False
        lifetime = await self._lifetime_s(kube, target, attempt.account)
        if lifetime is None or lifetime >= doubt_s:
            return False
        live = await self._get(kube, target, attempt.account)
        if live is not None:
            return target.judge(live)
        if attempt.at_least_once:
            return True
        return Failed(
            reason="InDoubt",
            detail=f"{target.label} may have been created {doubt_s:.0f} s ago and removed by its TTL of "
            f"{lifetime:.0f} s; `atLeastOnce: true` creates it again in such a case",
            answer="not sent: it may have been created before",
            then=OnFailure.GIVE_UP,
            in_doubt=True,
        )

    async def _lifetime_s(self, kube: Kube, target: Target, account: str | None) -> float | None:
        own = lifetime_s(target.value)
        reference = target.template_reference()
        if own is not None or reference is None:
            return own
        kind, namespace, name = reference
        try:
            return lifetime_s(await kube.get(target.api_version, kind, namespace, name, account=account))
        except (KubeError, KindUnknown):
            # Nobody can tell how long the object lives: the shortest time is the safe one.
            return 0.0

    async def _get(self, kube: Kube, target: Target, account: str | None) -> Object | None:
        try:
            return await kube.get(
                target.api_version, target.kind, target.namespace, target.name, account=account
            )
        except KubeInDoubt as error:
            raise KubeNotSent(f"looking at {target.label}: {error}") from error
        except KubeError as error:
            if error.status == 404:
                return None
            raise


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is the same for every event: read once for each text of the member."""

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
    if config.operation not in ("", "create"):
        raise RenderFailed(f"operation {config.operation} is not carried out by this version yet")
    source = _members(config.source) if config.source else {}
    metadata = fetch_local(source).get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return _Plan(
        document=fetch_local_json(source),
        parameters=tuple(config.parameters),
        static_name=name if isinstance(name, str) else "",
    )


def _members(source: ArtifactLocation) -> dict[str, Any]:
    return source.model_dump(by_alias=True, exclude_none=True)
