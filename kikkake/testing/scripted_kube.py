"""A twin of a Kubernetes API server: it answers from the objects of a case, and from a script to what changes them."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable, Iterator
from http import HTTPStatus
from typing import Any

import orjson

from events.ports import KubeError, KubeInDoubt, KubeNotSent, Object, Objects
from kikkake.testing.cluster import Address, Cluster, address_of
from kikkake.testing.patches import PatchRefused, json_patch, merge_patch, strategic_patch
from kikkake.testing.sensor_document import Answer
from kikkake.testing.times import duration_us

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "AlreadyExists",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}
"""`Status.reason` where the script gives none."""

_JSON_PATCH = "application/json-patch+json"
_MERGE_PATCH = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"
_APPLY = "application/apply-patch+yaml"
_BUILT_IN = frozenset({"", "apps", "autoscaling", "batch", "policy"})
"""Groups of built-in kinds, besides those of k8s.io: only these have merge keys."""
_MANAGER = "kikkake"
"""The field manager of every change that names none: the program's, as the real server takes it from the User-Agent."""


class ScriptedKube:
    """The port `Kube` as one trigger meets it: changes take the next answer of its script."""

    def __init__(self, cluster: Cluster, script: Iterator[Answer]) -> None:
        self._cluster = cluster
        self._script = script

    async def get(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        name: str,
        *,
        account: str | None = None,  # noqa: ARG002 - the port's
    ) -> Object:
        return copy.deepcopy(self._existing((api_version, kind, namespace, name)))

    async def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        *,
        labels: str = "",
        account: str | None = None,  # noqa: ARG002 - the port's
    ) -> list[Object]:
        wanted = [tuple(pair.split("=", 1)) for pair in labels.split(",") if "=" in pair]
        found = self._cluster.of_kind(api_version, kind, namespace)
        return [copy.deepcopy(value) for value in found if _has_labels(value, wanted)]

    async def create(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        body: bytes,
        *,
        dry_run: bool = False,
        account: str | None = None,  # noqa: ARG002 - the port's
    ) -> Object:
        value = orjson.loads(body)
        name = value.get("metadata", {}).get("name", "")

        def create() -> Object:
            if self._cluster.find((api_version, kind, namespace, name)) is not None:
                raise _error(409, f'{kind} "{name}" already exists')
            made = self._cluster.put(value)
            self._cluster.managers(address_of(made)).note(_MANAGER, {}, made)
            return made

        return self._change(create, is_dry=dry_run)

    async def update(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        name: str,
        body: bytes,
        *,
        dry_run: bool = False,
        account: str | None = None,  # noqa: ARG002 - the port's
    ) -> Object:
        value = orjson.loads(body)

        def update() -> Object:
            live = self._existing((api_version, kind, namespace, name))
            _refuse_older(live, value)
            value["metadata"]["uid"] = live["metadata"]["uid"]
            return self._put(live, merge_patch({}, value))

        return self._change(update, is_dry=dry_run)

    async def patch(  # noqa: PLR0913 - what the API has
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        name: str,
        body: bytes,
        *,
        content_type: str,
        field_manager: str = "",
        force: bool = False,
        dry_run: bool = False,
        account: str | None = None,  # noqa: ARG002 - the port's
    ) -> Object:
        address = (api_version, kind, namespace, name)
        value = orjson.loads(body)

        def patch() -> Object:
            if content_type == _APPLY:
                return self._apply(address, value, field_manager, is_forced=force)
            live = self._existing(address)
            _refuse_older(live, value)
            return self._put(live, _patched(live, value, content_type))

        return self._change(patch, is_dry=dry_run)

    async def patch_status(
        self, api_version: str, kind: str, namespace: str | None, name: str, body: bytes
    ) -> Object:
        return await self.patch(api_version, kind, namespace, name, body, content_type=_MERGE_PATCH)

    async def snapshot(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        *,
        labels: str = "",
        fields: str = "",
        account: str | None = None,
    ) -> tuple[Objects, str]:
        found = await self.list(api_version, kind, namespace, labels=labels, account=account)
        if fields:
            name = fields.removeprefix("metadata.name=")
            found = [value for value in found if value["metadata"].get("name") == name]
        versions = (int(value["metadata"]["resourceVersion"]) for value in found)
        return found, str(max(versions, default=0))

    async def delete(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        dry_run: bool = False,
        account: str | None = None,  # noqa: ARG002 - the port's
    ) -> None:
        address = (api_version, kind, namespace, name)

        def delete() -> Object:
            existing = self._existing(address)
            if uid is not None and existing["metadata"]["uid"] != uid:
                raise KubeError(409, "Conflict", f"the UID in the precondition ({uid}) does not match")
            self._cluster.remove(address)
            return {}

        self._change(delete, is_dry=dry_run)

    async def watch(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        *,
        resource_version: str,
        fields: str = "",  # noqa: ARG002 - the port's
        account: str | None = None,  # noqa: ARG002 - the port's
    ) -> AsyncIterator[tuple[str, Object]]:
        """The objects that are newer, then the end: in a case nothing changes while somebody watches."""
        for value in self._cluster.of_kind(api_version, kind, namespace):
            if int(value["metadata"]["resourceVersion"]) > int(resource_version or 0):
                yield "ADDED", copy.deepcopy(value)

    async def is_namespaced(self, api_version: str, kind: str) -> bool:
        """By the objects that the case has; without one of the kind, yes."""
        found = self._cluster.of_kind(api_version, kind, None)
        return all("namespace" in value["metadata"] for value in found)

    def _existing(self, address: Address) -> Object:
        found = self._cluster.find(address)
        if found is None:
            raise _error(404, f'{address[1]} "{address[3]}" not found')
        return found

    def _put(self, live: Object, value: Object) -> Object:
        """A change by any verb but apply; whoever changes a field owns it."""
        before = copy.deepcopy(live)
        changed = self._cluster.put(value)
        self._cluster.managers(address_of(changed)).note(_MANAGER, before, changed)
        return changed

    def _apply(self, address: Address, value: Object, manager: str, *, is_forced: bool) -> Object:
        if not manager:
            raise _error(400, "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value")
        live = self._cluster.find(address)
        is_new = live is None
        _refuse_older(live or {}, value)
        given = live or {"apiVersion": address[0], "kind": address[1], "metadata": {}}
        managers = self._cluster.managers(address_of(given if not is_new else value))
        return self._cluster.put(managers.apply(manager, given, value, is_forced=is_forced))

    def _change(self, change: Callable[[], Object], *, is_dry: bool) -> Object:
        if is_dry:
            return self._cluster.tried(change)
        answer = next(self._script, Answer())
        if answer.refused:
            raise KubeNotSent("the API server cannot be reached: Connection refused")
        if answer.status is not None and answer.status >= 300:
            raise _scripted_error(answer)
        value: Object = change() if answer.lost != "request" else {}
        if answer.lost:
            raise KubeInDoubt("no answer from the API server in time")
        return copy.deepcopy(self._changed_by_others(value, answer))

    def _changed_by_others(self, value: Object, answer: Answer) -> Object:
        """What `body` says of the object is so from then on, or after some time: defaults, a status, a label."""
        if not isinstance(answer.body, dict) or not value:
            return value
        if not answer.after:
            return self._cluster.put(merge_patch(value, answer.body))
        self._cluster.change_later(address_of(value), answer.body, duration_us(answer.after) or 0)
        return value


