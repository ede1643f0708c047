"""One attempt at changing an object: update, patch, apply, delete (spec-sensors 7.3; spec: effects 3.2, 3.3).

A change leaves its effect's id on the object in the same request, so that a repeat sees that it was done. Whoever
meets another version than it has read reads again, a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from events.clock import US_PER_S, parse_time
from events.ports import Kube, KubeError, Object
from sensors.kube_answers import apply_conflict, failed, patch_refused
from sensors.kube_json import write_json
from sensors.kube_look import look
from sensors.kube_merge import guarded_operations, overlaid, with_parameters
from sensors.kube_object import EFFECT_ID
from sensors.kube_request import APPLY, APPLY_PATCH, DELETE, JSON_PATCH, PATCH, UPDATE, KubeRequest
from sensors.kube_target import Target
from sensors.trigger import AttemptContext, Done, Failed, OnFailure

_READINGS = 5
"""How often one attempt reads an object that others change meanwhile; then it backs off."""
_DOUBT_MARGIN_US = 60 * US_PER_S
"""A request that was sent lives no longer, and no clock is that wrong: what is younger was made after it."""

_Outcome = Done | Failed | None
"""None: somebody was faster; read again."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one attempt has at hand."""

    kube: Kube
    request: KubeRequest
    attempt: AttemptContext
    is_dry: bool = False
    target: Target = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", Target.of(self.request.value))

    async def run(self) -> Done | Failed:
        """Raises what the port `Kube` raises; RenderFailed: parameters do not fit the live object."""
        once = self._ways()[self.request.operation]
        for _ in range(_READINGS):
            outcome = await once()
            if outcome is not None:
                return outcome
        detail = f"{self.target.label} was changed by others {_READINGS} times while it was read"
        return failed("Conflict", detail, "409 Conflict", OnFailure.RETRY)

    def _ways(self) -> dict[str, Callable[[], Coroutine[Any, Any, _Outcome]]]:
        patch = self._json_patch if self.request.strategy == JSON_PATCH else self._patch
        return {UPDATE: self._update, PATCH: patch, APPLY: self._apply, DELETE: self._delete}

    # The four operations, once each

    async def _update(self) -> _Outcome:
        live = await self._look()
        if live is None:
            return await self._create_instead()
        if self._was_done(live):
            return self._done_before(live)
        value = self.request.value
        if self.request.settled is not None:
            changed = with_parameters(live, self.request.settled, "k8s.parameters")
            value = overlaid(changed, {"metadata": {"annotations": value["metadata"]["annotations"]}})
        else:
            value = overlaid(live, value)
        # The PUT is refused where the object is not the one that was read.
        value["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        updated = await self._unless_changed(
            self.kube.update(*self._address, write_json(value), **self._options)
        )
        return None if updated is None else self._done("200 OK", updated)

    async def _patch(self) -> _Outcome:
        live = await self._look()
        if live is None:
            return await self._create_instead()
        if self._was_done(live):
            return self._done_before(live)
        patched = await self._unless_changed(
            self.kube.patch(
                *self._address,
                self._guarded(live),
                content_type=self.request.strategy,
                **self._options,
            )
        )
        return None if patched is None else self._done("200 OK", patched)

    async def _json_patch(self) -> _Outcome:
        live = await self._look()
        if live is None:
            return self._nothing_to_change("a JSON patch creates nothing")
        if self._was_done(live):
            return self._done_before(live)
        annotations = self.request.value["metadata"]["annotations"]
        body = write_json(guarded_operations(live, self.request.operations, annotations))
        try:
            patched = await self._unless_changed(
                self.kube.patch(*self._address, body, content_type=JSON_PATCH, **self._options)
            )
        except KubeError as error:
            if error.status != 422:
                raise
            # The guard has failed, or an operation: the version says which.
            now = await self._look()
            if now is None or now["metadata"]["resourceVersion"] != live["metadata"]["resourceVersion"]:
                return None
            return patch_refused(error, self.request.operations)
        return None if patched is None else self._done("200 OK", patched)

    async def _apply(self) -> _Outcome:
        request = self.request
        live = await self._look()
        try:
            applied = await self.kube.patch(
                *self._address,
                write_json(request.value) if live is None else self._guarded(live),
                content_type=APPLY_PATCH,
                field_manager=request.manager,
                force=request.force,
                **self._options,
            )
        except KubeError as error:
            if (conflict := apply_conflict(error)) is not None:
                return conflict
            if error.status == 409:
                return None
            raise
        return self._done("200 OK, applied", applied)

    async def _delete(self) -> _Outcome:
        live = await self._look()
        if live is None:
            return Done(answer="404 NotFound: it is gone", result={"object": self.target.label})
        uid = live["metadata"]["uid"]
        if self._is_another_than_meant(live):
            what = "the one that was to be deleted is gone; this one was made later"
            return Done(answer=f"not sent: {what}", result={"object": self.target.label, "uid": uid})
        try:
            await self.kube.delete(*self._address, uid=uid, **self._options)
        except KubeError as error:
            # Gone, or another object of the name: the one that was seen is no more.
            if error.status not in {404, 409}:
                raise
        return self._done("200 OK, deleted", live)

    # What they share

    async def _create_instead(self) -> _Outcome:
        """As upstream, where there is nothing to change; with the marks of an object that is ours."""
        request = self.request
        if request.settled is not None:
            return self._nothing_to_change("`liveObject` starts from the object as it is")
        marks = {"labels": dict(request.labels), "annotations": dict(request.annotations)}
        body = write_json(overlaid(request.value, {"metadata": marks}))
        target = self.target
        place = (target.api_version, target.kind, target.namespace)
        try:
            created = await self.kube.create(*place, body, **self._options)
        except KubeError as error:
            if error.status == 409 and error.reason == "AlreadyExists":
                return None
            raise
        return self._done("201 Created: there was none", created)

    def _guarded(self, live: Object) -> bytes:
        """The object as a patch of this version of it: a request that arrives late undoes nothing newer."""
        version = {"metadata": {"resourceVersion": live["metadata"]["resourceVersion"]}}
        return write_json(overlaid(self.request.value, version))

    async def _unless_changed(self, sending: Coroutine[Any, Any, Object]) -> Object | None:
        """The answer; None where the object was changed or removed since it was read."""
        try:
            return await sending
        except KubeError as error:
            is_object_gone = error.status == 404 and not (error.is_of_kind or _is_namespace_gone(error))
            if error.status == 409 or is_object_gone:
                return None
            raise

    async def _look(self) -> Object | None:
        return await look(self.kube, self.target, self.attempt.account)

    def _was_done(self, live: Object) -> bool:
        annotations = live["metadata"].get("annotations") or {}
        return bool(annotations.get(EFFECT_ID) == self.attempt.effect_id.hex())

    def _done_before(self, live: Object) -> Done:
        return self.target.done("not sent: the object has our effect id, it was done before", live)

    def _is_another_than_meant(self, live: Object) -> bool:
        """Whether an earlier attempt may have deleted the object, and this one came after it."""
        made_us = parse_time(str(live["metadata"].get("creationTimestamp", "")))
        if not self.attempt.was_in_doubt or made_us is None:
            return False
        return made_us > self.attempt.first_intent_us + _DOUBT_MARGIN_US

    def _done(self, answer: str, live: Object) -> Done:
        return self.target.done(f"{answer} (dry run)" if self.is_dry else answer, live)

    def _nothing_to_change(self, why: str) -> Failed:
        detail = f"there is no {self.target.label}: {why}"
        return failed("TargetNotFound", detail, "404 NotFound", OnFailure.RETRY_BRIEFLY)

    @property
    def _address(self) -> tuple[str, str, str | None, str]:
        target = self.target
        return target.api_version, target.kind, target.namespace, target.name

    @property
    def _options(self) -> dict[str, Any]:
        return {"dry_run": self.is_dry, "account": self.attempt.account}


def _is_namespace_gone(error: KubeError) -> bool:
    return error.message.startswith("namespaces ")
