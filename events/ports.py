"""The outside as we need it: a Kubernetes API, Secrets. The only adapters are in the package `kikkake`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, ClassVar, NamedTuple, Protocol

from events.errors import KikkakeError


class SecretUnavailable(KikkakeError):
    """A Secret or ConfigMap key cannot be read; the text names it and never its value."""

    retryable: ClassVar[bool] = True
    code: ClassVar[str] = "SecretNotFound"
    """The reason of a condition."""


class SecretForbidden(SecretUnavailable):
    """The account may not read it; the text has the commands that allow it."""

    code: ClassVar[str] = "SecretForbidden"


class SecretRef(NamedTuple):
    """A key of a Secret or ConfigMap in the resource's own namespace."""

    namespace: str
    name: str
    key: str
    kind: str = "Secret"
    account: str | None = None
    """ServiceAccount (NAMESPACE/NAME) that reads it from a cluster; None = the gateway's own identity."""

    def read_by(self, account: str | None) -> SecretRef:
        """The same key, read with the rights of `account`."""
        return self if account is None else self._replace(account=account)

    def __str__(self) -> str:
        return f"{self.kind.lower()} {self.namespace}/{self.name} key `{self.key}`"


class Secrets(Protocol):
    """Values of Secrets and ConfigMaps. Implementations cache, so that a read a request is cheap."""

    async def read(self, ref: SecretRef) -> bytes:
        """The value with one trailing newline removed, as upstream does. Raises SecretUnavailable."""
        ...


class SecretsAs:
    """Secrets as one ServiceAccount may read them."""

    def __init__(self, secrets: Secrets, account: str | None) -> None:
        self._secrets = secrets
        self._account = account

    async def read(self, ref: SecretRef) -> bytes:
        """Raises SecretUnavailable."""
        return await self._secrets.read(ref.read_by(self._account))


_NO_RESOURCE = "could not find the requested resource"


class KubeError(KikkakeError):
    """The API server answered with an error; `status` is its HTTP code, `reason` its `Status.reason`."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        retry_after_s: float | None = None,
        causes: tuple[str, ...] = (),
    ) -> None:
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after_s = retry_after_s
        self.causes = causes
        super().__init__(f"{status} {reason}: {message}")

    @property
    def is_of_kind(self) -> bool:
        """Whether it says that there is no such kind; a missing namespace or object would be named in the message."""
        # Of a kind that was removed the API server answers in plain text, not with a `Status`.
        return self.status == 404 and (not self.message or _NO_RESOURCE in self.message)


class KubeNotSent(KikkakeError):
    """The request never reached the API server (refused, DNS, TLS): trying again is safe."""

    retryable: ClassVar[bool] = True


class KubeInDoubt(KikkakeError):
    """The request was written and no answer came: it may or may not have taken effect."""

    retryable: ClassVar[bool] = True


class KindUnknown(KikkakeError):
    """The API server has no such apiVersion and kind (the CRD may come later)."""

    retryable: ClassVar[bool] = True


Object = dict[str, Any]
"""A Kubernetes object as plain JSON."""
Objects = list[Object]
"""So named since `list` is a verb of the port."""


class Kube(Protocol):
    """What an API server does with plain objects. `namespace` None means cluster-scoped.

    Raise KubeError, KubeNotSent, KubeInDoubt, KindUnknown and nothing else. Every call has a time-out.
    `account` names the ServiceAccount (NAMESPACE/NAME) to act as; None = the caller's own identity.
    `dry_run` has the API server judge a change, admission included, and store nothing.
    """

    async def get(
        self, api_version: str, kind: str, namespace: str | None, name: str, *, account: str | None = None
    ) -> Object: ...

    async def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        *,
        labels: str = "",
        account: str | None = None,
    ) -> list[Object]: ...

    async def create(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        body: bytes,
        *,
        dry_run: bool = False,
        account: str | None = None,
    ) -> Object:
        """POST the JSON `body`; the bytes are sent as they are."""
        ...

    async def update(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        name: str,
        body: bytes,
        *,
        dry_run: bool = False,
        account: str | None = None,
    ) -> Object:
        """PUT the JSON `body`. With `metadata.resourceVersion` in it, a newer object answers 409 Conflict."""
        ...

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
        account: str | None = None,
    ) -> Object:
        """PATCH with `body` as it is. An apply needs a `field_manager`; `force` takes over fields of others."""
        ...

    async def patch_status(
        self, api_version: str, kind: str, namespace: str | None, name: str, body: bytes
    ) -> Object:
        """Merge `body` into the object through its status subresource, with the caller's own identity."""
        ...

    async def delete(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        dry_run: bool = False,
        account: str | None = None,
    ) -> None:
        """DELETE in the background; with `uid` another object of that name answers 409 Conflict."""
        ...

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
        """All objects of a kind and the resourceVersion from which a watch goes on; None = all namespaces."""
        ...

    def watch(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        *,
        resource_version: str,
        fields: str = "",
        account: str | None = None,
    ) -> AsyncIterator[tuple[str, Object]]: ...

    async def is_namespaced(self, api_version: str, kind: str) -> bool:
        """By discovery, cached. Raises KindUnknown."""
        ...