def _patched(live: Object, patch: Any, content_type: str) -> Object:
    merge: dict[str, Callable[[Any, Any], Any]] = {_MERGE_PATCH: merge_patch, _JSON_PATCH: json_patch}
    if _has_merge_keys(str(live.get("apiVersion"))):
        merge[_STRATEGIC] = strategic_patch
    if content_type not in merge:
        known = ", ".join([*sorted(merge), _APPLY])
        raise _error(
            415, f"the body of the request was in an unknown format - accepted media types include: {known}"
        )
    try:
        patched: Object = merge[content_type](live, patch)
    except PatchRefused as refused:
        # The real one does not say more either.
        raise _error(422, "the server rejected our request due to an error in our request") from refused
    return patched


def _has_merge_keys(api_version: str) -> bool:
    """Custom resources take no strategic merge patch."""
    group = api_version.rpartition("/")[0]
    return group in _BUILT_IN or group.endswith(".k8s.io")


def _has_labels(value: Object, wanted: list[tuple[str, ...]]) -> bool:
    labels = value["metadata"].get("labels") or {}
    return all(labels.get(name) == text for name, text in wanted)


def _refuse_older(live: Object, change: Any) -> None:
    """A change that names another version than the newest is a conflict. Raises KubeError."""
    given = change.get("metadata", {}).get("resourceVersion") if isinstance(change, dict) else None
    if given and given != live.get("metadata", {}).get("resourceVersion"):
        what = "the object has been modified; please apply your changes to the latest version and try again"
        raise KubeError(409, "Conflict", f"Operation cannot be fulfilled: {what}")


def _error(status: int, message: str) -> KubeError:
    return KubeError(status, _REASONS.get(status, HTTPStatus(status).phrase), message)


def _scripted_error(answer: Answer) -> KubeError:
    status = answer.status or 0
    body = answer.body if isinstance(answer.body, dict) else {}
    retry_after = {name.lower(): value for name, value in answer.headers.items()}.get("retry-after", "")
    return KubeError(
        status,
        str(body.get("reason") or _REASONS.get(status, "")),
        str(body.get("message") or (answer.body if isinstance(answer.body, str) else "scripted by the test")),
        retry_after_s=float(retry_after) if retry_after.isdecimal() else None,
    )
