"""The contract of a kind of artifact source: where the object of a trigger is fetched from (spec-sensors 8).

`artifact_sources/` has one file a kind, named for the member of `ArtifactLocation`. A kind fetches bytes once; it
never retries: it says whether another try may help, and the act loop decides.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

from events.clock import Clock
from events.errors import KikkakeError
from events.ports import SecretRef, Secrets, SecretUnavailable
from events.registry import Registry
from sensors.access import refs_in
from sensors.addresses import AddressPolicy, policy_for
from sensors.spec import SecretKeySelector

if TYPE_CHECKING:
    from sensors.http_client import Exchange

Member = TypeVar("Member")

MAX_ARTIFACT_BYTES = 1_253_376
"""The larger of upstream's two limits (spec-sensors 8); a larger artifact is an error instead of being cut."""


class ArtifactUnusable(KikkakeError):
    """What the location says cannot be fetched, or is no object; trying again gives the same."""


class ArtifactUnavailable(KikkakeError):
    """It could not be fetched now; another try may succeed."""

    retryable: ClassVar[bool] = True


class LocationFault(NamedTuple):
    """What is wrong with a location before anything is fetched."""

    member: tuple[str, ...]
    """Below the kind's own member."""
    what: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What one Sensor's artifacts may be fetched with, and how far."""

    namespace: str
    """The Sensor's: Secrets and ConfigMaps are read there."""
    secrets: Secrets
    clock: Clock
    addresses: AddressPolicy | None = None
    """Where connections may go to, an operator's setting; None = anywhere, for a strict Sensor to no inner address."""
    is_strict: bool = False
    """Certificates are always verified, and credentials go over TLS or SSH only."""
    files: Path | None = None
    """The folder below which `file` may read; None = nowhere."""
    exchange: Exchange | None = None
    """In place of HTTP connections of `url` and of GitHub's API."""
    timeout_s: float = 60.0
    """For one fetch, all requests of it together."""
    max_bytes: int = MAX_ARTIFACT_BYTES

    @property
    def allowed(self) -> AddressPolicy | None:
        """Where connections may go to, all told."""
        return policy_for(self.addresses, is_strict=self.is_strict)

    async def secret(self, selector: SecretKeySelector | None, what: str) -> bytes:
        """The value of a selector, of which `what` says what it is for.

        Raises:
            ArtifactUnusable: there is no selector.
            ArtifactUnavailable: the Secret cannot be read.
        """
        if selector is None or not selector.name or not selector.key:
            raise ArtifactUnusable(f"{what} is missing: give `name` and `key` of a Secret")
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self.secrets.read(SecretRef(self.namespace, selector.name, selector.key))
        except SecretUnavailable as error:
            raise ArtifactUnavailable(f"{what}: {error}") from error
        except TimeoutError as error:
            raise ArtifactUnavailable(f"{what}: was not read within {self.timeout_s:g} s") from error


class ArtifactSource(ABC, Generic[Member]):
    """One kind of source. An instance serves all Sensors of the process; it opens clients lazily."""

    kind: ClassVar[str]
    """The member of `ArtifactLocation` that it fetches."""

    @classmethod
    def faults(cls, member: Member) -> Iterator[LocationFault]:
        """What is missing or refused in `member`, as far as it can be said without fetching."""
        del member
        return iter(())

    @classmethod
    def refs(cls, member: Member, namespace: str) -> tuple[SecretRef, ...]:
        """Every key of a Secret or ConfigMap that `read` asks for: all in the member, unless a kind reads fewer."""
        return tuple(refs_in(member, namespace))

    async def fetch(self, member: Member, reach: Reach) -> bytes:
        """The text of the artifact, YAML or JSON, at most `reach.max_bytes` long, within `reach.timeout_s`.

        Parameters may have filled `member`, so that its faults are looked for here too.

        Raises:
            ArtifactUnusable: it is not there, not allowed or too large.
            ArtifactUnavailable: not now.
        """
        for fault in self.faults(member):
            raise ArtifactUnusable(f"{'.'.join(fault.member)} {fault.what}; {fault.fix}")
        raw = await self.read(member, reach)
        if len(raw) > reach.max_bytes:
            raise ArtifactUnusable(f"is larger than {reach.max_bytes} bytes")
        return raw

    @abstractmethod
    async def read(self, member: Member, reach: Reach) -> bytes:
        """What `fetch` promises, of a member without faults; one byte more than allowed is enough to say so."""

    async def close(self) -> None:
        """Close what was opened; called once, after the last fetch."""


ARTIFACT_SOURCES: Registry[ArtifactSource[Any]] = Registry(
    "artifact source", "sensors.artifact_sources", ArtifactSource, group="kikkake.artifacts"
)
