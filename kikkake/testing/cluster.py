"""A twin of a Kubernetes API server: objects in memory, and scripted answers to what would change them."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import Any

import orjson

from events.clock import Clock, format_time
from events.ports import KubeError, KubeInDoubt, KubeNotSent, Object, Objects
from kikkake.testing.sensor_document import Answer
from kikkake.testing.times import duration_us

_MERGE_PATCH = "application/merge-patch+json"
_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "AlreadyExists",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}
"""`Status.reason` where the script gives none."""

Address = tuple[str, str, str | None, str]
"""apiVersion, kind, namespace, name."""


class Cluster:
    """The objects of one case."""

    def __init__(self, objects: list[dict[str, Any]], clock: Clock) -> None:
        self._objects: dict[Address, Object] = {}
        self._clock = clock
        self._version = 0
        self._later: list[tuple[int, Address, Object]] = []
        for value in objects:
            self.put(copy.deepcopy(value))

    def find(self, address: Address) -> Object | None:
        """The object there; one that a test gave no namespace stands in every one."""
        self._catch_up()
        return self._objects.get(address) or self._objects.get((*address[:2], None, address[3]))

    def of_kind(self, api_version: str, kind: str, namespace: str | None) -> list[Object]:
        """In the order in which they came to be."""
        self._catch_up()
        return [
            value
            for (its_version, its_kind, its_namespace, _), value in self._objects.items()
            if (its_version, its_kind) == (api_version, kind) and namespace in {None, its_namespace}
        ]

    def put(self, value: Object) -> Object:
        """Create or change an object; it gets what the server fills in."""
        metadata = value.setdefault("metadata", {})
        self._version += 1
        metadata.setdefault("uid", f"00000000-0000-4000-8000-{self._version:012d}")
        metadata.setdefault("creationTimestamp", format_time(self._clock.now_us() // 1_000_000 * 1_000_000))
        metadata["resourceVersion"] = str(self._version)
        self._objects[address_of(value)] = value
        return value

    def change_later(self, address: Address, patch: Object, wait_us: int) -> None:
        """Let somebody else change an object after a time: a controller that sets a label."""
        self._later.append((self._clock.now_us() + wait_us, address, patch))

    def _catch_up(self) -> None:
        now_us = self._clock.now_us()
        due = [each for each in self._later if each[0] <= now_us]
        self._later = [each for each in self._later if each[0] > now_us]
        for _at_us, address, patch in sorted(due, key=lambda each: each[0]):
            if (value := self._objects.get(address)) is not None:
                self.put(_merged(value, patch))

    def remove(self, address: Address) -> None:
        if self._objects.pop(address, None) is None:
            self._objects.pop((*address[:2], None, address[3]), None)


def address_of(value: Object) -> Address:
    """Where an object stands."""
    metadata = value.get("metadata") or {}
    return (
        str(value.get("apiVersion", "")),
        str(value.get("kind", "")),
        metadata.get("namespace"),
        str(metadata.get("name", "")),
    )


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
        account: str | None = None,  # noqa: ARG002 - the port's
    ) -> Object:
        value = orjson.loads(body)
        name = value.get("metadata", {}).get("name", "")

        def create() -> Object:
            if self._cluster.find((api_version, kind, namespace, name)) is not None:
                raise _error(409, f'{kind} "{name}" already exists')
            return self._cluster.put(value)

        return copy.deepcopy(self._change(create))

    async def patch(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        name: str,
        body: bytes,
        *,
        content_type: str,
        account: str | None = None,  # noqa: ARG002 - the port's
    ) -> Object:
        address = (api_version, kind, namespace, name)

        def patch() -> Object:
            existing = self._existing(address)
            if content_type != _MERGE_PATCH:
                raise _error(415, f"the test's cluster takes {_MERGE_PATCH} only, not {content_type}")
            return self._cluster.put(_merged(existing, orjson.loads(body)))

        return copy.deepcopy(self._change(patch))

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

    async def patch_status(
        self, api_version: str, kind: str, namespace: str | None, name: str, body: bytes
    ) -> Object:
        return await self.patch(api_version, kind, namespace, name, body, content_type=_MERGE_PATCH)

    async def delete(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        account: str | None = None,  # noqa: ARG002 - the port's
    ) -> None:
        address = (api_version, kind, namespace, name)

        def delete() -> Object:
            existing = self._existing(address)
            if uid is not None and existing["metadata"]["uid"] != uid:
                raise KubeError(409, "Conflict", f"the UID in the precondition ({uid}) does not match")
            self._cluster.remove(address)
            return existing

        self._change(delete)

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

    def _change(self, change: Any) -> Object:
        answer = next(self._script, Answer())
        if answer.refused:
            raise KubeNotSent("the API server cannot be reached: Connection refused")
        if answer.status is not None and answer.status >= 300:
            raise _scripted_error(answer)
        value: Object = change() if answer.lost != "request" else {}
        if answer.lost:
            raise KubeInDoubt("no answer from the API server in time")
        return self._changed_by_others(value, answer)

    def _changed_by_others(self, value: Object, answer: Answer) -> Object:
        """What `body` says of the object is so from then on, or after some time: defaults, a status, a label."""
        if not isinstance(answer.body, dict) or not value:
            return value
        if not answer.after:
            return self._cluster.put(_merged(value, answer.body))
        self._cluster.change_later(address_of(value), answer.body, duration_us(answer.after) or 0)
        return value


def _has_labels(value: Object, wanted: list[tuple[str, ...]]) -> bool:
    labels = value["metadata"].get("labels") or {}
    return all(labels.get(name) == text for name, text in wanted)


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


def _merged(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
