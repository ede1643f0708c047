"""configmap: a key of a ConfigMap in the Sensor's namespace (spec-sensors 8).

Read as Secrets are: from mounted files, the environment or the cluster, with the Sensor's own rights.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import ClassVar

from events.ports import SecretRef, SecretUnavailable
from sensors.artifact_source import ArtifactSource, ArtifactUnavailable, LocationFault, Reach
from sensors.artifact_spec import ConfigMapLocation


class Configmap(ArtifactSource[ConfigMapLocation]):
    """The value of the key."""

    kind: ClassVar[str] = "configmap"

    @classmethod
    def faults(cls, member: ConfigMapLocation) -> Iterator[LocationFault]:
        for name in ("name", "key"):
            if not getattr(member, name):
                yield LocationFault((name,), "is missing", f"give the {name} of the ConfigMap")

    @classmethod
    def refs(cls, member: ConfigMapLocation, namespace: str) -> tuple[SecretRef, ...]:
        return (SecretRef(namespace, member.name, member.key, "ConfigMap"),)

    async def read(self, member: ConfigMapLocation, reach: Reach) -> bytes:
        [ref] = self.refs(member, reach.namespace)
        try:
            async with asyncio.timeout(reach.timeout_s):
                return await reach.secrets.read(ref)
        except SecretUnavailable as error:
            raise ArtifactUnavailable(str(error)) from error
        except TimeoutError as error:
            raise ArtifactUnavailable(f"{ref} was not read within {reach.timeout_s:g} s") from error
